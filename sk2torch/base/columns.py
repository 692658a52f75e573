"""How a table of numbers and strings becomes one tensor.

A model's input is a list of ``Column``. While an estimator is converted, every module that knows
strings (an encoder's categories, an imputer's fill value) asks the column for the code of each, so
all the modules that see a column agree on its codes. What is known at the end is the vocabulary
that ``encode`` uses.
"""

import numbers
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from sk2torch.base.errors import InputError, UnsupportedParameter

# The code of a string that no module of the model mentions.
UNKNOWN = -1.0


def is_missing(value: Any) -> bool:
    """NaN of any kind (float NaN, numpy NaN, ``pandas.NA``, NaT), but not ``None``."""
    return (isinstance(value, float) and value != value) or type(value).__name__ in ("NAType", "NaTType")


class Column:
    """One column of a model's input, or of the output of one of its steps.

    Args:
        name: the DataFrame column it was fitted on, if any.
        computed: made by an earlier step, hence numeric.
    """

    def __init__(self, name: str | None = None, computed: bool = False) -> None:
        self.name = name
        self.computed = computed
        # Code of each string (or None, or other object) by first mention.
        self.vocabulary: dict[Any, int] = {}
        # Some step reads this column; a column that none reads may be absent from a DataFrame.
        self.used = False
        # An encoder refuses values outside of its categories.
        self.strict = False
        self.has_numbers = False

    @property
    def is_text(self) -> bool:
        return bool(self.vocabulary)

    def codes(self, values: Iterable[Any]) -> list[float]:
        """The number that stands for each value in a tensor.

        NaN stands for a missing value, numbers and booleans for themselves, all else gets a code.

        Raises:
            UnsupportedParameter: numbers and strings mixed in one column, a string where an
                earlier step has made the column numeric, or an integer beyond float64.
        """
        return [self._code(value) for value in values]

    def _code(self, value: Any) -> float:
        if is_missing(value):
            return float("nan")
        if isinstance(value, (numbers.Real, np.bool_)):
            self.has_numbers = True
            if float(value) != value:
                raise UnsupportedParameter(
                    f"column {self.name!r}: the category {value!r} has no exact float64; rescale it before fitting."
                )
            self._refuse_mixture()
            return float(value)
        if self.computed:
            raise UnsupportedParameter(
                f"expected numbers made by an earlier step, got the category {value!r}; "
                "encode strings before other steps transform them."
            )
        code = self.vocabulary.setdefault(value, len(self.vocabulary))
        self._refuse_mixture()
        return float(code)

    def _refuse_mixture(self) -> None:
        if self.vocabulary and self.has_numbers:
            raise UnsupportedParameter(
                f"column {self.name!r} mixes numbers with strings or None; make the column one or the other before fitting."
            )

    def encode(self, values: Any) -> np.ndarray:
        """Values of this column as float64, shape ``(n_samples,)``.

        Raises:
            InputError: a category that a strict encoder does not know, or text in a numeric column.
        """
        if not self.is_text:
            return _as_numbers(values, self.name)
        lookup = self.vocabulary
        listed = np.asarray(values, dtype=object).tolist()
        codes = np.fromiter(
            (np.nan if is_missing(v) else lookup.get(v, UNKNOWN) for v in listed), np.float64, len(listed)
        )
        if self.strict and (codes == UNKNOWN).any():
            strange = sorted({str(v) for v, code in zip(listed, codes, strict=True) if code == UNKNOWN})
            raise InputError(
                f"column {self.name!r}: found unknown categories {strange[:5]}; the model was fitted with "
                "handle_unknown='error'. Drop these rows, or refit with handle_unknown='ignore'."
            )
        return codes

    def decode(self, codes: np.ndarray) -> np.ndarray:
        """The values that ``codes`` stand for: objects for a text column, else the numbers."""
        if not self.is_text:
            return codes
        words = np.array([*self.vocabulary, None], dtype=object)
        missing = np.isnan(codes)
        result = words[np.where(missing, -1, codes).astype(np.int64)]
        result[missing] = np.nan
        return result

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready description; ``from_dict`` reads it back."""
        for value in self.vocabulary:
            if not isinstance(value, str | None):
                raise UnsupportedParameter(f"column {self.name!r}: cannot store the category {value!r} in an artifact.")
        return {
            "name": self.name,
            "used": self.used,
            "strict": self.strict,
            "vocabulary": list(self.vocabulary),
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "Column":
        column = cls(data["name"])
        column.used, column.strict = data["used"], data["strict"]
        column.vocabulary = {value: code for code, value in enumerate(data["vocabulary"])}
        return column


def _as_numbers(values: Any, name: str | None) -> np.ndarray:
    try:
        if hasattr(values, "to_numpy") and type(getattr(values, "dtype", None)).__module__.startswith("pandas"):
            values = values.to_numpy(dtype=np.float64, na_value=np.nan)
        result = np.asarray(values)
        if result.dtype.kind in "mM":
            raise TypeError("dates")
        return result.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"column {name!r}: expected numbers, got {np.asarray(values).dtype} values such as "
            f"{np.asarray(values, dtype=object).ravel()[:1].tolist()}; the model was fitted on a numeric column."
        ) from error


class InputEncoding:
    """Turns a DataFrame, array, sparse matrix or list of rows into one float64 array.

    Args:
        columns: the model's input columns; None where any number of numeric columns will do.
        n_dims: 2 for tables, 1 for a vector of labels (a label encoder's input).
    """

    def __init__(self, columns: Sequence[Column] | None, n_dims: int = 2) -> None:
        self.columns = None if columns is None else list(columns)
        self.n_dims = n_dims

    def encode(self, table: Any) -> np.ndarray:
        """Shape ``(n_samples, n_features)``, or ``(n_samples,)`` for labels; float64.

        Raises:
            InputError: wrong number of features, missing columns, unknown categories, text in a
                numeric column.
        """
        if hasattr(table, "toarray"):
            table = table.toarray()
        if hasattr(table, "columns") and not isinstance(table, np.ndarray):
            series = self._pick(table)
        elif self.columns is None or (self.n_dims == 2 and not any(c.is_text for c in self.columns)):
            return self._checked(_as_numbers(table, None))
        else:
            rows = self._checked(np.asarray(table, dtype=object))
            series = [rows] if self.n_dims == 1 else list(rows.T)
        columns = self.columns or [Column(str(i)) for i in range(len(series))]
        encoded = [c.encode(s) for c, s in zip(columns, series, strict=True)]
        if self.n_dims == 1:
            return encoded[0]
        return np.stack(encoded, axis=1) if encoded else np.empty((len(table), 0))

    def _checked(self, rows: np.ndarray) -> np.ndarray:
        if rows.ndim != self.n_dims:
            shape = "(n_samples, n_features)" if self.n_dims == 2 else "(n_samples,)"
            raise InputError(f"expected an array of shape {shape}, got {rows.shape}; use reshape(-1, 1) or reshape(1, -1).")
        if self.columns is not None and self.n_dims == 2 and rows.shape[1] != len(self.columns):
            raise InputError(f"expected {len(self.columns)} features, got {rows.shape[1]}.")
        return rows

    def _pick(self, frame: Any) -> list[Any]:
        present = [str(name) for name in frame.columns]
        if self.columns is None:
            return [frame[name] for name in frame.columns]
        if any(c.name is None for c in self.columns):
            if len(present) != len(self.columns):
                raise InputError(f"expected {len(self.columns)} features, got {len(present)}.")
            return [frame[name] for name in frame.columns]
        absent = [c.name for c in self.columns if c.used and c.name not in present]
        if absent:
            raise InputError(f"columns are missing: {absent}; the table has {present[:20]}.")
        blank = np.full(len(frame), np.nan)
        return [frame[c.name] if c.name in present else blank for c in self.columns]

    def to_tensor(self, table: Any, like: Tensor) -> Tensor:
        """``encode`` as a tensor with the dtype and device of ``like``."""
        if isinstance(table, Tensor):
            return table.to(like)
        return torch.from_numpy(np.ascontiguousarray(self.encode(table))).to(like)

    def to_dict(self) -> dict[str, Any]:
        columns = None if self.columns is None else [c.to_dict() for c in self.columns]
        return {"n_dims": self.n_dims, "columns": columns}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "InputEncoding":
        columns = data["columns"]
        return cls(None if columns is None else [Column.from_dict(c) for c in columns], data["n_dims"])


def input_columns(estimator: Any) -> list[Column] | None:
    """Fresh columns for a fitted estimator's input; None if it does not say how many it has."""
    names = getattr(estimator, "feature_names_in_", None)
    if names is not None:
        return [Column(str(name)) for name in names]
    count = getattr(estimator, "n_features_in_", None)
    return None if count is None else [Column() for _ in range(int(count))]


def computed_columns(count: int) -> list[Column]:
    """Columns that a step has computed: numeric."""
    return [Column(computed=True) for _ in range(count)]
