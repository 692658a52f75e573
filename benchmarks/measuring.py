"""One workload with every peer: fit, convert, gate, interleaved timing; the outcome is a plain dictionary."""

import contextlib
import pickle
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from .correctness import examine
from .peers import BASELINE
from .processes import Refused, Worker
from .workloads import Fitted, Workload

# Those that take minutes to convert on a slow machine.
DROPPABLE = ("compiled", "aoti")
Say = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """How much time goes where.

    Args:
        sizes: batch sizes; those of the workload among them are measured.
        gate_rows: rows that the gate compares.
        step_seconds: longest conversion, compilation or call; a peer that takes longer is ended.
        call_seconds: a call that is expected to take longer is not made.
        burst_seconds: calls in one turn of a peer, one at least.
        cell_seconds: calls of one peer at one size; a call that takes longer is made once.
        rounds: turns of each peer.
        conversion_seconds: once spent, ``DROPPABLE`` peers are left out.
    """

    sizes: tuple[int, ...] | None = None
    gate_rows: int = 10_000
    step_seconds: float = 75.0
    call_seconds: float = 40.0
    burst_seconds: float = 0.03
    cell_seconds: float = 1.0
    rounds: int = 5
    conversion_seconds: float = 60.0

    def within(self, seconds: float) -> "Plan":
        """The same plan, of which conversions may begin within ``seconds``."""
        return replace(self, conversion_seconds=seconds)


def measure(
    workload: Workload, fit: Fitted, workers: dict[str, Worker], plan: Plan, say: Say, pool: Executor
) -> dict[str, Any]:
    """The record of ``workload`` with the peers in ``workers``: scikit-learn first; the others convert in ``pool``."""
    sizes = list(workload.sizes) if plan.sizes is None else [s for s in plan.sizes if s <= max(workload.sizes)]
    record: dict[str, Any] = {
        "title": workload.title,
        "method": workload.method,
        "sizes": sizes,
        "peers": {peer: {"status": "ok", "times": {}} for peer in workers},
    }
    entries = record["peers"]
    n_gate = min(plan.gate_rows, fit.X.shape[0] if hasattr(fit.X, "shape") else len(fit.X))
    end = time.monotonic() + plan.conversion_seconds
    with tempfile.TemporaryDirectory(prefix="sk2torch-bench-") as folder:
        question = Path(folder) / "question.pkl"
        stored = {"estimator": fit.estimator, "methods": (workload.method, *workload.checks)}
        question.write_bytes(pickle.dumps({**stored, "X": fit.X, "train": fit.train}))
        expected: dict[str, Any] = {}

        def prepare(peer: str) -> None:
            say(f"converting: {peer}")
            with _noting(entries[peer]):
                if peer in DROPPABLE and time.monotonic() > end:
                    raise Refused("skipped", f"the {plan.conversion_seconds:.0f} s for conversions were spent")
                _prepare(workers[peer], entries[peer], str(question), n_gate, expected, plan)

        prepare(BASELINE)
        # Converting takes one core for the most part.
        list(pool.map(prepare, [peer for peer in workers if peer != BASELINE]))
    for size in sizes:
        say(f"timing: {size:,} rows")
        _time(size, n_gate, workers, entries, plan)
    return record


@contextlib.contextmanager
def _noting(entry: dict[str, Any]) -> Any:
    try:
        yield
    except Refused as refusal:
        entry.update(status=refusal.kind, reason=refusal.reason)


def _prepare(
    worker: Worker, entry: dict[str, Any], question: str, n: int, expected: dict[str, Any], plan: Plan
) -> None:
    """Convert and pass the gate; fills ``expected`` from the baseline."""
    entry.update(worker.ask(plan.step_seconds, "load", question))
    outcome = worker.ask(2 * plan.step_seconds, "answers", n, plan.cell_seconds)
    entry.update(first_call_seconds=outcome["seconds"], memory=outcome["memory"])
    if worker.peer == BASELINE:
        expected.update(outcome["answers"])
    reference = {**expected, **outcome["references"]}
    gate = examine(outcome["answers"], reference, entry.pop("own_fit"))
    entry["gate"] = gate.to_dict()
    if gate.verdict == "wrong":
        raise Refused("wrong", gate.why)


def _time(size: int, n_gate: int, workers: dict[str, Worker], entries: dict[str, Any], plan: Plan) -> None:
    """Interleaved bursts of all peers at one size."""
    samples: dict[str, list[list[float]]] = {}
    turns: dict[str, int] = {}
    for peer in [p for p, entry in entries.items() if entry["status"] == "ok"]:
        cell: dict[str, Any] = {}
        entries[peer]["times"][str(size)] = cell
        expected = _expected_seconds(entries[peer], size, n_gate)
        if expected > plan.call_seconds:
            cell.update(skipped=f"about {expected:.0f} s expected", expected=expected)
            continue
        try:
            warm = workers[peer].ask(plan.step_seconds, "burst", size, 0.0)
            entries[peer].setdefault("warm_seconds", {})[str(size)] = warm[0]
            # Compilation for a new size, and TorchScript's second profiling run, are not the speed.
            if warm[0] < plan.cell_seconds or warm[0] > 3 * expected:
                warm = workers[peer].ask(plan.step_seconds, "burst", size, 0.0)
        except Refused as refusal:
            cell.update(skipped=refusal.reason)
            if refusal.kind == "timeout":
                entries[peer].update(status="timeout", reason=f"{size:,} rows: {refusal.reason}")
            continue
        turns[peer] = min(plan.rounds, int(plan.cell_seconds / warm[0]))
        samples[peer] = [warm] if turns[peer] == 0 else []
    for turn in range(plan.rounds):
        for peer in [p for p in samples if turn < turns[p]]:
            with contextlib.suppress(Refused):
                samples[peer].append(workers[peer].ask(plan.step_seconds, "burst", size, plan.burst_seconds))
    for peer, bursts in samples.items():
        cell = entries[peer]["times"][str(size)]
        if not bursts:
            cell.update(skipped="the process ended while it was timed")
            continue
        medians = [statistics.median(burst) for burst in bursts]
        cell.update(seconds=statistics.median(medians), best=min(map(min, bursts)), rounds=len(bursts))
        cell["calls"] = sum(map(len, bursts))


def _expected_seconds(entry: dict[str, Any], size: int, n_gate: int) -> float:
    """Time of a call of ``size`` rows, judging by the largest size that was measured so far; 0 where none was."""
    known = [(int(s), c.get("seconds", c.get("expected"))) for s, c in entry["times"].items() if c]
    known = [(s, seconds) for s, seconds in known if seconds is not None and s < size]
    if not known:
        return 0.0
    measured, seconds = max(known)
    # Small batches are mostly overhead, which does not grow.
    return seconds * size / measured if measured >= min(n_gate, 1000) else 0.0
