"""Columns of files as a model was fitted on them: what is a number, a word, or missing."""

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from sk2torch.base.cells import FIRST_INEXACT
from sk2torch.cli.reporting import Mistake
from sk2torch.cli.schema import Field

# What pandas.read_csv takes for missing.
MISSING_WORDS = frozenset(
    {
        *("", "#N/A", "#N/A N/A", "#NA", "<NA>", "N/A", "NA", "n/a", "NULL", "null", "None"),
        *("-1.#IND", "-1.#QNAN", "1.#IND", "1.#QNAN", "-NaN", "-nan", "NaN", "nan"),
    }
)
_BOOLEANS = {"true": 1.0, "false": 0.0}


def from_text(cells: pa.Array, field: Field, name: str) -> pd.Series:
    """A column of a CSV file, of which each cell is text.

    A word for a missing value is one unless the model knows it as a category; documents are taken as they are.

    Raises:
        Mistake: text where the model has numbers.
    """
    if field.kind == "documents":
        return _objects(cells, None)
    known = {word for word in field.words if isinstance(word, str)}
    missing = sorted((MISSING_WORDS - known) | {str(word) for word in field.missing})
    cells = pc.if_else(pc.is_in(cells, pa.array(missing, pa.string())), None, cells)
    if field.kind == "number":
        return pd.Series(_numbers(cells, field, name))
    values = _objects(cells, field)
    return values.map(_word_or_number(field)) if field.kind == "mixed" else values


def from_arrow(cells: pa.Array, field: Field, name: str) -> pd.Series:
    """A column of a Parquet file.

    Raises:
        Mistake: numbers where the model was fitted on strings, or integers that float64 would round.
    """
    if pa.types.is_dictionary(cells.type):
        cells = cells.dictionary_decode()
    if field.kind == "string" and not _is_text(cells.type):
        refuse_numbers(cells.to_pandas().to_numpy(), name, str(cells.type))
    if field.kind in ("string", "mixed", "documents"):
        return _objects(cells, field)
    if pa.types.is_integer(cells.type) and cells.null_count:
        _refuse_rounded(cells, field, name)
    return cells.to_pandas()


def refuse_numbers(values: np.ndarray, name: str, dtype: str) -> None:
    """Refuse a column of numbers where the model was fitted on strings; all may be missing.

    Raises:
        Mistake: there is a number.
    """
    if values.dtype.kind in "biuf" and not np.isnan(values.astype(np.float64)).all():
        raise Mistake(
            f"column {name!r} is {dtype}, but the model was fitted on strings there, and would take each number for an "
            "unknown category; write the column as strings."
        )


def _is_text(dtype: pa.DataType) -> bool:
    return pa.types.is_string(dtype) or pa.types.is_large_string(dtype) or pa.types.is_null(dtype)


def _objects(cells: pa.Array, field: Field | None) -> pd.Series:
    values = cells.to_numpy(zero_copy_only=False).astype(object)
    # A model that knows None as a category was fitted on it; all others know NaN.
    missing = None if field is not None and None in field.words else np.nan
    values[cells.is_null().to_numpy(zero_copy_only=False)] = missing
    return pd.Series(values, dtype=object)


def _numbers(cells: pa.Array, field: Field, name: str) -> np.ndarray:
    cells = pc.utf8_trim_whitespace(cells)
    for dtype in (pa.int64(), pa.float64()):
        try:
            values = pc.cast(cells, dtype)
        except pa.ArrowInvalid:
            continue
        if values.null_count:
            _refuse_rounded(values, field, name)
        return values.to_numpy(zero_copy_only=False)
    return np.array([_number(cell, name) for cell in cells.to_pylist()], dtype=np.float64)


def _refuse_rounded(values: pa.Array, field: Field, name: str) -> None:
    # A missing value makes numpy's array one of floating point, where the model could not tell any more.
    largest = pc.max(pc.abs(pc.cast(values, pa.float64()))).as_py()
    if field.is_category and largest is not None and largest >= FIRST_INEXACT:
        raise Mistake(
            f"column {name!r}: the value {largest:.0f} has no exact float64, in which categories are compared."
        )


def _number(cell: str | None, name: str) -> float:
    if cell is None:
        return np.nan
    if cell.lower() in _BOOLEANS:
        return _BOOLEANS[cell.lower()]
    try:
        # Python's own underscores are no part of a number in a file.
        return float(cell.replace("_", "?"))
    except ValueError as error:
        raise Mistake(
            f"column {name!r}: expected numbers, got {cell!r}; no step of the model reads text here. "
            "Leave the cell empty where the value is missing."
        ) from error


def _word_or_number(field: Field) -> Any:
    """Text of a column that mixes numbers and words: a word that the model knows, else a number if it is one."""

    def value(cell: Any) -> Any:
        if not isinstance(cell, str) or cell in field.words:
            return cell
        try:
            return float(_BOOLEANS.get(cell.lower(), cell))
        except ValueError:
            return cell

    return value
