"""``.pt2``: every method as an exported program in one file; loads where only torch is installed."""

import zipfile
from pathlib import Path
from typing import Any

from torch.export.pt2_archive._package import load_pt2, package_pt2

from sk2torch.base import ArtifactError, TorchEstimator
from sk2torch.export import metadata
from sk2torch.export.programs import exported
from sk2torch.export.quiet import quiet_torch
from sk2torch.export.runtime import Runtime

# The name under which torch.export.load finds the first method.
_DEFAULT_PROGRAM = "model"


def write(model: TorchEstimator, path: Path, methods: list[str], **options: Any) -> None:
    """Export each method and write them with the metadata; the first is what ``torch.export.load`` gives."""
    if options:
        raise TypeError(f"export to .pt2 takes no option {sorted(options)}.")
    names = {method: method if k else _DEFAULT_PROGRAM for k, method in enumerate(methods)}
    text = metadata.dumps(metadata.describe(model, names))
    with quiet_torch():
        programs = {names[method]: exported(model, method) for method in methods}
        package_pt2(str(path), exported_programs=programs, extra_files={metadata.ENTRY: text})


def metadata_text(path: Path) -> str | None:
    """What the file says about itself; nothing is loaded."""
    return metadata.archive_text(path)


def load(path: Path) -> Runtime:
    """The runtime of a ``.pt2`` file."""
    try:
        with quiet_torch():
            contents = load_pt2(str(path))
    except (RuntimeError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise ArtifactError(f"{str(path)!r} is not a .pt2 file, or is damaged: {str(error)[:200]}") from error
    described = metadata.parse(contents.extra_files.get(metadata.ENTRY), path)
    modules = {method: contents.exported_programs[name].module() for method, name in described["methods"].items()}
    encoding = metadata.encoding_of(described)
    return Runtime(
        call=lambda method, x: modules[method](x),
        methods=list(modules),
        encoding=encoding,
        decoding=metadata.decoding_of(described, encoding),
        like=metadata.input_like(described),
        couples_rows=described.get("couples_rows", False),
        dense_width=None,
    )
