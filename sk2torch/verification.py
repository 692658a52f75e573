"""Does a module or artifact answer as the estimator does?"""

import io
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from os import PathLike
from typing import Any

import numpy as np

from sk2torch.base import METHODS, TorchEstimator, sklearn_result
from sk2torch.predictor import Predictor

# Largest error, relative to a column's scale, that counts as equal.
TOLERANCES = {"float64": 1e-9, "float32": 1e-3}


@dataclass(frozen=True)
class MethodReport:
    """How one method compares.

    Args:
        method: its name.
        n_samples: rows compared.
        max_abs_error: largest absolute difference of continuous values; 0 for labels.
        max_rel_error: the same, relative to the largest magnitude in the value's column.
        agreement: share of rows whose labels are equal; for continuous values, within tolerance.
        passed: within tolerance, and every label equal.
    """

    method: str
    n_samples: int
    max_abs_error: float
    max_rel_error: float
    agreement: float
    passed: bool


@dataclass(frozen=True)
class Report:
    """Comparison of every method; ``print(report)`` shows a table, and it is true when all passed.

    Args:
        title: what was compared.
        methods: one entry per method.
        tolerance: the relative error that was allowed.
    """

    title: str
    methods: tuple[MethodReport, ...]
    tolerance: float

    @property
    def passed(self) -> bool:
        """Every method passed, and there was one at least."""
        return bool(self.methods) and all(m.passed for m in self.methods)

    def __bool__(self) -> bool:
        return self.passed

    def __rich__(self) -> Any:
        from rich.table import Table

        table = Table(title=f"{self.title} (tolerance {self.tolerance:g})", title_justify="left")
        table.add_column("method")
        for heading in ("rows", "max abs error", "max rel error", "agreement"):
            table.add_column(heading, justify="right")
        table.add_column("")
        for m in self.methods:
            verdict = "[green]pass[/]" if m.passed else "[red]FAIL[/]"
            errors = [f"{m.max_abs_error:.1e}", f"{m.max_rel_error:.1e}"]
            table.add_row(m.method, f"{m.n_samples:,}", *errors, f"{m.agreement:.4%}", verdict)
        return table

    def __str__(self) -> str:
        from rich.console import Console

        text = io.StringIO()
        Console(file=text, width=110).print(self)
        return text.getvalue()


def _arrays(value: Any) -> list[np.ndarray]:
    values = value if isinstance(value, (list, tuple)) else [value]
    arrays = [v.toarray() if hasattr(v, "toarray") else np.asarray(v) for v in values]
    return [part for array in arrays for part in _even(array)]


def _even(array: np.ndarray) -> list[np.ndarray]:
    """An array of arrays of different lengths as their elements and their lengths."""
    if array.dtype.kind != "O" or not array.size or not all(isinstance(row, np.ndarray) for row in array.flat):
        return [array]
    return [np.concatenate(array), np.array([len(row) for row in array])]


def _row_objects(rows: list[Any]) -> np.ndarray:
    """Rows of different lengths, or dictionaries, as one array of objects."""
    result = np.empty(len(rows), dtype=object)
    result[:] = [row if isinstance(row, Mapping) else tuple(row) for row in rows]
    return result


def _equal(x: Any, y: Any) -> bool:
    if x is y:
        return True
    # pandas.NA is equal to nothing, and says so in its own way.
    if type(x).__name__ == "NAType" or type(y).__name__ == "NAType":
        return False
    return bool(x == y or (x != x and y != y))


def _exactly_equal(actual: np.ndarray, expected: np.ndarray) -> np.ndarray:
    if expected.dtype.kind == "O":
        pairs = zip(actual.ravel().tolist(), expected.ravel().tolist(), strict=True)
        return np.array([_equal(x, y) for x, y in pairs], dtype=bool).reshape(expected.shape)
    return actual == expected


def _errors(actual: np.ndarray, expected: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    same = (actual == expected) | (np.isnan(actual) & np.isnan(expected))
    with np.errstate(invalid="ignore"):
        absolute = np.where(same, 0.0, np.abs(actual - expected))
    absolute[np.isnan(absolute)] = np.inf
    magnitude = np.abs(np.where(np.isfinite(expected), expected, 0.0))
    scale = magnitude.max(axis=0, initial=0.0)
    # A column of zeros has no scale; its errors count as they are.
    return absolute, absolute / np.where(scale > 0, scale, 1.0)


def _compare(method: str, actual: Any, expected: Any, tolerance: float, is_label: bool) -> MethodReport:
    absolute, relative, agreement, n_samples = 0.0, 0.0, 1.0, 0
    actuals, expecteds = _arrays(actual), _arrays(expected)
    shapes_differ = [a.shape for a in actuals] != [e.shape for e in expecteds]
    if shapes_differ or isinstance(actual, (list, tuple)) != isinstance(expected, (list, tuple)):
        return MethodReport(method, len(expecteds[0]), np.inf, np.inf, 0.0, False)
    for a, e in zip(actuals, expecteds, strict=True):
        n_samples = len(e)
        if e.dtype.kind == "f" and a.dtype.kind in "fiub" and not is_label:
            errors, relatives = _errors(a.astype(np.float64), e.astype(np.float64))
            absolute = max(absolute, errors.max(initial=0.0))
            relative = max(relative, relatives.max(initial=0.0))
            equal = relatives <= tolerance
        else:
            equal = _exactly_equal(a, e)
        rows = equal.reshape(n_samples, -1).all(axis=1) if n_samples else np.ones(1, dtype=bool)
        agreement = min(agreement, float(rows.mean()))
    # Nothing compared proves nothing.
    return MethodReport(method, n_samples, absolute, relative, agreement, n_samples > 0 and agreement == 1.0)


def verify(
    estimator: Any, model_or_path: "TorchEstimator | str | PathLike[str]", X: Any, *, tolerance: float | None = None
) -> Report:
    """Compare every method of a model or artifact with the fitted estimator, through ``Predictor``.

    Args:
        estimator: the fitted scikit-learn estimator.
        model_or_path: the wrapped model, or the path of an artifact.
        X: rows to compare on, as scikit-learn takes them.
        tolerance: largest error relative to a column's scale; 1e-9 for float64 models and 1e-3
            for float32 by default. Labels must be equal.

    Returns:
        The report; ``print`` it, or test ``report.passed``.
    """
    predictor = Predictor(model_or_path)
    if tolerance is None:
        if predictor.dtype not in TOLERANCES:
            raise ValueError(f"verify: expected tolerance= for a model in {predictor.dtype}, which has no default.")
        tolerance = TOLERANCES[predictor.dtype]
    reports = []
    for method in predictor.methods:
        argument = estimator.transform(X) if METHODS[method].kind == "input" else X
        with warnings.catch_warnings():
            # Overflow and invalid-value warnings are scikit-learn's own; the values are compared.
            warnings.simplefilter("ignore", RuntimeWarning)
            expected = sklearn_result(estimator, method, argument)
        is_label = METHODS[method].kind == "labels" and hasattr(estimator, "classes_")
        actual = getattr(predictor, method)(argument)
        if METHODS[method].kind == "input" and isinstance(expected, list) and isinstance(actual, list):
            actual, expected = _row_objects(actual), _row_objects(expected)
        reports.append(_compare(method, actual, expected, tolerance, is_label))
    what = model_or_path if isinstance(model_or_path, (str, PathLike)) else type(model_or_path).__name__
    return Report(f"{type(estimator).__name__} against {what}", tuple(reports), tolerance)
