"""What an artifact says about itself: JSON stored in every format."""

import importlib.metadata
import json
from typing import Any

import torch

from sk2torch.base import METHODS, ArtifactError, InputEncoding, TorchEstimator
from sk2torch.base.decoding import OutputDecoding, output_decoding
from sk2torch.base.surface import family_of
from sk2torch.export.runtime import couples_rows, dense_width

# Name of the entry that holds the metadata, in every format.
ENTRY = "sk2torch.json"
FORMAT_VERSION = 1


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
        "methods": methods,
        "dtype": str(model.anchor.dtype).removeprefix("torch."),
        "n_features_in": model.n_features_in,
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
    if metadata["format_version"] > FORMAT_VERSION:
        raise ArtifactError(
            f"{str(path)!r} has format version {metadata['format_version']}, this sk2torch reads up to "
            f"{FORMAT_VERSION}; upgrade sk2torch."
        )
    return metadata


def encoding_of(metadata: dict[str, Any]) -> InputEncoding:
    """How the artifact's model encodes tables."""
    return InputEncoding.from_dict(metadata["encoding"])


def decoding_of(metadata: dict[str, Any], encoding: InputEncoding) -> OutputDecoding:
    """How the artifact's results are decoded; ``encoding`` is the artifact's own."""
    return OutputDecoding.from_dict(metadata["decoding"], encoding)


def input_like(metadata: dict[str, Any]) -> torch.Tensor:
    """A tensor with the dtype of the artifact's input."""
    return torch.zeros((), dtype=getattr(torch, metadata["dtype"]))
