"""OneHotEncoder."""

from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn

from sk2torch.base import Column, TorchEstimator, read, register
from sk2torch.base.decoding import INFREQUENT_MARKER, UNKNOWN_MARKER
from sk2torch.blocks.categories import CategoryLookup, CategoryTable
from sk2torch.estimators.preprocessing.categories import REFUSAL, category_codes, check_dtype, infrequent_groups
from sk2torch.functional.unknown import refuse_rows


class OneHotInverse(nn.Module):
    """Per column the category of the greatest value; rows of zeros have an answer of their own.

    Args:
        choices: values of each column's categories in the order of the output, then that of a row
            of zeros; NaN where such a row is refused.
        zeros_refused: shape ``(n_columns,)``, whether a row of zeros is an error.
        name: the estimator that the error speaks of.
    """

    zeros_refused: Tensor

    def __init__(self, choices: list[list[float]], zeros_refused: Tensor, name: str = "OneHotEncoder") -> None:
        super().__init__()
        self.refusal = f"{name}: cannot invert rows that are all zeros for a column without a dropped category."
        self.widths = [len(values) - 1 for values in choices]
        self.n_outputs = sum(self.widths)
        self.table = CategoryTable(choices)
        self.register_buffer("zeros", torch.tensor(self.widths, dtype=torch.int64))
        self.register_buffer("zeros_refused", zeros_refused)

    def forward(self, x: Tensor) -> Tensor:
        """Shape ``(n_samples, n_columns)``, from ``(n_samples, n_outputs)``."""
        if x.dim() != 2 or x.shape[1] != self.n_outputs:
            raise ValueError(f"Expected an input of shape (n_samples, {self.n_outputs}).")
        chosen: list[Tensor] = []
        start = 0
        for width in self.widths:
            if width == 0:
                chosen.append(torch.zeros(x.shape[0], dtype=torch.int64, device=x.device))
            else:
                part = x.narrow(1, start, width)
                best = part.argmax(dim=1)
                chosen.append(torch.where(part.sum(dim=1) == 0, width, best))
            start += width
        index = torch.stack(chosen, dim=1)
        wrong = ((index == self.zeros) & self.zeros_refused).any(dim=1)
        return refuse_rows(self.table(index), wrong, self.refusal)


@register("sklearn.preprocessing.OneHotEncoder")
class TorchOneHotEncoder(TorchEstimator):
    """One column of zeros and ones for each category: ``1 if x[:, j] == category else 0``.

    Infrequent categories share a column, dropped ones have none, unknown ones are zeros or
    infrequent. For ``handle_unknown='error'`` an unknown category raises ``ValueError``, and makes a
    row of NaN in compiled and exported graphs. scikit-learn's warning of unknown categories is not
    given. ``inverse_transform`` gives the categories as the input has them, with the markers of
    ``base.decoding`` for unknown and infrequent ones.

    Args:
        lookup: number of each value's category within its column, -1 for unknown ones.
        column: int64, shape ``(n_outputs,)``: the input column of each output.
        category: int32, shape ``(n_outputs,)``: the number of each output's category.
        inverse: the way back.
        refuses_unknown: whether an unknown category is an error.
    """

    def __init__(
        self, lookup: CategoryLookup, column: Tensor, category: Tensor, inverse: OneHotInverse, refuses_unknown: bool
    ) -> None:
        super().__init__(len(inverse.widths))
        self.lookup = lookup
        self.inverse = inverse
        self.refuses_unknown = refuses_unknown
        self.refusal = "OneHotEncoder: " + REFUSAL
        self.register_buffer("column", column)
        self.register_buffer("category", category)

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        codes = category_codes(estimator, columns)
        groups = infrequent_groups(estimator)
        numbers = [list(range(len(c))) if g is None else g for c, g in zip(codes, groups, strict=True)]
        unknown = [
            max(g) if g is not None and to else -1
            for g, to in zip(groups, _unknown_is_infrequent(estimator), strict=True)
        ]
        kept = [_kept(estimator, j, max(n) + 1) for j, n in enumerate(numbers)]
        module = cls(
            CategoryLookup(codes, numbers, unknown),
            read.integers([j for j, outputs in enumerate(kept) for _ in outputs]),
            read.integers([number for outputs in kept for number in outputs]).int(),
            _inverse(estimator, codes, groups, kept),
            estimator.handle_unknown == "error",
        )
        module.sparse_output = bool(estimator.sparse_output)
        module.output_dtype = check_dtype(estimator, [0.0, 1.0]).name
        module.inverse_dtype = _inverse_dtype(estimator, groups)
        return module

    def transform(self, x: Tensor) -> Tensor:
        x = self.prepare(x)
        number = self.lookup(x)
        # Half the memory traffic of int64, in the step that takes the most time.
        result = (number.int().index_select(1, self.column) == self.category).to(x.dtype)
        if self.refuses_unknown:
            return refuse_rows(result, (number < 0).any(dim=1), self.refusal)
        return result

    def inverse_transform(self, x: Tensor) -> Tensor:
        return self.inverse(x.to(self.anchor.dtype))


