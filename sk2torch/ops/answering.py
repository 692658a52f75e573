"""Which code may answer for a heavy operation: an operator of torch, a Triton kernel."""

import functools
import importlib.util

import torch
from torch import Tensor


def takes_operators(*tensors: Tensor) -> bool:
    """Whether operators of ``torch.library`` answer: not while a program is exported, traced or transformed.

    Transforms are those of ``torch.func``, and forward-mode derivatives. Nor for tensors of several devices, which
    plain torch refuses.
    """
    for tensor in tensors[1:]:
        if tensor.device != tensors[0].device:
            return False
    if torch.compiler.is_compiling():
        return not torch.compiler.is_exporting()
    if torch.jit.is_tracing() or torch._C._are_functorch_transforms_active():
        return False
    return torch.autograd.forward_ad._current_level < 0


@functools.cache
def has_triton() -> bool:
    """Whether Triton is installed."""
    return importlib.util.find_spec("triton") is not None
