"""Isomap."""

from typing import Any, Self

import torch
from torch import Tensor, nn

from sk2torch.base import Column, TorchEstimator, read, register, wrap_child
from sk2torch.ops.loops import graph_loop


@register("sklearn.manifold.Isomap")
class TorchIsomap(TorchEstimator):
    """Kernel PCA of ``-g^2 / 2`` for the geodesic distances ``g`` to the stored rows.

    ``g_i = min_j (d(x, row_j) + geodesic_ji)`` over the nearest stored rows, or those within the radius; rows without
    any come out as NaN, where scikit-learn raises.

    Raises:
        UnsupportedParameter: what NearestNeighbors refuses: a metric that is a function or an object, sparse
            precomputed distances.

    Args:
        geodesic: between the stored rows, shape ``(n_rows, n_rows)``.
        neighbors: wrapped NearestNeighbors over the rows.
        projection: wrapped KernelPCA of a precomputed kernel.
        n_neighbors: how many are used; 0 for those within the radius.
    """

    fitted_attributes = {"geodesic": "dist_matrix_"}

    def __init__(self, geodesic: Tensor, neighbors: TorchEstimator, projection: nn.Module, n_neighbors: int) -> None:
        super().__init__(neighbors.n_features_in)
        self.geodesic = nn.Parameter(geodesic)
        self.neighbors = neighbors
        self.projection = projection
        self.n_neighbors = n_neighbors

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        return cls(
            geodesic=read.matrix(estimator.dist_matrix_),
            neighbors=wrap_child(estimator.nbrs_, columns),
            projection=wrap_child(estimator.kernel_pca_),
            n_neighbors=0 if estimator.n_neighbors is None else int(estimator.n_neighbors),
        )

    def transform(self, x: Tensor) -> Tensor:
        x = self.prepare(x)
        if self.n_neighbors > 0:
            distance, index = self.neighbors.search.neighbors(x, self.n_neighbors)
            shortest = _through_nearest(distance, index, self.geodesic)
        else:
            blocks: list[Tensor] = []
            rows = self.neighbors.search.stored_rows()
            geodesic = self.geodesic.index_select(0, self.neighbors.search.storage)
            for block in self.neighbors.search.query_blocks(x):
                reduced = self.neighbors.search.reduced(block, rows)
                inside = reduced <= self.neighbors.search.radius
                distance = self.neighbors.search.finished(torch.where(inside, reduced, torch.ones_like(reduced)))
                blocks.append(_through_any(torch.where(inside, distance, float("inf")), geodesic))
            shortest = torch.cat(blocks)
        has_neighbors = (shortest < float("inf")).all(dim=1, keepdim=True)
        kernel = -0.5 * torch.where(has_neighbors, shortest, torch.zeros_like(shortest)).square()
        result = self.projection.transform(kernel)
        return torch.where(has_neighbors, result, torch.full_like(result, float("nan")))


def _through_nearest(distance: Tensor, index: Tensor, geodesic: Tensor) -> Tensor:
    """``min_j (distance_j + geodesic[index_j])``, shape ``(n, n_rows)``, for ``(n, k)`` distances and indices."""
    n, k = index.shape
    if not torch.jit.is_scripting():  # noqa: SIM102
        if torch.compiler.is_compiling() and (k > 16 or not torch.compiler.is_exporting()):
            chosen = geodesic.index_select(0, index.reshape(-1)).reshape(n, k, geodesic.shape[1])
            return (chosen + distance.unsqueeze(2)).amin(dim=1)
    shortest = geodesic.index_select(0, index[:, 0]) + distance[:, :1]
    for j in range(1, k):
        shortest = torch.minimum(shortest, geodesic.index_select(0, index[:, j]) + distance[:, j : j + 1])
    return shortest


def _through_any(distance: Tensor, geodesic: Tensor) -> Tensor:
    """``min_j (distance_j + geodesic_j)``, shape ``(n, n_rows)``, for distances ``(n, n_rows)``, infinite for some."""
    start = torch.full(
        [distance.shape[0], geodesic.shape[1]], float("inf"), dtype=distance.dtype, device=distance.device
    )
    if not torch.jit.is_scripting():  # noqa: SIM102
        if torch.compiler.is_compiling():
            return _loop(distance, geodesic, start)
    shortest = start
    for j in range(geodesic.shape[0]):
        shortest = torch.minimum(shortest, geodesic[j] + distance[:, j : j + 1])
    return shortest


def _loop(distance: Tensor, geodesic: Tensor, start: Tensor) -> Tensor:
    """The minimum as one loop of a graph over the stored rows."""
    n_rows = geodesic.shape[0]
    if torch.compiler.is_exporting():
        # An exported loop has no gradient, and is not to be asked for one.
        distance, geodesic = distance.detach(), geodesic.detach()

    def unfinished(j: Tensor, shortest: Tensor) -> Tensor:
        return j[0] < n_rows

    def advance(j: Tensor, shortest: Tensor) -> tuple[Tensor, ...]:
        return j + 1, torch.minimum(shortest, geodesic.index_select(0, j) + distance.index_select(1, j))

    first = torch.zeros(1, dtype=torch.int64, device=distance.device)
    return graph_loop(unfinished, advance, (first, start))[1]
