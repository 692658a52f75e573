"""Naive Bayes classifiers: counts, categories and Gaussians."""

import functools

import numpy as np
import scipy.sparse
from sklearn.naive_bayes import BernoulliNB, CategoricalNB, ComplementNB, GaussianNB, MultinomialNB

from tests.cases import Case, data


@functools.cache
def counts():
    """120 rows of 6 whole numbers, some columns rare; three classes of string labels."""
    generator = np.random.default_rng(0)
    y = generator.integers(0, 3, 120)
    rate = np.array([[4, 1, 0.2, 2, 0.1, 1], [1, 4, 0.3, 2, 0.1, 3], [2, 2, 2, 0.2, 0.5, 0.3]])
    return generator.poisson(rate[y]).astype(np.float64), data.WORDS[y].astype(str)


@functools.cache
def sparse_counts():
    """``counts`` as a sparse matrix."""
    X, y = counts()
    return scipy.sparse.csr_matrix(X), y


@functools.cache
def binary_counts():
    """``counts`` without the third class, labels 0 and 1."""
    X, y = counts()
    kept = y != "virginica"
    return X[kept], (y[kept] == "setosa").astype(int)


@functools.cache
def single_counts():
    """``counts`` with one class."""
    X, y = counts()
    return X, np.full(len(y), "only")


@functools.cache
def ones_and_zeros():
    """Whether ``counts`` are above zero."""
    X, y = counts()
    return (X > 0).astype(np.float64), y


@functools.cache
def categories():
    """120 rows of 4 features with 2 to 5 categories, the classes -1, 3 and 7."""
    generator = np.random.default_rng(1)
    y = generator.integers(0, 3, 120)
    X = np.stack([(generator.integers(0, 2 + j, 120) + y * (j % 2)) % (2 + j) for j in range(4)], axis=1)
    return X.astype(np.float64), np.array([-1, 3, 7])[y]


@functools.cache
def single_category():
    """``categories`` with the one class True."""
    X, y = categories()
    return X, np.ones(len(y), dtype=bool)


@functools.cache
def many_classes():
    """150 rows of 3 features, 20 classes."""
    X, y = np.random.default_rng(2).normal(size=(150, 3)), np.arange(150) % 20
    return X + y[:, None], y


@functools.cache
def with_constant_column():
    """``multiclass`` with a column of one value."""
    X, y = data.multiclass()
    return np.column_stack([X, np.full(len(X), 3.0)]), y


def weighted(estimator, X, y):
    return estimator.fit(X, y, sample_weight=np.linspace(0.1, 2.0, X.shape[0]))


def in_parts(estimator, X, y):
    for k in range(3):
        estimator.partial_fit(X[k::3], y[k::3], classes=np.unique(y))
    return estimator


def same(X):
    return X


# Only whole numbers are categories.
STEPS = {"query": same, "differentiable": ()}

LOGARITHMS = ("predict_log_proba", "predict_joint_log_proba")

CASES = [
    Case("GaussianNB", GaussianNB, data.multiclass),
    Case("GaussianNB-words", lambda: GaussianNB(var_smoothing=0.1), data.binary_words),
    Case("GaussianNB-priors", lambda: GaussianNB(priors=[0.1, 0.3, 0.6]), data.multiclass),
    Case(
        "GaussianNB-prior-of-zero",
        lambda: GaussianNB(priors=[0.0, 0.3, 0.7]),
        data.multiclass,
        xfail={f"gradient.{m}": "minus infinity has no finite differences" for m in LOGARITHMS},
    ),
    Case("GaussianNB-weighted", GaussianNB, data.multiclass, fit=weighted),
    Case("GaussianNB-partial", lambda: GaussianNB(var_smoothing=0.0), data.booleans, fit=in_parts),
    Case("GaussianNB-one-class", GaussianNB, data.one_class),
    Case("GaussianNB-many-classes", GaussianNB, many_classes, primary=True),
    # Differences from the constant are divided by a variance of 1e-9.
    Case("GaussianNB-constant-column", GaussianNB, with_constant_column, float32_tolerance=None),
    Case("MultinomialNB", MultinomialNB, counts),
    Case("MultinomialNB-sparse", MultinomialNB, sparse_counts),
    Case("MultinomialNB-binary", lambda: MultinomialNB(alpha=0.01, fit_prior=False), binary_counts),
    Case("MultinomialNB-alpha-by-feature", lambda: MultinomialNB(alpha=np.linspace(0.1, 2, 6)), counts, fit=weighted),
    Case("MultinomialNB-priors", lambda: MultinomialNB(class_prior=[0.2, 0.5, 0.3]), counts),
    Case("MultinomialNB-partial", MultinomialNB, counts, fit=in_parts),
    Case("MultinomialNB-one-class", MultinomialNB, single_counts),
    Case("ComplementNB", ComplementNB, counts),
    Case("ComplementNB-norm", lambda: ComplementNB(norm=True, alpha=0.3), counts),
    Case("ComplementNB-binary", ComplementNB, binary_counts),
    Case("ComplementNB-sparse", ComplementNB, sparse_counts),
    # With one class the complement is empty: every feature is as likely.
    Case("ComplementNB-one-class", ComplementNB, single_counts),
    Case("BernoulliNB", BernoulliNB, counts, differentiable=()),
    Case("BernoulliNB-threshold", lambda: BernoulliNB(binarize=1.5, alpha=0.1), counts, differentiable=()),
    Case("BernoulliNB-as-they-are", lambda: BernoulliNB(binarize=None), ones_and_zeros, primary=True),
    Case("BernoulliNB-sparse", lambda: BernoulliNB(fit_prior=False), sparse_counts, differentiable=()),
    Case("BernoulliNB-binary", BernoulliNB, data.binary, differentiable=()),
    Case("BernoulliNB-one-class", BernoulliNB, data.one_class, differentiable=()),
    Case("CategoricalNB", CategoricalNB, categories, **STEPS),
    Case("CategoricalNB-fractions", CategoricalNB, categories, query=lambda X: X + 0.6, differentiable=()),
    Case("CategoricalNB-no-smoothing", lambda: CategoricalNB(alpha=0.0), categories, **STEPS),
    Case(
        "CategoricalNB-more-categories",
        lambda: CategoricalNB(min_categories=[4, 4, 6, 7], class_prior=[0.1, 0.1, 0.8]),
        categories,
        query=lambda X: (X + 2) % 4,
        differentiable=(),
    ),
    Case("CategoricalNB-one-class", lambda: CategoricalNB(min_categories=9), single_category, **STEPS),
    Case("CategoricalNB-partial", CategoricalNB, categories, fit=in_parts, **STEPS),
]
