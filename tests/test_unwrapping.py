"""``unwrap``: what it starts from, what it refuses, and that scikit-learn goes on from there."""

import copy
import pickle

import numpy as np
import pytest
import torch
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression, SGDClassifier
from sklearn.mixture import GaussianMixture
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.random_projection import GaussianRandomProjection
from sklearn.svm import SVC

import sk2torch
from tests.cases import data


@pytest.fixture(scope="module")
def table():
    X, y = data.multiclass()
    return np.asarray(X, dtype=np.float64), y


def tuned(model, change=0.01):
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(change * torch.randn(parameter.shape, generator=generator).to(parameter))
    return model


def answer(model, X, method="predict_proba"):
    return getattr(sk2torch.Predictor(model), method)(X)


def test_a_pipeline_that_was_trained_end_to_end(table):
    X, y = table
    pipeline = make_pipeline(StandardScaler(), PCA(2), LogisticRegression()).fit(X, y)
    model = sk2torch.wrap(pipeline)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    x, target = model.encode(X), torch.from_numpy(np.searchsorted(pipeline.classes_, y))
    for _ in range(5):
        optimizer.zero_grad()
        torch.nn.functional.nll_loss(model.predict_log_proba(x), target).backward()
        optimizer.step()
    estimator = sk2torch.unwrap(model)
    np.testing.assert_allclose(estimator.predict_proba(X), answer(model, X), rtol=0, atol=1e-12)
    assert abs(estimator.predict_proba(X) - pipeline.predict_proba(X)).max() > 1e-3
    # PCA has one mean: the classifier needs that of the projection, which its way back had no part in.
    with pytest.raises(sk2torch.CannotUnwrap, match="'mean' of TorchPCA does not fit"):
        sk2torch.unwrap(model.steps[1])
    step = sk2torch.unwrap(model.steps[1], methods=["transform"])
    np.testing.assert_array_equal(step.mean_, estimator[1].mean_)


def test_what_the_model_was_made_of_is_remembered_as_it_was(table):
    X, y = table
    pipeline = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y)
    model, expected = sk2torch.wrap(pipeline), pipeline.predict_proba(X)
    # A pipeline fits its steps in place.
    pipeline.fit(X[::-1] * 7.0, y)
    pipeline.set_params(logisticregression__C=5.0)
    estimator = sk2torch.unwrap(model)
    np.testing.assert_array_equal(estimator.predict_proba(X), expected)
    assert estimator[-1].C == 1.0


def test_copies_remember_and_pickles_do_not(table):
    X, y = table
    model = sk2torch.wrap(make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y))
    assert type(sk2torch.unwrap(copy.deepcopy(model))).__name__ == "Pipeline"
    dumped = pickle.dumps(model)
    assert b"sklearn" not in dumped
    with pytest.raises(sk2torch.CannotUnwrap, match=r"unwrap\(model, estimator\)"):
        sk2torch.unwrap(pickle.loads(dumped))


def test_a_file_takes_the_estimator(table, tmp_path):
    X, y = table
    estimator = make_pipeline(StandardScaler(), SVC()).fit(X, y)
    path = sk2torch.save(tuned(sk2torch.wrap(estimator)), tmp_path / "model.safetensors")
    model = sk2torch.load(path)
    result = sk2torch.unwrap(model, estimator)
    np.testing.assert_allclose(result.decision_function(X), answer(model, X, "decision_function"), atol=1e-12)
    fewer = make_pipeline(StandardScaler(), SVC(C=100.0)).fit(X, y)
    with pytest.raises(sk2torch.CannotUnwrap, match="the estimator that the model was made of"):
        sk2torch.unwrap(model, fewer)
    words = make_pipeline(StandardScaler(), SVC()).fit(X, [f"class {label}" for label in y])
    with pytest.raises(sk2torch.CannotUnwrap, match="labels"):
        sk2torch.unwrap(model, words)


def test_single_precision(table):
    X, y = table
    estimator = make_pipeline(StandardScaler(), SVC()).fit(X, y)
    model = sk2torch.wrap(estimator, dtype=torch.float32)
    same = sk2torch.unwrap(model)
    np.testing.assert_array_equal(same.decision_function(X), estimator.decision_function(X))
    result = sk2torch.unwrap(tuned(model))
    np.testing.assert_allclose(result.decision_function(X), answer(model, X, "decision_function"), atol=1e-4)
    single = LinearRegression().fit(X.astype(np.float32), y.astype(np.float32))
    result = sk2torch.unwrap(tuned(sk2torch.wrap(single)))
    # A number that float32 does not hold is not rounded to it.
    assert result.coef_.dtype == np.float64


