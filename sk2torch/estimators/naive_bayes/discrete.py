"""MultinomialNB, ComplementNB and BernoulliNB."""

from typing import Any, Self

import numpy as np
import torch
from torch import Tensor

from sk2torch.base import Column, UnsupportedParameter, read, register, write
from sk2torch.base.naive_bayes import NaiveBayes
from sk2torch.blocks.linear import LinearMap
from sk2torch.functional.sparse import with_values


def _checked(estimator: Any, *terms: np.ndarray) -> None:
    if not all(np.isfinite(term).all() for term in terms):
        name = type(estimator).__name__
        raise UnsupportedParameter(
            f"{name}: some of the fitted probabilities are 0 or 1, whose logarithms scikit-learn multiplies with the "
            "zeros of dense tables (NaN), but not with those of sparse ones; refit with a larger alpha, such as 1e-3."
        )


@register("sklearn.naive_bayes.ComplementNB", "sklearn.naive_bayes.MultinomialNB")
class TorchMultinomialNB(NaiveBayes):
    """``j(x) = x @ weight.T + bias``.

    MultinomialNB has for weights ``log P(feature | class)``, for the bias ``log P(class)``. ComplementNB has the
    negative logarithms of all other classes, and no bias unless there is one class only.

    Args:
        weight: shape ``(n_classes, n_features)``.
        bias: shape ``(n_classes,)``.
        classes: the fitted ``classes_``.

    Raises:
        UnsupportedParameter: probabilities of zero (``alpha=0`` and a feature that a class has never had).
    """

    fitted_attributes = {"linear.weight": "feature_log_prob_", "linear.bias": "class_log_prior_"}

    accepts_sparse = True

    def __init__(self, weight: Tensor, bias: Tensor, classes: Any) -> None:
        super().__init__(weight.shape[1], classes)
        self.linear = LinearMap(weight, bias)

    @property
    def fixed_tensors(self) -> dict[str, str]:
        # Of several classes, ComplementNB has no priors.
        is_complement = self.source.attribute("feature_all_") is not None and self.linear.bias.shape[0] > 1
        return {"linear.bias": "scikit-learn adds none"} if is_complement else {}

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        _checked(estimator, estimator.feature_log_prob_)
        weight, bias = read.matrix(estimator.feature_log_prob_), read.vector(estimator.class_log_prior_)
        if hasattr(estimator, "feature_all_") and len(estimator.classes_) > 1:
            bias = torch.zeros_like(bias)
        return cls(weight, bias, estimator.classes_)

    def joint(self, x: Tensor) -> Tensor:
        return self.linear(x)


@register("sklearn.naive_bayes.BernoulliNB")
class TorchBernoulliNB(NaiveBayes):
    """``j(x)_c = log P(c) + sum_f log(b_f p_cf + (1 - b_f) (1 - p_cf))``, where ``b = x > threshold``.

    Args:
        weight: ``log(p / (1 - p))``, shape ``(n_classes, n_features)``.
        bias: ``log P(c) + sum_f log(1 - p_cf)``, shape ``(n_classes,)``.
        classes: the fitted ``classes_``.
        threshold: None for ``b = x``.

    Raises:
        UnsupportedParameter: probabilities of zero or one (``alpha=0`` and a feature that a class never or always has).
    """

    accepts_sparse = True
    threshold: Tensor

    def __init__(self, weight: Tensor, bias: Tensor, classes: Any, threshold: float | None) -> None:
        super().__init__(weight.shape[1], classes)
        self.linear = LinearMap(weight, bias)
        self.binarizes = threshold is not None
        # With a negative threshold the zeros that a sparse matrix leaves out become ones.
        self.takes_sparse = threshold is None or threshold >= 0
        self.register_buffer("threshold", torch.tensor(threshold or 0.0, dtype=torch.float64))

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        present = np.asarray(estimator.feature_log_prob_)
        with np.errstate(divide="ignore", invalid="ignore"):
            absent = np.log(1 - np.exp(present))
        _checked(estimator, present, absent)
        bias = estimator.class_log_prior_ + absent.sum(axis=1)
        threshold = None if estimator.binarize is None else float(estimator.binarize)
        return cls(read.matrix(present - absent), read.vector(bias), estimator.classes_, threshold)

    @torch.jit.unused
    def write_fitted(self, estimator: Any, changed: set[str]) -> None:
        logit = self.linear.weight
        write.attribute(estimator, "feature_log_prob_", torch.nn.functional.logsigmoid(logit))
        prior = self.linear.bias - torch.nn.functional.logsigmoid(-logit).sum(dim=1)
        write.attribute(estimator, "class_log_prior_", prior)

    def joint(self, x: Tensor) -> Tensor:
        if self.binarizes:
            x = self.binary(x)
        return self.linear(x)

    def binary(self, x: Tensor) -> Tensor:
        """1 above the threshold, else 0."""
        if x.is_sparse_csr:
            return with_values(x, (x.values() > self.threshold).to(x.dtype))
        return (x > self.threshold).to(x.dtype)
