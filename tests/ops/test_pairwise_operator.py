"""The pairwise operators: every back end against plain torch, gradients, graphs, and the bound on memory."""

import subprocess
import sys

import pytest
import torch

import sk2torch
from sk2torch.native import library
from sk2torch.ops import workspace
from sk2torch.ops.pairwise import arg_min, log_sum, operator, pairwise_kernel, weighted_sum
from sk2torch.ops.pairwise.native import native_arg_min, native_log_sum, native_sum, native_values
from sk2torch.ops.pairwise.reference import blocked_arg_min, blocked_log_sum, blocked_sum
from sk2torch.ops.pairwise.statistics import LINKS, kernel_values

PRODUCTS = [("dot", "power"), ("dot", "tanh"), ("dot", "negation"), ("cosine", "exponential")]
DISTANCES = ("squared_distance", "direct_squared_distance", "manhattan", "chi_squared")
FORMS = [*PRODUCTS, *((statistic, link) for statistic in DISTANCES for link in LINKS if link not in ("power", "tanh"))]
TOLERANCE = {torch.float64: 1e-13, torch.float32: 1e-5}


def _rows(n, width=5, dtype=torch.float64, seed=0):
    generator = torch.Generator().manual_seed(n + seed)
    return (torch.rand(n, width, dtype=torch.float64, generator=generator) + 0.1).to(dtype)


def _numbers(dtype=torch.float64):
    return torch.tensor(0.4, dtype=dtype), torch.tensor(0.7, dtype=dtype)


def _same(actual, expected):
    tolerance = TOLERANCE[actual.dtype]
    torch.testing.assert_close(actual, expected, rtol=tolerance, atol=tolerance)


@pytest.fixture
def small_workspace():
    limit = workspace.workspace_bytes()
    sk2torch.set_workspace(2**20)
    yield
    sk2torch.set_workspace(limit)


@pytest.fixture(params=["", "avx2", "portable"])
def instruction_set(request, monkeypatch):
    if request.param:
        monkeypatch.setenv("SK2TORCH_ISA", request.param)
    library.kernel.cache_clear()
    if library.library() is None:
        pytest.skip("no compiled kernels")
    yield
    library.kernel.cache_clear()


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_compiled_code(instruction_set, dtype):
    gamma, coef0 = _numbers(dtype)
    for statistic, link in FORMS:
        if statistic == "cosine":
            continue
        for n, sizes, width in ((1, [1], 1), (5, [3, 0, 40, 1], 7), (131, [67], 3), (0, [4], 2)):
            x, y = _rows(n, width, dtype, seed=1), _rows(sum(sizes), width, dtype)
            _same(
                native_values(x, y, statistic, link, gamma, coef0, 3.0),
                kernel_values(x, y, statistic, link, gamma, coef0, 3.0),
            )
            for n_weights in (1, 3, 70):
                weights = _rows(sum(sizes), n_weights, dtype).T / (10 * n_weights)
                settings = (weights, sizes, statistic, link, gamma, coef0, 3.0)
                _same(native_sum(x, y, *settings), blocked_sum(x, y, *settings))


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_compiled_logarithms_and_minima(instruction_set, dtype):
    gamma, _ = _numbers(dtype)
    x, y = _rows(21, 4, dtype), _rows(75, 4, dtype)
    offsets = _rows(75, 1, dtype)[:, 0].log()
    offsets[::7] = -torch.inf
    for link in ("scaled", "scaled_root"):
        # Close by, and so far away that every term alone would vanish.
        for queries in (x, x + 1000.0):
            settings = (queries, y, offsets, "direct_squared_distance", link, gamma)
            torch.testing.assert_close(native_log_sum(*settings), blocked_log_sum(*settings), rtol=1e-5, atol=1e-5)
    nowhere = torch.full_like(offsets, -torch.inf)
    assert (native_log_sum(x, y, nowhere, "direct_squared_distance", "scaled", gamma) == -torch.inf).all()
    doubled, two = torch.cat([y, y]), torch.tensor(2.0, dtype=dtype)
    for shifts in (None, x.square().sum(dim=1)):
        settings = (x, doubled, doubled.square().sum(dim=1), shifts, "dot", "scaled", two)
        found = native_arg_min(*settings)
        assert torch.equal(found, blocked_arg_min(*settings))
        assert found.max() < 75
    missing = torch.full((2, 4), torch.nan, dtype=dtype)
    assert native_arg_min(missing, y, offsets, None, "dot", "scaled", two).tolist() == [0, 0]


