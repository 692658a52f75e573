"""DummyRegressor."""

from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn

from sk2torch.base import ANY_WIDTH, Column, TorchEstimator, read, register
from sk2torch.functional.rows import repeated_row


@register("sklearn.dummy.DummyRegressor")
class TorchDummyRegressor(TorchEstimator):
    """The same prediction for every row: shape ``(n_samples,)`` or ``(n_samples, n_outputs)``.

    Args:
        constant: shape ``(1,)`` or ``(1, n_outputs)``; an integer constant predicts integers.
    """

    fitted_attributes = {"constant": "constant_"}

    def __init__(self, constant: Tensor) -> None:
        super().__init__(ANY_WIDTH)
        if constant.is_floating_point():
            self.constant = nn.Parameter(constant)
        else:
            self.register_buffer("constant", constant)

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        constant = np.broadcast_to(estimator.constant_, (1, estimator.n_outputs_))
        values: Tensor = read.integers(constant) if constant.dtype.kind in "iu" else read.tensor(constant)
        return cls(torch.squeeze(values, 1) if estimator.n_outputs_ == 1 else values)

    def predict(self, x: Tensor) -> Tensor:
        return repeated_row(self.constant, self.prepare(x))

    def predict_with_std(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The prediction, and a standard deviation of zero."""
        mean = self.predict(x)
        return mean, torch.zeros_like(mean, dtype=self.anchor.dtype)
