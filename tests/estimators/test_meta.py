"""Stacking, voting, transformed targets and searches: what the table of cases cannot hold."""

import numpy as np
import pytest
import torch
from sklearn.compose import TransformedTargetRegressor, make_column_transformer
from sklearn.decomposition import PCA
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import StackingClassifier, StackingRegressor, VotingClassifier, VotingRegressor
from sklearn.kernel_approximation import Nystroem
from sklearn.linear_model import LogisticRegression, Ridge, RidgeClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    MinMaxScaler,
    OneHotEncoder,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
)

import sk2torch
from sk2torch.functional.voting import weighted_majority
from tests import checks
from tests.cases import data

LOGISTICS = [("a", LogisticRegression()), ("b", LogisticRegression(C=0.01))]


def assert_parity(estimator, X, tolerance=1e-10):
    """Every method of the module, facade and script answers as the estimator does."""
    model = sk2torch.wrap(estimator)
    predictor = sk2torch.Predictor(model, batch_size=50)
    assert predictor.methods
    torch.jit.script(model)
    for method in predictor.methods:
        expected = checks.sklearn_call(estimator, method, X)
        checks.assert_same(getattr(predictor, method)(X), expected, method, tolerance)
    return model


@pytest.fixture
def soft_without_flatten():
    X, y = data.words()
    return VotingClassifier(LOGISTICS, voting="soft", flatten_transform=False).fit(X, y), X


def test_soft_voting_gives_one_table_per_voter(soft_without_flatten):
    estimator, X = soft_without_flatten
    assert assert_parity(estimator, X).transform(torch.zeros(4, 5)).shape == (2, 4, 3)


@pytest.mark.parametrize("suffix", [".pt", ".pt2", ".onnx"])
def test_one_table_per_voter_in_a_file(soft_without_flatten, suffix, tmp_path):
    estimator, X = soft_without_flatten
    path = sk2torch.export(sk2torch.wrap(estimator), tmp_path / f"model{suffix}", methods=["transform"])
    for batch_size in (16_384, 50):
        actual = sk2torch.Predictor(path, batch_size=batch_size).transform(X)
        checks.assert_same(actual, estimator.transform(X), "transform", 1e-10)


@pytest.mark.parametrize("weights", [None, [1.0, 1.0, 1.0], [0.1, 0.2, 0.3], [-1.0, -2.0, 0.5], [0.0, 0.0, 0.0]])
def test_hard_votes_are_counted_as_numpy_does(weights):
    votes = np.stack(np.meshgrid(*[np.arange(3)] * 3), axis=-1).reshape(-1, 3)
    expected = [np.argmax(np.bincount(row, weights=weights)) for row in votes]
    given = torch.tensor(weights or [1.0] * 3, dtype=torch.float64)
    assert weighted_majority(torch.from_numpy(votes), given, 3).tolist() == expected


def test_weights_that_sum_to_zero_are_refused():
    X, y = data.regression()
    estimator = VotingRegressor([("a", Ridge()), ("b", Ridge(9.0))], weights=[1, -1]).fit(X, y)
    with pytest.raises(sk2torch.UnsupportedParameter, match="sum to zero"):
        sk2torch.wrap(estimator)


def test_voters_that_were_fitted_elsewhere_are_refused():
    X, y = data.multiclass()
    estimator = VotingClassifier(LOGISTICS).fit(X, y)
    estimator.estimators_ = [LogisticRegression().fit(X, y), LogisticRegression(C=0.1).fit(X, y)]
    with pytest.raises(sk2torch.UnsupportedParameter, match="let VotingClassifier fit"):
        sk2torch.wrap(estimator)


def test_first_voter_that_never_looks_at_its_input():
    X, y = data.binary_words()
    assert_parity(VotingClassifier([("a", DummyClassifier()), *LOGISTICS[1:]], voting="soft").fit(X, y), X)
    assert_parity(StackingClassifier([("a", DummyClassifier()), *LOGISTICS[1:]], cv=2, passthrough=True).fit(X, y), X)


