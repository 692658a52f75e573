"""Cases of sklearn.svm (libsvm's part)."""

import functools

import numpy as np
from scipy import sparse
from sklearn.datasets import make_classification
from sklearn.svm import SVC, SVR, NuSVC, NuSVR, OneClassSVM

from tests.cases import Case, data


@functools.cache
def five_words():
    """160 rows, 6 features, 5 classes of unequal size with string labels."""
    shape = {"n_informative": 5, "n_redundant": 0, "n_classes": 5, "n_clusters_per_class": 1}
    X, y = make_classification(160, 6, weights=[0.4, 0.3, 0.1, 0.1], random_state=7, **shape)
    return X, np.array(["e", "d", "c", "b", "a"])[y]


@functools.cache
def offset_multiclass():
    """``multiclass`` far from the origin, one feature on a scale of its own."""
    X, y = data.multiclass()
    return X * np.array([1.0, 1.0, 1.0, 1.0, 100.0]) + 1e4, y


def _sparse(source):
    @functools.cache
    def load():
        X, y = source()
        return sparse.csr_matrix(np.where(np.abs(X) < 0.7, 0.0, X)), y

    return load


def _gram(source):
    @functools.cache
    def load():
        X, y = source()
        return np.exp(-0.2 * np.abs(X[:, None] - X).sum(2)), y

    return load


def _unlabelled(source):
    return lambda: (source()[0], None)


def _near_and_far(X):
    # Far rows have probabilities at the bounds that libsvm keeps.
    return np.concatenate([X[:40], 50.0 * X[40:60]])


def _rows(X):
    return X[:40]


sparse_binary, sparse_multiclass, sparse_regression = map(_sparse, (data.binary, data.multiclass, data.regression))
gram_binary, gram_multiclass, gram_regression = map(_gram, (data.binary, data.multiclass, data.regression))

CASES = [
    Case("SVC-multiclass", SVC, data.multiclass),
    Case("SVC-proba", lambda: SVC(probability=True, random_state=0), data.multiclass, primary=True),
    Case("SVC-binary", lambda: SVC(C=3.0), data.binary, primary=True),
    Case(
        "SVC-binary-proba",
        lambda: SVC(kernel="linear", probability=True, random_state=0),
        data.binary_words,
        query=_near_and_far,
        # 1 - 1e-7 has one digit in float32.
        float32_tolerance=0.05,
    ),
    Case("SVC-ovo", lambda: SVC(decision_function_shape="ovo"), data.words),
    Case("SVC-break-ties", lambda: SVC(break_ties=True, C=0.3), data.multiclass),
    Case("SVC-linear", lambda: SVC(kernel="linear"), data.booleans),
    Case("SVC-poly", lambda: SVC(kernel="poly", degree=4, coef0=0.7, gamma="auto"), data.multiclass),
    Case("SVC-poly-constant", lambda: SVC(kernel="poly", degree=0), data.multiclass),
    Case("SVC-sigmoid", lambda: SVC(kernel="sigmoid", gamma=0.05, coef0=-0.2), data.multiclass),
    Case("SVC-rbf-steep", lambda: SVC(gamma=40.0), data.multiclass, primary=True),
    Case(
        "SVC-rbf-offset",
        lambda: SVC(gamma="auto"),
        offset_multiclass,
        # float32 keeps no more than three digits of these features.
        float32_tolerance=None,
    ),
    Case("SVC-five-words", lambda: SVC(probability=True, random_state=0, class_weight="balanced"), five_words),
    Case("SVC-five-words-break-ties", lambda: SVC(break_ties=True, C=0.1, class_weight={"a": 3.0}), five_words),
    Case("SVC-sparse-binary", lambda: SVC(probability=True, random_state=0), sparse_binary),
    Case("SVC-sparse-multiclass", lambda: SVC(kernel="poly", gamma="scale", coef0=1.0), sparse_multiclass),
    Case("SVC-precomputed-binary", lambda: SVC(kernel="precomputed"), gram_binary, query=_rows),
    Case(
        "SVC-precomputed-multiclass",
        lambda: SVC(kernel="precomputed"),
        gram_multiclass,
        query=_rows,
        primary=True,
    ),
    Case("SVC-unfinished", lambda: SVC(max_iter=0), data.multiclass),
    Case("NuSVC-multiclass", lambda: NuSVC(nu=0.3), data.multiclass),
    Case(
        "NuSVC-binary",
        lambda: NuSVC(kernel="poly", nu=0.4, probability=True, random_state=0),
        data.booleans,
        # Rounding can change how many sweeps the coupling of probabilities takes.
        float32_tolerance=1e-2,
        primary=True,
    ),
    Case("NuSVC-break-ties", lambda: NuSVC(nu=0.2, break_ties=True, class_weight="balanced"), five_words),
    Case("NuSVC-ovo", lambda: NuSVC(nu=0.2, decision_function_shape="ovo", kernel="sigmoid"), sparse_multiclass),
    Case("SVR-rbf", SVR, data.regression),
    Case("SVR-linear", lambda: SVR(kernel="linear", C=0.5), data.regression),
    Case("SVR-poly", lambda: SVR(kernel="poly", degree=2, coef0=1.0, epsilon=0.2), data.regression),
    Case("SVR-sigmoid", lambda: SVR(kernel="sigmoid", gamma=0.02), data.regression),
    Case("SVR-steep", lambda: SVR(gamma=30.0), data.regression),
    Case("SVR-sparse", lambda: SVR(gamma="scale"), sparse_regression),
    Case("SVR-precomputed", lambda: SVR(kernel="precomputed"), gram_regression, query=_rows),
    # The tube holds every target, so nothing supports the constant.
    Case("SVR-constant", lambda: SVR(epsilon=10.0), data.regression, differentiable=()),
    Case("NuSVR-rbf", lambda: NuSVR(nu=0.3, C=2.0), data.regression),
    Case("NuSVR-poly", lambda: NuSVR(kernel="poly", degree=2, coef0=1.0), data.regression),
    Case("NuSVR-precomputed", lambda: NuSVR(kernel="precomputed"), gram_regression, query=_rows),
    Case("OneClassSVM-rbf", lambda: OneClassSVM(nu=0.2), _unlabelled(data.regression)),
    Case("OneClassSVM-linear", lambda: OneClassSVM(kernel="linear", nu=0.3), _unlabelled(gram_binary)),
    Case("OneClassSVM-poly", lambda: OneClassSVM(kernel="poly", coef0=0.5, gamma=0.1), _unlabelled(data.multiclass)),
    Case("OneClassSVM-sigmoid", lambda: OneClassSVM(kernel="sigmoid", gamma=0.1), _unlabelled(data.multiclass)),
    Case("OneClassSVM-sparse", lambda: OneClassSVM(nu=0.2), _unlabelled(sparse_binary)),
    Case("OneClassSVM-precomputed", lambda: OneClassSVM(kernel="precomputed"), _unlabelled(gram_binary), query=_rows),
]
