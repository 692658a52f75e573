"""LocallyLinearEmbedding."""

from typing import Any, Self

import torch
from torch import Tensor, nn

from sk2torch.base import Column, TorchEstimator, read, register, wrap_child
from sk2torch.functional.linear_systems import solve_positive


@register("sklearn.manifold.LocallyLinearEmbedding")
class TorchLocallyLinearEmbedding(TorchEstimator):
    """The embedded neighbours, weighted so that the neighbours themselves sum to ``x``.

    The weights solve ``(C C.T + r I) w = 1``, divided by their sum, where ``C`` are the differences of the nearest
    stored rows to x and ``r = reg trace(C C.T)``, or ``reg`` where the trace is zero. All methods share it.

    With ``reg=0`` a singular system comes out as NaN or infinity; scikit-learn raises.

    Args:
        rows: shape ``(n_rows, n_features)``.
        embedding: of the rows, shape ``(n_rows, n_components)``.
        neighbors: wrapped NearestNeighbors over the rows.
        n_neighbors: how many are used.
        reg: shape ``()``.
    """

    fixed_tensors = {"rows": "the search for neighbours has them, too; fit again"}

    fitted_attributes = {"embedding": "embedding_", "reg": "reg"}

    reg: Tensor

    def __init__(self, rows: Tensor, embedding: Tensor, neighbors: nn.Module, n_neighbors: int, reg: Tensor) -> None:
        super().__init__(rows.shape[1])
        self.rows = nn.Parameter(rows)
        self.embedding = nn.Parameter(embedding)
        self.neighbors = neighbors
        self.n_neighbors = n_neighbors
        self.register_buffer("reg", reg)

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        return cls(
            rows=read.matrix(estimator.nbrs_._fit_X),
            embedding=read.matrix(estimator.embedding_),
            neighbors=wrap_child(estimator.nbrs_),
            n_neighbors=int(estimator.n_neighbors),
            reg=read.tensor(estimator.reg),
        )

    def transform(self, x: Tensor) -> Tensor:
        x = self.prepare(x)
        index = self.neighbors.search.nearest(x, self.n_neighbors)
        flat = index.reshape(-1)
        difference = self.rows.index_select(0, flat).reshape(index.shape[0], self.n_neighbors, x.shape[1])
        difference = difference - x.unsqueeze(1)
        products = difference @ difference.transpose(1, 2)
        unit = torch.eye(self.n_neighbors, dtype=x.dtype, device=x.device)
        trace = (products * unit).sum(dim=2, keepdim=True).sum(dim=1, keepdim=True)
        penalty = self.reg * torch.where(trace > 0, trace, torch.ones_like(trace))
        weights = solve_positive(products + penalty * unit, torch.ones_like(index, dtype=x.dtype))
        weights = weights / weights.sum(dim=1, keepdim=True)
        embedded = self.embedding.index_select(0, flat)
        return (weights.unsqueeze(2) * embedded.reshape(index.shape[0], self.n_neighbors, embedded.shape[1])).sum(dim=1)
