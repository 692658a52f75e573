"""Estimators that gradients tune: what they are tuned to, how they answer, and the way back to scikit-learn."""

import pickle

import numpy as np
import pandas as pd
import pytest
import sklearn
import torch
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import MiniBatchDictionaryLearning
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.kernel_approximation import Nystroem
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import log_loss, mean_squared_error
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import SVC, SVR

from sk2torch import CannotUnwrap, TunedClassifier, TunedRegressor, TunedTransformer

NUMBERS = ["sepal_length", "sepal_width", "petal_length", "petal_width"]


def words_and_numbers():
    columns = ColumnTransformer([("words", OneHotEncoder(), ["size"])], remainder=StandardScaler())
    return make_pipeline(columns, Nystroem(n_components=8, random_state=0), LogisticRegression())


@pytest.fixture(scope="module")
def tuned(iris):
    return TunedClassifier(words_and_numbers(), lr=0.03, max_epochs=15, random_state=0).fit(*iris)


def test_all_steps_of_a_pipeline_over_a_table_are_trained(tuned, iris):
    X, y = iris
    before = log_loss(y, tuned.untuned_.predict_proba(X))
    assert log_loss(y, tuned.predict_proba(X)) < 0.6 * before
    assert tuned.score(X, y) > 0.95
    assert_array_equal(tuned.classes_, np.unique(y))
    assert tuned.n_features_in_ == 5
    assert list(tuned.feature_names_in_) == [*NUMBERS, "size"]
    assert [epoch["epoch"] for epoch in tuned.history_] == list(range(1, 16))
    assert tuned.history_[-1]["train_loss"] < tuned.history_[0]["train_loss"]
    scaler, fitted = (p[0].named_transformers_["remainder"] for p in (tuned.estimator_, tuned.untuned_))
    assert abs(scaler.scale_ - fitted.scale_).max() > 1e-3
    assert abs(tuned.estimator_[1].components_ - tuned.untuned_[1].components_).max() > 1e-3


def test_comes_back_as_the_estimator_that_scikit_learn_has(tuned, iris):
    X, _ = iris
    estimator = tuned.estimator_
    assert type(estimator) is type(tuned.estimator)
    assert estimator is tuned.estimator_
    assert_allclose(estimator.predict_proba(X), tuned.predict_proba(X), rtol=0, atol=1e-10)
    assert_array_equal(estimator.predict(X), tuned.predict(X))
    # Encoders keep their vocabularies.
    assert_array_equal(estimator[0].named_transformers_["words"].categories_[0], ["large", "small"])


def test_is_pickled_cloned_and_goes_on_from_a_pickle(tuned, iris):
    X, y = iris
    again = pickle.loads(pickle.dumps(tuned))
    assert_array_equal(again.predict_proba(X), tuned.predict_proba(X))
    assert_allclose(again.estimator_.predict_proba(X), tuned.predict_proba(X), atol=1e-10)
    again.set_params(freeze=["words", "nystroem"]).partial_fit(X, y)
    assert len(again.history_) == 30
    assert again.history_[-1]["epoch"] == 30
    assert_array_equal(again.estimator_[1].components_, tuned.estimator_[1].components_)
    assert log_loss(y, again.predict_proba(X)) < log_loss(y, tuned.predict_proba(X))
    assert not hasattr(clone(tuned), "module_")


def test_tables_are_taken_as_the_pipeline_takes_them(tuned, iris):
    X, _ = iris
    expected = tuned.predict_proba(X)
    assert_array_equal(tuned.predict_proba(X[X.columns[::-1]].assign(more=1.0)), expected)
    with pytest.raises(ValueError, match="petal_width"):
        tuned.predict(X.drop(columns="petal_width"))
    assert hasattr(tuned, "decision_function")
    assert not hasattr(tuned, "transform")
    assert not hasattr(TunedClassifier(SVC()), "predict_proba")
    assert hasattr(TunedClassifier(LogisticRegression()), "predict_proba")


