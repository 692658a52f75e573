"""ONNX graphs are made smaller: fewer nodes, the same answers."""

import numpy as np
import onnx
import onnx.parser
import onnx_ir as ir
import onnxruntime
import pytest
from sklearn.svm import SVC

import sk2torch
from sk2torch.export.lean_graph import make_lean

CONSTANTS = """<double[3, 4] W = {0.5, -1, 2, 3, 0.25, 1, 7, -2, 1, 1, 2, 3},
    double[3, 4] V = {0.5, -1, 2, 3, 0.25, 1, 7, -2, 1, 1, 2, 3}, double[4] b = {1, -2, 3, 0.1}, double[1] fill = {7},
    double[6] table = {5, 4, 3, 2, 1, 0}, double zero = {0}, double two = {2}, double three = {3},
    double unit = {1}, double[3] triple = {1, -2, 0.5}, int64[3] places = {0, 1, 2},
    int64 k = {5}, int64 half = {2}, int64 first = {0}, int64[1] axis = {1}, int64[1] last = {-1}, int64[1] front = {0},
    int64[1] flat = {-1}, int64[2] rows = {-1, 3}, double[batch, 3] same, double[batch, 3] E>"""


def model_of(body: str, outputs: str) -> onnx.ModelProto:
    """A graph of the input ``X`` with 3 columns."""
    head = '<ir_version: 10, opset_import: ["": 18]> g (double[batch, 3] X)'
    text = f"{head} => ({outputs}) {CONSTANTS} {{ {body} }}"
    return onnx.shape_inference.infer_shapes(onnx.parser.parse_model(text), strict_mode=True)


def lean(before: onnx.ModelProto) -> onnx.ModelProto:
    model = ir.serde.deserialize_model(before)
    make_lean(model)
    return ir.serde.serialize_model(model)


def kinds(proto: onnx.ModelProto) -> list[str]:
    return [node.op_type for node in proto.graph.node]


def answers(proto: onnx.ModelProto, x: np.ndarray) -> list[np.ndarray]:
    onnx.checker.check_model(proto, full_check=True)
    settings = onnxruntime.SessionOptions()
    settings.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(proto.SerializeToString(), settings, providers=["CPUExecutionProvider"])
    return session.run(None, {"X": x})


SMALLER = {
    "constants": ("A = Transpose <perm = [1, 0]> (W) T = Transpose <perm = [1, 0]> (A) Y = MatMul(X, T)", "MatMul"),
    "equal constants": ("P = MatMul(X, W) Q = MatMul(X, V) Y = Add(P, Q)", "MatMul Add"),
    "expansion": ("S = Shape(X) E = Expand(fill, S) C = Less(X, zero) Y = Where(C, E, X)", "Less Where"),
    "kept dimension": ("S = ReduceSum <keepdims = 0> (X, axis) Y = Unsqueeze(S, last)", "ReduceSum"),
    "sum of squares": ("P = Pow(X, two) Y = ReduceSum <keepdims = 0> (P, axis)", "ReduceSumSquare"),
    "sum of squares that keeps": (
        "P = Pow(X, two) S = ReduceSum <keepdims = 0> (P, axis) Y = Unsqueeze(S, axis)",
        "ReduceSumSquare",
    ),
    "chosen integer": ("C = Less(X, zero) L = Cast <to = 7> (C) Y = Mul(L, k)", "Less Where"),
    "shifted choice": ("C = Less(X, zero) L = Cast <to = 7> (C) M = Mul(L, k) Y = Sub(M, half)", "Less Where"),
    "negated choice": ("C = Less(X, zero) N = Not(C) Y = Cast <to = 7> (N)", "Less Where"),
    "look-up": (
        """C = Less(X, zero) L = Cast <to = 7> (C) F = Reshape(L, flat) G = Gather <axis = 0> (table, F)
        same = Reshape(G, rows) Y = Add(same, X)""",
        "Less Cast Gather Add",
    ),
    "rows looked up": (
        """C = Less(X, zero) L = Cast <to = 7> (C) U = Unsqueeze(L, last) same = GatherND(table, U)
        Y = Add(same, X)""",
        "Less Cast Gather Add",
    ),
    "column of a vector": (
        """R = ReduceSum <keepdims = 1> (X, axis) U = Squeeze(R, axis) P = Sigmoid(U) Q = Sub(two, P)
        A = Unsqueeze(Q, axis) B = Unsqueeze(P, axis) Y = Concat <axis = 1> (A, B)""",
        "ReduceSum Sigmoid Sub Concat",
    ),
    "gathered column": (
        """R = ReduceSum <keepdims = 1> (X, axis) U = Gather <axis = 1> (R, first) P = Sigmoid(U)
        Y = Unsqueeze(P, axis)""",
        "ReduceSum Sigmoid",
    ),
    "times one": ("P = Mul(X, unit) Y = Neg(P)", "Neg"),
    "one times": ("P = Mul(unit, X) Y = Neg(P)", "Neg"),
    "the same places": (
        "A = ArgMax <axis = 1, keepdims = 0> (X) F = Reshape(A, flat) Y = Gather <axis = 0> (places, F)",
        "ArgMax",
    ),
    "two probabilities": (
        """R = ReduceSum <keepdims = 1> (X, axis) P = Sigmoid(R) Q = Sub(unit, P)
        Y = Concat <axis = 1> (Q, P)""",
        "ReduceSum Mul Sigmoid",
    ),
    "affine": ("P = MatMul(X, W) Y = Add(P, b)", "Gemm"),
}


