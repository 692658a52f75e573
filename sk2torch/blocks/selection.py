"""Keeping some of the columns, and putting them back."""

import torch
from torch import Tensor, nn

from sk2torch.functional.sparse import selected_columns


class ColumnSelection(nn.Module):
    """``x[:, kept]``; ``restore`` puts the columns back, with zeros in those that were dropped.

    ``x`` may be a sparse CSR tensor.

    Args:
        support: boolean, shape ``(n_features,)``: the columns that are kept.
    """

    def __init__(self, support: Tensor) -> None:
        super().__init__()
        kept = support.nonzero()[:, 0]
        self.n_kept = kept.shape[0]
        # Dropped columns come from one of zeros after the kept ones.
        source = torch.where(support, support.cumsum(0) - 1, self.n_kept)
        self.register_buffer("kept", kept)
        self.register_buffer("source", source)

    def forward(self, x: Tensor) -> Tensor:
        return selected_columns(x, self.kept)

    def restore(self, x: Tensor) -> Tensor:
        """From shape ``(n_samples, n_kept)`` to ``(n_samples, n_features)``."""
        if x.dim() != 2 or x.shape[1] != self.n_kept:
            raise ValueError(f"Expected an input of shape (n_samples, {self.n_kept}).")
        return torch.cat([x, x.new_zeros(x.shape[0], 1)], dim=1).index_select(1, self.source)
