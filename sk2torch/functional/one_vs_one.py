"""Putting together the answers of one classifier per pair of classes.

Pairs are ordered ``(0, 1), (0, 2), ..., (1, 2), ...``; the first class of a pair is the one that a
value speaks for, its opposite speaks for the second.
"""

import torch
from torch import Tensor


def pair_indices(n_classes: int) -> tuple[Tensor, Tensor]:
    """First and second class of each pair; int64, shape ``(n_pairs,)`` each."""
    first, second = torch.triu_indices(n_classes, n_classes, offset=1).unbind(0)
    return first.clone(), second.clone()


def pair_table(n_classes: int) -> Tensor:
    """Where ``square_of_pairs`` finds its entries; int64, shape ``(n_classes**2,)``."""
    first, second = pair_indices(n_classes)
    n_pairs = first.shape[0]
    table = torch.full((n_classes, n_classes), 2 * n_pairs)
    table[first, second] = torch.arange(n_pairs)
    table[second, first] = torch.arange(n_pairs) + n_pairs
    return table.reshape(-1)


def square_of_pairs(for_first: Tensor, for_second: Tensor, table: Tensor, n_classes: int) -> Tensor:
    """``s[i, a, b]``: what row ``i`` says for class ``a`` against ``b``; zero for ``a = b``.

    Args:
        for_first: shape ``(n_samples, n_pairs)``, for the first class of each pair.
        for_second: the same for the second class.
        table: ``pair_table(n_classes)``.
        n_classes: number of classes.
    """
    listed = torch.cat([for_first, for_second, torch.zeros_like(for_first[:, :1])], dim=1)
    return listed.index_select(1, table).reshape(-1, n_classes, n_classes)


def pair_votes(wins: Tensor, table: Tensor, n_classes: int) -> Tensor:
    """Votes of each class, shape ``(n_samples, n_classes)``.

    Args:
        wins: 1 where the first class of the pair wins, else 0; shape ``(n_samples, n_pairs)``.
        table: ``pair_table(n_classes)``.
        n_classes: number of classes.
    """
    return square_of_pairs(wins, 1 - wins, table, n_classes).sum(dim=2)


def one_vs_rest_scores(scores: Tensor, table: Tensor, n_classes: int) -> Tensor:
    """Votes plus the sum ``c`` of a class's pair scores squeezed to ``c / (3 (|c| + 1))``.

    scikit-learn's ``_ovr_decision_function``; a score of zero votes for the first class.

    Args:
        scores: positive for the first class of the pair; shape ``(n_samples, n_pairs)``.
        table: ``pair_table(n_classes)``.
        n_classes: number of classes.
    """
    votes = pair_votes((scores >= 0).to(scores.dtype), table, n_classes)
    confidence = square_of_pairs(scores, -scores, table, n_classes).sum(dim=2)
    return votes + confidence / (3 * (confidence.abs() + 1))


def one_vs_one_scores(predictions: Tensor, scores: Tensor, table: Tensor, n_classes: int) -> Tensor:
    """``one_vs_rest_scores`` of members that predict and score apart; positive scores are for the second class.

    Args:
        predictions: 0 votes for the first class of the pair, 1 for the second, all else for none.
        scores: shape ``(n_samples, n_pairs)``, as ``predictions``.
        table: ``pair_table(n_classes)``.
        n_classes: number of classes.
    """
    for_first, for_second = (predictions == 0).to(scores.dtype), (predictions == 1).to(scores.dtype)
    votes = square_of_pairs(for_first, for_second, table, n_classes).sum(dim=2)
    # Added in scikit-learn's order, because the smallest difference decides.
    confidence = square_of_pairs(-scores, scores, table, n_classes).cumsum(dim=2)[:, :, -1]
    return votes + confidence / (3 * (confidence.abs() + 1))
