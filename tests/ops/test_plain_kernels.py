"""Compiled code of single estimators agrees with their formulas in torch, in every instruction set."""

import contextlib
import functools
import importlib
import itertools
from unittest.mock import patch

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array
from sklearn.discriminant_analysis import QuadraticDiscriminantAnalysis
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.naive_bayes import CategoricalNB, GaussianNB
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.preprocessing import PolynomialFeatures, QuantileTransformer, SplineTransformer

import sk2torch
from sk2torch.base.sparse import from_scipy
from sk2torch.native import library
from sk2torch.ops.softmax import normalize_rows

ISAS = ("portable", "avx2", "avx512")
RNG = np.random.default_rng(0)
X = RNG.standard_normal((203, 5))
Y = RNG.integers(0, 3, 203)
# Far out, at ends and on knots, and missing.
WILD = np.concatenate([X[:90], 3 * X[:40], X.min(axis=0)[None], X.max(axis=0)[None], np.full((1, 5), 1e3)])
GAPS = np.where(RNG.random(WILD.shape) < 0.1, np.nan, WILD)
TIED = np.round(X * 2) / 2
WHOLE = RNG.integers(0, 4, (203, 5)).astype(float)


@contextlib.contextmanager
def instruction_set(monkeypatch, **environment):
    """Kernels are looked up anew, with these settings."""
    caches = (library.library, library.kernel)
    with monkeypatch.context() as settings:
        for name, value in environment.items():
            settings.setenv(name, value)
        for cache in caches:
            cache.cache_clear()
        try:
            yield
        finally:
            for cache in caches:
                cache.cache_clear()


def spline_cases():
    for degree, extrapolation, bias in itertools.product(
        (0, 1, 3, 4), ("constant", "linear", "continue"), (True, False)
    ):
        if degree or extrapolation != "constant":
            yield SplineTransformer(6, degree=degree, extrapolation=extrapolation, include_bias=bias), WILD
    yield SplineTransformer(70, knots="quantile", extrapolation="linear"), WILD
    yield SplineTransformer(4, degree=3, extrapolation="periodic"), WILD
    yield SplineTransformer(5, degree=2, extrapolation="periodic", include_bias=False), WILD
    yield SplineTransformer(3, degree=0, extrapolation="periodic"), WILD
    yield SplineTransformer(5, extrapolation="error"), X[:20]


def cases():
    preprocessing = "sk2torch.estimators.preprocessing."
    for estimator, rows in spline_cases():
        yield estimator.fit(X), "transform", rows, preprocessing + "spline_transformer.spline_basis"
    for output, n in itertools.product(("uniform", "normal"), (1, 2, 7, 100)):
        for train in (X, TIED, np.where(X > 0.3, 0.0, X)):
            estimator = QuantileTransformer(n_quantiles=n, output_distribution=output).fit(train)
            rows = np.concatenate([GAPS, TIED, [[np.inf] * 5, [-np.inf] * 5]])
            yield estimator, "transform", rows, preprocessing + "quantile_transformer.quantile_shares"
    for degree, only, bias in itertools.product((0, 1, 2, 3, (2, 3), (0, 2)), (True, False), (True, False)):
        if (degree, bias) not in (((2, 3), True), (0, False)):
            estimator = PolynomialFeatures(degree, interaction_only=only, include_bias=bias).fit(X)
            yield estimator, "transform", GAPS, preprocessing + "polynomial_features.feature_products"
    constant = np.where(np.arange(5) == 2, 1.0, X)
    for train, smoothing in ((X, 1e-9), (1e150 * X, 1e-9), (constant, 0.0)):
        for method in ("predict_joint_log_proba", "predict_log_proba", "predict_proba", "predict"):
            rows = train if smoothing == 0.0 else np.concatenate([train, GAPS])
            with np.errstate(all="ignore"):
                estimator = GaussianNB(var_smoothing=smoothing).fit(train, Y)
            yield estimator, method, rows, "sk2torch.estimators.naive_bayes.gaussian.gaussian_joint"
    categorical = CategoricalNB().fit(WHOLE, Y)
    for method in ("predict_joint_log_proba", "predict_proba"):
        yield categorical, method, WHOLE + 0.9, "sk2torch.estimators.naive_bayes.categorical.categorical_joint"
    for activation, width in itertools.product(("identity", "logistic", "tanh", "relu"), (1, 7, 30)):
        network = MLPClassifier((width, 9), activation=activation, max_iter=1, random_state=0)
        regressor = MLPRegressor(hidden_layer_sizes=(width,), activation=activation, max_iter=1, random_state=0)
        target = "sk2torch.blocks.feed_forward.dense_layers"
        yield network.fit(X, Y), "predict_proba", GAPS, target
        yield network.fit(X, Y == 0), "predict_proba", 100 * WILD, target
        yield regressor.fit(X, X[:, :2]), "predict", WILD, target
    target = "sk2torch.functional.links.normalize_rows"
    yield LogisticRegression().fit(X, Y), "predict_proba", 1e3 * GAPS, target
    yield QuadraticDiscriminantAnalysis().fit(X, Y), "predict_log_proba", WILD, target
    yield Ridge().fit(X, X @ np.ones((5, 11))), "predict", GAPS, "sk2torch.blocks.linear.affine_rows"
    wide = RNG.standard_normal((50, 77))
    yield Ridge().fit(wide, wide[:, :5]), "predict", np.tile(wide, (3, 1)), "sk2torch.blocks.linear.affine_rows"


