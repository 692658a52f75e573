"""Groups of nodes in ONNX graphs become products of matrices where rounding allows it."""

import numpy as np
import onnx
import pytest
import torch
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

import sk2torch
from sk2torch.export import load_runtime
from sk2torch.export.product_rules import _is_safe

ROWS = np.random.default_rng(0).normal(size=(60, 5))
TARGET = np.sin(ROWS).sum(axis=1)


def written(estimator, method, tmp_path):
    """The kinds of nodes of the file, and the largest error relative to the size of the answers; no rows included."""
    model = sk2torch.wrap(estimator)
    path = sk2torch.export(model, tmp_path / "model.onnx", [method])
    runtime = load_runtime(path)
    queries = torch.from_numpy(np.concatenate([ROWS[:20], ROWS + 0.3, 1e3 * ROWS[:5], np.zeros((1, 5))]))
    expected = getattr(model, method)(queries).detach()
    actual = runtime.call(method, queries)
    assert runtime.call(method, queries[:0]).shape == expected[:0].shape
    assert torch.isfinite(actual).all()
    return [node.op_type for node in onnx.load(path).graph.node], float(
        (actual - expected).abs().max() / expected.abs().max()
    )


def process(noise, kernel=None):
    kernel = RBF(2.0) if kernel is None else kernel
    return GaussianProcessRegressor(kernel + WhiteKernel(noise), optimizer=None, normalize_y=True).fit(ROWS, TARGET)


@pytest.mark.parametrize("length", [2.0, [1.0, 2.0, 0.5, 3.0, 1.0]])
def test_the_mean_of_a_process_is_a_product(length, tmp_path):
    names, error = written(process(0.1, ConstantKernel(2.0) * RBF(length)), "predict", tmp_path)
    assert "Pow" not in names
    assert names.count("Exp") == 1
    assert error < 1e-12


def test_weights_that_rounding_would_show_in_keep_differences(tmp_path):
    # Interpolation by a wide kernel: weights of 1e5 that cancel.
    names, error = written(process(1e-6, RBF(20.0)), "predict", tmp_path)
    assert "Pow" in names
    # The module adds them up in another order.
    assert error < 1e-9


def test_rounding_is_judged_by_weights_and_distances():
    weights = np.ones((60, 1))
    assert _is_safe(ROWS, 0.5, weights)
    # Weights that cancel at all rows but for little.
    assert not _is_safe(np.repeat(ROWS, 2, axis=0), 0.5, np.tile([[1e9], [1 - 1e9]], (60, 1)))
    assert not _is_safe(1e6 * ROWS, 0.5, weights)


def test_covariances_that_are_solved_with_stay_differences(tmp_path):
    model = sk2torch.wrap(process(0.1))
    path = sk2torch.export(model, tmp_path / "model.onnx", ["predict_with_std"])
    assert "Pow" in [node.op_type for node in onnx.load(path).graph.node]
    queries = torch.from_numpy(ROWS + 0.1)
    with torch.no_grad():
        expected = model.predict_with_std(queries)
    for one, other in zip(load_runtime(path).call("predict_with_std", queries), expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-10, atol=1e-12)


def weighted(norm, labels):
    counts = np.abs(ROWS)
    return make_pipeline(TfidfTransformer(norm=norm), LogisticRegression()).fit(counts, labels)


@pytest.mark.parametrize("classes", [2, 3])
def test_rows_of_unit_length_are_divided_after_the_product(classes, tmp_path):
    labels = np.digitize(TARGET, np.quantile(TARGET, np.arange(1, classes) / classes))
    names, error = written(weighted("l2", labels), "decision_function", tmp_path)
    assert names.index("Gemm") < names.index("Div")
    assert error < 1e-14


def test_other_lengths_are_divided_by_first(tmp_path):
    # Products of huge rows would overflow.
    names, _ = written(weighted("l1", TARGET > 0), "decision_function", tmp_path)
    assert names.index("Div") < names.index("Gemm")


def test_more_classes_than_columns_are_divided_before(tmp_path):
    names, _ = written(weighted("l2", np.arange(60) % 7), "decision_function", tmp_path)
    assert names.index("Div") < names.index("Gemm")
