"""From a user's table to one float64 array."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from sk2torch.base.cells import as_numbers
from sk2torch.base.columns import Column
from sk2torch.base.errors import InputError


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
        else:
            rows = self._checked(_rows(table))
            if self._is_all_numeric(rows.dtype.kind):
                return self._checked_finite(as_numbers(rows, None))
            series = [rows] if self.n_dims == 1 else list(rows.T)
        columns = [Column(str(i)) for i in range(len(series))] if self.columns is None else self.columns
        # What no step reads may hold anything, so it is not looked at.
        blank = np.full(len(table), np.nan)
        encoded = [
            blank if self.columns is not None and not c.used else c.encode(s)
            for c, s in zip(columns, series, strict=True)
        ]
        if self.n_dims == 1:
            return encoded[0]
        return self._checked_finite(np.stack(encoded, axis=1)) if encoded else np.empty((len(table), 0))

    def _is_all_numeric(self, kind: str) -> bool:
        if self.columns is None:
            return True
        looked_at = [c for c in self.columns if c.is_text or ((c.is_category or c.missing_words) and kind not in "bf")]
        return not looked_at and (kind != "O" or all(c.used for c in self.columns))

    def _checked_finite(self, values: np.ndarray) -> np.ndarray:
        if self.columns is None or self.n_dims == 1 or np.isfinite(values).all():
            return values
        for j, column in enumerate(self.columns):
            missing, infinite = np.isnan(values[:, j]).any(), np.isinf(values[:, j]).any()
            if (missing and column.refuses_missing) or (infinite and column.refuses_infinity):
                what = "NaN" if missing and column.refuses_missing else "infinity"
                raise InputError(
                    f"column {column.name or j!r} contains {what}, which the model does not accept; "
                    "put a SimpleImputer before it, or drop these rows."
                )
        return values

    def _checked(self, rows: np.ndarray) -> np.ndarray:
        if self.n_dims == 1 and rows.ndim == 2 and rows.shape[1] == 1:
            rows = rows[:, 0]
        if rows.ndim != self.n_dims:
            shape = "(n_samples, n_features)" if self.n_dims == 2 else "(n_samples,)"
            raise InputError(
                f"expected an array of shape {shape}, got {rows.shape}; use reshape(-1, 1) or reshape(1, -1)."
            )
        if self.columns is not None and self.n_dims == 2 and rows.shape[1] != len(self.columns):
            raise InputError(f"expected {len(self.columns)} features, got {rows.shape[1]}.")
        return rows

    def _pick(self, frame: Any) -> list[Any]:
        names = list(frame.columns)
        if self.columns is not None and all(c.name is not None for c in self.columns):
            return _picked_by_name(frame, names, self.columns)
        if self.columns is not None and len(names) != len(self.columns):
            raise InputError(f"expected {len(self.columns)} features, got {len(names)}.")
        if len(set(names)) == len(names):
            return [frame[name] for name in names]
        return [frame.iloc[:, i] for i in range(len(names))]

    def to_tensor(self, table: Any, like: Tensor) -> Tensor:
        """``encode`` as a tensor with the dtype and device of ``like``."""
        if isinstance(table, Tensor):
            return table.to(like)
        exact = torch.from_numpy(np.ascontiguousarray(self.encode(table)))
        result = exact.to(like)
        if like.dtype != torch.float64 and self.n_dims == 2:
            self._refuse_rounded_categories(exact, result.to(exact))
        return result

    def _refuse_rounded_categories(self, exact: Tensor, rounded: Tensor) -> None:
        for j, column in enumerate(self.columns or ()):
            whole = exact[:, j].isfinite() & (exact[:, j] == exact[:, j].round())
            if column.is_category and bool((whole & (exact[:, j] != rounded[:, j])).any()):
                raise InputError(
                    f"column {column.name or j!r} has whole numbers as categories that the model's dtype would "
                    "round to others; keep the model in float64."
                )

    def to_dict(self) -> dict[str, Any]:
        columns = None if self.columns is None else [c.to_dict() for c in self.columns]
        return {"n_dims": self.n_dims, "columns": columns}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "InputEncoding":
        columns = data["columns"]
        return cls(None if columns is None else [Column.from_dict(c) for c in columns], data["n_dims"])


def _picked_by_name(frame: Any, names: list[Any], columns: list[Column]) -> list[Any]:
    present = {str(name): name for name in names}
    used = [c.name for c in columns if c.used]
    absent = [name for name in used if name not in present]
    if absent:
        raise InputError(f"columns are missing: {absent}; the table has {list(present)[:20]}.")
    double = [name for name in used if names.count(present[name]) > 1]
    if double:
        raise InputError(f"columns occur more than once: {double}; give each a name of its own.")
    return [frame[present[c.name]] if c.used else None for c in columns]


def _rows(table: Any) -> np.ndarray:
    try:
        rows = np.asarray(table)
        # A list that mixes numbers and strings would become strings only.
        return np.asarray(table, dtype=object) if rows.dtype.kind in "US" and not hasattr(table, "dtype") else rows
    except ValueError as error:
        raise InputError("expected rows of one length, got rows of different lengths.") from error
