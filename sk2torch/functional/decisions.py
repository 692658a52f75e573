"""From decision values to class indices."""

import torch
from torch import Tensor

from sk2torch.ops.decisions import native_positive


def positive_index(scores: Tensor, is_negated: bool = False) -> Tensor:
    """1 where a score is above zero, else 0, or the other way round; int64, shape ``(n,)``.

    Args:
        scores: shape ``(n,)`` or ``(n, 1)``.
        is_negated: the other way round.
    """
    if not torch.jit.is_scripting():
        found = native_positive(scores, is_negated)
        if found is not None:
            return found
    is_positive = single_column(scores) > 0
    return is_positive.logical_not().long() if is_negated else is_positive.long()


def single_column(values: Tensor) -> Tensor:
    """Values of shape ``(n,)`` or ``(n, 1)`` as ``(n,)``.

    A view in any case: whether ``reshape`` copies depends on the number of rows, for which graphs would be compiled
    anew.
    """
    return values if values.dim() == 1 else values.squeeze(1)


def class_index(scores: Tensor) -> Tensor:
    """Index of the predicted class, int64, shape ``(n,)``.

    ``1`` where a score of shape ``(n,)`` is above zero; the first largest of scores ``(n, k)``.
    """
    if scores.dim() == 1:
        return positive_index(scores)
    return scores.argmax(dim=1)


def largest_index(scores: Tensor, last_wins: bool) -> Tensor:
    """Index of the largest score of each row, int64, shape ``(n,)``; of equal ones the first, or the last."""
    if last_wins:
        return scores.shape[1] - 1 - scores.flip(1).argmax(dim=1)
    return scores.argmax(dim=1)
