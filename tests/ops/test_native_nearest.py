"""Compiled searches for the nearest rows against plain torch, and against scikit-learn's trees."""

import numpy as np
import pytest
import torch
from sklearn.neighbors import NearestNeighbors

import sk2torch
from sk2torch.native.library import kernel, library
from sk2torch.ops.pairwise import align_rows, found_neighbors, nearest_rows, paired_distance, reduced_distance
from sk2torch.ops.pairwise.native_nearest import METRIC_NUMBERS, native_nearest

pytestmark = pytest.mark.skipif(library() is None, reason="no compiled kernels")


@pytest.fixture(params=["avx512", "avx2", "portable"])
def instructions(request, monkeypatch):
    """Each set of instructions that this processor has at most."""
    monkeypatch.setenv("SK2TORCH_ISA", request.param)
    kernel.cache_clear()
    yield request.param
    kernel.cache_clear()


def _rows(n, features, seed, kind="normal", dtype=torch.float64):
    generator = np.random.default_rng(seed)
    if kind == "grid":
        return torch.from_numpy(generator.integers(0, 3, size=(n, features))).to(dtype)
    return torch.from_numpy(generator.normal(size=(n, features)) + (1e3 if kind == "far" else 0.0)).to(dtype)


def _in_order(rows):
    n_blocks = -(-rows.shape[0] // 64)
    leaves = torch.arange(n_blocks * 64).clamp(max=rows.shape[0]).reshape(n_blocks, 64)
    return leaves, rows.new_zeros(1, 1), rows.new_zeros(1, 1)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("order", ["index", "heap"])
@pytest.mark.parametrize("metric", sorted(set(METRIC_NUMBERS) - {"minkowski"}))
def test_same_rows_as_in_torch(instructions, metric, order, dtype):
    for (n, m, features, k), kind in (
        ((1, 70, 5, 3), "normal"),
        ((70, 201, 3, 9), "grid"),
        ((90, 330, 21, 4), "normal"),
    ):
        x, rows = (
            align_rows(_rows(n, features, 1, kind, dtype), metric),
            align_rows(_rows(m, features, 2, kind, dtype), metric),
        )
        if metric == "nan_euclidean":
            x, rows = (torch.where(part.abs() < 0.1, torch.nan, part) for part in (x, rows))
        arguments = (x, rows, k, metric, 2.0, torch.linspace(0.5, 2.0, features, dtype=dtype), order, *_in_order(rows))
        usable = torch.isfinite(reduced_distance(x[:, None], rows, *arguments[3:6])).all()
        found = native_nearest(*arguments) if usable else found_neighbors(*arguments)
        assert found is not None
        assert torch.equal(found[0], nearest_rows(*arguments)), kind
        expected = paired_distance(x, rows, found[0], *arguments[3:6])
        torch.testing.assert_close(found[1], expected, rtol=0.0, atol=0.0, equal_nan=True)


@pytest.mark.parametrize("kind", ["normal", "grid", "far"])
@pytest.mark.parametrize("features", [2, 9, 30])
@pytest.mark.parametrize("algorithm", ["kd_tree", "ball_tree", "brute"])
def test_any_way_of_search_finds_the_same(instructions, algorithm, features, kind):
    """Many features make the filter faster than the tree, ties make it give up."""
    stored, x = _rows(900, features, 3, kind), _rows(400, features, 4, kind)
    estimator = NearestNeighbors(n_neighbors=6, algorithm=algorithm, leaf_size=10).fit(stored.numpy())
    search = sk2torch.wrap(estimator).search
    for rows in (x, x[:3], torch.cat([stored[:50], x])):
        found = search.nearest(rows, 6)
        settings = (search.metric, search.power, search.weights, search.order)
        arrays = (search.leaves, search.lower, search.upper)
        assert torch.equal(found, nearest_rows(rows, search.rows, 6, *settings, *arrays))


def test_power_of_minkowski(instructions):
    stored, x = _rows(300, 4, 5), _rows(100, 4, 6)
    for algorithm in ("kd_tree", "ball_tree", "brute"):
        estimator = NearestNeighbors(n_neighbors=5, algorithm=algorithm, p=3.5).fit(stored.numpy())
        distance, index = sk2torch.wrap(estimator).kneighbors(x)
        expected = estimator.kneighbors(x.numpy())
        assert np.array_equal(index.numpy(), expected[1])
        np.testing.assert_allclose(distance.detach().numpy(), expected[0], rtol=1e-12)


@pytest.mark.parametrize("order", ["index", "heap"])
def test_what_is_no_number(order):
    x, rows = _rows(40, 20, 7), _rows(200, 20, 8)
    x[3, 4], x[5, 2], rows[7, 1] = torch.nan, torch.inf, torch.nan
    arguments = (x, rows, 3, "euclidean", 2.0, torch.ones(20).double(), order, *_in_order(rows))
    index, distance = found_neighbors(*arguments)
    finite = [row for row in range(40) if row not in (3, 5)]
    assert torch.equal(index[finite], nearest_rows(*arguments)[finite])
    assert not (index[finite] == 7).any()
    assert not torch.isfinite(distance[[3, 5]]).any()
    assert ((index >= 0) & (index < 200)).all()


@pytest.mark.parametrize("scale", [1e-200, 1e-30, 1e30, 1e150])
def test_any_scale(scale):
    """Float32 has no room for these, the filter's scaled rows have."""
    x, rows = _rows(60, 20, 9) * scale, _rows(200, 20, 10) * scale
    arguments = (x, rows, 4, "euclidean", 2.0, torch.ones(20).double(), "index", *_in_order(rows))
    index, _ = found_neighbors(*arguments)
    assert torch.equal(index, nearest_rows(*arguments))


@pytest.mark.parametrize("metric", ["euclidean", "manhattan"])
def test_gradients_of_found_distances(metric):
    stored, x = _rows(120, 3, 11), _rows(4, 3, 12).requires_grad_()
    model = sk2torch.wrap(NearestNeighbors(n_neighbors=3, metric=metric).fit(stored.numpy()))

    def distances(x, rows):
        return torch.func.functional_call(model, {"search.rows": rows}, (x,))[0]

    assert torch.autograd.gradcheck(distances, (x, model.search.rows))
    assert torch.autograd.gradgradcheck(lambda x: model.kneighbors(x)[0], (x,))


def test_operator():
    x, rows = _rows(40, 3, 13), _rows(90, 3, 14)
    arguments = (x, rows, 5, "euclidean", 2.0, torch.ones(3).double(), "heap", *_in_order(rows))
    torch.library.opcheck(torch.ops.sk2torch.nearest_neighbors.default, arguments)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("kind", ["normal", "grid", "far"])
@pytest.mark.parametrize("order", ["index", "heap"])
def test_few_queries(instructions, order, kind, dtype):
    for n, m, features, k in ((1, 1, 1, 1), (1, 200, 9, 5), (3, 50, 17, 50), (8, 1000, 31, 3), (2, 333, 2, 12)):
        x, rows = _rows(n, features, 1, kind, dtype), _rows(m, features, 2, kind, dtype)
        # The same row several times, and a query that is one.
        rows = torch.cat([rows, rows[:7]])
        x[0] = rows[0]
        arguments = (x, rows, k, "euclidean", 2.0, torch.ones(features, dtype=dtype), order, *_in_order(rows))
        found = native_nearest(*arguments)
        assert found is not None
        assert torch.equal(found[0], nearest_rows(*arguments))
        expected = paired_distance(x, rows, found[0], *arguments[3:6])
        torch.testing.assert_close(found[1], expected, rtol=0.0, atol=0.0)


@pytest.mark.parametrize("algorithm", ["kd_tree", "ball_tree", "brute"])
@pytest.mark.parametrize("features", [2, 12, 40])
def test_few_queries_as_scikit_learn(instructions, algorithm, features):
    rows = _rows(3000, features, 0).numpy()
    rows[::5] = np.round(rows[::5])
    search = NearestNeighbors(n_neighbors=6, algorithm=algorithm).fit(rows)
    module = sk2torch.wrap(search)
    queries = np.concatenate([rows[:2], np.round(rows[7:9]), 1e6 + rows[:1]])
    for n in (1, 5):
        distance, index = module.kneighbors(torch.from_numpy(queries[-n:]))
        expected = search.kneighbors(queries[-n:])
        assert np.array_equal(index.numpy(), expected[1])
        np.testing.assert_allclose(distance.detach().numpy(), expected[0], rtol=1e-9, atol=1e-9)
