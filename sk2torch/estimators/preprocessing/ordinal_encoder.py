"""OrdinalEncoder."""

import math
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn

from sk2torch.base import Column, TorchEstimator, register
from sk2torch.base.decoding import INFREQUENT_MARKER, UNKNOWN_MARKER
from sk2torch.blocks.categories import CategoryLookup, CategoryTable
from sk2torch.estimators.preprocessing.categories import REFUSAL, category_codes, check_dtype, infrequent_groups
from sk2torch.functional.unknown import refuse_rows


class OrdinalInverse(nn.Module):
    """The category at each place, counted from the end when negative, as scikit-learn does.

    Args:
        choices: values of each column's categories, the infrequent ones left out.
        missing_place: shape ``(n_columns,)``: place of the missing category; NaN for none.
        infrequent_place: shape ``(n_columns,)``: place of the infrequent ones; NaN for none.
        missing_value: what stands for missing values in the input.
        unknown_value: what stands for unknown categories; None if they are errors.
    """

    count: Tensor

    def __init__(
        self,
        choices: list[list[float]],
        missing_place: list[float],
        infrequent_place: list[float],
        missing_value: float,
        unknown_value: float | None,
    ) -> None:
        super().__init__()
        self.has_unknown = unknown_value is not None
        self.unknown_marker = UNKNOWN_MARKER
        self.infrequent_marker = INFREQUENT_MARKER
        self.table = CategoryTable([values or [float("nan")] for values in choices])
        constants = {
            "count": [float(len(values)) for values in choices],
            "missing_place": missing_place,
            "infrequent_place": infrequent_place,
            "missing_value": missing_value,
            "unknown_value": float("nan") if unknown_value is None else unknown_value,
        }
        for name, value in constants.items():
            self.register_buffer(name, torch.tensor(value, dtype=torch.float64))

    def forward(self, x: Tensor) -> Tensor:
        """Shape ``(n_samples, n_columns)``, as the input."""
        is_missing = _same(x, self.missing_value) & ~torch.isnan(self.missing_place)
        place = torch.where(is_missing, self.missing_place, x)
        infrequent = place == self.infrequent_place
        unknown = torch.zeros_like(infrequent)
        if self.has_unknown:
            unknown = _same(place, self.unknown_value)
        whole = torch.trunc(place)
        whole = torch.where(whole < 0, whole + self.count, whole)
        inside = (whole >= 0) & (whole < self.count)
        value = self.table(torch.where(inside, whole, 0.0).long())
        value = torch.where(unknown, self.unknown_marker, value)
        value = torch.where(infrequent, self.infrequent_marker, value)
        wrong = (~(inside | unknown | infrequent)).any(dim=1)
        message = "OrdinalEncoder: cannot invert places beyond the number of categories."
        return refuse_rows(value, wrong, message)


def _same(x: Tensor, value: Tensor) -> Tensor:
    return (x == value) | (torch.isnan(x) & torch.isnan(value))


@register("sklearn.preprocessing.OrdinalEncoder")
class TorchOrdinalEncoder(TorchEstimator):
    """The place of each value among its column's categories: ``k where x[:, j] == categories[j][k]``.

    Infrequent categories share the last place; missing and unknown ones have values of their own.
    For ``handle_unknown='error'`` an unknown category raises ``ValueError``, and makes a row of NaN
    in compiled and exported graphs. ``inverse_transform`` gives the categories as the input has
    them, with the markers of ``base.decoding`` for unknown and infrequent ones.

    Args:
        lookup: position in ``results`` of each value's category.
        results: per column the value for each place, then for missing and for unknown ones.
        inverse: the way back.
        unknown: int64, shape ``(n_columns,)``: position of unknown ones in ``results``.
        refuses_unknown: whether an unknown category is an error.
    """

    def __init__(
        self,
        lookup: CategoryLookup,
        results: CategoryTable,
        inverse: OrdinalInverse,
        unknown: Tensor,
        refuses_unknown: bool,
    ) -> None:
        super().__init__(unknown.shape[0])
        self.lookup = lookup
        self.results = results
        self.inverse = inverse
        self.refuses_unknown = refuses_unknown
        self.refusal = "OrdinalEncoder: " + REFUSAL
        self.register_buffer("unknown", unknown)

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        codes = category_codes(estimator, columns)
        groups = infrequent_groups(estimator)
        refuses = estimator.handle_unknown == "error"
        unknown_value = None if refuses else float(estimator.unknown_value)
        missing_value = float(estimator.encoded_missing_value)
        numbers: list[list[int]] = []
        results: list[list[float]] = []
        for column_codes, group in zip(codes, groups, strict=True):
            n_known = sum(not math.isnan(code) for code in column_codes)
            places = list(range(n_known)) if group is None else group
            count = max(places, default=-1) + 1
            # The missing category comes last, after the groups.
            numbers.append(places + [count] * (len(column_codes) - n_known))
            results.append([*map(float, range(count)), missing_value, -1.0 if unknown_value is None else unknown_value])
        unknown = [len(values) - 1 for values in results]
        used = _used_results(results, codes, refuses)
        dtype = check_dtype(estimator, used)
        module = cls(
            CategoryLookup(codes, numbers, unknown),
            CategoryTable(results),
            _inverse(estimator, codes, groups, missing_value, unknown_value),
            torch.tensor(unknown, dtype=torch.int64),
            refuses,
        )
        module.output_dtype = dtype.name
        module.may_give_missing = any(map(math.isnan, used))
        is_object = not refuses or any(g is not None for g in groups)
        module.inverse_dtype = "O" if is_object else np.result_type(*[c.dtype for c in estimator.categories_]).str
        return module

    def transform(self, x: Tensor) -> Tensor:
        number = self.lookup(self.prepare(x))
        result = self.results(number)
        if self.refuses_unknown:
            return refuse_rows(result, (number == self.unknown).any(dim=1), self.refusal)
        return result

    def inverse_transform(self, x: Tensor) -> Tensor:
        return self.inverse(self.prepare(x))


def _used_results(results: list[list[float]], codes: list[list[float]], refuses: bool) -> list[float]:
    """The values that ``transform`` can give."""
    used: list[float] = []
    for values, column_codes in zip(results, codes, strict=True):
        used += values[:-2]
        used += [values[-2]] if any(math.isnan(code) for code in column_codes) else []
        used += [] if refuses else [values[-1]]
    return used


def _inverse(
    estimator: Any,
    codes: list[list[float]],
    groups: list[list[int] | None],
    missing_value: float,
    unknown_value: float | None,
) -> OrdinalInverse:
    missing_place: list[float] = []
    infrequent_place: list[float] = []
    choices: list[list[float]] = []
    for column_codes, group in zip(codes, groups, strict=True):
        has_missing = bool(column_codes) and math.isnan(column_codes[-1])
        missing_place.append(len(column_codes) - 1.0 if has_missing else float("nan"))
        if group is None:
            infrequent_place.append(float("nan"))
            choices.append(column_codes)
            continue
        # scikit-learn counts the missing category here, although transform does not.
        kept = [k for k in range(len(column_codes)) if k >= len(group) or group[k] < max(group)]
        infrequent_place.append(float(len(kept)))
        choices.append([column_codes[k] for k in kept])
    return OrdinalInverse(choices, missing_place, infrequent_place, missing_value, unknown_value)
