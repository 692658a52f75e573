"""AdditiveChi2Sampler."""

import math
from typing import Any, Self

import torch
from torch import Tensor

from sk2torch.base import ANY_WIDTH, Column, TorchEstimator, UnsupportedParameter, refuse_integers, register

_INTERVALS = {1: 0.8, 2: 0.5, 3: 0.4}


@register("sklearn.kernel_approximation.AdditiveChi2Sampler")
class TorchAdditiveChi2Sampler(TorchEstimator):
    """``sqrt(l x)``, then ``r_j cos(j l log x)`` and ``r_j sin(j l log x)`` for ``j = 1, 2, ...``, of all features.

    ``r_j = sqrt(2 l x / cosh(pi j l))`` with the interval ``l``; all are 0 where ``x`` is. Negative values come out as
    NaN, where scikit-learn raises. Tables of integers are refused: scikit-learn rounds its results to zero.

    Args:
        n_features_in: width of the input, or ``ANY_WIDTH`` if it was never fitted.
        n_steps: how often the kernel's spectrum is sampled.
        interval: the distance of the samples.
    """

    keeps_sparse = True

    def __init__(self, n_features_in: int, n_steps: int, interval: float) -> None:
        super().__init__(n_features_in)
        self.n_steps = n_steps
        self.interval = interval
        self.decay = [1.0 / math.cosh(math.pi * j * interval) for j in range(n_steps)]

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        n_steps, interval = int(estimator.sample_steps), estimator.sample_interval
        if interval is None and n_steps not in _INTERVALS:
            raise UnsupportedParameter(
                f"AdditiveChi2Sampler: sample_steps={n_steps} has no default sample_interval, so scikit-learn cannot "
                "transform either; give sample_interval."
            )
        refuse_integers("AdditiveChi2Sampler", columns, each=True)
        return cls(len(columns) or ANY_WIDTH, n_steps, float(_INTERVALS[n_steps] if interval is None else interval))

    def transform(self, x: Tensor) -> Tensor:
        x = self.prepare(x)
        is_zero = x == 0
        # Roots and logarithms of zero have no slope.
        inside = torch.where(is_zero, 1.0, x)
        phase = self.interval * torch.log(inside)
        parts: list[Tensor] = [torch.sqrt(self.interval * inside)]
        for j in range(1, self.n_steps):
            size = torch.sqrt(2.0 * self.interval * self.decay[j] * inside)
            parts.append(size * torch.cos(j * phase))
            parts.append(size * torch.sin(j * phase))
        return torch.cat([torch.where(is_zero, 0.0, part) for part in parts], dim=1)
