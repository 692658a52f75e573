"""Reading the targets that neighbours vote with."""

from typing import Any

import numpy as np
from torch import Tensor

from sk2torch.base import UnsupportedParameter, read


def class_lists(estimator: Any) -> tuple[list[Any], Tensor]:
    """The classes of each output, and the class indices of the stored rows, shape ``(n_outputs, n_rows)``."""
    classes = estimator.classes_ if estimator.outputs_2d_ else [estimator.classes_]
    indices = read.integers(np.asarray(estimator._y).reshape(len(estimator._y), -1).T)
    return list(classes), indices


def target_values(estimator: Any) -> tuple[Tensor, bool, bool]:
    """Targets of the stored rows, shape ``(n_rows, n_targets)``; whether there is one; whether they are float32.

    Raises:
        UnsupportedParameter: a sparse target, or one of other than real numbers.
    """
    y = estimator._y
    if hasattr(y, "toarray") or y.dtype.kind not in "biuf" or y.dtype.itemsize > 8 or y.dtype == np.float16:
        raise UnsupportedParameter(
            f"{type(estimator).__name__}: expected a dense y of integers, float32 or float64, got "
            f"{type(y).__name__} of {y.dtype}; fit on y as float64."
        )
    return read.tensor(y.reshape(len(y), -1)), y.ndim == 1, y.dtype == np.float32


def missing_value(estimator: Any) -> float:
    """What scikit-learn predicts where there are no neighbours: NaN in the dtype of the targets."""
    with np.errstate(invalid="ignore"):
        return float(np.asarray(float("nan")).astype(estimator._y.dtype))
