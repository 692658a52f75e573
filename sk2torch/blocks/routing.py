"""Moving columns between the parts of a composite model."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from torch import Tensor, nn

from sk2torch.functional.rows import is_range
from sk2torch.functional.sparse import selected_columns


class SelectColumns(nn.Module):
    """Columns of ``x`` by position; ``x`` may be a sparse CSR tensor.

    Args:
        index: int64, shape ``(n_selected,)``.
    """

    def __init__(self, index: Tensor) -> None:
        super().__init__()
        self.n_columns = index.shape[0]
        self.register_buffer("index", index)
        # The first columns in their order: all of them, where there are no more.
        self.is_prefix = is_range(index)

    def _load_from_state_dict(self, *arguments: Any) -> None:
        super()._load_from_state_dict(*arguments)
        self.is_prefix = is_range(self.index)

    def forward(self, x: Tensor) -> Tensor:
        return x if self.is_prefix and x.shape[1] == self.n_columns else selected_columns(x, self.index)


def joint_dtype(dtypes: Sequence[str | None]) -> str | None:
    """numpy dtype of tables side by side; None where one is not known, and hence floating point."""
    known = [dtype for dtype in dtypes if dtype is not None]
    return np.result_type(*known).name if known and len(known) == len(dtypes) else None
