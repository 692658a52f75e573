"""Wide parts of ONNX graphs take many rows in blocks: the same answers, in bounded memory."""

import subprocess
import sys

import numpy as np
import onnx
import onnx.parser
import onnxruntime
import pytest
import torch
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, WhiteKernel
from sklearn.neighbors import KernelDensity, KNeighborsClassifier
from sklearn.svm import SVC

import sk2torch
from sk2torch.base import METHODS, methods_of
from sk2torch.export import load_runtime, wide_blocks, wide_sections

ROWS = (0, 1, 15, 16, 17, 32, 33, 50)


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    # Blocks of 16 rows, for tensors of more than 6 numbers a row.
    monkeypatch.setattr(wide_sections, "WIDE", 6)
    monkeypatch.setattr(wide_sections, "BLOCK_ELEMENTS", 1)


def answers(proto: onnx.ModelProto, x: np.ndarray) -> list[np.ndarray]:
    onnx.checker.check_model(proto, full_check=True)
    session = onnxruntime.InferenceSession(proto.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"X": x})


def rewritten(body: str, outputs: str) -> tuple[onnx.ModelProto, onnx.ModelProto]:
    """A graph of the input ``X`` with 3 columns, and what becomes of it."""
    import onnx_ir as ir

    constants = """<double[3, 9] W = {0.5, -1, 2, 3, 0.25, 1, 7, -2, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9,
        0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9},
        double[1, 9] K = {1, 2, 3, 4, 5, 6, 7, 8, 9}, int64[1] zero = {0}, int64[1] one = {1}, int64[1] nine = {9},
        double[3, 9] U = {0.5, 1, -2, 3, 0.25, 1, 7, 2, 1, 1, 0.2, 3, 0.4, 5, -6, 7, 0.8, 9,
        0.1, 0.2, 0.3, 0.4, -0.5, 0.6, 0.7, 0.8, 0.9}, int64 trips = {2}, bool yes = {1},
        double[9, 1] column = {1, -2, 3, 0.5, 2, -1, 4, 1, 0.3}, double[1] bias = {0.7}, double[batch, 9] Moved>"""
    text = f'<ir_version: 10, opset_import: ["": 18]> g (double[batch, 3] X) => ({outputs}) {constants} {{ {body} }}'
    before = onnx.shape_inference.infer_shapes(onnx.parser.parse_model(text), strict_mode=True)
    model = ir.serde.deserialize_model(before)
    wide_sections.bound_memory(model)
    return before, ir.serde.serialize_model(model)


def kinds(proto: onnx.ModelProto) -> list[str]:
    return [node.op_type for node in proto.graph.node]


