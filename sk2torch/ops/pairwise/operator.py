"""The reductions as operators of torch: compiled code for processors, Triton for GPUs, plain torch for all else.

``torch.compile`` takes them as they are. Their gradients run in tiles as well; gradients of gradients are those of
the plain formula, whose memory grows with the product of queries and stored rows.
"""

import importlib
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from sk2torch.ops.answering import has_triton
from sk2torch.ops.pairwise.gradients import PairGradients, log_sum_gradients, sum_gradients, values_gradients
from sk2torch.ops.pairwise.native import native_arg_min, native_log_sum, native_sum, native_values
from sk2torch.ops.pairwise.reference import blocked_arg_min, blocked_log_sum, blocked_sum
from sk2torch.ops.pairwise.statistics import kernel_values


def _by_triton(name: str, x: Tensor, *arguments: Any) -> Any:
    """The answer of a function of ``triton_kernel``; None where it has none, for other devices and without triton."""
    if not (x.is_cuda and has_triton()):
        return None
    module = "triton_gradients" if name == "triton_gradients" else "triton_kernel"
    return getattr(importlib.import_module(f"sk2torch.ops.pairwise.{module}"), name)(*arguments)


def sum_of_pairs(
    x: Tensor,
    y: Tensor,
    weights: Tensor,
    sizes: list[int],
    statistic: str,
    link: str,
    gamma: Tensor,
    coef0: Tensor,
    degree: float,
) -> Tensor:
    """``weighted_sum`` by the fastest code for the device, without gradients."""
    arguments = (x, y, weights, sizes, statistic, link, gamma, coef0, degree)
    found = native_sum(*arguments) if x.device.type == "cpu" else _by_triton("triton_sum", x, *arguments)
    return blocked_sum(*arguments) if found is None else found


def values_of_pairs(
    x: Tensor, y: Tensor, statistic: str, link: str, gamma: Tensor, coef0: Tensor, degree: float
) -> Tensor:
    """``pairwise_kernel`` by the fastest code for the device, without gradients."""
    found = native_values(x, y, statistic, link, gamma, coef0, degree)
    return kernel_values(x, y, statistic, link, gamma, coef0, degree) if found is None else found


def log_sum_of_pairs(x: Tensor, y: Tensor, offsets: Tensor, statistic: str, link: str, gamma: Tensor) -> Tensor:
    """``log_sum`` by the fastest code for the device, without gradients."""
    arguments = (x, y, offsets, statistic, link, gamma)
    found = native_log_sum(*arguments) if x.device.type == "cpu" else _by_triton("triton_log_sum", x, *arguments)
    return blocked_log_sum(*arguments) if found is None else found


def least_of_pairs(
    x: Tensor, y: Tensor, offsets: Tensor, shifts: Tensor | None, statistic: str, link: str, gamma: Tensor
) -> Tensor:
    """``arg_min`` by the fastest code for the device."""
    arguments = (x, y, offsets, shifts, statistic, link, gamma)
    found = native_arg_min(*arguments) if x.device.type == "cpu" else _by_triton("triton_arg_min", x, *arguments)
    return blocked_arg_min(*arguments) if found is None else found


@torch.library.custom_op("sk2torch::pairwise_sum", mutates_args=())
def pairwise_sum(
    x: Tensor,
    y: Tensor,
    weights: Tensor,
    sizes: list[int],
    statistic: str,
    link: str,
    gamma: Tensor,
    coef0: Tensor,
    degree: float,
) -> Tensor:
    """``weighted_sum`` of rows that went through ``align_outside``."""
    return sum_of_pairs(x, y, weights, sizes, statistic, link, gamma, coef0, degree)


@pairwise_sum.register_fake
def _(x: Tensor, y: Tensor, weights: Tensor, sizes: list[int], *rest: Any) -> Tensor:
    return x.new_empty(x.shape[0], len(sizes) * weights.shape[0])


@torch.library.custom_op("sk2torch::pairwise_values", mutates_args=())
def pairwise_values(
    x: Tensor, y: Tensor, statistic: str, link: str, gamma: Tensor, coef0: Tensor, degree: float
) -> Tensor:
    """``pairwise_kernel`` of rows that went through ``align_outside``."""
    return values_of_pairs(x, y, statistic, link, gamma, coef0, degree)


@pairwise_values.register_fake
def _(x: Tensor, y: Tensor, *rest: Any) -> Tensor:
    return x.new_empty(x.shape[0], y.shape[0])


@torch.library.custom_op("sk2torch::pairwise_log_sum", mutates_args=())
def pairwise_log_sum(x: Tensor, y: Tensor, offsets: Tensor, statistic: str, link: str, gamma: Tensor) -> Tensor:
    """``log_sum`` of rows that went through ``align_outside``."""
    return log_sum_of_pairs(x, y, offsets, statistic, link, gamma)


@pairwise_log_sum.register_fake
def _(x: Tensor, *rest: Any) -> Tensor:
    return x.new_empty(x.shape[0])


@torch.library.custom_op("sk2torch::pairwise_arg_min", mutates_args=())
def pairwise_arg_min(
    x: Tensor, y: Tensor, offsets: Tensor, shifts: Tensor | None, statistic: str, link: str, gamma: Tensor
) -> Tensor:
    """``arg_min`` of rows that went through ``align_outside``."""
    return least_of_pairs(x, y, offsets, shifts, statistic, link, gamma)


@pairwise_arg_min.register_fake
def _(x: Tensor, *rest: Any) -> Tensor:
    return x.new_empty(x.shape[0], dtype=torch.int64)


