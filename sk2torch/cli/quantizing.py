"""``--quantize`` and what belongs to it, of ``sk2torch convert``."""

import tempfile
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import torch
import typer

from sk2torch.base import TorchEstimator
from sk2torch.cli.reporting import Mistake, console
from sk2torch.export import export
from sk2torch.quantization import MODES, QuantizationReport, quantize, quantize_onnx
from sk2torch.quantization.onnx import ONNX_MODES

_PREFIX = "onnx_"
# Of a mode that gives a model to train there is nothing to write yet.
_MODES = [*(mode for mode in MODES if mode != "qat"), *(_PREFIX + mode for mode in ONNX_MODES)]


class LeafDtype(StrEnum):
    """What leaves of trees are rounded to."""

    FLOAT32 = "float32"
    FLOAT16 = "float16"


Mode = Annotated[
    str | None,
    typer.Option("--quantize", help="Mode of sk2torch.quantize, or onnx_dynamic, onnx_static.", metavar="MODE"),
]
Calibrate = Annotated[
    Path | None, typer.Option("--calibrate", help="Rows that --quantize measures on. Default: those of --verify.")
]
Leaves = Annotated[
    LeafDtype | None,
    typer.Option("--leaf-dtype", help="With --quantize forest_ranks: round the values of leaves. Default: keep them."),
]


class Writing(NamedTuple):
    """What is written.

    Args:
        model: as it is.
        write: as ``export``.
        reports: of quantization, there once the file is written.
    """

    model: TorchEstimator
    write: Callable[..., Path]
    reports: list[QuantizationReport]


def quantized(model: TorchEstimator, mode: str | None, rows: Any, out: Path, leaves: LeafDtype | None) -> Writing:
    """The model to write, and what writes it; reports go to stderr, too.

    Raises:
        Mistake: no such mode, one of another suffix, or leaves without trees over ranks.
    """
    if leaves is not None and mode != "forest_ranks":
        raise Mistake("--leaf-dtype is for --quantize forest_ranks.")
    if mode is None:
        return Writing(model, export, [])
    if mode not in _MODES:
        raise Mistake(f"--quantize takes {', '.join(_MODES)}, not {mode!r}.")
    if not mode.startswith(_PREFIX):
        leaf_dtype = None if leaves is None else getattr(torch, leaves.value)
        small, report = quantize(model, mode, rows, leaf_dtype=leaf_dtype)
        console(stderr=True).print(report)
        return Writing(small, export, [report])
    if out.suffix != ".onnx":
        raise Mistake(f"--quantize {mode} is for .onnx files, and {out.name!r} is none.")
    reports: list[QuantizationReport] = []

    def write(model: TorchEstimator, place: Path, *arguments: Any, **options: Any) -> Path:
        with tempfile.TemporaryDirectory() as folder:
            source = export(model, Path(folder) / place.name, *arguments, **options)
            reports.append(quantize_onnx(source, place, mode.removeprefix(_PREFIX), rows))
            console(stderr=True).print(reports[0])
        return place

    return Writing(model, write, reports)
