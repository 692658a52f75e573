"""FunctionTransformer: which functions are known, and what is refused."""

import functools
import math

import numpy as np
import pytest
import scipy.special
import torch
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

import sk2torch

X = np.random.default_rng(0).uniform(0.05, 0.95, (20, 3))


def double(values):
    return values * 2


@pytest.mark.parametrize(
    ("function", "options"),
    [
        (lambda values: values, {}),
        (double, {}),
        (math.log, {}),
        (np.cumsum, {"axis": 0}),
        (np.reciprocal, {}),
        (np.log1p, {"dtype": np.float32}),
        (np.clip, {"a_min": [0.1, 0.2, 0.3]}),
        (np.round, {"decimals": 1.0}),
        (np.nan_to_num, {"nan": np.zeros(3)}),
        (scipy.special.gammaln, {}),
        (functools.partial(np.add, 1.0), {}),
    ],
)
def test_refused(function, options):
    transformer = FunctionTransformer(function, kw_args=options)
    with pytest.raises(sk2torch.UnsupportedParameter, match="FunctionTransformer: func="):
        sk2torch.wrap(transformer.fit(X) if function is not math.log else transformer)


def test_refused_inverse():
    with pytest.raises(sk2torch.UnsupportedParameter, match=r"inverse_func=double is no function .* named numpy ufunc"):
        sk2torch.wrap(FunctionTransformer(inverse_func=double).fit(X))


@pytest.mark.parametrize("function", [torch.log1p, torch.sqrt, torch.sigmoid, torch.neg, torch.abs])
def test_torch_functions(function):
    transformer = FunctionTransformer(function).fit(torch.from_numpy(X))
    expected = transformer.transform(torch.from_numpy(X))
    assert torch.equal(sk2torch.wrap(transformer).transform(torch.from_numpy(X)), expected)


@pytest.mark.parametrize(
    "function",
    [
        "absolute",
        "acos",
        "acosh",
        "asin",
        "asinh",
        "atan",
        "atanh",
        "deg2rad",
        "rad2deg",
        "arccosh",
        "isinf",
        "positive",
    ],
)
def test_other_names(function):
    if not hasattr(np, function):
        pytest.skip("not in this version of numpy")
    transformer = FunctionTransformer(getattr(np, function))
    values = X + 1 if function in ("acosh", "arccosh") else X
    if function == "positive":
        with pytest.raises(sk2torch.UnsupportedParameter):
            sk2torch.wrap(transformer.fit(values))
        return
    actual = sk2torch.Predictor(sk2torch.wrap(transformer.fit(values))).transform(values)
    np.testing.assert_allclose(actual, transformer.transform(values), rtol=1e-14)


def test_rounding_is_that_of_numpy():
    values = np.array([[2.675, 0.5, 1.5, 2.5, -0.5, 1234.5678, 1e300, np.nan, np.inf]])
    for decimals in (-2, -1, 0, 1, 2, 5, 12):
        transformer = FunctionTransformer(np.round, kw_args={"decimals": decimals}).fit(values)
        with np.errstate(over="ignore"):
            expected = transformer.transform(values)
        np.testing.assert_array_equal(sk2torch.Predictor(sk2torch.wrap(transformer)).transform(values), expected)


def test_replaced_infinity_is_the_largest_number_of_the_dtype():
    model = sk2torch.wrap(FunctionTransformer(np.nan_to_num).fit(X), dtype=torch.float32)
    x = torch.tensor([[float("inf"), float("-inf"), float("nan")]])
    assert torch.equal(model.transform(x), torch.nan_to_num(x))


def test_pipelines_of_nothing():
    pipeline = make_pipeline("passthrough", FunctionTransformer()).fit(X)
    model = sk2torch.wrap(pipeline)
    np.testing.assert_array_equal(sk2torch.Predictor(model).transform(X), X)
    np.testing.assert_array_equal(sk2torch.Predictor(model).inverse_transform(X), X)


def test_unfitted_functions_take_any_width():
    model = sk2torch.wrap(FunctionTransformer(np.log1p))
    for width in (1, 3):
        x = torch.rand(4, width, dtype=torch.float64)
        assert torch.equal(model.transform(x), torch.log1p(x))
