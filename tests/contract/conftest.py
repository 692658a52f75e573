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

    def expected(self, method: str) -> Any:
        """What the module gives in eager mode, on which parity is checked elsewhere."""
        with torch.no_grad():
            return getattr(self.model, method)(self.input(method))


def _capability(module_name: str) -> str:
    return module_name.rpartition("test_")[2]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "subject" not in metafunc.fixturenames:
        return
    capability = _capability(metafunc.module.__name__)
    only_primary = getattr(metafunc.module, "PRIMARY_ONLY", False)
    params = []
    for name, case in CASES.items():
        marks = []
        if only_primary and name not in primary_cases():
            marks.append(pytest.mark.slow)
        if capability in case.xfail:
            marks.append(pytest.mark.xfail(reason=case.xfail[capability], strict=True))
        params.append(pytest.param(name, id=name, marks=marks))
    metafunc.parametrize("subject", params, indirect=True)


@pytest.fixture
def subject(request: pytest.FixtureRequest, record_property: Callable[[str, object], None]) -> Subject:
    case = CASES[request.param]
    capability = _capability(request.module.__name__)

    def tick(method: str) -> None:
        record_property("check", f"{class_name(case)}.{method}/{capability}")

    estimator = fitted(case.name)
    model = sk2torch.wrap(estimator)
    return Subject(case, estimator, query(case.name), model, methods_of(model), tick)
