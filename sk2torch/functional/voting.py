"""From the answers of several models to one."""

import torch
from torch import Tensor


def weighted_sum(answers: list[Tensor], weights: Tensor) -> Tensor:
    """``sum_i w_i a_i`` of answers of one shape, added in order."""
    total = answers[0] * weights[0]
    for i in range(1, len(answers)):
        total = total + answers[i] * weights[i]
    return total


def weighted_majority(votes: Tensor, weights: Tensor, n_classes: int) -> Tensor:
    """``argmax_c sum_i w_i [v_i = c]``; of equal classes the lowest.

    Classes above the largest vote of a row are no candidates, which matters for negative weights
    (as ``numpy.bincount`` has no count for them).

    Args:
        votes: class indices, int64, shape ``(n_samples, n_voters)``.
        weights: shape ``(n_voters,)``.
        n_classes: number of classes.
    """
    classes = torch.arange(n_classes, device=votes.device)
    total = torch.zeros_like(votes[:, :1], dtype=weights.dtype)
    for i in range(weights.shape[0]):
        total = total + (votes[:, i : i + 1] == classes).to(weights.dtype) * weights[i]
    beyond = classes > votes.amax(dim=1, keepdim=True)
    return total.masked_fill(beyond, -torch.inf).argmax(dim=1)
