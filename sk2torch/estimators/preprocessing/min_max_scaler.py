"""MinMaxScaler."""

from typing import Any, Self

from torch import Tensor, nn

from sk2torch.base import Column, TorchEstimator, read, register
from sk2torch.blocks.elementwise import Clip


@register("sklearn.preprocessing.MinMaxScaler")
class TorchMinMaxScaler(TorchEstimator):
    """Scale features to a range: ``x * scale + minimum``, then clipped to the range if asked for.

    Args:
        scale: shape ``(n_features,)``; for a constant feature the length of the range.
        minimum: shape ``(n_features,)``.
        low: lower end of the range.
        high: upper end of the range.
        clip: whether to clip to ``[low, high]``.
    """

    fitted_attributes = {"scale": "scale_", "minimum": "min_"}

    keeps_missing = True

    def __init__(self, scale: Tensor, minimum: Tensor, low: float, high: float, clip: bool) -> None:
        super().__init__(scale.shape[0])
        self.scale = nn.Parameter(scale)
        self.minimum = nn.Parameter(minimum)
        self.clip = Clip(low, high) if clip else nn.Identity()

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        low, high = estimator.feature_range
        return cls(
            read.vector(estimator.scale_), read.vector(estimator.min_), float(low), float(high), bool(estimator.clip)
        )

    def transform(self, x: Tensor) -> Tensor:
        return self.clip(self.prepare(x) * self.scale + self.minimum)

    def inverse_transform(self, x: Tensor) -> Tensor:
        return (self.prepare(x) - self.minimum) / self.scale
