"""What is trained and how: frozen steps, learning rates, weights, stopping, schedules, checkpoints."""

import numpy as np
import pandas as pd
import pytest
import sklearn
import torch
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import VotingClassifier
from sklearn.kernel_approximation import Nystroem
from sklearn.linear_model import LogisticRegression, RidgeClassifier, SGDClassifier
from sklearn.metrics import log_loss
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, StandardScaler
from skorch.callbacks import Callback

import sk2torch
from sk2torch import TunedClassifier
from sk2torch.bridge.steps import Names

NUMBERS = ["sepal_length", "sepal_width", "petal_length", "petal_width"]


def steps(**settings):
    columns = ColumnTransformer([("numbers", StandardScaler(), NUMBERS), ("words", OneHotEncoder(), ["size"])])
    kernel = Nystroem(n_components=6, random_state=0)
    pipeline = Pipeline([("columns", columns), ("kernel", kernel), ("linear", LogisticRegression())])
    return TunedClassifier(pipeline, **{"lr": 0.03, "max_epochs": 2, "random_state": 0, **settings})


def scaled_line():
    return make_pipeline(StandardScaler(), LogisticRegression())


def changed(model, X, y):
    """Names of the parameters that training changed."""
    model.fit(X, y)
    before = dict(sk2torch.wrap(model.untuned_).named_parameters())
    return {name for name, tensor in model.module_.named_parameters() if not torch.equal(tensor, before[name])}


SCALER = {"steps.0.parts.0.part.mean", "steps.0.parts.0.part.scale"}
KERNEL = {"steps.1.expansion.rows", "steps.1.expansion.weights", "steps.1.expansion.gamma"}
LINEAR = {"final.linear.weight", "final.linear.bias"}


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, SCALER | KERNEL | LINEAR),
        ({"freeze": "columns"}, KERNEL | LINEAR),
        ({"freeze": ["numbers", "linear"]}, KERNEL),
        ({"freeze": "columns__*"}, KERNEL | LINEAR),
        ({"freeze": (StandardScaler, "Nystroem")}, LINEAR),
        ({"freeze": "words"}, SCALER | KERNEL | LINEAR),
        ({"freeze": "*.weights"}, SCALER | LINEAR | KERNEL - {"steps.1.expansion.weights"}),
        ({"train_only": "linear"}, LINEAR),
        ({"train_only": ["kernel", "final.linear.bias"], "freeze": "steps.1.expansion.rows"},
         KERNEL - {"steps.1.expansion.rows"} | {"final.linear.bias"}),
        ({"lr__columns": 0.0, "lr__kernel": 0.0}, LINEAR),
        ({"lr": 0.0, "lr__columns": 0.1, "lr__columns__numbers": 0.0, "lr__linear": 0.1}, LINEAR),
    ],
)  # fmt: skip
def test_steps_and_parameters_are_chosen_by_name(iris, settings, expected):
    assert changed(steps(**settings), *iris) == expected


def test_names_of_steps_in_unions_votes_and_searches(iris):
    X, y = iris[0][NUMBERS], iris[1]
    union = FeatureUnion([("wide", StandardScaler()), ("narrow", MinMaxScaler())])
    voting = VotingClassifier([("bayes", GaussianNB()), ("line", LogisticRegression(C=0.1))], voting="soft")
    search = sklearn.model_selection.GridSearchCV(make_pipeline(union, voting), {}, cv=2).fit(X, y)
    model = sk2torch.wrap(search)
    names = Names(model, search)
    by_identity = {id(parameter): name for name, parameter in model.named_parameters()}

    def found(name):
        return {by_identity[identity] for identity in names.selected(name, "freeze")}

    assert found("narrow") == {name for name in by_identity.values() if ".parts.1." in name}
    assert found("featureunion") == {name for name in by_identity.values() if name.startswith("steps.0.")}
    assert found("line") == {name for name in by_identity.values() if ".voters.1." in name}
    assert found("best_estimator") == set(by_identity.values())


