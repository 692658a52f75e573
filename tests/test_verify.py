"""``verify`` notices what is wrong."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

import sk2torch
from tests.cases import data


@pytest.fixture
def estimator():
    return LogisticRegression().fit(*data.words())


def test_a_faithful_model_passes(estimator):
    report = sk2torch.verify(estimator, sk2torch.wrap(estimator), data.words()[0])
    assert report
    assert report.passed
    assert {m.method for m in report.methods} == {"predict", "predict_proba", "predict_log_proba", "decision_function"}
    assert all(m.n_samples == 150 and m.agreement == 1.0 for m in report.methods)
    text = str(report)
    assert "predict_proba" in text
    assert "pass" in text


def test_a_small_change_fails(estimator):
    model = sk2torch.wrap(estimator)
    with torch.no_grad():
        model.linear.bias += 1e-6
    report = sk2torch.verify(estimator, model, data.words()[0])
    assert not report.passed
    assert "FAIL" in str(report)
    assert sk2torch.verify(estimator, model, data.words()[0], tolerance=1e-3).passed


def test_one_wrong_label_fails(estimator):
    model = sk2torch.wrap(estimator)
    X, _ = data.words()
    other = LogisticRegression().fit(X, np.roll(data.words()[1], 1))
    by_method = {m.method: m for m in sk2torch.verify(other, model, X).methods}
    assert not by_method["predict"].passed
    assert by_method["predict"].agreement < 1.0


def test_another_shape_fails(estimator):
    binary = LogisticRegression().fit(*data.binary())
    report = sk2torch.verify(binary, sk2torch.wrap(estimator), data.binary()[0])
    assert not report.passed


def test_nan_where_scikit_learn_has_a_number_fails():
    X, _ = data.regression()
    scaler = StandardScaler().fit(X)
    model = sk2torch.wrap(scaler)
    with torch.no_grad():
        model.mean[0] = float("nan")
    assert not sk2torch.verify(scaler, model, X).passed


def test_nan_in_both_is_equal():
    X = data.regression()[0].copy()
    X[0, 0] = np.nan
    scaler = StandardScaler().fit(X)
    assert sk2torch.verify(scaler, sk2torch.wrap(scaler), X).passed


def test_float_labels_are_compared_exactly():
    X, y = data.binary()
    ids = np.array([1e10 + 1, 1e10 + 2])
    model = sk2torch.wrap(LogisticRegression().fit(X, ids[1 - y]))
    by_method = {m.method: m for m in sk2torch.verify(LogisticRegression().fit(X, ids[y]), model, X).methods}
    assert not by_method["predict"].passed


def test_no_rows_prove_nothing():
    from sk2torch.verification import _compare

    assert not _compare("transform", np.zeros((0, 2)), np.zeros((0, 2)), 1e-9, is_label=False).passed


def test_a_dtype_without_a_default_tolerance_asks_for_one(estimator):
    with pytest.raises(ValueError, match=r"tolerance="):
        sk2torch.verify(estimator, sk2torch.wrap(estimator).half(), data.words()[0])
