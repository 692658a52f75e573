"""Moving columns between the parts of a composite model."""

from torch import Tensor, nn


class SelectColumns(nn.Module):
    """Columns of ``x`` by position.

    Args:
        index: int64, shape ``(n_selected,)``.
    """

    def __init__(self, index: Tensor) -> None:
        super().__init__()
        self.register_buffer("index", index)

    def forward(self, x: Tensor) -> Tensor:
        return x.index_select(1, self.index)
