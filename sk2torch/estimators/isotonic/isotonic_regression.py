"""IsotonicRegression."""

from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn

from sk2torch.base import CannotUnwrap, Column, InputEncoding, TorchEstimator, UnsupportedParameter, read, register
from sk2torch.functional.decisions import single_column
from sk2torch.functional.interpolation import piecewise_linear
from sk2torch.functional.rounding import round_to_single
from sk2torch.functional.rows import repeated_row
from sk2torch.functional.unknown import refuse_rows
from sk2torch.ops.layout import row_major


@register("sklearn.isotonic.IsotonicRegression")
class TorchIsotonicRegression(TorchEstimator):
    """Linear interpolation between thresholds: shape ``(n_samples,)``.

    The input has shape ``(n_samples,)`` or ``(n_samples, 1)``. Beyond the thresholds the result is NaN, or that
    of the nearest threshold (``out_of_bounds="clip"``), or it raises ``ValueError``, and is NaN in compiled and
    exported graphs (``"raise"``). A fit in float32 interpolates in float32. One threshold makes a constant.

    Args:
        thresholds: ascending, shape ``(n_thresholds,)``.
        values: shape ``(n_thresholds,)``.
        out_of_bounds: ``"nan"``, ``"clip"`` or ``"raise"``.
        is_single: round each step to float32.

    Raises:
        UnsupportedParameter: infinite values (of an infinite ``y_min`` or ``y_max``), or so steep that the slope
            is infinite.
    """

    fitted_attributes = {"thresholds": "X_thresholds_", "values": "y_thresholds_"}

    def __init__(self, thresholds: Tensor, values: Tensor, out_of_bounds: str, is_single: bool) -> None:
        super().__init__(1)
        self.thresholds = nn.Parameter(thresholds)
        self.values = nn.Parameter(values)
        self.is_constant = thresholds.shape[0] == 1
        self.clips = out_of_bounds == "clip"
        self.refuses = out_of_bounds == "raise"
        self.is_single = is_single

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        thresholds, values = estimator.X_thresholds_, estimator.y_thresholds_
        with np.errstate(all="ignore"):
            slopes = np.diff(values) / np.diff(thresholds)
        if not np.isfinite(values).all() or not np.isfinite(slopes).all():
            raise UnsupportedParameter(
                "IsotonicRegression: expected finite thresholds and slopes, got infinite ones; set y_min and y_max "
                "to numbers or None, and rescale the target."
            )
        single = thresholds.dtype == np.float32
        module = cls(read.vector(thresholds), read.vector(values), estimator.out_of_bounds, single)
        if not columns:
            column = Column()
            column.used = True
            column.refuse()
            module.__dict__["_encoding"] = InputEncoding([column], n_dims=1)
        return module

    @property
    def fixed_tensors(self) -> dict[str, str]:
        reason = "scikit-learn interpolates in float32, which cannot hold them; fit on float64"
        return dict.fromkeys(("thresholds", "values") if self.is_single else (), reason)

    @torch.jit.unused
    def write_fitted(self, estimator: Any, changed: set[str]) -> None:
        thresholds = estimator.X_thresholds_
        if (np.diff(thresholds) <= 0).any():
            raise CannotUnwrap(
                "IsotonicRegression: expected ascending thresholds, got others; freeze `thresholds` in training."
            )
        estimator.X_min_, estimator.X_max_ = thresholds[0], thresholds[-1]
        estimator._build_f(thresholds, estimator.y_thresholds_)

    def predict(self, x: Tensor) -> Tensor:
        if x.dim() != 1 and (x.dim() != 2 or x.shape[1] != 1):
            raise ValueError("Expected an input of shape (n_samples,) or (n_samples, 1).")
        x = row_major(single_column(x.to(self.anchor.dtype)))
        if self.is_constant:
            return repeated_row(self.values, x)
        if self.is_single:
            x = round_to_single(x)
            result = self.single_interpolation(x)
        else:
            result = piecewise_linear(x, self.thresholds, self.values)
        if self.clips:
            return result
        beyond = (x < self.thresholds[0]) | (x > self.thresholds[-1])
        if self.refuses:
            message = "IsotonicRegression: a value is beyond those of the fit; use out_of_bounds='clip' or 'nan'."
            return refuse_rows(result.unsqueeze(1), beyond, message)[:, 0]
        return result.masked_fill(beyond, torch.nan)

    def transform(self, x: Tensor) -> Tensor:
        return self.predict(x)

    def single_interpolation(self, x: Tensor) -> Tensor:
        """``piecewise_linear`` in the steps that scipy takes in float32, each rounded."""
        x = torch.minimum(torch.maximum(x, self.thresholds[0]), self.thresholds[-1])
        # A threshold belongs to the interval on its left.
        right = torch.bucketize(x, self.thresholds).clamp(1, self.thresholds.shape[0] - 1)
        left_threshold, left_value = self.thresholds.index_select(0, right - 1), self.values.index_select(0, right - 1)
        width = round_to_single(self.thresholds.index_select(0, right) - left_threshold)
        slope = round_to_single(round_to_single(self.values.index_select(0, right) - left_value) / width)
        return round_to_single(round_to_single(slope * round_to_single(x - left_threshold)) + left_value)