def test_weights_of_classes_and_rows_count(table):
    X, y = table
    settings = {"max_epochs": 5, "batch_size": 300, "random_state": 0}
    estimator = LogisticRegression(C=0.01)
    plain = TunedClassifier(estimator, **settings).fit(X, y)
    weight = np.where(y == "setosa", 9.0, 1.0)
    weighted = TunedClassifier(estimator, **settings).fit(X, y, sample_weight=weight)
    by_class = TunedClassifier(estimator, class_weight={"setosa": 9.0}, **settings).fit(X, y)
    assert_allclose(by_class.predict_proba(X), weighted.predict_proba(X), atol=1e-12)
    assert weighted.predict_proba(X)[:, 0].mean() > plain.predict_proba(X)[:, 0].mean() + 0.05
    often = pd.concat([X, *[X[y == "setosa"]] * 8]), np.concatenate([y, *[y[y == "setosa"]] * 8])
    repeated = TunedClassifier(estimator, **{**settings, "batch_size": 1000}).fit(*often)
    assert_allclose(repeated.predict_proba(X), weighted.predict_proba(X), atol=1e-4)
    balanced = TunedClassifier(estimator, class_weight="balanced", **settings).fit(*often)
    expected = LogisticRegression(C=0.01, class_weight="balanced").fit(*often)
    assert_allclose(balanced.untuned_.coef_, expected.coef_, atol=1e-4)


def test_weights_of_rows_are_routed(table):
    X, y = table
    weight = np.where(y == "setosa", 9.0, 1.0)
    model = TunedClassifier(
        make_pipeline(StandardScaler(), SGDClassifier(random_state=0)), loss="hinge", random_state=0
    )
    expected = model.fit(X, y, sample_weight=weight).decision_function(X)
    assert abs(model.untuned_.decision_function(X) - model.fit(X, y).untuned_.decision_function(X)).max() > 1e-3
    with sklearn.config_context(enable_metadata_routing=True):
        last = SGDClassifier(random_state=0).set_fit_request(sample_weight=True)
        inner = make_pipeline(StandardScaler().set_fit_request(sample_weight=False), last)
        routed = TunedClassifier(inner, loss="hinge", random_state=0).set_fit_request(sample_weight=True)
        outer = make_pipeline(MinMaxScaler((0, 1)), routed).fit(X, y, sample_weight=weight)
        assert outer.score(X, y) > 0.5
        assert_allclose(routed.fit(X, y, sample_weight=weight).decision_function(X), expected)


def test_stopping_keeps_the_best_weights_and_those_of_the_first_fit_may_be(table):
    X, y = table
    settings = {"early_stopping": True, "n_iter_no_change": 3, "validation_fraction": 0.3, "random_state": 0}
    harmful = TunedClassifier(LogisticRegression(max_iter=1000), lr=5.0, max_epochs=50, **settings).fit(X, y)
    assert harmful.n_iter_ == 3
    assert_array_equal(harmful.predict_proba(X), sk2torch.Predictor(sk2torch.wrap(harmful.untuned_)).predict_proba(X))
    helpful = TunedClassifier(LogisticRegression(C=0.001), lr=0.3, max_epochs=300, tol=1e-3, **settings).fit(X, y)
    losses = [epoch["valid_loss"] for epoch in helpful.history_]
    assert 3 < helpful.n_iter_ < 300
    assert log_loss(y, helpful.predict_proba(X)) < 0.5 * log_loss(y, helpful.untuned_.predict_proba(X))
    assert min(losses) < losses[-1]
    assert helpful.plot_history().get_legend_handles_labels()[1] == ["training", "validation"]


def test_rows_that_are_held_out_are_in_no_fit(table):
    X, y = table
    model = TunedClassifier(scaled_line(), early_stopping=True, validation_fraction=0.4, max_epochs=1)
    assert model.fit(X, y).untuned_[0].n_samples_seen_ == 90


