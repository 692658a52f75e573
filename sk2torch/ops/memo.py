"""Results kept for as long as the tensors that they were computed from."""

from collections.abc import Callable, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

import torch
from torch import Tensor
from torch.multiprocessing.reductions import StorageWeakRef

from sk2torch.native.watching import Watch, begin_watch

Result = TypeVar("Result")


# Of a tensor: which numbers of which storage it has, and how often torch has seen them written to: address, version,
# storage, dtype, shape, strides. A plain tuple, which is unpacked the fastest.
_State = tuple[int, int, int, torch.dtype, torch.Size, tuple[int, ...]]


class _Entry(NamedTuple, Generic[Result]):
    states: list[_State]
    watch: Watch | None
    result: Result
    # While these are held, no other storage gets the address that the states tell.
    storages: list[StorageWeakRef]


class Memo(Generic[Result]):
    """Remembers a function of tensors until one of them is freed, replaced or written to.

    Torch counts writes, but for those through ``.data`` or numpy, and those to tensors made in inference mode. On a
    processor ``Watch`` notices these: to tensors made in inference mode all; else those to whole arrays at once, to
    single numbers within as many calls as the array has kilobytes, or tell ``forget_tensor``. On other devices they are
    not noticed, and of tensors made in inference mode nothing is remembered.
    """

    def __init__(self) -> None:
        self.entries: dict[Any, _Entry[Result]] = {}

    def get(self, tensors: Sequence[Tensor], setting: Any, compute: Callable[[], Result]) -> Result:
        """The result for these tensors and this setting."""
        place = (setting, tensors[0].data_ptr())
        entry = self.entries.get(place)
        if entry is not None:
            states, watch, result, _ = entry
            if _are(tensors, states) and (watch is None or watch.holds()):
                return result
        self.forget(lambda storages: any(storage.expired() for storage in storages))
        is_counted = not any(tensor.is_inference() for tensor in tensors)
        # Before the result, so that nothing is written between them.
        watch = begin_watch(tensors, is_complete=not is_counted)
        states = [_state(tensor) for tensor in tensors]
        result = compute()
        if watch is not None or is_counted:
            storages = [StorageWeakRef(tensor.untyped_storage()) for tensor in tensors]
            self.entries[place] = _Entry(states, watch, result, storages)
        return result

    def forget(self, condition: Callable[[list[StorageWeakRef]], bool]) -> None:
        """Drop the entries whose storages satisfy a condition."""
        self.entries = {place: entry for place, entry in list(self.entries.items()) if not condition(entry.storages)}

    def forget_tensor(self, tensor: Tensor) -> None:
        """Drop what was computed from a tensor."""
        storage = StorageWeakRef(tensor.untyped_storage())
        self.forget(lambda storages: storage in storages)


def _state(tensor: Tensor) -> _State:
    version = -1 if tensor.is_inference() else tensor._version
    storage = tensor.untyped_storage()._cdata
    return tensor.data_ptr(), version, storage, tensor.dtype, tensor.shape, tensor.stride()


def _are(tensors: Sequence[Tensor], states: list[_State]) -> bool:
    """``states == [_state(tensor) for tensor in tensors]``, but that tensors of no numbers may be any such; faster."""
    try:
        for tensor, (address, version, storage, dtype, shape, strides) in zip(tensors, states, strict=True):
            if tensor.data_ptr() != address:
                return False
            if address == 0:
                continue
            if tensor._version != version or tensor.untyped_storage()._cdata != storage or tensor.dtype is not dtype:
                return False
            # Views that begin at the same place have these.
            if tensor.shape != shape or tensor.stride() != strides:
                return False
    except RuntimeError:
        # A tensor made in inference mode has no version.
        return states == [_state(tensor) for tensor in tensors]
    return True
