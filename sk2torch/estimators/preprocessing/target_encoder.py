"""TargetEncoder."""

from typing import Any, Self

import numpy as np
import torch
from torch import Tensor

from sk2torch.base import Column, TorchEstimator, read, register, write
from sk2torch.blocks.categories import CategoryLookup
from sk2torch.blocks.sorted_columns import ColumnTable
from sk2torch.estimators.preprocessing.categories import category_codes


@register("sklearn.preprocessing.TargetEncoder")
class TorchTargetEncoder(TorchEstimator):
    """The mean target of each value's category, smoothed; that of all rows for an unknown category.

    With more than two classes there is a column for each feature and class, those of a feature side by side. This is
    what ``transform`` does: the cross-fitted result of ``fit_transform`` belongs to the training rows alone.

    Args:
        lookup: number of each value's category within its column, the number of categories for unknown ones.
        encodings: for each output the value of each category, then that of an unknown one.
        column: int64, shape ``(n_outputs,)``: the input column of each output.
    """

    def __init__(self, lookup: CategoryLookup, encodings: ColumnTable, column: Tensor, n_features: int) -> None:
        super().__init__(n_features)
        self.lookup = lookup
        self.encodings = encodings
        self.register_buffer("column", column)

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        codes = category_codes(estimator, columns)
        means = np.atleast_1d(read.array(estimator.target_mean_))
        values = [np.append(read.array(e), means[k % len(means)]) for k, e in enumerate(estimator.encodings_)]
        return cls(
            CategoryLookup(codes, [list(range(len(c))) for c in codes], [len(c) for c in codes]),
            ColumnTable(values),
            read.integers(np.arange(len(values)) // len(means)),
            len(codes),
        )

    @torch.jit.unused
    def write_fitted(self, estimator: Any, changed: set[str]) -> None:
        lengths = [len(e) + 1 for e in estimator.encodings_]
        tables = write.array(self.encodings.values.detach()).copy()
        ends = np.cumsum(lengths)
        for k, (length, end) in enumerate(zip(lengths, ends, strict=True)):
            name = f"TargetEncoder.encodings_[{k}]"
            estimator.encodings_[k] = write.replaced(estimator.encodings_[k], tables[end - length : end - 1], name)
        # Of an unknown category, the same for all features.
        unknown = tables[ends - 1][: np.size(estimator.target_mean_)]
        write.attribute(estimator, "target_mean_", unknown)

    def transform(self, x: Tensor) -> Tensor:
        number = self.lookup(self.prepare(x).detach())
        return self.encodings(number.index_select(1, self.column))
