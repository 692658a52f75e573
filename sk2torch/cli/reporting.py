"""What a command says: results on stdout, all else on stderr, and how it ends."""

import contextlib
import json
import math
import sys
import warnings
from collections.abc import Iterator
from enum import IntEnum
from typing import Any

import typer
from rich.console import Console
from rich.text import Text

from sk2torch.base import Sk2TorchError

# A console that is no terminal has 80 columns: too few for tables.
_PIPED_WIDTH = 120


class Code(IntEnum):
    """Exit codes."""

    OK = 0
    CHECK_FAILED = 1
    MISTAKE = 2
    INTERRUPTED = 130


class Mistake(Exception):
    """What the user can put right; the message says how."""


def console(stderr: bool = False) -> Console:
    """The console of stdout or stderr as they are now."""
    stream = sys.stderr if stderr else sys.stdout
    return Console(file=stream, width=None if stream.isatty() else _PIPED_WIDTH)


def say(kind: str, style: str, message: str) -> None:
    """A line on stderr, as it is: brackets are no markup, and long lines are not broken."""
    console(stderr=True).print(Text.assemble((f"{kind}: ", style), message), soft_wrap=True)


def note(message: str) -> None:
    """Something that the user may want to know, on stderr."""
    say("note", "cyan", message)


def print_json(document: Any) -> None:
    """One JSON document on stdout; numbers that are not finite become their names."""
    print(json.dumps(_strict(document), indent=2, allow_nan=False))


def _strict(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _strict(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_strict(item) for item in value]
    if hasattr(value, "item"):
        return _strict(value.item())
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def end(passed: bool) -> None:
    """Leave with the exit code of a check."""
    if not passed:
        raise typer.Exit(Code.CHECK_FAILED)


@contextlib.contextmanager
def mistakes_explained() -> Iterator[None]:
    """Errors that the user can put right as one line without a traceback; warnings as notes."""
    try:
        with warnings.catch_warnings():
            warnings.showwarning = lambda message, *_, **__: note(" ".join(str(message).split()))
            yield
    except (Mistake, Sk2TorchError, OSError) as error:
        say("error", "bold red", _text(error))
        raise typer.Exit(Code.MISTAKE) from error
    except KeyboardInterrupt as error:
        say("interrupted", "bold red", "nothing was written.")
        raise typer.Exit(Code.INTERRUPTED) from error


def _text(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename!r}" if error.filename else error.strerror
    return str(error)
