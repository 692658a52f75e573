"""Modules that the tests of the bridge share; of a file, so that worker processes find them."""

import torch
from torch import Tensor, nn


class Encoder(nn.Module):
    """Two layers of any input width."""

    def __init__(self, hidden: int = 4, width: int = 3, dropout: float = 0.0) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.LazyLinear(hidden), nn.Tanh(), nn.Dropout(dropout), nn.Linear(hidden, width), nn.Tanh()
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)


class RowMean(nn.Module):
    """One number a row, of any width."""

    def forward(self, x: Tensor) -> Tensor:
        return x.flatten(1).mean(dim=1)


class ThreeScores(nn.Module):
    """Scores of three classes, of any width."""

    def forward(self, x: Tensor) -> Tensor:
        return x.mean(dim=1, keepdim=True) * torch.tensor([-1.0, 0.0, 1.0]).to(x)


class Writes(nn.Module):
    """Writes into its input."""

    def forward(self, x: Tensor) -> Tensor:
        return x.mul_(2.0)
