"""What losses see of each kind of model, and which of them fit."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from sklearn.calibration import CalibratedClassifierCV
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression, PoissonRegressor, RidgeClassifier
from sklearn.metrics import d2_pinball_score, hinge_loss, log_loss, mean_poisson_deviance
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC
from sklearn.tree import DecisionTreeClassifier
from torch import nn

from sk2torch import TunedClassifier, TunedRegressor, TunedTransformer


def first_loss(model, X, y):
    """The loss before the first step, of all rows at once."""
    fitted = model.set_params(max_epochs=1, batch_size=1000, lr=0.0, random_state=0).fit(X, y)
    return fitted.history_[0]["train_loss"], fitted


@pytest.fixture(scope="module")
def two(table):
    X, y = table
    keep = y != "setosa"
    return X[keep].to_numpy(), y[keep]


@pytest.mark.parametrize("loss", ["log_loss", nn.NLLLoss, nn.CrossEntropyLoss(), nn.BCEWithLogitsLoss, nn.BCELoss])
@pytest.mark.parametrize("estimator", [LogisticRegression(), RandomForestClassifier(3, max_depth=2, random_state=0)])
def test_likelihood_is_that_of_the_probabilities(two, loss, estimator):
    X, y = two
    found, model = first_loss(TunedClassifier(estimator, loss=loss), X, y)
    assert found == pytest.approx(log_loss(y, model.predict_proba(X)), rel=1e-9)


def test_likelihood_of_what_was_impossible_has_a_slope(two):
    X, y = two
    tree = DecisionTreeClassifier(max_depth=3, random_state=0).fit(X[::3], y[::3])
    assert (tree.predict_proba(X) == 0).any()
    model = TunedClassifier(tree, prefit=True, lr=0.01, max_epochs=30, random_state=0).fit(X, y)
    assert log_loss(y, model.predict_proba(X)) < 0.5 * log_loss(y, tree.predict_proba(X))
    assert model.estimator_.predict_proba(X).sum(axis=1) == pytest.approx(1)


@pytest.mark.parametrize("loss", ["hinge", nn.MultiMarginLoss])
def test_margins_are_those_of_the_scores(two, table, loss):
    found, model = first_loss(TunedClassifier(LinearSVC(C=0.1), loss=loss), *two)
    expected = hinge_loss(two[1], model.decision_function(two[0]))
    assert found == pytest.approx(expected if loss == "hinge" else expected / 2)
    found, model = first_loss(TunedClassifier(RidgeClassifier(), loss="hinge"), *table)
    assert found == pytest.approx(hinge_loss(table[1], model.decision_function(table[0])))


def test_scores_without_probabilities_are_logits(two, table):
    found, model = first_loss(TunedClassifier(SVC()), *two)
    scores = model.decision_function(two[0])
    assert found == pytest.approx(np.logaddexp(0, -np.where(two[1] == "virginica", scores, -scores)).mean())
    found, model = first_loss(TunedClassifier(SVC(), loss="focal", loss__gamma=0.0), *table)
    logs = torch.from_numpy(model.decision_function(table[0])).log_softmax(1).numpy()
    chosen = logs[np.arange(len(logs)), np.searchsorted(model.classes_, table[1])]
    assert found == pytest.approx(-chosen.mean())


@pytest.mark.parametrize(
    "estimator",
    [
        make_pipeline(StandardScaler(), MLPClassifier((5,), solver="lbfgs", alpha=3.0, random_state=0)),
        CalibratedClassifierCV(SVC(C=0.01), ensemble=False, cv=2),
        make_pipeline(StandardScaler(), PCA(2), SVC(C=0.01)),
    ],
)
def test_machines_and_networks_are_tuned(table, estimator):
    X, y = table
    model = TunedClassifier(estimator, loss="label_smoothing", lr=0.02, max_epochs=10, random_state=0).fit(X, y)
    assert model.history_[-1]["train_loss"] < model.history_[0]["train_loss"]
    method = "predict_proba" if hasattr(model, "predict_proba") else "decision_function"
    assert_allclose(getattr(model.estimator_, method)(X), getattr(model, method)(X), atol=1e-9)


def test_a_function_of_log_probabilities_and_indices(table):
    def brier(logs, index):
        return (logs.exp() - nn.functional.one_hot(index, 3)).square().sum(dim=1)

    model = TunedClassifier(LogisticRegression(C=0.01), loss=brier, lr=0.05, max_epochs=20, random_state=0)
    model.fit(*table)
    assert model.history_[-1]["train_loss"] < model.history_[0]["train_loss"]


def test_poisson_takes_predictions_for_means(two):
    X = StandardScaler().fit_transform(two[0])
    counts = np.random.default_rng(0).poisson(np.exp(X[:, 0]))
    for estimator in (PoissonRegressor(alpha=10.0), HistGradientBoostingRegressor(loss="poisson", max_iter=3)):
        for loss in ("poisson", nn.PoissonNLLLoss()):
            model = TunedRegressor(estimator, loss=loss, lr=0.01, max_epochs=20, random_state=0).fit(X, counts)
            before, after = (mean_poisson_deviance(counts, m.predict(X)) for m in (model.untuned_, model))
            assert after < before
    with pytest.raises(ValueError, match="needs predictions above zero, but LinearRegression gives others"):
        TunedRegressor(LinearRegression(), loss="poisson").fit(X, X[:, 0].clip(0))
    with pytest.raises(ValueError, match="y has negative values"):
        TunedRegressor(LinearRegression(), loss="poisson").fit(X, counts - 1)


@pytest.mark.parametrize("loss", ["huber", "smooth_l1", "absolute_error", "quantile", nn.HuberLoss, nn.MSELoss()])
def test_losses_of_numbers(two, loss):
    X = two[0]
    settings = {"loss__quantile": 0.9} if loss == "quantile" else {}
    model = TunedRegressor(LinearRegression(), loss=loss, lr=0.01, max_epochs=30, random_state=0, **settings)
    target = X[:, 0] ** 3
    model.fit(X[:, 1:], target)
    if loss == "quantile":
        scores = [d2_pinball_score(target, m.predict(X[:, 1:]), alpha=0.9) for m in (model.untuned_, model)]
        assert scores[1] > scores[0]
    elif not isinstance(loss, nn.MSELoss):
        assert model.history_[-1]["train_loss"] < model.history_[0]["train_loss"]


@pytest.mark.parametrize(
    ("model", "error", "message"),
    [
        (TunedClassifier(LogisticRegression(), loss="huber"), ValueError, "'huber' does not fit a classifier, whose "
         "target is labels; use one of log_loss"),
        (TunedClassifier(LogisticRegression(), loss=nn.MSELoss), ValueError, "MSELoss does not fit a classifier"),
        (TunedRegressor(LinearRegression(), loss="hinge"), ValueError, "'hinge' does not fit a regressor, whose target "
         "is numbers; use one of squared_error"),
        (TunedRegressor(LinearRegression(), loss=nn.BCELoss()), ValueError, "BCELoss does not fit a regressor"),
        (TunedClassifier(LogisticRegression(), loss="likelihood"), ValueError, "expected one of log_loss"),
        (TunedClassifier(LogisticRegression(), loss__gamma=1.0), TypeError, "the loss 'log_loss' takes"),
        (TunedClassifier(SVC(), loss=nn.BCEWithLogitsLoss()), ValueError, "needs two classes, but y has 3"),
        (TunedClassifier(SVC(decision_function_shape="ovo")), ValueError, "a score per pair of classes"),
        (TunedClassifier(LinearRegression()), TypeError, r"expected a classifier, got LinearRegression\(\)"),
        (TunedRegressor(KMeans()), TypeError, "expected a regressor"),
        (TunedTransformer(LinearRegression()), TypeError, "expected an estimator with transform"),
        (TunedTransformer(PCA(2), head=None), ValueError, "transform gives 2 scores, but there are 3 classes"),
        (TunedTransformer(PCA(2), head="deep"), ValueError, "expected 'linear', a module or None"),
        (TunedTransformer(PCA(2), target="Z"), ValueError, "expected 'y' or 'X'"),
        (TunedClassifier(KNeighborsClassifier()), ValueError, "KNeighborsClassifier: there is nothing to train, as "
         r"predict_proba has no slope .* \(search.rows stays as it is, because"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(table, model, error, message):
    X, y = table
    numbers = isinstance(model, TunedRegressor)
    with pytest.raises(error, match=message):
        model.fit(X, X["petal_width"] if numbers else y)


def test_probabilities_that_a_loss_needs(two):
    with pytest.raises(ValueError, match="needs predict_proba, but this model has predict, decision_function"):
        TunedClassifier(SVC(), loss=nn.BCELoss()).fit(*two)


def test_missing_values_that_no_step_fills(table):
    X, y = table
    missing = X.mask(X > 6.5)
    with pytest.raises(ValueError, match="transform gives NaN for rows of X; put a SimpleImputer"):
        TunedTransformer(StandardScaler()).fit(missing.iloc[::-1], y[::-1])
    model = TunedTransformer(make_pipeline(SimpleImputer(), StandardScaler()), max_epochs=1).fit(missing, y)
    assert not np.isnan(model.transform(missing)).any()
    with pytest.raises(ValueError, match="requires y to be passed"):
        model.fit(X)
