"""LogisticRegression and LogisticRegressionCV."""

from typing import Any, Self

import torch
from torch import Tensor

from sk2torch.base import Column, TorchClassifier, read, register
from sk2torch.blocks.linear import LinearMap
from sk2torch.functional.links import binary_sigmoid, normalized_sigmoid


@register("sklearn.linear_model.LogisticRegression", "sklearn.linear_model.LogisticRegressionCV")
class TorchLogisticRegression(TorchClassifier):
    """Linear scores with a sigmoid (two classes, or one-vs-rest) or softmax link.

    Args:
        coef: shape ``(n_scores, n_features)``; one row for two classes.
        intercept: shape ``(n_scores,)``.
        classes: the fitted ``classes_``.
        one_vs_rest: probabilities are normalised sigmoids instead of a softmax.
    """

    def __init__(self, coef: Tensor, intercept: Tensor, classes: Any, one_vs_rest: bool) -> None:
        super().__init__(coef.shape[1], classes)
        self.linear = LinearMap(coef, intercept)
        self.is_binary = coef.shape[0] == 1
        self.one_vs_rest = one_vs_rest

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        # scikit-learn's own rule (LogisticRegression.predict_proba); versions without the
        # multi_class parameter are one-vs-rest only for liblinear.
        multi_class = getattr(estimator, "multi_class", "auto")
        one_vs_rest = multi_class == "ovr" or (
            multi_class in ("auto", "warn", "deprecated")
            and (len(estimator.classes_) <= 2 or estimator.solver == "liblinear")
        )
        return cls(read.matrix(estimator.coef_), read.vector(estimator.intercept_), estimator.classes_, one_vs_rest)

    def decision_function(self, x: Tensor) -> Tensor:
        scores = self.linear(self.prepare(x))
        return scores[:, 0] if self.is_binary else scores

    def predict(self, x: Tensor) -> Tensor:
        scores = self.decision_function(x)
        return self.labels((scores > 0).long() if self.is_binary else scores.argmax(dim=1))

    def predict_proba(self, x: Tensor) -> Tensor:
        scores = self.decision_function(x)
        if self.is_binary:
            # A multinomial fit of two classes has softmax([-s, s]), not sigmoid(s).
            if self.one_vs_rest:
                return binary_sigmoid(scores)
            return torch.softmax(torch.stack([-scores, scores], dim=1), dim=1)
        if self.one_vs_rest:
            return normalized_sigmoid(scores)
        return torch.softmax(scores, dim=1)

    def predict_log_proba(self, x: Tensor) -> Tensor:
        return self.predict_proba(x).log()
