"""``.pt2``: every method as an exported program in one file; loads where only torch is installed."""

import io
import zipfile
from pathlib import Path

from torch.export.pt2_archive import PT2ArchiveReader, PT2ArchiveWriter
from torch.export.pt2_archive._package import load_pt2, package_pt2
from torch.export.pt2_archive.constants import AOTINDUCTOR_DIR, EXTRA_DIR

from sk2torch.base import ArtifactError, TorchEstimator
from sk2torch.export import metadata
from sk2torch.export.ahead_of_time import compile_programs, fitting_target, load_code
from sk2torch.export.programs import exported
from sk2torch.export.quiet import quiet_torch
from sk2torch.export.runtime import Runtime

# The name under which torch.export.load finds the first method.
_DEFAULT_PROGRAM = "model"
# What a writer of archives adds by itself.
_OWN_RECORDS = (".data/", "byteorder", "version")


def write(model: TorchEstimator, path: Path, methods: list[str], aot: bool = False) -> None:
    """Export each method and write them with the metadata; the first is what ``torch.export.load`` gives.

    Args:
        model: the wrapped model.
        path: the file.
        methods: the methods.
        aot: whether to add AOTInductor code of each method, under the method's name, for this machine's processor
            (under ``<method>.cuda`` for its GPU, if the model is there); takes a C++ compiler and tens of seconds.
    """
    names = {method: method if k else _DEFAULT_PROGRAM for k, method in enumerate(methods)}
    described = metadata.describe(model, names)
    with quiet_torch():
        programs = {method: exported(model, method) for method in methods}
        files = None
        if aot:
            files, described["aot"] = compile_programs(model, programs)
        package_pt2(
            str(path),
            exported_programs={names[method]: program for method, program in programs.items()},
            aoti_files=files,
            extra_files={metadata.ENTRY: metadata.dumps(described)},
        )


def metadata_text(path: Path) -> str | None:
    """What the file says about itself; nothing is loaded."""
    return metadata.archive_text(path)


def load(path: Path) -> Runtime:
    """The runtime of a ``.pt2`` file: of its compiled code if that is for this machine, else of its programs."""
    try:
        with quiet_torch():
            reader = PT2ArchiveReader(str(path))
            entry = EXTRA_DIR + metadata.ENTRY
            text = reader.read_string(entry) if entry in reader.get_file_names() else None
            described = metadata.parse(text, path)
            like = metadata.input_like(described)
            about = described.get("aot")
            target = fitting_target(about)
            if about is not None and target is not None:
                like = like.to(target["device"])
                functions = load_code(path, about, target, like)
            else:
                programs = load_pt2(str(path) if about is None else _without_code(reader)).exported_programs
                functions = {method: programs[name].module() for method, name in described["methods"].items()}
    except (RuntimeError, AssertionError, KeyError, zipfile.BadZipFile) as error:
        raise ArtifactError(f"{str(path)!r} is not a .pt2 file, or is damaged: {str(error)[:200]}") from error
    encoding = metadata.encoding_of(described)
    return Runtime(
        call=lambda method, x: functions[method](x),
        methods=list(functions),
        encoding=encoding,
        decoding=metadata.decoding_of(described, encoding),
        like=like,
        couples_rows=described.get("couples_rows", False),
        dense_width=None,
        compiled_for=target["device"] if target else None,
    )


def _without_code(reader: PT2ArchiveReader) -> io.BytesIO:
    """The archive without its compiled code, which torch would load, too, and cannot on another machine."""
    buffer = io.BytesIO()
    with PT2ArchiveWriter(buffer) as writer:
        for name in reader.get_file_names():
            if not name.startswith((AOTINDUCTOR_DIR, *_OWN_RECORDS)):
                writer.write_bytes(name, reader.read_bytes(name))
    buffer.seek(0)
    return buffer
