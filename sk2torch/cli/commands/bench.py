"""``sk2torch bench``."""

import functools
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import torch
import typer
from rich.markup import escape
from rich.table import Table

from sk2torch.base import METHODS, TorchEstimator, sklearn_result
from sk2torch.cli import options
from sk2torch.cli.checking import Rows, check, read_rows, report_dict
from sk2torch.cli.estimators import load_estimator, wrapped
from sk2torch.cli.reporting import Mistake, console, end, mistakes_explained, note, print_json
from sk2torch.export import read_metadata
from sk2torch.predictor import Predictor
from sk2torch.verification import Report

BATCH_SIZES = (1, 100, 10_000)
BASELINE, EAGER = "scikit-learn", "sk2torch"
# Calls timed of each target and batch size, at least and at most.
_FEWEST, _MOST = 3, 200


@dataclass(frozen=True)
class Figure:
    """Speed of one target at one batch size; ``ratio`` is to scikit-learn."""

    target: str
    batch_size: int
    seconds: float
    rows_per_second: float
    ratio: float


def bench(
    model: options.Model,
    artifacts: Annotated[
        list[Path] | None, typer.Argument(help="Exported files to time beside it.", metavar="[ARTIFACT]...")
    ] = None,
    *,
    data: options.Data,
    method: Annotated[
        str | None, typer.Option("--method", help="What to time; default: predict_proba, else the model's first.")
    ] = None,
    batch_size: Annotated[
        list[int] | None,
        typer.Option("--batch-size", min=1, help="Rows a call; repeat for more. Default: 1 100 10000."),
    ] = None,
    seconds: Annotated[
        float, typer.Option("--seconds", min=0, help="Time for each target and batch size, about.")
    ] = 1.0,
    rows: options.Rows = 20_000,
    drop: options.Drop = None,
    trust: options.Trust = None,
    trust_pickle: options.TrustPickle = False,
    json: options.Json = False,
) -> None:
    """Time scikit-learn, the converted model and artifacts on the same rows, once they answer alike."""
    with mistakes_explained():
        described = {path.name: read_metadata(path) for path in artifacts or ()}
        estimator = load_estimator(model, trust or (), trust_pickle)
        module = wrapped(estimator)
        table = read_rows(data, module.encoding, drop or (), rows)
        targets: dict[str, TorchEstimator | Path] = {EAGER: module}
        targets |= {path.name: path for path in artifacts or ()}
        reports = {name: check(estimator, target, table, name=name) for name, target in targets.items()}
        predictors = {name: Predictor(targets[name]) for name, report in reports.items() if report.passed}
        chosen = _method(method, [m.method for m in reports[EAGER].methods], described)
        sizes = _sizes(batch_size, len(table))
        figures = _figures(estimator, predictors, chosen, table, sizes, seconds)
        _tell(figures, reports, chosen, json)
        end(all(report.passed for report in reports.values()))


def _method(asked: str | None, available: list[str], described: dict[str, Any]) -> str:
    usable = [name for name in available if METHODS[name].kind != "input"]
    method = asked or ("predict_proba" if "predict_proba" in usable else usable[0])
    if method not in usable:
        raise Mistake(f"the model has no method {method!r} to time; it has {', '.join(usable)}.")
    absent = [name for name, about in described.items() if method not in about["methods"]]
    if absent:
        raise Mistake(f"{', '.join(absent)} has no {method}; name another --method.")
    return method


def _sizes(asked: list[int] | None, n_rows: int) -> list[int]:
    if asked is not None and max(asked) > n_rows:
        raise Mistake(f"--batch-size {max(asked)} is more than the {n_rows:,} rows that there are; raise --rows.")
    return sorted({min(size, n_rows) for size in asked or BATCH_SIZES})


def _figures(
    estimator: Any, predictors: dict[str, Predictor], method: str, rows: Rows, sizes: list[int], budget: float
) -> list[Figure]:
    found = []
    for size in sizes:
        X = rows.first(size)
        calls: dict[str, Callable[[], Any]] = {BASELINE: functools.partial(sklearn_result, estimator, method, X)}
        for name, predictor in predictors.items():
            calls[name] = functools.partial(getattr(predictor, method), X)
        with console(stderr=True).status(f"timing {size:,} rows"):
            medians = _medians(calls, budget)
        for name, spent in medians.items():
            found.append(Figure(name, size, spent, size / spent, medians[BASELINE] / spent))
    return found


def _medians(calls: dict[str, Callable[[], Any]], budget: float) -> dict[str, float]:
    """Median seconds of each call; taken in turns, so that what else the machine does falls on all alike."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for call in calls.values():
        call()
    ends = time.perf_counter() + budget * len(calls)
    for k in range(_MOST):
        if k >= _FEWEST and time.perf_counter() > ends:
            break
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            times[name].append(time.perf_counter() - start)
    return {name: statistics.median(spent) for name, spent in times.items()}


def _tell(figures: list[Figure], reports: dict[str, Report], method: str, json: bool) -> None:
    wrong = [name for name, report in reports.items() if not report.passed]
    if wrong:
        note(f"not timed, as they do not answer as the estimator does: {', '.join(wrong)}")
    if json:
        checks = {name: report_dict(report) for name, report in reports.items()}
        listed = [asdict(figure) for figure in figures]
        print_json({"method": method, "threads": torch.get_num_threads(), "figures": listed, "checks": checks})
        return
    for name in wrong:
        console().print(reports[name])
    title = f"{method}: rows a second, and ratio to scikit-learn ({torch.get_num_threads()} threads of torch)"
    table = Table(title=title, title_justify="left")
    table.add_column("")
    for heading in ("rows a call", "time", "rows/s", "vs scikit-learn"):
        table.add_column(heading, justify="right")
    for figure in figures:
        speed = [f"{figure.seconds * 1e3:.3f} ms", f"{figure.rows_per_second:,.0f}", f"{figure.ratio:.2f}x"]
        table.add_row(escape(figure.target), f"{figure.batch_size:,}", *speed, end_section=_is_last(figure, figures))
    console().print(table, highlight=False)


def _is_last(figure: Figure, figures: list[Figure]) -> bool:
    """Whether it is the last of its batch size."""
    return [other for other in figures if other.batch_size == figure.batch_size][-1] is figure