def test_public_attributes_agree_with_private_ones(table):
    X, y = table
    machine = sk2torch.unwrap(tuned(sk2torch.wrap(SVC(kernel="linear").fit(X, y == y[0]))))
    np.testing.assert_allclose(X @ machine.coef_[0] + machine.intercept_[0], machine.decision_function(X), atol=1e-9)
    scaler = sk2torch.unwrap(tuned(sk2torch.wrap(StandardScaler().fit(X))))
    np.testing.assert_allclose(scaler.scale_**2, scaler.var_)
    model = sk2torch.wrap(GaussianMixture(3, random_state=0).fit(X))
    with torch.no_grad():
        model.factors.mul_(1.1)
    mixture = sk2torch.unwrap(model)
    np.testing.assert_allclose(
        mixture.covariances_ @ mixture.precisions_, np.eye(X.shape[1])[None].repeat(3, 0), atol=1e-9
    )
    np.testing.assert_allclose(mixture.score_samples(X), answer(model, X, "score_samples"), atol=1e-9)


def test_scikit_learn_goes_on_from_there(table):
    X, y = table
    classifier = sk2torch.unwrap(tuned(sk2torch.wrap(SGDClassifier(random_state=0, average=True).fit(X, y))))
    before = classifier.coef_.copy()
    classifier.partial_fit(X[:1], y[:1])
    assert abs(classifier.coef_ - before).max() < abs(before).max()
    search = GridSearchCV(LogisticRegression(), {"C": [0.1, 1.0]}).fit(X, y)
    model = tuned(sk2torch.wrap(search))
    result = sk2torch.unwrap(model)
    assert type(result) is GridSearchCV
    assert result.best_params_ == search.best_params_
    np.testing.assert_allclose(result.predict_proba(X), answer(model, X), atol=1e-12)


def test_parts_are_found_wherever_they_are(table):
    X, y = table
    scaler = ColumnTransformer([("a", StandardScaler(), [0, 1])], remainder="passthrough")
    model = tuned(sk2torch.wrap(make_pipeline(scaler, LogisticRegression()).fit(X, y)))
    result = sk2torch.unwrap(model)
    assert result[0].transformers_[0][1] is result[0].named_transformers_["a"]
    np.testing.assert_allclose(result.predict_proba(X), answer(model, X), atol=1e-12)


def test_what_scikit_learn_cannot_be_told_is_refused(table):
    X, y = table
    forest = sk2torch.wrap(RandomForestClassifier(3, random_state=0).fit(X, y))
    forest.trees.trees.forest.feature += 1
    with pytest.raises(sk2torch.CannotUnwrap, match="feature"):
        sk2torch.unwrap(forest)
    neighbors = sk2torch.wrap(KNeighborsClassifier(algorithm="kd_tree").fit(X, y))
    with pytest.raises(sk2torch.CannotUnwrap, match="fit with algorithm='brute'"):
        sk2torch.unwrap(tuned(neighbors))
    setting = sk2torch.wrap(KNeighborsClassifier().fit(X, y))
    setting.n_neighbors = 2
    with pytest.raises(sk2torch.CannotUnwrap, match="'n_neighbors' of the model is 2, of its estimator 5"):
        sk2torch.unwrap(setting)
    with pytest.raises(TypeError, match="Linear"):
        sk2torch.unwrap(torch.nn.Linear(2, 2))


def test_numbers_that_follow_from_others_may_be_set_with_them(table):
    X, _ = table
    model = sk2torch.wrap(GaussianRandomProjection(2, random_state=0).fit(X))
    with torch.no_grad():
        model.projection.weight.mul_(1.25)
    with pytest.raises(sk2torch.CannotUnwrap, match="pseudo-inverse"):
        sk2torch.unwrap(model)
    with torch.no_grad():
        model.inverse.copy_(torch.linalg.pinv(model.projection.weight))
    projection = sk2torch.unwrap(model)
    for method in ("transform", "inverse_transform"):
        given = X if method == "transform" else projection.transform(X)
        np.testing.assert_allclose(getattr(projection, method)(given), answer(model, given, method), atol=1e-10)
