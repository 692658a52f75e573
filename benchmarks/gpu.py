"""``python -m benchmarks.gpu``: the heavy workloads on a GPU.

Beside scikit-learn on this machine's CPU, hummingbird-ml and textbook torch on the same GPU, and the time that copying
and multiplying alone would take.

Writes ``results/<device>.json`` after each workload. Without a CUDA device it says so and succeeds.
"""

import argparse
import re
import statistics
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor

import sk2torch

from . import records
from .correctness import examine
from .gpu_reference import OTHERS, REFERENCES, Work
from .gpu_table import HEADINGS, rows
from .workloads import TINY, TINY_ROWS, full, load

DTYPES = {"float64": torch.float64, "float32": torch.float32}
GATE_ROWS = 10_000
REPEATS = 7
# One cell's calls; a call that takes longer is made once.
CELL_SECONDS = 0.5
# scikit-learn is asked fewer rows where many would take longer than this.
CPU_SECONDS = 5.0


def synchronize(device: str) -> None:
    """Wait until the device has done what it was told."""
    if device != "cpu":
        torch.cuda.synchronize()


def median_seconds(call: Callable[[], Any], device: str, budget: float = CELL_SECONDS) -> float:
    """Median time of a call after a first one, until the device is done with it."""
    call()
    synchronize(device)
    taken: list[float] = []
    while len(taken) < REPEATS and sum(taken) < budget:
        start = time.perf_counter()
        call()
        synchronize(device)
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def roof(device: str, tiny: bool) -> dict[str, float]:
    """Bytes per second of a copy, read and written, and operations per second of a matrix product of each dtype."""
    length, side = (2**16, 128) if tiny else (2**28, 8192)
    source = torch.zeros(length, dtype=torch.float32, device=device)
    target = torch.empty_like(source)
    found = {"copy": 2.0 * 4 * length / median_seconds(lambda: target.copy_(source), device)}
    for name, dtype in DTYPES.items():
        a = torch.randn(side, side, dtype=dtype, device=device)
        found[name] = 2.0 * side**3 / median_seconds(lambda a=a: a @ a, device)
    return found


def cpu_seconds(estimator: Any, method: str, X: np.ndarray) -> tuple[float, int]:
    """scikit-learn's time and for how many rows: as many as take at most about ``CPU_SECONDS``."""
    names = [n for n in estimator.get_params() if n.split("__")[-1] == "n_jobs"]
    estimator.set_params(**dict.fromkeys(names, -1))
    call, n = getattr(estimator, method), min(len(X), 1000)
    while True:
        start = time.perf_counter()
        call(X[:n])
        spent = time.perf_counter() - start
        if n == len(X) or spent * 10 > CPU_SECONDS:
            return spent, n
        n = min(len(X), 10 * n)


def hummingbird_call(estimator: Any, method: str, X: np.ndarray, device: str) -> Callable[[np.ndarray], Any] | str:
    """hummingbird-ml on the device, or why not."""
    try:
        import hummingbird.ml

        container = hummingbird.ml.convert(estimator, "pytorch", X[:100], device=device)
        return getattr(container, method)
    except Exception as error:
        return f"{type(error).__name__}: {error}"[:200]


