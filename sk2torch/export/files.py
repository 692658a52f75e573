"""Writing files so that nothing half-written is ever seen under the final name."""

import contextlib
import glob
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

try:
    import fcntl
except ImportError:
    # Windows.
    fcntl = None


@contextlib.contextmanager
def moved_into_place(path: "str | os.PathLike[str]") -> Iterator[Path]:
    """A temporary path beside ``path``, with its name; moved there if the block succeeds.

    What else the block puts beside the temporary path is moved first, so that it is there once ``path`` refers to it.

    Raises:
        FileNotFoundError: the folder of ``path`` does not exist.
    """
    final = Path(path)
    with _temporary_folder(final) as folder:
        temporary = folder / final.name
        yield temporary
        for other in sorted(folder.iterdir()):
            if other != temporary:
                os.replace(other, final.with_name(other.name))
        os.replace(temporary, final)


@contextlib.contextmanager
def folder_moved_into_place(path: "str | os.PathLike[str]", marker: str) -> Iterator[Path]:
    """A temporary folder beside ``path``, to be made; it takes the place of ``path`` if the block succeeds.

    A folder that is there already is replaced if it is empty or holds the file ``marker``. The folder of ``path``, a
    repository, is made where there is none.

    Raises:
        FileExistsError: ``path`` is something else.
        FileNotFoundError: the folder that would hold the repository does not exist.
    """
    final = Path(path)
    if final.exists() and not (final.is_dir() and ((final / marker).is_file() or not any(final.iterdir()))):
        raise FileExistsError(f"{str(final)!r} exists and has no {marker}; choose another folder or remove it.")
    if final.parent.parent.is_dir():
        final.parent.mkdir(exist_ok=True)
    with _temporary_folder(final) as folder:
        temporary, old = folder / final.name, folder / f"{final.name}.old"
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


@contextlib.contextmanager
def _temporary_folder(final: Path) -> Iterator[Path]:
    """A folder ``.<name>.<random>.part`` beside ``final``; those of processes that were killed are removed.

    Raises:
        FileNotFoundError: the folder of ``final`` does not exist.
    """
    if not final.parent.is_dir():
        raise FileNotFoundError(
            f"the folder {str(final.parent)!r} does not exist; create it before writing {final.name!r}."
        )
    for left in final.parent.glob(f".{glob.escape(final.name)}.*.part"):
        with _locked(left) as is_ours:
            if is_ours:
                shutil.rmtree(left, ignore_errors=True)
    with (
        tempfile.TemporaryDirectory(dir=final.parent, prefix=f".{final.name}.", suffix=".part") as folder,
        _locked(Path(folder)),
    ):
        yield Path(folder)


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[bool]:
    """Whether the folder could be locked for the block: never twice at a time, or where there are no such locks."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        yield False
        return
    try:
        yield _lock(handle)
    finally:
        os.close(handle)


def _lock(handle: int) -> bool:
    if fcntl is None:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
