"""What an artifact says about itself: JSON stored in every format."""

import importlib.metadata
import itertools
import json
import re
import zipfile
from pathlib import Path
from typing import Any

import torch
from torch import nn

from sk2torch.base import METHODS, ArtifactError, Column, InputEncoding, TorchEstimator
from sk2torch.base.decoding import OutputDecoding, output_decoding
from sk2torch.base.surface import family_of
from sk2torch.export.runtime import couples_rows, dense_width

# Name of the entry that holds the metadata, in every format.
ENTRY = "sk2torch.json"
FORMAT_VERSION = 1
# What all artifacts say.
_ENTRIES: dict[str, Any] = {
    "format_version": int,
    "versions": dict,
    "module": str,
    "methods": dict,
    "dtype": str,
    "n_features_in": int,
    "encoding": dict,
    "decoding": dict,
}
# What they say of a second file, where there is one.
_DATA_ENTRIES: dict[str, Any] = {"file": str, "n_bytes": int, "sha256": str}
# No model says more about itself: what claims to would only fill the memory.
MAX_BYTES = 2**28


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def output_names(model: TorchEstimator, method: str, count: int) -> list[str]:
    """Names of a method's outputs in a graph; a regressor's ``predict`` is ``variable``, as in skl2onnx."""
    if METHODS[method].results:
        return [f"{METHODS[method].output}_{result}" for result in METHODS[method].results]
    name = METHODS[method].output
    if method == "predict" and not hasattr(model, "classes_"):
        name = "variable"
    # A regressor that transforms, too: a name belongs to one output.
    if method == "transform" and hasattr(model, "predict") and not hasattr(model, "classes_"):
        name = "transform"
    return [name] if count == 1 else [f"{name}_{k}" for k in range(count)]


def column_kind(column: Column) -> str:
    """What a column of a table holds: ``number``, ``string``, ``mixed`` (both), ``documents``; or it is ``unused``."""
    if not column.used:
        return "unused"
    if column.readers:
        return "documents"
    if not column.is_text:
        return "number"
    return "mixed" if any(isinstance(word, int | float) for word in column.vocabulary) else "string"


def features(encoding: InputEncoding) -> list[dict[str, Any]] | None:
    """Name and kind of each input column; equal ones in a row are one entry, with how often. None: any numbers do."""
    if encoding.columns is None:
        return None
    return _folded([{"name": column.name, "kind": column_kind(column)} for column in encoding.columns])


def estimator_tree(module: nn.Module, name: str = "") -> dict[str, Any]:
    """The class of a model and of the estimators inside of it, by their names."""
    tree = {"name": name, "class": family_of(module).__name__}
    children = [estimator_tree(part, at) for at, part in _inner_estimators(module, "")]
    return {**tree, "parts": _folded(children)} if children else tree


def _inner_estimators(module: nn.Module, path: str) -> list[tuple[str, TorchEstimator]]:
    found = []
    for name, child in module.named_children():
        at = f"{path}.{name}" if path else name
        found += [(at, child)] if isinstance(child, TorchEstimator) else _inner_estimators(child, at)
    return found


