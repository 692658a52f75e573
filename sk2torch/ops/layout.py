"""Views and copies that compiled graphs make without a look at the number of rows."""

import torch
from torch import Tensor


def row_major(x: Tensor) -> Tensor:
    """``x``, a copy where its rows do not lie one after another.

    Compiled graphs copy in any case: whether they have to depends on the number of rows, for which they would be
    compiled anew. Where there is nothing to copy, Inductor leaves it out.
    """
    if not torch.jit.is_scripting():  # noqa: SIM102
        if torch.compiler.is_compiling() and not torch.compiler.is_exporting():
            return x.clone(memory_format=torch.contiguous_format)
    return x.contiguous()


def selected(x: Tensor, dim: int, k: int) -> Tensor:
    """``x.select(dim, k)``, for compiled graphs in two steps.

    Inductor asks of numbers that it takes out of a stored table whether there is a single row, and would compile anew
    for the answer.
    """
    if not torch.jit.is_scripting():  # noqa: SIM102
        if torch.compiler.is_compiling() and not torch.compiler.is_exporting():
            return x.narrow(dim, k, 1).clone().squeeze(dim)
    return x.select(dim, k)
