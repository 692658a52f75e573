"""``sk2torch.export``: a model to a file, by suffix."""

import importlib
from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from types import ModuleType
from typing import Any

from sk2torch.base import METHODS, ArtifactError, TorchEstimator, methods_of
from sk2torch.export import metadata
from sk2torch.export.files import moved_into_place
from sk2torch.export.runtime import Runtime

# Suffix and the module that writes and loads the format.
FORMATS = {".pt": "torchscript", ".pt2": "pt2", ".onnx": "onnx", ".safetensors": "safetensors"}


def _format(path: Path) -> ModuleType:
    if path.suffix not in FORMATS:
        raise ArtifactError(f"unknown suffix {path.suffix!r} of {str(path)!r}; use one of {', '.join(FORMATS)}.")
    return importlib.import_module(f"sk2torch.export.{FORMATS[path.suffix]}")


def export(
    model: TorchEstimator, path: "str | PathLike[str]", methods: Sequence[str] | None = None, **options: Any
) -> Path:
    """Write ``model`` to a file that runs without scikit-learn; without sk2torch, too, but for ``.safetensors``.

    Args:
        model: a wrapped model.
        path: ``.pt`` (TorchScript), ``.pt2`` (torch.export), ``.onnx`` or ``.safetensors`` (see ``sk2torch.save``);
            written in full or not at all.
        methods: which methods to keep; by default all (for ``.onnx``, all that take the model's input).
        **options: of the format. ``.onnx`` takes ``opset_version``, 18 or later, and ``trees``: with ``"standard"``,
            the default, the file has operators of ai.onnx only, which run on any device; with ``"TreeEnsemble"`` trees
            are operators of that name of ai.onnx.ml, which ONNX Runtime has for CPUs, where they are many times faster.

    Returns:
        The path.

    Raises:
        ArtifactError: unknown suffix, or methods that the model lacks or the format cannot hold together.
        MissingDependency: the format needs an extra that is not installed.
    """
    if not isinstance(model, TorchEstimator):
        raise TypeError(
            f"export: expected a wrapped model, got {type(model).__name__}; call sk2torch.wrap(estimator) first."
        )
    final = Path(path)
    target = _format(final)
    available = methods_of(model)
    if methods is None:
        chosen = [m for m in available if final.suffix != ".onnx" or METHODS[m].kind != "input"]
    else:
        chosen = [methods] if isinstance(methods, str) else list(methods)
        absent = [m for m in chosen if m not in available]
        if absent or not chosen:
            raise ArtifactError(f"export: the model has no {absent}; it has {available}.")
    with moved_into_place(final) as temporary:
        target.write(model, temporary, chosen, **options)
    return final


def read_metadata(path: "str | PathLike[str]") -> dict[str, Any]:
    """What an exported file says about itself; nothing of it is built or run.

    Raises:
        FileNotFoundError: no such file.
        ArtifactError: unknown suffix, or not an artifact of sk2torch.
    """
    source = Path(path)
    target = _format(source)
    if not source.is_file():
        raise FileNotFoundError(f"no file {str(source)!r}")
    return metadata.parse(target.metadata_text(source), source)


def load_runtime(path: "str | PathLike[str]") -> Runtime:
    """The runtime of an exported file, chosen by its suffix.

    Raises:
        FileNotFoundError: no such file.
        ArtifactError: unknown suffix, or not an artifact of sk2torch.
    """
    source = Path(path)
    target = _format(source)
    if not source.is_file():
        raise FileNotFoundError(f"no file {str(source)!r}")
    return target.load(source)
