"""Selectors: what they hand on, what they refuse, special states."""

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import sparse
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_selection import RFE, SelectFromModel, SelectKBest, VarianceThreshold, chi2
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder
from sklearn.tree import DecisionTreeRegressor

import sk2torch
from tests import checks
from tests.cases import data, selection


def word_selector():
    inner = make_pipeline(OrdinalEncoder(), DecisionTreeRegressor(random_state=0))
    return SelectFromModel(inner, importance_getter=selection.by_name, max_features=2, threshold=-np.inf)


def test_missing_values_are_handed_on_and_refused_on_the_way_back():
    X, y = data.missing_binary()
    estimator = RFE(RandomForestClassifier(3, random_state=0)).fit(X, y)
    predictor = sk2torch.Predictor(sk2torch.wrap(estimator))
    for method in ("transform", "predict_proba"):
        checks.assert_same(getattr(predictor, method)(X), getattr(estimator, method)(X), method, 1e-12)


def test_missing_and_infinite_values_pass_where_scikit_learn_takes_them():
    X = data.binary()[0].copy()
    estimator = VarianceThreshold(0.5).fit(X)
    X[0, :] = np.nan
    X[1, :] = np.inf
    expected = estimator.transform(X)
    actual = sk2torch.Predictor(sk2torch.wrap(estimator)).transform(X)
    np.testing.assert_array_equal(actual, expected)


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("column", [0, 1, 2, 3, 4])
@pytest.mark.parametrize("make", [lambda: SelectKBest(k=2), lambda: RFE(LogisticRegression())])
def test_missing_values_in_any_column_are_refused_elsewhere(make, column, value):
    X, y = data.binary()
    estimator = make().fit(X, y)
    X = X.copy()
    X[3, column] = value
    with pytest.raises(ValueError, match=r"NaN|infinity"):
        estimator.transform(X)
    with pytest.raises(sk2torch.InputError, match="does not accept"):
        sk2torch.Predictor(sk2torch.wrap(estimator)).transform(X)


def test_words_come_back_as_they_were():
    X, y = selection.words_and_numbers()
    estimator = make_pipeline(word_selector(), OneHotEncoder(sparse_output=False)).fit(X, y)
    predictor = sk2torch.Predictor(sk2torch.wrap(estimator))
    encoded = estimator.transform(X)
    np.testing.assert_array_equal(predictor.transform(X), encoded)
    checks.assert_same(predictor.inverse_transform(encoded), estimator.inverse_transform(encoded), "words", 0.0)


def test_dropped_columns_of_words_need_not_be_there():
    X, y = selection.words_and_numbers()
    estimator = make_pipeline(word_selector(), OneHotEncoder(), LinearRegression()).fit(X, y)
    model = sk2torch.wrap(estimator)
    short = X[["city", "age"]]
    np.testing.assert_allclose(sk2torch.Predictor(model).predict(short), estimator.predict(X), rtol=1e-12)


def test_numbers_without_an_encoder_are_refused_as_words():
    X, y = selection.words_and_numbers()
    model = sk2torch.wrap(word_selector().fit(X, y))
    with pytest.raises(sk2torch.InputError, match="expected numbers"):
        model.encode(X)


def test_columns_are_found_by_name():
    X, y = data.regression()
    frame = pd.DataFrame(X, columns=list("abcde"))
    estimator = RFE(LinearRegression(), n_features_to_select=2).fit(frame, y)
    shuffled = frame[list("ecabd")]
    actual = sk2torch.Predictor(sk2torch.wrap(estimator)).predict(shuffled)
    np.testing.assert_allclose(actual, estimator.predict(frame), rtol=1e-12)


def test_sparse_rows_stay_sparse():
    X, y = selection.sparse_positive()
    estimator = SelectKBest(chi2, k=3).fit(X, y)
    result = sk2torch.Predictor(sk2torch.wrap(estimator)).transform(X)
    assert sparse.issparse(result)
    np.testing.assert_array_equal(result.toarray(), estimator.transform(X).toarray())


def test_no_feature_selected():
    X, y = data.binary()
    estimator = SelectKBest(k=0).fit(X, y)
    model = sk2torch.wrap(estimator)
    assert not hasattr(model, "inverse_transform")
    assert model.transform(torch.from_numpy(X)).shape == (len(X), 0)


def test_support_is_that_of_the_moment_of_wrapping():
    X, y = data.binary()
    estimator = SelectKBest(k=2).fit(X, y)
    estimator.set_params(k=4)
    assert sk2torch.wrap(estimator).transform(torch.from_numpy(X)).shape == (len(X), 4)


def test_inverse_checks_the_width():
    X, y = data.binary()
    model = sk2torch.wrap(SelectKBest(k=2).fit(X, y))
    with pytest.raises(ValueError, match="shape"):
        model.inverse_transform(torch.zeros(2, 3))


def test_unsupported_estimators_may_choose_features():
    class Odd(LinearRegression):
        pass

    X, y = data.regression()
    estimator = SelectFromModel(Odd()).fit(X, y)
    np.testing.assert_array_equal(sk2torch.Predictor(sk2torch.wrap(estimator)).transform(X), estimator.transform(X))
    with pytest.raises(sk2torch.UnsupportedEstimator, match="Odd"):
        sk2torch.wrap(RFE(Odd()).fit(X, y))
