"""From a user's table or documents to one tensor."""

import functools
import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from sk2torch.base.cells import as_numbers, from_json, is_integral, is_narrow, to_json
from sk2torch.base.columns import Column
from sk2torch.base.errors import InputError
from sk2torch.base.sparse import as_csr, from_scipy
from sk2torch.base.tables import ColumnFacts, column_cells, places_by_name, table_rows
from sk2torch.functional.sparse import side_by_side


class InputEncoding:
    """Turns a DataFrame, array, sparse matrix or list of rows into one float64 array.

    Args:
        columns: the model's input columns; None where any number of numeric columns will do.
        n_dims: 2 for tables, 1 for a vector of labels (a label encoder's input).
        keeps_sparse: scipy sparse matrices of numbers become sparse tensors.
    """

    def __init__(self, columns: Sequence[Column] | None, n_dims: int = 2, keeps_sparse: bool = False) -> None:
        self.columns = None if columns is None else list(columns)
        self.n_dims = n_dims
        self.keeps_sparse = keeps_sparse
        # The names of the last table's columns, and where the model's are among them.
        self._last_places: tuple[list[str] | None, list[int | None]] = (None, [])

    def encode(self, table: Any) -> np.ndarray:
        """Shape ``(n_samples, n_features)``, or ``(n_samples,)`` for labels; float64.

        Raises:
            InputError: wrong number of features, missing columns, unknown categories, text in a
                numeric column.
        """
        if hasattr(table, "columns") and not isinstance(table, np.ndarray):
            places = self._remembered_places(table)
            numbers = self._numbers_at_once(table, places)
            if numbers is not None:
                return self._checked_finite(numbers)
            series = column_cells(table, places)
            self._refuse_dtypes(series)
        else:
            if hasattr(table, "toarray"):
                table = table.toarray()
                self._refuse_sparse(table)
            rows = self._checked(table_rows(table))
            self._refuse_dtypes([rows] * len(self.columns or ()))
            if self._is_all_numeric(rows.dtype.kind):
                return self._checked_finite(as_numbers(rows, None))
            series = [rows] if self.n_dims == 1 else list(rows.T)
        columns = [Column(str(i)) for i in range(len(series))] if self.columns is None else self.columns
        encoded = np.full((len(table), len(columns)), np.nan)
        for j, (column, cells) in enumerate(zip(columns, series, strict=True)):
            # What no step reads may hold anything, so it is not looked at.
            if self.columns is None or column.used:
                encoded[:, j] = column.encode(cells)
        return self._checked_finite(encoded[:, 0] if self.n_dims == 1 else encoded)

    @functools.cached_property
    def _facts(self) -> ColumnFacts:
        # Once for all tables: wide ones have many columns, and small batches no time.
        return ColumnFacts.of(self.columns or ())

    @property
    def _is_plain(self) -> bool:
        """Whether arrays of floating point need nothing but a look at NaN and infinity."""
        return type(self) is InputEncoding and self.n_dims == 2 and self.columns is not None and self._facts.is_plain

    def _is_all_numeric(self, kind: str) -> bool:
        facts = self._facts
        if facts.has_text or (facts.compares and kind not in "bf"):
            return False
        return kind != "O" or facts.uses_all

    def _checked_finite(self, values: np.ndarray) -> np.ndarray:
        if not self._facts.refuses_cells or np.isfinite(values).all():
            return values
        missing, infinite = np.atleast_1d(np.isnan(values).any(axis=0), np.isinf(values).any(axis=0))
        for j in np.flatnonzero(missing | infinite).tolist():
            self._refuse_cells(j, bool(missing[j]), bool(infinite[j]))
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

    def _remembered_places(self, frame: Any) -> list[int | None]:
        """``_places`` of the columns of a DataFrame, remembered for the next one that has the same."""
        names = list(frame.columns)
        known, places = self._last_places
        if names != known:
            places = self._places(names)
            # Names that are not strings may be equal without being the same.
            if all(type(name) is str for name in names):
                self._last_places = names, places
        return places

    def _numbers_at_once(self, frame: Any, places: list[int | None]) -> np.ndarray | None:
        """What ``encode`` gives for a DataFrame of pandas that holds numbers only; None where columns need a look."""
        if (
            not self._is_plain
            or self._facts.refuses_narrow
            or self._facts.refuses_integers
            or None in places
            or not hasattr(frame, "_get_column_array")
        ):
            return None
        values = frame.to_numpy()
        return values[:, places].astype(np.float64) if values.dtype.kind in "iuf" else None

    def _places(self, names: list[Any]) -> list[int | None]:
        """The position in a table of each column; None for those that the model never looks at."""
        if self.columns is not None and all(c.name is not None for c in self.columns):
            return places_by_name(names, self.columns)
        if self.columns is not None and len(names) != len(self.columns):
            raise InputError(f"expected {len(self.columns)} features, got {len(names)}.")
        return list(range(len(names)))

    def to_tensor(self, table: Any, like: Tensor) -> Tensor:
        """``encode`` as a tensor with the dtype and device of ``like``."""
        if isinstance(table, Tensor):
            return table.to(like)
        if type(table) is np.ndarray and table.dtype.kind == "f" and table.itemsize >= 4 and self._is_plain:
            # A copy: what transforms nothing must not hand the caller's own array on.
            rows = torch.from_numpy(self._checked_finite(self._checked(table).astype(np.float64, order="C")))
            return rows if like.dtype == torch.float64 and like.is_cpu else rows.to(like)
        if self._facts.has_documents:
            return self._with_documents(table, like)
        if self.keeps_sparse and hasattr(table, "tocsr") and self._is_all_numeric("f"):
            return self._still_sparse(table, like)
        exact = torch.from_numpy(np.ascontiguousarray(self.encode(table)))
        result = exact.to(like)
        if like.dtype != torch.float64 and self.n_dims == 2:
            self._refuse_rounded_categories(exact, result.to(exact))
        return result

    def _still_sparse(self, matrix: Any, like: Tensor) -> Tensor:
        self._checked(matrix)
        self._refuse_dtypes([matrix] * len(self.columns or ()))
        matrix = matrix.tocsr()
        self._refuse_sparse(matrix.data)
        if not matrix.has_canonical_format:
            matrix = matrix.copy()
            matrix.sum_duplicates()
        if self._facts.refuses_cells and not np.isfinite(matrix.data).all():
            for j in np.unique(matrix.indices[~np.isfinite(matrix.data)]):
                cells = matrix.data[matrix.indices == j]
                self._refuse_cells(j, bool(np.isnan(cells).any()), bool(np.isinf(cells).any()))
        return from_scipy(matrix, like)

    def _with_documents(self, table: Any, like: Tensor) -> Tensor:
        """A CSR tensor: columns of documents as vectorizers read them, the others in full."""
        columns = self.columns or []
        if columns[0].is_whole:
            parts = _document_parts(columns[0], table, like)
        else:
            is_frame = hasattr(table, "columns") and not isinstance(table, np.ndarray)
            series = (
                column_cells(table, self._remembered_places(table))
                if is_frame
                else list(self._checked(table_rows(table)).T)
            )
            parts = []
            for j, (column, cells) in enumerate(zip(columns, series, strict=True)):
                if column.readers:
                    parts += _document_parts(column, cells, like)
                    continue
                values = column.encode(cells) if column.used else np.full(len(table), np.nan)
                self._refuse_cells(j, bool(np.isnan(values).any()), bool(np.isinf(values).any()))
                exact = torch.from_numpy(values)
                self._refuse_rounded_category(column, exact, exact.to(like).to(exact))
                # Every cell is stored: a zero keeps its sign.
                place = np.zeros(len(values), dtype=np.int64)
                parts.append(as_csr(np.arange(len(values) + 1), place, values, 1, like))
        return side_by_side(parts) if len(parts) > 1 else parts[0]

    def _refuse_cells(self, j: int, missing: bool, infinite: bool) -> None:
        column = self.columns[j] if self.columns is not None else Column()
        if (missing and column.refuses_missing) or (infinite and column.refuses_infinity):
            what = "NaN" if missing and column.refuses_missing else "infinity"
            raise InputError(
                f"column {column.name or j!r} contains {what}, which the model does not accept; "
                "put a SimpleImputer before it, or drop these rows."
            )

    def check_results(self, table: Any) -> None:
        """Refuse results to transform back that scikit-learn treats in another way than a table of floating point.

        Raises:
            InputError: a sparse matrix, or numbers in whose dtype numpy's functions would compute.
        """
        if hasattr(table, "toarray"):
            self._refuse_sparse(table.tocsr().data)
        if self._facts.refuses_narrow_results and hasattr(table, "shape"):
            dtypes = list(table.dtypes) if hasattr(table, "columns") else [table.dtype]
            strange = next((dtype for dtype in dtypes if not isinstance(dtype, torch.dtype) and is_narrow(dtype)), None)
            if strange is not None:
                raise InputError(
                    f"expected float64, got {strange}, in which numpy's functions would compute; pass it as float64."
                )

    def _refuse_dtypes(self, series: Sequence[Any]) -> None:
        """Refuse columns in whose dtypes scikit-learn would compute."""
        if self._facts.refuses_integers and self._has_refused_integers(series):
            raise InputError(
                "expected a table of floating point, got one of integers, for which scikit-learn gives other results; "
                "pass it as float64."
            )
        if not self._facts.refuses_narrow:
            return
        for j, (column, values) in enumerate(zip(self.columns or (), series, strict=self.columns is not None)):
            if column.refuses_narrow and is_narrow(values.dtype):
                raise InputError(
                    f"column {column.name or j!r} is {values.dtype}, in which numpy's functions would compute; "
                    "the model computes in floating point: pass it as float64."
                )

    def _has_refused_integers(self, series: Sequence[Any]) -> bool:
        pairs = list(zip(self.columns or (), series, strict=self.columns is not None))
        together = [cells for column, cells in pairs if column.refuses_integers]
        return any(column.refuses_any_integers and is_integral(cells.dtype) for column, cells in pairs) or (
            bool(together) and all(is_integral(cells.dtype) for cells in together)
        )

    def _refuse_sparse(self, cells: np.ndarray) -> None:
        """Refuse a sparse matrix of these cells where scikit-learn treats it in another way than a dense table."""
        if self._facts.refuses_sparse:
            raise InputError(
                "expected a dense table: what a sparse matrix leaves out is not the same as zeros to scikit-learn, "
                "and is so to the model; pass table.toarray()."
            )
        if self._facts.refuses_sparse_missing and cells.dtype.kind == "f" and np.isnan(cells).any():
            raise InputError(
                "a sparse matrix contains NaN, which scikit-learn takes for a large number there; pass "
                "table.toarray(), where it is a missing value."
            )

    def _refuse_rounded_categories(self, exact: Tensor, rounded: Tensor) -> None:
        for j, column in enumerate(self.columns or ()):
            self._refuse_rounded_category(column, exact[:, j], rounded[:, j])

    def _refuse_rounded_category(self, column: Column, exact: Tensor, rounded: Tensor) -> None:
        whole = exact.isfinite() & (exact == exact.round())
        if column.is_category and bool((whole & (exact != rounded)).any()):
            raise InputError(
                f"column {column.name!r} has whole numbers as categories that the model's dtype would "
                "round to others; keep the model in float64."
            )

    def to_dict(self) -> dict[str, Any]:
        columns = None if self.columns is None else _folded([c.to_dict() for c in self.columns])
        return {"n_dims": self.n_dims, "keeps_sparse": self.keeps_sparse, "columns": columns}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "InputEncoding":
        if "label_sets" in data:
            return LabelSetEncoding([from_json(label) for label in data["label_sets"]])
        columns = data["columns"]
        listed = None if columns is None else [Column.from_dict(c) for c in columns for _ in range(c.get("repeat", 1))]
        return cls(listed, data["n_dims"], data.get("keeps_sparse", False))