@torch.library.custom_op("sk2torch::pairwise_gradients", mutates_args=())
def pairwise_gradients(
    reduction: str,
    grad: Tensor,
    out: Tensor,
    x: Tensor,
    y: Tensor,
    weights: Tensor,
    sizes: list[int],
    statistic: str,
    link: str,
    gamma: Tensor,
    coef0: Tensor,
    degree: float,
    needs: list[bool],
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """With respect to ``x``, ``y``, weights or offsets, ``gamma`` and ``coef0``; empty where not needed."""
    if reduction != "values":
        rest = (grad, out, x, y, weights, sizes, statistic, link, gamma, coef0, degree, needs)
        fused = _by_triton("triton_gradients", x, reduction == "log_sum", *rest)
        if fused is not None:
            return fused
    found = PairGradients(x, y, statistic, link, gamma, coef0, degree, needs)
    by_weights = weights.new_empty(0)
    if reduction == "sum":
        by_weights = sum_gradients(found, grad, weights, sizes)
    elif reduction == "values":
        values_gradients(found, grad)
    else:
        by_weights = log_sum_gradients(found, grad, out, weights)
    return found.x, found.y, by_weights, found.gamma_slope, found.coef0_slope


@pairwise_gradients.register_fake
def _(reduction: str, grad: Tensor, out: Tensor, x: Tensor, y: Tensor, weights: Tensor, *rest: Any) -> Any:
    gamma, coef0, needs = rest[3], rest[4], rest[6]
    inputs = (x, y, weights, gamma, coef0)
    return tuple(
        torch.empty_like(i, memory_format=torch.contiguous_format) if needed else i.new_empty(0)
        for i, needed in zip(inputs, needs, strict=True)
    )


def _gradients(
    ctx: Any, reduction: str, grad: Tensor, plain: Callable[..., Tensor], optional: tuple[int, ...]
) -> list[Tensor | None]:
    """Of the five differentiable inputs that ``ctx`` has, None where not needed.

    Args:
        ctx: of the operator's backward pass.
        reduction: see ``pairwise_gradients``.
        grad: of the result.
        plain: the reduction in differentiable torch, of the five.
        optional: places of the five among the operator's arguments, -1 for those that it has not.
    """
    x, y, weights, gamma, coef0, out = ctx.saved_tensors
    needs = [place >= 0 and ctx.needs_input_grad[place] for place in optional]
    if torch.is_grad_enabled():
        # Of aliases: one tensor may stand in two places.
        inputs = [tensor.view_as(tensor) for tensor in (x, y, weights, gamma, coef0)]
        wanted = [tensor for tensor, needed in zip(inputs, needs, strict=True) if needed]
        found = iter(torch.autograd.grad(plain(*inputs), wanted, grad, create_graph=True, allow_unused=True))
        return [next(found) if needed else None for needed in needs]
    sizes, statistic, link, degree = ctx.settings
    gradients = pairwise_gradients(
        reduction, grad.contiguous(), out, x, y, weights, sizes, statistic, link, gamma, coef0, degree, needs
    )
    return [gradient if needed else None for gradient, needed in zip(gradients, needs, strict=True)]


def _keep_sum(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    x, y, weights, sizes, statistic, link, gamma, coef0, degree = inputs
    ctx.save_for_backward(x, y, weights, gamma, coef0, gamma)
    ctx.settings = (sizes, statistic, link, degree)


def _sum_backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
    sizes, statistic, link, degree = ctx.settings

    def plain(x: Tensor, y: Tensor, weights: Tensor, gamma: Tensor, coef0: Tensor) -> Tensor:
        return blocked_sum(x, y, weights, sizes, statistic, link, gamma, coef0, degree)

    x, y, weights, gamma, coef0 = _gradients(ctx, "sum", grad, plain, (0, 1, 2, 6, 7))
    return x, y, weights, None, None, None, gamma, coef0, None


def _keep_values(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    x, y, statistic, link, gamma, coef0, degree = inputs
    ctx.save_for_backward(x, y, gamma, gamma, coef0, gamma)
    ctx.settings = ([y.shape[0]], statistic, link, degree)


def _values_backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
    _, statistic, link, degree = ctx.settings

    def plain(x: Tensor, y: Tensor, weights: Tensor, gamma: Tensor, coef0: Tensor) -> Tensor:
        return kernel_values(x, y, statistic, link, gamma, coef0, degree)

    x, y, _, gamma, coef0 = _gradients(ctx, "values", grad, plain, (0, 1, -1, 4, 5))
    return x, y, None, None, gamma, coef0, None


def _keep_log_sum(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    x, y, offsets, statistic, link, gamma = inputs
    ctx.save_for_backward(x, y, offsets, gamma, gamma, output)
    ctx.settings = ([y.shape[0]], statistic, link, 1.0)


def _log_sum_backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
    _, statistic, link, _ = ctx.settings

    def plain(x: Tensor, y: Tensor, offsets: Tensor, gamma: Tensor, coef0: Tensor) -> Tensor:
        return blocked_log_sum(x, y, offsets, statistic, link, gamma)

    x, y, offsets, gamma, _ = _gradients(ctx, "log_sum", grad, plain, (0, 1, 2, 5, -1))
    return x, y, offsets, None, None, gamma


pairwise_sum.register_autograd(_sum_backward, setup_context=_keep_sum)
pairwise_values.register_autograd(_values_backward, setup_context=_keep_values)
pairwise_log_sum.register_autograd(_log_sum_backward, setup_context=_keep_log_sum)
