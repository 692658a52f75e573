"""``sk2torch.export``: a model to a file, by suffix."""

import copy
import importlib
from collections.abc import Sequence
from contextlib import AbstractContextManager
from os import PathLike
from pathlib import Path
from types import ModuleType
from typing import Any

import torch

from sk2torch.base import METHODS, ArtifactError, TorchEstimator, methods_of
from sk2torch.export import metadata
from sk2torch.export.files import folder_moved_into_place, moved_into_place
from sk2torch.export.runtime import Runtime

# Suffix and the module that writes and loads the format.
FORMATS = {".pt": "torchscript", ".pt2": "pt2", ".onnx": "onnx", ".safetensors": "safetensors"}
# Formats that are folders: the module that writes them, and the file that every such folder has.
REPOSITORY_FILE = "config.pbtxt"
_FOLDERS = {"triton": ("triton_repository", REPOSITORY_FILE)}
# All methods in one graph, which takes one input.
_ONE_GRAPH = (".onnx", "triton")


def _format(path: Path) -> ModuleType:
    if path.suffix not in FORMATS:
        raise ArtifactError(f"unknown suffix {path.suffix!r} of {str(path)!r}; use one of {', '.join(FORMATS)}.")
    return importlib.import_module(f"sk2torch.export.{FORMATS[path.suffix]}")


def export(
    model: TorchEstimator,
    path: "str | PathLike[str]",
    methods: Sequence[str] | None = None,
    format: str | None = None,
    dtype: torch.dtype | None = None,
    **options: Any,
) -> Path:
    """Write ``model`` to a file that runs without scikit-learn; without sk2torch, too, but for ``.safetensors``.

    Args:
        model: a wrapped model.
        path: ``.pt`` (TorchScript), ``.pt2`` (torch.export), ``.onnx`` or ``.safetensors`` (see ``sk2torch.save``);
            written in full or not at all. With ``format="triton"``, the folder of a model in a repository of
            NVIDIA's Triton Inference Server.
        methods: which methods to keep; by default all (for ``.onnx`` and ``triton``, all that take the model's input).
        format: ``triton``; by default, the path's suffix says it.
        dtype: ``torch.float32`` or ``torch.float64``, what the file computes in; by default, what the model does, which
            stays as it is.
        **options: of the format. ``.onnx`` takes ``opset_version``, 18 or later; ``table``: whether the file takes the
            raw table, one input a column where some hold words, and gives labels in words (by default where it can);
            and ``trees``: with ``"standard"``, the default, trees are operators of ai.onnx, which run on any device;
            with ``"TreeEnsemble"`` they are operators of that name of ai.onnx.ml, which ONNX Runtime has for CPUs,
            where they are many times faster; ``blocks``: whether kernels between the rows and stored rows are computed
            in blocks of rows, in bounded memory. ``.pt2`` takes ``aot``: whether to add code that AOTInductor compiles.

    Returns:
        The path.

    Raises:
        ArtifactError: unknown suffix or format, or methods that the model lacks or the format cannot hold together.
        MissingDependency: the format needs an extra that is not installed.
    """
    if not isinstance(model, TorchEstimator):
        raise TypeError(
            f"export: expected a wrapped model, got {type(model).__name__}; call sk2torch.wrap(estimator) first."
        )
    final = Path(path)
    target, place = _target(final, format)
    chosen = _chosen(model, methods, takes_results=(format or final.suffix) not in _ONE_GRAPH)
    model = _converted(model, dtype)
    _require_format(model, final.suffix if format is None else ".onnx")
    with place as temporary:
        target.write(model, temporary, chosen, **options)
    return final


def _target(final: Path, format: str | None) -> tuple[ModuleType, AbstractContextManager[Path]]:
    """The module that writes the format, and the path that it writes to first."""
    if format is None:
        return _format(final), moved_into_place(final)
    if format not in _FOLDERS:
        raise ArtifactError(
            f"unknown format {format!r}; use {', '.join(_FOLDERS)}, or no format and a path with a suffix."
        )
    name, marker = _FOLDERS[format]
    return importlib.import_module(f"sk2torch.export.{name}"), folder_moved_into_place(final, marker)


def _chosen(model: TorchEstimator, methods: Sequence[str] | None, takes_results: bool) -> list[str]:
    """The methods to keep; by default all, but for those that take results where ``takes_results`` is false."""
    available = methods_of(model)
    if methods is None:
        return [m for m in available if takes_results or METHODS[m].kind != "input"]
    chosen = [methods] if isinstance(methods, str) else list(methods)
    absent = [m for m in chosen if m not in available]
    if absent or not chosen:
        raise ArtifactError(f"export: the model has no {absent}; it has {available}.")
    return chosen


def _converted(model: TorchEstimator, dtype: torch.dtype | None) -> TorchEstimator:
    if dtype in (None, model.anchor.dtype):
        return model
    if dtype not in (torch.float32, torch.float64):
        raise ArtifactError(f"export: expected dtype torch.float32 or torch.float64, got {dtype}.")
    return copy.deepcopy(model).to(dtype)


def model_file(path: "str | PathLike[str]") -> Path:
    """The file that holds the model: ``path`` itself, or the one in the folder that it is."""
    found = Path(path)
    in_folder = [found / "1" / f"model{suffix}" for suffix in FORMATS] if found.is_dir() else []
    return next((file for file in in_folder if file.is_file()), found)


def artifact_at(path: "str | PathLike[str]") -> tuple[Path, ModuleType]:
    """The file at ``path``, or of the repository's folder there, and the module of its format.

    Raises:
        FileNotFoundError: no such file.
        ArtifactError: unknown suffix, or a folder without a model.
    """
    source = model_file(path)
    if source.is_dir():
        raise ArtifactError(f"{str(source)!r} is a folder without a model; name a file, or a model of a repository.")
    target = _format(source)
    if not source.is_file():
        raise FileNotFoundError(f"no file {str(source)!r}")
    return source, target


def _require_format(model: TorchEstimator, suffix: str) -> None:
    """Refuse a format that some part of the model says it has no place in."""
    for module in model.modules():
        reason = getattr(type(module), "refused_formats", {}).get(suffix)
        if reason is not None:
            raise ArtifactError(f"export: the model cannot be written as {suffix}: {reason}.")


def read_metadata(path: "str | PathLike[str]") -> dict[str, Any]:
    """What an exported file says about itself; nothing of it is built or run.

    Raises:
        FileNotFoundError: no such file.
        ArtifactError: unknown suffix, or not an artifact of sk2torch.
    """
    source, target = artifact_at(path)
    return metadata.parse(target.metadata_text(source), source)


def load_runtime(path: "str | PathLike[str]", **options: Any) -> Runtime:
    """The runtime of an exported file, chosen by its suffix.

    Args:
        path: the file.
        **options: of an ``.onnx`` file: ``providers``, ``threads`` and ``optimization``, see ``Predictor``.

    Raises:
        FileNotFoundError: no such file.
        ArtifactError: unknown suffix, or not an artifact of sk2torch.
    """
    source, target = artifact_at(path)
    if options and source.suffix != ".onnx":
        raise TypeError(f"a {source.suffix} file takes no option {sorted(options)}; they are of ONNX Runtime.")
    return target.load(source, **options)