BLOCKED = {
    "chain": ("P = MatMul(X, W)  E = Exp(P)  Y = ReduceSum <keepdims = 0> (E, one)", "double[batch] Y"),
    "two outputs": (
        "P = MatMul(X, W)  Y = ReduceMax <keepdims = 1> (P, one)  D = Sub(P, Y)  Z = ReduceSum <keepdims = 1> (D, one)",
        "double[batch, 1] Y, double[batch, 1] Z",
    ),
    # The shape is that of the block, not of the batch.
    "shape": (
        """N = Shape <start = 0, end = 1> (X)  S = Concat <axis = 0> (N, nine)  C = ReduceSum <keepdims = 1> (X, one)
        Filled = Expand(C, S)  P = MatMul(X, W)  Moved = Add(P, Filled)  Y = ReduceSum <keepdims = 1> (Moved, one)""",
        "double[batch, 1] Y",
    ),
    "samples as columns": (
        """T = Transpose <perm = [1, 0]> (X)  V = Transpose <perm = [1, 0]> (W)  P = MatMul(V, T)  E = Exp(P)
        R = ReduceSum <keepdims = 0> (E, zero)  Y = Unsqueeze(R, one)""",
        "double[batch, 1] Y",
    ),
    # Either needs the other's results: they are one.
    "each needs the other": (
        """P = MatMul(X, W)  A = ReduceMax <keepdims = 1> (P, one)  Q = MatMul(X, U)
        B = ReduceMax <keepdims = 1> (Q, one)  C = Add(A, B)  D = Add(Q, A)  E = Add(P, B)
        F = ReduceSum <keepdims = 1> (D, one)  G = ReduceSum <keepdims = 1> (E, one)
        Y = Concat <axis = 1> (C, F, G)""",
        "double[batch, 3] Y",
    ),
    # Its loop has a constant of its own.
    "a loop": (
        """P = MatMul(X, W)  T = Loop(trips, yes, P) <body = step (int64 i, bool c, double[n, 9] before)
        => (bool d, double[n, 9] after) <double[1, 9] inner = {1, 2, 3, 4, 5, 6, 7, 8, 9}>
        { d = Identity(c)  after = Add(before, inner) }>  Moved = Identity(T)
        Y = ReduceSum <keepdims = 1> (Moved, one)""",
        "double[batch, 1] Y",
    ),
    # What is between two wide nodes belongs to them.
    "narrow between wide": (
        """P = MatMul(X, W)  M = ReduceMax <keepdims = 1> (P, one)  H = Abs(M)  G = Neg(H)  D = Add(P, G)
        Y = ReduceSum <keepdims = 1> (D, one)""",
        "double[batch, 1] Y",
    ),
    # The second begins with what the first gives.
    "one after another": (
        """P = MatMul(X, W)  A = ReduceMax <keepdims = 1> (P, one)  Q = MatMul(A, K)
        Y = ReduceSum <keepdims = 1> (Q, one)""",
        "double[batch, 1] Y",
    ),
    "constants computed from constants": (
        "A = Abs(W)  P = MatMul(X, A)  Y = ReduceSum <keepdims = 1> (P, one)",
        "double[batch, 1] Y",
    ),
}


@pytest.mark.parametrize("name", BLOCKED)
def test_sections_in_blocks_give_the_same(name):
    before, after = rewritten(*BLOCKED[name])
    assert "If" in kinds(after)
    assert not {"MatMul", "Exp"} & set(kinds(after))
    x = np.random.default_rng(0).normal(size=(50, 3))
    for n in ROWS:
        for expected, actual in zip(answers(before, x[:n]), answers(after, x[:n]), strict=True):
            assert actual.shape == expected.shape
            np.testing.assert_allclose(actual, expected, rtol=1e-14)


LONG = "A = Exp(X)  B = Sin(A)  C = Tanh(B)  D = Sub(C, X)"
OUTPUT = "Y = ReduceSum <keepdims = 1> (D, one)", "double[batch, 1] Y"


@pytest.mark.parametrize(("way", "is_split"), [(13, True), (14, False)])
def test_a_narrow_graph_is_split_if_its_nodes_write_much(way, is_split, monkeypatch):
    monkeypatch.setattr(wide_sections, "LONG_WAY", way)
    monkeypatch.setattr(wide_sections, "GRAPH_ELEMENTS", 1)
    # 13 numbers for a sample beside the 3 that it has; four times as many as these and the result would be 16.
    monkeypatch.setattr(wide_sections, "SHARE", 3)
    before, after = rewritten(f"{LONG}  {OUTPUT[0]}", OUTPUT[1])
    assert kinds(after) == (["Shape", "LessOrEqual", "If"] if is_split else kinds(before))
    x = np.random.default_rng(0).normal(size=(50, 3))
    for n in ROWS:
        np.testing.assert_allclose(answers(after, x[:n])[0], answers(before, x[:n])[0], rtol=1e-14)


KEPT = {
    "wide output": ("P = MatMul(X, W)  Y = Exp(P)", "double[batch, 9] Y"),
    "narrow": ("Y = Exp(X)", "double[batch, 3] Y"),
    "one answer for all rows": ("P = MatMul(X, W)  Y = ReduceSum <keepdims = 0> (P)", "double Y"),
    "no rows of samples": ("P = MatMul(X, W)  Y = NonZero(P)", "int64[2, found] Y"),
    "order is of all rows": (
        """P = MatMul(X, W)  I = NonZero(P)  T = Transpose <perm = [1, 0]> (I)
        S = ReduceSum <keepdims = 0> (T)  C = Cast <to = 11> (S)  Y = Add(P, C)""",
        "double[batch, 9] Y",
    ),
}


