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
    return all(type(tensor) in (Tensor, nn.Parameter) and tensor.is_cpu for tensor in tensors)
