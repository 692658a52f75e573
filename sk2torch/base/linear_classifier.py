"""The role of classifiers that compare affine functions of the input."""

from typing import Any

from torch import Tensor

from sk2torch.base.classifier import TorchClassifier
from sk2torch.base.errors import UnsupportedParameter
from sk2torch.blocks.linear import LinearMap
from sk2torch.functional.decisions import class_index


class LinearClassifier(TorchClassifier):
    """Abstract: scores ``x @ coef.T + intercept``, and the class of the largest.

    Two classes share one score, of shape ``(n_samples,)`` and positive for the second; more have a score each,
    ``(n_samples, n_classes)``.

    Args:
        coef: shape ``(n_scores, n_features)``; one row for two classes.
        intercept: shape ``(n_scores,)``, or one value for all.
        classes: the fitted ``classes_``.
    """

    fitted_attributes = {"linear.weight": "coef_", "linear.bias": "intercept_"}

    accepts_sparse = True

    def __init__(self, coef: Tensor, intercept: Tensor, classes: Any) -> None:
        super().__init__(coef.shape[1], classes)
        self.is_binary = coef.shape[0] == 1
        self.linear = LinearMap(coef, intercept, flat=self.is_binary)

    def decision_function(self, x: Tensor) -> Tensor:
        return self.linear(self.prepare(x))

    def predict(self, x: Tensor) -> Tensor:
        return self.labels(class_index(self.decision_function(x)))


def refuse_positive_single_class(estimator: Any, coef: Tensor, intercept: Tensor) -> None:
    """Refuse a single class whose score can be above zero.

    Raises:
        UnsupportedParameter: scikit-learn's ``predict`` fails on some rows, for want of a second class.
    """
    if len(estimator.classes_) == 1 and (coef.any() or (intercept > 0).any()):
        raise UnsupportedParameter(
            f"{type(estimator).__name__}: expected two classes or more, got one, for which scikit-learn's predict "
            "fails on some rows; fit on more classes, or use DummyClassifier(strategy='constant')."
        )
