"""KNeighborsRegressor."""

from typing import Any, Self

import torch
from torch import Tensor, nn

from sk2torch.base import Column, TorchEstimator, register
from sk2torch.blocks.neighbor_search import NeighborSearch
from sk2torch.estimators.neighbors.reading import read_n_neighbors, read_search, read_width
from sk2torch.estimators.neighbors.targets import target_values
from sk2torch.estimators.neighbors.weights import read_weights
from sk2torch.functional.neighbor_votes import target_means
from sk2torch.functional.numpy_sums import numpy_sum


@register("sklearn.neighbors.KNeighborsRegressor")
class TorchKNeighborsRegressor(TorchEstimator):
    """Weighted mean of the targets of the nearest stored rows, ``sum_j w_j y_j / sum_j w_j``.

    Weights are 1, or the inverse of the distance; where some distances are zero, only these rows count. Or they are a
    function of the distances that takes arrays and tensors alike; one that looks beyond a row sees a batch at a time.
    Targets fitted in float32 are averaged in it, as scikit-learn does with weights of 1.

    Args:
        n_features_in: width of the input; the number of stored rows for precomputed distances.
        search: see ``blocks.neighbor_search``.
        n_neighbors: how many are found.
        targets: shape ``(n_rows, n_targets)``.
        is_flat: ``predict`` has the shape ``(n_samples,)``.
        by_distance: weights are the inverse of the distance, or a function of it.
        is_single: the targets are float32, and averaged as such.

    Raises:
        UnsupportedParameter: ``weights`` that are a function which does not run on tensors; a ``metric`` that is a
            function, or has parameters that cannot be reproduced; sparse precomputed distances; more neighbours than
            rows; a target of other than real numbers.
    """

    fitted_attributes = {"search.rows": "_fit_X", "targets": "_y"}

    def __init__(
        self,
        n_features_in: int,
        search: NeighborSearch,
        n_neighbors: int,
        targets: Tensor,
        is_flat: bool,
        by_distance: bool,
        is_single: bool,
    ) -> None:
        super().__init__(n_features_in)
        self.search = search
        self.n_neighbors = n_neighbors
        self.targets = nn.Parameter(targets)
        self.is_flat = is_flat
        self.by_distance = by_distance
        self.is_single = is_single

    @property
    def fixed_tensors(self) -> dict[str, str]:
        return {"targets": "scikit-learn averages them in float32; fit on float64"} if self.is_single else {}

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        search, k = read_search(estimator, columns), read_n_neighbors(estimator)
        by_distance = read_weights(estimator, search)
        targets, is_flat, is_single = target_values(estimator)
        return cls(
            read_width(estimator, search), search, k, targets, is_flat, by_distance, is_single and not by_distance
        )

    def predict(self, x: Tensor) -> Tensor:
        x = self.prepare(x)
        index, weights = self.search.weighted(x, self.n_neighbors, self.by_distance)
        if not self.is_single:
            mean = target_means(index, weights, self.targets, self.by_distance)
            return mean[:, 0] if self.is_flat else mean
        chosen = self.targets.index_select(0, index.reshape(-1)).reshape(
            index.shape[0], index.shape[1], self.targets.shape[1]
        )
        chosen = chosen.to(torch.float32)
        sums = numpy_sum(chosen[:, :, 0]).unsqueeze(1) if chosen.shape[2] == 1 else _added(chosen)
        mean = (sums / index.shape[1]).to(x.dtype)
        return mean[:, 0] if self.is_flat else mean

    def kneighbors(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return self.search.neighbors(self.prepare(x), self.n_neighbors)

    def kneighbors_graph(self, x: Tensor) -> Tensor:
        return self.search.nearest_graph(self.prepare(x), self.n_neighbors, False)


def _added(chosen: Tensor) -> Tensor:
    """Sum over the neighbours, one after the other; torch's own sums keep more digits than float32."""
    total = chosen[:, 0]
    for j in range(1, chosen.shape[1]):
        total = total + chosen[:, j]
    return total
