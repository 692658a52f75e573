"""`as_estimator`: models and artifacts wherever scikit-learn takes an estimator."""

import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone, is_classifier, is_clusterer, is_outlier_detector, is_regressor
from sklearn.calibration import CalibratedClassifierCV
from sklearn.cluster import KMeans
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import IsolationForest, StackingClassifier, VotingClassifier, VotingRegressor
from sklearn.frozen import FrozenEstimator
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.inspection import DecisionBoundaryDisplay, partial_dependence, permutation_importance
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.mixture import GaussianMixture
from sklearn.model_selection import GridSearchCV, cross_val_predict
from sklearn.neighbors import NearestNeighbors
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

import sk2torch
from sk2torch.bridge import PrefitModel

NUMBERS = ["sepal_length", "sepal_width", "petal_length", "petal_width"]


@pytest.fixture
def estimator(source):
    return sk2torch.as_estimator(source, batch_size=40)


def test_answers_as_the_estimator_that_it_stands_for(estimator, pipeline, iris):
    X, _ = iris
    assert_array_equal(estimator.predict(X), pipeline.predict(X))
    assert_allclose(estimator.predict_proba(X), pipeline.predict_proba(X), rtol=0, atol=1e-12)
    assert_allclose(estimator.decision_function(X), pipeline.decision_function(X), rtol=0, atol=1e-12)
    assert_array_equal(estimator.classes_, pipeline.classes_)
    assert_array_equal(estimator.feature_names_in_, pipeline.feature_names_in_)
    assert estimator.n_features_in_ == pipeline.n_features_in_
    assert is_classifier(estimator)
    assert not hasattr(estimator, "transform")
    assert not hasattr(estimator, "score_samples")


def test_is_copied_and_pickled_fitted(estimator, pipeline, iris):
    X, _ = iris
    for other in (clone(estimator), pickle.loads(pickle.dumps(estimator))):
        assert other.batch_size == 40
        assert_array_equal(other.predict(X), pipeline.predict(X))
    assert clone(estimator).model is estimator.model
    assert clone(estimator).set_params(batch_size=7).batch_size == 7
    assert estimator.batch_size == 40


@pytest.mark.parametrize("voting", ["hard", "soft"])
def test_votes_with_labels_that_are_words(estimator, iris, voting):
    X, y = iris
    alone = VotingClassifier([("a", estimator)], voting=voting).fit(X, y)
    assert_array_equal(alone.predict(X), estimator.predict(X))


def test_is_calibrated_stacked_and_cross_validated(estimator, pipeline, iris):
    X, y = iris
    assert_array_equal(cross_val_predict(estimator, X, y, cv=3), pipeline.predict(X))
    ours = CalibratedClassifierCV(FrozenEstimator(estimator)).fit(X, y).predict_proba(X)
    theirs = CalibratedClassifierCV(FrozenEstimator(pipeline)).fit(X, y).predict_proba(X)
    assert_allclose(ours, theirs, rtol=0, atol=1e-6)
    stacked = StackingClassifier([("a", estimator)], cv="prefit").fit(X, y)
    assert stacked.score(X, y) > 0.9


def test_is_inspected(estimator, pipeline, iris):
    X, y = iris
    ours = permutation_importance(estimator, X, y, n_repeats=2, random_state=0)
    theirs = permutation_importance(pipeline, X, y, n_repeats=2, random_state=0)
    assert_allclose(ours.importances, theirs.importances)
    ours, theirs = (partial_dependence(e, X, ["petal_width"], grid_resolution=5) for e in (estimator, pipeline))
    assert_allclose(ours["average"], theirs["average"], rtol=0, atol=1e-12)


def test_boundary_is_drawn_and_explainers_get_a_function_of_arrays(iris):
    X, y = iris[0][NUMBERS[:2]].to_numpy(), iris[1]
    fitted = LogisticRegression().fit(X, y)
    estimator = sk2torch.as_estimator(sk2torch.wrap(fitted))
    drawn = DecisionBoundaryDisplay.from_estimator(estimator, X, grid_resolution=5, response_method="predict")
    assert drawn.response.shape == (5, 5)
    # What SHAP's and LIME's explainers take: rows in, probabilities out, also for one row.
    assert_allclose(estimator.predict_proba(X[:1]), fitted.predict_proba(X[:1]))


def test_labels_that_the_model_does_not_know_are_refused(estimator, iris):
    X, y = iris
    with pytest.raises(ValueError, match=r"does not know: .*tulip"):
        estimator.fit(X, np.where(y == "setosa", "tulip", y))
    with pytest.raises(ValueError, match="does not know"):
        estimator.fit(X, np.where(y == "setosa", 0, 1))


