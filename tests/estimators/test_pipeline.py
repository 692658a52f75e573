"""Sparse matrices and narrow dtypes between the steps of composites, and calibration of whole batches."""

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import Ridge
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    MaxAbsScaler,
    OneHotEncoder,
    QuantileTransformer,
    RobustScaler,
)
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier

import sk2torch
from sk2torch import InputError, UnsupportedParameter

_DOCUMENTS = ["a cat and a dog", "the cat", "", "dog dog house", "a house of cats", "the dog"] * 3
_QUANTILES = QuantileTransformer(n_quantiles=5)
_X = np.random.default_rng(0).normal(size=(40, 3))


@pytest.mark.parametrize(
    ("estimator", "X"),
    [
        (make_pipeline(CountVectorizer(), _QUANTILES), _DOCUMENTS),
        (make_pipeline(CountVectorizer(), MaxAbsScaler(), "passthrough", _QUANTILES), _DOCUMENTS),
        (make_pipeline(CountVectorizer(), FeatureUnion([("q", _QUANTILES)])), _DOCUMENTS),
        (make_pipeline(OneHotEncoder(), _QUANTILES), np.round(_X)),
        (make_pipeline(KBinsDiscretizer(3), make_pipeline(MaxAbsScaler(), _QUANTILES)), _X),
        (
            make_pipeline(
                ColumnTransformer([("o", OneHotEncoder(), [0])], remainder="passthrough", sparse_threshold=1.0),
                _QUANTILES,
            ),
            np.abs(np.round(_X)),
        ),
    ],
)
def test_quantiles_of_an_earlier_steps_sparse_matrix_are_refused(estimator, X):
    with pytest.raises(UnsupportedParameter, match="earlier step gives a sparse matrix"):
        sk2torch.wrap(estimator.fit(X))


def test_quantiles_behind_a_step_that_makes_sparse_matrices_dense():
    estimator = make_pipeline(CountVectorizer(), TruncatedSVD(2, random_state=0), _QUANTILES).fit(_DOCUMENTS)
    answer = sk2torch.Predictor(sk2torch.wrap(estimator)).transform(_DOCUMENTS)
    np.testing.assert_allclose(answer, estimator.transform(_DOCUMENTS), rtol=0, atol=1e-10)


def test_quantiles_of_a_target_are_no_concern_of_sparse_features():
    target = np.arange(len(_DOCUMENTS), dtype=float)
    regressor = TransformedTargetRegressor(Ridge(), transformer=_QUANTILES)
    estimator = make_pipeline(CountVectorizer(), regressor).fit(_DOCUMENTS, target)
    answer = sk2torch.Predictor(sk2torch.wrap(estimator)).predict(_DOCUMENTS)
    np.testing.assert_allclose(answer, estimator.predict(_DOCUMENTS), rtol=1e-10)


@pytest.mark.parametrize("last", [_QUANTILES, RobustScaler()])
def test_sparse_tables_do_not_reach_a_later_step_that_skips_their_zeros(last):
    X = np.abs(_X) * (np.abs(_X) > 0.7)
    predictor = sk2torch.Predictor(sk2torch.wrap(make_pipeline(MaxAbsScaler(), last).fit(X)))
    predictor.transform(X)
    with pytest.raises(InputError, match="expected a dense table"):
        predictor.transform(sp.csr_matrix(X))


@pytest.mark.parametrize("step", [MaxAbsScaler(), FunctionTransformer(np.log1p), RobustScaler(with_centering=False)])
def test_a_step_keeps_an_earlier_steps_matrix_sparse(step):
    estimator = make_pipeline(CountVectorizer(), step).fit(_DOCUMENTS)
    answer = sk2torch.Predictor(sk2torch.wrap(estimator)).transform(_DOCUMENTS)
    expected = estimator.transform(_DOCUMENTS)
    assert sp.issparse(answer)
    assert sp.issparse(expected)
    np.testing.assert_allclose(answer.toarray(), expected.toarray(), rtol=1e-12)


def test_inverse_of_a_sparse_result_through_dense_steps():
    estimator = make_pipeline(CountVectorizer(), TruncatedSVD(2, random_state=0), KBinsDiscretizer(3)).fit(_DOCUMENTS)
    result = estimator.transform(_DOCUMENTS)
    found = sk2torch.Predictor(sk2torch.wrap(estimator)).inverse_transform(result)
    for actual, expected in zip(found, estimator.inverse_transform(result), strict=True):
        np.testing.assert_array_equal(actual, expected)


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.bool_, np.float16])
def test_numpy_functions_of_narrow_tables_are_refused(dtype, tmp_path):
    X = np.array([[1, 0], [2, 3], [1, 1]])
    transformer = ColumnTransformer([("f", FunctionTransformer(np.sqrt), [0])], remainder="passthrough")
    model = sk2torch.wrap(transformer.fit(X))
    np.testing.assert_array_equal(sk2torch.Predictor(model).transform(X), transformer.transform(X))
    for predictor in (sk2torch.Predictor(model), sk2torch.Predictor(sk2torch.export(model, tmp_path / "model.pt"))):
        with pytest.raises(InputError, match="pass it as float64"):
            predictor.transform(X.astype(dtype))


def test_temperature_sees_a_batch_as_a_whole(tmp_path):
    classes = np.digitize(_X[:, 0], [-0.5, 0.5])
    estimator = CalibratedClassifierCV(LinearSVC(), method="temperature", cv=2).fit(_X, classes)
    model = sk2torch.wrap(estimator)
    # Decision values of the first row are made those of a distribution, which alone would be taken for one.
    for member in estimator.calibrated_classifiers_:
        member.estimator.coef_[:] = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
        member.estimator.intercept_[:] = 0.0
    model = sk2torch.wrap(estimator)
    X = np.array([[0.2, 0.3, 0.5], [2.0, -1.0, 0.5]])
    expected = estimator.predict_proba(X)
    assert np.abs(expected[:1] - estimator.predict_proba(X[:1])).max() > 1e-3
    for source in (model, sk2torch.export(model, tmp_path / "model.pt")):
        answer = sk2torch.Predictor(source, batch_size=1).predict_proba(X)
        np.testing.assert_allclose(answer, expected, rtol=0, atol=1e-12)


def test_temperature_of_two_classes_answers_by_row():
    estimator = CalibratedClassifierCV(DecisionTreeClassifier(max_depth=2), method="temperature", cv=2)
    model = sk2torch.wrap(estimator.fit(_X, _X[:, 0] > 0))
    assert not any(getattr(module, "couples_rows", False) for module in model.modules())
