"""NearestNeighbors."""

from typing import Any, Self

from torch import Tensor

from sk2torch.base import Column, TorchEstimator, register
from sk2torch.blocks.neighbor_search import NeighborSearch
from sk2torch.estimators.neighbors.reading import read_n_neighbors, read_search, read_width

_BY_NUMBER = ["kneighbors", "kneighbors_graph"]
_BY_RADIUS = ["radius_neighbors", "radius_neighbors_graph"]


@register("sklearn.neighbors.NearestNeighbors")
class TorchNearestNeighbors(TorchEstimator):
    """Distances to the nearest stored rows and their indices.

    Rows at equal distances are found as scikit-learn finds them by its trees, or one query at a time without one;
    metrics that scikit-learn leaves to scipy take the lowest index. Graphs hold ones.

    Args:
        n_features_in: width of the input; the number of stored rows for precomputed distances.
        search: see ``blocks.neighbor_search``.
        n_neighbors: how many are found.

    Raises:
        UnsupportedParameter: a metric that is a function or an object, or has parameters that cannot be reproduced;
            sparse precomputed distances; more neighbours than rows, with no radius either.
    """

    fitted_attributes = {"search.rows": "_fit_X"}

    def __init__(self, n_features_in: int, search: NeighborSearch, n_neighbors: int) -> None:
        super().__init__(n_features_in)
        self.search = search
        self.n_neighbors = n_neighbors

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        n_neighbors, radius = estimator.n_neighbors, estimator.radius
        too_many = n_neighbors is None or n_neighbors > estimator.n_samples_fit_
        search = read_search(estimator, columns, radius)
        k = 1 if too_many and radius is not None else read_n_neighbors(estimator)
        module = cls(read_width(estimator, search), search, k)
        module.refused_methods = (_BY_NUMBER if too_many else []) + (_BY_RADIUS if radius is None else [])
        return module

    def kneighbors(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return self.search.neighbors(self.prepare(x), self.n_neighbors)

    def radius_neighbors(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        return self.search.within(self.prepare(x))

    def kneighbors_graph(self, x: Tensor) -> Tensor:
        return self.search.nearest_graph(self.prepare(x), self.n_neighbors, False)

    def radius_neighbors_graph(self, x: Tensor) -> Tensor:
        return self.search.radius_graph(self.prepare(x), False)
