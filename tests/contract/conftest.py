"""Crosses the contract with the table of cases, and counts what was checked."""

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
import torch

import sk2torch
from sk2torch.base import methods_of
from tests import checks
from tests.cases import CASES, Case, class_name, fitted, primary_cases, query


class Subject(NamedTuple):
    """One case, ready to be examined."""

    case: Case
    estimator: Any
    X: Any
    model: sk2torch.TorchEstimator
    methods: list[str]
    tick: Callable[[str], None]

    def argument(self, method: str) -> Any:
        return checks.argument(self.estimator, method, self.X)

    def input(self, method: str) -> torch.Tensor:
        return checks.module_input(self.model, method, self.argument(method))

    def dense_input(self, method: str) -> torch.Tensor:
        """``input`` as exported programs take it."""
        x = self.input(method)
        return x.to_dense() if x.is_sparse_csr else x

    def expected(self, method: str) -> Any:
        """What the module gives in eager mode, on which parity is checked elsewhere."""
        with torch.no_grad():
            return getattr(self.model, method)(self.input(method))


def _capability(module_name: str) -> str:
    return module_name.rpartition("test_")[2]


def _gaps(case: Case, capability: str) -> dict[str | None, str]:
    """Reasons by method of what a case cannot do; the key None stands for all methods."""
    gaps: dict[str | None, str] = {}
    for key, reason in case.xfail.items():
        name, _, method = key.partition(".")
        if name == capability:
            gaps[method or None] = reason
    return gaps


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "subject" not in metafunc.fixturenames:
        return
    capability = _capability(metafunc.module.__name__)
    only_primary = getattr(metafunc.module, "PRIMARY_ONLY", False)
    params = []
    for name, case in CASES.items():
        slow = [pytest.mark.slow] if only_primary and name not in primary_cases() else []
        gaps = _gaps(case, capability)
        if None not in gaps:
            params.append(pytest.param((name, None), id=name, marks=slow))
        for method, reason in gaps.items():
            gap = pytest.mark.xfail(reason=reason, strict=True)
            test_id = name if method is None else f"{name}-{method}"
            params.append(pytest.param((name, method), id=test_id, marks=[*slow, gap]))
    metafunc.parametrize("subject", params, indirect=True)


@pytest.fixture
def subject(request: pytest.FixtureRequest, record_property: Callable[[str, object], None]) -> Subject:
    name, only = request.param
    case = CASES[name]
    capability = _capability(request.module.__name__)
    gaps = _gaps(case, capability)

    def tick(method: str) -> None:
        record_property("check", f"{class_name(case)}.{method}/{capability}")

    estimator = fitted(name)
    model = sk2torch.wrap(estimator)
    methods = [m for m in methods_of(model) if (m == only if only else m not in gaps)]
    for method in methods if gaps.keys() & {only} else ():
        record_property("gap", f"{class_name(case)}.{method}/{capability}: {gaps[only]}")
    return Subject(case, estimator, query(name), model, methods, tick)
