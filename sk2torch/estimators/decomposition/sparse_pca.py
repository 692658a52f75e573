"""SparsePCA and MiniBatchSparsePCA."""

import importlib
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn

from sk2torch.base import Column, TorchEstimator, read, register
from sk2torch.blocks.linear import LinearMap, upgrade_matrix


@register("sklearn.decomposition.SparsePCA", "sklearn.decomposition.MiniBatchSparsePCA")
class TorchSparsePCA(TorchEstimator):
    """Ridge regression of ``x - mean`` on the components ``C``: ``(x - mean) @ C.T (C C.T + ridge_alpha I)^-1``.

    A model that was fitted on float32 is evaluated in float32 by scikit-learn, whatever it is asked, and
    agrees to that precision.

    Args:
        components: shape ``(n_components, n_features)``.
        projection: the regression as a matrix, shape ``(n_components, n_features)``.
        mean: shape ``(n_features,)``.
    """

    _version = 2
    fixed_tensors = {
        "components": "the projection is a ridge regression on them",
        "projection.weight": "it is a ridge regression on components_",
        "projection.bias": "scikit-learn adds none",
    }

    fitted_attributes = {"components": "components_", "mean": "mean_"}

    def __init__(self, components: Tensor, projection: Tensor, mean: Tensor) -> None:
        super().__init__(components.shape[1])
        self.components = nn.Parameter(components)
        self.projection = LinearMap(projection, projection.new_zeros(1))
        self.mean = nn.Parameter(mean)

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        components = read.array(estimator.components_)
        # Linear in its targets, so the answers to unit vectors are the matrix. scikit-learn's own function
        # chooses the primal or dual form, and the singular value decomposition for singular systems.
        ridge_regression = importlib.import_module("sklearn.linear_model").ridge_regression
        units = np.eye(components.shape[1])
        projection = ridge_regression(components.T, units, estimator.ridge_alpha, solver="cholesky")
        # A single target comes back without its dimension.
        projection = np.reshape(projection, components.T.shape).T
        return cls(read.matrix(components), read.matrix(projection), read.vector(estimator.mean_))

    @torch.jit.unused
    def upgrade(self, version: int) -> None:
        upgrade_matrix(self, "projection", "projection")

    def transform(self, x: Tensor) -> Tensor:
        return self.projection(self.prepare(x) - self.mean)

    def inverse_transform(self, x: Tensor) -> Tensor:
        return x.to(self.anchor.dtype) @ self.components + self.mean
