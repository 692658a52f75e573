"""Tensors of a module, without the search that an attribute of a module takes."""

from torch import Tensor, nn
from torch.compiler import is_compiling


def held_tensors(module: nn.Module, *names: str) -> list[Tensor]:
    """``[getattr(module, name) for name in names]`` for eager mode, several times faster.

    What is neither a parameter nor a buffer by now, such as a parametrized weight, is the attribute.
    """
    if is_compiling():
        return [getattr(module, name) for name in names]
    parameters, buffers = module._parameters, module._buffers
    return [
        parameters[name] if name in parameters else buffers[name] if name in buffers else getattr(module, name)
        for name in names
    ]
