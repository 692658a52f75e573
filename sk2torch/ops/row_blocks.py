"""Results that are computed a block of rows at a time."""

from collections.abc import Callable

import torch
from torch import Tensor

from sk2torch.native import takes_addresses

# Numbers of a temporary that is still near when the next operation reads it.
_CACHED_ELEMENTS = 65536
# Bytes of the largest result from which on rows go through in blocks, and of a block's; rows of the first block, which
# tells how many these are, and from which on it is worth while.
_MUCH_MEMORY, _BLOCK_MEMORY = 2**24, 2**21
_FIRST_ROWS, _MANY_ROWS = 1024, 16384


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


def in_memory_blocks(steps: Callable[[Tensor], list[Tensor]], x: Tensor) -> Tensor | None:
    """The last of ``steps(x)``, of many rows some at a time, so that all fit into memory that is used over and over.

    Fresh memory of the operating system costs more than most operations on it. None where all rows go together: there
    are few, they are not on a processor, something has to see the operations, or the last result is no dense tensor of
    as many rows.

    Args:
        steps: the results of operations one after another, of which each row depends on that row alone.
        x: shape ``(n, ...)``, dense.
    """
    # The number of rows last, which graphs do not know.
    if torch.is_grad_enabled() or not takes_addresses(x) or x.layout != torch.strided or x.shape[0] < _MANY_ROWS:
        return None
    found = steps(x[:_FIRST_ROWS])
    first = found[-1]
    if not isinstance(first, Tensor) or first.layout != torch.strided or first.shape[:1] != (_FIRST_ROWS,):
        return None
    row = max(part.nbytes for part in [*found, x[:_FIRST_ROWS]] if part.layout == torch.strided) // _FIRST_ROWS
    if row * x.shape[0] < _MUCH_MEMORY:
        return None
    rows = max(_FIRST_ROWS, _BLOCK_MEMORY // row)
    result = first.new_empty([x.shape[0], *first.shape[1:]])
    result[:_FIRST_ROWS] = first
    for start in range(_FIRST_ROWS, x.shape[0], rows):
        result[start : start + rows] = steps(x[start : start + rows])[-1]
    return result
