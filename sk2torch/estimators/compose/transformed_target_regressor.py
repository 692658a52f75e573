"""TransformedTargetRegressor."""

from typing import Any, Self

from torch import Tensor

from sk2torch.base import Column, TorchEstimator, UnsupportedParameter, register, wrap_child


@register("sklearn.compose.TransformedTargetRegressor")
class TorchTransformedTargetRegressor(TorchEstimator):
    """Predictions on the original scale of the target: ``inverse_transform(regressor(x))``.

    Args:
        regressor: predicts the transformed target.
        transformer: has ``inverse_transform``.
        is_vector: the target had one dimension; a result of one column becomes a vector.
    """

    routes_columns = True

    def __init__(self, regressor: TorchEstimator, transformer: TorchEstimator, is_vector: bool) -> None:
        super().__init__(regressor.n_features_in)
        self.regressor = regressor
        self.transformer = transformer
        self.is_vector = is_vector

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        transformer = wrap_child(estimator.transformer_)
        if not hasattr(transformer, "inverse_transform"):
            raise UnsupportedParameter(
                f"TransformedTargetRegressor: the transformer {type(estimator.transformer_).__name__} has no "
                "inverse_transform, so scikit-learn cannot predict either; use one that has."
            )
        return cls(wrap_child(estimator.regressor_, columns), transformer, estimator._training_dim == 1)

    def predict(self, x: Tensor) -> Tensor:
        prediction = self.regressor.predict(x)
        if prediction.dim() == 1:
            prediction = prediction.unsqueeze(1)
        result = self.transformer.inverse_transform(prediction)
        if self.is_vector and result.dim() == 2 and result.shape[1] == 1:
            result = result.squeeze(1)
        return result
