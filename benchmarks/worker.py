"""One peer in a process of its own: ``python worker.py PEER ADDRESS`` answers requests until it is told to stop.

A request is a tuple of a name and its arguments; the reply is ``("ok", value)``, ``("not offered", reason)`` or
``("error", reason)``. Run by path, not as a module, so that a peer with our import name finds its own package.
"""

import contextlib
import ctypes
import os
import pickle
import signal
import sys
import time
import traceback
import warnings
from multiprocessing.connection import Client
from pathlib import Path
from typing import Any

from peers import converter
from peers.interface import Converted, NotOffered, Question, head

# Calls in one burst at most.
MAX_CALLS = 2000
STATUS = Path("/proc/self/status")
# Of linux/prctl.h.
PR_SET_PDEATHSIG = 1


def resident(key: str) -> int | None:
    """``VmRSS`` or its peak ``VmHWM`` in bytes; None where the system does not say."""
    with contextlib.suppress(OSError):
        for line in STATUS.read_text().splitlines():
            if line.startswith(key):
                return int(line.split()[1]) * 1024
    return None


def restart_peak() -> int | None:
    """Make the peak of resident memory start anew; the resident memory now, or None where that is not possible."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return None
    return resident("VmRSS")


class Server:
    """Holds one converted model at a time."""

    def __init__(self, peer: str, threads: int) -> None:
        self.peer, self.threads = peer, threads
        self.convert = converter(peer)
        self.model = Converted({})
        self.X: Any = None
        self.method = ""
        if "torch" in sys.modules:
            import torch

            torch.set_num_threads(threads)
            torch.set_grad_enabled(False)
        if peer in ("compiled", "aoti"):
            self._compile_once()

    def _compile_once(self) -> None:
        """What only the first compilation in a process does: imports, and headers that are compiled ahead."""
        import torch

        x = torch.zeros(16, dtype=torch.float64)
        if self.peer == "compiled":
            torch.compile(torch.exp)(x)
        else:
            program = torch.export.export(torch.nn.Sigmoid(), (x,))
            torch._inductor.aoti_compile_and_package(program, package_path=str(Path.cwd() / "warm.pt2"))

    def load(self, path: str) -> dict[str, Any]:
        """Convert the estimator of a pickled question (see ``measuring.py``); its timings and facts."""
        self.model = Converted({})
        stored = pickle.loads(Path(path).read_bytes())
        question = Question(threads=self.threads, **stored)
        self.X, self.method = question.X, question.methods[0]
        start = time.perf_counter()
        self.model = self.convert(question)
        seconds = time.perf_counter() - start
        if self.method not in self.model.calls:
            raise NotOffered(f"has no {self.method}")
        facts = self.model
        return {
            "conversion_seconds": None if facts.own_fit else seconds,
            "size": facts.size,
            "note": facts.note,
            "own_fit": facts.own_fit,
        }

    def answers(self, n: int, seconds: float) -> dict[str, Any]:
        """Answers for the first ``n`` rows by method.

        With the time of the first call, the bytes by which it made the process grow at most, and the answers of
        scikit-learn's code where there are any. Methods that are only checked are left out once a call takes
        longer than ``seconds``.
        """
        X = head(self.X, n)
        before = restart_peak()
        start = time.perf_counter()
        given = {self.method: self.model.calls[self.method](X)}
        spent = time.perf_counter() - start
        peak = resident("VmHWM")
        if spent < seconds:
            given |= {m: call(X) for m, call in self.model.calls.items() if m != self.method}
        return {
            "seconds": spent,
            "memory": None if before is None or peak is None else max(0, peak - before),
            "answers": given,
            "references": {m: call(X) for m, call in self.model.references.items()},
        }

    def burst(self, n: int, seconds: float) -> list[float]:
        """Times of single calls of the first ``n`` rows that take ``seconds`` together, one at least."""
        X, call, times = head(self.X, n), self.model.calls[self.method], []
        end = time.perf_counter() + seconds
        while not times or (time.perf_counter() < end and len(times) < MAX_CALLS):
            start = time.perf_counter()
            call(X)
            times.append(time.perf_counter() - start)
        return times


def end_with_parent() -> None:
    """Ask Linux to end this process with the runner, which may leave it stopped."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def main() -> None:
    end_with_parent()
    peer, address, threads = sys.argv[1], sys.argv[2], int(os.environ["OMP_NUM_THREADS"])
    warnings.simplefilter("ignore")
    with Client(address, family="AF_UNIX") as connection:
        try:
            server = Server(peer, threads)
        except ImportError as error:
            connection.send(("error", f"not installed: {error}"))
            return
        connection.send(("ok", None))
        while True:
            try:
                name, *arguments = connection.recv()
            except EOFError:
                return
            try:
                reply = ("ok", getattr(server, name)(*arguments))
            except NotOffered as reason:
                reply = ("not offered", str(reason)[:300])
            except Exception as error:
                where = traceback.extract_tb(error.__traceback__)[-1]
                reply = ("error", f"{type(error).__name__}: {error} ({Path(where.filename).name}:{where.lineno})"[:400])
            connection.send(reply)


if __name__ == "__main__":
    main()
