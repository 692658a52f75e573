"""``--quantize`` of ``sk2torch convert``."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sk2torch.base import TorchEstimator
from sk2torch.cli.reporting import Mistake, console
from sk2torch.export import export
from sk2torch.quantization import MODES, quantize, quantize_onnx
from sk2torch.quantization.onnx import ONNX_MODES

_PREFIX = "onnx_"
# Of a mode that gives a model to train there is nothing to write yet.
_MODES = [*(mode for mode in MODES if mode != "qat"), *(_PREFIX + mode for mode in ONNX_MODES)]


def quantized(
    model: TorchEstimator, mode: str | None, rows: Any, out: Path
) -> tuple[TorchEstimator, Callable[..., Path]]:
    """The model to write, and what writes it; reports go to stderr.

    Raises:
        Mistake: no such mode, or one of another suffix.
    """
    if mode is None:
        return model, export
    if mode not in _MODES:
        raise Mistake(f"--quantize takes {', '.join(_MODES)}, not {mode!r}.")
    if not mode.startswith(_PREFIX):
        small, report = quantize(model, mode, rows)
        console(stderr=True).print(report)
        return small, export
    if out.suffix != ".onnx":
        raise Mistake(f"--quantize {mode} is for .onnx files, and {out.name!r} is none.")

    def write(model: TorchEstimator, place: Path, *arguments: Any, **options: Any) -> Path:
        with tempfile.TemporaryDirectory() as folder:
            source = export(model, Path(folder) / place.name, *arguments, **options)
            console(stderr=True).print(quantize_onnx(source, place, mode.removeprefix(_PREFIX), rows))
        return place

    return model, write
