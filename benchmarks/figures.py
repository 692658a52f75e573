"""Ratios out of a result file."""

import math
from collections.abc import Iterable
from typing import Any

from .peers import BASELINE, MODES, PEERS

Record = dict[str, Any]
# Modes of ours that compute in float64.
EXACT_MODES = tuple(mode for mode in MODES if mode != "float32")
OTHERS = tuple(peer for peer in PEERS if peer not in MODES)


def seconds(record: Record, peer: str, size: int) -> float | None:
    """Median time of a call; None where there is none, or the peer answers wrong."""
    entry = record["peers"].get(peer, {})
    return entry.get("times", {}).get(str(size), {}).get("seconds") if entry.get("status") == "ok" else None


def ratio(record: Record, peer: str, size: int, to: str = BASELINE) -> float | None:
    """How many times faster than ``to`` a peer is."""
    own, other = seconds(record, peer, size), seconds(record, to, size)
    return other / own if own and other else None


def fastest(record: Record, peers: Iterable[str], size: int) -> tuple[str, float] | None:
    """The fastest of ``peers`` and its time."""
    times = [(t, peer) for peer in peers if (t := seconds(record, peer, size))]
    return (min(times)[1], min(times)[0]) if times else None


def best_mode(record: Record, size: int) -> str | None:
    """The fastest of our float64 modes."""
    found = fastest(record, EXACT_MODES, size)
    return found[0] if found else None


def lead(record: Record, mode: str, size: int) -> float | None:
    """How many times faster a mode of ours is than the fastest peer, ``best`` standing for our fastest mode."""
    peer = fastest(record, OTHERS, size)
    own = seconds(record, best_mode(record, size) or "" if mode == "best" else mode, size)
    return peer[1] / own if peer and own else None


def geometric_mean(values: Iterable[float | None]) -> float | None:
    """Of the values that are there."""
    known = [v for v in values if v]
    return math.exp(sum(map(math.log, known)) / len(known)) if known else None


def sizes(results: dict[str, Any]) -> list[int]:
    """All batch sizes that any workload was asked at."""
    return sorted({size for record in results["workloads"].values() for size in record["sizes"]})


def times(value: float | None) -> str:
    """A ratio in print."""
    if value is None:
        return ""
    return f"{value:.0f}x" if value >= 100 else f"{value:.3g}x"
