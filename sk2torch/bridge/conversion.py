"""Between numpy and torch: memory is shared where that is safe, copied where it is not."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

FLOATS = {"float32": torch.float32, "float64": torch.float64}


def float_dtype(dtype: Any) -> torch.dtype:
    """``dtype`` (torch's, numpy's or a name) as one of torch's two that scikit-learn computes in.

    Raises:
        ValueError: another dtype.
    """
    name = str(dtype).removeprefix("torch.") if isinstance(dtype, torch.dtype) else np.dtype(dtype).name
    if name not in FLOATS:
        raise ValueError(f"dtype: expected float32 or float64, got {name}.")
    return FLOATS[name]


def rows_tensor(rows: np.ndarray, dtype: torch.dtype, device: torch.device | str = "cpu") -> Tensor:
    """``rows`` as a tensor: the same memory if it may be written to and has that dtype, order and device.

    Raises:
        ValueError: fractions where ``dtype`` is one of integers.
    """
    if not dtype.is_floating_point and rows.dtype.kind == "f" and not np.array_equal(rows, np.trunc(rows)):
        raise ValueError(f"input_dtype is {dtype}, but X holds numbers that are not whole.")
    if rows.dtype.kind not in "fiub" or not rows.flags.writeable or any(stride < 0 for stride in rows.strides):
        rows = np.array(rows, dtype=np.float64 if rows.dtype.kind not in "fiub" else None)
    return torch.from_numpy(rows).to(device=device, dtype=dtype)


def array_of(tensor: Tensor) -> np.ndarray:
    """``tensor`` without its graph, on the CPU; the same memory where that is possible."""
    return tensor.detach().cpu().numpy()
