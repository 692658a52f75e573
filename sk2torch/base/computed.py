"""Columns between the steps of a model: what is known of them in scikit-learn.

scikit-learn's steps hand on tables of other dtypes than float64, which a tensor is not told of. Most compute in
floating point whatever they are given; those that do not ask here (``refuse_narrow``, ``refuse_integers``).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sk2torch.base.cells import is_integral, is_narrow
from sk2torch.base.columns import Column
from sk2torch.base.errors import UnsupportedParameter


@dataclass(frozen=True)
class Numbers:
    """Columns of computed numbers that are never missing, however many: all that is known of them is their dtype.

    It is numpy's promotion of ``dtype`` and of the dtypes in which a table has ``inputs``. There are no columns of
    interest to iterate over.

    Args:
        dtype: what steps have made; None where all is handed on.
        inputs: columns of the model's input that are handed on.
    """

    dtype: np.dtype | None
    inputs: tuple[Column, ...] = ()

    def __iter__(self) -> Iterator[Column]:
        return iter(())


Columns = list[Column] | Numbers

FLOATING = Numbers(np.dtype(np.float64))


def numbers_of(columns: Sequence[Column] | Numbers) -> Numbers:
    """What is known of the dtype of a table of these columns."""
    if isinstance(columns, Numbers):
        return columns
    # One object for each dtype: there may be a million columns.
    distinct = list({id(column): column for column in columns}.values())
    handed_on = tuple(column for column in distinct if _is_input(column))
    made = {id(known): known for known in (_numbers(column) for column in distinct if not _is_input(column))}
    return _side_by_side([*made.values(), *([Numbers(None, handed_on)] if handed_on else [])])


def _is_input(column: Column) -> bool:
    """Whether it is one of the table's, and not what an imputer has filled."""
    return not column.computed and column.origin is column


def _numbers(column: Column) -> Numbers:
    if _is_input(column):
        return Numbers(None, (column,))
    return (column.made if column.origin is column else None) or FLOATING


def _side_by_side(parts: Sequence[Numbers]) -> Numbers:
    """What is known of the dtype of a table put together of several."""
    if not parts:
        return FLOATING
    dtypes = [part.dtype for part in parts if part.dtype is not None]
    dtype = np.result_type(*dtypes) if dtypes else None
    if dtype is not None and dtype.kind == "f" and dtype.itemsize >= 8:
        return FLOATING
    return Numbers(dtype, tuple({id(column): column for part in parts for column in part.inputs}.values()))


class FilledColumn(Column):
    """A column behind an imputer: all that is said of it is said of ``origin``, but that missing cells are refused."""

    def __init__(self, origin: Column) -> None:
        self.__dict__["_origin"] = origin

    @property
    def origin(self) -> Column:
        """The column that is filled."""
        return self.__dict__["_origin"]

    def __getattribute__(self, name: str) -> Any:
        if name in ("origin", "refuse", "refuse_nan", "__class__", "__dict__"):
            return super().__getattribute__(name)
        return getattr(self.origin, name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self.origin, name, value)

    def refuse(self, missing: bool = True, infinity: bool = True) -> None:
        self.origin.refuse(False, infinity)

    def refuse_nan(self) -> None:
        """The first imputer fills NaN, or refuses it itself."""


def computed_columns(count: int, is_sparse: bool = False, made: Numbers | None = None) -> list[Column]:
    """Columns that a step has computed: numeric. They are one object, as there may be a million."""
    column = Column(computed=True)
    column.is_sparse = is_sparse
    column.made = made
    return [column] * count


def followed_columns(
    columns: Sequence[Column], is_sparse: bool | None = None, made: Numbers | None = None
) -> list[Column]:
    """Computed columns with the missing and infinite cells of ``columns``; one object for each of theirs.

    Args:
        columns: what a step computes with.
        is_sparse: whether it makes a sparse matrix; None where its input decides.
        made: what is known of the dtype of its results; None where each column keeps its own.
    """
    found: dict[int, Column] = {}
    for source in columns:
        column = found.setdefault(id(source), Column(computed=True))
        column.sources = (source,)
        column.is_sparse = source.is_sparse if is_sparse is None else is_sparse
        column.may_be_missing = source.may_be_missing
        column.made = _numbers(source) if made is None else made
    return [found[id(source)] for source in columns]


def weighted_columns(columns: Columns) -> Columns:
    """Columns times a number."""
    return FLOATING if isinstance(columns, Numbers) else followed_columns(columns, made=FLOATING)


def joined_columns(parts: Sequence[Columns], widths: Sequence[int]) -> Columns:
    """Results of several steps side by side, of so many columns each; -1 for a width that is not known."""
    if all(isinstance(part, Numbers) for part in parts) or any(
        isinstance(part, Numbers) and width == -1 for part, width in zip(parts, widths, strict=True)
    ):
        return _side_by_side([numbers_of(part) for part in parts])
    joined: list[Column] = []
    for part, width in zip(parts, widths, strict=True):
        joined += computed_columns(width, made=part) if isinstance(part, Numbers) else part
    return joined


def refuse_narrow(name: str, columns: Sequence[Column]) -> None:
    """Note that an estimator computes in the dtype it is given, where small integers wrap around.

    Raises:
        UnsupportedParameter: an earlier step gives narrow numbers.
    """
    for column in _refused(name, columns, is_narrow, "where numpy's functions overflow or round"):
        column.refuses_narrow = True


def refuse_integers(name: str, columns: Sequence[Column], each: bool = False) -> None:
    """Note that an estimator computes in the dtype it is given, which for integers rounds its results.

    Args:
        name: of the estimator.
        columns: what it is given.
        each: the dtype of each column, not that of the table.

    Raises:
        UnsupportedParameter: an earlier step gives integers.
    """
    for column in _refused(name, columns, is_integral, "in which scikit-learn rounds what this one computes"):
        if each:
            column.refuses_any_integers = True
        else:
            column.refuses_integers = True


def _refused(
    name: str, columns: Sequence[Column], is_refused: Callable[[np.dtype], bool], reason: str
) -> tuple[Column, ...]:
    """The columns of the input whose dtype decides; none where earlier steps make floating point of it all."""
    given = numbers_of(columns)
    if given.dtype is not None and not is_refused(given.dtype):
        return ()
    if given.dtype is not None and not given.inputs:
        raise UnsupportedParameter(
            f"{name}: an earlier step gives {given.dtype}, {reason}; give that step dtype=float, or fit with a step "
            "between them that gives floating point."
        )
    return given.inputs
