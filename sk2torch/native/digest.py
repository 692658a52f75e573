"""What tells a compiled library from one of other sources; imports nothing, as builds run it too."""

import hashlib
from pathlib import Path


def digest(folder: Path) -> str:
    """A hash of the C sources in ``folder`` and below, hexadecimal."""
    found = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.suffix in (".c", ".h", ".inc")):
        found.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return found.hexdigest()
