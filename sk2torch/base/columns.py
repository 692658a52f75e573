"""How a table of numbers and strings becomes one tensor.

A model's input is a list of ``Column``. While an estimator is converted, every module that knows
strings (an encoder's categories, an imputer's fill value) asks the column for the code of each, so
all the modules that see a column agree on its codes. What is known at the end is the vocabulary
that ``encode`` uses. Numbers stand for themselves, and NaN for a missing value.
"""

import itertools
import numbers
import threading
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sk2torch.base.cells import (
    as_categories,
    as_numbers,
    as_objects,
    from_json,
    is_missing,
    is_number,
    is_pandas_na,
    plain,
    to_json,
)
from sk2torch.base.document_readers import documents_from_dict
from sk2torch.base.documents import Documents
from sk2torch.base.errors import InputError, UnsupportedParameter

if TYPE_CHECKING:
    from sk2torch.base.computed import Numbers

# The code of a word that no module of the model mentions.
UNKNOWN = -1.0
# Two threads that meet new words must not give them one code.
_NEW_CODES = threading.Lock()
# What a column refuses, by the names that its description has them under; those of older files are fewer.
_REFUSALS = (
    "refuses_nan",
    "refuses_sparse",
    "refuses_narrow",
    "refuses_narrow_results",
    "refuses_any_integers",
    "refuses_integers",
    "refuses_sparse_missing",
)


