"""What a GPU's result file says, as tables, and the goals it decides."""

from typing import Any

from .figures import geometric_mean, times
from .goals import Goal
from .report import duration, markdown

HEADINGS = ["answers", "rows", "time", "from and to numpy", "scikit-learn", "textbook torch", "hummingbird-ml", "roof"]
DTYPES = ("float64", "float32")
PAIRWISE = ("svc-rbf", "one-class-svm", "kernel-density", "knn-classifier")
FORESTS = ("random-forest-depth-3", "random-forest-depth-10", "random-forest-unbounded", "extra-trees")


def lead(record: dict[str, Any], dtype: str, who: str) -> tuple[float, int] | None:
    """How many times faster ours is than ``who``, at the largest size that both have, and that size."""
    cells = record.get("dtypes", {}).get(dtype, {})
    ours, other = (cells.get(name, {}).get("seconds", {}) for name in ("ours", who))
    if who == "roof":
        other = cells.get("roof", {})
    both = [int(size) for size in ours if size in other]
    return (other[str(max(both))] / ours[str(max(both))], max(both)) if both else None


def cells(record: dict[str, Any], dtype: str) -> list[str]:
    """One row of the table."""
    found = record.get("dtypes", {}).get(dtype, {})
    ours = found.get("ours", {})
    if not ours.get("seconds"):
        why = record.get("error") or record.get("skipped") or ours.get("error") or ours.get("gate", {}).get("why", "")
        return [why[:60], *[""] * (len(HEADINGS) - 1)]
    size = max(ours["seconds"], key=int)
    spent = ours["seconds"][size]
    cpu = record["sklearn"]["seconds"] / record["sklearn"]["rows"] * int(size)
    ratios = []
    for who in ("textbook", "hummingbird"):
        found_lead = lead(record, dtype, who)
        note = f" at {found_lead[1]:,}" if found_lead and found_lead[1] != int(size) else ""
        ratios.append(times(found_lead[0]) + note if found_lead else "")
    share = lead(record, dtype, "roof")
    answers = ours["gate"]["verdict"] + (" (then an error)" if "error" in ours else "")
    return [
        answers,
        f"{int(size):,}",
        duration(spent),
        duration(found.get("from numpy")),
        times(cpu / spent),
        *ratios,
        f"{share[0]:.0%}" if share else "",
    ]


def rows(results: dict[str, Any], dtype: str) -> list[list[str]]:
    """The table's rows for one dtype."""
    return [[name, *cells(record, dtype)] for name, record in results["workloads"].items()]


def section(results: dict[str, Any]) -> str:
    """A device's part of the page."""
    run = results["run"]
    roof = run["roof"]
    rates = ", ".join(f"{roof[dtype] / 1e12:.3g} TFLOP/s in {dtype}" for dtype in DTYPES)
    versions = ", ".join(f"{name} {version}" for name, version in run["versions"].items())
    parts = [
        f"### {run['gpu']}",
        f"CUDA {run['cuda']}, {run['device']} with {run['cores']} cores; {versions}. A copy moves "
        f"{roof['copy'] / 1e9:,.0f} GB/s, a large matrix product {rates}.",
    ]
    for dtype in DTYPES:
        parts += [f"{dtype}, times faster than:", markdown(["workload", *HEADINGS], rows(results, dtype))]
    return "\n\n".join(parts)


def _goal(text: str, results: list[dict[str, Any]], names: tuple[str, ...], who: str, least: float) -> Goal:
    """Every workload reaches ``least`` in every dtype on every device."""
    found = []
    for result in results:
        for name in names:
            for dtype in DTYPES:
                value = lead(result["workloads"].get(name, {}), dtype, who)
                if value is not None:
                    found.append((value[0], f"{name} {dtype}"))
    if not found:
        return Goal(text, "", None)
    short = [f"{name} {times(value)}" for value, name in sorted(found) if value < least]
    figure = f"{len(found) - len(short)} of {len(found)}; geometric mean {times(geometric_mean(v for v, _ in found))}"
    return Goal(text, figure + (f"; short: {', '.join(short)}" if short else ""), not short)


def goals(results: list[dict[str, Any]]) -> list[Goal]:
    """The project's goals for a GPU."""
    return [
        _goal("GPU: pairwise reductions at 60 % of the roof at least", results, PAIRWISE, "roof", 0.6),
        _goal("GPU: forests at 60 % of the roof at least", results, FORESTS, "roof", 0.6),
        _goal("GPU: at least 5x textbook torch", results, PAIRWISE + FORESTS, "textbook", 5.0),
        _goal("GPU: at least 5x hummingbird-ml", results, PAIRWISE + FORESTS, "hummingbird", 5.0),
    ]
