"""The Laplace approximation of a binary Gaussian process classifier."""

import math

import torch
from torch import Tensor, nn

from sk2torch.blocks.covariance_sums import covariance_sums
from sk2torch.functional.normal import normal_probability
from sk2torch.ops.row_blocks import keep_block
from sk2torch.ops.triangular import diagonal_inverses, solved_squares

# Numbers held at a time, outside of graphs.
_BLOCK_ELEMENTS = 1048576
# Error functions whose sum approximates the logistic function: slopes and weights (Williams and Barber, appendix A).
_SLOPES = [0.41, 0.4, 0.37, 0.44, 0.39]
_WEIGHTS = [-1854.8214151, 3516.89893646, 221.29346712, 128.12323805, -2010.49422654]


def _error_function(x: Tensor) -> Tensor:
    # ONNX Runtime has it in single precision only.
    if torch.jit.is_scripting():
        return torch.erf(x)
    else:
        if not torch.compiler.is_exporting():
            return torch.erf(x)
        size = torch.where(x < 0.0, -x, x)
        upper = normal_probability(-math.sqrt(2.0) * size)
        value = 1.0 - 2.0 * upper
        return torch.where(x < 0.0, -value, value)


class LaplaceClassifier(nn.Module):
    """Probability of the second of two classes.

    The latent value ``f`` at ``x`` has mean ``K(x, rows) weights`` and variance
    ``k(x, x) - |L^-1 (W^(1/2) K(rows, x))|^2``; the probability is the mean of a sum of five error functions of ``f``.

    Args:
        kernel: a module as in ``blocks.covariance_functions``.
        rows: training rows, shape ``(n_rows, n_features)``.
        weights: shape ``(n_rows,)``.
        root: ``W^(1/2)``, shape ``(n_rows,)``.
        lower: Cholesky factor, shape ``(n_rows, n_rows)``.
    """

    not_quantized = "the inverse of nearly singular covariances magnifies what is rounded"
    slopes: Tensor
    mixing: Tensor
    middle: Tensor

    def __init__(self, kernel: nn.Module, rows: Tensor, weights: Tensor, root: Tensor, lower: Tensor) -> None:
        super().__init__()
        self.kernel = kernel
        self.rows = nn.Parameter(rows)
        self.weights = nn.Parameter(weights)
        self.root = nn.Parameter(root)
        self.register_buffer("lower", lower)
        self.register_buffer("inverses", diagonal_inverses(lower))
        self.register_buffer("slopes", torch.tensor(_SLOPES, dtype=rows.dtype))
        self.register_buffer("mixing", torch.tensor(_WEIGHTS, dtype=rows.dtype))
        self.register_buffer("middle", torch.tensor(0.5 * sum(_WEIGHTS), dtype=rows.dtype))
        self.block_rows = max(1, _BLOCK_ELEMENTS // (rows.shape[0] * int(kernel.width)))

    def latent(self, x: Tensor, with_variance: bool) -> tuple[Tensor, Tensor]:
        """Mean and variance of the latent value, shape ``(n,)`` each."""
        if not torch.jit.is_scripting() and not with_variance:  # noqa: SIM102
            if not torch.compiler.is_exporting():
                sums = covariance_sums(self.kernel, x, self.rows, self.weights.unsqueeze(1))
                if sums is not None:
                    return sums[:, 0], sums[:, 0]
        if not torch.jit.is_scripting():  # noqa: SIM102
            if torch.compiler.is_compiling():
                return self.block_latent(x, with_variance)
        means: list[Tensor] = []
        variances: list[Tensor] = []
        for start in range(0, max(1, x.shape[0]), self.block_rows):
            mean, variance = self.block_latent(x[start : start + self.block_rows], with_variance)
            keep_block(means, mean, start, x.shape[0])
            keep_block(variances, variance, start, x.shape[0])
        if len(means) == 1:
            return means[0], variances[0]
        return torch.cat(means), torch.cat(variances)

    def block_latent(self, x: Tensor, with_variance: bool) -> tuple[Tensor, Tensor]:
        """``latent`` of few rows."""
        covariance = self.kernel(x, self.rows)
        mean = covariance @ self.weights
        if not with_variance:
            return mean, mean
        squares = solved_squares(self.lower, self.inverses, covariance * self.root)
        return mean, self.kernel.diagonal(x) - squares

    def is_second(self, x: Tensor) -> Tensor:
        """Whether each row is of the second class; bool, shape ``(n,)``."""
        return self.latent(x, False)[0] > 0

    def forward(self, x: Tensor) -> Tensor:
        """Probability of the second class, shape ``(n,)``; NaN where rounding leaves no variance."""
        mean, variance = self.latent(x, True)
        mean, variance = mean.unsqueeze(1), variance.unsqueeze(1)
        precision = 1.0 / (2.0 * variance)
        inner = self.slopes * mean * torch.sqrt(precision / (precision + self.slopes.square()))
        # The integral of a normal density times an error function.
        ratio = torch.sqrt(math.pi / precision) / (2.0 * torch.sqrt(variance * 2.0 * math.pi))
        return (self.mixing * (ratio * _error_function(inner))).sum(dim=1) + self.middle