class Column:
    """One column of a model's input, or of the output of one of its steps.

    Args:
        name: the DataFrame column it was fitted on, if any.
        computed: made by an earlier step, hence numeric.
        by_code: numbers get codes too, because the column mixes them with strings or None.
        readers: what vectorizers read in its documents, text or dictionaries, each by a range of the
            tensor's columns; without any, the tensor has one column for this one.
        is_whole: not a column of a table: the input is a list of documents.
    """

    # Of the class, not of each object: wide tables have many columns.
    # Some step reads this column; a column that none reads may be absent from a DataFrame.
    used = False
    # An encoder refuses values outside of its categories.
    strict = False
    # A step refuses missing values, or infinite ones.
    refuses_missing = False
    refuses_infinity = False
    # Columns whose missing and infinite cells this one has, too, since a step made it of them cell by cell.
    sources: tuple["Column", ...] = ()
    # Some step may have made missing or infinite cells of others.
    may_be_missing = False
    # A step treats zeros that a sparse matrix leaves out in another way than zeros.
    refuses_sparse = False
    # Made by an earlier step, as a sparse matrix in scikit-learn.
    is_sparse = False
    # A step computes in the dtype of what it is given, which for narrow integers is not what a tensor does.
    refuses_narrow = False
    # The same of what is to be transformed back.
    refuses_narrow_results = False
    # A step computes in the dtype of this column, which for integers rounds its results; or in that of the whole table.
    refuses_any_integers = False
    refuses_integers = False
    # Of a column that an earlier step made: what is known of its dtype in scikit-learn; None for float64.
    made: "Numbers | None" = None
    # A step tells NaN in a sparse matrix from NaN in a dense table.
    refuses_sparse_missing = False
    # A step looks for NaN among words, which fails on pandas.NA.
    refuses_pandas_na = False
    # A step takes None or some word for missing, but not NaN.
    refuses_nan = False
    # Some step computes with its values, so they cannot be codes.
    has_numbers = False
    # It reaches the result of ``transform`` as it is, words included.
    passed_on = False
    # How often a module has asked for codes.
    mentions = 0
    # How often a vectorizer has asked for columns.
    n_readings = 0
    # Numbers and words were asked for without ``by_code``: convert again.
    is_mixed = False
    has_number_categories = False
    # All of the numbers asked for are whole numbers, or all are booleans.
    are_integers = True
    are_booleans = True

    def __init__(
        self,
        name: str | None = None,
        computed: bool = False,
        by_code: bool = False,
        readers: Iterable[Documents] = (),
        is_whole: bool = False,
    ) -> None:
        self.name = name
        self.computed = computed
        self.by_code = by_code
        self.readers = list(readers)
        self.is_whole = is_whole
        # Code of each word (a string, None, or any value of a mixed column) by first mention.
        self.vocabulary: dict[Any, int] = {}
        # Codes given while encoding, to words that no module mentions but ``transform`` hands on.
        self.seen: dict[Any, int] = {}
        # Words that an imputer takes for missing in a column of numbers: NaN in the tensor.
        self.missing_words: set[Any] = set()

    @property
    def origin(self) -> "Column":
        """The column that this one is a view of; itself, if it is none."""
        return self

    @property
    def is_text(self) -> bool:
        return bool(self.vocabulary)

    @property
    def is_category(self) -> bool:
        """Some module compares its values with categories."""
        return self.mentions > 0

    @property
    def width(self) -> int:
        """How many columns of the tensor stand for this one."""
        return sum(reader.width for reader in self.readers) if self.readers else 1

    def read_documents(self, reader: Documents) -> int:
        """Note that a vectorizer reads documents; the first of its columns among those of this column."""
        self.n_readings += 1
        if reader not in self.readers:
            self.readers.append(reader)
        return sum(other.width for other in self.readers[: self.readers.index(reader)])

    def restarted(self) -> "Column":
        """A column that knows from the start what this one was found to be."""
        return Column(self.name, by_code=self.is_mixed, readers=self.readers, is_whole=self.is_whole)

    def check_documents(self) -> None:
        """Refuse a column that is read both as documents and as a value.

        Raises:
            UnsupportedParameter: it is.
        """
        if self.readers and (self.has_numbers or self.is_category or self.passed_on):
            raise UnsupportedParameter(
                f"column {self.name!r} is read by a vectorizer and by another step; give the other step a copy of the "
                "column under another name."
            )

    def codes(self, values: Iterable[Any]) -> list[float]:
        """The number that stands for each value in a tensor.

        NaN stands for a missing value, numbers and booleans for themselves, all else gets a code.

        Raises:
            UnsupportedParameter: text where a step has made the column numeric or computes with it,
                dates, or an integer beyond float64.
        """
        self.mentions += 1
        return [self._code(plain(value)) for value in values]

    def _code(self, value: Any) -> float:
        if is_missing(value):
            return float("nan")
        if is_number(value):
            if float(value) != value:
                raise UnsupportedParameter(
                    f"column {self.name!r}: the category {value!r} has no exact float64; rescale it before fitting."
                )
            if not self.computed:
                self.are_integers &= isinstance(value, numbers.Integral)
                self.are_booleans &= isinstance(value, bool)
                self.has_number_categories = True
            if not self.by_code:
                self.is_mixed |= self.is_text
                return float(value)
        if self.computed:
            raise UnsupportedParameter(
                f"expected numbers made by an earlier step, got the category {value!r}; "
                "encode strings before other steps transform them."
            )
        if type(value).__name__ in ("datetime", "date", "timedelta", "Timestamp", "Timedelta", "NaTType"):
            raise UnsupportedParameter(
                f"column {self.name!r}: the category {value!r} is a date; "
                "turn dates into numbers or strings before fitting."
            )
        code = self.vocabulary.setdefault(value, len(self.vocabulary))
        self.is_mixed |= self.has_number_categories and not self.by_code
        self._refuse_arithmetic()
        return float(code)

    def refuse(self, missing: bool = True, infinity: bool = True) -> None:
        """Note that a step takes no missing or no infinite cells, of this column and of those that it has them from."""
        self.refuses_missing |= missing
        self.refuses_infinity |= infinity
        for source in self.sources:
            source.refuse(missing, infinity)

    def refuse_nan(self) -> None:
        """Note that a step takes no NaN, though None or a word that a tensor shows as NaN.

        Raises:
            UnsupportedParameter: an earlier step may make NaN of other cells.
        """
        if self.may_be_missing:
            raise UnsupportedParameter(
                "SimpleImputer: an earlier step may give NaN, which scikit-learn refuses where missing_values is "
                "something else among objects; impute before that step."
            )
        self.refuses_nan = not self.computed
        for source in self.sources:
            source.refuse(infinity=False)

    def read_as_numbers(self) -> None:
        """Note that a step computes with the values.

        Raises:
            UnsupportedParameter: another step reads text in this column.
        """
        self.has_numbers = True
        self._refuse_arithmetic()

    def _refuse_arithmetic(self) -> None:
        if self.has_numbers and self.is_text:
            raise UnsupportedParameter(
                f"column {self.name!r} holds text or None for one step and numbers for another; "
                "make it numeric, with NaN for missing values, before fitting."
            )

    def encode(self, values: Any) -> np.ndarray:
        """Values of this column as float64, shape ``(n_samples,)``.

        Raises:
            InputError: a category that a strict encoder does not know, text in a numeric column, or NaN where
                missing cells show another way.
        """
        if self.refuses_nan and any(map(is_missing, as_objects(values))):
            raise InputError(
                f"column {self.name!r} contains NaN, but the imputer was fitted with another missing_values; replace "
                "NaN with that, or refit with missing_values=nan."
            )
        if not self.is_text:
            if self.is_category or self.missing_words:
                return as_categories(values, self.name, self.missing_words)
            return as_numbers(values, self.name)
        listed = as_objects(values)
        try:
            found = map(self.vocabulary.get, listed, itertools.repeat(UNKNOWN))
            codes = np.fromiter(found, np.float64, len(listed))
        except TypeError as error:
            raise InputError(f"column {self.name!r}: expected strings or numbers in each cell, got a list.") from error
        if not (codes == UNKNOWN).any():
            return codes
        for i in np.flatnonzero(codes == UNKNOWN):
            if is_missing(listed[i]):
                codes[i] = np.nan
        unknown = np.flatnonzero(codes == UNKNOWN)
        if self.refuses_pandas_na and any(is_pandas_na(listed[i]) for i in unknown):
            raise InputError(
                f"column {self.name!r}: found pandas.NA, but the imputer was fitted with missing_values=nan; "
                "replace it with NaN, or refit with missing_values=pandas.NA."
            )
        # What is unequal to itself, such as NaT, is missing to an imputer.
        if self.refuses_pandas_na and any(listed[i] != listed[i] for i in unknown):
            raise InputError(f"column {self.name!r}: found NaT among words; replace it with NaN.")
        if self.strict and unknown.size:
            self._refuse([listed[i] for i in unknown])
        if self.passed_on:
            with _NEW_CODES:
                for i in unknown:
                    codes[i] = self.seen.setdefault(listed[i], len(self.vocabulary) + len(self.seen))
        return codes

    def _refuse(self, values: list[Any]) -> None:
        strange = sorted({repr(value) for value in values})
        more = f" and {len(strange) - 5} more" if len(strange) > 5 else ""
        raise InputError(
            f"column {self.name!r}: found unknown categories {', '.join(strange[:5])}{more}; the model was fitted with "
            "handle_unknown='error'. Drop these rows, or refit with handle_unknown='ignore'."
        )

    def decode(self, codes: np.ndarray) -> np.ndarray:
        """The values that ``codes`` stand for, as objects."""
        missing = np.isnan(codes)
        if self.is_text:
            listed = [*self.vocabulary, *self.seen]
            words = np.empty(len(listed) + 1, dtype=object)
            words[:-1] = listed
            result = words[np.where(missing, UNKNOWN, codes).astype(np.int64)]
        else:
            result = codes.astype(np.float64).astype(object)
            if self.has_number_categories and self.are_integers:
                dtype = bool if self.are_booleans else np.int64
                # Values that an imputer hands on need not be whole, though those asked for are.
                whole = np.flatnonzero(np.isfinite(codes))
                cast = codes[whole].astype(dtype)
                same = cast == codes[whole]
                result[whole[same]] = cast[same].astype(object)
        result[missing] = np.nan
        return result

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready description; ``from_dict`` reads it back."""
        return {
            "name": self.name,
            "readers": [reader.to_dict() for reader in self.readers],
            "is_whole": self.is_whole,
            "used": self.used,
            "strict": self.strict,
            "refuses": [self.refuses_missing, self.refuses_infinity, self.refuses_pandas_na],
            **{name: getattr(self, name) for name in _REFUSALS},
            "passed_on": self.passed_on,
            "is_category": self.is_category,
            "numbers": [self.has_number_categories, self.are_integers, self.are_booleans],
            "missing_words": [to_json(value, self.name) for value in self.missing_words],
            "vocabulary": [to_json(value, self.name) for value in self.vocabulary],
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "Column":
        readers = [documents_from_dict(reader) for reader in data.get("readers", ())]
        column = cls(data["name"], readers=readers, is_whole=data.get("is_whole", False))
        column.used, column.strict = data["used"], data["strict"]
        column.refuses_missing, column.refuses_infinity, column.refuses_pandas_na = data["refuses"]
        for name in _REFUSALS:
            setattr(column, name, data.get(name, False))
        column.passed_on, column.mentions = data["passed_on"], int(data["is_category"])
        column.has_number_categories, column.are_integers, column.are_booleans = data["numbers"]
        column.missing_words = set(map(from_json, data["missing_words"]))
        column.vocabulary = {from_json(value): code for code, value in enumerate(data["vocabulary"])}
        return column


def tensor_width(columns: Iterable[Column]) -> int:
    """How many columns of a tensor stand for these."""
    return sum(column.width for column in columns)


def tensor_positions(columns: Sequence[Column], index: Iterable[int]) -> list[int]:
    """The tensor's columns that stand for the columns at the positions ``index``."""
    starts = list(itertools.accumulate((column.width for column in columns), initial=0))
    return [k for i in index for k in range(starts[i], starts[i + 1])]
