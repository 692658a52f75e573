"""Splines that are looked up between knots are scikit-learn's, in graphs."""

import itertools

import numpy as np
import pytest
import torch
from sklearn.preprocessing import SplineTransformer

import sk2torch
from sk2torch.blocks import spline_pieces
from sk2torch.export import load_runtime

# Skewed, and with repeated values, so that quantiles are far apart and equal.
X = np.random.default_rng(0).normal(size=(200, 3)) ** 3
X[:, 2] = np.round(2 * X[:, 2])
BEYOND = np.concatenate([X, 1.7 * X, X + 0.1, X.min(axis=0, keepdims=True), X.max(axis=0, keepdims=True)])


@pytest.mark.parametrize("extrapolation", ["constant", "linear", "continue", "error"])
def test_pieces_are_the_splines(extrapolation):
    for degree, knots, bias in itertools.product((1, 2, 3, 5), ("uniform", "quantile"), (True, False)):
        settings = {"degree": degree, "knots": knots, "include_bias": bias, "extrapolation": extrapolation}
        transformer = SplineTransformer(n_knots=6, **settings).fit(X)
        queries = X if extrapolation == "error" else BEYOND
        expected = transformer.transform(queries)
        actual = sk2torch.wrap(transformer).graph_form()(torch.from_numpy(queries)).numpy().reshape(expected.shape)
        assert (np.abs(actual - expected).max(axis=0) <= 1e-12 * np.abs(expected).max(axis=0)).all(), settings


@pytest.mark.parametrize("missing", ["error", "zeros"])
def test_a_graph_looks_them_up(missing, tmp_path):
    gaps = X.copy()
    if missing == "zeros":
        gaps[::7, 1] = np.nan
    transformer = SplineTransformer(n_knots=6, handle_missing=missing).fit(gaps)
    model = sk2torch.wrap(transformer)
    runtime = load_runtime(sk2torch.export(model, tmp_path / "model.onnx"))
    for queries in (gaps, BEYOND, BEYOND[:1], BEYOND[:0]):
        found = runtime.call("transform", torch.from_numpy(queries)).numpy()
        expected = transformer.transform(queries) if len(queries) else np.zeros((0, found.shape[1]))
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


def test_a_graph_of_moved_knots_is_the_module(tmp_path):
    model = sk2torch.wrap(SplineTransformer(n_knots=6).fit(X))
    with torch.no_grad():
        model.knots += 0.05 * torch.arange(model.knots.shape[1])
    rows = torch.from_numpy(X)
    expected = model.transform(rows).detach()
    found = load_runtime(sk2torch.export(model, tmp_path / "model.onnx")).call("transform", rows)
    assert ((found - expected).abs().amax(dim=0) <= 1e-12 * expected.abs().amax(dim=0)).all()
    assert "form" not in dict(model.named_children())


def test_where_there_are_none(monkeypatch):
    fit = SplineTransformer(n_knots=6).fit(X)
    assert sk2torch.wrap(fit).graph_form() is not None
    for other in (SplineTransformer(degree=0), SplineTransformer(extrapolation="periodic")):
        assert sk2torch.wrap(other.fit(X)).graph_form() is None
    monkeypatch.setattr(spline_pieces, "MAX_NUMBERS", 100)
    assert sk2torch.wrap(fit).graph_form() is None
