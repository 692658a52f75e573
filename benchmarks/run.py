"""``python -m benchmarks.run``: measure the workloads, write ``cpu.json``, ``cpu.md`` and ``cpu.png``.

A run that was interrupted goes on where it stopped, as long as the sources, versions and options are the same.
"""

import argparse
import hashlib
import os
import pickle
import sys
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from . import records, report
from .data import ROOT
from .measuring import Plan, measure
from .peers import BASELINE, PEERS
from .processes import Worker, interpreters
from .workloads import TINY, TINY_ROWS, Fitted, Scale, Workload, full, load, selected

ORIGINAL = ROOT / ".venv-original" / "bin" / "python"
# How many peers convert at the same time.
CONVERSIONS = 2
# Seconds that are kept for each workload to come before slow conversions are left out.
RESERVE = 25.0
# Fitted estimators, by what decides them; some take longer to fit than to measure.
FITS = ROOT / "build" / "benchmarks"


def arguments(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.run", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--list", action="store_true", help="list workloads and peers")
    parser.add_argument("--only", action="append", default=[], metavar="PART", help="workloads whose name has PART")
    parser.add_argument("--peer", action="append", default=[], choices=list(PEERS), help="only these, and scikit-learn")
    parser.add_argument("--size", action="append", default=[], type=int, help="only these batch sizes")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--minutes", type=float, default=28.0, help="time for everything")
    parser.add_argument("--output", type=Path, default=records.RESULTS, help="folder for the results")
    parser.add_argument("--restart", action="store_true", help="measure again what an interrupted run has measured")
    parser.add_argument("--tiny", action="store_true", help="small models and few rows, to try the program out")
    parser.add_argument("--python", help="interpreter with the extra `bench`; default: this one")
    parser.add_argument("--original", default=str(ORIGINAL), help="interpreter with sk2torch 1.2.0")
    return parser.parse_args(argv)


def listing(console: Console) -> None:
    """Print the workloads and the peers."""
    table = Table("workload", "what it is", "method", "sizes")
    for w in load().values():
        table.add_row(w.name, w.title, w.method, ", ".join(f"{s:,}" for s in w.sizes))
    console.print(table)
    peers = Table("peer", "what it is", "environment")
    for name, (_, _, environment, text) in PEERS.items():
        peers.add_row(name, text, environment)
    console.print(peers)


def fit_of(workload: Workload, scale: Scale) -> tuple[Fitted, float]:
    """The workload, fitted or from the cache, and the seconds that fitting took."""
    import sklearn

    texts = [path.read_text() for path in sorted((ROOT / "benchmarks").glob("workloads*.py"))]
    texts += [(ROOT / "benchmarks" / "data.py").read_text(), (ROOT / "examples" / "flights.py").read_text()]
    key = hashlib.sha256("".join([*texts, sklearn.__version__, repr(scale)]).encode()).hexdigest()[:16]
    path = FITS / f"{workload.name}-{key}.pkl"
    if path.exists():
        return pickle.loads(path.read_bytes())
    start = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit = workload.build(scale)
    result = fit, time.perf_counter() - start
    FITS.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(f".{os.getpid()}")
    temporary.write_bytes(pickle.dumps(result))
    os.replace(temporary, path)
    return result


def start(options: argparse.Namespace, plan: Plan, peers: list[str]) -> tuple[Path, dict[str, Any], set[str]]:
    """The result file, its contents, and the workloads that an interrupted run of the same kind has done."""
    path = options.output / "cpu.json"
    results = records.read(path)
    run = {
        **records.conditions(options.threads),
        "peers": peers,
        "sizes": list(plan.sizes or ()),
        "only": sorted(options.only),
        "tiny": options.tiny,
    }
    goes_on = not results.get("complete", True) and results.get("run") == run and not options.restart
    done = set(results.get("done", ())) if goes_on else set()
    results.update(complete=False, run=run, done=sorted(done))
    return path, results, done


