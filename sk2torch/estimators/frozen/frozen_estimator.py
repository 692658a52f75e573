"""FrozenEstimator."""

from typing import Any

from sk2torch.base import Column, TorchEstimator, register, wrap_child


@register("sklearn.frozen.FrozenEstimator")
class TorchFrozenEstimator(TorchEstimator):
    """Becomes the estimator that it keeps from being fitted again."""

    routes_columns = True

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> TorchEstimator:
        return wrap_child(estimator.estimator, columns)
