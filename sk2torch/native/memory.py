"""Whether a kernel may read tensors by their address."""

import torch
from torch import Tensor, nn


def takes_addresses(*tensors: Tensor) -> bool:
    """Whether all tensors lie in memory, and nothing has to see the operations on them.

    Tracers, dispatch modes, transforms of ``torch.func`` and forward-mode derivatives follow operators of torch, not
    what a kernel reads; tensors of other devices and subclasses have no numbers at their address.
    """
    if torch.compiler.is_compiling() or torch.jit.is_tracing() or torch._C._len_torch_dispatch_stack() > 0:
        return False
    if torch._C._are_functorch_transforms_active() or torch.autograd.forward_ad._current_level >= 0:
        return False
    for tensor in tensors:
        kind = type(tensor)
        if (kind is not Tensor and kind is not nn.Parameter) or not tensor.is_cpu:
            return False
    return True


def require_shapes(*expected: tuple[Tensor, tuple[int, ...]]) -> None:
    """Refuse tensors of other shapes than a kernel is told that they have: it would read what is not theirs.

    Raises:
        ValueError: one has.
    """
    for tensor, shape in expected:
        if tensor.shape != shape:
            raise ValueError(f"expected an array of shape {shape}, got {tuple(tensor.shape)}; the model's do not fit.")


def takes_doubles(*tensors: Tensor) -> bool:
    """``takes_addresses`` of float64 tensors whose gradients nobody asks for."""
    records = torch.is_grad_enabled()
    for tensor in tensors:
        if tensor.dtype != torch.float64 or (records and tensor.requires_grad):
            return False
    return takes_addresses(*tensors)
