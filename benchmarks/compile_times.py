"""``python -m benchmarks.compile_times``: how long cases of the tests take to compile cold, and how often they do.

Each primary case of ``tests/cases`` is compiled with ``dynamic=True`` and without torch's caches, then answers batches
of several sizes, which must not compile anything again. Writes the records after each case: a sweep that was
interrupted goes on with ``--continue``, and measures what fell short again. ``benchmarks.compile_table`` makes
``docs/compile-times.md`` of them.
"""

import argparse
import multiprocessing
import os
import time
import warnings
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from . import records
from .compile_table import line, verdict
from .data import ROOT

# Seconds that a case may take before its process is ended.
PATIENCE = 240.0
# Numbers of an input, at most: 128 MiB.
NUMBERS = 2**24
# Rows that a method which relates all rows to each other is asked about, at most.
JOINT_ROWS = 100
# One row, the widths of many cases, and many rows.
SIZES = [1, 2, 5, 8, 100, 100_000]
RESULTS = ROOT / "build" / "compile.json"


def arguments(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.compile_times", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="cases whose name has NAME")
    parser.add_argument("--exact", action="store_true", help="--only gives whole names")
    parser.add_argument("--method", action="append", default=[], help="these methods; default: the model's first")
    parser.add_argument("--all-methods", action="store_true")
    parser.add_argument("--size", action="append", default=[], type=int, help=f"batch sizes; default: {SIZES}")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument(
        "--continue", action="store_true", dest="resume", help="only what --output lacks, or has a fault"
    )
    parser.add_argument("--output", type=Path, default=RESULTS, help="file for the records")
    return parser.parse_args(argv)


def chosen(only: list[str], exact: bool) -> list[str]:
    """Names of primary cases that ``only`` selects, all without it."""
    from tests.cases import CASES, primary_cases

    names = [name for name in CASES if name in primary_cases()]
    return [n for n in names if not only or any(part == n if exact else part in n for part in only)]


def prepare(threads: int) -> None:
    """What only the first compilation in a process does."""
    import torch

    warnings.simplefilter("ignore")
    torch.set_num_threads(threads)
    torch.compile(torch.exp)(torch.zeros(16, dtype=torch.float64))


def worked() -> float:
    """Seconds of processors that this process and those it waited for, such as C++ compilers, have used."""
    return sum(os.times()[:4])


def batches(x: Any, method: str, sizes: list[int]) -> list[Any]:
    """``x`` repeated or cut to each number of rows that a method can be asked about."""
    from sk2torch.base import METHODS

    most = JOINT_ROWS if METHODS[method].is_joint else NUMBERS // max(1, x[:1].numel())
    return [
        x.repeat(-(-size // x.shape[0]), *[1] * (x.ndim - 1))[:size].clone() for size in sizes if size <= max(most, 1)
    ]


def compilation(case: str, model: Any, method: str, x: Any, sizes: list[int]) -> dict[str, Any]:
    """Seconds to the first answer, graphs after each batch, and the largest error, of one method."""
    import torch
    from torch._dynamo.utils import counters

    import sk2torch
    from tests import checks

    torch._dynamo.reset()
    counters.clear()
    call = getattr(sk2torch.compile(model, dynamic=True), method)
    found: dict[str, Any] = {"case": case, "method": method, "graphs": [], "rows": [], "error": 0.0}
    for rows in batches(x, method, sizes):
        started, before = time.perf_counter(), worked()
        with torch.no_grad():
            answer = call(rows)
            if not found["graphs"]:
                found |= {"seconds": time.perf_counter() - started, "processor": worked() - before}
            expected = getattr(model, method)(rows)
        found["graphs"].append(counters["stats"]["unique_graphs"])
        found["rows"].append(rows.shape[0])
        pairs = zip(checks.parts(answer), checks.parts(expected), strict=True)
        errors = [checks.relative_error(a, e) if a.shape == e.shape else float("inf") for a, e in pairs]
        found["error"] = max(found["error"], *errors)
    return found | {"load": os.getloadavg()[0]}


def compilations(name: str, methods: list[str], all_methods: bool, sizes: list[int]) -> list[dict[str, Any]]:
    """``compilation`` of one case's methods."""
    import sk2torch
    from sk2torch.base import methods_of
    from tests import checks
    from tests.cases import fitted, query

    estimator = fitted(name)
    model = sk2torch.wrap(estimator)
    present = methods_of(model)
    found = []
    for method in present if all_methods else [m for m in methods if m in present] or present[:1]:
        x = checks.module_input(model, method, checks.argument(estimator, method, query(name)))
        found.append(compilation(name, model, method, x.to_dense() if x.is_sparse_csr else x, sizes))
    return [{"class": type(estimator).__name__, **record} for record in found]


def failure(name: str, error: Exception) -> dict[str, Any]:
    """The record of a case that does not compile."""
    from tests.cases import CASES, class_name

    why = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
    return {"class": class_name(CASES[name]), "case": name, "method": "", "failure": why[:200]}


def measure(names: list[str], options: argparse.Namespace, console: Console) -> list[dict[str, Any]]:
    """``compilations`` of each case in a process that is replaced when it takes too long."""
    os.environ["TORCHINDUCTOR_FORCE_DISABLE_CACHES"] = "1"
    context = multiprocessing.get_context("spawn")
    results = records.read(options.output) if options.resume else {}
    found: list[dict[str, Any]] = [record for record in results.get("compilations", []) if not verdict(record)]
    missing = [name for name in names if name not in {record["case"] for record in found}]
    run = records.conditions(options.threads)
    sources = {"sources": run["sources"]}
    pool = context.Pool(1, prepare, (options.threads,))
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    try:
        with Progress(*columns, console=console) as progress:
            for name in progress.track(missing, description="compiling"):
                arguments = (name, options.method, options.all_methods, options.size or SIZES)
                try:
                    new = pool.apply_async(compilations, arguments).get(PATIENCE)
                except Exception as error:
                    # Of any kind: a case that does not compile is a line of the table.
                    pool.terminate()
                    pool = context.Pool(1, prepare, (options.threads,))
                    new = [failure(name, error)]
                found += [record | sources for record in new]
                records.write(options.output, {"kind": "compilation", "run": run, "compilations": found})
                progress.console.print(*(line(record) for record in new), sep="\n")
    finally:
        pool.terminate()
    return found


def main(argv: list[str] | None = None) -> None:
    options = arguments(argv)
    console = Console(width=160)
    measure(chosen(options.only, options.exact), options, console)
    console.print(f"wrote {options.output}")


if __name__ == "__main__":
    main()
