"""``python -m benchmarks.onnx_sessions``: what the settings of ONNX Runtime do to the speed of three models.

Prints a table of the shortest of several calls for each setting, for answers that agree with scikit-learn.
"""

import argparse
import functools
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from rich.console import Console
from sklearn.kernel_approximation import Nystroem
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline

import sk2torch
from sk2torch.export import load_runtime

from .data import flights, flights_example, gaps

METHOD = "predict_proba"
CPU = ["CPUExecutionProvider"]
# The first is what a file gets by default.
BASE: dict[str, Any] = {"providers": CPU, "threads": None, "optimization": "all"}
TOLERANCE = 1e-9
# Calls are repeated so often, or until so many seconds have passed.
CALLS, SECONDS = 15, 4.0


def settings() -> dict[str, dict[str, Any]]:
    """What is compared, by name."""
    cores = os.cpu_count() or 1
    found = {f"default ({cores} threads, all)": BASE, "1 thread": {**BASE, "threads": 1}}
    found |= {f"optimization {level}": {**BASE, "optimization": level} for level in ("extended", "basic", "none")}
    others = [name for name in onnxruntime.get_available_providers() if name == "CUDAExecutionProvider"]
    return {**found, **{name: {**BASE, "providers": [name, *CPU]} for name in others}}


def models(n_train: int, n_query: int) -> dict[str, tuple[Any, Any, dict[str, Any]]]:
    """Fitted estimators, rows and options of ``export``."""
    X, late, query = flights(n_train, n_query)
    boosting = flights_example().boosting(0).fit(X, late)
    table, y = gaps(n_train, 30, 0)
    table = np.nan_to_num(table)
    rows = np.resize(table, (n_query, 30))
    kernel = make_pipeline(Nystroem(n_components=300, gamma=0.05, random_state=0), LogisticRegression(max_iter=300))
    network = MLPClassifier((200, 200), max_iter=5, tol=1.0, random_state=0)
    return {
        "boosting of flights": (boosting, query, {}),
        "the same, TreeEnsemble": (boosting, query, {"trees": "TreeEnsemble"}),
        "Nystroem, 300 components": (kernel.fit(table, y), rows, {}),
        "network, 2 x 200": (network.fit(table, y), rows, {}),
    }


def shortest(call: Callable[[], Any]) -> float:
    """Seconds of the shortest of several calls."""
    times: list[float] = []
    while len(times) < CALLS and sum(times) < SECONDS:
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return min(times)


def measured(path: Path, expected: np.ndarray, x: Any, sizes: list[int], options: dict[str, Any]) -> list[float]:
    """Seconds for each number of rows, of a file that answers right.

    One session at a time: threads of one that waits would take time from another.
    """
    runtime = load_runtime(path, **options)
    error = np.abs(runtime.call(METHOD, x).numpy() - expected).max()
    if error > TOLERANCE:
        raise SystemExit(f"{path.name} with {options}: off by {error:.1e}")
    return [shortest(functools.partial(runtime.call, METHOD, x[:size])) for size in sizes]


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.onnx_sessions", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--train-rows", type=int, default=20_000)
    parser.add_argument("--rows", type=int, nargs="+", default=[1, 100, 10_000], help="rows of a call")
    arguments = parser.parse_args(argv)
    options = settings()
    head = ["model", "rows", *options]
    lines = [f"| {' | '.join(head)} |", f"|---|{'---:|' * (len(head) - 1)}"]
    with tempfile.TemporaryDirectory() as folder:
        for name, (estimator, rows, writing) in models(arguments.train_rows, max(arguments.rows)).items():
            model = sk2torch.wrap(estimator)
            path = sk2torch.export(model, Path(folder) / "model.onnx", [METHOD], table=False, **writing)
            x, expected = model.encode(rows), estimator.predict_proba(rows)
            columns = [measured(path, expected, x, arguments.rows, option) for option in options.values()]
            for size, times in zip(arguments.rows, zip(*columns, strict=True), strict=True):
                lines.append(f"| {name} | {size:,} | {' | '.join(f'{1e3 * t:.2f} ms' for t in times)} |")
    Console(width=200).print("\n".join(lines), markup=False, highlight=False)


if __name__ == "__main__":
    main()
