"""The gate before any figure: does a peer answer what scikit-learn answers?"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

# Errors relative to a column's scale up to which an answer is exact, or float32 rounding.
EXACT, CLOSE = 1e-9, 1e-3
# Share of rows that rounding to float32 may send to another leaf or label.
ROUNDED_AWAY = 1e-3
# Share of labels on which two fits of the same data are to agree, and the least correlation of their scores.
SAME_FIT = 0.9


@dataclass(frozen=True)
class Gate:
    """The outcome.

    Args:
        verdict: ``exact``, ``float32``, ``own fit`` or ``wrong``.
        agreement: share of equal labels; None where no labels were compared.
        error: largest error relative to the column's scale; None where nothing continuous was compared.
        rows_off: rows whose continuous values are off by more than ``CLOSE``, or whose labels differ.
        rows: rows compared.
        methods: methods compared.
        why: of ``wrong``, in words.
    """

    verdict: str
    agreement: float | None
    error: float | None
    rows_off: int
    rows: int
    methods: tuple[str, ...]
    why: str = ""

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def _flat(value: Any) -> list[np.ndarray]:
    parts = value if isinstance(value, (list, tuple)) else [value]
    return [np.asarray(part) for part in parts]


def _row_errors(actual: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Largest error of each row, relative to the scales of the columns; infinite where only one is finite."""
    a = actual.astype(np.float64).reshape(len(expected), -1)
    e = expected.astype(np.float64).reshape(len(expected), -1)
    finite = np.isfinite(e)
    scale = np.maximum(np.abs(np.where(finite, e, 0.0)).max(axis=0, initial=0.0), 1e-12)
    with np.errstate(invalid="ignore"):
        error = np.abs(a - e) / scale
    same = (a == e) | (np.isnan(a) & np.isnan(e))
    return np.where(same, 0.0, np.where(finite & np.isfinite(a), error, np.inf)).max(axis=1, initial=0.0)


def _correlation(actual: np.ndarray, expected: np.ndarray) -> float:
    a, e = actual.astype(float).ravel(), expected.astype(float).ravel()
    return float(np.corrcoef(a, e)[0, 1]) if a.std() > 0 and e.std() > 0 else float(np.array_equal(a, e))


def examine(answers: dict[str, Any], expected: dict[str, Any], own_fit: bool = False) -> Gate:
    """Compare answers by method with scikit-learn's.

    Args:
        answers: what the peer gave; methods that scikit-learn was not asked are ignored.
        expected: scikit-learn's answers.
        own_fit: whether the peer fitted anew, so that it need only resemble.
    """
    agreements, errors, off, likeness, methods = [], [], [np.zeros(0, bool)], [], []
    for method in [m for m in expected if m in answers]:
        actual, wanted = _flat(answers[method]), _flat(expected[method])
        if len(actual) != len(wanted) or any(a.size != e.size for a, e in zip(actual, wanted, strict=True)):
            shapes = [a.shape for a in actual], [e.shape for e in wanted]
            return Gate("wrong", None, None, 0, 0, (method,), f"{method}: shape {shapes[0]}, expected {shapes[1]}")
        methods.append(method)
        for a, e in zip(actual, wanted, strict=True):
            if e.dtype.kind == "f":
                rows = _row_errors(a, e)
                errors.append(rows.max(initial=0.0))
                off.append(rows > CLOSE)
                likeness.append(_correlation(a, e) if own_fit else 1.0)
            else:
                equal = _equal_labels(a.reshape(e.shape), e)
                agreements.append(float(equal.mean()) if equal.size else 1.0)
                off.append(~equal)
                likeness.append(agreements[-1])
    n = max(map(len, off))
    count = int(np.logical_or.reduce([flags for flags in off if len(flags) == n]).sum())
    agreement = min(agreements, default=None)
    error = float(max(errors)) if errors else None
    gate = Gate("exact", agreement, error, count, n, tuple(methods))
    verdict, why = _verdict(gate, min(likeness, default=0.0), own_fit)
    return Gate(verdict, agreement, error, count, n, tuple(methods), why)


def _equal_labels(actual: np.ndarray, expected: np.ndarray) -> np.ndarray:
    if actual.dtype.kind in "fiub" and expected.dtype.kind in "iub":
        return actual.astype(np.float64) == expected.astype(np.float64)
    return actual.astype(str) == expected.astype(str)


def _verdict(gate: Gate, likeness: float, own_fit: bool) -> tuple[str, str]:
    if not gate.methods:
        return "wrong", "answers no method that was asked"
    if (gate.agreement in (None, 1.0)) and (gate.error is None or gate.error <= EXACT):
        return "exact", ""
    if gate.rows_off <= ROUNDED_AWAY * gate.rows:
        return "float32", ""
    if own_fit and likeness >= SAME_FIT:
        return "own fit", ""
    parts = [f"{gate.rows_off} of {gate.rows} rows off"]
    parts += [f"{1 - gate.agreement:.1%} of labels differ"] if gate.agreement not in (None, 1.0) else []
    parts += [f"relative error {gate.error:.1e}"] if gate.error is not None and gate.error > CLOSE else []
    return "wrong", ", ".join(parts)
