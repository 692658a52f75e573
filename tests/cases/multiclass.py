"""One-vs-rest, one-vs-one and output codes."""

import numpy as np
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier, OutputCodeClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import SVC, LinearSVC
from sklearn.tree import DecisionTreeClassifier

from tests.cases import Case, data

SCALED = make_pipeline(StandardScaler(), LogisticRegression())


def tree():
    """A small tree, which has probabilities but no scores."""
    return DecisionTreeClassifier(max_depth=3, random_state=0)


def four_classes():
    """``data.multiclass`` with four classes of strings."""
    X, y = data.multiclass()
    return X, np.array(["d", "a", "c", "b"])[np.searchsorted([-1, 3, 7], y) + (X[:, 4] > 0.7)]


def constant_labels():
    """``data.multilabel`` between a label that all rows have and one that none has."""
    X, y = data.multilabel()
    return X, np.column_stack([np.ones(len(X), dtype=int), y, np.zeros(len(X), dtype=int)])


def constant_label_last():
    """``constant_labels`` in another order: the first member decides about the threshold."""
    X, y = constant_labels()
    return X, y[:, ::-1]


def one_label_on_top():
    """``constant_labels`` without its first column of zeros."""
    X, y = constant_labels()
    return X, y[:, 1:]


def words_table():
    """Two columns of ``data.mixed_table`` that hold strings, and three classes."""
    X, _ = data.mixed_table()
    return X[["grade", "owner"]], X["rooms"].clip(1, 3).to_numpy()


CASES = [
    Case("OneVsRestClassifier", lambda: OneVsRestClassifier(SCALED), data.words),
    Case(
        "OneVsRestClassifier-binary", lambda: OneVsRestClassifier(LogisticRegression()), data.binary_words, primary=True
    ),
    Case(
        "OneVsRestClassifier-multilabel",
        lambda: OneVsRestClassifier(LogisticRegression()),
        data.multilabel,
        primary=True,
    ),
    Case("OneVsRestClassifier-trees", lambda: OneVsRestClassifier(tree()), data.multiclass, differentiable=()),
    Case("OneVsRestClassifier-tree-binary", lambda: OneVsRestClassifier(tree()), data.booleans, differentiable=()),
    Case("OneVsRestClassifier-tree-labels", lambda: OneVsRestClassifier(tree()), constant_labels, differentiable=()),
    Case("OneVsRestClassifier-constant-first", lambda: OneVsRestClassifier(LinearSVC()), constant_labels),
    Case("OneVsRestClassifier-constant-last", lambda: OneVsRestClassifier(LogisticRegression()), constant_label_last),
    Case("OneVsRestClassifier-scores-first", lambda: OneVsRestClassifier(LogisticRegression()), one_label_on_top),
    Case("OneVsRestClassifier-svc", lambda: OneVsRestClassifier(SVC()), four_classes),
    Case("OneVsRestClassifier-regressors", lambda: OneVsRestClassifier(Ridge()), data.words, differentiable=()),
    Case(
        "OneVsRestClassifier-regressor-binary", lambda: OneVsRestClassifier(Ridge()), data.booleans, differentiable=()
    ),
    Case(
        "OneVsRestClassifier-table",
        lambda: OneVsRestClassifier(make_pipeline(OneHotEncoder(), LogisticRegression())),
        words_table,
        differentiable=(),
    ),
    Case("OneVsOneClassifier", lambda: OneVsOneClassifier(LinearSVC()), four_classes),
    Case("OneVsOneClassifier-binary", lambda: OneVsOneClassifier(SCALED), data.booleans),
    Case("OneVsOneClassifier-trees", lambda: OneVsOneClassifier(tree()), four_classes, differentiable=()),
    Case("OneVsOneClassifier-tree-binary", lambda: OneVsOneClassifier(tree()), data.binary_words, differentiable=()),
    Case("OneVsOneClassifier-regressors", lambda: OneVsOneClassifier(Ridge()), data.words),
    Case(
        "OutputCodeClassifier",
        lambda: OutputCodeClassifier(LogisticRegression(), random_state=0, code_size=2),
        four_classes,
        differentiable=(),
    ),
    Case(
        "OutputCodeClassifier-trees",
        lambda: OutputCodeClassifier(tree(), random_state=3),
        data.multiclass,
        differentiable=(),
    ),
    Case(
        "OutputCodeClassifier-short",
        lambda: OutputCodeClassifier(LinearSVC(), code_size=0.5, random_state=1),
        four_classes,
        differentiable=(),
    ),
]
