"""Normalizer."""

from typing import Any, Self

import torch
from torch import Tensor

from sk2torch.base import ANY_WIDTH, Column, TorchEstimator, register
from sk2torch.functional.sparse import unit_rows

# scikit-learn divides by 1 instead of a norm below ten times the precision of float64.
_SMALLEST_NORM = 2.220446049250313e-15


@register("sklearn.preprocessing.Normalizer")
class TorchNormalizer(TorchEstimator):
    """Rows of norm 1: ``x / norm(x)``; rows whose norm is next to zero stay as they are.

    Args:
        n_features_in: width of the input, or ``ANY_WIDTH`` if it was never fitted.
        norm: ``"l1"``, ``"l2"`` or ``"max"``.
    """

    accepts_sparse = True
    keeps_sparse = True

    def __init__(self, n_features_in: int, norm: str) -> None:
        super().__init__(n_features_in)
        self.norm = norm
        self.smallest = _SMALLEST_NORM

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        return cls(len(columns) or ANY_WIDTH, str(estimator.norm))

    def transform(self, x: Tensor) -> Tensor:
        x = self.prepare(x)
        if x.is_sparse_csr:
            # scikit-learn has no smallest norm here.
            return unit_rows(x, self.norm)
        if self.norm == "l2":
            squared = torch.sum(x * x, dim=1, keepdim=True)
            # The root of zero has no slope.
            is_zero = torch.sqrt(squared.detach()) < self.smallest
            return x / torch.sqrt(torch.where(is_zero, 1.0, squared))
        size = torch.abs(x)
        norm = torch.sum(size, dim=1, keepdim=True) if self.norm == "l1" else torch.amax(size, dim=1, keepdim=True)
        return x / torch.where(norm < self.smallest, 1.0, norm)
