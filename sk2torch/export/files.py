"""Writing files so that nothing half-written is ever seen under the final name."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def moved_into_place(path: "str | os.PathLike[str]") -> Iterator[Path]:
    """A temporary path beside ``path``, with its suffix; moved there if the block succeeds.

    Raises:
        FileNotFoundError: the folder of ``path`` does not exist.
    """
    final = Path(path)
    if not final.parent.is_dir():
        raise FileNotFoundError(
            f"the folder {str(final.parent)!r} does not exist; create it before writing {final.name!r}."
        )
    with tempfile.TemporaryDirectory(dir=final.parent, prefix=f".{final.name}.") as folder:
        temporary = Path(folder) / final.name
        yield temporary
        os.replace(temporary, final)
