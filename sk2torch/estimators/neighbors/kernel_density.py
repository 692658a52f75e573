"""KernelDensity."""

import math
from typing import Any, Self

import torch
from torch import Tensor, nn

from sk2torch.base import Column, TorchEstimator, UnsupportedParameter, read, register
from sk2torch.estimators.neighbors.reading import read_tree
from sk2torch.functional.densities import log_kernel, log_kernel_norm
from sk2torch.functional.distances import pairwise_distance
from sk2torch.ops.pairwise import density_sums, log_sum, log_sum_exp
from sk2torch.ops.row_blocks import keep_block


@register("sklearn.neighbors.KernelDensity")
class TorchKernelDensity(TorchEstimator):
    """``log(sum_j w_j K(d(x, x_j) / bandwidth) / sum_j w_j)`` over the stored rows.

    scikit-learn adds and takes away bounds of whole branches of its tree, which leaves rounding errors of some 1e-16 of
    the largest bound: where the density is that much smaller than close to the rows (small bandwidths, more rows than
    two leaves), it has few digits there, and this module all of them.

    Args:
        rows: shape ``(n_rows, n_features)``.
        log_weights: shape ``(n_rows,)``.
        kernel: scikit-learn's name.
        bandwidth: scalar tensor.
        norm: logarithm of what the sum is multiplied with, scalar tensor.
        metric: see ``ops.pairwise.reduced_distance``; also ``power`` and ``weights``.

    Raises:
        UnsupportedParameter: ``atol`` or ``rtol`` other than 0, for which scikit-learn stops at an estimate that
            depends on its tree; a metric that is a function.
    """

    fixed_tensors = {
        "rows": "the tree holds them; fit again",
        "log_weights": "the tree holds them; fit again",
        "norm": "it follows from the bandwidth",
        "bandwidth": "the norm follows from it; use set_params and fit again",
    }

    def __init__(
        self,
        rows: Tensor,
        log_weights: Tensor,
        kernel: str,
        bandwidth: Tensor,
        norm: Tensor,
        metric: str,
        power: float,
        weights: Tensor,
    ) -> None:
        super().__init__(rows.shape[1])
        self.rows = nn.Parameter(rows)
        self.log_weights = nn.Parameter(log_weights)
        self.kernel = kernel
        self.bandwidth = nn.Parameter(bandwidth)
        self.norm = nn.Parameter(norm)
        self.metric = metric
        self.power = power
        # Size of the largest temporary in eager mode and TorchScript.
        self.block_elements = 262144
        self.register_buffer("weights", weights)

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        if estimator.atol != 0 or estimator.rtol != 0:
            raise UnsupportedParameter(
                f"KernelDensity: expected atol=0 and rtol=0, got atol={estimator.atol} and rtol={estimator.rtol}, with "
                "which the result is an estimate; call set_params(atol=0, rtol=0), which needs no new fit."
            )
        form, power, weights, rows = read_tree("KernelDensity", estimator.tree_)
        given = estimator.tree_.sample_weight
        masses = torch.ones(rows.shape[0], dtype=torch.float64) if given is None else read.vector(given)
        # In the order of the tree, rows that are near each other lie side by side.
        order = read.integers(estimator.tree_.get_arrays()[1])
        rows, masses = rows[order], masses[order]
        bandwidth = float(estimator.bandwidth_)
        norm = log_kernel_norm(bandwidth, rows.shape[1], estimator.kernel) - math.log(float(masses.sum()))
        return cls(
            rows, masses.log(), estimator.kernel, read.tensor(bandwidth), read.tensor(norm), form.metric, power, weights
        )

    def score_samples(self, x: Tensor) -> Tensor:
        x = self.prepare(x)
        if self.metric == "euclidean" and self.kernel == "gaussian":
            rate = 0.5 / (self.bandwidth * self.bandwidth)
            density = log_sum(x, self.rows, self.log_weights, "direct_squared_distance", "scaled", rate)
            return density + self.norm
        if self.metric == "euclidean" and self.kernel == "exponential":
            rate = 1.0 / self.bandwidth
            density = log_sum(x, self.rows, self.log_weights, "direct_squared_distance", "scaled_root", rate)
            return density + self.norm
        if not torch.jit.is_scripting():
            if torch.compiler.is_compiling():
                return self.log_density(x)
            largest = self.log_weights.detach().amax()
            masses = (self.log_weights - largest).exp()
            settings = (self.kernel, self.bandwidth, self.metric, self.power, self.weights)
            sums = density_sums(x, self.rows, masses, *settings)
            if sums is not None:
                return sums.log() + (largest + self.norm)
        step = max(1, self.block_elements // self.rows.shape[0])
        blocks: list[Tensor] = []
        for start in range(0, max(1, x.shape[0]), step):
            keep_block(blocks, self.log_density(x[start : start + step]), start, x.shape[0])
        return torch.cat(blocks) if len(blocks) > 1 else blocks[0]

    def log_density(self, x: Tensor) -> Tensor:
        """``score_samples`` of one block of rows."""
        distance = pairwise_distance(x, self.rows, self.metric, self.power, self.weights)
        return log_sum_exp(log_kernel(distance, self.bandwidth, self.kernel) + self.log_weights) + self.norm
