"""Cases of sklearn.semi_supervised."""

import functools

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.semi_supervised import LabelPropagation, LabelSpreading, SelfTrainingClassifier
from sklearn.svm import SVC

from tests.cases import Case, data


@functools.cache
def partly():
    """``multiclass`` with classes 0, 3 and 7, and no label (-1) for half of the rows."""
    X, y = data.multiclass()
    y = np.where(y == -1, 0, y)
    y[np.random.default_rng(13).random(150) < 0.5] = -1
    return X, y


@functools.cache
def partly_words():
    """``binary_words`` as objects, and -1 for a third of the rows."""
    X, y = data.binary_words()
    y = y.astype(object)
    y[::3] = -1
    return X, y


@functools.cache
def partly_grid():
    """Small whole numbers, with many equal distances."""
    generator = np.random.default_rng(14)
    X = generator.integers(0, 4, size=(120, 3)).astype(np.float64)
    y = (X[:, 0] > 1).astype(int)
    y[generator.random(120) < 0.4] = -1
    return X, y


CASES = [
    Case("LabelPropagation", lambda: LabelPropagation(gamma=0.5), partly),
    Case("LabelPropagation-steep", LabelPropagation, partly),
    Case(
        "LabelPropagation-knn",
        lambda: LabelPropagation(kernel="knn", n_neighbors=9),
        partly,
        differentiable=(),
        primary=True,
    ),
    Case("LabelPropagation-knn-grid", lambda: LabelPropagation(kernel="knn"), partly_grid, differentiable=()),
    Case("LabelSpreading", lambda: LabelSpreading(gamma=0.5), partly),
    Case("LabelSpreading-alpha", lambda: LabelSpreading(gamma=2.0, alpha=0.7, max_iter=5), partly),
    Case("LabelSpreading-knn", lambda: LabelSpreading(kernel="knn", n_neighbors=4), partly_grid, differentiable=()),
    Case("SelfTrainingClassifier", lambda: SelfTrainingClassifier(LogisticRegression()), partly),
    Case(
        "SelfTrainingClassifier-words",
        lambda: SelfTrainingClassifier(LogisticRegression(), criterion="k_best", k_best=5),
        partly_words,
    ),
    Case(
        "SelfTrainingClassifier-scores",
        lambda: SelfTrainingClassifier(SVC(probability=True, random_state=0), max_iter=2),
        partly,
        primary=True,
    ),
    Case(
        "SelfTrainingClassifier-neighbors",
        lambda: SelfTrainingClassifier(KNeighborsClassifier(3), threshold=0.9),
        partly,
        differentiable=(),
    ),
]
