"""Perceptron and PassiveAggressiveClassifier."""

from typing import Any, Self

from sk2torch.base import Column, read, register
from sk2torch.base.linear_classifier import LinearClassifier


@register("sklearn.linear_model.Perceptron", "sklearn.linear_model.PassiveAggressiveClassifier")
class TorchPerceptron(LinearClassifier):
    """Linear scores, one-vs-rest; the class of the largest."""

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        return cls(read.matrix(estimator.coef_), read.vector(estimator.intercept_), estimator.classes_)
