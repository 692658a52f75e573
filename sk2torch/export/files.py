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
    _require_parent(final)
    with tempfile.TemporaryDirectory(dir=final.parent, prefix=f".{final.name}.") as folder:
        temporary = Path(folder) / final.name
        yield temporary
        os.replace(temporary, final)


@contextlib.contextmanager
def folder_moved_into_place(path: "str | os.PathLike[str]", marker: str) -> Iterator[Path]:
    """A temporary folder beside ``path``, to be made; it takes the place of ``path`` if the block succeeds.

    A folder that is there already is replaced if it is empty or holds the file ``marker``.

    Raises:
        FileExistsError: ``path`` is something else.
        FileNotFoundError: the folder of ``path`` does not exist.
    """
    final = Path(path)
    if final.exists() and not (final.is_dir() and ((final / marker).is_file() or not any(final.iterdir()))):
        raise FileExistsError(f"{str(final)!r} exists and has no {marker}; choose another folder or remove it.")
    _require_parent(final)
    with tempfile.TemporaryDirectory(dir=final.parent, prefix=f".{final.name}.") as folder:
        temporary, old = Path(folder) / final.name, Path(folder) / f"{final.name}.old"
        yield temporary
        # A folder with content cannot be replaced in one step.
        if final.exists():
            os.replace(final, old)
        try:
            os.replace(temporary, final)
        except BaseException:
            if old.exists():
                os.replace(old, final)
            raise


def _require_parent(path: Path) -> None:
    if not path.parent.is_dir():
        raise FileNotFoundError(
            f"the folder {str(path.parent)!r} does not exist; create it before writing {path.name!r}."
        )
