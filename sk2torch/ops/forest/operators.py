"""Forest evaluation as operators that torch.compile takes as a whole; leaf values are differentiable."""

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any

import torch
from torch import Tensor

from sk2torch.ops.answering import takes_operators
from sk2torch.ops.forest.arrays import TreeArrays
from sk2torch.ops.forest.evaluation import forest_leaves, forest_sums, values_gradient

_exported: ContextVar[bool] = ContextVar("exported", default=False)


@contextlib.contextmanager
def exported_operators() -> Iterator[None]:
    """Within the block, exported programs have the operators instead of plain torch."""
    token = _exported.set(True)
    try:
        yield
    finally:
        _exported.reset(token)


@torch.library.custom_op("sk2torch::forest_leaves", mutates_args=())
def _leaves(
    x: Tensor,
    feature: Tensor,
    threshold: Tensor,
    children: Tensor,
    category_row: Tensor,
    category_left: Tensor,
    roots: Tensor,
    depth: int,
    copies: bool,
) -> Tensor:
    """See ``forest_leaves``."""
    trees = TreeArrays(feature, threshold, children, category_row, category_left, roots)
    return forest_leaves(x, trees, depth, copies)


@_leaves.register_fake
def _(x: Tensor, feature: Tensor, *arrays: Any) -> Tensor:
    return feature.new_empty([x.shape[0], arrays[4].shape[0]])


@torch.library.custom_op("sk2torch::forest_sums", mutates_args=())
def _sums(
    x: Tensor,
    feature: Tensor,
    threshold: Tensor,
    children: Tensor,
    category_row: Tensor,
    category_left: Tensor,
    roots: Tensor,
    depth: int,
    copies: bool,
    values: Tensor,
    start: Tensor,
    n_groups: int,
) -> Tensor:
    """See ``forest_sums``."""
    trees = TreeArrays(feature, threshold, children, category_row, category_left, roots)
    return forest_sums(x, trees, depth, copies, values, start, n_groups)


@_sums.register_fake
def _(x: Tensor, *arguments: Any) -> Tensor:
    values, start = arguments[8], arguments[9]
    return start.new_empty(start.shape, dtype=torch.promote_types(values.dtype, start.dtype))


@torch.library.custom_op("sk2torch::forest_values_gradient", mutates_args=())
def _gradient(
    x: Tensor,
    feature: Tensor,
    threshold: Tensor,
    children: Tensor,
    category_row: Tensor,
    category_left: Tensor,
    roots: Tensor,
    depth: int,
    copies: bool,
    gradient: Tensor,
    n_groups: int,
) -> Tensor:
    """See ``values_gradient``."""
    trees = TreeArrays(feature, threshold, children, category_row, category_left, roots)
    return values_gradient(x, trees, depth, copies, gradient, n_groups)


@_gradient.register_fake
def _(x: Tensor, feature: Tensor, *arguments: Any) -> Tensor:
    gradient, n_groups = arguments[7], arguments[8]
    return gradient.new_empty([feature.shape[0], gradient.shape[1] // n_groups])


def _keep_sums_inputs(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    ctx.save_for_backward(*inputs[:7])
    ctx.depth, ctx.copies, ctx.n_groups = inputs[7], inputs[8], inputs[11]
    ctx.value_type = inputs[9].dtype
    ctx.start_type = inputs[10].dtype


def _sums_backward(ctx: Any, gradient: Tensor) -> tuple[Any, ...]:
    values = None
    if ctx.needs_input_grad[9]:
        passed = _gradient(*ctx.saved_tensors, ctx.depth, ctx.copies, gradient, ctx.n_groups)
        values = passed.to(ctx.value_type)
    start = gradient.to(ctx.start_type) if ctx.needs_input_grad[10] else None
    return *[None] * 9, values, start, None


def _keep_gradient_inputs(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    ctx.save_for_backward(*inputs[:7])
    ctx.depth, ctx.copies, ctx.n_groups = inputs[7], inputs[8], inputs[10]
    ctx.shape = inputs[9].shape


def _gradient_backward(ctx: Any, passed: Tensor) -> tuple[Any, ...]:
    # The gradient is linear in what it is given; its transpose is the sum itself.
    start = passed.new_zeros(ctx.shape)
    sums = _sums(*ctx.saved_tensors, ctx.depth, ctx.copies, passed, start, ctx.n_groups)
    return *[None] * 9, sums, None


_sums.register_autograd(_sums_backward, setup_context=_keep_sums_inputs)
_gradient.register_autograd(_gradient_backward, setup_context=_keep_gradient_inputs)


def leaves_operator(x: Tensor, trees: TreeArrays, depth: int, copies: bool) -> Tensor:
    """``forest_leaves`` as one operator."""
    return _leaves(x, *trees, depth, copies)


def sums_operator(
    x: Tensor, trees: TreeArrays, depth: int, copies: bool, values: Tensor, start: Tensor, n_groups: int
) -> Tensor:
    """``forest_sums`` as one operator, differentiable in ``values`` and ``start``."""
    return _sums(x, *trees, depth, copies, values, start, n_groups)


def takes_operator(x: Tensor, feature: Tensor) -> bool:
    """``takes_operators``, and while a program is exported within ``exported_operators``."""
    if torch.compiler.is_exporting() and _exported.get():
        return x.device == feature.device
    return takes_operators(x, feature)


def takes_kernel(x: Tensor, *differentiable: Tensor) -> bool:
    """Whether nothing watches: neither a compiler, nor autograd, nor a mode that wants to see operators."""
    if torch.compiler.is_compiling() or torch._C._len_torch_dispatch_stack() > 0 or type(x) is not Tensor:
        return False
    return not (torch.is_grad_enabled() and any(t.requires_grad for t in differentiable))
