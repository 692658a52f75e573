"""Members of an ensemble that know some of its classes only."""

import torch
from torch import Tensor, nn


class KnownClasses(nn.Module):
    """A table of some classes as one of all: ``(n_samples, n_known)`` to ``(n_samples, n_classes)``.

    Args:
        index: which classes the columns are for, int64, shape ``(n_known,)``.
        n_classes: number of all classes.
    """

    def __init__(self, index: Tensor, n_classes: int) -> None:
        super().__init__()
        # A column of its own stands for the classes that are not known.
        position = torch.full([n_classes], index.shape[0])
        position[index] = torch.arange(index.shape[0])
        self.register_buffer("position", position)
        self.has_all = index.shape[0] == n_classes

    def forward(self, table: Tensor, fill: float) -> Tensor:
        """``table`` with ``fill`` for the classes that it lacks."""
        if self.has_all:
            return table
        return torch.cat([table, torch.full_like(table[:, :1], fill)], dim=1).index_select(1, self.position)
