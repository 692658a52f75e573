"""LatentDirichletAllocation."""

from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn

from sk2torch.base import Column, TorchEstimator, read, register
from sk2torch.functional.dirichlet import expected_log_exponential
from sk2torch.ops.loops import graph_loop


@register("sklearn.decomposition.LatentDirichletAllocation")
class TorchLatentDirichletAllocation(TorchEstimator):
    """Topics of each document by variational inference: Dirichlet concentrations, divided by their sum.

    From ``gamma = 1`` it repeats, for each row on its own,
    ``gamma <- prior + e * ((x / (e @ B + eps)) @ B.T)`` with ``e = exp(E[log theta | gamma])``, until the mean
    absolute change of gamma is below the tolerance.

    Rows with negative values come out as NaN; scikit-learn raises. A model that was fitted on float32 is
    evaluated in float32 by scikit-learn, whatever it is asked, and agrees to that precision.

    Args:
        words: ``B = exp(E[log beta])``, shape ``(n_components, n_features)``.
        prior: shape ``()``.
        epsilon: shape ``()``.
        tolerance: of the mean change.
        limit: largest number of iterations.
    """

    fitted_attributes = {"words": "exp_dirichlet_component_"}

    prior: Tensor
    epsilon: Tensor

    def __init__(self, words: Tensor, prior: Tensor, epsilon: Tensor, tolerance: float, limit: int) -> None:
        super().__init__(words.shape[1])
        self.words = nn.Parameter(words)
        self.register_buffer("prior", prior)
        self.register_buffer("epsilon", epsilon)
        self.tolerance = tolerance
        self.limit = limit

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        return cls(
            words=read.matrix(estimator.exp_dirichlet_component_),
            prior=read.tensor(estimator.doc_topic_prior_),
            epsilon=read.tensor(np.finfo(estimator.components_.dtype).eps),
            tolerance=float(estimator.mean_change_tol),
            limit=int(estimator.max_doc_update_iter),
        )

    def transform(self, x: Tensor) -> Tensor:
        x = self.prepare(x)
        is_negative = (x < 0).any(dim=1, keepdim=True)
        x = torch.where(is_negative, torch.zeros_like(x), x)
        start = torch.ones([x.shape[0], self.words.shape[0]], dtype=x.dtype, device=x.device)
        gamma = _inferred(x, start, self.words, self.prior, self.epsilon, self.tolerance, self.limit)
        shares = gamma / gamma.sum(dim=1, keepdim=True)
        return torch.where(is_negative, torch.full_like(shares, float("nan")), shares)


def _inferred(
    x: Tensor, gamma: Tensor, words: Tensor, prior: Tensor, epsilon: Tensor, tolerance: float, limit: int
) -> Tensor:
    active = gamma[:, :1] > 0
    if not torch.jit.is_scripting():  # noqa: SIM102
        if torch.compiler.is_compiling():
            return _loop(x, gamma, words, prior, epsilon, tolerance, limit)
    for _ in range(limit):
        gamma, active = _step(x, gamma, active, words, prior, epsilon, tolerance)
        if not bool(active.any()):
            break
    return gamma


def _step(
    x: Tensor, gamma: Tensor, active: Tensor, words: Tensor, prior: Tensor, epsilon: Tensor, tolerance: float
) -> tuple[Tensor, Tensor]:
    """One update of the active rows, and which rows go on."""
    topics = expected_log_exponential(gamma)
    # Not a transpose, which is an alias that a loop's body may not have.
    new = topics * nn.functional.linear(x / (topics @ words + epsilon), words) + prior
    moves = (new - gamma).abs().mean(dim=1, keepdim=True) >= tolerance
    return torch.where(active, new, gamma), active & moves


def _loop(
    x: Tensor, gamma: Tensor, words: Tensor, prior: Tensor, epsilon: Tensor, tolerance: float, limit: int
) -> Tensor:
    """The updates as one loop of a graph."""
    if torch.compiler.is_exporting():
        # An exported loop has no gradient, and is not to be asked for one.
        x, words = x.detach(), words.detach()
    start = torch.zeros(1, dtype=torch.int64, device=x.device)

    def unfinished(step: Tensor, gamma: Tensor, active: Tensor) -> Tensor:
        return (step[0] < limit) & active.any()

    def advance(step: Tensor, gamma: Tensor, active: Tensor) -> tuple[Tensor, ...]:
        return step + 1, *_step(x, gamma, active, words, prior, epsilon, tolerance)

    return graph_loop(unfinished, advance, (start, gamma, gamma[:, :1] > 0))[1]
