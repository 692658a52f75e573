"""What a peer is asked and what it gives."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Call = Callable[[Any], Any]
# scikit-learn's call for what is a method of its own here.
ARGUMENTS: dict[str, tuple[str, dict[str, Any]]] = {"predict_with_std": ("predict", {"return_std": True})}


class NotOffered(Exception):
    """The peer has no such model, method or input."""


@dataclass(frozen=True)
class Question:
    """A fitted estimator, the methods to answer (the first is timed), rows to ask, and what it was fitted on."""

    estimator: Any
    methods: tuple[str, ...]
    X: Any
    train: tuple[Any, ...]
    threads: int


@dataclass(frozen=True)
class Converted:
    """A model of the peer's.

    Args:
        calls: rows to answers as numpy arrays (a list where there are several), by method; those that it has.
        size: of its file in bytes; None where there is no file.
        note: what is not as usual.
        own_fit: whether it was fitted anew, so that its answers may differ.
        references: what scikit-learn's code answers with this very fit, by method, where ``own_fit``.
    """

    calls: dict[str, Call]
    size: int | None = None
    note: str = ""
    own_fit: bool = False
    references: dict[str, Call] = field(default_factory=dict)


def sklearn_call(estimator: Any, method: str) -> Call:
    """scikit-learn's own ``method``, also where it is a method with an argument."""
    name, arguments = ARGUMENTS.get(method, (method, {}))
    function = getattr(estimator, name)
    return lambda X: function(X, **arguments)


def head(X: Any, n: int) -> Any:
    """The first ``n`` rows."""
    return X.iloc[:n] if hasattr(X, "iloc") else X[:n]


def is_numeric_table(X: Any) -> bool:
    """Whether ``X`` is an array of numbers."""
    return isinstance(X, np.ndarray) and X.dtype.kind in "fiu"


def require_numbers(X: Any) -> None:
    """Raise ``NotOffered`` for DataFrames, texts and sparse matrices."""
    if not is_numeric_table(X):
        raise NotOffered(f"takes arrays of numbers only, not {type(X).__name__}")
