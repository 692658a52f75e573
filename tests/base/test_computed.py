"""dtypes that scikit-learn's steps hand on, which a tensor is not told of."""

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.feature_selection import VarianceThreshold
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import DotProduct, WhiteKernel
from sklearn.impute import SimpleImputer
from sklearn.kernel_approximation import AdditiveChi2Sampler
from sklearn.mixture import GaussianMixture
from sklearn.pipeline import FeatureUnion, make_pipeline, make_union
from sklearn.preprocessing import Binarizer, FunctionTransformer, OneHotEncoder, OrdinalEncoder, StandardScaler

import sk2torch
from sk2torch import InputError, UnsupportedParameter

_X = np.random.default_rng(0).integers(0, 30, (80, 4))
_FULL = GaussianMixture(2, random_state=0, reg_covar=1.0)
_DIAGONAL = GaussianMixture(2, covariance_type="diag", random_state=0, reg_covar=1.0)
_SPHERICAL = GaussianMixture(2, covariance_type="spherical", random_state=0, reg_covar=1.0)
_SQUARE = FunctionTransformer(np.square)
_PROCESS = GaussianProcessRegressor(DotProduct() + WhiteKernel(), optimizer=None)


def ranks(dtype):
    return OrdinalEncoder(dtype=dtype)


@pytest.mark.parametrize(
    "steps",
    [
        (ranks(np.int8), _DIAGONAL),
        (ranks(np.uint8), VarianceThreshold(), _SPHERICAL),
        (ranks(np.int8), make_pipeline("passthrough", _SQUARE)),
        (make_column_transformer((ranks(np.int8), [0, 1])), _SQUARE),
        (make_column_transformer((make_union(ranks(np.int8)), [0, 1]), (ranks(np.int16), [2])), _SQUARE),
        (make_union(ranks(np.int8), ranks(np.int16)), make_union(_SQUARE)),
        (Binarizer(threshold=9), make_pipeline(ranks(np.int8), "passthrough"), VarianceThreshold(), _PROCESS),
        (ranks(np.int64), FunctionTransformer(np.abs), _FULL),
        (ranks(np.int16), Binarizer(threshold=3), _FULL),
        (OneHotEncoder(dtype=np.bool_, sparse_output=False), _FULL),
        (ranks(np.int64), make_column_transformer((StandardScaler(), [0]), (AdditiveChi2Sampler(), [1]))),
        (make_column_transformer((StandardScaler(), [0]), (make_pipeline(ranks(int), AdditiveChi2Sampler()), [1])),),
    ],
)
def test_what_scikit_learn_would_compute_in_integers_is_refused(steps):
    pipeline = make_pipeline(*steps)
    pipeline.fit(_X, _X[:, 0])
    with pytest.raises(UnsupportedParameter, match="dtype=float"):
        sk2torch.wrap(pipeline)


@pytest.mark.parametrize(
    ("steps", "dtype"),
    [
        ((_DIAGONAL,), np.int8),
        ((_SPHERICAL,), np.bool_),
        ((Binarizer(threshold=9), _FULL), np.int64),
        ((SimpleImputer(strategy="most_frequent"), _FULL), np.int64),
        ((SimpleImputer(strategy="constant"), _SQUARE), np.int8),
        ((FunctionTransformer(np.sign), VarianceThreshold(), _FULL), np.int64),
        ((make_union(ranks(np.int64), Binarizer(threshold=9)), VarianceThreshold(), _FULL), np.int64),
        ((make_column_transformer(("passthrough", [0, 2])), _FULL), np.int64),
        ((make_column_transformer(("passthrough", [0, 2]), (ranks(np.int64), [1])), _FULL), np.int32),
        ((make_union("passthrough", Binarizer()), _SQUARE), np.uint8),
        ((make_column_transformer((StandardScaler(), [0]), (AdditiveChi2Sampler(), [1])),), np.int64),
    ],
)
def test_tables_that_reach_such_a_step_are_refused(steps, dtype):
    pipeline = make_pipeline(*steps).fit(_X.astype(float))
    model = sk2torch.wrap(pipeline)
    method = "score_samples" if hasattr(pipeline, "score_samples") else "transform"
    answer = getattr(sk2torch.Predictor(model), method)(_X.astype(float))
    np.testing.assert_allclose(answer, getattr(pipeline, method)(_X.astype(float)), rtol=1e-10, atol=1e-12)
    with pytest.raises(InputError, match="pass it as float64"):
        model.encode(_X.astype(dtype))


@pytest.mark.parametrize(
    "steps",
    [
        (ranks(np.int64), FunctionTransformer(np.log1p), _FULL),
        (ranks(np.int64), StandardScaler(), VarianceThreshold(), _FULL),
        (ranks(np.int64), _DIAGONAL),
        (ranks(np.int8), FunctionTransformer(np.isfinite)),
        (make_column_transformer((ranks(np.int8), [0, 1]), (StandardScaler(), [2])), _SQUARE),
        (make_column_transformer((ranks(np.int8), [0, 1]), ("passthrough", [2])), _SQUARE),
        (make_column_transformer((StandardScaler(), [0, 1]), ("passthrough", [2, 3])), _FULL),
        (FeatureUnion([("r", ranks(np.int64)), ("b", Binarizer())], transformer_weights={"r": 0.5}), _FULL),
        (make_column_transformer((FunctionTransformer(np.sqrt), [0, 1]), (Binarizer(), [2])), _FULL),
    ],
)
def test_what_scikit_learn_makes_floats_of_is_exact(steps):
    pipeline = make_pipeline(*steps).fit(_X)
    method = "score_samples" if hasattr(pipeline, "score_samples") else "transform"
    answer = getattr(sk2torch.Predictor(sk2torch.wrap(pipeline)), method)(_X)
    np.testing.assert_allclose(answer, getattr(pipeline, method)(_X), rtol=1e-10, atol=1e-12)


def test_integers_beside_other_columns_of_a_frame():
    frame = pd.DataFrame(_X, columns=list("abcd")).astype({"a": np.float64})
    chosen = make_pipeline(make_column_transformer(("passthrough", ["b", "c"])), _FULL).fit(frame)
    with pytest.raises(InputError, match="pass it as float64"):
        sk2torch.wrap(chosen).encode(frame)
    both = make_pipeline(make_column_transformer(("passthrough", ["a", "b"])), _FULL).fit(frame)
    answer = sk2torch.Predictor(sk2torch.wrap(both)).score_samples(frame)
    np.testing.assert_allclose(answer, both.score_samples(frame), rtol=1e-10)
    unread = sk2torch.wrap(
        make_column_transformer((AdditiveChi2Sampler(), ["a"]), (StandardScaler(), ["b"])).fit(frame)
    )
    unread.encode(frame)