def test_many_weights_and_long_groups(instruction_set):
    gamma, coef0 = _numbers()
    sizes = [128, 0, 129, 300, 1]
    y = _rows(sum(sizes), 6)
    for n in (5, 64, 130, 203):
        x = _rows(n, 6, seed=1) + 3.0
        for n_weights in (1, 8, 9, 33, 200):
            weights = _rows(sum(sizes), n_weights).T / n_weights
            for form in (("squared_distance", "exponential"), ("dot", "power"), ("manhattan", "exponential")):
                settings = (weights, sizes, *form, gamma / 8, coef0, 2.0)
                _same(native_sum(x, y, *settings) / 300, blocked_sum(x, y, *settings) / 300)
    across = (y.T.contiguous().T, _rows(sum(sizes), 3), sizes, "dot", "tanh", gamma, coef0, 1.0)
    _same(
        native_sum(x.T.contiguous().T, across[0], across[1].T, *across[2:]), blocked_sum(x, y, across[1].T, *across[2:])
    )


def test_rows_that_are_no_numbers(instruction_set):
    gamma, coef0 = _numbers()
    y, weights = _rows(60, 3), _rows(60, 2).T.contiguous()
    for n in (2, 40, 150):
        x = _rows(n, 3)
        x[0, 1] = torch.nan
        # Beyond the reach of any stored row, and so far that its square is infinite.
        x[1] = 1e6 if n == 2 else 1e160
        found = native_sum(x, y, weights, [60], "squared_distance", "exponential", gamma, coef0, 1.0)
        assert found[0].isnan().all()
        assert torch.equal(found[1], torch.zeros(2).double())
        logarithms = native_log_sum(x, y, weights[0], "direct_squared_distance", "scaled", gamma)
        assert logarithms[0].isnan()
        assert logarithms[1] < -1e11


def test_logarithms_of_many_rows(instruction_set):
    offsets = _rows(333, 1)[:, 0].log() * 50
    offsets[::5] = -torch.inf
    y = _rows(333, 4)
    # Squares are expanded for small rates, and not for large ones.
    for rate in (0.3, 20.0, 1e5):
        gamma = torch.tensor(rate).double()
        for n in (4, 5, 127, 128, 300):
            x = _rows(n, 4, seed=2)
            # Single rows whose terms all vanish next to the largest offset.
            x[::7] += 300.0
            for link in ("scaled", "scaled_root"):
                settings = (x, y, offsets, "direct_squared_distance", link, gamma)
                torch.testing.assert_close(
                    native_log_sum(*settings), blocked_log_sum(*settings), rtol=1e-12, atol=1e-11
                )


def test_exponentials_to_the_last_digit(instruction_set):
    x = torch.cat([torch.linspace(0, 745, 5001), torch.tensor([0.0, 1e-300, 1e5, torch.inf])]).double().sqrt()
    gamma, coef0 = torch.ones(()).double(), torch.zeros(()).double()
    x, y = x.unsqueeze(1), torch.zeros(1, 1).double()
    actual = native_values(x, y, "squared_distance", "exponential", gamma, coef0, 1.0)
    expected = torch.exp(-x * x)
    torch.testing.assert_close(actual, expected, rtol=1e-15, atol=5e-324)
    tangent = native_values(x - 5.0, y + 1.0, "dot", "tanh", gamma, coef0, 1.0)
    torch.testing.assert_close(tangent, torch.tanh(x - 5.0), rtol=1e-15, atol=0)
    assert native_values(torch.full_like(x, torch.nan), y, "dot", "tanh", gamma, coef0, 1.0).isnan().all()


