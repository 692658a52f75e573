"""Tables and targets that hypothesis draws, degenerate ones included, and the comparison with scikit-learn."""

import warnings
from collections.abc import Sequence
from typing import Any

import hypothesis.extra.numpy as arrays
import numpy as np
from hypothesis import assume
from hypothesis import strategies as st

import sk2torch
from tests import checks

# How the values of a table are drawn: ordinary numbers, whole numbers (many ties and duplicates), either
# with a constant column, tables of one huge or tiny scale, and the values next to zero.
ORDINARY = ("normal", "grid", "constant")
SCALES = ("huge", "tiny")
NEAR_ZERO = ("near_zero",)
ALL = ORDINARY + SCALES + NEAR_ZERO


def _values(draw: Any, kind: str, shape: tuple[int, int]) -> np.ndarray:
    generator = np.random.default_rng(draw(st.integers(0, 2**16)))
    values = generator.normal(size=shape)
    if kind == "grid":
        return generator.integers(-2, 3, size=shape).astype(np.float64)
    if kind == "constant":
        values[:, draw(st.integers(0, shape[1] - 1))] = draw(st.sampled_from([0.0, -0.0, 1.0, -3.5]))
    if kind == "huge":
        return values * 10.0 ** draw(st.integers(3, 100))
    if kind == "tiny":
        return values * 10.0 ** -draw(st.integers(3, 100))
    if kind == "near_zero":
        zeros = [0.0, -0.0, 5e-324, -5e-324, 2.2e-308, 1.0]
        return draw(arrays.arrays(np.float64, shape, elements=st.sampled_from(zeros)))
    return values


@st.composite
def tables(
    draw: Any,
    kinds: Sequence[str] = ALL,
    rows: tuple[int, int] = (1, 24),
    features: tuple[int, int] = (1, 5),
    missing: bool = False,
    nonnegative: bool = False,
) -> np.ndarray:
    """A float64 table.

    Args:
        kinds: among ``ALL``.
        rows: fewest and most rows.
        features: fewest and most features.
        missing: some values may be NaN.
        nonnegative: absolute values.
    """
    shape = (draw(st.integers(*rows)), draw(st.integers(*features)))
    values = _values(draw, draw(st.sampled_from(list(kinds))), shape)
    if missing and draw(st.booleans()):
        holes = np.random.default_rng(draw(st.integers(0, 2**16))).random(shape) < draw(st.sampled_from([0.1, 0.5]))
        values = np.where(holes, np.nan, values)
    return np.abs(values) if nonnegative else values


@st.composite
def labels(draw: Any, n: int, n_classes: int | None = None) -> np.ndarray:
    """``n`` labels of up to four classes: consecutive integers, other integers, or strings."""
    names = draw(st.sampled_from([[0, 1, 2, 3], [-7, 3, 4, 40], ["a", "b", "cc", "ä"]]))
    count = n_classes or draw(st.integers(1, 4))
    chosen = np.random.default_rng(draw(st.integers(0, 2**16))).integers(0, count, n)
    return np.array(names)[chosen]


def targets(X: np.ndarray, n_targets: int | None = None) -> np.ndarray:
    """Continuous targets of unit scale for the rows of ``X``, shape ``(n,)`` or ``(n, n_targets)``."""
    generator = np.random.default_rng(len(X))
    return generator.normal(size=len(X) if n_targets is None else (len(X), n_targets))


def fit(estimator: Any, X: Any, y: Any = None, **arguments: Any) -> Any:
    """The fitted estimator; an example that scikit-learn cannot be fitted on is discarded."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            return estimator.fit(X, **arguments) if y is None else estimator.fit(X, y, **arguments)
        except (ValueError, ArithmeticError, np.linalg.LinAlgError):
            assume(False)


def compare(
    estimator: Any, X: Any, *, methods: Sequence[str] | None = None, tolerance: float = 1e-9, **wrap_options: Any
) -> None:
    """Every method of the wrapped estimator answers for ``X`` as scikit-learn does.

    Queries that scikit-learn refuses are not compared. Call it as the last step of a property.

    Args:
        estimator: fitted.
        X: rows as scikit-learn takes them.
        methods: names; by default all.
        tolerance: largest error relative to the column's scale.
        **wrap_options: of ``sk2torch.wrap``.
    """
    model = sk2torch.wrap(estimator, **wrap_options)
    predictor = sk2torch.Predictor(model)
    for method in predictor.methods if methods is None else methods:
        try:
            value = checks.argument(estimator, method, X)
            expected = checks.sklearn_call(estimator, method, value)
        except (ValueError, ArithmeticError, np.linalg.LinAlgError):
            continue
        checks.assert_same(getattr(predictor, method)(value), expected, method, tolerance)
