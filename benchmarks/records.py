"""Result files: one JSON a device, rewritten in one move after each workload, so that an interruption loses nothing."""

import contextlib
import hashlib
import json
import os
import platform
import tempfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from .data import ROOT

RESULTS = ROOT / "benchmarks" / "results"
PACKAGES = (
    "scikit-learn",
    "torch",
    "numpy",
    "onnxruntime",
    "skl2onnx",
    "scikit-learn-intelex",
    "hummingbird-ml",
    "treelite",
)


def read(path: Path) -> dict[str, Any]:
    """A result file; an empty one where there is none."""
    if not path.exists():
        return {"workloads": {}}
    return json.loads(path.read_text())


def write(path: Path, results: dict[str, Any]) -> None:
    """Replace the file in one move."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
    with os.fdopen(descriptor, "w") as stream:
        json.dump(results, stream, indent=1)
        stream.write("\n")
    Path(temporary).chmod(0o644)
    os.replace(temporary, path)


def sources() -> str:
    """Digest of everything that decides the figures: the package and the benchmarks."""
    digest = hashlib.sha256()
    files = [*(ROOT / "sk2torch").rglob("*"), *(ROOT / "benchmarks").rglob("*.py")]
    for path in sorted(p for p in files if p.suffix in (".py", ".c", ".h", ".inc")):
        digest.update(path.relative_to(ROOT).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def processor() -> str:
    """The CPU's name."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def versions() -> dict[str, str]:
    """Versions of what is installed here."""
    found = {"python": platform.python_version(), "sk2torch": _own_version()}
    for package in PACKAGES:
        with contextlib.suppress(PackageNotFoundError):
            found[package] = version(package)
    return found


def _own_version() -> str:
    import sk2torch

    return sk2torch.__version__


def conditions(threads: int) -> dict[str, Any]:
    """What a figure depends on besides the workload."""
    return {
        "device": processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "threads": threads,
        "versions": versions(),
        "sources": sources(),
    }
