"""KNeighborsTransformer and RadiusNeighborsTransformer."""

from typing import Any, Self

from torch import Tensor

from sk2torch.base import Column, TorchEstimator, register
from sk2torch.blocks.neighbor_search import NeighborSearch
from sk2torch.estimators.neighbors.reading import read_n_neighbors, read_search, read_width


@register("sklearn.neighbors.KNeighborsTransformer")
class TorchKNeighborsTransformer(TorchEstimator):
    """The graph of the nearest stored rows; sparse in eager mode and TorchScript, dense in graphs.

    Args:
        n_features_in: width of the input; the number of stored rows for precomputed distances.
        search: see ``blocks.neighbor_search``.
        n_neighbors: how many ``kneighbors`` finds.
        n_edges: how many ``transform`` finds, one more for weighted graphs.
        is_weighted: the graph holds distances, not ones.

    Raises:
        UnsupportedParameter: a metric that is a function or an object, or has parameters that cannot be reproduced;
            sparse precomputed distances; more neighbours than rows.
    """

    fitted_attributes = {"search.rows": "_fit_X"}

    sparse_output = True

    def __init__(
        self, n_features_in: int, search: NeighborSearch, n_neighbors: int, n_edges: int, is_weighted: bool
    ) -> None:
        super().__init__(n_features_in)
        self.search = search
        self.n_neighbors = n_neighbors
        self.n_edges = n_edges
        self.is_weighted = is_weighted

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        search, is_weighted = read_search(estimator, columns), estimator.mode == "distance"
        k, n_edges = read_n_neighbors(estimator), read_n_neighbors(estimator, extra=int(is_weighted))
        return cls(read_width(estimator, search), search, k, n_edges, is_weighted)

    def transform(self, x: Tensor) -> Tensor:
        return self.search.nearest_graph(self.prepare(x), self.n_edges, self.is_weighted)

    def kneighbors(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return self.search.neighbors(self.prepare(x), self.n_neighbors)

    def kneighbors_graph(self, x: Tensor) -> Tensor:
        return self.search.nearest_graph(self.prepare(x), self.n_neighbors, False)


@register("sklearn.neighbors.RadiusNeighborsTransformer")
class TorchRadiusNeighborsTransformer(TorchEstimator):
    """The graph of the stored rows within a radius; sparse in eager mode and TorchScript, dense in graphs.

    Args:
        n_features_in: width of the input; the number of stored rows for precomputed distances.
        search: see ``blocks.neighbor_search``.
        is_weighted: the graph holds distances, not ones.

    Raises:
        UnsupportedParameter: a metric that is a function or an object, or has parameters that cannot be reproduced;
            sparse precomputed distances.
    """

    fitted_attributes = {"search.rows": "_fit_X"}

    sparse_output = True

    def __init__(self, n_features_in: int, search: NeighborSearch, is_weighted: bool) -> None:
        super().__init__(n_features_in)
        self.search = search
        self.is_weighted = is_weighted

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        search = read_search(estimator, columns, estimator.radius)
        return cls(read_width(estimator, search), search, estimator.mode == "distance")

    def transform(self, x: Tensor) -> Tensor:
        return self.search.radius_graph(self.prepare(x), self.is_weighted)

    def radius_neighbors(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        return self.search.within(self.prepare(x))

    def radius_neighbors_graph(self, x: Tensor) -> Tensor:
        return self.search.radius_graph(self.prepare(x), False)
