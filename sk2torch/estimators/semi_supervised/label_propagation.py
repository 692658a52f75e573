"""LabelPropagation and LabelSpreading."""

from typing import Any, Self

import torch
from torch import Tensor, nn

from sk2torch.base import (
    Column,
    TorchClassifier,
    TorchEstimator,
    UnsupportedParameter,
    read,
    register,
    wrap_child,
    write,
)
from sk2torch.blocks.kernel_expansion import KernelExpansion


class NeighborSum(nn.Module):
    """``sum_j values[j]`` over the nearest stored rows ``j``.

    Args:
        search: has ``kneighbors``.
        values: shape ``(n_rows, n_values)``.
    """

    def __init__(self, search: TorchEstimator, values: Tensor) -> None:
        super().__init__()
        self.search = search
        self.values = nn.Parameter(values)

    def forward(self, x: Tensor) -> Tensor:
        """Shape ``(n_samples, n_values)``."""
        _, index = self.search.kneighbors(x)
        chosen = self.values.index_select(0, index.reshape(-1))
        return chosen.reshape(index.shape[0], index.shape[1], self.values.shape[1]).sum(dim=1)


@register("sklearn.semi_supervised.LabelPropagation", "sklearn.semi_supervised.LabelSpreading")
class TorchLabelPropagation(TorchClassifier):
    """Mean of the distributions that the fit gave to its rows, ``sum_j k(x, x_j) p_j / sum_j k(x, x_j)``.

    The kernel is ``exp(-gamma |x - x_j|^2)``, or 1 for the nearest rows and 0 for all others. Far from all rows, where
    every kernel is 0, the probabilities are NaN, and the class is the first.

    Args:
        n_features_in: width of the input.
        classes: the fitted ``classes_``.
        expansion: module giving the sums, shape ``(n_samples, n_classes)``.

    Raises:
        UnsupportedParameter: a kernel that is a function.
    """

    fitted_attributes = {"expansion.rows": "X_", "expansion.gamma": "gamma"}

    def __init__(self, n_features_in: int, classes: Any, expansion: nn.Module) -> None:
        super().__init__(n_features_in, classes)
        self.expansion = expansion

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        name, kernel = type(estimator).__name__, estimator.kernel
        distributions = read.matrix(estimator.label_distributions_)
        if kernel == "knn":
            expansion = NeighborSum(wrap_child(estimator.nn_fit), distributions)
        elif kernel == "rbf":
            expansion = KernelExpansion(read.matrix(estimator.X_), distributions.T.clone(), "rbf", estimator.gamma)
        else:
            raise UnsupportedParameter(
                f"{name}: expected kernel 'rbf' or 'knn', got {kernel!r}, whose code cannot become part of a graph; "
                "pass one of these."
            )
        return cls(int(estimator.n_features_in_), estimator.classes_, expansion)

    @torch.jit.unused
    def write_fitted(self, estimator: Any, changed: set[str]) -> None:
        if "expansion.values" in changed:
            write.attribute(estimator, "label_distributions_", self.expansion.values)
        if "expansion.weights" in changed:
            write.attribute(estimator, "label_distributions_", self.expansion.weights.T)

    def predict_proba(self, x: Tensor) -> Tensor:
        sums = self.expansion(self.prepare(x))
        return sums / sums.sum(dim=1, keepdim=True)

    def predict(self, x: Tensor) -> Tensor:
        return self.labels(self.predict_proba(x).argmax(dim=1))
