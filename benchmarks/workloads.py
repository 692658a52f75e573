"""The registry of workloads: what is fitted, what is asked, at which sizes.

A workload is a function that fits an estimator and draws rows to ask, registered under its own name with dashes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sklearn.base import BaseEstimator

SIZES = (1, 100, 10_000, 100_000)
# Rows that the tests ask.
TINY_ROWS = 64


@dataclass(frozen=True)
class Scale:
    """How much of everything: ``share`` of the rows to fit on and of the size of a model, ``n_query`` rows to ask."""

    share: float
    n_query: int

    def rows(self, n: int) -> int:
        """Rows to fit on, where the full workload has ``n``."""
        return max(200, int(n * self.share))

    def parts(self, n: int) -> int:
        """Trees, units, components or iterations, where the full workload has ``n``."""
        return max(4, int(n * self.share))


TINY = Scale(0.02, TINY_ROWS)


def full(n_query: int) -> Scale:
    """The workload as it is measured."""
    return Scale(1.0, n_query)


@dataclass(frozen=True)
class Fitted:
    """A fitted estimator, what it was fitted on (for a peer that fits by itself), and rows to ask.

    Rows are an array, a DataFrame, a sparse matrix or a list of texts.
    """

    estimator: BaseEstimator
    train: tuple[Any, ...]
    X: Any


def fitted(estimator: Any, train: tuple[Any, ...], X: Any) -> Fitted:
    """``estimator`` after ``fit(*train)``."""
    return Fitted(estimator.fit(*train), train, X)


@dataclass(frozen=True)
class Workload:
    """One entry of the registry.

    Args:
        name: as in ``--only``.
        title: what it is, in a few words.
        method: the method that is timed.
        checks: methods whose answers the gate compares besides.
        sizes: batch sizes.
        build: fits it at a scale.
    """

    name: str
    title: str
    method: str
    checks: tuple[str, ...]
    sizes: tuple[int, ...]
    build: Callable[[Scale], Fitted]


WORKLOADS: dict[str, Workload] = {}


def workload(
    title: str, method: str = "predict", checks: tuple[str, ...] = (), sizes: tuple[int, ...] = SIZES
) -> Callable[[Callable[[Scale], Fitted]], Callable[[Scale], Fitted]]:
    """Register the function below as a workload."""

    def register(build: Callable[[Scale], Fitted]) -> Callable[[Scale], Fitted]:
        name = build.__name__.replace("_", "-")
        WORKLOADS[name] = Workload(name, title, method, checks, sizes, build)
        return build

    return register


def selected(names: list[str]) -> list[Workload]:
    """The workloads whose names contain one of ``names``; all for none.

    Raises:
        SystemExit: a name fits no workload.
    """
    load()
    for name in names:
        if not any(name in known for known in WORKLOADS):
            raise SystemExit(f"no workload is called {name!r}; see --list")
    return [w for w in WORKLOADS.values() if not names or any(name in w.name for name in names)]


def load() -> dict[str, Workload]:
    """The registry, filled."""
    from . import workloads_kernels, workloads_linear, workloads_trees  # noqa: F401

    return WORKLOADS
