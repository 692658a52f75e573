"""Products of small integers, and numbers as such integers."""

import torch
from torch import Tensor


def int8_products(x: Tensor, y: Tensor) -> Tensor:
    """``x @ y.T`` of int8 matrices, exact: int32; on other devices than a CPU, float64."""
    if x.device.type == "cpu":
        return torch._int_mm(x, y.t())
    return x.double() @ y.double().t()


def int8_rows(x: Tensor) -> tuple[Tensor, Tensor]:
    """Each row as ``values * scale``: ``scale = max |x_i| / 127.5``, values rounded half to even, -128 to 127.

    Rows with NaN or infinity have a scale that is NaN or infinite, and so have products with it.

    Returns:
        int8 ``(n, n_features)``, and scales ``(n, 1)`` in the dtype of ``x``.
    """
    largest = x.abs().amax(dim=1, keepdim=True)
    scale = torch.where(largest == 0.0, torch.ones_like(largest), largest) / 127.5
    return torch.round(x / scale).clamp(-128.0, 127.0).to(torch.int8), scale
