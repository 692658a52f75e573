"""The runner's side of the workers: starts them, asks them, ends those that take too long."""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from multiprocessing.connection import Connection, Listener
from pathlib import Path
from typing import Any

from .data import ROOT
from .peers import PEERS

# From the start of an interpreter to its first word: imports, and for some what only a first compilation does.
START_SECONDS = 300.0


class Refused(Exception):
    """A peer did not do what it was asked.

    Args:
        kind: ``not offered``, ``error`` or ``timeout``.
        reason: in words.
    """

    def __init__(self, kind: str, reason: str) -> None:
        super().__init__(reason)
        self.kind, self.reason = kind, reason


class Worker:
    """A peer's process, started when first asked and again after it was ended.

    It is stopped until it is asked again, so that threads which wait for work by spinning take no time from others.

    Args:
        peer: its name.
        python: the interpreter of its environment.
        threads: threads that every library in it may use.
    """

    def __init__(self, peer: str, python: str, threads: int) -> None:
        self.peer, self.python, self.threads = peer, python, threads
        self.process: subprocess.Popen | None = None
        self.connection: Connection | None = None
        self.folder: tempfile.TemporaryDirectory[str] | None = None
        self.missing: Refused | None = None

    def ask(self, timeout: float, name: str, *arguments: Any) -> Any:
        """The worker's reply.

        Raises:
            Refused: it cannot, failed, or took longer than ``timeout`` seconds and was ended.
        """
        if self.missing is not None:
            raise self.missing
        try:
            if self.connection is None:
                self._start()
            self._signal(signal.SIGCONT)
            self.connection.send((name, *arguments))
            return self._reply(timeout)
        except (EOFError, OSError) as error:
            self.close()
            raise Refused("error", f"the process ended: {type(error).__name__}") from error

    def _signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)

    def _reply(self, timeout: float) -> Any:
        if not self.connection.poll(timeout):
            self.close()
            raise Refused("timeout", f"no answer within {timeout:.0f} s")
        status, value = self.connection.recv()
        self._signal(signal.SIGSTOP)
        if status != "ok":
            raise Refused(status, value)
        return value

    def _start(self) -> None:
        self.folder = tempfile.TemporaryDirectory(prefix="sk2torch-bench-", ignore_cleanup_errors=True)
        address = str(Path(self.folder.name) / "socket")
        command = [self.python, str(Path(__file__).parent / "worker.py"), self.peer, address]
        try:
            with Listener(address, family="AF_UNIX") as listener:
                # In its own folder, so that what it writes is removed with it.
                self.process = subprocess.Popen(
                    command,
                    env={**self._environment(), "TMPDIR": self.folder.name},
                    cwd=self.folder.name,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    start_new_session=True,
                )
                self.connection = self._accepted(listener)
            self._reply(START_SECONDS)
        except Refused as refusal:
            self.close()
            self.missing = refusal
            raise

    def _accepted(self, listener: Listener) -> Connection:
        """The process's connection; an interpreter that ends before it gets there would leave ``accept`` waiting."""
        listener._listener._socket.settimeout(1.0)  # type: ignore[attr-defined]
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end and self.process.poll() is None:
            with contextlib.suppress(TimeoutError):
                return listener.accept()
        raise Refused("error", "its interpreter does not start")

    def _environment(self) -> dict[str, str]:
        threads = dict.fromkeys(
            ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS"), str(self.threads)
        )
        environment = {**os.environ, **threads, "PYTHONWARNINGS": "ignore"}
        environment.pop("PYTHONPATH", None)
        if PEERS[self.peer][0] == "ours":
            environment["PYTHONPATH"] = str(ROOT)
            # What another run has compiled would make this one's compilation look fast.
            environment["TORCHINDUCTOR_FORCE_DISABLE_CACHES"] = "1"
        return environment

    def close(self) -> None:
        """End the process."""
        if self.connection is not None:
            self.connection.close()
        if self.process is not None:
            self._signal(signal.SIGCONT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(0.2)
            # Compilers that it started end with it.
            self._signal(signal.SIGKILL)
            self.process.wait()
        if self.folder is not None:
            self.folder.cleanup()
        self.process = self.connection = self.folder = None


def interpreters(bench: str | None, original: str | None) -> dict[str, str | None]:
    """Interpreters by environment; None for one that does not exist."""
    found = {"bench": bench or sys.executable, "original": original}
    # Workers run in folders of their own. A link to an interpreter stays one: it says which environment is meant.
    return {name: os.path.abspath(path) if path and Path(path).exists() else None for name, path in found.items()}
