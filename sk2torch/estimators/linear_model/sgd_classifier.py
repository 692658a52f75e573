"""SGDClassifier."""

from typing import Any, Self

import torch
from torch import Tensor

from sk2torch.base import Column, read, register
from sk2torch.base.linear_classifier import LinearClassifier
from sk2torch.functional.links import binary_sigmoid, normalized_rows, normalized_sigmoid


@register("sklearn.linear_model.SGDClassifier")
class TorchSGDClassifier(LinearClassifier):
    """Linear scores, one-vs-rest, with probabilities for the losses log_loss and modified_huber.

    ``p = sigmoid(s)`` for log_loss, ``p = (clip(s, -1, 1) + 1) / 2`` for modified_huber; with more than
    two classes divided by the row's sum, and uniform where all are zero.

    Args:
        coef: shape ``(n_scores, n_features)``; one row for two classes.
        intercept: shape ``(n_scores,)``.
        classes: the fitted ``classes_``.
        loss: name of the loss.
    """

    def __init__(self, coef: Tensor, intercept: Tensor, classes: Any, loss: str) -> None:
        super().__init__(coef, intercept, classes)
        self.is_logistic = loss == "log_loss"

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        coef, intercept = read.matrix(estimator.coef_), read.vector(estimator.intercept_)
        return cls(coef, intercept, estimator.classes_, estimator.loss)

    def predict_proba(self, x: Tensor) -> Tensor:
        scores = self.decision_function(x)
        if self.is_logistic:
            return binary_sigmoid(scores) if self.is_binary else normalized_sigmoid(scores)
        positive = (scores.clamp(-1.0, 1.0) + 1.0) / 2.0
        if self.is_binary:
            return torch.stack([1.0 - positive, positive], dim=1)
        return normalized_rows(positive)

    def predict_log_proba(self, x: Tensor) -> Tensor:
        return self.predict_proba(x).log()
