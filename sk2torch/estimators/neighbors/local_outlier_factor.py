"""LocalOutlierFactor."""

from typing import Any, Self

import torch
from torch import Tensor, nn

from sk2torch.base import Column, TorchEstimator, UnsupportedParameter, read, register, write
from sk2torch.blocks.neighbor_search import NeighborSearch
from sk2torch.estimators.neighbors.reading import read_n_neighbors, read_search, read_width


@register("sklearn.neighbors.LocalOutlierFactor")
class TorchLocalOutlierFactor(TorchEstimator):
    """How much denser the surroundings of the neighbours are: ``score = -mean_j density_j / density(x)``.

    ``density(x) = 1 / (mean_j max(d(x, x_j), reach_j) + 1e-10)`` over the nearest stored rows, ``reach_j`` being the
    distance from row ``j`` to its own last neighbour. ``predict`` is -1 where ``score - offset`` is below zero, else 1.
    Without ``novelty`` there is only the search for neighbours, as in scikit-learn.

    Args:
        n_features_in: width of the input; the number of stored rows for precomputed distances.
        search: see ``blocks.neighbor_search``.
        n_neighbors: how many ``kneighbors`` finds.
        n_scored: how many neighbours the score looks at.
        reach: shape ``(n_rows,)``.
        density: shape ``(n_rows,)``.
        offset: scalar tensor.

    Raises:
        UnsupportedParameter: a metric that is a function or an object, or has parameters that cannot be reproduced;
            sparse precomputed distances.
    """

    fitted_attributes = {"search.rows": "_fit_X", "density": "_lrd", "offset": "offset_"}

    def __init__(
        self,
        n_features_in: int,
        search: NeighborSearch,
        n_neighbors: int,
        n_scored: int,
        reach: Tensor,
        density: Tensor,
        offset: Tensor,
    ) -> None:
        super().__init__(n_features_in)
        self.search = search
        self.n_neighbors = n_neighbors
        self.n_scored = n_scored
        self.reach = nn.Parameter(reach)
        self.density = nn.Parameter(density)
        self.offset = nn.Parameter(offset)

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        search, n_scored = read_search(estimator, columns), int(estimator.n_neighbors_)
        too_many = estimator.n_neighbors > estimator.n_samples_fit_
        module = cls(
            read_width(estimator, search),
            search,
            n_scored if too_many else read_n_neighbors(estimator),
            n_scored,
            read.vector(estimator._distances_fit_X_[:, n_scored - 1]),
            read.vector(estimator._lrd),
            read.tensor(estimator.offset_),
        )
        module.refused_methods = ["kneighbors", "kneighbors_graph"] if too_many else []
        if too_many and not estimator.novelty:
            raise UnsupportedParameter(
                f"LocalOutlierFactor: expected at most {estimator.n_samples_fit_} neighbors, got "
                f"{estimator.n_neighbors}; set n_neighbors to fewer, or fit with novelty=True."
            )
        return module

    @torch.jit.unused
    def write_fitted(self, estimator: Any, changed: set[str]) -> None:
        if "reach" in changed:
            estimator._distances_fit_X_[:, self.n_scored - 1] = write.array(self.reach)

    def score_samples(self, x: Tensor) -> Tensor:
        distance, index = self.search.neighbors(self.prepare(x), self.n_scored)
        flat = index.reshape(-1)
        reach = self.reach.index_select(0, flat).reshape(index.shape)
        density = 1.0 / (torch.maximum(distance, reach).mean(dim=1, keepdim=True) + 1e-10)
        return -(self.density.index_select(0, flat).reshape(index.shape) / density).mean(dim=1)

    def decision_function(self, x: Tensor) -> Tensor:
        return self.score_samples(x) - self.offset

    def predict(self, x: Tensor) -> Tensor:
        return 1 - 2 * (self.decision_function(x) < 0).long()

    def kneighbors(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return self.search.neighbors(self.prepare(x), self.n_neighbors)

    def kneighbors_graph(self, x: Tensor) -> Tensor:
        return self.search.nearest_graph(self.prepare(x), self.n_neighbors, False)
