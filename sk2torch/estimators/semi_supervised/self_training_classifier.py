"""SelfTrainingClassifier."""

from typing import Any

from sk2torch.base import Column, TorchEstimator, register, wrap_child


@register("sklearn.semi_supervised.SelfTrainingClassifier")
class TorchSelfTrainingClassifier(TorchEstimator):
    """Becomes its fitted ``estimator_``: the labels it was trained on leave nothing to compute."""

    routes_columns = True

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> TorchEstimator:
        return wrap_child(estimator.estimator_, columns)