@pytest.mark.parametrize("method", ["auto", "predict_proba", "decision_function", "predict"])
@pytest.mark.parametrize("labels", ["binary", "booleans", "multiclass"])
def test_prefitted_stack(labels, method):
    X, y = getattr(data, labels)()
    fitted = [
        ("a", LogisticRegression().fit(X, y)),
        ("b", "drop"),
        ("c", make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y)),
    ]
    assert_parity(StackingClassifier(fitted, cv="prefit", stack_method=method).fit(X, y), X)


def test_prefitted_stack_of_text_labels():
    X, y = data.words()
    fitted = [("a", LogisticRegression().fit(X, y))]
    assert_parity(StackingClassifier(fitted, cv="prefit").fit(X, y), X)
    encoder = make_pipeline(OneHotEncoder(), LogisticRegression())
    predicts = StackingClassifier(fitted, encoder, cv="prefit", stack_method="predict").fit(X, y)
    with pytest.raises(sk2torch.UnsupportedParameter, match="labels that are not numbers"):
        sk2torch.wrap(predicts)


def test_integer_answers_keep_their_dtype():
    X, y = data.multiclass()
    labels = StackingClassifier(LOGISTICS, cv=2, stack_method="predict").fit(X, y)
    assert sk2torch.Predictor(sk2torch.wrap(labels)).transform(X).dtype == labels.transform(X).dtype == np.int64
    mixed = StackingClassifier([*LOGISTICS, ("c", Ridge())], cv=2, stack_method="predict").fit(X, y)
    assert sk2torch.Predictor(sk2torch.wrap(mixed)).transform(X).dtype == mixed.transform(X).dtype == np.float64
    assert_parity(mixed, X)


def test_two_labels_lose_a_column_of_probabilities():
    # scikit-learn takes two labels for two classes: the table of an MLP loses its first label.
    X, y = data.multilabel()
    network = MLPClassifier(4, max_iter=300, tol=0.1, random_state=0)
    estimator = StackingClassifier([("a", network)], RidgeClassifier(), cv=2)
    for count, width in ((2, 1), (3, 3)):
        estimator.fit(X, y[:, :count])
        assert estimator.transform(X).shape[1] == width
        assert_parity(estimator, X)


def test_multilabel_final_estimator_without_probability_tables_has_no_probabilities():
    X, y = data.multilabel()
    final = MLPClassifier(4, max_iter=300, tol=0.1, random_state=0)
    estimator = StackingClassifier([("a", RidgeClassifier())], final, cv=2)
    for fitted in (estimator.fit(X, y), make_pipeline(StandardScaler(), estimator).fit(X, y)):
        with pytest.raises(IndexError):
            fitted.predict_proba(X)
        assert not hasattr(assert_parity(fitted, X), "predict_proba")


def text_pipeline(final):
    encode = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), ["grade", "city"]), (StandardScaler(), ["rooms", "income"])
    )
    return make_pipeline(encode, final)


def test_stack_of_pipelines_over_a_table():
    X, y = data.mixed_table()
    estimators = [("a", text_pipeline(LogisticRegression())), ("b", text_pipeline(RidgeClassifier()))]
    for estimator in (StackingClassifier(estimators, cv=2), VotingClassifier(estimators)):
        estimator.fit(X, np.array(["no", "yes"])[y])
        model = assert_parity(estimator, X)
        shuffled = X[X.columns[::-1]].drop(columns="owner")
        torch.testing.assert_close(model.encode(shuffled)[:, 1], model.encode(X)[:, 1], equal_nan=True)


def test_table_as_rows_of_objects():
    X, y = data.mixed_table()
    rows = X[["grade", "rooms"]].to_numpy(dtype=object)
    encode = make_column_transformer((OneHotEncoder(), [0]), (StandardScaler(), [1]))
    pipeline = make_pipeline(encode, LogisticRegression())
    assert_parity(VotingClassifier([("a", DummyClassifier()), ("b", pipeline)], voting="soft").fit(rows, y), rows)


