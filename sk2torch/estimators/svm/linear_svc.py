"""LinearSVC."""

from typing import Any, Self

from torch import Tensor

from sk2torch.base import Column, TorchClassifier, read, register
from sk2torch.blocks.linear import LinearMap
from sk2torch.functional.decisions import class_index


@register("sklearn.svm.LinearSVC")
class TorchLinearSVC(TorchClassifier):
    """Linear scores ``x @ coef.T + intercept``; the class of the largest.

    Args:
        coef: shape ``(n_scores, n_features)``; one row for two classes.
        intercept: shape ``(n_scores,)``, or one value for all.
        classes: the fitted ``classes_``.
    """

    def __init__(self, coef: Tensor, intercept: Tensor, classes: Any) -> None:
        super().__init__(coef.shape[1], classes)
        self.linear = LinearMap(coef, intercept, flat=coef.shape[0] == 1)

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        return cls(read.matrix(estimator.coef_), read.vector(estimator.intercept_), estimator.classes_)

    def decision_function(self, x: Tensor) -> Tensor:
        return self.linear(self.prepare(x))

    def predict(self, x: Tensor) -> Tensor:
        return self.labels(class_index(self.decision_function(x)))
