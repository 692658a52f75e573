"""scikit-learn's own test instances of every estimator, on data like that of its own checks.

Wherever scikit-learn can be fitted and answers, the module gives the same answer or ``wrap`` refuses. A refusal
that is not in ``REFUSALS`` fails.
"""

import functools
import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from sklearn.base import is_classifier, is_regressor
from sklearn.datasets import make_blobs, make_multilabel_classification
from sklearn.utils import all_estimators
from sklearn.utils._test_common import instance_generator
from sklearn.utils.estimator_checks import _enforce_estimator_tags_X, _enforce_estimator_tags_y

import sk2torch
from sk2torch.base import METHODS, sklearn_has
from tests import checks

# Refusals that the data below bring about: class and what the message must say.
REFUSALS: dict[str, str] = {
    "DummyClassifier": "draws random numbers",
    "PatchExtractor": "takes images",
}


@dataclass(frozen=True)
class Allowance:
    """Where answers may differ by more than 1e-9 of their column's scale, and why.

    Args:
        classes: of estimators.
        reason: for people.
        kinds: of data; all by default.
        methods: all by default.
        tolerance: instead of 1e-9; infinity where there is nothing to compare.
        whole: relative to the scale of the whole table instead of the column.
    """

    classes: tuple[str, ...]
    reason: str
    kinds: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    tolerance: float = 1e-9
    whole: bool = False


ALLOWANCES = (
    Allowance(
        (
            *("DictionaryLearning", "Isomap", "KernelPCA", "LatentDirichletAllocation", "MiniBatchNMF"),
            *("MiniBatchSparsePCA", "PCA", "SparsePCA"),
        ),
        "fitted on float32, scikit-learn does part of the inference in float32",
        kinds=("float32",),
        tolerance=2e-6,
    ),
    Allowance(("Birch",), "scikit-learn's distance of a row at a centre is rounding", tolerance=1e-7),
    Allowance(
        ("GaussianProcessRegressor",),
        "at rows of the fit, with alpha=1e-10, a variance is what is left of nearly equal numbers",
        tolerance=1e-4,
    ),
    Allowance(
        ("Nystroem",),
        "the kernel's matrix is all but singular, and its inverse root multiplies rounding",
        kinds=("one-feature",),
        tolerance=1e-7,
    ),
    Allowance(
        ("PCA",),
        "the covariance is singular: scikit-learn divides by zero, and we give NaN",
        kinds=("constant",),
        methods=("score_samples",),
        tolerance=np.inf,
    ),
    Allowance(
        ("PolynomialCountSketch",),
        "components that no feature reaches are rounding of a Fourier transform",
        whole=True,
    ),
    Allowance(
        ("KernelPCA",),
        "a constant feature comes back as rounding",
        kinds=("constant",),
        methods=("inverse_transform",),
        whole=True,
    ),
    Allowance(
        ("KNeighborsClassifier", "KNeighborsRegressor"),
        "of precomputed distances, numpy's partition picks one of those that are equal, differently by processor",
        kinds=("whole-numbers", "multi-output"),
        tolerance=np.inf,
    ),
    Allowance(
        ("LocalOutlierFactor",),
        "more than 15 neighbours at few distances: scikit-learn's quicksort keeps no order among equal ones",
        kinds=("whole-numbers", "multi-output"),
        methods=("kneighbors",),
        tolerance=np.inf,
    ),
)


def allowance(cls: str, kind: str, method: str) -> Allowance:
    """What holds for a method of a class on a kind of data."""
    for entry in ALLOWANCES:
        if cls in entry.classes and kind in (entry.kinds or (kind,)) and method in (entry.methods or (method,)):
            return entry
    return Allowance((), "")


# What scikit-learn raises for data that an estimator does not take.
NO_ANSWER = (
    *(ValueError, TypeError, AttributeError, ArithmeticError, IndexError, NotImplementedError),
    np.linalg.LinAlgError,
)


@functools.cache
def instances() -> dict[str, Any]:
    """scikit-learn's test instances, those of single checks too, by class and number."""
    found: dict[str, Any] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, cls in all_estimators():
            try:
                made = list(instance_generator._construct_instances(cls))
            except Exception:
                # Raised for what cannot be constructed without arguments (pytest's skip is no Exception subclass).
                continue
            for sets in instance_generator.PER_ESTIMATOR_CHECK_PARAMS.get(cls, {}).values():
                made += [cls(**parameters) for parameters in (sets if isinstance(sets, list) else [sets])]
            different = {repr(sorted(map(str, e.get_params().items()))): e for e in made}
            found |= {f"{name}-{k}": e for k, e in enumerate(different.values())}
    return found


def blobs(n_classes: int, n_features: int = 4, n: int = 45) -> tuple[np.ndarray, np.ndarray]:
    X, y = make_blobs(n, n_features, centers=n_classes, cluster_std=2.0, random_state=n_classes)
    return (X - X.mean(axis=0)) / X.std(axis=0), y


def targets(estimator: Any, X: np.ndarray, y: np.ndarray) -> np.ndarray:
    """``y``, or for regressors a continuous target."""
    if is_regressor(estimator):
        return X[:, 0] + np.sin(3.0 * X[:, -1]) + 0.1 * y
    return y


def multi_output(estimator: Any) -> tuple[Any, Any]:
    X, y = make_multilabel_classification(45, 4, n_classes=3, random_state=1)
    X = X.astype(np.float64)
    return X, np.stack([X[:, 0], X[:, 1] - y[:, 0]], axis=1) if is_regressor(estimator) else y


