"""From the classes of neighbours, and what each counts, to probabilities and a class."""

import torch
from torch import Tensor

from sk2torch.functional.numpy_sums import numpy_sum
from sk2torch.ops import neighbor_votes as compiled


def vote_sums(labels: Tensor, weights: Tensor, n_classes: int) -> Tensor:
    """``sum_j weights[i, j] [labels[i, j] = c]``, added neighbour by neighbour; shape ``(n, n_classes)``.

    Args:
        labels: class indices, int64, shape ``(n, k)``.
        weights: shape ``(n, k)``.
        n_classes: number of classes.
    """
    return weights.new_zeros([weights.shape[0], n_classes]).scatter_add(1, labels, weights)


def class_votes(index: Tensor, weights: Tensor, labels: Tensor, n_classes: int, is_share: bool) -> Tensor:
    """``vote_sums`` of the labels of neighbours, or each one's share of their sum; shape ``(n, n_classes)``.

    Args:
        index: of the neighbours, int64, shape ``(n, k)``.
        weights: shape ``(n, k)``.
        labels: class of each stored row, int64, shape ``(n_rows,)``.
        n_classes: number of classes.
        is_share: whether to divide.
    """
    if not torch.jit.is_scripting():
        found = compiled.class_votes(index, weights, labels, n_classes, is_share)
        if found is not None:
            return found
    sums = vote_sums(labels.index_select(0, index.reshape(-1)).reshape(index.shape), weights, n_classes)
    return sums / sums.sum(dim=1, keepdim=True) if is_share else sums


def target_means(index: Tensor, weights: Tensor, targets: Tensor, is_weighted: bool) -> Tensor:
    """``sum_j weights[i, j] targets[index[i, j]] / sum_j weights[i, j]``; shape ``(n, n_targets)``.

    Args:
        index: of the neighbours, int64, shape ``(n, k)``.
        weights: shape ``(n, k)``.
        targets: shape ``(n_rows, n_targets)``.
        is_weighted: some weights are not 1.
    """
    if not torch.jit.is_scripting():
        found = compiled.target_means(index, weights, targets)
        if found is not None:
            return found
    chosen = targets.index_select(0, index.reshape(-1)).reshape(index.shape[0], index.shape[1], targets.shape[1])
    if not is_weighted:
        return chosen.mean(dim=1)
    return (chosen * weights.unsqueeze(2)).sum(dim=1) / weights.sum(dim=1, keepdim=True)


def require_weight(weights: Tensor) -> None:
    """Raise as scikit-learn does where all neighbours of a row count nothing; graphs cannot.

    Raises:
        ValueError: a row of ``weights``, shape ``(n, k)``, is zero.
    """
    if not torch.jit.is_scripting():  # noqa: SIM102
        if torch.compiler.is_compiling():
            return
    if bool((weights == 0).all(dim=1).any()):
        raise ValueError("all neighbors of a row have the weight zero; change the function that is 'weights'.")


def heaviest_class(labels: Tensor, weights: Tensor, n_classes: int, block_elements: int = 4194304) -> Tensor:
    """The first class of the largest sum of weights, each rounded as numpy's; int64, shape ``(n,)``.

    Sums below zero count as zero, as in scikit-learn's weighted mode.

    Args:
        labels: class indices, int64, shape ``(n, k)``.
        weights: shape ``(n, k)``.
        n_classes: number of classes.
        block_elements: size of the largest temporary, but in graphs.
    """
    weights = weights.detach()
    if not torch.jit.is_scripting():  # noqa: SIM102
        if torch.compiler.is_compiling():
            found = _class_sums(labels, weights, n_classes).clamp(min=0.0).argmax(dim=1)
            # No class: looking up its label fails.
            return torch.where((weights == 0).all(dim=1), n_classes, found)
    step = max(1, block_elements // (n_classes * labels.shape[1]))
    blocks: list[Tensor] = []
    for start in range(0, max(1, labels.shape[0]), step):
        sums = _class_sums(labels[start : start + step], weights[start : start + step], n_classes)
        blocks.append(sums.clamp(min=0.0).argmax(dim=1))
    return torch.cat(blocks) if len(blocks) > 1 else blocks[0]


def _class_sums(labels: Tensor, weights: Tensor, n_classes: int) -> Tensor:
    classes = torch.arange(n_classes, device=labels.device).reshape(1, -1, 1)
    has_class = labels.unsqueeze(1) == classes
    return numpy_sum(weights.unsqueeze(1) * has_class.to(weights.dtype))


def inverse_distance(distance: Tensor, counts: Tensor) -> Tensor:
    """``1 / distance`` where ``counts``, else 0; in rows where some are zero, 1 for these and 0 for all others."""
    is_zero = (distance == 0) & counts
    has_zero = is_zero.any(dim=1, keepdim=True)
    inverse = 1.0 / torch.where(is_zero, torch.ones_like(distance), distance)
    return torch.where(has_zero, is_zero.to(distance.dtype), torch.where(counts, inverse, torch.zeros_like(inverse)))