@pytest.mark.parametrize("name", KEPT)
def test_sections_that_are_kept(name):
    before, after = rewritten(*KEPT[name])
    assert kinds(after) == kinds(before)


def _models():
    generator = np.random.default_rng(1)
    X = generator.normal(size=(60, 3))
    y = (X[:, 0] * X[:, 1] > 0).astype(int)
    # Its triangular factor is solved in parts, which are sections that follow each other.
    process = GaussianProcessRegressor(RBF(3.0) + WhiteKernel(0.05), optimizer=None)
    yield "GaussianProcessRegressor", process.fit(X, X[:, 0]), X
    yield "SVC", SVC().fit(X, y), X
    yield "KernelDensity", KernelDensity().fit(X), X
    yield "KNeighborsClassifier", KNeighborsClassifier(3).fit(X, y), X


@pytest.mark.parametrize(("name", "estimator", "X"), [pytest.param(*m, id=m[0]) for m in _models()])
def test_models_in_blocks(name, estimator, X, tmp_path):
    model = sk2torch.wrap(estimator)
    methods = [method for method in methods_of(model) if not METHODS[method].is_joint]
    path = sk2torch.export(model, tmp_path / "model.onnx", methods, blocks=True)
    assert "If" in kinds(onnx.load(path))
    runtime = load_runtime(path)
    # Rows that are stored, whose neighbours tie, as well.
    x = torch.from_numpy(np.concatenate([X[:10], X[10:50] + 0.1]))
    for method in runtime.methods:
        for n in ROWS:
            with torch.no_grad():
                expected = getattr(model, method)(x[:n])
            expected = expected if isinstance(expected, tuple) else (expected,)
            actual = runtime.call(method, x[:n])
            for one, other in zip(actual if isinstance(actual, tuple) else (actual,), expected, strict=True):
                other = other.to_dense() if other.is_sparse_csr else other
                torch.testing.assert_close(one, other, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("n", ROWS)
def test_few_rows_add_the_terms_of_a_product_with_a_long_column(n, monkeypatch):
    monkeypatch.setattr(wide_blocks, "LONG", 9)
    before, after = rewritten("P = MatMul(X, W)  E = Exp(P)  Y = Gemm(E, column, bias)", "double[batch, 1] Y")
    (choice,) = [node for node in after.graph.node if node.op_type == "If"]
    graphs = {a.name: [node.op_type for node in a.g.node] for a in choice.attribute}
    assert graphs["then_branch"] == ["MatMul", "Exp", "Mul", "ReduceSum", "Add"]
    x = np.random.default_rng(0).normal(size=(n, 3))
    np.testing.assert_allclose(answers(after, x)[0], answers(before, x)[0], rtol=1e-14)


@pytest.mark.slow
def test_memory_does_not_grow_with_the_product(tmp_path, monkeypatch):
    """60,000 samples and 3,000 support vectors, whose kernel has 1.4 GB, in a process of its own."""
    monkeypatch.undo()
    generator = np.random.default_rng(0)
    X = generator.normal(size=(3_000, 4))
    model = sk2torch.wrap(SVC(C=0.01).fit(X, generator.integers(0, 2, 3_000)))
    path = sk2torch.export(model, tmp_path / "model.onnx", methods=["decision_function"], blocks=True)
    code = """
import resource, sys, numpy as np, onnxruntime
session = onnxruntime.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
rows = np.random.default_rng(0).normal(size=(60_000, 4))
session.run(None, {"X": rows[:300]})
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
session.run(None, {"X": rows})
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024**2)
"""
    result = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    assert float(result.stdout.split()[-1]) < 0.4, result.stdout
