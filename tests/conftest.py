"""Settings of the whole suite: threads, the slow marker, the count of contract checks."""

import json
import os
from pathlib import Path

import hypothesis
import numpy as np
import pytest
import torch

from tests.fresh import FreshInterpreter
from tests.record import Record

torch.set_num_threads(1)
# Where there is no device, Triton's interpreter runs the kernels; it has to be chosen before triton is imported.
if not torch.cuda.is_available():
    os.environ.setdefault("TRITON_INTERPRET", "1")
# The same examples in every run; fits differ too much in time for a deadline.
hypothesis.settings.register_profile(
    "suite",
    max_examples=25,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(hypothesis.HealthCheck),
)
hypothesis.settings.load_profile("suite")


@pytest.fixture(autouse=True)
def seeds() -> None:
    """What a test leaves to chance is the same in every run and every order of tests."""
    np.random.seed(0)
    torch.manual_seed(0)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--record", type=Path, help="write what the contract tests checked to this JSON file")
    parser.addoption("--device", default="cuda", help="where tests marked `gpu` run; cpu to try them out without a GPU")
    parser.addoption("--full", action="store_true", help="run the whole cross product, slow tests too")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    gpu = config.getoption("--device") != "cuda" or torch.cuda.is_available()
    kept, left_out = [], []
    for item in items:
        if item.get_closest_marker("gpu") and not gpu:
            item.add_marker(pytest.mark.skip(reason="no CUDA device"))
        slow = item.get_closest_marker("slow") is not None and not config.getoption("--full")
        (left_out if slow else kept).append(item)
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = kept


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    found: dict[str, list[str]] = {"check": [], "gap": [], "agreement": [], "count": []}
    for reports in terminalreporter.stats.values():
        for report in reports:
            if getattr(report, "when", None) == "call":
                for key, value in report.user_properties:
                    if key in found:
                        found[key].append(str(value))
    for line in found["count"]:
        terminalreporter.write_line(line)
    if not found["check"]:
        return
    record = Record(found["check"], found["gap"], found["agreement"])
    terminalreporter.section("contract")
    for line in record.summary():
        terminalreporter.write_line(line)
    path = terminalreporter.config.getoption("--record")
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(record.to_dict()))


@pytest.fixture(scope="session")
def device(request: pytest.FixtureRequest) -> str:
    """The device of tests marked ``gpu``."""
    return request.config.getoption("--device")


@pytest.fixture(scope="session")
def fresh_interpreter(tmp_path_factory: pytest.TempPathFactory):
    """One interpreter without scikit-learn and sk2torch, for the whole run of a worker."""
    interpreter = FreshInterpreter(tmp_path_factory.mktemp("fresh"))
    yield interpreter
    interpreter.close()


@pytest.fixture(scope="session")
def interpreter_without_sklearn(tmp_path_factory: pytest.TempPathFactory):
    """One interpreter with sk2torch but without scikit-learn, for the whole run of a worker."""
    interpreter = FreshInterpreter(tmp_path_factory.mktemp("loading"), has_sk2torch=True)
    yield interpreter
    interpreter.close()
