"""Compile sk2torch/native into one shared library: when a wheel is built, or with ``python hatch_build.py``."""

import os
import platform
import runpy
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ImportError:
    # Run as a script, which needs none of hatchling.
    BuildHookInterface = object

NATIVE = Path("sk2torch") / "native"
LIBRARY = NATIVE / "_kernels.so"

# No fast-math, and no fused operations that the source does not spell out: all variants give the same numbers.
FLAGS = ["-std=gnu11", "-O3", "-fPIC", "-pthread", "-fvisibility=hidden", "-ffp-contract=off", "-fno-math-errno"]
AVX2 = ["-mavx2", "-mfma", "-mbmi", "-mbmi2", "-mlzcnt", "-mpopcnt"]
AVX512 = [*AVX2, "-mavx512f", "-mavx512bw", "-mavx512dq", "-mavx512vl", "-mavx512cd", "-mprefer-vector-width=512"]


def variants() -> dict[str, tuple[int, list[str]]]:
    """Instruction sets that kernels are compiled for: number and flags by name."""
    if platform.machine().lower() in ("x86_64", "amd64"):
        return {"portable": (0, []), "avx2": (2, AVX2), "avx512": (5, AVX512)}
    return {"portable": (0, [])}


def compile_library(root: Path) -> Path:
    """Write the library into the source tree and return its path.

    Raises:
        OSError: there is no C compiler for this platform.
        subprocess.CalledProcessError: it failed; its messages are in ``stderr``.
    """
    compiler = os.environ.get("CC") or next((c for c in ("cc", "gcc", "clang") if shutil.which(c)), None)
    if compiler is None or sys.platform == "win32":
        raise OSError("no C compiler was found")
    command = [*compiler.split(), *FLAGS, "-I", str(root / NATIVE)]
    sources = runpy.run_path(str(root / NATIVE / "digest.py"))["digest"](root / NATIVE)
    named = [f'-DSK2TORCH_SOURCES="{sources}"']
    jobs = [(source, source.stem, named) for source in sorted((root / NATIVE).glob("*.c"))]
    for source in sorted((root / NATIVE / "kernels").glob("*.c")):
        for name, (number, flags) in variants().items():
            defined = [f"-DSK2TORCH_ISA={number}", f"-DSK2TORCH_SUFFIX=_{name}"]
            jobs.append((source, f"{source.stem}_{name}", [*flags, *defined]))
    with tempfile.TemporaryDirectory() as folder:
        objects = []
        for source, stem, flags in jobs:
            objects.append(str(Path(folder) / f"{stem}.o"))
            _run([*command, *flags, "-c", str(source), "-o", objects[-1]])
        # Moved into place: a process that has the old one loaded keeps it.
        linked = Path(folder) / LIBRARY.name
        _run([*compiler.split(), "-shared", "-pthread", "-o", str(linked), *objects, "-lm"])
        waiting = root / LIBRARY.with_suffix(".new")
        shutil.copyfile(linked, waiting)
        waiting.replace(root / LIBRARY)
    return root / LIBRARY


def _run(command: list[str]) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True)


class NativeBuildHook(BuildHookInterface):
    """Puts the library into the wheel and its platform into the name; without a compiler the wheel is pure Python."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called by hatchling before it collects the files."""
        root = Path(self.root)
        try:
            compile_library(root)
        except (OSError, subprocess.CalledProcessError) as error:
            # An old one may not fit the sources.
            (root / LIBRARY).unlink(missing_ok=True)
            reason = getattr(error, "stderr", None) or error
            self.app.display_warning(f"sk2torch is installed without compiled kernels: {reason}")
            return
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{sysconfig.get_platform().replace('-', '_').replace('.', '_')}"
        build_data["artifacts"].append(LIBRARY.as_posix())


if __name__ == "__main__":
    try:
        print(compile_library(Path(__file__).resolve().parent))
    except subprocess.CalledProcessError as error:
        sys.exit(error.stderr)
