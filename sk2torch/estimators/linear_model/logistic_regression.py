"""LogisticRegression and LogisticRegressionCV."""

from typing import Any, Self

import torch
from torch import Tensor

from sk2torch.base import Column, read, register
from sk2torch.base.linear_classifier import LinearClassifier
from sk2torch.functional.links import binary_sigmoid, normalized_sigmoid, softmax_rows


@register("sklearn.linear_model.LogisticRegression", "sklearn.linear_model.LogisticRegressionCV")
class TorchLogisticRegression(LinearClassifier):
    """Linear scores with a sigmoid (two classes, or one-vs-rest) or softmax link.

    Args:
        coef: shape ``(n_scores, n_features)``; one row for two classes.
        intercept: shape ``(n_scores,)``.
        classes: the fitted ``classes_``.
        one_vs_rest: probabilities are normalised sigmoids instead of a softmax.
    """

    def __init__(self, coef: Tensor, intercept: Tensor, classes: Any, one_vs_rest: bool) -> None:
        super().__init__(coef, intercept, classes)
        self.one_vs_rest = one_vs_rest

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        # scikit-learn's own rules (LogisticRegression.predict_proba): while there was a parameter
        # multi_class it decided, since then more than two classes are always multinomial.
        multi_class = getattr(estimator, "multi_class", None)
        one_vs_rest = len(estimator.classes_) <= 2
        if multi_class is not None:
            automatic = multi_class in ("auto", "deprecated")
            one_vs_rest = multi_class == "ovr" or (automatic and (one_vs_rest or estimator.solver == "liblinear"))
        return cls(read.matrix(estimator.coef_), read.vector(estimator.intercept_), estimator.classes_, one_vs_rest)

    def predict_proba(self, x: Tensor) -> Tensor:
        scores = self.decision_function(x)
        if self.is_binary:
            # A multinomial fit of two classes has softmax([-s, s]), not sigmoid(s).
            if self.one_vs_rest:
                return binary_sigmoid(scores)
            return softmax_rows(torch.stack([-scores, scores], dim=1))
        if self.one_vs_rest:
            return normalized_sigmoid(scores)
        return softmax_rows(scores)

    def predict_log_proba(self, x: Tensor) -> Tensor:
        return self.predict_proba(x).log()
