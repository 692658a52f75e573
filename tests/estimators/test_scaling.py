"""Scalers and transforms of single features: refusals, ends, sparse input, unfitted use, tiny constants in ONNX."""

import numpy as np
import pytest
import scipy.sparse
import torch
from sklearn.preprocessing import (
    Binarizer,
    KernelCenterer,
    MaxAbsScaler,
    Normalizer,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
)

import sk2torch
from sk2torch.export import load_runtime
from tests import checks

X = np.random.default_rng(0).normal(size=(40, 3))


@pytest.mark.parametrize("estimator", [Binarizer(threshold=0.2), Normalizer(), Normalizer("l1"), Normalizer("max")])
def test_unfitted_transformers_take_any_width(estimator):
    model = sk2torch.wrap(estimator)
    for width in (1, 3):
        rows = X[:, :width]
        np.testing.assert_allclose(model.transform(torch.from_numpy(rows)), estimator.transform(rows), rtol=1e-14)


@pytest.mark.parametrize("norm", ["l1", "l2", "max"])
def test_rows_of_zeros_have_slopes(norm):
    x = torch.zeros(2, 3, dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(sk2torch.wrap(Normalizer(norm)).transform(x).sum(), x)
    assert torch.equal(slope, torch.ones_like(x))


def test_norms_at_the_precision_of_zero():
    rows = np.array([[size, -size] for size in (2e-15, 1.1e-15, 1.12e-15, 2.3e-15, 1e-20)])
    for norm in ("l1", "l2", "max"):
        expected = Normalizer(norm).transform(rows)
        np.testing.assert_allclose(sk2torch.wrap(Normalizer(norm)).transform(torch.from_numpy(rows)), expected)


def test_numbers_that_box_cox_is_not_for_raise():
    model = sk2torch.wrap(PowerTransformer("box-cox").fit(np.abs(X) + 0.1))
    for value in (0.0, -1.0):
        x = torch.full((2, 3), 1.0, dtype=torch.float64)
        x[1, 2] = value
        with pytest.raises(ValueError, match="above zero"):
            model.transform(x)


@pytest.mark.parametrize("method", ["yeo-johnson", "box-cox"])
def test_slopes_of_a_learned_power(method):
    model = sk2torch.wrap(PowerTransformer(method).fit(np.abs(X) + 0.1))
    x = torch.from_numpy(np.abs(X[:4]) + 0.2)
    for name in ("transform", "inverse_transform"):

        def result(power, name=name):
            return torch.func.functional_call(sk2torch.method_module(model, name), {"power": power}, (x,))

        assert torch.autograd.gradcheck(result, (model.power.detach().clone().requires_grad_(),))


@pytest.mark.parametrize("distribution", ["uniform", "normal"])
@pytest.mark.parametrize("n_quantiles", [1, 2, 7, 40])
def test_quantiles_at_and_beside_the_ends(n_quantiles, distribution):
    estimator = QuantileTransformer(n_quantiles=n_quantiles, output_distribution=distribution).fit(np.round(X, 1))
    edges = np.concatenate([estimator.quantiles_, estimator.quantiles_ + 1e-8, estimator.quantiles_ - 1e-8])
    rows = np.concatenate([edges, np.nextafter(edges, np.inf), np.nextafter(edges, -np.inf), edges * 1e6])
    predictor = sk2torch.Predictor(sk2torch.wrap(estimator))
    checks.assert_same(predictor.transform(rows), estimator.transform(rows), "transform", 1e-10)
    shares = np.concatenate([np.linspace(-0.5, 1.5, 41), [0.0, 1.0, 1e-7, 1 - 1e-7, 1e-9, -6.0, 6.0, np.nan]])
    shares = np.tile(shares[:, None], 3)
    checks.assert_same(predictor.inverse_transform(shares), estimator.inverse_transform(shares), "inverse", 1e-10)


def test_ends_of_a_normal_output_have_slopes():
    model = sk2torch.wrap(QuantileTransformer(n_quantiles=10, output_distribution="normal").fit(X))
    x = torch.tensor([[-1e9, 1e9, 0.0], [0.0, 1e300, -1e300]], dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(model.transform(x).sum(), x)
    assert slope.isfinite().all()


def test_falling_quantiles_are_refused():
    estimator = QuantileTransformer(n_quantiles=5).fit(X)
    estimator.quantiles_[2, 1] = -100.0
    with pytest.raises(sk2torch.UnsupportedParameter, match="ascending order"):
        sk2torch.wrap(estimator)


@pytest.mark.parametrize("estimator", [QuantileTransformer(n_quantiles=5), RobustScaler()])
def test_sparse_tables_that_are_not_transformed_as_dense_ones_are_refused(estimator, tmp_path):
    model = sk2torch.wrap(estimator.fit(X))
    path = sk2torch.export(model, tmp_path / "model.pt")
    for predictor in (sk2torch.Predictor(model), sk2torch.Predictor(path)):
        with pytest.raises(sk2torch.InputError, match="dense"):
            predictor.transform(scipy.sparse.csr_matrix(X))


@pytest.mark.parametrize("estimator", [MaxAbsScaler(), RobustScaler(with_centering=False)])
def test_models_of_sparse_tables(estimator):
    table = scipy.sparse.csr_matrix(np.where(np.abs(X) > 0.5, X, 0.0))
    estimator.fit(table)
    actual = sk2torch.Predictor(sk2torch.wrap(estimator)).transform(table)
    np.testing.assert_allclose(checks.dense(actual), estimator.transform(table).toarray(), rtol=1e-14)


def test_constants_next_to_zero_and_one_reach_onnx(tmp_path):
    # The graph optimizer takes 1e-9 for 0 and 1.000001 for 1 unless told otherwise.
    estimator = KernelCenterer().fit(np.full((3, 3), 1e-9))
    path = sk2torch.export(sk2torch.wrap(estimator), tmp_path / "model.onnx")
    rows = np.array([[1e-9, 3e-9, 5e-9]])
    actual = load_runtime(path).call("transform", torch.from_numpy(rows))
    np.testing.assert_allclose(actual, estimator.transform(rows), rtol=1e-10)
