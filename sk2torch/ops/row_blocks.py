"""Results that are computed a block of rows at a time."""

from collections.abc import Callable

import torch
from torch import Tensor

# Numbers of a temporary that is still near when the next operation reads it.
_CACHED_ELEMENTS = 65536


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


def in_row_blocks(function: Callable[[Tensor], Tensor], x: Tensor, width: int) -> Tensor:
    """``function(x)``, some rows at a time, where each row of the result depends on that row alone.

    Temporaries stay in the processor's cache. Not for TorchScript; a compiled graph has one block.

    Args:
        function: takes rows and returns as many.
        x: shape ``(n, ...)``.
        width: numbers of the largest temporary, for one row.
    """
    rows = max(16, _CACHED_ELEMENTS // max(1, width))
    if torch.compiler.is_compiling() or x.shape[0] <= rows or x.device.type != "cpu":
        return function(x)
    blocks: list[Tensor] = []
    for start in range(0, x.shape[0], rows):
        keep_block(blocks, function(x[start : start + rows]), start, x.shape[0])
    return torch.cat(blocks) if len(blocks) > 1 else blocks[0]
