"""How a table of numbers and strings becomes one tensor.

A model's input is a list of ``Column``. While an estimator is converted, every module that knows
strings (an encoder's categories, an imputer's fill value) asks the column for the code of each, so
all the modules that see a column agree on its codes. What is known at the end is the vocabulary
that ``encode`` uses. Numbers stand for themselves, and NaN for a missing value.
"""

import itertools
import numbers
import threading
from collections.abc import Iterable
from typing import Any

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
from sk2torch.base.errors import InputError, UnsupportedParameter

# The code of a word that no module of the model mentions.
UNKNOWN = -1.0
# Two threads that meet new words must not give them one code.
_NEW_CODES = threading.Lock()


class Column:
    """One column of a model's input, or of the output of one of its steps.

    Args:
        name: the DataFrame column it was fitted on, if any.
        computed: made by an earlier step, hence numeric.
        by_code: numbers get codes too, because the column mixes them with strings or None.
    """

    def __init__(self, name: str | None = None, computed: bool = False, by_code: bool = False) -> None:
        self.name = name
        self.computed = computed
        self.by_code = by_code
        # Code of each word (a string, None, or any value of a mixed column) by first mention.
        self.vocabulary: dict[Any, int] = {}
        # Codes given while encoding, to words that no module mentions but ``transform`` hands on.
        self.seen: dict[Any, int] = {}
        # Words that an imputer takes for missing in a column of numbers: NaN in the tensor.
        self.missing_words: set[Any] = set()
        # Some step reads this column; a column that none reads may be absent from a DataFrame.
        self.used = False
        # An encoder refuses values outside of its categories.
        self.strict = False
        # A step refuses missing values, or infinite ones.
        self.refuses_missing = False
        self.refuses_infinity = False
        # A step looks for NaN among words, which fails on pandas.NA.
        self.refuses_pandas_na = False
        # Some step computes with its values, so they cannot be codes.
        self.has_numbers = False
        # It reaches the result of ``transform`` as it is, words included.
        self.passed_on = False
        # How often a module has asked for codes.
        self.mentions = 0
        # Numbers and words were asked for without ``by_code``: convert again.
        self.is_mixed = False
        self.has_number_categories = False
        # All of the numbers asked for are whole numbers, or all are booleans.
        self.are_integers = True
        self.are_booleans = True

    @property
    def is_text(self) -> bool:
        return bool(self.vocabulary)

    @property
    def is_category(self) -> bool:
        """Some module compares its values with categories."""
        return self.mentions > 0

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
            InputError: a category that a strict encoder does not know, or text in a numeric column.
        """
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
        for i in np.flatnonzero(codes == UNKNOWN):
            if is_missing(listed[i]):
                codes[i] = np.nan
        unknown = np.flatnonzero(codes == UNKNOWN)
        if self.refuses_pandas_na and any(is_pandas_na(listed[i]) for i in unknown):
            raise InputError(
                f"column {self.name!r}: found pandas.NA, but the imputer was fitted with missing_values=nan; "
                "replace it with NaN, or refit with missing_values=pandas.NA."
            )
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
            "used": self.used,
            "strict": self.strict,
            "refuses": [self.refuses_missing, self.refuses_infinity, self.refuses_pandas_na],
            "passed_on": self.passed_on,
            "is_category": self.is_category,
            "numbers": [self.has_number_categories, self.are_integers, self.are_booleans],
            "missing_words": [to_json(value, self.name) for value in self.missing_words],
            "vocabulary": [to_json(value, self.name) for value in self.vocabulary],
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "Column":
        column = cls(data["name"])
        column.used, column.strict = data["used"], data["strict"]
        column.refuses_missing, column.refuses_infinity, column.refuses_pandas_na = data["refuses"]
        column.passed_on, column.mentions = data["passed_on"], int(data["is_category"])
        column.has_number_categories, column.are_integers, column.are_booleans = data["numbers"]
        column.missing_words = set(map(from_json, data["missing_words"]))
        column.vocabulary = {from_json(value): code for code, value in enumerate(data["vocabulary"])}
        return column


def input_columns(estimator: Any) -> list[Column] | None:
    """Fresh columns for a fitted estimator's input; None if it does not say how many it has."""
    names = getattr(estimator, "feature_names_in_", None)
    if names is not None:
        return [Column(str(name)) for name in names]
    # A composite that does not say so itself asks its parts; some never look at their input.
    steps = (step for _, step in getattr(estimator, "steps", ()) if step not in (None, "passthrough"))
    union = (part for _, part in getattr(estimator, "transformer_list", ()) if not isinstance(part, str))
    inner = (getattr(estimator, name, None) for name in ("best_estimator_", "regressor_"))
    parts = [*getattr(estimator, "estimators_", ()), *itertools.islice(steps, 1), *union, *inner]
    asked = (input_columns(part) for part in parts if part is not None and not isinstance(part, str))
    found = next((columns for columns in asked if columns is not None), None)
    count = getattr(estimator, "n_features_in_", None)
    return [Column() for _ in range(int(count))] if found is None and count is not None else found


def computed_columns(count: int) -> list[Column]:
    """Columns that a step has computed: numeric."""
    return [Column(computed=True) for _ in range(count)]
