"""ONNX files in int8."""

import numpy as np
import onnx
import pytest
import torch
from sklearn.compose import make_column_transformer
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier

import sk2torch
from sk2torch.base import ArtifactError


@pytest.fixture(scope="module")
def network_file(fitted, tmp_path_factory):
    model = sk2torch.wrap(fitted["network"], dtype=torch.float32)
    return sk2torch.export(model, tmp_path_factory.mktemp("onnx") / "model.onnx")


@pytest.mark.parametrize("mode", ["dynamic", "static"])
def test_networks(mode, network_file, fitted, digits, tmp_path):
    X, _ = digits
    target = tmp_path / "small.onnx"
    report = sk2torch.quantize_onnx(network_file, target, mode, X)
    assert np.mean(sk2torch.Predictor(target).predict(X) == fitted["network"].predict(X)) > 0.97
    assert report.bytes_after == target.stat().st_size < report.bytes_before
    kinds = {node.op_type for node in onnx.load(target).graph.node}
    assert ("MatMulInteger" if mode == "dynamic" else "DequantizeLinear") in kinds
    assert [m.method for m in report.methods] == sk2torch.Predictor(network_file).methods


def test_matrices_that_products_share(tmp_path):
    """A matrix from the right side and from the left is transposed for one of the products only."""
    X = np.random.default_rng(0).normal(size=(300, 8))
    source = sk2torch.export(sk2torch.wrap(PCA(7).fit(X), dtype=torch.float32), tmp_path / "pca.onnx")
    report = sk2torch.quantize_onnx(source, tmp_path / "small.onnx", "dynamic", X)
    errors = {m.method: m.max_error for m in report.methods}
    assert errors["transform"] < 0.1
    assert errors["score_samples"] < 1.0


def test_tables_of_words(tmp_path):
    rng = np.random.default_rng(0)
    words = rng.choice(["a", "b", "c"], size=200).astype(object)
    X = np.stack([words, rng.normal(size=200).astype(object)], axis=1)
    y = np.where((words == "a") | (X[:, 1] > 0.5), "yes", "no")
    columns = make_column_transformer((OneHotEncoder(), [0]), (StandardScaler(), [1]))
    estimator = make_pipeline(columns, LogisticRegression()).fit(X, y)
    source = sk2torch.export(sk2torch.wrap(estimator, dtype=torch.float32), tmp_path / "words.onnx")
    sk2torch.quantize_onnx(source, tmp_path / "small.onnx", "static", X)
    assert np.mean(sk2torch.Predictor(tmp_path / "small.onnx").predict(X) == estimator.predict(X)) > 0.95


def test_refusals(network_file, fitted, digits, tmp_path):
    X, y = digits
    target = tmp_path / "small.onnx"
    double = sk2torch.export(sk2torch.wrap(fitted["logistic"]), tmp_path / "double.onnx", "predict")
    with pytest.raises(ArtifactError, match="computes in float64"):
        sk2torch.quantize_onnx(double, target)
    tree = sk2torch.wrap(DecisionTreeClassifier(max_depth=2).fit(X, y), dtype=torch.float32)
    with pytest.raises(ArtifactError, match="forest_ranks"):
        sk2torch.quantize_onnx(sk2torch.export(tree, tmp_path / "tree.onnx", "predict"), target)
    with pytest.raises(ArtifactError, match="give some as X"):
        sk2torch.quantize_onnx(network_file, target, "static")
    with pytest.raises(ArtifactError, match="unknown mode 'int4'"):
        sk2torch.quantize_onnx(network_file, target, "int4")
    assert not target.exists()