def test_schedules_decay_and_optimizers(table):
    X, y = table
    line = scaled_line()
    schedule = torch.optim.lr_scheduler.ExponentialLR
    model = TunedClassifier(line, lr=0.1, scheduler=schedule, scheduler__gamma=0.5, max_epochs=3).fit(X, y)
    assert_allclose([epoch["event_lr"] for epoch in model.history_], [0.1, 0.05, 0.025])
    plateau = torch.optim.lr_scheduler.ReduceLROnPlateau
    TunedClassifier(line, scheduler=plateau, scheduler__patience=1, early_stopping=True, max_epochs=3).fit(X, y)
    small = TunedClassifier(line, weight_decay=10.0, train_only="logisticregression", lr=0.05, max_epochs=20).fit(X, y)
    assert abs(small.estimator_[1].coef_).max() < 0.5 * abs(small.untuned_[1].coef_).max()
    momentum = TunedClassifier(line, optimizer=torch.optim.SGD, optimizer__momentum=0.9, max_epochs=1)
    assert momentum.fit(X, y).n_iter_ == 1
    with pytest.raises(TypeError, match="weight_decay: Rprop has none"):
        TunedClassifier(line, optimizer=torch.optim.Rprop, weight_decay=0.1).fit(X, y)


class Interrupts(Callback):
    """The user's Ctrl-C in the fourth epoch."""

    def on_batch_end(self, net, **kwargs):
        if len(net.history) == 4:
            raise KeyboardInterrupt


@pytest.mark.parametrize("early_stopping", [False, True])
def test_an_interrupted_fit_goes_on_to_the_same_weights(iris, tmp_path, early_stopping):
    X, y = iris
    settings = {"max_epochs": 7, "batch_size": 40, "early_stopping": early_stopping, "validation_fraction": 0.3}
    settings |= {"scheduler": torch.optim.lr_scheduler.StepLR, "scheduler__step_size": 2, "lr__kernel": 0.01}
    whole = steps(**settings).fit(X, y)
    path = tmp_path / "training.pt"
    with pytest.raises(KeyboardInterrupt):
        steps(**settings, checkpoint=path, callbacks=[Interrupts()]).fit(X, y)
    assert path.exists()
    with pytest.raises(ValueError, match=r"of another training \(other trained\)"):
        steps(**settings, checkpoint=path, freeze="kernel").fit(X, y)
    other = steps(**settings, checkpoint=path)
    with pytest.raises(ValueError, match=r"of another training \(other start\)"):
        other.set_params(estimator__linear__C=0.1).fit(X, y)
    resumed = steps(**settings, checkpoint=path).fit(X, y)
    for name, tensor in whole.module_.state_dict().items():
        assert_array_equal(resumed.module_.state_dict()[name], tensor, err_msg=name)
    assert [e["train_loss"] for e in resumed.history_] == [e["train_loss"] for e in whole.history_]
    assert not path.exists()


def test_a_bar_shows_the_epochs(table, capsys):
    X, y = table
    TunedClassifier(RidgeClassifier(), max_epochs=3).fit(X, y)
    assert capsys.readouterr().err == ""
    TunedClassifier(RidgeClassifier(), max_epochs=3, verbose=1).fit(X, y)
    assert "3/3" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"freeze": "scaller"}, ValueError, "freeze: there is no step or parameter 'scaller'; the steps are columns, .*"
         "columns__numbers.* the parameters steps.0.parts.0.part.mean"),
        ({"train_only": MinMaxScaler}, ValueError, "train_only: there is no step or parameter 'MinMaxScaler'"),
        ({"lr__svm": 0.1}, ValueError, "lr__svm: there is no step or parameter 'svm'"),
        ({"freeze": 3}, TypeError, "expected names of steps or parameters, or classes, got 3"),
        ({"freeze": "*"}, ValueError, "Pipeline: there is nothing to train, as predict_proba has no slope"),
        ({"train_only": "words"}, ValueError, "nothing to train"),
        ({"lr": 1e200}, ValueError, "the loss is (nan|inf) in epoch .*: lower lr"),
        ({"step": 3}, TypeError, "takes no argument 'step'; those of its parts begin with loss__"),
        ({"dtype": "float16"}, ValueError, "expected float32 or float64, got float16"),
        ({"early_stopping": True, "validation_fraction": 2.0}, ValueError, "between 0 and 1, got 2.0"),
        ({"device": "gpu"}, ValueError, "got 'gpu'"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(iris, settings, error, message):
    with pytest.raises(error, match=message):
        steps(**settings).fit(*iris)
