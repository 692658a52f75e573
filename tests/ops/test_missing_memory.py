"""A kernel that gets no memory says so, in whatever thread, and answers when there is some again."""

import ctypes
import functools

import numpy as np
import pytest
import torch
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestRegressor
from sklearn.neighbors import KNeighborsRegressor

import sk2torch
from sk2torch.native import KernelMemoryError, library

pytestmark = pytest.mark.skipif(library.library() is None, reason="the kernels are not compiled here")

MODELS = {
    "scanned trees": HistGradientBoostingRegressor(max_iter=5),
    "walked trees": RandomForestRegressor(3, random_state=0),
    "k-d tree": KNeighborsRegressor(algorithm="kd_tree"),
    "ball tree": KNeighborsRegressor(algorithm="ball_tree"),
    "all rows": KNeighborsRegressor(algorithm="brute"),
    "all rows, no squares": KNeighborsRegressor(algorithm="brute", metric="manhattan"),
}


@functools.cache
def fitted(name):
    X = np.random.default_rng(0).normal(size=(700, 6))
    return sk2torch.wrap(MODELS[name].fit(X, X.sum(axis=1)))


@pytest.fixture
def fail_allocations():
    """Lets all allocations after the next n fail."""
    function = library.library().sk2torch_fail_allocations
    function.argtypes, function.restype = (ctypes.c_int64,), None
    yield function
    function(-1)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("n", [1, 5, 600])
@pytest.mark.parametrize("threads", [1, 3])
def test_every_allocation_may_fail(name, n, threads, fail_allocations):
    model, x = fitted(name), torch.from_numpy(np.random.default_rng(n).normal(size=(n, 6)))
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        with torch.no_grad():
            expected, errors = model.predict(x), 0
            for allocation in range(30):
                fail_allocations(allocation)
                try:
                    result = model.predict(x)
                except KernelMemoryError:
                    errors += 1
                else:
                    # Some allocations only save time.
                    assert torch.equal(result, expected)
            fail_allocations(-1)
            assert errors > 0
            assert torch.equal(model.predict(x), expected)
    finally:
        torch.set_num_threads(before)


def test_one_row_of_trees_and_its_error(fail_allocations):
    model = fitted("walked trees")
    fail_allocations(0)
    with torch.no_grad(), pytest.raises(MemoryError, match="no memory"):
        model.predict(torch.zeros(1, 6, dtype=torch.float64))
    fail_allocations(0)
    with torch.no_grad(), pytest.raises(RuntimeError, match="no memory"):
        model.predict(torch.zeros(1, 6, dtype=torch.float64))


def test_leaves_say_so_too(fail_allocations):
    forest = next(part for part in fitted("walked trees").modules() if type(part).__name__ == "Forest")
    fail_allocations(0)
    with pytest.raises(KernelMemoryError):
        forest(torch.zeros(3, 6, dtype=torch.float64))
