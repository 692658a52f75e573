"""From decision values to probabilities."""

import torch
from torch import Tensor

from sk2torch.ops.layout import row_major
from sk2torch.ops.softmax import binary_rows, normalize_rows


def binary_sigmoid(score: Tensor) -> Tensor:
    """``[1 - sigmoid(s), sigmoid(s)]`` for scores of shape ``(n,)`` or ``(n, 1)``: shape ``(n, 2)``."""
    if not torch.jit.is_scripting():
        result = binary_rows(score)
        if result is not None:
            return result
    positive = torch.sigmoid(score if score.dim() == 1 else score[:, 0])
    # The operator ``1.0 - positive`` takes another turn through Python.
    return torch.stack([torch.rsub(positive, 1.0), positive], dim=1)


def normalized_rows(weights: Tensor) -> Tensor:
    """Non-negative weights divided by their row's sum; a row of zeros becomes uniform; ``(n, k)``."""
    total = weights.sum(dim=1, keepdim=True)
    # Replaced before the division: a NaN, even one not chosen, would spoil the gradient.
    weights = torch.where(total == 0, torch.ones_like(weights), weights)
    return weights / weights.sum(dim=1, keepdim=True)


def normalized_sigmoid(scores: Tensor) -> Tensor:
    """One-vs-rest probabilities: ``normalized_rows(sigmoid(s))``; ``(n, k)``."""
    return normalized_rows(torch.sigmoid(scores))


def softmax_rows(scores: Tensor) -> Tensor:
    """``exp(s)`` over its sum in each row; ``(n, k)``."""
    if not torch.jit.is_scripting():
        result = normalize_rows(scores, "softmax")
        if result is not None:
            return result
    return torch.softmax(row_major(scores), dim=1)


def log_softmax_rows(scores: Tensor) -> Tensor:
    """The logarithm of ``softmax_rows``; ``(n, k)``."""
    if not torch.jit.is_scripting():
        result = normalize_rows(scores, "log_softmax")
        if result is not None:
            return result
    return torch.log_softmax(row_major(scores), dim=1)


def log_normalized_rows(joint: Tensor) -> Tensor:
    """``j - log(sum(exp(j)))`` of each row; ``(n, k)``."""
    if not torch.jit.is_scripting():
        result = normalize_rows(joint, "log_normalized")
        if result is not None:
            return result
    return joint - torch.logsumexp(joint, dim=1, keepdim=True)
