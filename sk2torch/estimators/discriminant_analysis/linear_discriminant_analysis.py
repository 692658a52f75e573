"""LinearDiscriminantAnalysis."""

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from sk2torch.base import Column, read, register, write
from sk2torch.base.linear_classifier import LinearClassifier, refuse_positive_single_class
from sk2torch.blocks.linear import LinearMap, upgrade_matrix
from sk2torch.functional.links import binary_sigmoid, softmax_rows


class DiscriminantClassifier(LinearClassifier):
    """Abstract: linear scores with a sigmoid (two classes) or softmax link.

    Logarithms of probabilities that are zero are those of the smallest normal number.
    """

    # Its projection subtracts a center.
    accepts_sparse = False

    def predict_proba(self, x: Tensor) -> Tensor:
        scores = self.decision_function(x)
        return binary_sigmoid(scores) if self.is_binary else softmax_rows(scores)

    def predict_log_proba(self, x: Tensor) -> Tensor:
        probabilities = self.predict_proba(x)
        smallest = 2.2250738585072014e-308 if probabilities.dtype == torch.float64 else 1.1754943508222875e-38
        return torch.where(probabilities == 0.0, smallest, probabilities).log()


@register("sklearn.discriminant_analysis.LinearDiscriminantAnalysis")
class TorchLinearDiscriminantAnalysis(DiscriminantClassifier):
    """Classes by linear scores, and the projection ``(x - center) @ scalings``, ``(n_samples, n_components)``.

    The solver lsqr has no ``transform``, and a single class no probabilities, as in scikit-learn.

    Args:
        coef: shape ``(n_scores, n_features)``; one row for two classes.
        intercept: shape ``(n_scores,)``.
        classes: the fitted ``classes_``.
        center: shape ``(n_features,)``; zero for the solver eigen.
        scalings: shape ``(n_features, n_components)``.

    Raises:
        UnsupportedParameter: a single class with another solver than svd; scikit-learn's ``predict`` fails on
            some rows then.
    """

    _version = 2
    fitted_attributes = {**DiscriminantClassifier.fitted_attributes, "center": "xbar_"}

    def __init__(self, coef: Tensor, intercept: Tensor, classes: Any, center: Tensor, scalings: Tensor) -> None:
        super().__init__(coef, intercept, classes)
        self.center = nn.Parameter(center)
        self.projection = LinearMap(scalings.T.contiguous(), scalings.new_zeros(1))

    @property
    def fixed_tensors(self) -> dict[str, str]:
        is_centered = self.source.attribute("solver", "svd") == "svd"
        fixed = {"projection.bias": "scikit-learn adds none"}
        return fixed | ({} if is_centered else {"center": "this solver subtracts none; fit with solver='svd'"})

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> DiscriminantClassifier:
        coef, intercept, classes = read.matrix(estimator.coef_), read.vector(estimator.intercept_), estimator.classes_
        refuse_positive_single_class(estimator, coef, intercept)
        if estimator.solver == "lsqr":
            module = TorchLeastSquaresDiscriminant(coef, intercept, classes)
        else:
            scalings = read.matrix(estimator.scalings_)[:, : estimator._max_components].contiguous()
            center = read.vector(estimator.xbar_) if estimator.solver == "svd" else torch.zeros(coef.shape[1]).double()
            module = cls(coef, intercept, classes, center, scalings)
        if len(classes) == 1:
            module.refused_methods = [*module.refused_methods, "predict_proba", "predict_log_proba"]
        return module

    @torch.jit.unused
    def write_fitted(self, estimator: Any, changed: set[str]) -> None:
        if "projection.weight" in changed:
            scalings = np.array(estimator.scalings_, dtype=np.float64)
            scalings[:, : self.projection.weight.shape[0]] = write.array(self.projection.weight.T)
            estimator.scalings_ = scalings

    @torch.jit.unused
    def upgrade(self, version: int) -> None:
        upgrade_matrix(self, "scalings", "projection", is_transposed=True)

    def transform(self, x: Tensor) -> Tensor:
        return self.projection(self.prepare(x) - self.center)


class TorchLeastSquaresDiscriminant(DiscriminantClassifier):
    """The solver lsqr: classes without a projection."""

    refused_methods = ["transform"]
