"""RidgeClassifier and RidgeClassifierCV."""

from typing import Any, Self

from torch import Tensor

from sk2torch.base import Column, TorchClassifier, UnsupportedParameter, read, register
from sk2torch.blocks.linear import LinearMap
from sk2torch.functional.decisions import class_index


@register("sklearn.linear_model.RidgeClassifier", "sklearn.linear_model.RidgeClassifierCV")
class TorchRidgeClassifier(TorchClassifier):
    """Linear scores; the class of the largest, or for multilabel every label whose score is above zero.

    Multilabel predictions are int64, shape ``(n_samples, n_labels)``.

    Args:
        coef: shape ``(n_scores, n_features)``; one row for two classes.
        intercept: shape ``(n_scores,)``.
        classes: the fitted ``classes_``.
        is_multilabel: fitted on an indicator matrix.

    Raises:
        UnsupportedParameter: fitted on a sparse indicator matrix (predictions would be sparse).
    """

    def __init__(self, coef: Tensor, intercept: Tensor, classes: Any, is_multilabel: bool) -> None:
        super().__init__(coef.shape[1], classes)
        self.is_multilabel = is_multilabel
        self.linear = LinearMap(coef, intercept, flat=coef.shape[0] == 1)

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        binarizer = estimator._label_binarizer
        if binarizer.sparse_input_:
            raise UnsupportedParameter(
                f"{type(estimator).__name__}: expected a dense y, got a sparse matrix, for which predict gives "
                "sparse matrices; fit on y.toarray()."
            )
        is_multilabel = binarizer.y_type_.startswith("multilabel")
        return cls(read.matrix(estimator.coef_), read.vector(estimator.intercept_), estimator.classes_, is_multilabel)

    def decision_function(self, x: Tensor) -> Tensor:
        return self.linear(self.prepare(x))

    def predict(self, x: Tensor) -> Tensor:
        scores = self.decision_function(x)
        if self.is_multilabel:
            return (scores > 0).long()
        return self.labels(class_index(scores))
