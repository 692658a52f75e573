"""Tables that scikit-learn computes with in another way than with dense ones of floating point."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from scipy.spatial.distance import pdist, squareform
from sklearn.ensemble import IsolationForest
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.feature_selection import VarianceThreshold
from sklearn.gaussian_process import GaussianProcessClassifier, GaussianProcessRegressor
from sklearn.gaussian_process.kernels import DotProduct, WhiteKernel
from sklearn.impute import SimpleImputer
from sklearn.kernel_approximation import AdditiveChi2Sampler
from sklearn.manifold import Isomap
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import NearestNeighbors
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import (
    FunctionTransformer,
    LabelBinarizer,
    MaxAbsScaler,
    OrdinalEncoder,
    QuantileTransformer,
    RobustScaler,
)

import sk2torch
from sk2torch import InputError, UnsupportedParameter
from tests import checks

_COUNTS = np.random.default_rng(0).integers(0, 9, (60, 3))
_DOCUMENTS = ["a cat and a dog", "the cat", "dog dog house", "a house of cats"] * 3
_MIXTURE = GaussianMixture(2, random_state=0)


def _predictor(estimator):
    return sk2torch.Predictor(sk2torch.wrap(estimator))


@pytest.mark.parametrize(
    "table",
    [_COUNTS, _COUNTS.tolist(), _COUNTS > 4, pd.DataFrame(_COUNTS), pd.DataFrame(_COUNTS.astype(np.uint8))],
    ids=["int64", "list", "bool", "frame", "uint8 frame"],
)
@pytest.mark.parametrize("kind", ["full", "tied"])
def test_integers_of_which_scikit_learn_has_rounded_log_densities_are_refused(kind, table):
    predictor = _predictor(GaussianMixture(2, covariance_type=kind, random_state=0).fit(_COUNTS))
    with pytest.raises(InputError, match="pass it as float64"):
        predictor.score_samples(table)


@pytest.mark.parametrize(
    "table",
    [
        _COUNTS.astype(object),
        pd.DataFrame(_COUNTS).astype("Int64"),
        pd.DataFrame(_COUNTS).astype({1: np.float64}),
    ],
    ids=["object", "nullable", "one float column"],
)
@pytest.mark.parametrize(
    "estimator",
    [_MIXTURE, make_pipeline(SimpleImputer(), _MIXTURE), make_pipeline(MaxAbsScaler(), _MIXTURE)],
    ids=["mixture", "imputed", "scaled"],
)
def test_tables_that_scikit_learn_makes_floats_of(estimator, table):
    estimator.fit(_COUNTS.astype(np.float64))
    answer = _predictor(estimator).score_samples(table)
    np.testing.assert_allclose(answer, estimator.score_samples(table), rtol=1e-12)


@pytest.mark.parametrize(
    "estimator",
    [
        make_pipeline(SimpleImputer(), _MIXTURE),
        make_pipeline(MaxAbsScaler(), _MIXTURE),
        GaussianMixture(2, covariance_type="diag", random_state=0),
    ],
    ids=["imputed", "scaled", "diagonal"],
)
def test_integers_that_reach_no_rounding_step(estimator):
    answer = _predictor(estimator.fit(_COUNTS)).score_samples(_COUNTS)
    np.testing.assert_allclose(answer, estimator.score_samples(_COUNTS), rtol=1e-12)


@pytest.mark.parametrize("table", [_COUNTS, sp.csr_matrix(_COUNTS)], ids=["dense", "sparse"])
def test_chi2_features_of_integers_are_refused(table):
    predictor = _predictor(AdditiveChi2Sampler().fit(_COUNTS.astype(float)))
    with pytest.raises(InputError, match="pass it as float64"):
        predictor.transform(table)
    checks.assert_same(
        predictor.transform(table.astype(float)),
        AdditiveChi2Sampler().fit(_COUNTS).transform(table.astype(float)),
        "transform",
        1e-12,
    )


@pytest.mark.parametrize(
    ("estimator", "X"),
    [
        (make_pipeline(CountVectorizer(), AdditiveChi2Sampler()), _DOCUMENTS),
        (make_pipeline(CountVectorizer(), make_union(AdditiveChi2Sampler())), _DOCUMENTS),
        (make_pipeline(CountVectorizer(), VarianceThreshold(0.01), "passthrough", AdditiveChi2Sampler()), _DOCUMENTS),
        (make_pipeline(make_pipeline(OrdinalEncoder(dtype=np.int64), VarianceThreshold()), _MIXTURE), _COUNTS),
    ],
)
def test_integers_of_an_earlier_step_are_refused(estimator, X):
    with pytest.raises(UnsupportedParameter, match="dtype=float"):
        sk2torch.wrap(estimator.fit(X))


def test_selected_ranks_keep_their_dtype():
    pipeline = make_pipeline(OrdinalEncoder(dtype=np.int64), VarianceThreshold()).fit(_COUNTS)
    assert _predictor(pipeline).transform(_COUNTS).dtype == pipeline.transform(_COUNTS).dtype


def test_missing_values_in_a_sparse_matrix_are_none_to_an_isolation_forest():
    X = _COUNTS.astype(float)
    forest = IsolationForest(n_estimators=5, random_state=0).fit(X)
    X[0, 0] = np.nan
    predictor = _predictor(forest)
    np.testing.assert_allclose(predictor.score_samples(X), forest.score_samples(X), rtol=1e-12)
    with pytest.raises(InputError, match=r"toarray\(\)"):
        predictor.score_samples(sp.csr_matrix(X))


@pytest.mark.parametrize("scaler", [RobustScaler(), QuantileTransformer(n_quantiles=5)])
@pytest.mark.parametrize("name", ["model", "model.pt"])
def test_sparse_results_that_scikit_learn_does_not_transform_back(scaler, name, tmp_path):
    estimator = make_pipeline(MaxAbsScaler(), scaler).fit(_COUNTS)
    model = sk2torch.wrap(estimator)
    if name != "model":
        sk2torch.export(model, tmp_path / name)
    predictor = sk2torch.Predictor(model if name == "model" else tmp_path / name)
    results = estimator.transform(_COUNTS)
    np.testing.assert_allclose(predictor.inverse_transform(results), estimator.inverse_transform(results), atol=1e-12)
    with pytest.raises(InputError, match=r"toarray\(\)"):
        predictor.inverse_transform(sp.csr_matrix(results))


def test_sparse_distances_leave_out_what_is_no_distance():
    distances = squareform(pdist(np.random.default_rng(1).normal(size=(40, 3))))
    estimator = Isomap(metric="precomputed").fit(distances)
    predictor = _predictor(estimator)
    np.testing.assert_allclose(predictor.transform(distances), estimator.transform(distances), atol=1e-9)
    with pytest.raises(InputError, match=r"toarray\(\)"):
        predictor.transform(sp.csr_matrix(distances))


@pytest.mark.parametrize("table", [sp.csr_matrix(_COUNTS - 4.0), _COUNTS - 4], ids=["sparse", "integers"])
def test_rows_of_which_scikit_learn_computes_another_braycurtis(table):
    estimator = NearestNeighbors(algorithm="brute", metric="braycurtis").fit(_COUNTS - 4.5)
    with pytest.raises(InputError, match="expected a"):
        _predictor(estimator).kneighbors(table)


def test_braycurtis_of_counts():
    estimator = NearestNeighbors(algorithm="brute", metric="braycurtis").fit(_COUNTS.astype(float))
    np.testing.assert_allclose(_predictor(estimator).kneighbors(_COUNTS)[0], estimator.kneighbors(_COUNTS)[0])


@pytest.mark.parametrize("table", [_COUNTS.astype(np.uint8), pd.DataFrame(_COUNTS > 4)], ids=["array", "frame"])
def test_inverse_functions_of_narrow_numbers_are_refused(table):
    predictor = _predictor(FunctionTransformer(np.expm1, inverse_func=np.log1p).fit(_COUNTS))
    np.testing.assert_allclose(predictor.inverse_transform(_COUNTS), np.log1p(_COUNTS), rtol=1e-14)
    with pytest.raises(InputError, match="pass it as float64"):
        predictor.inverse_transform(table)


def test_boolean_indicators_that_have_no_other_values():
    indicators = _COUNTS > 4
    plain = LabelBinarizer().fit(indicators.astype(int))
    np.testing.assert_array_equal(_predictor(plain).transform(indicators), plain.transform(indicators))
    signed = LabelBinarizer(neg_label=-1).fit(indicators.astype(int))
    with pytest.raises(InputError, match="pass it as float64"):
        _predictor(signed).transform(indicators)


@pytest.mark.parametrize("table", [_COUNTS.astype(np.uint8), _COUNTS > 4], ids=["uint8", "bool"])
def test_rows_whose_squares_wrap_around_are_refused(table):
    estimator = GaussianProcessRegressor(DotProduct() + WhiteKernel(), optimizer=None).fit(_COUNTS, _COUNTS[:, 0])
    with pytest.raises(InputError, match="pass it as float64"):
        _predictor(estimator).predict(table, return_std=True)


def test_boolean_rows_of_a_classifier_with_products_are_refused():
    estimator = GaussianProcessClassifier(DotProduct(), optimizer=None).fit(_COUNTS, _COUNTS[:, 0] > 4)
    np.testing.assert_allclose(_predictor(estimator).predict_proba(_COUNTS), estimator.predict_proba(_COUNTS))
    with pytest.raises(InputError, match="pass it as float64"):
        _predictor(estimator).predict_proba(_COUNTS > 4)
