"""PowerTransformer."""

from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn

from sk2torch.base import Column, TorchEstimator, read, register
from sk2torch.functional.power import box_cox, inverse_box_cox, inverse_yeo_johnson, yeo_johnson
from sk2torch.functional.unknown import refuse_rows


@register("sklearn.preprocessing.PowerTransformer")
class TorchPowerTransformer(TorchEstimator):
    """``(power(x) - mean) / scale``, a Box-Cox or Yeo-Johnson transform of each feature; NaN stays.

    The formulas are those of ``functional.power``. Box-Cox of a number that is not above zero raises ``ValueError``,
    and makes a row of NaN in compiled and exported graphs. The inverse is NaN where the transform never comes to.

    Args:
        power: shape ``(n_features,)``, lambda of each feature.
        mean: shape ``(n_features,)``; zeros for ``standardize=False``.
        scale: shape ``(n_features,)``; ones for ``standardize=False``.
        is_box_cox: Box-Cox instead of Yeo-Johnson.
        is_single: whether lambda is a float32, so that scikit-learn rounds what it computes of it alone.
    """

    fitted_attributes = {"power": "lambdas_", "mean": "_scaler.mean_", "scale": "_scaler.scale_"}

    keeps_missing = True

    def __init__(self, power: Tensor, mean: Tensor, scale: Tensor, is_box_cox: bool, is_single: bool) -> None:
        super().__init__(power.shape[0])
        self.is_box_cox = is_box_cox
        self.is_single = is_single
        self.power = nn.Parameter(power)
        self.mean = nn.Parameter(mean)
        self.scale = nn.Parameter(scale)

    @property
    def fixed_tensors(self) -> dict[str, str]:
        if self.is_single:
            return {"power": "scikit-learn computes with it in float32; fit on float64"}
        is_plain = self.source.attribute("standardize") is False
        return dict.fromkeys(("mean", "scale") if is_plain else (), "it was fitted with standardize=False")

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        powers = np.asarray(estimator.lambdas_)
        power = read.vector(powers)
        mean, scale = torch.zeros_like(power), torch.ones_like(power)
        if estimator.standardize:
            mean, scale = read.vector(estimator._scaler.mean_), read.vector(estimator._scaler.scale_)
        return cls(power, mean, scale, estimator.method == "box-cox", powers.dtype == np.float32)

    def transform(self, x: Tensor) -> Tensor:
        x = self.prepare(x)
        if self.is_box_cox:
            message = "PowerTransformer: Box-Cox is only for numbers above zero; refit with method='yeo-johnson'."
            wrong = (x <= 0.0).any(dim=1)
            x = refuse_rows(box_cox(torch.where(x <= 0.0, 1.0, x), self.power), wrong, message)
        else:
            x = yeo_johnson(x, self.power, self.is_single)
        return (x - self.mean) / self.scale

    def inverse_transform(self, x: Tensor) -> Tensor:
        x = self.prepare(x) * self.scale + self.mean
        if self.is_box_cox:
            return inverse_box_cox(x, self.power)
        return inverse_yeo_johnson(x, self.power, self.is_single)
