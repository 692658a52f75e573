"""RidgeClassifier and RidgeClassifierCV."""

from typing import Any

from torch import Tensor

from sk2torch.base import Column, TorchClassifier, UnsupportedParameter, read, register
from sk2torch.base.linear_classifier import LinearClassifier, refuse_positive_single_class
from sk2torch.blocks.linear import LinearMap


@register("sklearn.linear_model.RidgeClassifier", "sklearn.linear_model.RidgeClassifierCV")
class TorchRidgeClassifier(LinearClassifier):
    """Linear scores; the class of the largest, or for multilabel every label whose score is above zero.

    Raises:
        UnsupportedParameter: fitted on a sparse indicator matrix (predictions would be sparse), or on a single class
            without an intercept (scikit-learn's ``predict`` fails on some rows).
    """

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> TorchClassifier:
        binarizer = estimator._label_binarizer
        if binarizer.sparse_input_:
            raise UnsupportedParameter(
                f"{type(estimator).__name__}: expected a dense y, got a sparse matrix, for which predict gives "
                "sparse matrices; fit on y.toarray()."
            )
        coef, intercept = read.matrix(estimator.coef_), read.vector(estimator.intercept_)
        refuse_positive_single_class(estimator, coef, intercept)
        family = TorchMultilabelRidgeClassifier if binarizer.y_type_.startswith("multilabel") else cls
        return family(coef, intercept, estimator.classes_)


class TorchMultilabelRidgeClassifier(TorchClassifier):
    """Every label whose score is above zero; int64, shape ``(n_samples, n_labels)``.

    Args:
        coef: shape ``(n_labels, n_features)``.
        intercept: shape ``(n_labels,)``, or one value for all.
        classes: the fitted ``classes_``.
    """

    fitted_attributes = {"linear.weight": "coef_", "linear.bias": "intercept_"}

    accepts_sparse = True

    def __init__(self, coef: Tensor, intercept: Tensor, classes: Any) -> None:
        super().__init__(coef.shape[1], classes)
        self.linear = LinearMap(coef, intercept)

    def decision_function(self, x: Tensor) -> Tensor:
        return self.linear(self.prepare(x))

    def predict(self, x: Tensor) -> Tensor:
        return (self.decision_function(x) > 0).long()
