"""Settings of the whole suite: threads, the slow marker, the count of contract checks."""

import pytest
import torch

from tests.fresh import FreshInterpreter

torch.set_num_threads(1)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--full", action="store_true", help="run the whole cross product, slow tests too")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    gpu = torch.cuda.is_available()
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
    checks: list[str] = []
    for reports in terminalreporter.stats.values():
        for report in reports:
            if getattr(report, "when", None) == "call":
                checks += [str(value) for key, value in report.user_properties if key == "check"]
    if not checks:
        return
    by_capability: dict[str, list[str]] = {}
    for check in checks:
        method, _, capability = check.partition("/")
        by_capability.setdefault(capability, []).append(method)
    terminalreporter.section("contract")
    for capability, methods in sorted(by_capability.items()):
        classes = {m.partition(".")[0] for m in methods}
        pairs = len(set(methods))
        terminalreporter.write_line(
            f"{capability:<12} {len(methods):>6} checks  {pairs:>5} class x method  {len(classes):>4} classes"
        )
    terminalreporter.write_line(
        f"{'total':<12} {len(checks):>6} checks, {len(set(checks))} different class x method x capability"
    )


@pytest.fixture(scope="session")
def fresh_interpreter(tmp_path_factory: pytest.TempPathFactory):
    """One interpreter without scikit-learn and sk2torch, for the whole run of a worker."""
    interpreter = FreshInterpreter(tmp_path_factory.mktemp("fresh"))
    yield interpreter
    interpreter.close()
