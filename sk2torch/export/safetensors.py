"""``.safetensors``: the module itself as data; loads without scikit-learn and runs no code of the file."""

import json
from pathlib import Path
from typing import Any

import torch

from sk2torch.base import METHODS, ArtifactError, TorchEstimator, methods_of
from sk2torch.export import metadata
from sk2torch.export.runtime import Runtime, runtime_of
from sk2torch.persistence.building import build, declared_tensors
from sk2torch.persistence.describing import describe_module
from sk2torch.persistence.storage import Reader
from sk2torch.persistence.storage import write as write_file


def write(model: TorchEstimator, path: Path, methods: list[str], **options: Any) -> None:
    """Write the module; it keeps all of its methods."""
    if options:
        raise TypeError(f"export to .safetensors takes no option {sorted(options)}.")
    if methods != methods_of(model):
        raise ArtifactError("a .safetensors file holds the whole module, with all of its methods; leave out `methods`.")
    described = describe_module(model)
    about = {**metadata.describe(model, {m: m for m in methods}), "structure": described.structure}
    # Strict JSON: no NaN, whatever reads it.
    write_file(path, json.dumps(about), described.tensors)


def read_model(path: Path) -> TorchEstimator:
    """The module of a ``.safetensors`` file; see ``sk2torch.load``."""
    reader = Reader(path)
    try:
        about = metadata.parse(reader.text, path)
        if not isinstance(about.get("structure"), dict):
            raise ArtifactError(f"{str(path)!r} is damaged: its metadata says nothing of the model's structure.")
        declared = declared_tensors(about["structure"])
        reader.check(declared)
        try:
            model = build(about["structure"], reader.tensor)
            model.__dict__["_encoding"] = metadata.encoding_of(about)
            _try_out(model.eval(), metadata.input_like(about).dtype)
        except ArtifactError:
            raise
        except Exception as error:
            raise ArtifactError(
                f"its parts do not fit together ({type(error).__name__}: {str(error)[:200]}); it was written by "
                f"sk2torch {str(about['versions'].get('sk2torch'))[:20]}: convert the model again, or use that version"
            ) from error
    except (ArtifactError, KeyError, RecursionError) as error:
        text = str(error) or type(error).__name__
        raise ArtifactError(text if repr(str(path)) in text else f"{str(path)!r} cannot be read: {text}") from error
    finally:
        reader.close()
    return model


def _try_out(model: Any, dtype: torch.dtype) -> None:
    """Answer no rows by every method: parts that do not fit together show.

    Raises:
        ArtifactError: it is no estimator.
    """
    if not isinstance(model, TorchEstimator):
        raise ArtifactError("its structure is that of a part of a model.")
    for module in model.modules():
        anchor = module.anchor if isinstance(module, TorchEstimator) else model.anchor
        if anchor.dtype != dtype or anchor.dim() > 0:
            raise ArtifactError(f"a part computes in {anchor.dtype}, not in {dtype}.")
        if hasattr(module, "check_arrays"):
            module.check_arrays()
    width = [max(model.n_features_in, 1)] if model.encoding.n_dims == 2 else []
    x = torch.zeros([0, *width], dtype=model.anchor.dtype)
    with torch.no_grad():
        for method in methods_of(model):
            if METHODS[method].kind != "input":
                getattr(model, method)(x)


def metadata_text(path: Path) -> str | None:
    """What the file says about itself; no tensor is read, and the checksum not computed."""
    reader = Reader(path)
    reader.close()
    return reader.text


def load(path: Path) -> Runtime:
    """The runtime of the module in a ``.safetensors`` file."""
    return runtime_of(read_model(path))
