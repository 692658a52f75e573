"""Binarizer."""

from typing import Any, Self

import torch
from torch import Tensor

from sk2torch.base import ANY_WIDTH, Column, TorchEstimator, read, register
from sk2torch.functional.sparse import with_values


@register("sklearn.preprocessing.Binarizer")
class TorchBinarizer(TorchEstimator):
    """``1 if x > threshold else 0``; NaN stays NaN.

    Args:
        n_features_in: width of the input, or ``ANY_WIDTH`` if it was never fitted.
        threshold: a tensor of no dimensions.
    """

    keeps_sparse = True
    keeps_input_dtype = True

    threshold: Tensor

    def __init__(self, n_features_in: int, threshold: Tensor) -> None:
        super().__init__(n_features_in)
        self.register_buffer("threshold", threshold)
        # Zeros that a sparse matrix leaves out stay zeros unless the threshold is negative.
        self.takes_sparse = bool(threshold >= 0)

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        return cls(len(columns) or ANY_WIDTH, read.tensor(estimator.threshold))

    def transform(self, x: Tensor) -> Tensor:
        x = self.prepare(x).detach()
        if x.is_sparse_csr:
            return with_values(x, self.binary(x.values()))
        return self.binary(x)

    def binary(self, x: Tensor) -> Tensor:
        """1 above the threshold, else 0; NaN stays."""
        return torch.where(torch.isnan(x), x, (x > self.threshold).to(x.dtype))
