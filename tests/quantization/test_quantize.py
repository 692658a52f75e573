"""Matrices in few bits: what is kept, how far answers move, what leaves as a file, what is refused."""

import copy
import sys

import numpy as np
import pytest
import scipy.sparse
import torch
from sklearn.cluster import KMeans
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.preprocessing import MaxAbsScaler

import sk2torch
from sk2torch.base import ArtifactError, MissingDependency, UnsupportedParameter
from sk2torch.blocks.quantized.linear import DynamicMap
from sk2torch.export import runtime_of
from sk2torch.functional.int8 import int8_products, int8_rows
from sk2torch.quantization.packages import quiet_torchao, torchao
from sk2torch.quantization.report import compare

MODES = ("weight_only", "dynamic", "static", "float16", "bfloat16")
# Least share of rows whose label stays, in any of these modes.
AGREEMENT = 0.98


@pytest.fixture(scope="module")
def quantized(fitted, digits):
    """``quantize`` of the models by name and mode, once each."""
    known = {}

    def get(name, mode):
        if (name, mode) not in known:
            known[name, mode] = sk2torch.quantize(sk2torch.wrap(fitted[name]), mode, digits[0])
        return known[name, mode]

    return get


@pytest.mark.parametrize(
    ("name", "mode"), [(n, m) for n in ("logistic", "network", "svc") for m in MODES if (n, m) != ("svc", "static")]
)
def test_labels_mostly_stay_and_the_report_says_how_many(name, mode, quantized, fitted, digits):
    X, _ = digits
    model, report = quantized(name, mode)
    labels, expected = sk2torch.Predictor(model).predict(X), fitted[name].predict(X)
    assert labels.dtype == expected.dtype
    share = np.mean(labels == expected)
    assert share >= AGREEMENT
    predict = next(m for m in report.methods if m.method == "predict")
    assert predict.agreement == pytest.approx(share)
    assert predict.max_error is None
    assert report.n_samples == len(X)
    assert report.bytes_after < report.bytes_before / 1.9
    assert [m.method for m in report.methods] == sk2torch.Predictor(model).methods


def test_report_finds_the_largest_error_and_prints(quantized, fitted, digits):
    X, _ = digits
    model, report = quantized("logistic", "weight_only")
    found = next(m for m in report.methods if m.method == "decision_function")
    x = torch.from_numpy(X)
    error = np.abs(model.decision_function(x).detach().numpy() - fitted["logistic"].decision_function(X))
    assert found.max_error == pytest.approx(error.max(), rel=1e-6)
    assert error[found.where] == pytest.approx(error.max(), rel=1e-6)
    assert found.agreement is None
    assert "decision_function" in str(report)
    assert all(m.speed > 0 for m in report.methods)


def test_report_on_sparse_answers_says_row_and_column():
    table = scipy.sparse.random_array((50, 30), density=0.2, rng=np.random.default_rng(0), format="csr")
    model = sk2torch.wrap(MaxAbsScaler().fit(table))
    other = copy.deepcopy(model)
    rows = table[:, [7]].nonzero()[0]
    with torch.no_grad():
        other.scale[7] *= 2.0
    found = compare(runtime_of(model), runtime_of(other), table)[0]
    assert found.where == (int(np.argmax(table[:, [7]].toarray())), 7)
    assert found.max_error == 0.5
    with torch.no_grad():
        other.scale[7] = float("nan")
    found = compare(runtime_of(model), runtime_of(other), table)[0]
    assert found.where == (rows.min(), 7)
    assert found.max_error == float("inf")


def test_without_rows_the_report_has_sizes_only(fitted):
    _, report = sk2torch.quantize(sk2torch.wrap(fitted["logistic"]))
    assert len(str(report).splitlines()) == 1


@pytest.mark.parametrize("mode", ["weight_only", "dynamic", "bfloat16"])
def test_kernel_expansions_stay_close(mode, quantized, digits):
    _, report = quantized("polynomial", mode)
    assert report.methods[0].max_error < 0.1
    assert report.bytes_after < report.bytes_before / 3.9


def test_weights_are_those_of_torchao():
    with quiet_torchao():
        ao = torchao()
    estimator = LinearRegression().fit(np.eye(40)[:, :30] * 3.0, np.arange(80.0).reshape(40, 2) ** 1.5)
    model, _ = sk2torch.quantize(sk2torch.wrap(estimator, dtype=torch.float32), "dynamic")
    linear = torch.nn.Sequential(torch.nn.Linear(30, 2))
    with torch.no_grad():
        linear[0].weight.copy_(torch.from_numpy(estimator.coef_))
        linear[0].bias.copy_(torch.from_numpy(estimator.intercept_))
    with quiet_torchao():
        ao.quantize_(linear, ao.Int8DynamicActivationInt8WeightConfig())
    x = torch.randn(50, 30, generator=torch.Generator().manual_seed(0))
    expected = linear(x).detach()
    (block,) = [module for module in model.modules() if isinstance(module, DynamicMap)]
    torch.testing.assert_close(block.values, linear[0].weight.qdata, rtol=0.0, atol=0.0)
    # It multiplies by 1 / scale, which rounds a few of the inputs the other way.
    torch.testing.assert_close(model.predict(x), expected, rtol=0.0, atol=0.01 * float(expected.abs().max()))


def test_rows_as_integers():
    x = torch.tensor([[0.0, 0.0], [-2.0, 1.0], [float("nan"), 1.0], [float("inf"), 1.0]], dtype=torch.float64)
    values, scale = int8_rows(x)
    assert values.dtype == torch.int8
    torch.testing.assert_close((values * scale)[:2], x[:2], rtol=0.0, atol=2.0 / 127)
    products = int8_products(values, values).to(x.dtype) * scale
    assert not products[2:].isfinite().any()