@pytest.mark.parametrize(("statistic", "link"), FORMS)
def test_gradients(statistic, link):
    gamma, coef0 = _numbers()
    x, y, weights = _rows(4), _rows(6), _rows(6, 2).T.contiguous()
    inputs = [tensor.clone().requires_grad_() for tensor in (x, y, weights, gamma, coef0)]

    def reduce(x, y, weights, gamma, coef0):
        return weighted_sum(x, y, weights, [4, 2], statistic, link, gamma, coef0, 3.0)

    def plain(x, y, weights, gamma, coef0):
        return blocked_sum(x, y, weights, [4, 2], statistic, link, gamma, coef0, 3.0)

    grad = _rows(4, 4)
    actual = torch.autograd.grad(reduce(*inputs), inputs, grad, materialize_grads=True, allow_unused=True)
    expected = torch.autograd.grad(plain(*inputs), inputs, grad, materialize_grads=True, allow_unused=True)
    for a, e in zip(actual, expected, strict=True):
        torch.testing.assert_close(a, e, rtol=1e-11, atol=1e-11)
    values = torch.autograd.grad(
        pairwise_kernel(inputs[0], inputs[1], statistic, link, inputs[3], inputs[4], 3.0).sum(), inputs[:2]
    )
    whole = torch.autograd.grad(
        kernel_values(inputs[0], inputs[1], statistic, link, inputs[3], inputs[4], 3.0).sum(), inputs[:2]
    )
    for a, e in zip(values, whole, strict=True):
        torch.testing.assert_close(a, e, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("link", ["scaled", "scaled_root"])
def test_gradients_of_logarithms(link):
    gamma, _ = _numbers()
    offsets = _rows(6, 1)[:, 0].log()
    inputs = [tensor.requires_grad_() for tensor in (_rows(4), _rows(6), offsets, gamma)]

    def reduce(x, y, offsets, gamma):
        return log_sum(x, y, offsets, "direct_squared_distance", link, gamma)

    assert torch.autograd.gradcheck(reduce, inputs)


def test_gradients_of_gradients():
    gamma, coef0 = _numbers()
    inputs = [tensor.requires_grad_() for tensor in (_rows(3), _rows(4), _rows(4, 2).T.contiguous(), gamma)]

    def reduce(x, y, weights, gamma):
        return weighted_sum(x, y, weights, [4], "squared_distance", "exponential", gamma, coef0, 1.0)

    def square(x):
        return pairwise_kernel(x, x, "squared_distance", "exponential", gamma, coef0, 1.0)

    assert torch.autograd.gradgradcheck(reduce, inputs)
    assert torch.autograd.gradgradcheck(square, inputs[:1])


def test_transforms_of_functions():
    gamma, coef0 = _numbers()
    x, y, weights = _rows(3), _rows(4), _rows(4, 1).T.contiguous()

    def reduce(row):
        return weighted_sum(row.unsqueeze(0), y, weights, [4], "squared_distance", "exponential", gamma, coef0, 1.0)[
            0, 0
        ]

    together = torch.func.vmap(torch.func.grad(reduce))(x)
    alone = torch.stack([torch.autograd.functional.jacobian(reduce, row) for row in x])
    _same(together, alone)
    _, tangent = torch.func.jvp(reduce, (x[0],), (torch.ones(5).double(),))
    _same(tangent, alone[0].sum())


def test_operators_are_well_formed():
    gamma, coef0 = _numbers()
    x, y = _rows(3).requires_grad_(), _rows(4).requires_grad_()
    weights, offsets = _rows(4, 2).T.contiguous(), _rows(4, 1)[:, 0]
    torch.library.opcheck(
        operator.pairwise_sum, (x, y, weights, [1, 3], "dot", "power", gamma, coef0, 2.0), raise_exception=True
    )
    torch.library.opcheck(operator.pairwise_values, (x, y, "manhattan", "exponential", gamma, coef0, 1.0))
    torch.library.opcheck(operator.pairwise_log_sum, (x, y, offsets, "squared_distance", "scaled", gamma))
    arguments = (x.detach(), y.detach(), offsets, None, "dot", "scaled", gamma)
    torch.library.opcheck(operator.pairwise_arg_min, arguments)


def test_compiled_graphs_have_the_operators():
    gamma, coef0 = _numbers()
    y, weights, two = _rows(9), _rows(9, 3).T.contiguous(), torch.tensor(2.0).double()

    def everything(x):
        sums = weighted_sum(x, y, weights, [2, 7], "squared_distance", "exponential", gamma, coef0, 1.0)
        logarithm = log_sum(x, y, weights[0], "squared_distance", "scaled", gamma)
        place = arg_min(x, y, weights[0], None, "dot", "scaled", two)
        return sums, logarithm, place

    compiled = torch.compile(everything, fullgraph=True, backend="aot_eager", dynamic=True)
    for n in (5, 8):
        x = _rows(n).requires_grad_()
        for actual, expected in zip(compiled(x), everything(x), strict=True):
            torch.testing.assert_close(actual, expected)
        (slope,) = torch.autograd.grad(compiled(x)[0].sum(), x)
        (expected,) = torch.autograd.grad(everything(x)[0].sum(), x)
        _same(slope, expected)


def test_tables_beyond_the_workspace(small_workspace):
    gamma, coef0 = _numbers()
    x, y = _rows(7, 9), _rows(20_011, 9)
    sizes = [11, 0, 20_000]
    for n_weights in (2, 20):
        weights = _rows(20_011, n_weights).T / 20_011
        settings = (x, y, weights, sizes, "direct_squared_distance", "exponential", gamma, coef0, 1.0)
        _same(operator.sum_of_pairs(*settings), blocked_sum(*settings))
    queries, stored, weights = _rows(3_001, 9), _rows(70, 9), _rows(70, 2).T
    settings = (queries, stored, weights, [70], "squared_distance", "exponential", gamma, coef0, 1.0)
    _same(operator.sum_of_pairs(*settings), blocked_sum(*settings))
    values = (x, y, "manhattan", "identity", gamma, coef0, 1.0)
    _same(operator.values_of_pairs(*values), kernel_values(*values))
    offsets = torch.zeros(20_011).double()
    logarithms = (x, y, offsets, "squared_distance", "scaled", gamma)
    _same(operator.log_sum_of_pairs(*logarithms), blocked_log_sum(*logarithms))
    minima = (x, y, offsets, None, "squared_distance", "identity", gamma)
    assert torch.equal(operator.least_of_pairs(*minima), blocked_arg_min(*minima))


def test_workspace_has_a_least_size():
    with pytest.raises(ValueError, match="set_workspace"):
        sk2torch.set_workspace(1000)


_MEASURE = """
import resource, torch
from sk2torch.ops.pairwise import weighted_sum
torch.set_num_threads(1)
one = torch.ones(()).double()
def run(n, m):
    x, y = torch.rand(n, 3).double().requires_grad_(), torch.rand(m, 3).double()
    w = torch.ones(1, m).double().requires_grad_()
    weighted_sum(x, y, w, [m], "manhattan", "exponential", one, one, 1.0).sum().backward()
run(10, 10)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
run(8_000, 8_000)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_memory_is_bounded_with_gradients():
    done = subprocess.run([sys.executable, "-c", _MEASURE], capture_output=True, text=True, check=True)
    # All pairs at once would take 512 MB for each temporary.
    assert int(done.stdout) < 256 * 1024 * (1 if sys.platform != "darwin" else 1024)


def test_without_compiled_code(monkeypatch):
    gamma, coef0 = _numbers()
    x, y, weights = _rows(9), _rows(12), _rows(12, 2).T.contiguous()
    settings = (x, y, weights, [12], "squared_distance", "exponential", gamma, coef0, 1.0)
    with_code = operator.sum_of_pairs(*settings)
    monkeypatch.setenv("SK2TORCH_NATIVE", "0")
    library.library.cache_clear()
    library.kernel.cache_clear()
    try:
        assert native_sum(*settings) is None
        _same(operator.sum_of_pairs(*settings), with_code)
    finally:
        monkeypatch.delenv("SK2TORCH_NATIVE")
        library.library.cache_clear()
        library.kernel.cache_clear()
