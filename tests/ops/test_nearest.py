"""The nearest rows: heaps, search trees, blocks, and the graphs of them."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from sklearn.neighbors import NearestNeighbors

import sk2torch
from sk2torch.export import load_runtime
from sk2torch.ops.pairwise import nearest_rows
from sk2torch.ops.pairwise.heap import empty_heap, heap_order, heap_push


def _grid(n, seed, levels=4, features=3):
    return np.random.default_rng(seed).integers(0, levels, size=(n, features)).astype(np.float64)


def _same_sets(left, right):
    return [set(a) == set(b) for a, b in zip(left.tolist(), right.tolist(), strict=True)]


@pytest.mark.parametrize("k", [1, 2, 3, 6, 7, 8])
def test_heap_keeps_the_smallest(k):
    values = torch.from_numpy(np.random.default_rng(k).permutation(40).reshape(4, 10)).double()
    heap, index = empty_heap(values, k)
    for column in range(10):
        heap, index = heap_push(heap, index, values[:, column], torch.full((4,), column))
    assert torch.equal(heap_order(heap, index, k), values.argsort(dim=1)[:, :k])


def _nearest(estimator, X):
    return sk2torch.wrap(estimator).kneighbors(torch.from_numpy(X))[1].numpy()


@pytest.mark.parametrize("algorithm", ["kd_tree", "ball_tree", "brute"])
@pytest.mark.parametrize("metric", ["euclidean", "manhattan", "chebyshev"])
@pytest.mark.parametrize("k", [1, 2, 5, 9, 25])
def test_ties_fall_as_in_scikit_learn(algorithm, metric, k):
    stored = _grid(150, 0)
    rows = np.concatenate([stored[:40], _grid(30, 1, levels=8) / 2])
    estimator = NearestNeighbors(n_neighbors=k, algorithm=algorithm, metric=metric, leaf_size=7).fit(stored)
    assert all(_same_sets(_nearest(estimator, rows), estimator.kneighbors(rows, return_distance=False)))


@pytest.mark.parametrize("leaf_size", [1, 2, 13, 400])
@pytest.mark.parametrize("algorithm", ["kd_tree", "ball_tree"])
def test_any_shape_of_tree(algorithm, leaf_size):
    stored = _grid(97, 3)
    estimator = NearestNeighbors(n_neighbors=6, algorithm=algorithm, leaf_size=leaf_size).fit(stored)
    rows = _grid(40, 4, levels=5) - 0.5
    assert all(_same_sets(_nearest(estimator, rows), estimator.kneighbors(rows, return_distance=False)))


@pytest.mark.parametrize("n_rows", [1, 2, 3])
def test_all_rows_are_neighbors(n_rows):
    stored = _grid(n_rows, 5)
    for algorithm in ("kd_tree", "ball_tree", "brute"):
        estimator = NearestNeighbors(n_neighbors=n_rows, algorithm=algorithm).fit(stored)
        assert all(_same_sets(_nearest(estimator, stored), estimator.kneighbors(stored, return_distance=False)))


@pytest.mark.parametrize("order", ["index", "heap"])
def test_blocks_change_nothing(order):
    x, rows = torch.from_numpy(_grid(50, 6)), torch.from_numpy(_grid(70, 7))
    ones, none, leaves = torch.ones(3).double(), torch.zeros(1, 1).double(), torch.arange(70).reshape(7, 10)
    arguments = (x, rows, 6, "euclidean", 2.0, ones, order, leaves, none, none)
    whole = nearest_rows(*arguments)
    assert torch.equal(nearest_rows(*arguments, block_queries=7, block_rows=9), whole)
    if order == "index":
        distance = ((x[:, None] - rows) ** 2).sum(2)
        assert torch.equal(whole, torch.sort(distance, dim=1, stable=True)[1][:, :6])


@pytest.mark.parametrize("algorithm", ["kd_tree", "brute"])
def test_exported_loop_over_blocks(algorithm, monkeypatch, tmp_path):
    # Fewer rows than there are in a block would need no loop.
    monkeypatch.setattr("sk2torch.ops.pairwise.nearest.GRAPH_BLOCK_ROWS", 32)
    stored = _grid(150, 8)
    estimator = NearestNeighbors(n_neighbors=4, algorithm=algorithm, leaf_size=20, radius=None).fit(stored)
    model = sk2torch.wrap(estimator)
    for name in ("model.pt2", "model.onnx"):
        path = sk2torch.export(model, tmp_path / name, methods=["kneighbors"])
        runtime = load_runtime(path)
        for rows in (stored[:30] + 0.3, stored[:30], stored[:1]):
            expected = model.kneighbors(torch.from_numpy(rows))[1]
            assert torch.equal(runtime.call("kneighbors", torch.from_numpy(rows))[1], expected)


@pytest.mark.parametrize("n_rows", [1, 2, 30])
def test_compiled_loop_over_blocks(n_rows, monkeypatch):
    # A graph of a single row is one of its own.
    monkeypatch.setattr("sk2torch.ops.pairwise.nearest.GRAPH_BLOCK_ROWS", 32)
    model = sk2torch.wrap(NearestNeighbors(n_neighbors=4).fit(_grid(150, 8)))
    rows = torch.from_numpy(_grid(n_rows, 9))
    torch._dynamo.reset()
    compiled = torch.compile(sk2torch.method_module(model, "kneighbors"), backend="eager", fullgraph=True)
    assert torch.equal(compiled(rows)[1], model.kneighbors(rows)[1])


@pytest.mark.parametrize("algorithm", ["kd_tree", "brute"])
def test_candidates_of_graphs_leave_out_no_neighbor(algorithm, tmp_path):
    """A product orders most rows; where its rounding could hide a neighbour, all the rows are met."""
    generator = np.random.default_rng(10)
    spread = generator.normal(size=(200, 3))
    # Far from the origin the product cannot tell these rows from each other.
    stored = np.concatenate([spread, 1e7 + spread * 1e-3, np.repeat(spread[:2], 40, axis=0)])
    rows = np.concatenate([spread + 0.1, 1e7 + spread[:60] * 1.1e-3, spread[:3], np.full((1, 3), 1e9)])
    model = sk2torch.wrap(NearestNeighbors(n_neighbors=4, algorithm=algorithm, leaf_size=20).fit(stored))
    runtimes = [
        load_runtime(sk2torch.export(model, tmp_path / name, methods=["kneighbors"])) for name in ("a.pt2", "a.onnx")
    ]
    for part in (rows[:200], rows[:1], rows[200:230], rows[250:], rows[:0]):
        x = torch.from_numpy(part)
        distance, index = model.kneighbors(x)
        for runtime in runtimes:
            actual = runtime.call("kneighbors", x)
            assert torch.equal(actual[1], index)
            torch.testing.assert_close(actual[0], distance, rtol=1e-14, atol=0)


@pytest.mark.parametrize("metric", ["cityblock", "precomputed"])
def test_ties_in_graphs(metric, tmp_path):
    # torch's own sort leaves equal values in any order where a processor has wide registers.
    stored = _grid(150, 8, levels=2)
    rows = _grid(40, 9, levels=2)
    if metric == "precomputed":
        stored, rows = (np.abs(part[:, None] - stored).sum(axis=2) for part in (stored, rows))
    model = sk2torch.wrap(NearestNeighbors(n_neighbors=20, metric=metric, algorithm="brute").fit(stored))
    x = torch.from_numpy(rows)
    runtimes = [
        load_runtime(sk2torch.export(model, tmp_path / name, methods=["kneighbors"])) for name in ("a.pt2", "a.onnx")
    ]
    for n_rows in (1, 2, 40):
        expected = model.kneighbors(x[:n_rows])[1]
        for runtime in runtimes:
            assert torch.equal(runtime.call("kneighbors", x[:n_rows])[1], expected)
        for method in ("kneighbors", "radius_neighbors"):
            torch._dynamo.reset()
            compiled = torch.compile(sk2torch.method_module(model, method), backend="eager", fullgraph=True)
            assert torch.equal(compiled(x[:n_rows])[1], getattr(model, method)(x[:n_rows])[1])


@pytest.mark.slow
def test_memory_does_not_grow_with_the_product():
    """100,000 queries and 50,000 stored rows, in a process of its own, within 2 GiB."""
    code = """
import resource, time, numpy as np, torch, sk2torch
from sklearn.neighbors import KNeighborsClassifier
generator = np.random.default_rng(0)
stored = generator.normal(size=(50_000, 4))
model = sk2torch.wrap(KNeighborsClassifier().fit(stored, generator.integers(0, 3, 50_000)))
rows = torch.from_numpy(generator.normal(size=(100_000, 4)))
with torch.no_grad():
    model.predict_proba(rows[:300])
    before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.perf_counter()
    model.predict_proba(rows)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024**2, time.perf_counter() - start)
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert float(result.stdout.split()[0]) < 2.0, result.stdout
