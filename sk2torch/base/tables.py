"""Tables of many kinds: which of their columns a model takes, and the cells of these."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sk2torch.base.columns import Column
from sk2torch.base.errors import InputError


@dataclass(frozen=True)
class ColumnFacts:
    """What holds for any of a model's columns, or for all.

    Args:
        has_documents: vectorizers read some.
        has_text: some have words, or NaN to tell from other missing cells.
        compares: some have categories, or words for missing values.
        is_plain: all are numbers without more to look at, and none is compared with categories.
        uses_all: none is left unread.
        refuses_cells: some refuse NaN or infinity.
        refuses_narrow: some refuse dtypes in which numpy would compute.
        refuses_narrow_results: the same of what is to be transformed back.
        refuses_integers: some refuse integers, or tables of these.
        refuses_sparse: some refuse sparse matrices.
        refuses_sparse_missing: some refuse NaN in these.
    """

    has_documents: bool
    has_text: bool
    compares: bool
    is_plain: bool
    uses_all: bool
    refuses_cells: bool
    refuses_narrow: bool
    refuses_narrow_results: bool
    refuses_integers: bool
    refuses_sparse: bool
    refuses_sparse_missing: bool

    @classmethod
    def of(cls, columns: Sequence[Column]) -> "ColumnFacts":
        return cls(
            has_documents=any(c.readers for c in columns),
            has_text=any(c.is_text or c.refuses_nan for c in columns),
            compares=any(c.is_category or c.missing_words for c in columns),
            is_plain=not any(c.is_text or c.readers or c.is_category or c.refuses_nan for c in columns),
            uses_all=all(c.used for c in columns),
            refuses_cells=any(c.refuses_missing or c.refuses_infinity for c in columns),
            refuses_narrow=any(c.refuses_narrow for c in columns),
            refuses_narrow_results=any(c.refuses_narrow_results for c in columns),
            refuses_integers=any(c.refuses_integers or c.refuses_any_integers for c in columns),
            refuses_sparse=any(c.refuses_sparse for c in columns),
            refuses_sparse_missing=any(c.refuses_sparse_missing for c in columns),
        )


def places_by_name(names: list[Any], columns: list[Column]) -> list[int | None]:
    """The position among ``names`` of each column; None for those that the model never looks at.

    Raises:
        InputError: some are missing, or occur more than once.
    """
    present = {str(name): place for place, name in enumerate(names)}
    used = [c.name for c in columns if c.used]
    absent = [name for name in used if name not in present]
    if absent:
        raise InputError(f"columns are missing: {absent}; the table has {list(present)[:20]}.")
    double = [name for name in used if names.count(names[present[name]]) > 1]
    if double:
        raise InputError(f"columns occur more than once: {double}; give each a name of its own.")
    return [present[c.name] if c.used and c.name is not None else None for c in columns]


def column_cells(frame: Any, places: list[int | None]) -> list[Any]:
    """The columns of a DataFrame at these positions; None for None.

    Args:
        frame: of pandas, or of another library with ``frame[name]``.
        places: positions among its columns.
    """
    if hasattr(frame, "_get_column_array"):
        # pandas: the array of a column. The Series around it takes longer to build than a few cells to encode.
        return [None if place is None else frame._get_column_array(place) for place in places]
    names = list(frame.columns)
    if len(set(names)) == len(names):
        return [None if place is None else frame[names[place]] for place in places]
    return [None if place is None else frame.iloc[:, place] for place in places]


def table_rows(table: Any) -> np.ndarray:
    """An array, or a list of rows, as an array; of objects where a list has text.

    Raises:
        InputError: rows of several lengths.
    """
    try:
        rows = np.asarray(table)
        # A list that mixes numbers and strings would become strings only.
        return np.asarray(table, dtype=object) if rows.dtype.kind in "US" and not hasattr(table, "dtype") else rows
    except ValueError as error:
        raise InputError("expected rows of one length, got rows of different lengths.") from error
