"""Reading fitted attributes: always a copy, always a float64 or int64 tensor."""

from typing import Any

import numpy as np
import torch
from torch import Tensor


def array(value: Any) -> np.ndarray:
    """``value`` as a dense float64 numpy array (scipy sparse matrices are made dense)."""
    if hasattr(value, "toarray"):
        value = value.toarray()
    return np.asarray(value, dtype=np.float64)


def tensor(value: Any) -> Tensor:
    """A float64 tensor of any shape."""
    return torch.from_numpy(np.array(array(value), order="C"))


def vector(value: Any) -> Tensor:
    """A float64 tensor of shape ``(n,)``."""
    return tensor(value).reshape(-1)


def matrix(value: Any) -> Tensor:
    """A float64 tensor of shape ``(rows, columns)``; a vector becomes one row."""
    result = tensor(value)
    return result.reshape(1, -1) if result.dim() < 2 else result


def integers(value: Any) -> Tensor:
    """An int64 tensor of any shape."""
    return torch.from_numpy(np.array(value, dtype=np.int64, order="C"))
