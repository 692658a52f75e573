"""What a model wants of a file of rows: which columns, and what each of them holds."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from sk2torch.base import Column, InputEncoding
from sk2torch.base.encoding import LabelSetEncoding
from sk2torch.cli.reporting import Mistake, note
from sk2torch.export.metadata import column_kind


@dataclass(frozen=True)
class Field:
    """One input column.

    Args:
        kind: ``number``, ``string``, ``mixed``, ``documents`` or ``unused``.
        name: as the model was fitted on it, if it has one.
        words: the values that the model knows; words that look like missing values among them are none.
        missing: words that stand for a missing value besides the usual ones.
        is_category: numbers that are compared, so that none may be rounded.
    """

    kind: str
    name: str | None = None
    words: frozenset[Any] = frozenset()
    missing: frozenset[Any] = frozenset()
    is_category: bool = False

    @classmethod
    def of(cls, column: Column) -> "Field":
        """What an input column of a model holds."""
        words, missing = frozenset(column.vocabulary), frozenset(column.missing_words)
        return cls(column_kind(column), column.name, words, missing, column.is_category)


@dataclass(frozen=True)
class Picked:
    """The columns of a file that a model reads, in the model's order.

    Args:
        positions: of each column in the file.
        fields: what each holds.
        names: the model's names, or None where it goes by position.
        shape: ``table``, ``vector`` (labels) or ``documents``.
    """

    positions: list[int]
    fields: list[Field]
    names: list[str] | None
    shape: str

    def for_predictor(self, block: Any) -> Any:
        """A block of the file as ``Predictor`` takes it."""
        if self.shape == "documents":
            return _first_column(block).tolist()
        return _first_column(block) if self.shape == "vector" else block

    def for_estimator(self, block: Any) -> Any:
        """A block as scikit-learn takes it, too: without names where it was fitted without."""
        if self.shape != "table" or self.names is not None:
            return self.for_predictor(block)
        return block.to_numpy() if isinstance(block, pd.DataFrame) else block


def _first_column(block: Any) -> np.ndarray:
    return block.iloc[:, 0].to_numpy() if isinstance(block, pd.DataFrame) else block[:, 0]


def pick(
    encoding: InputEncoding, names: list[str] | None, width: int, dropped: Sequence[str] = (), whole: bool = False
) -> Picked:
    """Find a model's columns in a file.

    Args:
        encoding: of the model.
        names: of the file's columns; None for a file without.
        width: how many columns it has.
        dropped: columns that are no input, such as a label; needed only where the model goes by position.
        whole: also those columns that no step of the model reads, which scikit-learn may look at, if they are there.

    Raises:
        Mistake: columns are missing, occur twice, or there are too many or too few.
    """
    if isinstance(encoding, LabelSetEncoding):
        raise Mistake("the model takes a collection of labels for each row, which a table cannot hold; use Predictor.")
    left = _left(names, width, dropped)
    if encoding.columns is None:
        fields: list[Field] = [Field("number")] * len(left)
        return Picked(left, fields, None, "table" if encoding.n_dims == 2 else "vector")
    fields = [Field.of(column) for column in encoding.columns]
    if names is not None and all(field.name is not None for field in fields):
        return _pick_by_name(fields, names, left, whole)
    shape = "vector" if encoding.n_dims == 1 else "table"
    if any(column.is_whole for column in encoding.columns):
        shape = "documents"
    if len(left) != len(fields):
        what = {"documents": "one column of documents", "vector": "one column"}.get(shape, f"{len(fields)} columns")
        found = f"{len(left)}" if names is None else f"{len(left)}: {', '.join(names[k] for k in left[:20])}"
        way_out = "" if names is None else "; leave out what is no input with --drop NAME"
        raise Mistake(f"the model expects {what}, in order; the file has {found}{way_out}.")
    model_names = [field.name for field in fields if field.name is not None]
    return Picked(left, fields, model_names if len(model_names) == len(fields) else None, shape)


def _left(names: list[str] | None, width: int, dropped: Sequence[str]) -> list[int]:
    unknown = [name for name in dropped if name not in (names or ())]
    if unknown:
        raise Mistake(f"--drop names columns that the file does not have: {', '.join(unknown)}.")
    return [k for k in range(width) if names is None or names[k] not in dropped]


def _pick_by_name(fields: list[Field], names: list[str], left: list[int], whole: bool) -> Picked:
    present = [names[k] for k in left]
    wanted = [field for field in fields if field.kind != "unused" or (whole and field.name in present)]
    absent = [str(field.name) for field in wanted if field.name not in present]
    if absent:
        near = [difflib.get_close_matches(name, present, 1) for name in absent]
        hints = [f"{close[0]} for {name}" for name, close in zip(absent, near, strict=True) if close]
        hint = f" Is it {', '.join(hints[:5])}?" if hints else ""
        raise Mistake(f"columns are missing: {', '.join(absent)}; the file has {', '.join(present[:20])}.{hint}")
    double = [str(field.name) for field in wanted if present.count(str(field.name)) > 1]
    if double:
        raise Mistake(f"columns occur more than once: {', '.join(double)}; give each a name of its own.")
    known = {field.name for field in fields}
    ignored = [name for name in present if name not in known]
    if ignored:
        more = f" and {len(ignored) - 10} more" if len(ignored) > 10 else ""
        note(f"ignored columns that are no input of the model: {', '.join(ignored[:10])}{more}")
    positions = [left[present.index(str(field.name))] for field in wanted]
    return Picked(positions, wanted, [str(field.name) for field in wanted], "table")
