"""Results of blocks of rows, with and without a gradient."""

import numpy as np
import pytest
import torch
from sklearn.decomposition import NMF
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, PolynomialFeatures, SplineTransformer, StandardScaler
from torch import Tensor

import sk2torch
from sk2torch.ops import row_blocks
from sk2torch.ops.row_blocks import keep_block


def in_blocks(x: Tensor, step: int) -> list[Tensor]:
    kept: list[Tensor] = []
    for start in range(0, max(1, x.shape[0]), step):
        keep_block(kept, 2.0 * x[start : start + step], start, x.shape[0])
    return kept


@pytest.mark.parametrize("function", [in_blocks, torch.jit.script(in_blocks)], ids=["eager", "scripted"])
@pytest.mark.parametrize("step", [1, 3, 7, 10])
@pytest.mark.parametrize("shape", [(0,), (7,), (7, 3), (7, 3, 2)])
def test_blocks_make_up_the_whole(shape, step, function):
    x = torch.randn(shape, dtype=torch.float64, requires_grad=True)
    kept = function(x, step)
    assert torch.equal(torch.cat(kept), 2.0 * x)
    assert len(kept) == max(1, -(-len(x) // step))
    torch.cat(kept).sum().backward()
    assert torch.equal(x.grad, torch.full_like(x, 2.0))
    with torch.no_grad():
        (whole,) = function(x, step)
    assert torch.equal(whole, 2.0 * x)


PIPELINES = {
    "probabilities": (make_pipeline(PolynomialFeatures(2), LogisticRegression(C=0.01, max_iter=1000)), "predict_proba"),
    "classes": (make_pipeline(StandardScaler(), PolynomialFeatures(2), RidgeClassifier()), "predict"),
    "columns": (make_pipeline(StandardScaler(), SplineTransformer(sparse_output=False)), "transform"),
}


@pytest.mark.parametrize(("estimator", "method"), PIPELINES.values(), ids=PIPELINES.keys())
@pytest.mark.parametrize("n_rows", [0, 1, 999, 1000, 5003])
def test_pipelines_answer_for_many_rows_in_blocks(estimator, method, n_rows, monkeypatch):
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((400, 6)), rng.integers(0, 3, 400)
    model = sk2torch.wrap(estimator.fit(X, y))
    x = torch.from_numpy(rng.standard_normal((n_rows, 6)))
    with torch.no_grad():
        whole = getattr(model, method)(x)
        for name, value in {"_MUCH_MEMORY": 1, "_BLOCK_MEMORY": 1, "_FIRST_ROWS": 300, "_MANY_ROWS": 1000}.items():
            monkeypatch.setattr(row_blocks, name, value)
        last, seen = model.final, []
        given = getattr(last, method)
        monkeypatch.setitem(last.__dict__, method, lambda rows: seen.append(len(rows)) or given(rows))
        torch.testing.assert_close(getattr(model, method)(x), whole, rtol=1e-12, atol=1e-12)
    assert len(seen) == (17 if n_rows == 5003 else 4 if n_rows == 1000 else 1)


def test_rows_that_depend_on_each_other_go_together(monkeypatch):
    for name, value in {"_MUCH_MEMORY": 1, "_FIRST_ROWS": 10, "_MANY_ROWS": 20}.items():
        monkeypatch.setattr(row_blocks, name, value)
    X = np.abs(np.random.default_rng(0).standard_normal((60, 5)))
    estimator = make_pipeline(MinMaxScaler(clip=True), NMF(2, init="random", random_state=0, max_iter=500)).fit(X)
    with torch.no_grad():
        found = sk2torch.wrap(estimator).transform(torch.from_numpy(X))
    np.testing.assert_allclose(found.numpy(), estimator.transform(X), rtol=1e-8, atol=1e-10)


def test_values_that_a_block_refuses(monkeypatch):
    monkeypatch.setattr(row_blocks, "_MUCH_MEMORY", 1)
    X = np.random.default_rng(0).standard_normal((20000, 3))
    estimator = make_pipeline(StandardScaler(), SplineTransformer(extrapolation="error")).fit(X)
    X[-1] *= 100
    with torch.no_grad(), pytest.raises(ValueError, match="beyond the knots"):
        sk2torch.wrap(estimator).transform(torch.from_numpy(X))
