"""From the classes of neighbours, and what each counts, to probabilities and a class."""

import torch
from torch import Tensor

from sk2torch.functional.numpy_sums import numpy_sum


def vote_sums(labels: Tensor, weights: Tensor, n_classes: int) -> Tensor:
    """``sum_j weights[i, j] [labels[i, j] = c]``, added neighbour by neighbour; shape ``(n, n_classes)``.

    Args:
        labels: class indices, int64, shape ``(n, k)``.
        weights: shape ``(n, k)``.
        n_classes: number of classes.
    """
    return weights.new_zeros([weights.shape[0], n_classes]).scatter_add(1, labels, weights)


def heaviest_class(labels: Tensor, weights: Tensor, n_classes: int, block_elements: int = 4194304) -> Tensor:
    """The first class of the largest sum of weights, each rounded as numpy's; int64, shape ``(n,)``.

    Args:
        labels: class indices, int64, shape ``(n, k)``.
        weights: shape ``(n, k)``.
        n_classes: number of classes.
        block_elements: size of the largest temporary, but in graphs.
    """
    weights = weights.detach()
    if not torch.jit.is_scripting():  # noqa: SIM102
        if torch.compiler.is_compiling():
            return _class_sums(labels, weights, n_classes).argmax(dim=1)
    step = max(1, block_elements // (n_classes * labels.shape[1]))
    blocks: list[Tensor] = []
    for start in range(0, max(1, labels.shape[0]), step):
        sums = _class_sums(labels[start : start + step], weights[start : start + step], n_classes)
        blocks.append(sums.argmax(dim=1))
    return torch.cat(blocks) if len(blocks) > 1 else blocks[0]


def _class_sums(labels: Tensor, weights: Tensor, n_classes: int) -> Tensor:
    classes = torch.arange(n_classes, device=labels.device).reshape(1, -1, 1)
    has_class = labels.unsqueeze(1) == classes
    return numpy_sum(weights.unsqueeze(1) * has_class.to(weights.dtype))
