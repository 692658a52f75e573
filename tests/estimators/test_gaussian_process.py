"""Oddities of Gaussian processes."""

import numpy as np
import pytest
import torch
from sklearn.gaussian_process import GaussianProcessClassifier, GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, DotProduct, Matern, PairwiseKernel, WhiteKernel

import sk2torch
from tests.cases import data, fitted


class Doubled(RBF):
    """Somebody's own kernel."""

    def __call__(self, X, Y=None, eval_gradient=False):
        return 2.0 * super().__call__(X, Y, eval_gradient)


def _fit(kernel, **parameters):
    X, y = data.regression()
    return GaussianProcessRegressor(kernel, alpha=0.1, optimizer=None, **parameters).fit(X[:20], y[:20])


@pytest.mark.parametrize("kernel", [Doubled(), 2.0 * Doubled() + WhiteKernel(), Doubled() ** 2])
def test_own_kernel(kernel):
    with pytest.raises(sk2torch.UnsupportedParameter, match=r"Doubled.*combine"):
        sk2torch.wrap(_fit(kernel))


def test_callable_metric():
    kernel = PairwiseKernel(metric=lambda a, b, gamma: float(a @ b)) + WhiteKernel()
    with pytest.raises(sk2torch.UnsupportedParameter, match="metric"):
        sk2torch.wrap(_fit(kernel))


def test_matern_of_high_order():
    with pytest.raises(sk2torch.UnsupportedParameter, match=r"nu.*numpy.inf"):
        sk2torch.wrap(_fit(Matern(nu=25.0)))


def test_sequences_as_rows():
    model = GaussianProcessRegressor(ConstantKernel(2.0) + WhiteKernel(), optimizer=None).fit(["a", "b"], [0.0, 1.0])
    with pytest.raises(sk2torch.UnsupportedParameter, match="table"):
        sk2torch.wrap(model)


def test_precomputed_kernel_of_a_classifier():
    X, y = data.binary()
    model = GaussianProcessClassifier(PairwiseKernel(metric="precomputed"), optimizer=None).fit(
        X[:20] @ X[:20].T, y[:20]
    )
    with pytest.raises(sk2torch.UnsupportedParameter, match="precomputed"):
        sk2torch.wrap(model)


def test_precomputed_kernel_has_no_variance():
    model = sk2torch.wrap(fitted("GaussianProcessRegressor-precomputed"))
    assert not hasattr(model, "predict_with_std")
    assert not hasattr(model, "predict_with_cov")


def test_precomputed_prior():
    with pytest.raises(sk2torch.UnsupportedParameter, match="fit it"):
        sk2torch.wrap(GaussianProcessRegressor(PairwiseKernel(metric="precomputed")))


def test_prior_of_unknown_width_without_gamma():
    with pytest.raises(sk2torch.UnsupportedParameter, match="gamma"):
        sk2torch.wrap(GaussianProcessRegressor(PairwiseKernel(gamma=None, metric="rbf")))


def test_prior_checks_the_width_of_length_scales():
    model = sk2torch.wrap(GaussianProcessRegressor(RBF([1.0, 2.0])))
    with pytest.raises(ValueError, match="features"):
        model.predict(torch.zeros(3, 1))


def test_one_vs_one_has_no_probabilities():
    assert not hasattr(sk2torch.wrap(fitted("GaussianProcessClassifier-one-vs-one")), "predict_proba")


def test_mode_set_after_fitting():
    X, y = data.multiclass()
    model = GaussianProcessClassifier(optimizer=None).fit(X[:40], y[:40]).set_params(multi_class="one_vs_one")
    with pytest.raises(ValueError, match="one_vs_one"):
        model.predict_proba(X)
    assert not hasattr(sk2torch.wrap(model), "predict_proba")


def test_kernel_set_after_fitting_is_ignored():
    model = _fit(2.0 * RBF(0.7))
    expected = model.predict(data.regression()[0])
    actual = sk2torch.Predictor(sk2torch.wrap(model.set_params(kernel=DotProduct()))).predict(data.regression()[0])
    np.testing.assert_allclose(actual, expected, rtol=1e-10, atol=1e-12)


@pytest.mark.filterwarnings("ignore:Predicted variances")
def test_spread_at_stored_rows_is_within_rounding():
    X, y = data.regression()
    model = GaussianProcessRegressor(RBF(3.0), alpha=1e-10, optimizer=None).fit(X[:60], y[:60])
    _, expected = model.predict(X[:60], return_std=True)
    _, actual = sk2torch.Predictor(sk2torch.wrap(model)).predict_with_std(X[:60])
    # The variance is 1e-10, and each of the two numbers whose difference it is may be off by 1e-13.
    np.testing.assert_allclose(actual**2, expected**2, atol=1e-12)


@pytest.mark.filterwarnings("ignore:The .grad attribute:UserWarning")
@pytest.mark.parametrize("name", ["GaussianProcessRegressor-compound", "GaussianProcessClassifier-matern"])
def test_hyperparameters_receive_gradients(name):
    model = sk2torch.wrap(fitted(name))
    x = model.encode(data.binary()[0][:8] + 0.1)
    result = model.predict_with_std(x)[1] if hasattr(model, "predict_with_std") else model.predict_proba(x)
    result.log().sum().backward()
    hyperparameters = [(key, value.grad) for key, value in model.named_parameters() if "kernel" in key]
    missing = [key for key, slope in hyperparameters if slope is None or not slope.any()]
    assert not missing


def test_blocks_give_the_same_as_one():
    model = sk2torch.wrap(fitted("GaussianProcessRegressor-compound"))
    x = model.encode(data.regression()[0])
    expected = model.predict_with_std(x)
    model.block_rows = 7
    for a, b in zip(model.predict_with_std(x), expected, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-11, atol=1e-11)