class Bench:
    """Measures one workload after another on a device and keeps the results file up to date.

    Args:
        device: ``cuda`` or ``cpu``.
        sizes: batch sizes.
        tiny: small models and rates, to try the program out.
        path: the result file.
        end: monotonic time after which no further workload begins.
    """

    def __init__(self, device: str, sizes: list[int], tiny: bool, path: Path, end: float) -> None:
        self.device, self.sizes, self.tiny, self.path, self.end = device, sizes, tiny, path, end
        self.roof = roof(device, tiny)
        self.results: dict[str, Any] = {
            "kind": "gpu",
            "complete": False,
            "run": {
                **records.conditions(torch.get_num_threads()),
                "gpu": device_name(device),
                "cuda": torch.version.cuda,
                "tf32": torch.backends.cuda.matmul.allow_tf32,
                "roof": self.roof,
            },
            "workloads": {},
        }

    def all(self, names: list[str], say: Callable[[str], None]) -> None:
        """Measure the named workloads; what the time does not allow is noted."""
        for name in names:
            if time.monotonic() > self.end:
                record: dict[str, Any] = {"skipped": "the time for the whole run was spent"}
            else:
                start = time.monotonic()
                try:
                    record = self.measure(name)
                except Exception as error:
                    # A kernel that fails on this device is a result; the other workloads are still to be measured.
                    record = {"error": f"{type(error).__name__}: {error}"[:500]}
                record["seconds"] = time.monotonic() - start
            say(f"{name}: {record.get('error') or record.get('skipped') or format(record['seconds'], '.1f') + ' s'}")
            self.results["workloads"][name] = record
            records.write(self.path, self.results)
            if self.device != "cpu":
                torch.cuda.empty_cache()
        self.results["complete"] = True
        records.write(self.path, self.results)

    def measure(self, name: str) -> dict[str, Any]:
        """One workload, both dtypes, all sizes."""
        reference, method = REFERENCES[name] if name in REFERENCES else (None, OTHERS[name])
        n_query = TINY_ROWS if self.tiny else max(*self.sizes, GATE_ROWS)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fit = load()[name].build(TINY if self.tiny else full(n_query))
            X, estimator = np.ascontiguousarray(fit.X), fit.estimator
            expected = getattr(estimator, method)(X[:GATE_ROWS])
            spent, rows = cpu_seconds(estimator, method, X)
        record: dict[str, Any] = {"title": load()[name].title, "method": method, "dtypes": {}}
        record["sklearn"] = {"rows": rows, "seconds": spent, "cpu": records.processor()}
        rival = hummingbird_call(estimator, method, X, self.device)
        for dtype_name, dtype in DTYPES.items():
            like = torch.zeros((), dtype=dtype, device=self.device)
            model = sk2torch.wrap(estimator, dtype=dtype, device=self.device)
            calls: dict[str, Callable[[Tensor], Any]] = {"ours": getattr(model, method)}
            work = None
            if reference is not None:
                calls["textbook"], work = reference(estimator, like)
            if dtype == torch.float32 and not isinstance(rival, str):
                calls["hummingbird"] = rival
            record["dtypes"][dtype_name] = self.cells(calls, work, X, like, {method: expected})
        if isinstance(rival, str):
            record["hummingbird"] = rival
        return record

    def cells(
        self, calls: dict[str, Callable], work: Work | None, X: np.ndarray, like: Tensor, expected: dict[str, Any]
    ) -> dict[str, Any]:
        """The gate and the times of every implementation in one dtype; those that fail it are not timed."""
        found: dict[str, Any] = {}
        whole = torch.from_numpy(X).to(like)
        (method,) = expected
        for who, call in calls.items():
            part = (lambda n: X[:n]) if who == "hummingbird" else (lambda n: whole[:n])
            entry: dict[str, Any] = {"gate": {"verdict": "error"}, "seconds": {}}
            try:
                entry["gate"] = examine({method: as_numpy(call(part(GATE_ROWS)))}, expected).to_dict()
                for size in self.sizes if entry["gate"]["verdict"] != "wrong" else ():
                    entry["seconds"][str(size)] = median_seconds(lambda: call(part(size)), self.device)  # noqa: B023
            except (RuntimeError, MemoryError) as error:
                # Out of memory at the larger sizes, most often.
                entry["error"] = str(error)[:300]
            found[who] = entry
        largest = max(self.sizes)
        if str(largest) in found["ours"]["seconds"]:
            back = lambda: as_numpy(calls["ours"](torch.from_numpy(X[:largest]).to(like)))  # noqa: E731
            found["from numpy"] = median_seconds(back, self.device)
        if work is not None:
            rate = self.roof[str(like.dtype).removeprefix("torch.")]
            found["roof"] = {
                str(s): work.roof_seconds(s, like.element_size(), rate, self.roof["copy"]) for s in self.sizes
            }
        return found


def as_numpy(result: Any) -> Any:
    """An array from a tensor or an array."""
    return result.detach().cpu().numpy() if isinstance(result, Tensor) else np.asarray(result)


def device_name(device: str) -> str:
    """The device in words."""
    return torch.cuda.get_device_name() if device != "cpu" else f"CPU: {records.processor()}"


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--device", default="cuda", help="cuda, or cpu to try the program out")
    parser.add_argument("--only", action="append", default=[], metavar="PART", help="workloads whose name has PART")
    parser.add_argument("--size", action="append", default=[], type=int)
    parser.add_argument("--tiny", action="store_true", help="small models, few rows")
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--output", type=Path, default=records.RESULTS)
    options = parser.parse_args(argv)
    console = Console(width=140)
    if options.device == "cuda" and not torch.cuda.is_available():
        console.print("no CUDA device: nothing to measure")
        return
    names = [n for n in (*REFERENCES, *OTHERS) if not options.only or any(part in n for part in options.only)]
    slug = re.sub(r"[^a-z0-9]+", "-", device_name(options.device).lower()).strip("-")
    sizes = options.size or ([TINY_ROWS] if options.tiny else [10_000, 100_000, 1_000_000])
    path = options.output / f"{slug}.json"
    with torch.no_grad():
        bench = Bench(options.device, sizes, options.tiny, path, time.monotonic() + 60 * options.minutes)
        bench.all(names, console.print)
    for dtype in DTYPES:
        table = Table("workload", *HEADINGS, title=f"{dtype}: ours on {device_name(options.device)}, times faster than")
        for row in rows(bench.results, dtype):
            table.add_row(*row)
        console.print(table)
    console.print(f"wrote {path}")


if __name__ == "__main__":
    main()
