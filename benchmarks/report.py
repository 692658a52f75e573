"""Tables and plot of a result file: ``cpu.json`` becomes ``cpu.md`` and ``cpu.png``."""

from pathlib import Path
from typing import Any

from . import records
from .figures import EXACT_MODES, OTHERS, Record, geometric_mean, ratio, seconds, sizes, times
from .peers import BASELINE, MODES, PEERS, title
from .plots import plot


def markdown(headings: list[str], rows: list[list[str]]) -> str:
    """A table in Markdown; all but the first column are aligned to the right."""
    lines = [headings, ["---", *["---:"] * (len(headings) - 1)], *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "/") for cell in line) + " |" for line in lines)


def duration(value: float | None) -> str:
    """Three digits with a unit."""
    if value is None:
        return ""
    for unit, factor in (("s", 1.0), ("ms", 1e3)):
        if value * factor >= 1:
            return f"{value * factor:.3g} {unit}"
    return f"{value * 1e6:.3g} µs"


def _size(value: int | None) -> str:
    return "" if value is None else f"{value / 2**20:.3g} MiB"


def _cell(record: Record, peer: str, size: int) -> str:
    """A ratio to scikit-learn, or why there is none."""
    entry = record["peers"].get(peer)
    if entry is None:
        return ""
    if entry["status"] != "ok":
        return {"not offered": "-"}.get(entry["status"], entry["status"])
    cell = entry["times"].get(str(size), {})
    value = ratio(record, peer, size)
    if value is None:
        return f"> {duration(cell['expected'])}, not run" if "expected" in cell else cell.get("skipped", "")
    marks = {"exact": "", "float32": " ᶠ", "own fit": " ᵒ"}
    return times(value) + marks.get(entry["gate"]["verdict"], "")


def speed_table(results: dict[str, Any], size: int) -> str:
    """Times faster than scikit-learn of everything at one batch size, with geometric means."""
    peers = [p for p in PEERS if p != BASELINE and any(p in r["peers"] for r in results["workloads"].values())]
    rows = []
    for name, record in results["workloads"].items():
        if size in record["sizes"]:
            rows.append([name, duration(seconds(record, BASELINE, size)), *(_cell(record, p, size) for p in peers)])
    every = [r for r in results["workloads"].values() if size in r["sizes"]]
    rows.append(["geometric mean", "", *(times(geometric_mean(ratio(r, p, size) for r in every)) for p in peers)])
    return markdown(["workload", "scikit-learn", *map(title, peers)], rows)


def mode_means(results: dict[str, Any]) -> str:
    """Geometric means of each of our modes over all workloads, by batch size."""
    rows = []
    for mode in MODES:
        means = [geometric_mean(ratio(r, mode, s) for r in results["workloads"].values()) for s in sizes(results)]
        rows.append([title(mode), *map(times, means)])
    for peer in OTHERS[1:]:
        means = [geometric_mean(ratio(r, peer, s) for r in results["workloads"].values()) for s in sizes(results)]
        rows.append([f"{title(peer)} (where it answers)", *map(times, means)])
    return markdown(["geometric mean over workloads", *(f"{s:,} rows" for s in sizes(results))], rows)


def conversion_table(results: dict[str, Any]) -> str:
    """Conversion, first call, size of the artifact and growth of the process, for our modes and skl2onnx."""
    peers = (*EXACT_MODES, "skl2onnx")
    headings = ["workload"]
    for peer in peers:
        headings += [f"{title(peer)}: convert", "first call"] + ([] if peer == "compiled" else ["artifact"])
    rows = []
    for name, record in results["workloads"].items():
        row = [name]
        for peer in peers:
            entry = record["peers"].get(peer, {})
            cells = [duration(entry.get("conversion_seconds")), duration(entry.get("first_call_seconds"))]
            row += cells + ([] if peer == "compiled" else [_size(entry.get("size"))])
        rows.append(row)
    return markdown(headings, rows)


def memory_table(results: dict[str, Any]) -> str:
    """By how much each process grew at most during its first call."""
    peers = [p for p in PEERS if p not in ("compiled", "float32")]
    rows = []
    for name, record in results["workloads"].items():
        entries = [record["peers"].get(p, {}) for p in peers]
        rows.append([name, *(_size(e.get("memory")) if e.get("status") == "ok" else "" for e in entries)])
    return markdown(["workload", *map(title, peers)], rows)


def absences(results: dict[str, Any], statuses: tuple[str, ...]) -> str:
    """What peers answered wrong, or did not answer, as a list."""
    lines = []
    for name, record in results["workloads"].items():
        for peer, entry in record["peers"].items():
            if entry["status"] in statuses:
                reason = " ".join(entry["reason"].split())[:160].replace("|", "/").replace("`", "'")
                lines.append(f"- {name}, {title(peer)}: {entry['status']}: `{reason}`")
    return "\n".join(lines)


def conditions(results: dict[str, Any]) -> str:
    """Device, threads and versions, in a sentence each."""
    run = results["run"]
    versions = ", ".join(f"{name} {version}" for name, version in run["versions"].items())
    text = f"{run['device']}, {run['cores']} cores; every library may use {run['threads']} threads. {versions}."
    loads = [record["load"] for record in results["workloads"].values() if "load" in record]
    if loads and max(loads) > run["cores"] + 1:
        text += f" The machine did other work at the same time: its load was up to {max(loads):.1f}."
    sources = {record["conditions"]["sources"] for record in results["workloads"].values()}
    return text + (" Not all workloads were measured with the same sources." if len(sources) > 1 else "")


def document(results: dict[str, Any]) -> str:
    """Everything as Markdown."""
    parts = ["# Results of `make bench`", conditions(results)]
    for size in sizes(results):
        parts += [f"## {size:,} rows: times faster than scikit-learn", speed_table(results, size)]
    parts += ["## Geometric means", mode_means(results), "## Conversion", conversion_table(results)]
    parts += ["## Memory", memory_table(results)]
    parts += ["## Wrong or failed", absences(results, ("wrong", "error", "timeout", "skipped"))]
    return "\n\n".join(parts) + "\n"


def write(path: Path) -> list[Path]:
    """Write the tables and the plot beside the result file; their paths."""
    results = records.read(path)
    tables, picture = path.with_suffix(".md"), path.with_suffix(".png")
    tables.write_text(document(results))
    plot(results, picture)
    return [path, tables, picture]
