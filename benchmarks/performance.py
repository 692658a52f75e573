"""``python -m benchmarks.performance``: ``docs/performance.md`` out of the files in ``benchmarks/results/``."""

import argparse
import json
import os
from pathlib import Path
from typing import Any

from . import gpu_table, records
from .data import ROOT
from .figures import OTHERS, times
from .goals import Goal, goals, slowest
from .peers import title
from .report import absences, conditions, conversion_table, markdown, memory_table, mode_means, speed_table

DOCUMENT = ROOT / "docs" / "performance.md"
# From docs/ to the results.
FOLDER = "../benchmarks/results"

METHOD = """\
Every workload is fitted once by scikit-learn; every peer converts that same model and answers the same rows, and only
those whose answers pass are timed. Peers run in processes of their own and take turns; a figure is the median over
turns. Each call begins with what scikit-learn's begins with (an array, a DataFrame, texts) and ends with numpy arrays.
Figures are times faster than scikit-learn as it was fitted; *scikit-learn, n_jobs* is the same model with `n_jobs` set
to the number of threads.

No mark: equal to scikit-learn's answers to 1e-9, and every label equal. ᶠ: equal but for float32 rounding. ᵒ: Intel's
extension takes no fitted models; it fits its own, which resembles. A dash: not offered. *wrong*: the answers differ,
and the time does not matter; the list at the end says by how much. Of ours, all but *eager float32* are in float64."""

AGAIN = """\
`make bench` measures all of this again in about half an hour on two cores; `python -m benchmarks.run --list` says what
there is, and `--only`, `--peer` and `--size` measure a part. `make gpu` does the same for a GPU. `make performance`
writes this page from the results."""

GPU_METHOD = """\
The module on a GPU beside scikit-learn on the same machine's CPU with all cores, a textbook formula in plain torch on
the same GPU (`benchmarks/gpu_reference.py`) and hummingbird-ml (float32) on the same GPU. *roof*: the least time that
matrix products at the rate of a large one, or reading and writing the inputs, results and nodes of trees at the rate
of a copy, take, as a share of the time measured; both rates were measured in the same run. Nodes are counted with
8 bytes and mostly come from a cache, so that shares of forests can be above 100 %.

float64 modules do not depend on TF32. With `torch.backends.cuda.matmul.allow_tf32` (off unless you turn it on), matrix
products of float32 modules have 10 bits of mantissa, and answers are off by up to 2¹³ times as much as without."""


def goal_table(found: list[Goal]) -> str:
    return markdown(["goal", "measured", "outcome"], [[g.text, g.figure, g.outcome] for g in found])


def lead_table(results: dict[str, Any], size: int) -> str:
    """The module and our best mode against the fastest peer of each workload, the closest first."""
    best = {name: lead for lead, name, _ in slowest(results, size, "best")}
    rows = [[name, title(peer), times(lead), times(best.get(name))] for lead, name, peer in slowest(results, size)]
    return markdown(["workload", "fastest peer", "eager module", "best of our modes"], rows)


def gpu_results() -> list[dict[str, Any]]:
    """All result files of GPUs; trials on a CPU are none."""
    found = [json.loads(path.read_text()) for path in sorted(records.RESULTS.glob("*.json"))]
    return [r for r in found if r.get("kind") == "gpu" and r["run"].get("cuda")]


def document(results: dict[str, Any], devices: list[dict[str, Any]]) -> str:
    """The page."""
    parts = ["# Performance", METHOD, f"Measured on: {conditions(results)}", AGAIN]
    parts += ["## Goals", goal_table([*goals(results), *gpu_table.goals(devices)])]
    parts += ["## Geometric means", mode_means(results), f"![Times faster than scikit-learn]({FOLDER}/cpu.png)"]
    for size in (10_000, 100_000, 100, 1):
        rows = f"{size:,} row{'s' if size > 1 else ''}"
        parts += [f"## {rows}: times faster than scikit-learn", speed_table(results, size)]
        if size in (1, 10_000):
            parts += [f"Against the fastest of {len(OTHERS)} peers at {rows}:", lead_table(results, size)]
    parts += ["## Conversion, first call of 10,000 rows, size", conversion_table(results)]
    parts += ["## Growth of the process in its first call of 10,000 rows", memory_table(results)]
    parts += ["## GPU", GPU_METHOD]
    parts += [gpu_table.section(r) for r in devices] or ["No GPU has been measured yet."]
    parts += ["## Wrong answers", absences(results, ("wrong",)) or "None."]
    parts += ["## Failed, or too slow to wait for", absences(results, ("error", "timeout", "skipped")) or "None."]
    return "\n\n".join(parts) + "\n"


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.performance", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--results", type=Path, default=records.RESULTS / "cpu.json")
    parser.add_argument("--output", type=Path, default=DOCUMENT)
    options = parser.parse_args(argv)
    if not options.results.exists():
        raise SystemExit(f"there is no {options.results}; `make bench` writes it")
    temporary = options.output.with_suffix(".tmp")
    temporary.write_text(document(records.read(options.results), gpu_results()))
    os.replace(temporary, options.output)
    print(f"wrote {options.output}")


if __name__ == "__main__":
    main()