def test_parameters_of_the_estimator_and_of_the_training_are_searched_at_once(table):
    X, y = table
    model = TunedClassifier(make_pipeline(StandardScaler(), LogisticRegression()), max_epochs=2, random_state=0)
    grid = {"estimator__logisticregression__C": [0.01, 1.0], "lr": [1e-3, 1e-2], "lr__standardscaler": [1e-4]}
    search = GridSearchCV(model, grid, cv=2, n_jobs=2).fit(X, y)
    assert len(search.cv_results_["params"]) == 4
    assert search.best_params_["estimator__logisticregression__C"] == search.best_estimator_.untuned_[1].C
    assert clone(search.best_estimator_).get_params()["lr__standardscaler"] == 1e-4
    assert cross_val_score(search.best_estimator_, X, y, cv=2).mean() > 0.5


def test_same_seed_same_weights_and_callers_generator_untouched(table):
    X, y = table
    torch.manual_seed(3)
    expected = torch.rand(3)
    torch.manual_seed(3)
    model = TunedClassifier(LogisticRegression(C=0.01), max_epochs=2, batch_size=20, lr=0.1, random_state=0)
    assert_array_equal(model.fit(X, y).predict_proba(X), clone(model).fit(X, y).predict_proba(X))
    assert torch.equal(torch.rand(3), expected)


def test_prefit_takes_the_estimator_as_it_is(table):
    X, y = table
    fitted = make_pipeline(StandardScaler(), LogisticRegression(C=0.01)).fit(X, y)
    before = fitted.predict_proba(X)
    model = TunedClassifier(fitted, prefit=True, max_epochs=3, lr=0.1, random_state=0)
    # Only some of the labels, in a training that goes on.
    model.fit(X[:100], y[:100])
    assert_array_equal(model.classes_, np.unique(y))
    assert_array_equal(fitted.predict_proba(X), before)
    assert abs(model.predict_proba(X) - before).max() > 1e-2
    with pytest.raises(ValueError, match=r"does not know: .*tulip"):
        model.fit(X, np.where(y == "setosa", "tulip", y))
    with pytest.raises(sklearn.exceptions.NotFittedError):
        TunedClassifier(LogisticRegression(), prefit=True).fit(X, y)


def test_warm_start_and_partial_fit_go_on(table):
    X, y = table
    model = TunedClassifier(LogisticRegression(C=0.01), max_epochs=3, lr=0.05, warm_start=True, random_state=0)
    first = model.fit(X, y).history_[-1]["train_loss"]
    assert model.fit(X, y).n_iter_ == 6
    assert model.history_[3]["train_loss"] < first
    assert model.set_params(warm_start=False).fit(X, y).n_iter_ == 3
    fresh = clone(model).partial_fit(X, y, classes=np.unique(y))
    assert_array_equal(fresh.predict_proba(X), model.predict_proba(X))
    with pytest.raises(ValueError, match=r"the first rows have none of \['setosa'"):
        clone(model).partial_fit(X[60:], y[60:], classes=np.unique(y))


def test_regressor_of_kernels_is_tuned_and_comes_back(table):
    X, target = table[0].drop(columns="petal_width"), table[0]["petal_width"]
    model = TunedRegressor(make_pipeline(StandardScaler(), SVR(C=0.05)), lr=0.02, max_epochs=20, random_state=0)
    model.fit(X, target)
    assert mean_squared_error(target, model.predict(X)) < 0.9 * mean_squared_error(target, model.untuned_.predict(X))
    assert_allclose(model.estimator_.predict(X), model.predict(X), atol=1e-9)
    machine, before = model.estimator_[1], model.untuned_[1]
    assert abs(machine.support_vectors_ - before.support_vectors_).max() > 1e-3
    assert machine._gamma != before._gamma
    several = TunedRegressor(Ridge(), max_epochs=2).fit(X, np.stack([target, -target], axis=1))
    assert several.predict(X).shape == (len(X), 2)


def test_leaves_of_hard_trees_are_tuned_and_stay_fractions(table):
    X, y = table
    forest = RandomForestClassifier(4, max_depth=2, random_state=0)
    model = TunedClassifier(forest, lr=0.05, max_epochs=20, random_state=0).fit(X, y)
    assert log_loss(y, model.predict_proba(X)) < log_loss(y, model.untuned_.predict_proba(X))
    assert_allclose(model.predict_proba(X).sum(axis=1), 1, atol=1e-12)
    assert model.predict_proba(X).min() >= 0
    assert_allclose(model.estimator_.predict_proba(X), model.predict_proba(X), atol=1e-12)
    boosting = TunedRegressor(HistGradientBoostingRegressor(max_iter=5), lr=0.1, random_state=0)
    boosting.fit(X, X["petal_width"])
    assert boosting.history_[-1]["train_loss"] < boosting.history_[0]["train_loss"]
    assert_allclose(boosting.estimator_.predict(X), boosting.predict(X), atol=1e-12)


