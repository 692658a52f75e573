"""From decision values to probabilities."""

import torch
from torch import Tensor


def binary_sigmoid(score: Tensor) -> Tensor:
    """``[1 - sigmoid(s), sigmoid(s)]`` for scores of shape ``(n,)``: shape ``(n, 2)``."""
    positive = torch.sigmoid(score)
    return torch.stack([1.0 - positive, positive], dim=1)


def normalized_sigmoid(scores: Tensor) -> Tensor:
    """One-vs-rest probabilities: sigmoid of each score, divided by the row's sum; ``(n, k)``."""
    positive = torch.sigmoid(scores)
    return positive / positive.sum(dim=1, keepdim=True)
