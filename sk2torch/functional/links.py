"""From decision values to probabilities."""

import torch
from torch import Tensor


def binary_sigmoid(score: Tensor) -> Tensor:
    """``[1 - sigmoid(s), sigmoid(s)]`` for scores of shape ``(n,)``: shape ``(n, 2)``."""
    positive = torch.sigmoid(score)
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
