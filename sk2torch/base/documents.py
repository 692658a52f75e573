"""What a vectorizer makes of each document, text or dictionary: numbers in some of a range of columns."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from sk2torch.base.errors import InputError, UnsupportedParameter


class Rows(NamedTuple):
    """A sparse matrix by rows: columns ``columns[starts[i]:starts[i + 1]]`` of row ``i`` hold ``values``."""

    starts: np.ndarray
    columns: np.ndarray
    values: np.ndarray


@dataclass(frozen=True)
class Documents:
    """Abstract: a reader of documents; two that are equal share their columns.

    Args:
        width: number of columns.
        dtype: name of the numpy dtype in which scikit-learn counts.
    """

    width: int
    dtype: str

    def rows(self, documents: Iterable[Any]) -> Rows:
        """One row for each document, float64, columns in ascending order."""
        raise NotImplementedError

    def inverse(self, matrix: Rows) -> list[Any]:
        """What scikit-learn's ``inverse_transform`` makes of each row.

        Raises:
            UnsupportedParameter: hashes cannot be undone.
        """
        raise UnsupportedParameter("a hash cannot be undone.")

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready description; ``documents_from_dict`` reads it back."""
        raise NotImplementedError


def checked_dtype(estimator: Any) -> str:
    """Name of a vectorizer's dtype.

    Raises:
        UnsupportedParameter: it is no boolean, integer, float32 or float64.
    """
    dtype = np.dtype(estimator.dtype)
    if dtype.kind not in "biu" and dtype not in (np.float32, np.float64):
        raise UnsupportedParameter(
            f"{type(estimator).__name__}: dtype={estimator.dtype!r} is not supported; use float or int."
        )
    return dtype.name


def gathered(documents: Iterable[Any], entries: Callable[[Any], tuple[list[int], list[Any]]]) -> Rows:
    """The columns and values that ``entries`` finds in each document, float64."""
    if isinstance(documents, str | bytes):
        raise InputError("expected a list of documents, got a single string; put it into a list.")
    if len(getattr(documents, "shape", (0,))) != 1:
        raise InputError("expected a list of documents, got a table; pick its column of documents.")
    starts, columns, values = [0], [], []
    for document in documents:
        row_columns, row_values = entries(document)
        columns += row_columns
        values += row_values
        starts.append(len(columns))
    return Rows(np.array(starts, dtype=np.int64), np.array(columns, dtype=np.int64), np.array(values, dtype=np.float64))


def added_up(rows: Rows, width: int) -> Rows:
    """Entries of one row and column added up in the dtype of the values, and sorted; float64."""
    row = np.repeat(np.arange(len(rows.starts) - 1), np.diff(rows.starts))
    place = row * width + rows.columns
    order = np.argsort(place, kind="stable")
    place = place[order]
    first = np.flatnonzero(np.diff(place, prepend=-1))
    values = rows.values[order]
    if first.size:
        values = np.add.reduceat(values, first, dtype=values.dtype)
    counts = np.bincount(row[order][first], minlength=len(rows.starts) - 1)
    starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    return Rows(starts, place[first] % width, values.astype(np.float64))
