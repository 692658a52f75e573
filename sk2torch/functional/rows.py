"""Rows that are repeated, and numbers of rows or columns."""

import torch
from torch import Tensor


def repeated_row(row: Tensor, x: Tensor) -> Tensor:
    """``row``, shape ``(1, ...)``, once for each row of ``x``: shape ``(n, ...)``."""
    return row.index_select(0, torch.zeros(x.shape[0], dtype=torch.int64, device=x.device))


def is_range(index: Tensor) -> bool:
    """Whether ``index`` is ``0, 1, 2, …`` as int64."""
    return index.dtype == torch.int64 and bool((index == torch.arange(index.shape[0], device=index.device)).all())
