"""The table of cases that every contract test is crossed with.

One module a family; each has ``CASES``, a list of ``Case``.
"""

import functools
import importlib
import pkgutil
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np

Data = Callable[[], tuple[Any, Any]]


@dataclass(frozen=True)
class Case:
    """An estimator with parameters that change its mathematics, and data to fit it on.

    Args:
        name: unique, ``"<Class>-<what is special>"``; the class is that of ``make()``.
        make: builds the unfitted estimator (seeded where it draws numbers).
        data: gives ``(X, y)``; cached functions of ``tests.cases.data``. ``y`` may be None.
        query: rows to answer for, from ``X``; by default ``X`` and points around it.
        primary: also compiled (slow); at least one case per class. The first case of a class
            is primary without saying so.
        differentiable: methods whose gradient with respect to the input is checked. None for all
            methods with continuous results; an empty tuple for models that are piecewise constant.
        tolerance: largest float64 error relative to the column's scale; above 1e-10 with a reason.
        float32_tolerance: the same for the float32 module; None skips its comparison.
        xfail: reason by capability (``"onnx"``, ``"compile"``, ...) or by capability and method
            (``"onnx.kneighbors"``).
        fit: how to fit, ``fit(estimator, X, y)``.
    """

    name: str
    make: Callable[[], Any]
    data: Data
    query: Callable[[Any], Any] | None = None
    primary: bool = False
    differentiable: tuple[str, ...] | None = None
    tolerance: float = 1e-10
    float32_tolerance: float | None = 1e-3
    xfail: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    fit: Callable[[Any, Any, Any], Any] | None = None


def _around(X: Any) -> Any:
    if not isinstance(X, np.ndarray) or X.dtype.kind != "f" or X.ndim != 2:
        return X
    generator = np.random.default_rng(0)
    noise = generator.normal(size=X[:20].shape) * 0.3 * np.nanstd(X, axis=0)
    return np.concatenate([X[:40], X[:20] + noise])


@functools.cache
def fitted(name: str) -> Any:
    """The fitted estimator of a case; one fit per process."""
    case = CASES[name]
    X, y = case.data()
    with warnings.catch_warnings():
        # Convergence and deprecation of scikit-learn's own parameters are not what is tested.
        warnings.simplefilter("ignore")
        estimator = case.make()
        if case.fit is not None:
            return case.fit(estimator, X, y)
        return estimator.fit(X) if y is None else estimator.fit(X, y)


@functools.cache
def query(name: str) -> Any:
    """Rows that a case's model is asked about."""
    case = CASES[name]
    X, _ = case.data()
    return _around(X) if case.query is None else case.query(X)


def _collect() -> dict[str, Case]:
    cases: dict[str, Case] = {}
    for info in pkgutil.iter_modules(__path__):
        for case in getattr(importlib.import_module(f"{__name__}.{info.name}"), "CASES", ()):
            if case.name in cases:
                raise ValueError(f"two cases are named {case.name!r}")
            cases[case.name] = case
    return cases


CASES: dict[str, Case] = {}
CASES.update(_collect())


def class_name(case: Case) -> str:
    """The estimator class that a case is for."""
    return type(case.make()).__name__


@functools.cache
def primary_cases() -> frozenset[str]:
    """Cases that are also compiled: the first of each class and those that say so."""
    seen: set[str] = set()
    chosen: set[str] = set()
    for name, case in CASES.items():
        cls = class_name(case)
        if case.primary or cls not in seen:
            chosen.add(name)
        seen.add(cls)
    return frozenset(chosen)
