"""Loops of compiled and exported graphs."""

from collections.abc import Callable
from types import CodeType, FunctionType

import torch
from torch import Tensor


def graph_loop(
    unfinished: Callable[..., Tensor], advance: Callable[..., tuple[Tensor, ...]], state: tuple[Tensor, ...]
) -> tuple[Tensor, ...]:
    """``state`` after ``state = advance(*state)`` while ``unfinished(*state)``, as one ``while_loop`` of a graph.

    ``torch.export`` has every loop compiled, by one function of torch whose compiled forms are kept. Comparing a later
    loop's sizes with theirs makes guards on its batch ("batch != 5"), and sizes that differ between loops become
    dynamic, equal to the batch if the example has as many rows. So each loop is compiled as if it were the first.
    """
    loop = torch._higher_order_ops.while_loop
    if torch.compiler.is_dynamo_compiling():
        return loop(unfinished, advance, state)
    with torch._dynamo.config.patch(automatic_dynamic_shapes=False):
        return _fresh(loop)(unfinished, advance, state)


def _fresh(function: FunctionType) -> FunctionType:
    """The function, with new code objects for those defined in it: what is compiled is kept with a code object."""
    consts = tuple(const.replace() if isinstance(const, CodeType) else const for const in function.__code__.co_consts)
    code = function.__code__.replace(co_consts=consts)
    return FunctionType(code, function.__globals__, function.__name__, function.__defaults__, function.__closure__)