def _unknown_is_infrequent(estimator: Any) -> list[bool]:
    """Per column whether an unknown category counts as infrequent.

    Versions of scikit-learn differ in this for ``handle_unknown='warn'``, so the encoder itself is
    asked: what does it do with a row of which no category is valid?
    """
    n_columns = len(estimator.categories_)
    is_valid = np.zeros((1, n_columns), dtype=bool)
    estimator._map_infrequent_categories(np.zeros((1, n_columns), dtype=np.int64), is_valid, None)
    return is_valid[0].tolist()


def _dropped(estimator: Any, j: int) -> int | None:
    """The number of column ``j``'s dropped category, infrequent ones counted as one."""
    dropped = estimator._drop_idx_after_grouping
    return None if dropped is None else dropped[j]


def _kept(estimator: Any, j: int, n_groups: int) -> list[int]:
    return [number for number in range(n_groups) if number != _dropped(estimator, j)]


def _inverse(
    estimator: Any, codes: list[list[float]], groups: list[list[int] | None], kept: list[list[int]]
) -> OneHotInverse:
    choices: list[list[float]] = []
    refused: list[bool] = []
    for j, (column_codes, group) in enumerate(zip(codes, groups, strict=True)):
        values = column_codes
        if group is not None:
            frequent = [code for code, number in zip(column_codes, group, strict=True) if number < max(group)]
            values = [*frequent, INFREQUENT_MARKER]
        zeros = _value_of_zeros(estimator, _dropped(estimator, j), column_codes, values, group is not None)
        if not kept[j]:
            # The only category is dropped.
            zeros = column_codes[_dropped(estimator, j)]
        choices.append([*(values[number] for number in kept[j]), float("nan") if zeros is None else zeros])
        refused.append(zeros is None)
    return OneHotInverse(choices, torch.tensor(refused))


def _value_of_zeros(
    estimator: Any, dropped: int | None, codes: list[float], grouped: list[float], has_infrequent: bool
) -> float | None:
    """What a row of zeros stands for; None if it is an error."""
    ignored = estimator.handle_unknown == "ignore"
    if ignored or (estimator.handle_unknown != "error" and not has_infrequent):
        # scikit-learn looks the dropped category up before grouping here, and after it below.
        return UNKNOWN_MARKER if dropped is None else codes[dropped]
    if dropped is None:
        # Where other columns may have a dropped category, an only category needs no index.
        return grouped[0] if estimator._drop_idx_after_grouping is not None and len(grouped) == 1 else None
    return grouped[dropped]


def _inverse_dtype(estimator: Any, groups: list[list[int] | None]) -> str:
    dtypes = [c.dtype for c in estimator.categories_]
    dtypes += [np.dtype(object) for g in groups if g is not None]
    return np.result_type(*dtypes).str
