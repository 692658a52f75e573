"""A progress bar over batches or epochs, for work that takes long."""

import time
from collections.abc import Iterable, Iterator
from typing import Literal, TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

T = TypeVar("T")
Show = bool | Literal["auto"]
# Seconds after which work counts as long.
_PATIENCE = 2.0


class Bar:
    """A bar on stderr.

    Args:
        what: the word before it.
        total: how many steps there are.
        show: True from the start, False never; ``"auto"`` once the work has taken two seconds, on a terminal.
    """

    def __init__(self, what: str, total: int, show: Show) -> None:
        self._what, self._total, self._show = what, total, show
        self._console = Console(stderr=True)
        self._since = time.monotonic()
        self._done = 0
        self._shown: Progress | None = None
        if show is True:
            self._open()

    def _open(self) -> None:
        columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
        words = (TextColumn("{task.description}"), *columns, TextColumn("{task.fields[note]}"))
        self._shown = Progress(*words, console=self._console, transient=self._show == "auto")
        self._shown.start()
        self._shown.add_task(self._what, total=self._total, completed=self._done, note="")

    def step(self, note: str = "") -> None:
        """One more is done; ``note`` is shown after the bar."""
        self._done += 1
        is_long = time.monotonic() - self._since > _PATIENCE and self._done < self._total
        if self._shown is None and self._show == "auto" and is_long and self._console.is_terminal:
            self._open()
        if self._shown is not None:
            self._shown.update(self._shown.task_ids[0], completed=self._done, note=note)

    def close(self) -> None:
        """Take the bar away, or leave it as it stands."""
        if self._shown is not None:
            self._shown.stop()
            self._shown = None


def watched(parts: Iterable[T], total: int, what: str, show: Show) -> Iterator[T]:
    """``parts``, with a bar while they are computed."""
    bar = Bar(what, total, show)
    try:
        for part in parts:
            bar.step()
            yield part
    finally:
        bar.close()
