"""The memory that the kernels of ``native`` pack stored rows into, and work in."""

from collections.abc import Iterator

from torch import Tensor

from sk2torch.ops.workspace import workspace_bytes

# Of pairwise.c too: rows that are worked on at a time, weights that are added up at once, and stored rows whose values
# are multiplied with more of them.
_MOST_ROWS, _MOST_DIRECT, _DEPTH = 64, 8, 128
# Lanes of the widest vector, in bytes: groups are filled up to whole vectors.
_VECTOR_BYTES = 64


def thread_room(x: Tensor, n_weights: int, expands: bool) -> int:
    """Numbers of a thread: rows of a part where they are copied and, of many weights, their values and sums."""
    products = _DEPTH + _whole(x, n_weights) if n_weights > _MOST_DIRECT else 0
    return _MOST_ROWS * (products + (_whole(x, x.shape[1] + 1) if expands else 0))


def packing_room(y: Tensor, sizes: list[int], n_extra: int, rooms: int) -> Tensor:
    """Memory for the stored rows, filled up to whole vectors, and so many extra numbers of each; then ``rooms``."""
    return y.new_empty(packed_bytes(y, sizes, n_extra) // y.element_size() + rooms)


def end_of(memory: Tensor, rooms: int) -> int:
    """Where the last ``rooms`` numbers begin."""
    return memory.data_ptr() + (memory.shape[0] - rooms) * memory.element_size()


def _whole(y: Tensor, size: int) -> int:
    """``size`` numbers, filled up to whole vectors."""
    lanes = _VECTOR_BYTES // y.element_size()
    return (size + lanes - 1) // lanes * lanes


def packed_bytes(y: Tensor, sizes: list[int], n_extra: int) -> int:
    """Of stored rows with a constant of each, and a row of the size of one."""
    rows = sum(_whole(y, size) for size in sizes)
    return (rows * (y.shape[1] + 1 + _whole(y, n_extra)) + _whole(y, y.shape[1])) * y.element_size()


def pieces(y: Tensor, sizes: list[int], n_extra: int) -> Iterator[tuple[int, int, int]]:
    """Group, first and last row of pieces whose packed form fits into the workspace."""
    width = (y.shape[1] + 2 + _whole(y, n_extra)) * y.element_size()
    most = max(1, workspace_bytes() // width - 64)
    begin = 0
    for group, size in enumerate(sizes):
        for start in range(begin, begin + size, most):
            yield group, start, min(begin + size, start + most)
        begin += size
