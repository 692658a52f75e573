"""FunctionTransformer."""

from typing import Any, Self

from torch import Tensor

from sk2torch.base import Column, TorchEstimator, UnsupportedParameter, register


@register("sklearn.preprocessing.FunctionTransformer")
class TorchFunctionTransformer(TorchEstimator):
    """The identity."""

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        if estimator.func is not None or estimator.inverse_func is not None:
            raise UnsupportedParameter("FunctionTransformer: only the identity so far.")
        for column in columns:
            column.used = True
        return cls(len(columns))

    def output_columns(self, columns: list[Column] | None) -> list[Column] | None:
        return columns

    def transform(self, x: Tensor) -> Tensor:
        return self.prepare(x)

    def inverse_transform(self, x: Tensor) -> Tensor:
        return self.prepare(x)
