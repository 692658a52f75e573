"""Whether the memory of tensors still holds what it held, told by checksums (``kernels/watch.c``)."""

import ctypes
import functools
from collections.abc import Callable, Sequence

import numpy as np
from torch import Tensor

from sk2torch.native.library import kernel
from sk2torch.native.memory import takes_addresses

# Bytes of a checksum, as in watch.c; pieces of each array that a call looks at.
_PIECE = 1024
_SOME, _ALL = 1, 2**62

_LONG = ctypes.c_int64


class _Watched(ctypes.Structure):
    """``watched`` of watch.c."""

    _fields_ = [("start", ctypes.c_void_p), ("bytes", _LONG), ("next", _LONG), ("sums", ctypes.c_void_p)]


class Watch:
    """Notices writes that torch does not count: a change of whole arrays at once, of single numbers after some calls.

    Each call compares the next kilobyte of every array with its checksum. Ask only while the tensors live.
    ``begin_watch`` makes one.
    """

    def __init__(
        self, tensors: Sequence[Tensor], is_complete: bool, begin: Callable[..., None], compare: Callable[..., int]
    ) -> None:
        sizes = [_span(tensor) for tensor in tensors]
        self.sums = [np.empty(-(-size // _PIECE), dtype=np.uint64) for size in sizes]
        places = zip(tensors, sizes, self.sums, strict=True)
        self.arrays = (_Watched * len(sizes))(*[_Watched(t.data_ptr(), n, 0, s.ctypes.data) for t, n, s in places])
        address = ctypes.addressof(self.arrays)
        begin(address, len(sizes))
        # Whether what this call looks at is as it was.
        self.holds = functools.partial(compare, address, len(sizes), _ALL if is_complete else _SOME)


def begin_watch(tensors: Sequence[Tensor], is_complete: bool) -> Watch | None:
    """A watch over tensors as of now; None where there are no kernels for their memory.

    Args:
        tensors: of any dtypes, shapes and strides.
        is_complete: compare all of their memory in each call.
    """
    if not takes_addresses(*tensors):
        return None
    begin = kernel("watch_begin", ctypes.c_void_p, _LONG)
    compare = kernel("watch_holds", ctypes.c_void_p, _LONG, _LONG, returns=ctypes.c_int)
    if begin is None or compare is None:
        return None
    return Watch(tensors, is_complete, begin, compare)


def _span(tensor: Tensor) -> int:
    """Bytes from the first to the last number of a tensor."""
    if tensor.numel() == 0:
        return 0
    steps = zip(tensor.shape, tensor.stride(), strict=True)
    return (1 + sum((size - 1) * stride for size, stride in steps)) * tensor.element_size()
