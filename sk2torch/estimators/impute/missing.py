"""Which cells of a tensor are missing."""

from typing import Any

import torch
from torch import Tensor, nn

from sk2torch.base import UnsupportedParameter
from sk2torch.base.cells import is_missing, is_number


class MissingCells(nn.Module):
    """Which cells are missing: NaN, or one of their column's markers.

    Args:
        matches_nan: whether NaN is missing.
        markers: shape ``(n_markers, n_features)``: codes of other missing values; NaN for none.
    """

    def __init__(self, matches_nan: bool, markers: Tensor) -> None:
        super().__init__()
        self.matches_nan = matches_nan
        self.n_markers = markers.shape[0]
        self.register_buffer("markers", markers)

    def forward(self, x: Tensor) -> Tensor:
        """Boolean, of the shape of ``x``."""
        missing = torch.isnan(x) if self.matches_nan else torch.zeros_like(x, dtype=torch.bool)
        for k in range(self.n_markers):
            missing = missing | (x == self.markers[k])
        return missing


def missing_numbers(name: str, value: Any, n_features: int) -> MissingCells:
    """``missing_values`` of an imputer that takes numbers only.

    Raises:
        UnsupportedParameter: it is no number.
    """
    if not is_number(value):
        raise UnsupportedParameter(
            f"{name}: expected missing_values to be NaN or a number, got {value!r}; use NaN for missing values."
        )
    if is_missing(value):
        return MissingCells(True, torch.zeros(0, n_features, dtype=torch.float64))
    return MissingCells(False, torch.full((1, n_features), float(value), dtype=torch.float64))
