"""Sketches of tensor powers."""

import torch
from torch import Tensor

from sk2torch.ops.loops import graph_loop

# More terms than these are a loop in compiled and exported graphs.
_MAX_UNROLLED_TERMS = 16


def tensor_sketch(x: Tensor, index: Tensor, weight: Tensor, n_components: int) -> Tensor:
    """Circular convolution over ``d`` of ``sum_j weight[d, j] x_j e(index[d, j])``, unit vectors ``e``.

    By Fourier transforms in eager mode and TorchScript; graphs, for which runtimes lack them in float64, shift and
    add, one feature at a time.

    Args:
        x: shape ``(n, n_features)``.
        index: int64, shape ``(degree, n_features)``.
        weight: shape ``(degree, n_features)``.
        n_components: length of the unit vectors.

    Returns:
        shape ``(n, n_components)``.
    """
    if torch.jit.is_scripting():
        return _by_transform(x, index, weight, n_components)
    else:
        if torch.compiler.is_compiling():
            return _by_shifts(x, index, weight, n_components)
        return _by_transform(x, index, weight, n_components)


def _by_transform(x: Tensor, index: Tensor, weight: Tensor, n_components: int) -> Tensor:
    empty = x.new_zeros(x.shape[0], n_components)
    if x.shape[0] == 0:
        # The transform refuses tables without rows.
        return empty
    product = torch.fft.rfft(empty.index_add(1, index[0], x * weight[0]))
    for d in range(1, index.shape[0]):
        product = product * torch.fft.rfft(empty.index_add(1, index[d], x * weight[d]))
    return torch.fft.irfft(product, n_components)


def _by_shifts(x: Tensor, index: Tensor, weight: Tensor, n_components: int) -> Tensor:
    degree, n_features = index.shape
    position = torch.arange(n_components, device=x.device)
    index, weight = index.reshape(-1), weight.reshape(-1)
    power = (position == 0).to(x.dtype).expand(x.shape[0], -1)

    def term(t: Tensor, power: Tensor) -> Tensor:
        shifted = power.index_select(1, torch.remainder(position - index.index_select(0, t), n_components))
        return weight.index_select(0, t) * x.index_select(1, t % n_features) * shifted

    if degree * n_features <= _MAX_UNROLLED_TERMS:
        for d in range(degree):
            terms = [term(torch.full([1], d * n_features + j, device=x.device), power) for j in range(n_features)]
            power = torch.stack(terms).sum(dim=0)
        return power

    if torch.compiler.is_exporting():
        # The exporter's loops refuse what requires a gradient.
        x, weight = x.detach(), weight.detach()

    def unfinished(t: Tensor, total: Tensor, power: Tensor) -> Tensor:
        return t < degree * n_features

    def advance(t: Tensor, total: Tensor, power: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        total = total + term(t.reshape(1), power)
        is_last = t % n_features == n_features - 1
        return t + 1, torch.where(is_last, torch.zeros_like(total), total), torch.where(is_last, total, power)

    start = torch.zeros((), dtype=torch.int64, device=x.device)
    state = (start, torch.zeros_like(power), power.clone())
    return graph_loop(unfinished, advance, state)[2]
