"""Results that are computed a block of rows at a time."""

import torch
from torch import Tensor


def keep_block(kept: list[Tensor], block: Tensor, start: int, n_rows: int) -> None:
    """Add the result of the rows from ``start`` to ``kept``, whose tensors make up the whole result side by side.

    Where no gradient is recorded ``kept`` has one tensor, of all rows, and the block is copied into it. A small
    tensor that outlives its block sits where the block's large temporaries were, and the allocator then finds a
    new place for those of the next.

    Args:
        kept: results of the blocks before.
        block: shape ``(n, ...)``.
        start: 0 for the first block.
        n_rows: of all blocks together.
    """
    if torch.is_grad_enabled() or block.shape[0] == n_rows:
        kept.append(block)
        return
    if start == 0:
        kept.append(block.new_empty([n_rows] + list(block.shape[1:])))  # noqa: RUF005  (TorchScript)
    kept[0][start : start + block.shape[0]] = block