def measure_all(options: argparse.Namespace, console: Console) -> Path:
    """Measure what ``options`` select; the path of the result file."""
    if options.output == records.RESULTS and (options.peer or options.size or options.tiny):
        raise SystemExit("--peer, --size and --tiny measure a part, which is not for publishing: give an --output")
    chosen = selected(options.only)
    python = interpreters(options.python, options.original)
    wanted = [p for p in PEERS if not options.peer or p in options.peer or p == BASELINE]
    peers = [p for p in wanted if python[PEERS[p][2]]]
    for peer in set(wanted) - set(peers):
        console.print(f"[yellow]{peer}: no environment at {options.original}; `make bench` makes it")
    sizes = (1, TINY_ROWS) if options.tiny else tuple(options.size) or None
    plan = Plan(sizes=sizes, gate_rows=TINY_ROWS if options.tiny else Plan.gate_rows)
    path, results, done = start(options, plan, peers)
    conditions = records.conditions(options.threads)
    workers = {p: Worker(p, str(python[PEERS[p][2]]), options.threads) for p in peers}
    end = time.monotonic() + 60 * options.minutes
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    try:
        # For the whole run: a worker ends with the thread that started it.
        with ThreadPoolExecutor(CONVERSIONS) as pool, Progress(*columns, console=console) as progress:
            task = progress.add_task("", total=len(chosen), completed=len(done))
            todo = [w for w in chosen if w.name not in done]
            for k, workload in enumerate(todo):
                say = lambda text, name=workload.name: progress.update(task, description=f"{name}: {text}")  # noqa: E731
                say("fitting")
                left = end - time.monotonic() - RESERVE * (len(todo) - k - 1)
                began = time.monotonic()
                scale = TINY if options.tiny else full(max(plan.gate_rows, *(plan.sizes or workload.sizes)))
                fit, seconds = fit_of(workload, scale)
                record = measure(workload, fit, workers, plan.within(left), say, pool)
                record.update(fit_seconds=seconds, seconds=time.monotonic() - began, conditions=conditions)
                record["load"] = os.getloadavg()[0]
                results["workloads"][workload.name] = record
                results["done"] = sorted({*results["done"], workload.name})
                records.write(path, results)
                progress.console.print(summary(workload.name, record))
                progress.advance(task)
    finally:
        for worker in workers.values():
            worker.close()
    results.update(complete=True)
    records.write(path, results)
    return path


def summary(name: str, record: dict[str, Any]) -> Table:
    """One workload's times and what became of each peer."""
    table = Table(title=f"{name}: {record['title']} ({record['method']})", title_justify="left")
    table.add_column("peer")
    table.add_column("answers")
    for size in record["sizes"]:
        table.add_column(f"{size:,} rows", justify="right")
    base = record["peers"][BASELINE]["times"]
    absent = []
    for peer, entry in record["peers"].items():
        if entry["status"] != "ok":
            absent.append(f"{peer}: {entry['status']}, {entry['reason'][:100]}")
            continue
        cells = []
        for size in map(str, record["sizes"]):
            cell, reference = entry["times"].get(size, {}), base.get(size, {}).get("seconds")
            seconds = cell.get("seconds")
            ratio = f" {reference / seconds:8.3g}x" if seconds and reference else ""
            cells.append(f"{report.duration(seconds)}{ratio}" if seconds else cell.get("skipped", "")[:30])
        table.add_row(peer, entry["gate"]["verdict"], *cells)
    table.caption = escape("\n".join(absent))
    table.caption_justify = "left"
    return table


def main(argv: list[str] | None = None) -> None:
    options = arguments(argv)
    # Piped, a console has 80 columns: too few for the tables.
    console = Console(width=None if sys.stdout.isatty() else 140)
    if options.list:
        listing(console)
        return
    path = measure_all(options, console)
    for written in report.write(path):
        console.print(f"wrote {written}")


if __name__ == "__main__":
    main()
