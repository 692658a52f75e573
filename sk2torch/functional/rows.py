"""Results that do not depend on the values of the input."""

import torch
from torch import Tensor


def repeated_row(row: Tensor, x: Tensor) -> Tensor:
    """``row``, shape ``(1, ...)``, once for each row of ``x``: shape ``(n, ...)``."""
    return row.index_select(0, torch.zeros(x.shape[0], dtype=torch.int64, device=x.device))