def expected_type(name: str) -> str:
    columns = {
        "gathered column": "1",
        "constants": "4",
        "equal constants": "4",
        "affine": "4",
        "kept dimension": "1",
        "column of a vector": "2",
        "two probabilities": "2",
    }.get(name, "3")
    if name == "the same places":
        return "int64[batch] Y"
    if name == "sum of squares":
        return "double[batch] Y"
    whole = name in ("chosen integer", "shifted choice", "negated choice")
    return f"{'int64' if whole else 'double'}[batch, {'1' if name.endswith('that keeps') else columns}] Y"


@pytest.mark.parametrize("name", SMALLER)
def test_fewer_nodes_give_the_same(name):
    body, nodes = SMALLER[name]
    before = model_of(body, expected_type(name))
    after = lean(before)
    assert kinds(after) == nodes.split()
    rows = np.random.default_rng(0).normal(size=(5, 3))
    rows[1, 0] = np.nan
    for n in (0, 1, 5):
        (expected,), (actual,) = answers(before, rows[:n]), answers(after, rows[:n])
        assert actual.dtype == expected.dtype
        assert actual.shape == expected.shape
        np.testing.assert_allclose(actual, expected, rtol=1e-15)


KEPT = {
    "the other axis": ("S = ReduceSum <keepdims = 0> (X, axis) Y = Unsqueeze(S, front)", "double[1, batch] Y"),
    "cubes": ("P = Pow(X, three) Y = ReduceSum <keepdims = 0> (P, axis)", "double[batch] Y"),
    "squares with another use": (
        "P = Pow(X, two) Y = ReduceSum <keepdims = 0> (P, axis) Z = Neg(P)",
        "double[batch] Y, double[batch, 3] Z",
    ),
    "larger than what it is made of": (
        "N = Shape <start = 0, end = 1> (X) L = Expand(b, N) Y = Neg(L)",
        "double[other] Y",
    ),
    "numbers chosen": ("C = Less(X, zero) L = Cast <to = 11> (C) Y = Mul(L, three)", "double[batch, 3] Y"),
}


@pytest.mark.parametrize("name", KEPT)
def test_what_stays(name):
    before = model_of(*KEPT[name])
    assert kinds(lean(before)) == kinds(before)


@pytest.mark.parametrize("n", [0, 1, 5])
def test_a_table_times_a_vector_takes_no_rows_too(n):
    after = lean(model_of("Y = MatMul(X, triple)", "double[batch] Y"))
    rows = np.random.default_rng(0).normal(size=(n, 3))
    np.testing.assert_allclose(answers(after, rows)[0], rows @ [1.0, -2.0, 0.5], rtol=1e-14)


def test_two_probabilities_keep_a_zero_that_a_logarithm_sees():
    nodes = "R = ReduceSum <keepdims = 1> (X, axis) P = Sigmoid(R) Q = Sub(unit, P) Y = Concat <axis = 1> (Q, P)"
    after = lean(model_of(f"{nodes} Z = Log(Y)", "double[batch, 2] Y, double[batch, 2] Z"))
    assert kinds(after) == ["ReduceSum", "Sigmoid", "Sub", "Concat", "Log"]


def test_outputs_that_become_one_keep_their_names():
    before = model_of("Y = Neg(X) Z = Neg(X)", "double[batch, 3] Y, double[batch, 3] Z")
    after = lean(before)
    assert [output.name for output in after.graph.output] == ["Y", "Z"]
    rows = np.ones((2, 3))
    for found in answers(after, rows):
        np.testing.assert_array_equal(found, -rows)


def test_methods_share_their_work(tmp_path):
    generator = np.random.default_rng(0)
    X = generator.normal(size=(600, 3))
    model = sk2torch.wrap(SVC(gamma=0.1).fit(X, generator.integers(0, 2, 600)))
    path = sk2torch.export(model, tmp_path / "model.onnx", methods=["predict", "decision_function"])
    nodes = kinds(onnx.load(path))
    assert nodes.count("Exp") == 1
    assert nodes.count("Gemm") == 2
    assert len(nodes) <= 10
