"""Results of a model's methods as columns of a table."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from sk2torch.base import METHODS
from sk2torch.cli.reporting import Mistake


def check_method(method: str, available: list[str]) -> None:
    """Refuse a method that the model lacks, or whose result has no row for each row of the input.

    Raises:
        Mistake: with the methods that there are.
    """
    if method not in available:
        raise Mistake(f"the model has no method {method!r}; it has {', '.join(available)}.")
    declared = METHODS[method]
    if declared.kind == "graph" or declared.is_joint or "counts" in declared.results:
        raise Mistake(f"{method} gives no table with a row for each row of the data; use Predictor.")
    if declared.kind == "input":
        raise Mistake(f"{method} takes results, not rows of the model's input; use Predictor.")


def parts_of(method: str, result: Any) -> list[tuple[str, np.ndarray]]:
    """The arrays of a result by name, rows first; one, except for neighbours and several outputs."""
    if METHODS[method].results:
        return [(f"{method}_{name}", part) for name, part in zip(METHODS[method].results, result, strict=True)]
    if isinstance(result, list):
        return [(f"{method}_{k}", np.asarray(part)) for k, part in enumerate(result)]
    array = result.toarray() if hasattr(result, "toarray") else np.asarray(result)
    return [(method, np.moveaxis(array, METHODS[method].rows, 0))]


def columns_of(method: str, result: Any, classes: Any) -> Iterator[tuple[str, np.ndarray]]:
    """Name and values of each column of a result.

    Args:
        method: whose result it is.
        result: as ``Predictor`` gives it.
        classes: the model's classes, one array for each output, or None; probabilities are named after them.
    """
    parts = parts_of(method, result)
    for k, (name, part) in enumerate(parts):
        if part.ndim == 1:
            yield name, part
            continue
        # Several outputs have lists of classes.
        labels = classes[k] if isinstance(classes, list) and k < len(classes) and len(parts) > 1 else classes
        flat = part.reshape(len(part), int(np.prod(part.shape[1:])))
        for j, suffix in enumerate(_suffixes(method, labels, part)):
            yield f"{name}_{suffix}", flat[:, j]


def _suffixes(method: str, labels: Any, part: np.ndarray) -> list[str]:
    if METHODS[method].kind == "probabilities" and part.ndim == 2 and isinstance(labels, np.ndarray):
        named = [str(label) for label in labels.tolist()]
        if len(named) == part.shape[1]:
            return named
    return [str(j) for j in range(int(np.prod(part.shape[1:])))]