@pytest.mark.parametrize("mode", ["dynamic", "static"])
def test_missing_numbers_give_missing_results(mode, digits):
    X, _ = digits
    estimator = LinearRegression().fit(X, X[:, 20] + X[:, 3])
    model, _ = sk2torch.quantize(sk2torch.wrap(estimator), mode, X)
    x = torch.from_numpy(X[:3]).clone()
    x[1, 5] = float("nan")
    assert model.predict(x).isnan().tolist() == [False, True, False]


FILES = [
    *((name, "dynamic", suffix) for name in ("network", "svc") for suffix in (".pt", ".pt2", ".onnx", ".safetensors")),
    *(("network", "static", suffix) for suffix in (".pt", ".pt2", ".onnx", ".safetensors")),
    *(("svc", "weight_only", suffix) for suffix in (".pt", ".safetensors")),
    *(("logistic", "float16", suffix) for suffix in (".pt", ".onnx", ".safetensors")),
]


@pytest.mark.parametrize(("name", "mode", "suffix"), FILES)
def test_files_answer_as_the_quantized_model(name, mode, suffix, quantized, digits, tmp_path):
    X, _ = digits
    model, _ = quantized(name, mode)
    path = sk2torch.export(model, tmp_path / f"model{suffix}", None if suffix == ".safetensors" else ["predict"])
    labels = sk2torch.Predictor(path).predict(X)
    # Products in float16 may be added in another order elsewhere.
    assert np.mean(labels == sk2torch.Predictor(model).predict(X)) >= (0.99 if mode == "float16" else 1.0)


def test_bfloat16_does_not_go_to_onnx(quantized, tmp_path):
    with pytest.raises(ArtifactError, match="no products in bfloat16"):
        sk2torch.export(quantized("logistic", "bfloat16").model, tmp_path / "model.onnx")


def test_training_with_rounding_then_conversion(fitted, digits, tmp_path):
    X, y = digits
    model, _ = sk2torch.quantize(sk2torch.wrap(fitted["network"]), "qat", X)
    with pytest.raises(ArtifactError, match="step='convert'"):
        sk2torch.export(model, tmp_path / "model.pt2")
    x, target = torch.from_numpy(X), torch.from_numpy(np.unique(y, return_inverse=True)[1])
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    losses = []
    for _ in range(15):
        optimizer.zero_grad()
        loss = torch.nn.functional.nll_loss(model.predict_proba(x).log(), target)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0]
    converted, report = sk2torch.quantize(model, "qat", X, step="convert")
    assert any(isinstance(module, DynamicMap) for module in converted.modules())
    # It rounds as it did in training.
    assert next(m for m in report.methods if m.method == "predict").agreement >= AGREEMENT
    assert sk2torch.Predictor(sk2torch.save(converted, tmp_path / "m.safetensors")).predict(X).tolist() == (
        sk2torch.Predictor(converted).predict(X).tolist()
    )


def test_sparse_rows(digits):
    scipy_sparse = pytest.importorskip("scipy.sparse")
    X, y = digits
    estimator = LogisticRegression(max_iter=300).fit(scipy_sparse.csr_matrix(X), y)
    for mode in ("weight_only", "dynamic", "static", "bfloat16"):
        model, _ = sk2torch.quantize(sk2torch.wrap(estimator), mode, scipy_sparse.csr_matrix(X))
        labels = sk2torch.Predictor(model).predict(scipy_sparse.csr_matrix(X))
        assert np.mean(labels == estimator.predict(X)) >= AGREEMENT


def test_the_original_is_left_alone(fitted, digits):
    x = torch.from_numpy(digits[0])
    model = sk2torch.wrap(fitted["logistic"])
    before = model.decision_function(x)
    sk2torch.quantize(model, "weight_only")
    torch.testing.assert_close(model.decision_function(x), before, rtol=0.0, atol=0.0)


def test_refusals(fitted, digits):
    X, y = digits
    model = sk2torch.wrap(fitted["svc"])
    refused = pytest.raises(UnsupportedParameter, match="apply are bfloat16, dynamic, float16, weight_only")
    with refused:
        sk2torch.quantize(model, "static", X)
    forest = sk2torch.wrap(RandomForestClassifier(3).fit(X, y))
    with pytest.raises(UnsupportedParameter, match="modes that apply are forest_ranks"):
        sk2torch.quantize(forest, "dynamic", X)
    with pytest.raises(UnsupportedParameter, match="no mode applies"):
        sk2torch.quantize(sk2torch.wrap(KMeans(2, n_init=1).fit(X)), "dynamic")
    with pytest.raises(UnsupportedParameter, match="give some as X"):
        sk2torch.quantize(sk2torch.wrap(fitted["logistic"]), "static")
    with pytest.raises(UnsupportedParameter, match="unknown mode 'int4'"):
        sk2torch.quantize(model, "int4")
    with pytest.raises(UnsupportedParameter, match="is none such"):
        sk2torch.quantize(model, "qat", step="convert")
    with pytest.raises(TypeError, match=r"call sk2torch\.wrap"):
        sk2torch.quantize(fitted["svc"], "dynamic")


def test_overflow_in_float16_is_refused(digits):
    X, _ = digits
    estimator = LinearRegression().fit(X * 1e6, X[:, 20])
    with pytest.raises(UnsupportedParameter, match="use mode 'bfloat16'"):
        sk2torch.quantize(sk2torch.wrap(estimator), "float16", X * 1e6)


def test_the_extra_is_named(fitted, monkeypatch):
    monkeypatch.setitem(sys.modules, "torchao.quantization", None)
    with pytest.raises(MissingDependency, match=r"sk2torch\[quantize\]"):
        sk2torch.quantize(sk2torch.wrap(fitted["logistic"]), "weight_only")
