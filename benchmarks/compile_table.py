"""``python -m benchmarks.compile_table``: ``docs/compile-times.md`` out of what ``benchmarks.compile_times`` wrote."""

import argparse
import os
import statistics
from pathlib import Path
from typing import Any

from . import records
from .data import ROOT
from .report import markdown

# Seconds that a compilation may take.
LIMIT = 20.0
RESULTS = records.RESULTS / "compile.json"
DOCUMENT = ROOT / "docs" / "compile-times.md"
Record = dict[str, Any]

METHOD = """\
One method of each model below was compiled by `sk2torch.compile(model, dynamic=True)`, cold: without torch's caches,
Inductor and the C++ compiler included. It then answered batches of more rows ({sizes}; fewer where the input would
have more than {numbers} numbers), each compared with the module's own answer. *graphs* counts those that torch
made for the first batch, of one row; *recompiled* those that it added for any other. *seconds* is the time to the first
answer by the clock, *of work* that of all processors, compilers that torch starts included; on a machine with nothing
else to do, the call takes no longer than the smaller of the two. The machine did other work meanwhile: its load was
{least} to {most}, {median} in the median, so the clock says little."""

AGAIN = """\
`python -m benchmarks.compile_times --output benchmarks/results/compile.json` measures it again, in about half an hour
with two cores to itself (`--continue` for what is missing or falls short, `--only NAME` for a part, `--all-methods`
for every method), and `python -m benchmarks.compile_table` writes this page from the results."""


def time_needed(record: Record) -> float:
    """A bound of the seconds on a machine with nothing else to do; infinite for what does not compile."""
    return float("inf") if "failure" in record else min(record["seconds"], record["processor"])


def recompiled(record: Record) -> int:
    """Graphs beyond those of the first batch."""
    return record["graphs"][-1] - record["graphs"][0] if record.get("graphs") else 0


def verdict(record: Record) -> str:
    """What is wrong with a record, in a few words."""
    if "failure" in record:
        return record["failure"]
    faults = []
    if time_needed(record) > LIMIT:
        faults.append(f"over {LIMIT:g} s")
    if record["graphs"][0] != 1 or recompiled(record):
        faults.append(f"graphs {record['graphs']} for {record['rows']} rows")
    if record["error"] > 1e-9:
        faults.append(f"error {record['error']:.1e}")
    return ", ".join(faults)


def line(record: Record) -> str:
    """For a terminal."""
    if "failure" in record:
        return f"{record['case']}: {verdict(record)}"
    times = f"{record['seconds']:7.2f} s ({record['processor']:.2f} s of work, load {record['load']:.1f})"
    return f"{times}  {record['case']}.{record['method']}  {verdict(record)}"


def worst_first(found: list[Record]) -> list[Record]:
    """The slowest record of each class, the slowest class first."""
    slowest: dict[str, Record] = {}
    for record in sorted(found, key=time_needed, reverse=True):
        slowest.setdefault(record["class"], record)
    return list(slowest.values())


def table(found: list[Record]) -> str:
    rows = []
    for record in worst_first(found):
        same = [r for r in found if r["class"] == record["class"]]
        graphs = max((r["graphs"][0] for r in same if "graphs" in r), default=0)
        times = [f"{record[key]:.1f}" if key in record else "" for key in ("seconds", "processor")]
        name = f"{record['case']}.{record['method']}".rstrip(".")
        rows.append([record["class"], name, str(len(same)), str(graphs), str(sum(map(recompiled, same))), *times])
    return markdown(["class", "its slowest", "models", "graphs", "recompiled", "seconds", "of work"], rows)


def summary(found: list[Record]) -> str:
    """Whether each goal is met, in a table."""
    compiled = [r for r in found if "failure" not in r]
    whole = [r for r in compiled if r["graphs"][0] == 1]
    steady = [r for r in compiled if not recompiled(r)]
    quick = [r for r in compiled if time_needed(r) <= LIMIT]
    slowest = max(map(time_needed, compiled))
    rows = [
        ["compiles, without graph breaks", f"{len(whole)} of {len(found)}"],
        ["no graph more for other numbers of rows", f"{len(steady)} of {len(found)}"],
        [f"at most {LIMIT:g} s", f"{len(quick)} of {len(found)}; the slowest {slowest:.1f} s"],
        ["the same answers to 1e-9", f"{sum(r['error'] <= 1e-9 for r in compiled)} of {len(found)}"],
    ]
    return markdown([f"{len({r['class'] for r in found})} classes", "models"], rows)


def document(results: dict[str, Any]) -> str:
    """The page."""
    found = results["compilations"]
    measured = [r for r in found if "failure" not in r]
    loads = sorted(r["load"] for r in measured)
    sizes = sorted({size for r in measured for size in r["rows"]})
    run = results["run"]
    versions = ", ".join(f"{name} {run['versions'][name]}" for name in ("python", "torch", "scikit-learn", "sk2torch"))
    machine = f"{run['device']}, {run['cores']} cores, {run['threads']} threads. {versions}."
    method = METHOD.format(
        sizes=", ".join(f"{size:,}" for size in sizes),
        numbers=f"{2**24:,}",
        least=f"{loads[0]:.1f}",
        most=f"{loads[-1]:.1f}",
        median=f"{statistics.median(loads):.1f}",
    )
    parts = ["# Compile times", method, f"Measured on: {machine}"]
    older = sum(r.get("sources") != run["sources"] for r in found)
    if older:
        parts.append(f"{older} of the {len(found)} models were measured with an earlier state of the sources.")
    faults = [f"- {r['case']}: {verdict(r)}" for r in found if verdict(r)]
    parts += [AGAIN, summary(found), "## What falls short", "\n".join(faults) or "Nothing."]
    return "\n\n".join([*parts, "## Classes, the slowest first", table(found)]) + "\n"


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.compile_table", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--output", type=Path, default=DOCUMENT)
    options = parser.parse_args(argv)
    if not options.results.exists():
        raise SystemExit(f"there is no {options.results}; `python -m benchmarks.compile_times` writes it")
    temporary = options.output.with_suffix(".tmp")
    temporary.write_text(document(records.read(options.results)))
    os.replace(temporary, options.output)
    print(f"wrote {options.output}")


if __name__ == "__main__":
    main()