class LabelSetEncoding(InputEncoding):
    """Turns a list of sets of labels into an indicator matrix; labels that are no class are left out.

    Args:
        classes: the label of each column.
    """

    def __init__(self, classes: Sequence[Any]) -> None:
        super().__init__(None)
        self.classes = list(classes)

    def encode(self, table: Any) -> np.ndarray:
        """Shape ``(n_samples, n_classes)``, float64: 1 for the labels of a sample, else 0.

        Raises:
            InputError: a sample that is no collection of labels.
        """
        columns = {label: k for k, label in enumerate(self.classes)}
        try:
            found = [[columns[label] for label in labels if label in columns] for labels in table]
        except TypeError as error:
            raise InputError(f"expected a collection of labels for each sample ({error}).") from error
        result = np.zeros((len(found), len(columns)))
        for row, indices in zip(result, found, strict=True):
            row[indices] = 1.0
        return result

    def to_dict(self) -> dict[str, Any]:
        return {"label_sets": [to_json(label, None) for label in self.classes]}


def _folded(columns: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Equal columns in a row as one, with how often: wide tables without names have many."""
    groups = ((column, len(list(group))) for column, group in itertools.groupby(columns))
    return [{**column, "repeat": count} if count > 1 else column for column, count in groups]


def _document_parts(column: Column, documents: Any, like: Tensor) -> list[Tensor]:
    # Several readers may each go through the documents.
    listed = documents if hasattr(documents, "shape") or isinstance(documents, Mapping | str) else list(documents)
    return [as_csr(*reader.rows(listed), reader.width, like) for reader in column.readers]