@functools.cache
def wrapped_cases():
    return [(sk2torch.wrap(estimator), *rest) for estimator, *rest in cases()]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("isa", ISAS)
def test_kernels_agree_with_formulas(isa, monkeypatch):
    for module, method, rows, target in wrapped_cases():
        owner, _, name = target.rpartition(".")
        function = getattr(importlib.import_module(owner), name)
        answers = []
        strided = torch.from_numpy(np.asfortranarray(rows))
        with torch.no_grad():
            with instruction_set(monkeypatch, SK2TORCH_ISA=isa), patch(target, side_effect=function) as called:
                called.side_effect = lambda *a, f=function, kept=answers, **k: kept.append(f(*a, **k)) or kept[-1]
                found = [getattr(module, method)(x) for x in (torch.from_numpy(rows), strided)]
                assert [answer is not None for answer in answers] == [True, True], module
                first = getattr(module, method)(strided[:1])
                none = getattr(module, method)(strided[:0])
            with instruction_set(monkeypatch, SK2TORCH_NATIVE="0"):
                expected = getattr(module, method)(strided)
        for result in found:
            torch.testing.assert_close(result, expected, rtol=1e-11, atol=1e-13, equal_nan=True)
        torch.testing.assert_close(first, expected[:1], rtol=1e-11, atol=1e-13, equal_nan=True)
        assert none.shape == expected[:0].shape


def test_gradients_and_other_dtypes_are_left_to_torch():
    x = torch.from_numpy(X)
    for estimator in (PolynomialFeatures(2), SplineTransformer(), QuantileTransformer(n_quantiles=20)):
        module = sk2torch.wrap(estimator.fit(X))
        assert module.transform(x.clone().requires_grad_()).requires_grad
        with torch.no_grad():
            assert module.float().transform(x).dtype == torch.float32


@pytest.mark.parametrize("kind", ["constant", "continue", "error"])
def test_values_that_splines_refuse(kind):
    module = sk2torch.wrap(SplineTransformer(degree=0 if kind == "constant" else 3, extrapolation=kind).fit(X))
    with torch.no_grad():
        if kind == "continue":
            assert module.transform(torch.from_numpy(WILD)).isfinite().all()
            return
        assert module.transform(torch.from_numpy(X)).isfinite().all()
        with pytest.raises(ValueError, match="beyond the knots"):
            module.transform(torch.from_numpy(WILD))


def test_categories_that_are_unknown():
    module = sk2torch.wrap(CategoricalNB().fit(WHOLE, Y))
    for wrong in (4.0, -1.0, np.nan, np.inf, 1e30):
        with torch.no_grad(), pytest.raises(ValueError, match="not among the fitted ones"):
            module.predict_proba(torch.from_numpy(np.where(np.arange(5) == 3, wrong, WHOLE)))


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("n_columns", [1, 2, 11, 64])
def test_probabilities_of_strange_scores(isa, n_columns, monkeypatch):
    strange = [0.0, -0.0, np.inf, -np.inf, np.nan, 1e308, -1e308, 745.5, -745.5, 1e-320]
    scores = torch.from_numpy(np.random.default_rng(1).choice([*strange, *range(20)], (3000, n_columns)))
    with instruction_set(monkeypatch, SK2TORCH_ISA=isa):
        for kind, formula in (
            ("softmax", torch.softmax(scores, dim=1)),
            ("log_softmax", torch.log_softmax(scores, dim=1)),
            ("log_normalized", scores - torch.logsumexp(scores, dim=1, keepdim=True)),
        ):
            # Logarithms near zero have lost their leading digits.
            margin = 1e-300 if kind == "softmax" else 1e-14
            torch.testing.assert_close(normalize_rows(scores, kind), formula, rtol=1e-12, atol=margin, equal_nan=True)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("n_outputs", [1, 2, 9, 40])
def test_sparse_rows(isa, n_outputs, monkeypatch):
    counts = csr_array(np.where(RNG.random((120, 33)) < 0.3, RNG.integers(1, 5, (120, 33)), 0).astype(float))
    counts[5] = 0
    counts.data[7], counts.data[50] = np.nan, 0.0
    counts.data[90:99] *= -1
    weight, bias = torch.randn(n_outputs, 33).double(), torch.randn(n_outputs).double()
    linear = sk2torch.wrap(Ridge().fit(counts[20:40].toarray(), np.ones((20, n_outputs)))).linear
    linear.weight.data, linear.bias.data, linear.flat = weight, bias, False
    for norm, idf, sublinear in itertools.product((None, "l1", "l2"), (True, False), (True, False)):
        train = counts[20:40] * (counts[20:40] > 0)
        module = sk2torch.wrap(TfidfTransformer(norm=norm, use_idf=idf, sublinear_tf=sublinear).fit(train))
        module.weights.norm = "max" if norm == "l1" and idf else module.weights.norm
        for rows in (counts, counts[:1], counts[:0]):
            x = from_scipy(rows, weight)
            with torch.no_grad():
                with instruction_set(monkeypatch, SK2TORCH_ISA=isa):
                    weighted = module.transform(x)
                    result = linear(weighted)
                with instruction_set(monkeypatch, SK2TORCH_NATIVE="0"):
                    expected = module.transform(x)
                    torch.testing.assert_close(weighted, expected, rtol=1e-12, atol=1e-14, equal_nan=True)
                    torch.testing.assert_close(result, linear(weighted), rtol=1e-11, atol=1e-12, equal_nan=True)