def test_documents(tmp_path):
    documents = ["a red fox", "a red dog", "blue whale", "blue fish", "the red cat", "the blue bird"] * 4
    y = np.array(["land", "land", "sea", "sea", "land", "air"] * 4)
    model = TunedClassifier(make_pipeline(TfidfVectorizer(), LogisticRegression()), lr=0.1, random_state=0)
    model.set_params(batch_size=5, early_stopping=True, validation_fraction=0.25, checkpoint=tmp_path / "c.pt")
    model.fit(documents, y)
    assert model.history_[-1]["train_loss"] < model.history_[0]["train_loss"]
    assert_allclose(model.estimator_.predict_proba(documents), model.predict_proba(documents), atol=1e-12)
    assert_array_equal(model.predict(["a red fish"]), model.estimator_.predict(["a red fish"]))


def test_single_precision(table):
    X, y = table
    model = TunedClassifier(make_pipeline(StandardScaler(), LogisticRegression()), dtype="float32", max_epochs=3)
    model.fit(X, y)
    assert model.module_.anchor.dtype == torch.float32
    assert_allclose(model.estimator_.predict_proba(X), model.predict_proba(X), atol=1e-5)


def test_transformer_with_names_and_the_way_back(table):
    X, y = table
    model = TunedTransformer(make_pipeline(StandardScaler(), Nystroem(n_components=3, random_state=0)), lr=0.05)
    model.set_params(max_epochs=30, random_state=0).set_output(transform="pandas").fit(X, y)
    assert model.history_[-1]["train_loss"] < model.history_[0]["train_loss"]
    frame = model.transform(X)
    assert isinstance(frame, pd.DataFrame)
    assert list(frame.columns) == ["nystroem0", "nystroem1", "nystroem2"]
    assert_allclose(model.estimator_.transform(X), frame, atol=1e-9)
    before = LogisticRegression().fit(model.untuned_.transform(X), y).score(model.untuned_.transform(X), y)
    assert LogisticRegression().fit(frame, y).score(frame, y) > before


def test_a_pca_that_is_tuned_by_transform_comes_back_for_transform(table):
    from sklearn.decomposition import PCA

    X, y = table
    model = TunedTransformer(PCA(2), max_epochs=2, random_state=0).fit(X, y)
    assert_allclose(model.estimator_.transform(X), model.transform(X), atol=1e-9)
    rebuilt = TunedTransformer(PCA(2), target="X", lr=0.05, max_epochs=30, random_state=0).fit(X)
    assert rebuilt.history_[-1]["train_loss"] < rebuilt.history_[0]["train_loss"]
    assert rebuilt.head_.out_features == 4


def test_what_scikit_learn_cannot_be_told_is_frozen(table):
    X, y = table
    machine = SVC(kernel="linear")
    model = TunedClassifier(make_pipeline(StandardScaler(with_mean=False), machine), lr=0.1, max_epochs=3)
    model.fit(X, y == "setosa")
    assert not model.module_.steps[0].mean.any()
    assert_array_equal(model.estimator_.predict(X), model.predict(X))
    with torch.no_grad():
        model.module_.steps[0].mean.add_(1.0)
    with pytest.raises(CannotUnwrap, match="mean"):
        pickle.loads(pickle.dumps(model)).estimator_  # noqa: B018


def test_products_of_atoms_follow_the_atoms():
    X = np.random.default_rng(0).normal(size=(40, 5))
    learner = MiniBatchDictionaryLearning(3, max_iter=2, random_state=0, transform_algorithm="omp")
    tuned = TunedTransformer(learner, loss="squared_error", lr=0.05, max_epochs=2, random_state=0)
    tuned.fit(X, X[:, 0])
    assert abs(tuned.estimator_.components_ - tuned.untuned_.components_).max() > 1e-3
    assert_allclose(tuned.transform(X), tuned.estimator_.transform(X), rtol=1e-9, atol=1e-12)
