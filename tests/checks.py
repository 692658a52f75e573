"""Comparisons that the contract tests share."""

import warnings
from typing import Any

import numpy as np
import torch

from sk2torch.base import METHODS, sklearn_result

CONTINUOUS = ("probabilities", "scores", "features", "input")


def argument(estimator: Any, method: str, X: Any) -> Any:
    """What scikit-learn's ``method`` takes when the rows are ``X``."""
    return sklearn_call(estimator, "transform", X) if METHODS[method].kind == "input" else X


def sklearn_call(estimator: Any, method: str, X: Any) -> Any:
    """``estimator.method(X)`` without scikit-learn's own warnings."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return sklearn_result(estimator, method, X)


def module_input(model: Any, method: str, value: Any) -> torch.Tensor:
    """``value`` (see ``argument``) as the tensor that the module's ``method`` takes."""
    from sk2torch.export.runtime import runtime_of

    return runtime_of(model).input_tensor(method, value)


def dense(value: Any) -> np.ndarray:
    """A numpy array from a tensor, sparse matrix, DataFrame or array."""
    if isinstance(value, torch.Tensor):
        value = value.detach().cpu()
        return (value.to_dense() if value.layout != torch.strided else value).numpy()
    return value.toarray() if hasattr(value, "toarray") else np.asarray(value)


def parts(value: Any) -> list[np.ndarray]:
    """One array per output; rows of different lengths as their elements and their lengths."""
    arrays = [dense(v) for v in value] if isinstance(value, (list, tuple)) else [dense(value)]
    if any(a.dtype == object and a.size and all(isinstance(row, np.ndarray) for row in a.flat) for a in arrays):
        return [*(np.concatenate(a) for a in arrays), np.array([len(row) for row in arrays[0]])]
    return arrays


def tensors(result: Any) -> list[torch.Tensor]:
    """A module's result as a list of tensors, one per output."""
    return list(result) if isinstance(result, (list, tuple)) else [result]


def head(x: torch.Tensor, rows: int) -> torch.Tensor:
    """The first rows of an input, which may be sparse."""
    return x.to_dense()[:rows].to_sparse_csr() if x.is_sparse_csr else x[:rows]


def first_rows(values: list[np.ndarray], rows: int, method: str) -> list[np.ndarray]:
    """What a method gives for the first ``rows`` rows, cut out of its result for more."""
    if "counts" in METHODS[method].results:
        distances, indices, counts = values
        n_neighbors = counts[:rows].sum()
        return [distances[:n_neighbors], indices[:n_neighbors], counts[:rows]]
    if METHODS[method].is_joint:
        mean, covariance = values
        return [mean[:rows], covariance[:rows, :rows]]
    return [value[:, :rows] if METHODS[method].rows == 1 else value[:rows] for value in values]


def relative_error(actual: np.ndarray, expected: np.ndarray) -> float:
    """Largest error relative to the scale of the column; infinite where NaN or infinity differ."""
    expected = expected.astype(np.float64)
    actual = actual.astype(np.float64)
    finite = np.isfinite(expected)
    if not np.array_equal(actual[~finite], expected[~finite], equal_nan=True) or not np.isfinite(actual[finite]).all():
        return np.inf
    if expected.size == 0:
        return 0.0
    scale = np.maximum(1e-300, np.abs(np.where(finite, expected, 0.0)).max(axis=0))
    error = np.abs(np.where(finite, actual, 0.0) - np.where(finite, expected, 0.0))
    return float((error / np.maximum(scale, 1e-12)).max())


def assert_same(actual: Any, expected: Any, method: str, tolerance: float) -> None:
    """Labels, indices, integers and objects equal; continuous values within ``tolerance``."""
    left, right = parts(actual), parts(expected)
    assert len(left) == len(right)
    for a, e in zip(left, right, strict=True):
        assert a.shape == e.shape, f"{method}: shape {a.shape}, expected {e.shape}"
        if e.dtype.kind == "f" and a.dtype.kind in "fiub":
            error = relative_error(a, e)
            assert error <= tolerance, f"{method}: relative error {error:.3g} > {tolerance:g}"
        elif e.dtype.kind == "O":
            same = [(x == y) or (x != x and y != y) for x, y in zip(a.ravel(), e.ravel(), strict=True)]
            assert all(same), f"{method}: {a[:3]} != {e[:3]}"
        else:
            np.testing.assert_array_equal(a, e, err_msg=method)
