"""``.pt``: TorchScript, loads where only torch is installed. torch deprecates it; ``.pt2`` is the format of record."""

import functools
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from sk2torch.base import ArtifactError, TorchEstimator, method_module
from sk2torch.export import metadata
from sk2torch.export.quiet import quiet_torch
from sk2torch.export.runtime import Runtime, result_of

# Names of the outputs of a model for Triton begin so, a number follows.
OUTPUT = "OUTPUT__"


def script(model: nn.Module) -> torch.jit.ScriptModule:
    """The model as TorchScript, with the model's methods.

    Raises:
        ArtifactError: this Python or torch has no TorchScript.
    """
    if not hasattr(torch.jit, "script"):
        raise ArtifactError("this torch has no TorchScript; export to .pt2 instead.")
    with quiet_torch():
        return torch.jit.script(model)


def write(model: TorchEstimator, path: Path, methods: list[str], **options: Any) -> None:
    """Script ``model`` and write it with its metadata, which lists ``methods``.

    The file has the others as well, as one method may call another; ``forward`` is the first of ``methods``.
    """
    if options:
        raise TypeError(f"export to .pt takes no option {sorted(options)}.")
    view = method_module(model, methods[0])
    text = metadata.dumps(metadata.describe(model, {name: name for name in methods}))
    with quiet_torch():
        torch.jit.save(script(view), path, _extra_files={metadata.ENTRY: text})


def metadata_text(path: Path) -> str | None:
    """What the file says about itself; nothing is loaded."""
    return metadata.archive_text(path)


def _call(module: torch.jit.ScriptModule, places: dict[str, Any], method: str, x: Tensor) -> Any:
    place = places[method]
    if isinstance(place, str):
        # Not getattr: every loaded module has torch's own method `apply`.
        return module._c._get_method(place)(x)
    # A model for Triton gives the outputs of all methods together.
    outputs = module(x)
    return result_of(method, [outputs[int(name.removeprefix(OUTPUT))] for name in place])


def load(path: Path) -> Runtime:
    """The runtime of a ``.pt`` file."""
    entries = {metadata.ENTRY: ""}
    with quiet_torch():
        try:
            module = torch.jit.load(path, map_location="cpu", _extra_files=entries)
        except RuntimeError as error:
            raise ArtifactError(
                f"{str(path)!r} is not a TorchScript file, or is damaged: {str(error)[:200]}"
            ) from error
    described = metadata.parse(entries[metadata.ENTRY], path)
    encoding = metadata.encoding_of(described)
    return Runtime(
        call=functools.partial(_call, module, described["methods"]),
        methods=list(described["methods"]),
        encoding=encoding,
        decoding=metadata.decoding_of(described, encoding),
        like=metadata.input_like(described),
        couples_rows=described.get("couples_rows", False),
        dense_width=described.get("dense_width", described["n_features_in"]),
    )