def test_each_kind_is_known_for_what_it_is(iris):
    X, y = iris[0][NUMBERS].to_numpy(), iris[0]["petal_width"].to_numpy()
    regressor = sk2torch.as_estimator(sk2torch.wrap(GridSearchCV(LinearRegression(), {}).fit(X, y)))
    assert is_regressor(regressor)
    assert regressor.score(X, y) > 0.9
    assert_allclose(VotingRegressor([("a", regressor)]).fit(X, y).predict(X), regressor.predict(X))
    assert is_clusterer(sk2torch.as_estimator(sk2torch.wrap(KMeans(2, n_init=1).fit(X))))
    detector = sk2torch.as_estimator(sk2torch.wrap(IsolationForest(n_estimators=5, random_state=0).fit(X)))
    assert is_outlier_detector(detector)
    assert set(detector.fit_predict(X)) <= {-1, 1}
    mixture = GaussianMixture(2, random_state=0).fit(X)
    density = sk2torch.as_estimator(sk2torch.wrap(mixture))
    assert_allclose(density.score_samples(X), mixture.score_samples(X))
    neighbors = sk2torch.as_estimator(sk2torch.wrap(NearestNeighbors(n_neighbors=2).fit(X)))
    assert type(neighbors) is PrefitModel
    assert neighbors.kneighbors(X, return_distance=False).shape == (len(X), 2)


def test_arguments_reach_the_model(iris):
    X, y = iris[0][NUMBERS].to_numpy(), iris[0]["petal_width"].to_numpy()
    process = GaussianProcessRegressor(alpha=0.1).fit(X[:50], y[:50])
    mean, std = sk2torch.as_estimator(sk2torch.wrap(process)).predict(X, return_std=True)
    assert_allclose(mean, process.predict(X), atol=1e-9)
    assert_allclose(std, process.predict(X, return_std=True)[1], atol=1e-9)


def test_transformer_in_pipelines_and_column_transformers(iris, tmp_path):
    X, y = iris
    pca = PCA(2).fit(X[NUMBERS])
    model = sk2torch.wrap(pca)
    file = sk2torch.save(model, tmp_path / "m.safetensors")
    for source, names in ((model, None), (file, None), (file, ["a", "b"])):
        estimator = sk2torch.as_estimator(source, feature_names_out=names)
        frame = clone(estimator).set_output(transform="pandas").fit_transform(X[NUMBERS])
        assert list(frame.columns) == (names or ["pca0", "pca1"])
        assert_allclose(frame.to_numpy(), pca.transform(X[NUMBERS]))
        columns = ColumnTransformer([("reduced", estimator, NUMBERS)], verbose_feature_names_out=False)
        columns.set_output(transform="pandas")
        assert list(columns.fit_transform(X).columns) == (names or ["pca0", "pca1"])
        assert make_pipeline(columns, LogisticRegression()).fit(X, y).score(X, y) > 0.9


def test_a_classifier_that_transforms_can_be_either(iris):
    X, y = iris[0][NUMBERS], iris[1]
    model = sk2torch.wrap(LinearDiscriminantAnalysis(n_components=1).fit(X, y))
    assert is_classifier(sk2torch.as_estimator(model))
    assert sk2torch.as_estimator(model).transform(X).shape == (len(X), 1)
    reduced = sk2torch.as_estimator(model, "transformer").set_output(transform="pandas").fit_transform(X)
    assert isinstance(reduced, pd.DataFrame)


def test_results_are_the_callers_own(iris):
    X = iris[0][NUMBERS].to_numpy()
    kept = X.copy()
    estimator = sk2torch.as_estimator(sk2torch.wrap(FunctionTransformer().fit(X)))
    estimator.transform(X)[:] = 0
    assert_array_equal(X, kept)


def test_what_cannot_be_is_refused(iris, tmp_path):
    X, y = iris[0][NUMBERS].to_numpy(), iris[0]["petal_width"].to_numpy()
    fitted = LinearRegression().fit(X, y)
    model = sk2torch.wrap(fitted)
    with pytest.raises(TypeError, match=r"call sk2torch\.wrap first"):
        sk2torch.as_estimator(fitted)
    with pytest.raises(TypeError, match="a transformer has transform, but this model has predict"):
        sk2torch.as_estimator(model, "transformer")
    with pytest.raises(TypeError, match="expected one of classifier"):
        sk2torch.as_estimator(model, "oracle")
    with pytest.raises(TypeError, match="this model knows its own"):
        sk2torch.as_estimator(model, classes=[0, 1])
    with pytest.raises(ValueError, match="batch_size: expected 1 or more, got 0"):
        sk2torch.as_estimator(model, batch_size=0)
    with pytest.raises(ValueError, match="X has 3 features, but PrefitRegressor is expecting 4"):
        sk2torch.as_estimator(model).predict(X[:, :3])
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        sk2torch.as_estimator(model).fit(X, y[:10])
    with pytest.raises(FileNotFoundError, match=r"gone\.onnx"):
        sk2torch.as_estimator(tmp_path / "gone.onnx")
