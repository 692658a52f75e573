"""Results kept for as long as the tensors that they were computed from."""

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from torch import Tensor
from torch.multiprocessing.reductions import StorageWeakRef

Result = TypeVar("Result")


class Memo(Generic[Result]):
    """Remembers a function of tensors until one of them is freed or written to.

    Tensors made in inference mode do not count what is written to them: tell ``forget``.
    """

    def __init__(self) -> None:
        self.entries: dict[Any, tuple[list[StorageWeakRef], Result]] = {}

    def get(self, tensors: Sequence[Tensor], setting: Any, compute: Callable[[], Result]) -> Result:
        """The result for these tensors and this setting."""
        key = (setting, *[(t.data_ptr(), -1 if t.is_inference() else t._version, t.dtype) for t in tensors])
        entry = self.entries.get(key)
        # The memory of a tensor that was freed may belong to another.
        if entry is not None and not any(storage.expired() for storage in entry[0]):
            return entry[1]
        self.forget(lambda storages: any(storage.expired() for storage in storages))
        result = compute()
        self.entries[key] = ([StorageWeakRef(t.untyped_storage()) for t in tensors], result)
        return result

    def forget(self, condition: Callable[[list[StorageWeakRef]], bool]) -> None:
        """Drop the entries whose storages satisfy a condition."""
        self.entries = {key: entry for key, entry in list(self.entries.items()) if not condition(entry[0])}

    def forget_tensor(self, tensor: Tensor) -> None:
        """Drop what was computed from a tensor."""
        storage = StorageWeakRef(tensor.untyped_storage())
        self.forget(lambda storages: storage in storages)
