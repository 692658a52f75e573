"""``python -m benchmarks.compile_times``: how long cases of the tests take to compile cold, and how often they do.

Each primary case of ``tests/cases`` is compiled with ``dynamic=True`` and without torch's caches, then answers batches
of several sizes, which must not compile anything again. Writes a table, the slowest first.
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
from rich.table import Table

from .data import ROOT

# A compilation may take this many seconds, and a case this many before its process is ended.
LIMIT, PATIENCE = 20.0, 240.0
RESULTS = ROOT / "build" / "compile_times.md"


def arguments(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.compile_times", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="cases whose name has NAME")
    parser.add_argument("--exact", action="store_true", help="--only gives whole names")
    parser.add_argument("--method", action="append", default=[], help="these methods; default: the model's first")
    parser.add_argument("--all-methods", action="store_true")
    parser.add_argument("--size", action="append", default=[], type=int, help="batch sizes; default: 1, 2, 7, 100")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--output", type=Path, default=RESULTS, help="file for the table")
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


def compilations(name: str, methods: list[str], all_methods: bool, sizes: list[int]) -> list[dict[str, Any]]:
    """Seconds to the first answer, graphs per batch size and the largest error, by method of one case."""
    import torch
    from torch._dynamo.utils import counters

    import sk2torch
    from sk2torch.base import methods_of
    from tests import checks
    from tests.cases import fitted, query

    estimator = fitted(name)
    model = sk2torch.wrap(estimator)
    present = methods_of(model)
    records = []
    for method in present if all_methods else [m for m in methods if m in present] or present[:1]:
        x = checks.module_input(model, method, checks.argument(estimator, method, query(name)))
        x = x.to_dense() if x.is_sparse_csr else x
        torch._dynamo.reset()
        counters.clear()
        call = getattr(sk2torch.compile(model, dynamic=True), method)
        graphs, seconds, processor, error = [], 0.0, 0.0, 0.0
        for size in sizes:
            rows = x.repeat(-(-size // x.shape[0]), 1)[:size]
            start, worked = time.perf_counter(), time.process_time()
            with torch.no_grad():
                answer = call(rows)
                if not graphs:
                    seconds, processor = time.perf_counter() - start, time.process_time() - worked
                expected = getattr(model, method)(rows)
            graphs.append(counters["stats"]["unique_graphs"])
            pairs = zip(checks.parts(answer), checks.parts(expected), strict=True)
            error = max(error, *(checks.relative_error(a, e) if a.shape == e.shape else float("inf") for a, e in pairs))
        times = {"seconds": seconds, "processor": processor}
        records.append({"case": name, "method": method, **times, "graphs": graphs, "error": error})
    return records


def measure(names: list[str], options: argparse.Namespace, console: Console) -> list[dict[str, Any]]:
    """``compilations`` of each case in a process that is replaced when it takes too long."""
    os.environ["TORCHINDUCTOR_FORCE_DISABLE_CACHES"] = "1"
    context = multiprocessing.get_context("spawn")
    sizes = options.size or [1, 2, 7, 100]
    records: list[dict[str, Any]] = []
    pool = context.Pool(1, prepare, (options.threads,))
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    try:
        with Progress(*columns, console=console) as progress:
            for name in progress.track(names, description="compiling"):
                task = pool.apply_async(compilations, (name, options.method, options.all_methods, sizes))
                try:
                    found = task.get(PATIENCE)
                except Exception as error:
                    # Of any kind: a case that does not compile is a line of the table.
                    pool.terminate()
                    pool = context.Pool(1, prepare, (options.threads,))
                    why = type(error).__name__ + ": " + str(error).split("\n")[0][:60]
                    found = [
                        {"case": name, "method": why, "seconds": PATIENCE, "processor": 0.0, "graphs": [], "error": 0.0}
                    ]
                records += found
                progress.console.print(*(line(record) for record in found), sep="\n")
    finally:
        pool.terminate()
    return sorted(records, key=lambda record: -record["seconds"])


def verdict(record: dict[str, Any]) -> str:
    """What is wrong with a record, in a few words."""
    faults = []
    if record["seconds"] > LIMIT:
        faults.append(f"over {LIMIT:g} s")
    if len(set(record["graphs"])) > 1:
        faults.append(f"graphs {record['graphs']}")
    if record["error"] > 1e-9:
        faults.append(f"error {record['error']:.1e}")
    return ", ".join(faults)


def line(record: dict[str, Any]) -> str:
    times = f"{record['seconds']:7.2f} s ({record['processor']:.2f} s of work)"
    return f"{times}  {record['case']}.{record['method']}  {verdict(record)}"


def main(argv: list[str] | None = None) -> None:
    options = arguments(argv)
    console = Console(width=140)
    records = measure(chosen(options.only, options.exact), options, console)
    headings = ["case", "method", "seconds", "of work", ""]
    cells = [[r["case"], r["method"], f"{r['seconds']:.1f}", f"{r['processor']:.1f}", verdict(r)] for r in records]
    table = Table(*headings, title="cold compilation on " + f"{options.threads} threads")
    for row in cells:
        table.add_row(*row)
    console.print(table)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    lines = [headings, ["---"] * len(headings), *cells]
    options.output.write_text("\n".join("| " + " | ".join(row) + " |" for row in lines) + "\n")
    console.print(f"wrote {options.output}")


if __name__ == "__main__":
    main()
