"""The project's goals for speed, each with the figures that decide it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .figures import OTHERS, Record, best_mode, fastest, geometric_mean, lead, ratio, times
from .peers import title

LARGE = (10_000, 100_000)
RBF = ("svc-rbf", "svr-rbf", "one-class-svm")
TREES = (
    "random-forest-depth-3",
    "random-forest-depth-10",
    "random-forest-unbounded",
    "extra-trees",
    "hist-gradient-boosting",
    "hist-gradient-boosting-numbers",
    "gradient-boosting",
    "isolation-forest",
)
NEIGHBORS = ("knn-classifier", "knn-regressor")
WORKSPACE = 256 * 2**20


@dataclass(frozen=True)
class Goal:
    """A goal, what was measured, and whether it is met; None where nothing was measured."""

    text: str
    figure: str
    met: bool | None

    @property
    def outcome(self) -> str:
        return {True: "met", False: "not met", None: "not measured"}[self.met]


def _named(results: dict[str, Any], names: tuple[str, ...]) -> dict[str, Record]:
    return {name: results["workloads"][name] for name in names if name in results["workloads"]}


def _every(
    text: str, records: dict[str, Record], value: Callable[[Record, int], float | None], least: float, sizes: tuple
) -> Goal:
    """Every workload at every size reaches ``least``; the figure names those that do not, the worst first."""
    found = {(name, size): value(record, size) for name, record in records.items() for size in sizes}
    known = sorted((v, name, size) for (name, size), v in found.items() if v is not None)
    if not known:
        return Goal(text, "", None)
    short = [f"{name} {times(v)} ({size:,} rows)" for v, name, size in known if v < least]
    figure = f"{len(known) - len(short)} of {len(known)} cells"
    figure += f"; geometric mean {times(geometric_mean(v for v, _, _ in known))}"
    figure += f"; short: {', '.join(short)}" if short else f"; least {times(known[0][0])}"
    return Goal(text, figure, not short)


def _mean(text: str, records: dict[str, Record], least: float) -> Goal:
    """The geometric mean over workloads and large sizes, for the module and for the best mode."""
    eager = geometric_mean(ratio(r, "eager", s) for r in records.values() for s in LARGE)
    best = geometric_mean(ratio(r, best_mode(r, s) or "", s) for r in records.values() for s in LARGE)
    if eager is None or best is None:
        return Goal(text, "", None)
    return Goal(text, f"{times(eager)} eager, {times(best)} in the best mode", eager >= least)


def _ahead(text: str, records: dict[str, Record], peers: tuple[str, ...]) -> Goal:
    """The module against the fastest of ``peers``."""

    def value(record: Record, size: int) -> float | None:
        found = fastest(record, peers, size)
        return ratio(record, "eager", size, to=found[0]) if found else None

    return _every(text, records, value, 1.0, LARGE)


def _memory(text: str, records: dict[str, Record]) -> Goal:
    grown = {n: r["peers"].get("eager", {}).get("memory") for n, r in records.items()}
    known = sorted(((v, n) for n, v in grown.items() if v is not None), reverse=True)
    if not known:
        return Goal(text, "", None)
    over = [f"{name} {value / 2**20:.0f} MiB" for value, name in known if value > WORKSPACE]
    figure = f"most: {known[0][1]}, {known[0][0] / 2**20:.0f} MiB, its result and its first call's own needs included"
    return Goal(text, f"above: {', '.join(over)}" if over else figure, not over)


def goals(results: dict[str, Any]) -> list[Goal]:
    """The goals for a CPU."""
    everything = results["workloads"]
    trees, rbf = _named(results, TREES), _named(results, RBF)
    eager = lambda record, size: ratio(record, "eager", size)  # noqa: E731
    our_onnx = lambda record, size: ratio(record, "onnx", size, to="skl2onnx")  # noqa: E731
    intel = lambda record, size: ratio(record, "eager", size, to="intelex")  # noqa: E731
    return [
        _every(
            "10,000 rows and more: the module is at least as fast as the fastest peer, on every workload",
            everything,
            lambda record, size: lead(record, "eager", size),
            1.0,
            LARGE,
        ),
        _every(
            "the same for the best of our modes",
            everything,
            lambda record, size: lead(record, "best", size),
            1.0,
            LARGE,
        ),
        _mean("10,000 rows and more: at least 5x scikit-learn in the geometric mean", everything, 5.0),
        _every("rbf support vectors in float64: at least 20x scikit-learn", rbf, eager, 20.0, LARGE),
        _every("rbf support vectors in float64: at least 4x Intel's extension", rbf, intel, 4.0, LARGE),
        _every("forests and boosting: at least 2x scikit-learn", trees, eager, 2.0, LARGE),
        *(
            _ahead(f"forests and boosting: ahead of {title(peer)}", trees, (peer,))
            for peer in ("skl2onnx", "treelite", "intelex")
        ),
        _ahead("k-NN: at least Intel's extension", _named(results, NEIGHBORS), ("intelex",)),
        _every("one row: the module is at least 8x scikit-learn", everything, eager, 8.0, (1,)),
        _every("one row: our ONNX takes at most 1.2x the time of skl2onnx's", everything, our_onnx, 1 / 1.2, (1,)),
        _memory("10,000 rows: extra memory of the module at most 256 MiB", everything),
    ]


def slowest(results: dict[str, Any], size: int, mode: str = "eager") -> list[tuple[float, str, str]]:
    """Workloads by our lead over the fastest peer, the smallest first: lead, workload, peer."""
    found = []
    for name, record in results["workloads"].items():
        own, peer = lead(record, mode, size), fastest(record, OTHERS, size)
        if own is not None and peer is not None:
            found.append((own, name, peer[0]))
    return sorted(found)