def test_passthrough_of_text_is_refused():
    X, y = data.mixed_table()
    X = X[["grade", "rooms"]]
    encode = make_column_transformer((OneHotEncoder(), ["grade"]))
    first = [("a", make_pipeline(encode, LogisticRegression()))]
    final = make_pipeline(make_column_transformer((StandardScaler(), [0])), LogisticRegression())
    estimator = StackingClassifier(first, final, cv=2, passthrough=True).fit(X, y)
    with pytest.raises(sk2torch.UnsupportedParameter, match=r"passthrough=True would hand the text of column 'grade'"):
        sk2torch.wrap(estimator)


def test_passthrough_of_numbers_in_a_table():
    X, y = data.mixed_table()
    X = X[["rooms", "income"]]
    assert_parity(StackingClassifier(LOGISTICS, cv=2, passthrough=True).fit(X, y), X)
    pipeline = make_pipeline(make_column_transformer((OneHotEncoder(), ["rooms"])), Ridge())
    model = assert_parity(StackingRegressor([("a", pipeline)], Ridge(), cv=2, passthrough=True).fit(X, y), X)
    with pytest.raises(sk2torch.InputError, match="income"):
        model.encode(X[["rooms"]])


def test_transformer_without_inverse_is_refused():
    X, y = data.regression()
    transformer = Nystroem(n_components=2, random_state=0)
    estimator = TransformedTargetRegressor(Ridge(), transformer=transformer, check_inverse=False).fit(X, y)
    with pytest.raises(sk2torch.UnsupportedParameter, match="has no inverse_transform"):
        sk2torch.wrap(estimator)


@pytest.mark.parametrize("target", ["vector", "column", "table"])
def test_shape_of_transformed_targets(target):
    X, y = data.multi_regression()
    y = {"vector": y[:, 0], "column": y[:, :1], "table": y}[target]
    for transformer in (None, StandardScaler(), make_pipeline(StandardScaler(), StandardScaler(with_std=False))):
        assert_parity(TransformedTargetRegressor(Ridge(), transformer=transformer).fit(X, y), X)


@pytest.mark.parametrize(
    "transformer", [QuantileTransformer(n_quantiles=20), PowerTransformer(), MinMaxScaler(), RobustScaler(), PCA(1)]
)
def test_targets_of_other_transformers(transformer):
    X, y = data.multi_regression()
    for target in (y[:, 0], y):
        regressor = TransformedTargetRegressor(Ridge(), transformer=transformer, check_inverse=False)
        assert_parity(regressor.fit(X, target), X, 1e-9)


def test_search_without_refit_is_refused():
    X, y = data.binary()
    search = GridSearchCV(LogisticRegression(), {"C": [1.0]}, cv=2, refit=False).fit(X, y)
    with pytest.raises(sk2torch.UnsupportedParameter, match="refit=True"):
        sk2torch.wrap(search)


def test_search_over_a_table():
    X, y = data.mixed_table()
    labels = np.array(["no", "yes"])[y]
    search = GridSearchCV(text_pipeline(LogisticRegression()), {"logisticregression__C": [0.1, 1.0]}, cv=2).fit(
        X, labels
    )
    model = assert_parity(search, X)
    assert model.classes_.tolist() == ["no", "yes"]
    assert_parity(
        make_pipeline("passthrough", GridSearchCV(LogisticRegression(), {}, cv=2)).fit(X[["rooms"]], y), X[["rooms"]]
    )


def test_nested_ensembles():
    X, y = data.words()
    inner = StackingClassifier(LOGISTICS, cv=2)
    search = GridSearchCV(inner, {"passthrough": [True]}, cv=2)
    outer = VotingClassifier(
        [("a", inner), ("b", search), ("c", VotingClassifier(LOGISTICS, voting="soft"))], voting="soft"
    )
    assert_parity(outer.fit(X, y), X)
    hard = VotingClassifier([("a", VotingClassifier(LOGISTICS)), ("b", VotingClassifier(LOGISTICS, weights=[1, 2]))])
    assert_parity(hard.fit(X, y), X)
