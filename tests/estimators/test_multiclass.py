"""Multiclass strategies and chains: ties, stand-ins for single classes, and what is refused."""

import numpy as np
import pytest
import scipy.sparse
import torch
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression, Ridge, RidgeClassifier, SGDClassifier
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier, OutputCodeClassifier
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier, MultiOutputRegressor, RegressorChain
from sklearn.svm import SVC, LinearSVC
from sklearn.tree import DecisionTreeClassifier

import sk2torch
from tests import checks
from tests.cases import data
from tests.cases.multiclass import constant_labels, tree
from tests.estimators.test_ensemble import assert_parity, grid


class OnlyLabels(ClassifierMixin, BaseEstimator):
    """A classifier without scores."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self.n_features_in_ = X.shape[1]
        return self

    def predict(self, X):
        return np.full(len(X), self.classes_[0])


def five_classes():
    return np.round(data.multiclass()[0]), np.arange(150) * 7 % 5


@pytest.mark.parametrize("estimator", [tree(), DecisionTreeClassifier(), RidgeClassifier()])
def test_ties_between_members(estimator):
    X, y = five_classes()
    assert_parity(OneVsRestClassifier(estimator).fit(X, y), grid())
    assert_parity(OneVsOneClassifier(estimator).fit(X, y), grid())
    for seed in range(4):
        # Short codes are often equal.
        assert_parity(OutputCodeClassifier(estimator, code_size=0.6, random_state=seed).fit(X, y), grid())


def test_rows_that_no_member_takes():
    # Pure leaves: sums of probabilities are zero for some rows.
    X, y = five_classes()
    estimator = OneVsRestClassifier(DecisionTreeClassifier()).fit(X, y)
    probabilities = sk2torch.Predictor(sk2torch.wrap(estimator)).predict_proba(grid())
    expected = checks.sklearn_call(estimator, "predict_proba", grid())
    assert (np.isnan(expected) | (expected == 0)).all(axis=1).any()
    np.testing.assert_array_equal(probabilities, expected)


def test_precomputed_kernels_of_pairs():
    X, y = five_classes()
    assert_parity(OneVsOneClassifier(SVC(kernel="precomputed")).fit(X @ X.T, y), grid() @ X.T, 1e-9)


def test_partial_fits():
    X, y = data.multiclass()
    for strategy in (OneVsRestClassifier, OneVsOneClassifier):
        estimator = strategy(SGDClassifier(random_state=0))
        assert_parity(estimator.partial_fit(X, y, classes=np.unique(y)), X)


def test_sparse_labels():
    X, y = data.multilabel()
    estimator = OneVsRestClassifier(LinearSVC()).fit(X, scipy.sparse.csr_matrix(y))
    result = sk2torch.Predictor(sk2torch.wrap(estimator)).predict(X)
    np.testing.assert_array_equal(result, estimator.predict(X).toarray())


@pytest.mark.filterwarnings("ignore:Label not 5 is present")
def test_one_class():
    X, y = data.one_class()
    model = sk2torch.wrap(OneVsRestClassifier(LogisticRegression()).fit(X, y))
    x = torch.from_numpy(X)
    assert (model.predict(x) == 5).all()
    assert model.predict_proba(x[:1]).tolist() == [[1.0, 0.0]]
    assert model.decision_function(x[:2]).tolist() == [0.0, 0.0]


@pytest.mark.filterwarnings("ignore:Label")
def test_stand_in_first_hides_what_others_lack():
    # scikit-learn asks the first member only, which stands for a label that all rows have.
    X, y = constant_labels()
    estimator = OneVsRestClassifier(LinearSVC()).fit(X, y)
    with pytest.raises(AttributeError):
        estimator.predict_proba(X)
    assert not hasattr(sk2torch.wrap(estimator), "predict_proba")


def test_members_without_scores_are_refused():
    sk2torch.register("tests.estimators.test_multiclass.OnlyLabels")(_TorchOnlyLabels)
    X, y = data.multiclass()
    with pytest.raises(sk2torch.UnsupportedParameter, match="choose an estimator that has scores"):
        sk2torch.wrap(OneVsRestClassifier(OnlyLabels()).fit(X, y))


class _TorchOnlyLabels(sk2torch.TorchEstimator):
    """The first class."""

    @classmethod
    def from_sklearn(cls, estimator, columns):
        return cls(len(columns))

    def predict(self, x: torch.Tensor) -> torch.Tensor:
        return self.prepare(x)[:, 0].long() * 0


def test_chain_of_words_is_refused():
    X, y = data.multilabel()
    estimator = ClassifierChain(tree()).fit(X, y)
    estimator.estimators_[1] = tree().fit(np.column_stack([X, y[:, 0]]), np.array(["no", "yes"])[y[:, 1]])
    with pytest.raises(sk2torch.UnsupportedParameter, match="encode them before fitting"):
        sk2torch.wrap(estimator)


def test_chain_of_scores_for_three_classes_is_refused():
    X, y = data.multilabel()
    estimator = ClassifierChain(tree(), chain_method="predict_proba").fit(X, y + (y[:, :1] * y[:, 1:2]))
    with pytest.raises(ValueError, match=r"broadcast|shape"):
        estimator.predict(X)
    with pytest.raises(sk2torch.UnsupportedParameter, match="chain_method='predict'"):
        sk2torch.wrap(estimator)


def test_chain_of_one_class():
    X, y = data.binary()
    outputs = np.stack([np.ones_like(y), y], axis=1)
    model = assert_parity(ClassifierChain(tree()).fit(X, outputs), X)
    assert not hasattr(model, "predict_proba")
    assert not hasattr(model, "predict_log_proba")


@pytest.mark.parametrize("order", [[1, 2, 0], [2, 1, 0], None])
def test_order_of_a_chain_of_different_labels(order):
    X, y = data.multilabel()
    outputs = y * [3, 1, -5] + [1, 0, 2]
    model = assert_parity(ClassifierChain(tree(), order=order).fit(X, outputs), X)
    assert [c.tolist() for c in model.classes_] == [sorted(set(column.tolist())) for column in outputs.T]
    single = sk2torch.Predictor(
        sk2torch.wrap(ClassifierChain(tree(), order=order).fit(X, outputs), dtype=torch.float32)
    )
    assert set(np.unique(single.predict(X))) <= set(np.unique(outputs).astype(float))


def test_classifiers_under_regressors():
    X, y = data.multilabel()
    with pytest.raises(sk2torch.UnsupportedParameter, match="use a MultiOutputClassifier"):
        sk2torch.wrap(MultiOutputRegressor(tree()).fit(X, y))
    assert_parity(RegressorChain(tree()).fit(X, y), X)


def test_one_output():
    X, y = data.binary()
    assert_parity(MultiOutputClassifier(tree()).fit(X, y[:, None]), X)
    assert_parity(MultiOutputRegressor(Ridge()).fit(X, y[:, None]), X)
    assert_parity(ClassifierChain(tree()).fit(X, y[:, None]), X)


def test_chains_refuse_missing_values():
    X, y = data.multi_regression()
    model = sk2torch.wrap(RegressorChain(Ridge()).fit(X, y))
    with pytest.raises(sk2torch.InputError, match="NaN"):
        model.encode(np.full((2, 5), np.nan))
