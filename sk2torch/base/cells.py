"""Cells of tables: which are missing, which are numbers, and columns of them as float64."""

import importlib
import math
import numbers
from collections.abc import Set
from typing import Any

import numpy as np

from sk2torch.base.errors import InputError, UnsupportedParameter

# Integers of this magnitude and above are not all exact in float64.
FIRST_INEXACT = 2**53


def is_missing(value: Any) -> bool:
    """NaN, but not ``None`` and not ``pandas.NA``: scikit-learn's encoders tell the three apart."""
    return isinstance(value, numbers.Real) and not isinstance(value, numbers.Integral) and math.isnan(value)


def is_number(value: Any) -> bool:
    """A real number or a boolean."""
    return isinstance(value, numbers.Real | np.bool_)


def is_pandas_na(value: Any) -> bool:
    """``pandas.NA``, without importing pandas."""
    return type(value).__name__ == "NAType"


def is_narrow(dtype: Any) -> bool:
    """Whether numpy's functions of a dtype give another one than float64, or wrap around."""
    kind, size = getattr(dtype, "kind", "O"), getattr(dtype, "itemsize", 8)
    return kind in "bu" or (kind == "i" and size < 8) or (kind == "f" and size < 4)


def is_integral(dtype: Any) -> bool:
    """Whether it is numpy's dtype of integers or booleans; scikit-learn makes floats of pandas' nullable ones."""
    return isinstance(dtype, np.dtype) and dtype.kind in "biu"


def plain(value: Any) -> Any:
    """A numpy scalar as the Python value it holds."""
    return value.item() if isinstance(value, np.generic) and value.dtype.kind in "biufUS" else value


def _is_extension(values: Any) -> bool:
    return type(getattr(values, "dtype", None)).__module__.startswith("pandas")


def _is_nullable_number(values: Any) -> bool:
    # scikit-learn turns these into floats with NaN before it looks at them.
    return (
        type(values) is not np.ndarray
        and _is_extension(values)
        and getattr(values.dtype, "kind", "O") in "biuf"
        and hasattr(values.dtype, "na_value")
    )


def _nullable_to_float(values: Any) -> np.ndarray:
    return values.to_numpy(dtype=np.float64, na_value=np.nan)


def as_objects(values: Any) -> list[Any]:
    """The cells of a column as Python objects."""
    return (_nullable_to_float(values) if _is_nullable_number(values) else np.asarray(values, dtype=object)).tolist()


def as_numbers(values: Any, name: str | None) -> np.ndarray:
    """A numeric column or table as float64; ``None`` becomes NaN.

    Raises:
        InputError: text, dates, or anything else that is no number.
    """
    try:
        array = _nullable_to_float(values) if _is_nullable_number(values) else np.asarray(values)
        if array.dtype.kind not in "biufO":
            raise TypeError(array.dtype.name)
        return array.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(_complaint(values, name)) from error


def as_categories(values: Any, name: str | None, missing_words: Set[Any]) -> np.ndarray:
    """A column of numbers that are compared with categories, or have words for missing, as float64.

    Raises:
        InputError: what is no number (``None`` too, which is no category here), or an integer that
            float64 would round to another one.
    """
    array = _nullable_to_float(values) if _is_nullable_number(values) else np.asarray(values)
    if array.dtype.kind not in "biuf":
        cells = np.asarray(values, dtype=object).tolist()
        if missing_words:
            cells = [float("nan") if cell in missing_words else cell for cell in cells]
        if not all(map(is_number, cells)):
            raise InputError(_complaint(cells, name))
        array = np.array(cells, dtype=object)
    result = as_numbers(array, name)
    if array.dtype.kind in "iuO" and result.size:
        largest = np.abs(result, where=np.isfinite(result), out=np.zeros_like(result)).max()
        if largest >= FIRST_INEXACT:
            raise InputError(
                f"column {name!r}: the value {largest:.0f} has no exact float64, in which categories are compared."
            )
    return result


def _complaint(values: Any, name: str | None) -> str:
    cells = np.asarray(values, dtype=object).ravel().tolist()
    strange = next((cell for cell in cells if not is_number(cell)), None)
    return (
        f"{_where(name)}expected numbers, got {strange!r} of type {type(strange).__name__}; no step of the model reads "
        "text here. Give numbers, with NaN for missing values."
    )


def _where(name: str | None) -> str:
    return "" if name is None else f"column {name!r}: "


def to_json(value: Any, name: str | None) -> Any:
    """A word of a vocabulary as JSON has it; ``from_json`` reads it back.

    Raises:
        UnsupportedParameter: JSON has no such value.
    """
    if is_pandas_na(value):
        return {"pandas": "NA"}
    if not isinstance(value, str | int | float | bool | None):
        raise UnsupportedParameter(f"{_where(name)}cannot store the category {value!r} in an artifact.")
    return value


def from_json(value: Any) -> Any:
    """The word that ``to_json`` wrote."""
    return importlib.import_module("pandas").NA if isinstance(value, dict) else value