def constant(estimator: Any) -> tuple[Any, Any]:
    X, y = blobs(2)
    X[:, 1] = 1.5
    return X, targets(estimator, X, y)


def plain(n_classes: int, n_features: int = 4) -> Callable[[Any], tuple[Any, Any]]:
    def make(estimator: Any) -> tuple[Any, Any]:
        X, y = blobs(n_classes, n_features)
        return X, targets(estimator, X, y)

    return make


def float32(estimator: Any) -> tuple[Any, Any]:
    X, y = blobs(3)
    return X.astype(np.float32), targets(estimator, X, y)


def whole_numbers(estimator: Any) -> tuple[Any, Any]:
    X, y = blobs(2)
    return np.round(2 * X), targets(estimator, X, y)


def words(estimator: Any) -> tuple[Any, Any]:
    X, y = blobs(3)
    return X, np.array(["one", "two", "three"], dtype=object)[y]


def one_class(estimator: Any) -> tuple[Any, Any]:
    X, y = blobs(2)
    return X, np.full_like(y, 3)


DATA: dict[str, Callable[[Any], tuple[Any, Any]]] = {
    "three": plain(3),
    "two": plain(2),
    "one-feature": plain(2, 1),
    "float32": float32,
    "whole-numbers": whole_numbers,
    "constant": constant,
    "multi-output": multi_output,
}
CLASSIFIER_DATA = {"words": words, "one-class": one_class}

DOCUMENTS = ["the cat sat", "a dog, a cat", "Dogs and CATS", "", "sat sat the zebra"] * 9
RECORDS = [{"a": 1.0, "b": float(k % 3)} if k % 2 else {"c": 2.0} for k in range(45)]
LABEL_SETS = [("x", "y"), ("z",), ()] * 15


def special_input(estimator: Any) -> tuple[Any, Any] | None:
    """Data for estimators that take no table of numbers."""
    tags = estimator.__sklearn_tags__().input_tags
    name = type(estimator).__name__
    if name in ("LabelEncoder", "LabelBinarizer"):
        return np.array(["b", "a", "c"] * 15), None
    if name == "MultiLabelBinarizer":
        return LABEL_SETS, None
    if name == "PatchExtractor":
        return np.random.default_rng(0).normal(size=(5, 6, 6)), None
    if name in ("DictVectorizer", "FeatureHasher"):
        return RECORDS, None
    if tags.string and not tags.two_d_array:
        return DOCUMENTS, None
    return None


def fit_and_query(estimator: Any, X: Any, y: Any) -> tuple[Any, Any] | None:
    """The fitted estimator and rows to ask it about; None where scikit-learn cannot be fitted."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            if isinstance(X, np.ndarray) and X.dtype.kind == "f":
                X = _enforce_estimator_tags_X(estimator, X)
                y = y if y is None or y.dtype == object or y.ndim == 2 else _enforce_estimator_tags_y(estimator, y)
            fitted = estimator.fit(X) if y is None else estimator.fit(X, y)
        except NO_ANSWER:
            return None
    # Answers for float32 rows are in float32.
    return fitted, X.astype(np.float64) if isinstance(X, np.ndarray) and X.dtype == np.float32 else X


def compare(estimator: Any, X: Any, kind: str) -> None:
    predictor = sk2torch.Predictor(sk2torch.wrap(estimator))
    for method in predictor.methods:
        try:
            value = checks.argument(estimator, method, X)
            expected = checks.sklearn_call(estimator, method, value)
        except NO_ANSWER:
            # scikit-learn gives no answer to compare with.
            continue
        actual = getattr(predictor, method)(value)
        allowed = allowance(type(estimator).__name__, kind, method)
        if allowed.whole:
            actual, expected = checks.dense(actual).reshape(-1), checks.dense(expected).reshape(-1)
        if np.isfinite(allowed.tolerance):
            checks.assert_same(actual, expected, method, allowed.tolerance)


def _parameters() -> list[Any]:
    params = []
    for name, estimator in instances().items():
        kinds = ["special"] if special_input(estimator) is not None else [*DATA]
        kinds += [*CLASSIFIER_DATA] if is_classifier(estimator) else []
        params += [pytest.param(name, kind, id=f"{name}-{kind}") for kind in kinds]
    return params


@pytest.mark.parametrize(("name", "kind"), _parameters())
def test_sweep(name: str, kind: str) -> None:
    from sklearn.base import clone

    with warnings.catch_warnings():
        # Classes that scikit-learn deprecates warn whenever an object is made.
        warnings.simplefilter("ignore")
        estimator = clone(instances()[name])
    # Instances without a seed of their own draw from numpy's generator.
    np.random.seed(0)
    cls = type(estimator).__name__
    data = special_input(estimator) if kind == "special" else ({**DATA, **CLASSIFIER_DATA}[kind])(estimator)
    fitted = fit_and_query(estimator, *data)
    if fitted is None:
        return
    estimator, X = fitted
    if not any(sklearn_has(estimator, method) for method in METHODS):
        with pytest.raises(sk2torch.UnsupportedEstimator):
            sk2torch.wrap(estimator)
        return
    refusal = ""
    try:
        compare(estimator, X, kind)
    except (sk2torch.UnsupportedParameter, sk2torch.UnsupportedEstimator) as error:
        refusal = str(error)
    assert not refusal or re.search(REFUSALS.get(cls, "(?!)"), refusal), f"refused: {refusal}"
