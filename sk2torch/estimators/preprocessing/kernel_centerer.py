"""KernelCenterer."""

from typing import Any, Self

import torch
from torch import Tensor, nn

from sk2torch.base import Column, TorchEstimator, read, register


@register("sklearn.preprocessing.KernelCenterer")
class TorchKernelCenterer(TorchEstimator):
    """Kernel values as if the training rows had mean zero in feature space.

    ``k(x, y) - mean_i k(x_i, y) - mean_j k(x, x_j) + mean_ij k(x_i, x_j)``; a row of the input holds one point's kernel
    with each of the training rows.

    Args:
        column_means: shape ``(n_train,)``, mean of each column of the training kernel.
        mean: their mean, a tensor of no dimensions.
    """

    fitted_attributes = {"column_means": "K_fit_rows_", "mean": "K_fit_all_"}

    def __init__(self, column_means: Tensor, mean: Tensor) -> None:
        super().__init__(column_means.shape[0])
        self.column_means = nn.Parameter(column_means)
        self.mean = nn.Parameter(mean)

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        return cls(read.vector(estimator.K_fit_rows_), read.tensor(estimator.K_fit_all_).reshape(()))

    def transform(self, x: Tensor) -> Tensor:
        x = self.prepare(x)
        row_mean = torch.sum(x, dim=1, keepdim=True) / x.shape[1]
        return x - self.column_means - row_mean + self.mean
