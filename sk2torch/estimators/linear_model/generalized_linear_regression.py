"""PoissonRegressor, GammaRegressor and TweedieRegressor."""

from typing import Any, Self

from torch import Tensor

from sk2torch.base import Column, TorchEstimator, UnsupportedParameter, read, register
from sk2torch.blocks.linear import LinearMap
from sk2torch.functional.loss_links import mean_prediction

_LINKS = {"IdentityLink": "identity", "LogLink": "log"}


@register(
    "sklearn.linear_model.GammaRegressor",
    "sklearn.linear_model.PoissonRegressor",
    "sklearn.linear_model.TweedieRegressor",
)
class TorchGeneralizedLinearRegression(TorchEstimator):
    """``exp(x @ coef + intercept)``, or without ``exp`` for the identity link; shape ``(n_samples,)``.

    Args:
        coef: shape ``(1, n_features)``.
        intercept: shape ``(1,)``.
        link: ``"log"`` or ``"identity"``.

    Raises:
        UnsupportedParameter: a link that is neither.
    """

    fitted_attributes = {"linear.weight": "coef_", "linear.bias": "intercept_"}

    accepts_sparse = True

    def __init__(self, coef: Tensor, intercept: Tensor, link: str) -> None:
        super().__init__(coef.shape[1])
        self.linear = LinearMap(coef, intercept, flat=True)
        self.link = link

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        # The link that it was fitted with, whatever the parameters say by now.
        name = type(estimator._base_loss.link).__name__
        if name not in _LINKS:
            raise UnsupportedParameter(
                f"{type(estimator).__name__}: expected the link 'identity' or 'log', got {name}; set link to either."
            )
        return cls(read.matrix(estimator.coef_), read.vector(estimator.intercept_), _LINKS[name])

    def predict(self, x: Tensor) -> Tensor:
        return mean_prediction(self.linear(self.prepare(x)), self.link)
