"""Moving columns between the parts of a composite model."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from sk2torch.functional.sparse import selected_columns


class SelectColumns(nn.Module):
    """Columns of ``x`` by position; ``x`` may be a sparse CSR tensor.

    Args:
        index: int64, shape ``(n_selected,)``.
    """

    def __init__(self, index: Tensor) -> None:
        super().__init__()
        self.n_columns = index.shape[0]
        # The first columns in their order: all of them, where there are no more.
        self.is_prefix = bool((index == torch.arange(index.shape[0])).all())
        self.register_buffer("index", index)

    def forward(self, x: Tensor) -> Tensor:
        return x if self.is_prefix and x.shape[1] == self.n_columns else selected_columns(x, self.index)


def joint_dtype(dtypes: Sequence[str | None]) -> str | None:
    """numpy dtype of tables side by side; None where one is not known, and hence floating point."""
    known = [dtype for dtype in dtypes if dtype is not None]
    return np.result_type(*known).name if known and len(known) == len(dtypes) else None
