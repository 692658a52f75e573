"""FeatureAgglomeration."""

from typing import Any, Self

import numpy as np
import torch
from torch import Tensor

from sk2torch.base import Column, TorchEstimator, UnsupportedParameter, read, register
from sk2torch.ops.pairwise import safe_root

_POOLINGS = ("mean", "max", "amax", "min", "amin", "sum", "median", "ptp", "std", "var")


@register("sklearn.cluster.FeatureAgglomeration")
class TorchFeatureAgglomeration(TorchEstimator):
    """Each cluster of features pooled to one: their mean, largest, smallest, sum, median, range or spread.

    ``inverse_transform`` gives each feature its cluster's value.

    Raises:
        UnsupportedParameter: a ``pooling_func`` other than numpy's ``mean``, ``max``, ``min``, ``sum``, ``median``,
            ``ptp``, ``std`` or ``var``.

    Args:
        labels: cluster of each feature, int64, shape ``(n_features,)``.
        pooling: numpy's name of the function.
    """

    shares: Tensor
    members: Tensor
    filling: Tensor

    def __init__(self, labels: Tensor, pooling: str) -> None:
        super().__init__(labels.shape[0])
        self.pooling = pooling
        sizes = torch.bincount(labels)
        members = torch.nn.functional.one_hot(labels).to(torch.float64)
        # Features of each cluster, filled up with its first.
        width = int(sizes.max())
        listed = [torch.nonzero(labels == k)[:, 0] for k in range(sizes.shape[0])]
        table = torch.stack([torch.cat([found, found[:1].expand(width - len(found))]) for found in listed])
        is_filled = torch.arange(width) >= sizes.unsqueeze(1)
        self.n_clusters = int(sizes.shape[0])
        self.size = width
        self.register_buffer("labels", labels)
        self.register_buffer("members", members)
        self.register_buffer("shares", members / sizes)
        self.register_buffer("table", table.reshape(-1))
        self.register_buffer("filling", torch.where(is_filled, torch.inf, 0.0).to(torch.float64))
        # The two middle ones of each cluster, sorted.
        offsets = torch.arange(self.n_clusters) * width
        self.register_buffer("lower_middle", offsets + (sizes - 1) // 2)
        self.register_buffer("upper_middle", offsets + sizes // 2)

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        pooling = next((name for name in _POOLINGS if estimator.pooling_func is getattr(np, name)), None)
        if pooling is None:
            raise UnsupportedParameter(
                f"FeatureAgglomeration: expected pooling_func to be numpy's {', '.join(_POOLINGS)}, got "
                f"{estimator.pooling_func}; pass one of those."
            )
        return cls(read.integers(estimator.labels_), {"amax": "max", "amin": "min"}.get(pooling, pooling))

    def transform(self, x: Tensor) -> Tensor:
        x = self.prepare(x)
        if self.pooling == "mean":
            return x @ self.shares
        if self.pooling == "sum":
            return x @ self.members
        if self.pooling == "var" or self.pooling == "std":
            centered = x - (x @ self.shares).index_select(1, self.labels)
            variance = centered.square() @ self.shares
            return variance if self.pooling == "var" else safe_root(variance)
        listed = x.index_select(1, self.table).reshape(-1, self.n_clusters, self.size)
        if self.pooling == "max":
            return listed.amax(dim=2)
        if self.pooling == "min":
            return listed.amin(dim=2)
        if self.pooling == "ptp":
            return listed.amax(dim=2) - listed.amin(dim=2)
        ordered = torch.sort(listed + self.filling, dim=2)[0].reshape(-1, self.n_clusters * self.size)
        return (ordered.index_select(1, self.lower_middle) + ordered.index_select(1, self.upper_middle)) / 2.0

    def inverse_transform(self, x: Tensor) -> Tensor:
        return x.to(self.anchor.dtype).index_select(1, self.labels)
