"""Putting together the answers of one classifier per pair of classes.

Pairs are ordered ``(0, 1), (0, 2), ..., (1, 2), ...``; the first class of a pair is the one that a
value speaks for, its opposite speaks for the second.
"""

import torch
from torch import Tensor

from sk2torch.ops.layout import row_major, selected
from sk2torch.ops.row_blocks import keep_block


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


def pair_signs(n_classes: int) -> Tensor:
    """1 for the first class of each pair, -1 for the second, else 0; shape ``(n_classes, n_pairs)``."""
    first, second = pair_indices(n_classes)
    index = torch.arange(first.shape[0])
    signs = torch.zeros(n_classes, first.shape[0], dtype=torch.float64)
    signs[first, index] = 1.0
    signs[second, index] = -1.0
    return signs


def class_scores(
    sums: Tensor, first: Tensor, second: Tensor, intercept: Tensor, signs: Tensor, with_confidence: bool
) -> Tensor:
    """Votes of each class from the scores ``sums[:, first] + sums[:, second] + intercept`` of the pairs.

    A score above zero votes for the first class, all else for the second. With confidence, zero votes for the first
    too, and ``c / (3 (|c| + 1))`` is added, ``c`` being the sum of a class's scores: scikit-learn's
    ``_ovr_decision_function``.

    Args:
        sums: shape ``(n_samples, n_sums)``.
        first: int64, shape ``(n_pairs,)``; so is ``second``.
        intercept: shape ``(n_pairs,)``.
        signs: ``pair_signs(n_classes)``.
        with_confidence: see above.

    Returns:
        shape ``(n_samples, n_classes)``.
    """
    if not torch.jit.is_scripting():  # noqa: SIM102
        if torch.compiler.is_compiling():
            return _block_scores(sums, first, second, intercept, signs, with_confidence)
    blocks: list[Tensor] = []
    # Whole scores of all rows would leave the processor's cache several times.
    for start in range(0, max(1, sums.shape[0]), 1024):
        block = _block_scores(sums[start : start + 1024], first, second, intercept, signs, with_confidence)
        keep_block(blocks, block, start, sums.shape[0])
    return torch.cat(blocks) if len(blocks) > 1 else blocks[0]


def _block_scores(
    sums: Tensor, first: Tensor, second: Tensor, intercept: Tensor, signs: Tensor, with_confidence: bool
) -> Tensor:
    # Whole rows are picked much faster than single columns.
    columns = row_major(sums.T)
    scores = columns.index_select(0, first) + columns.index_select(0, second) + intercept.unsqueeze(1)
    wins = scores >= 0 if with_confidence else scores > 0
    # A class is the second one of as many pairs as there are classes before it; small integers add up exactly.
    # Inductor asks of a column that a product is added to whether there is one row; of a row it does not.
    result = (signs @ wins.to(sums.dtype)).T + torch.arange(signs.shape[0], device=sums.device)
    if with_confidence:
        confidence = (signs @ scores).T
        result = result + confidence / (3 * (confidence.abs() + 1))
    return result


def one_vs_one_scores(predictions: Tensor, scores: Tensor, table: Tensor, n_classes: int) -> Tensor:
    """``class_scores`` with confidence, of members that predict and score apart; positive is for the second class.

    Args:
        predictions: 0 votes for the first class of the pair, 1 for the second, all else for none.
        scores: shape ``(n_samples, n_pairs)``, as ``predictions``.
        table: ``pair_table(n_classes)``.
        n_classes: number of classes.
    """
    for_first, for_second = (predictions == 0).to(scores.dtype), (predictions == 1).to(scores.dtype)
    votes = square_of_pairs(for_first, for_second, table, n_classes).sum(dim=2)
    # Added in scikit-learn's order, because the smallest difference decides.
    confidence = selected(square_of_pairs(-scores, scores, table, n_classes).cumsum(dim=2), 2, n_classes - 1)
    return votes + confidence / (3 * (confidence.abs() + 1))
