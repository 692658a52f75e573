"""GaussianNB."""

import math
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn

from sk2torch.base import Column, read, register, write
from sk2torch.base.naive_bayes import NaiveBayes
from sk2torch.functional.held_tensors import held_tensors
from sk2torch.ops.naive_bayes import gaussian_joint
from sk2torch.ops.row_blocks import in_row_blocks

# More classes are computed side by side, in memory of all of them.
_MOST_UNROLLED = 16


@register("sklearn.naive_bayes.GaussianNB")
class TorchGaussianNB(NaiveBayes):
    """Independent Gaussians: ``j(x)_c = log P(c) - (sum_f log(2 pi v_cf) + sum_f (x_f - m_cf)**2 / v_cf) / 2``.

    Args:
        mean: ``m``, shape ``(n_classes, n_features)``.
        variance: ``v``, smoothed, shape ``(n_classes, n_features)``.
        log_prior: shape ``(n_classes,)``.
        log_norm: ``-sum_f log(2 pi v_cf) / 2``, shape ``(n_classes,)``.
        classes: the fitted ``classes_``.
    """

    fitted_attributes = {"mean": "theta_", "variance": "var_"}
    free_tensors = ("log_prior", "log_norm")

    def __init__(self, mean: Tensor, variance: Tensor, log_prior: Tensor, log_norm: Tensor, classes: Any) -> None:
        super().__init__(mean.shape[1], classes)
        self.mean = nn.Parameter(mean)
        self.variance = nn.Parameter(variance)
        self.log_prior = nn.Parameter(log_prior)
        self.log_norm = nn.Parameter(log_norm)
        self.n_classes = mean.shape[0]
        self.unrolls = self.n_classes <= _MOST_UNROLLED

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        variance = np.asarray(estimator.var_)
        # In the dtype of the fit, as scikit-learn computes them.
        with np.errstate(divide="ignore", invalid="ignore"):
            log_prior = np.log(np.asarray(estimator.class_prior_))
            log_norm = [-0.5 * np.sum(np.log(2.0 * np.pi * row)) for row in variance]
        return cls(
            mean=read.matrix(estimator.theta_),
            variance=read.matrix(variance),
            log_prior=read.vector(log_prior),
            log_norm=read.vector(log_norm),
            classes=estimator.classes_,
        )

    @torch.jit.unused
    def write_fitted(self, estimator: Any, changed: set[str]) -> None:
        # scikit-learn computes the norm from the variances; what is left is the prior's.
        norm = -0.5 * (2.0 * math.pi * self.variance).log().sum(dim=1)
        write.attribute(estimator, "class_prior_", (self.invariants()["log_prior + log_norm"] - norm).exp())

    @torch.jit.unused
    def invariants(self) -> dict[str, Tensor]:
        return {"log_prior + log_norm": self.log_prior + self.log_norm}

    def joint(self, x: Tensor) -> Tensor:
        if not torch.jit.is_scripting():
            result = gaussian_joint(x, *held_tensors(self, "mean", "variance", "log_prior", "log_norm"))
            if result is not None:
                return result
            return in_row_blocks(self.block_joint, x, x.shape[1] * (1 if self.unrolls else self.n_classes))
        return self.block_joint(x)

    def block_joint(self, x: Tensor) -> Tensor:
        """``joint`` of a block of rows."""
        unrolls = self.unrolls
        if not torch.jit.is_scripting():
            # Graphs are fused, or pay for each node.
            unrolls = unrolls and not torch.compiler.is_compiling()
        if unrolls:
            distances = [((x - self.mean[c]).square() / self.variance[c]).sum(dim=1) for c in range(self.n_classes)]
            distance = torch.stack(distances, dim=1)
        else:
            distance = ((x.unsqueeze(1) - self.mean).square() / self.variance).sum(dim=2)
        return self.log_prior + (self.log_norm - 0.5 * distance)
