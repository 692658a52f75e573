"""Whether a kernel may read tensors by their address."""

import torch
from torch import Tensor, nn
from torch.autograd import forward_ad
from torch.compiler import is_compiling

# Looked up once: these are asked at every call, where attributes of modules take as long as the answers.
_is_tracing = torch._C._is_tracing
_n_modes = torch._C._len_torch_dispatch_stack
_has_transforms = torch._C._are_functorch_transforms_active
_PLAIN = frozenset({Tensor, nn.Parameter})


class KernelMemoryError(MemoryError, RuntimeError):
    """A kernel has no memory to work in: a ``MemoryError`` as of Python, a ``RuntimeError`` as of torch's allocator."""


def takes_addresses(*tensors: Tensor) -> bool:
    """Whether all tensors lie in memory, and nothing has to see the operations on them.

    Tracers, dispatch modes, transforms of ``torch.func`` and forward-mode derivatives follow operators of torch, not
    what a kernel reads; tensors of other devices and subclasses have no numbers at their address.
    """
    if is_compiling() or _is_tracing() or _n_modes() > 0 or _has_transforms() or forward_ad._current_level >= 0:
        return False
    for tensor in tensors:
        kind = type(tensor)
        if kind not in _PLAIN or not tensor.is_cpu:
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
    return takes_numbers(torch.float64, *tensors)


def takes_numbers(dtype: torch.dtype, *tensors: Tensor) -> bool:
    """``takes_addresses`` of tensors of this dtype whose gradients nobody asks for."""
    if is_compiling() or _is_tracing() or _n_modes() > 0 or _has_transforms() or forward_ad._current_level >= 0:
        return False
    records = torch.is_grad_enabled()
    for tensor in tensors:
        if tensor.dtype is not dtype or type(tensor) not in _PLAIN or not tensor.is_cpu:
            return False
        if records and tensor.requires_grad:
            return False
    return True
