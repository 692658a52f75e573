"""What is remembered of tensors is forgotten when they are written to, in whatever way, replaced or freed."""

import gc

import numpy as np
import pytest
import torch
from torch.multiprocessing.reductions import StorageWeakRef

from sk2torch.native import library
from sk2torch.native.watching import begin_watch
from sk2torch.ops.memo import Memo
from tests.ops.test_forest_native import forest_of, table

needs_library = pytest.mark.skipif(library.library() is None, reason="the kernels are not compiled here")


class Counter:
    """A memo of how often something was computed."""

    def __init__(self) -> None:
        self.memo, self.calls = Memo(), 0

    def __call__(self, *tensors: torch.Tensor, setting: int = 0) -> int:
        return self.memo.get(tensors, setting, self.compute)

    def compute(self) -> int:
        self.calls += 1
        return self.calls


def test_remembers_by_tensors_and_setting():
    counter, first, second = Counter(), torch.zeros(3), torch.zeros(3)
    assert [counter(first, second) for _ in range(2)] == [1, 1]
    assert counter(first, second, setting=1) == 2
    assert counter(first.detach(), second.view(3)) == 1
    assert counter(second, first) == 3
    assert counter(first, torch.zeros(3)) == 4


def test_forgets_what_is_written_to_or_freed():
    counter, tensor = Counter(), torch.zeros(3)
    assert counter(tensor) == 1
    for count, write in enumerate((tensor.add_, tensor.detach().fill_, tensor[:1].copy_), start=2):
        write(torch.tensor(1.0))
        assert [counter(tensor) for _ in range(2)] == [count, count]
    counter.memo.forget_tensor(tensor)
    assert counter(tensor) == 5
    assert len(counter.memo.entries) == 1
    storage = StorageWeakRef(tensor.untyped_storage())
    del tensor, write
    gc.collect()
    assert storage.expired()
    other = torch.zeros(4000)
    assert counter(other) == 6
    assert len(counter.memo.entries) == 1


def test_replaced_storage_at_the_same_address():
    counter, tensor = Counter(), torch.zeros(10**6)
    for count in range(1, 6):
        assert counter(tensor) == count
        # Of many bytes, memory that was given back is mapped at the same place.
        tensor.data = tensor.data + 1
        tensor.data = tensor.data + 1


@pytest.mark.parametrize(
    "view", [lambda x: x[:2], lambda x: x.t(), lambda x: x.reshape(-1), lambda x: x.view(torch.int64)]
)
def test_views_that_begin_at_the_same_place(view):
    counter, tensor = Counter(), torch.zeros(4, 4, dtype=torch.float64)
    assert counter(tensor) == 1
    assert counter(view(tensor)) == 2
    tensor = torch.zeros(4, 4, dtype=torch.float64)
    assert counter(tensor) == 3
    if tensor.dtype == view(tensor).dtype:
        tensor.data = view(tensor.data)
        assert counter(tensor) == 4


@needs_library
def test_writes_that_torch_does_not_count():
    counter, tensor = Counter(), torch.rand(10**5)
    writes = (
        lambda: tensor.data.mul_(2),
        lambda: tensor.data.copy_(torch.rand(10**5)),
        lambda: tensor.numpy().fill(3),
        lambda: tensor.data.neg_(),
    )
    assert counter(tensor) == 1
    for count, write in enumerate(writes, start=2):
        write()
        assert [counter(tensor) for _ in range(2)] == [count, count]


@needs_library
@pytest.mark.parametrize("place", [0, 77_777, 99_999])
def test_a_write_of_one_number_is_noticed_within_as_many_calls_as_there_are_kilobytes(place):
    counter, tensor = Counter(), torch.rand(10**5)
    assert counter(tensor) == 1
    tensor.data[place] += 1
    assert 2 in [counter(tensor) for _ in range(-(-tensor.nbytes // 1024))]


@needs_library
def test_every_write_in_inference_mode_is_noticed():
    counter = Counter()
    with torch.inference_mode():
        tensor, other = torch.rand(10**5), torch.zeros(3)
        assert [counter(tensor, other) for _ in range(2)] == [1, 1]
        for count, place in enumerate((0, 77_777, 99_999), start=2):
            tensor[place] += 1
            assert [counter(tensor, other) for _ in range(2)] == [count, count]
    assert counter(torch.zeros(3), other) == 5


def test_what_cannot_be_watched_is_not_remembered_if_its_writes_are_not_counted(monkeypatch):
    monkeypatch.setattr("sk2torch.ops.memo.begin_watch", lambda tensors, is_complete: None)
    counter, tensor = Counter(), torch.zeros(3)
    assert [counter(tensor) for _ in range(2)] == [1, 1]
    with torch.inference_mode():
        tensor = torch.zeros(3)
        assert [counter(tensor) for _ in range(2)] == [2, 3]


@needs_library
@pytest.mark.parametrize("n_bytes", [1, 63, 64, 65, 1023, 1024, 1025, 5000])
def test_each_byte_is_watched(n_bytes):
    tensor = torch.randint(0, 255, (n_bytes,), dtype=torch.uint8)
    watch = begin_watch([torch.zeros(0), tensor], is_complete=True)
    assert watch is not None
    for place in {0, n_bytes // 2, n_bytes - 1}:
        assert watch.holds()
        tensor[place] ^= 128
        assert not watch.holds()
        tensor[place] ^= 128


@needs_library
def test_tensors_with_gaps_are_watched_to_their_end():
    tensor = torch.zeros(40, 30)[::2, ::3]
    watch = begin_watch([tensor], is_complete=True)
    tensor[-1, -1] = 1
    assert watch is not None
    assert not watch.holds()


@needs_library
def test_swapped_tensors_are_evaluated():
    forest = forest_of(np.random.default_rng(0), [6] * 4, 3, True, False)
    x = table(np.random.default_rng(1), 30, 3)
    before = forest(x)
    torch.utils.swap_tensors(forest.threshold, forest.threshold.neg())
    assert torch.equal(forest(x), forest.block(x))
    assert not torch.equal(forest(x), before)
