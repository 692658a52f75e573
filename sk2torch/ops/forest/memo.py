"""Results kept for as long as the tensors that they were computed from."""

import weakref
from collections.abc import Callable, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

from torch import Tensor
from torch.multiprocessing.reductions import StorageWeakRef

Result = TypeVar("Result")

# Tensor objects looked up without a look at their storages; compiled graphs make new ones for every call.
MOST_RECENT = 256


class _Entry(NamedTuple, Generic[Result]):
    storages: list[StorageWeakRef]
    result: Result


class _Recent(NamedTuple, Generic[Result]):
    """The last result for a tensor object: whether it still holds is seen without a look at storages."""

    tensors: list[weakref.ref[Tensor]]
    stamps: list[tuple[int, int]]
    result: Result


class Memo(Generic[Result]):
    """Remembers a function of tensors until one of them is freed or written to.

    Writes that torch does not count are not noticed: those through ``.data``, through numpy or another view of the
    memory from outside of torch, and all writes to tensors made in inference mode. Tell ``forget``.
    """

    def __init__(self) -> None:
        self.entries: dict[Any, _Entry[Result]] = {}
        self.recent: dict[Any, _Recent[Result]] = {}

    def get(self, tensors: Sequence[Tensor], setting: Any, compute: Callable[[], Result]) -> Result:
        """The result for these tensors and this setting."""
        recent = self.recent.get((id(tensors[0]), setting))
        if recent is not None and _hold(recent, tensors):
            return recent.result
        result = self._of_storages(tensors, setting, compute)
        if not any(t.is_inference() for t in tensors):
            if len(self.recent) >= MOST_RECENT:
                self.recent = {}
            stamps = [(t.data_ptr(), t._version) for t in tensors]
            self.recent[id(tensors[0]), setting] = _Recent([weakref.ref(t) for t in tensors], stamps, result)
        return result

    def _of_storages(self, tensors: Sequence[Tensor], setting: Any, compute: Callable[[], Result]) -> Result:
        key = (setting, *[(t.data_ptr(), -1 if t.is_inference() else t._version, t.dtype) for t in tensors])
        entry = self.entries.get(key)
        # The memory of a tensor that was freed may belong to another.
        if entry is not None and not any(storage.expired() for storage in entry.storages):
            return entry.result
        self.forget(lambda storages: any(storage.expired() for storage in storages))
        result = compute()
        self.entries[key] = _Entry([StorageWeakRef(t.untyped_storage()) for t in tensors], result)
        return result

    def forget(self, condition: Callable[[list[StorageWeakRef]], bool]) -> None:
        """Drop the entries whose storages satisfy a condition."""
        self.entries = {key: entry for key, entry in list(self.entries.items()) if not condition(entry.storages)}
        self.recent = {}

    def forget_tensor(self, tensor: Tensor) -> None:
        """Drop what was computed from a tensor."""
        storage = StorageWeakRef(tensor.untyped_storage())
        self.forget(lambda storages: storage in storages)


def _hold(recent: _Recent[Any], tensors: Sequence[Tensor]) -> bool:
    for known, (address, version), tensor in zip(recent.tensors, recent.stamps, tensors, strict=True):
        # Tensors that came to be in inference mode, which count no writes, are never among the known.
        if known() is not tensor or tensor.data_ptr() != address or tensor._version != version:
            return False
    return True
