"""What quantization costs and gains, on rows of the user's and on this machine."""

import io
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch

from sk2torch.base import METHODS
from sk2torch.base.sparse import joined
from sk2torch.export import Runtime

# Calls are repeated until this many seconds have passed, or so often.
_SECONDS, _MOST_CALLS = 1.0, 15
_BATCH = 4096


@dataclass(frozen=True)
class MethodError:
    """How the answers of one method differ on the calibration rows.

    Args:
        method: its name.
        agreement: share of rows with equal answers, for labels and other integers; None for continuous values.
        max_error: largest absolute difference of continuous values; None for labels.
        where: position of that difference in the result; None where there is none.
        speed: seconds before, divided by seconds after; the fastest calls of each, taken in turns.
    """

    method: str
    agreement: float | None
    max_error: float | None
    where: tuple[int, ...] | None
    speed: float


@dataclass(frozen=True)
class QuantizationReport:
    """A quantized model beside the original; ``print(report)`` shows a table.

    Args:
        mode: of quantization.
        title: what was quantized.
        bytes_before: of all parameters and buffers, or of the file.
        bytes_after: the same, quantized.
        n_blocks: blocks that were replaced; None for files.
        n_samples: rows of the calibration set; 0 without one.
        methods: one entry per method; empty without a calibration set.
    """

    mode: str
    title: str
    bytes_before: int
    bytes_after: int
    n_blocks: int | None = None
    n_samples: int = 0
    methods: tuple[MethodError, ...] = ()

    def __rich__(self) -> Any:
        from rich.table import Table

        ratio = self.bytes_before / max(self.bytes_after, 1)
        title = (
            f"{self.title}, {self.mode}: {self.bytes_before:,} to {self.bytes_after:,} bytes ({ratio:.1f} times less)"
        )
        if not self.methods:
            return title
        table = Table(title=title, title_justify="left")
        table.add_column("method")
        for heading in ("rows", "agreement", "max error", "at", "speed ratio"):
            table.add_column(heading, justify="right")
        for m in self.methods:
            agreement = "" if m.agreement is None else f"{m.agreement:.4%}"
            error = "" if m.max_error is None else f"{m.max_error:.2e}"
            where = "" if m.where is None else ", ".join(map(str, m.where))
            table.add_row(m.method, f"{self.n_samples:,}", agreement, error, where, f"{m.speed:.2f}")
        return table

    def __str__(self) -> str:
        from rich.console import Console

        text = io.StringIO()
        Console(file=text, width=110).print(self)
        return text.getvalue()


class _Pair(NamedTuple):
    """An answer before and after; of sparse ones the cells, with their places as columns."""

    expected: np.ndarray
    actual: np.ndarray
    places: np.ndarray | None


def n_rows(table: Any) -> int:
    """Rows of a calibration set; 0 without one."""
    if table is None:
        return 0
    return table.shape[0] if hasattr(table, "shape") else len(table)


def compare(before: Runtime, after: Runtime, table: Any) -> tuple[MethodError, ...]:
    """Answers and times of every method that both have.

    Args:
        before: the original.
        after: the quantized model or file.
        table: the calibration rows.
    """
    found = []
    for method in after.methods:
        if METHODS[method].kind == "input" and "transform" not in before.methods:
            continue
        with torch.no_grad():
            given = _given(before, method, table), _given(after, method, table)
            answers = [list(r.answers(method, x, _BATCH)) for r, x in zip((before, after), given, strict=True)]
            is_stack = method == "transform" and isinstance(answers[0][0], torch.Tensor)
            rows = max(answers[0][0].dim() - 2, 0) if is_stack else METHODS[method].rows
            pairs = _alike(*(_parts(blocks, rows) for blocks in answers))
            speed = _speed(
                lambda m=method, x=given[0]: list(before.answers(m, x, _BATCH)),
                lambda m=method, x=given[1]: list(after.answers(m, x, _BATCH)),
            )
        found.append(MethodError(method, *_difference(pairs), speed))
    return tuple(found)


def _given(runtime: Runtime, method: str, table: Any) -> torch.Tensor:
    x = runtime.encoding.to_tensor(table, runtime.like)
    if METHODS[method].kind != "input":
        return x
    result = joined(list(runtime.answers("transform", x, _BATCH)), 0)
    return result.to_dense() if result.layout != torch.strided else result


def _parts(blocks: list[Any], rows: int) -> list[torch.Tensor]:
    """One tensor per output, of all rows, which are that dimension."""
    listed = [list(block) if isinstance(block, (list, tuple)) else [block] for block in blocks]
    return [joined(parts, rows) for parts in zip(*listed, strict=True)]


def _alike(before: list[torch.Tensor], after: list[torch.Tensor]) -> list[_Pair]:
    """Arrays to compare. Two sparse tensors, such as paths, may be wide: of these the cells that some of them has."""
    pairs = []
    for pair in zip(before, after, strict=True):
        places = None
        if all(tensor.layout != torch.strided for tensor in pair):
            first, second = (tensor.to_sparse_coo().coalesce().double() for tensor in pair)
            # The same places in both, in order, with zeros where one has none.
            cells = [(one + _zeros(other)).coalesce() for one, other in ((first, second), (second, first))]
            pair, places = [cell.values() for cell in cells], cells[0].indices().numpy(force=True)
        pairs.append(_Pair(_array(pair[0]), _array(pair[1]), places))
    return pairs


def _zeros(tensor: torch.Tensor) -> torch.Tensor:
    """Zeros in the places of a sparse tensor."""
    return torch.sparse_coo_tensor(
        tensor.indices(), torch.zeros_like(tensor.values()), tensor.shape, check_invariants=True
    )


def _array(tensor: torch.Tensor) -> np.ndarray:
    dense = tensor if tensor.layout == torch.strided else tensor.to_dense()
    return (dense.double() if dense.is_floating_point() else dense).numpy(force=True)


def _difference(pairs: list[_Pair]) -> tuple[float | None, float | None, tuple[int, ...] | None]:
    """Agreement, largest error and where it is."""
    agreement, largest, where = None, None, None
    for expected, actual, places in pairs:
        if expected.dtype.kind != "f":
            same = (expected == actual).reshape(len(expected), -1).all(axis=1) if expected.size else np.ones(1)
            agreement = min(1.0 if agreement is None else agreement, float(same.mean()))
            continue
        with np.errstate(invalid="ignore"):
            error = np.where((expected == actual) | (np.isnan(expected) & np.isnan(actual)), 0.0, expected - actual)
        error = np.where(np.isnan(error), np.inf, np.abs(error))
        if error.size and (largest is None or error.max() > largest):
            largest, at = float(error.max()), int(error.argmax())
            where = tuple(map(int, np.unravel_index(at, error.shape) if places is None else places[:, at]))
    return agreement, largest, where


def _speed(before: Callable[[], Any], after: Callable[[], Any]) -> float:
    """Ratio of the fastest calls, interleaved."""
    fastest, began = [float("inf"), float("inf")], time.perf_counter()
    for _ in range(_MOST_CALLS):
        for k, call in enumerate((before, after)):
            start = time.perf_counter()
            call()
            fastest[k] = min(fastest[k], time.perf_counter() - start)
        if time.perf_counter() - began > _SECONDS:
            break
    return fastest[0] / max(fastest[1], 1e-9)