def _folded(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Entries that differ in numbers within their names at most, and follow each other, as one with how often."""

    def alike(entry: dict[str, Any]) -> str:
        name = re.sub(r"\d+", "#", entry["name"]) if "class" in entry else entry["name"]
        return json.dumps({**entry, "name": name})

    groups = (list(group) for _, group in itertools.groupby(entries, alike))
    return [group[0] if len(group) == 1 else {**group[0], "repeat": len(group)} for group in groups]


def _n_bytes(model: TorchEstimator) -> int:
    tensors = itertools.chain(model.parameters(), model.buffers())
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)


def describe(model: TorchEstimator, methods: dict[str, Any]) -> dict[str, Any]:
    """JSON-ready metadata of an artifact.

    Args:
        model: the wrapped model.
        methods: by name, where the format keeps each method.
    """
    return {
        "format": "sk2torch",
        "format_version": FORMAT_VERSION,
        "versions": {name: _version(name) for name in ("sk2torch", "torch", "scikit-learn")},
        "module": family_of(model).__name__,
        "estimator": estimator_tree(model),
        "methods": methods,
        "dtype": str(model.anchor.dtype).removeprefix("torch."),
        "n_bytes": _n_bytes(model),
        "n_features_in": model.n_features_in,
        "features": features(model.encoding),
        "couples_rows": couples_rows(model),
        "dense_width": dense_width(model),
        "encoding": model.encoding.to_dict(),
        "decoding": output_decoding(model).to_dict(),
    }


def dumps(metadata: dict[str, Any]) -> str:
    """The metadata as JSON text."""
    return json.dumps(metadata)


def parse(text: str | bytes | None, path: Any) -> dict[str, Any]:
    """Metadata from an artifact's JSON text.

    Raises:
        ArtifactError: there is none, it is not ours, or a newer version wrote it.
    """
    try:
        metadata = json.loads(text or "")
        ours = metadata["format"] == "sk2torch"
    except (ValueError, KeyError, TypeError):
        ours = False
    if not ours:
        raise ArtifactError(
            f"{str(path)!r} has no sk2torch metadata; export the model with sk2torch.export(model, path)."
        )
    strange = _strange(metadata, _ENTRIES)
    data = metadata.get("data")
    if data is not None and (not isinstance(data, dict) or _strange(data, _DATA_ENTRIES)):
        strange.append("data")
    if strange:
        raise ArtifactError(f"{str(path)!r} is damaged: its metadata says nothing sensible of {', '.join(strange)}.")
    if metadata["format_version"] > FORMAT_VERSION:
        raise ArtifactError(
            f"{str(path)!r} has format version {metadata['format_version']}, this sk2torch reads up to "
            f"{FORMAT_VERSION}; upgrade sk2torch."
        )
    return metadata


def _strange(entries: dict[str, Any], kinds: dict[str, Any]) -> list[str]:
    return [key for key, kind in kinds.items() if not isinstance(entries.get(key), kind)]


def archive_text(path: Path) -> str | None:
    """The metadata's text of a zip archive that torch wrote; nothing else of it is read.

    Raises:
        ArtifactError: it is no such archive, or is damaged.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            entry = next((e for e in archive.infolist() if e.filename.endswith(f"extra/{ENTRY}")), None)
            if entry is None:
                return None
            check_size(entry.file_size, path)
            return archive.read(entry).decode()
    except (zipfile.BadZipFile, EOFError, OSError, UnicodeDecodeError, NotImplementedError, RuntimeError) as error:
        raise ArtifactError(f"{str(path)!r} is not an archive of torch, or is damaged: {str(error)[:200]}") from error


def check_size(size: int, path: Any) -> None:
    """Refuse metadata of an absurd size.

    Raises:
        ArtifactError: it has more than ``MAX_BYTES``.
    """
    if size > MAX_BYTES:
        raise ArtifactError(f"{str(path)!r} is damaged: its metadata claims {size:,} bytes.")


def file_bytes(path: Path, metadata: dict[str, Any]) -> int:
    """The size of an artifact, with a second file that it may have."""
    return path.stat().st_size + (metadata.get("data") or {}).get("n_bytes", 0)


def encoding_of(metadata: dict[str, Any]) -> InputEncoding:
    """How the artifact's model encodes tables.

    Raises:
        ArtifactError: the description makes no sense.
    """
    try:
        return InputEncoding.from_dict(metadata["encoding"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise ArtifactError(f"the artifact is damaged: its input columns make no sense ({reason}).") from error


def decoding_of(metadata: dict[str, Any], encoding: InputEncoding) -> OutputDecoding:
    """How the artifact's results are decoded; ``encoding`` is the artifact's own."""
    return OutputDecoding.from_dict(metadata["decoding"], encoding)


def input_like(metadata: dict[str, Any]) -> torch.Tensor:
    """A tensor with the dtype of the artifact's input."""
    return torch.zeros((), dtype=getattr(torch, metadata["dtype"]))
