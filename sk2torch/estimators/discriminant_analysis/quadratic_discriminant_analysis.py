"""QuadraticDiscriminantAnalysis."""

from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn

from sk2torch.base import Column, TorchClassifier, UnsupportedParameter, read, register, write
from sk2torch.functional.held_tensors import held_tensors
from sk2torch.functional.links import log_softmax_rows, softmax_rows
from sk2torch.functional.mahalanobis import squared_forms_of_columns
from sk2torch.ops.quadratic import log_densities
from sk2torch.ops.row_blocks import in_row_blocks

# A variance that is zero comes out as this multiple of the squared precision, or less, next to the largest.
_SINGULAR = 1e4


@register("sklearn.discriminant_analysis.QuadraticDiscriminantAnalysis")
class TorchQuadraticDiscriminantAnalysis(TorchClassifier):
    """Log-posteriors ``-(|W_k (x - mean_k)|^2 + log det C_k) / 2 + log prior_k``; the class of the largest.

    Two classes have one decision value, the difference of theirs.

    Args:
        means: shape ``(n_classes, 1, n_features)``.
        whitening: ``W``, shape ``(n_classes, n_features, n_directions)``.
        log_determinants: shape ``(n_classes,)``.
        log_priors: shape ``(n_classes,)``.
        classes: the fitted ``classes_``.

    Raises:
        UnsupportedParameter: the covariance of a class is singular, so that scikit-learn's scores are rounding noise.
    """

    fitted_attributes = {"means": "means_"}
    free_tensors = ("whitening", "log_determinants", "log_priors")

    def __init__(
        self, means: Tensor, whitening: Tensor, log_determinants: Tensor, log_priors: Tensor, classes: Any
    ) -> None:
        super().__init__(means.shape[2], classes)
        self.is_binary = len(classes) == 2
        self.means = nn.Parameter(means)
        self.whitening = nn.Parameter(whitening)
        self.log_determinants = nn.Parameter(log_determinants)
        self.log_priors = nn.Parameter(log_priors)

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        means, scalings = read.matrix(estimator.means_).unsqueeze(1), estimator.scalings_
        for label, scaling in zip(estimator.classes_, scalings, strict=True):
            if scaling.min() <= _SINGULAR * np.finfo(scaling.dtype).eps ** 2 * scaling.max():
                raise UnsupportedParameter(
                    f"QuadraticDiscriminantAnalysis: the covariance of class {label} is singular, and the scores are "
                    "rounding noise; drop features that others determine, or raise reg_param or shrinkage."
                )
        # Classes with few training rows may have fewer directions; zeros add nothing.
        whitening = torch.zeros(len(scalings), means.shape[2], max(map(len, scalings))).double()
        for k, (scaling, rotation) in enumerate(zip(scalings, estimator.rotations_, strict=True)):
            # Multiplied in the dtype of the fit, as scikit-learn does.
            whitening[k, :, : len(scaling)] = read.tensor(rotation * scaling**-0.5)
        log_determinants = read.vector([np.log(scaling).sum() for scaling in scalings])
        with np.errstate(divide="ignore"):
            # A prior may be zero.
            log_priors = read.vector(np.log(estimator.priors_))
        return cls(means, whitening, log_determinants, log_priors, estimator.classes_)

    @torch.jit.unused
    def write_fitted(self, estimator: Any, changed: set[str]) -> None:
        if "whitening" in changed:
            for k, scaling in enumerate(estimator.scalings_):
                directions = write.array(self.whitening[k, :, : len(scaling)])
                rotation, spread, _ = np.linalg.svd(directions, full_matrices=False)
                # Largest variance first.
                rotation, variance = rotation[:, ::-1].copy(), spread[::-1] ** -2.0
                estimator.rotations_[k], estimator.scalings_[k] = rotation, variance
                if hasattr(estimator, "covariance_"):
                    estimator.covariance_[k] = (rotation * variance) @ rotation.T
        # The priors have what the determinants leave.
        log_determinants = np.array([np.log(scaling).sum() for scaling in estimator.scalings_])
        constants = write.array(self.invariants()["log_priors - log_determinants / 2"])
        write.attribute(estimator, "priors_", np.exp(constants + 0.5 * log_determinants))

    @torch.jit.unused
    def invariants(self) -> dict[str, Tensor]:
        return {
            "whitening whitening.T": self.whitening @ self.whitening.transpose(1, 2),
            "log_priors - log_determinants / 2": self.log_priors - 0.5 * self.log_determinants,
        }

    def log_posterior(self, x: Tensor) -> Tensor:
        """Up to a constant of the row, shape ``(n_samples, n_classes)``."""
        x = self.prepare(x)
        if not torch.jit.is_scripting():
            means, whitening, first, second = held_tensors(self, "means", "whitening", "log_priors", "log_determinants")
            result = log_densities(x, means, whitening, None, False, first, second, -0.5)
            if result is not None:
                return result
            if torch.compiler.is_compiling():
                squared = squared_forms_of_columns(x, self.means.squeeze(1), self.whitening, None)
                return torch.sub(self.log_priors, squared + self.log_determinants, alpha=0.5)
            return in_row_blocks(self.block_posterior, x, self.whitening.shape[0] * self.whitening.shape[2])
        return self.block_posterior(x)

    def block_posterior(self, x: Tensor) -> Tensor:
        """``log_posterior`` of prepared rows."""
        squared = torch.matmul(x - self.means, self.whitening).square().sum(dim=2)
        return -0.5 * (squared.T + self.log_determinants) + self.log_priors

    def predict(self, x: Tensor) -> Tensor:
        return self.labels(self.log_posterior(x).argmax(dim=1))

    def predict_proba(self, x: Tensor) -> Tensor:
        return softmax_rows(self.log_posterior(x))

    def predict_log_proba(self, x: Tensor) -> Tensor:
        return log_softmax_rows(self.log_posterior(x))

    def decision_function(self, x: Tensor) -> Tensor:
        scores = self.log_posterior(x)
        return scores[:, 1] - scores[:, 0] if self.is_binary else scores
