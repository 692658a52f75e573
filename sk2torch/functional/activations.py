"""Activation functions of neural networks, by scikit-learn's names."""

import torch
from torch import Tensor


def activate(x: Tensor, name: str) -> Tensor:
    """``name`` applied to ``x``, shape ``(n, k)``: logistic, tanh, relu, exp, softmax (over columns) or identity."""
    if name == "logistic":
        return torch.sigmoid(x)
    if name == "tanh":
        return torch.tanh(x)
    if name == "relu":
        return torch.relu(x)
    if name == "exp":
        return torch.exp(x)
    if name == "softmax":
        return torch.softmax(x, dim=1)
    return x
