"""What a loss compares with: labels as indices, or numbers; and weights of rows."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from sklearn.utils import check_array, check_consistent_length, column_or_1d
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _num_samples
from torch import Tensor

from sk2torch.bridge.conversion import rows_tensor
from sk2torch.bridge.losses import RowLoss


@dataclass(frozen=True)
class Target:
    """What the outputs of a module are compared with.

    Args:
        values: indices of labels (int64) or numbers, rows first.
        n_outputs: how many outputs the module needs.
        classes: the labels, ascending; None for numbers.
    """

    values: np.ndarray
    n_outputs: int
    classes: np.ndarray | None = None

    def tensor(self, dtype: torch.dtype) -> Tensor:
        """The values; floating-point ones in ``dtype``."""
        return rows_tensor(self.values, dtype if self.values.dtype.kind == "f" else torch.int64)


def target_of(loss: RowLoss, y: Any, X: Any, classes: np.ndarray | None = None) -> Target:
    """``y`` as ``loss`` needs it.

    Args:
        loss: which compares with it.
        y: labels or numbers.
        X: the rows; as ``y``, they are what they are compared with.
        classes: the labels of a fitted classifier, of which y may hold some only.

    Raises:
        ValueError: no y, another length, labels where numbers are needed, fewer than two classes, or unknown ones.
    """
    if y is None:
        raise ValueError("requires y to be passed, but the target y is None; a loss compares with it.")
    check_consistent_length(X, y)
    if y is X:
        return Target(np.ascontiguousarray(X.reshape(len(X), -1)), int(np.prod(X.shape[1:])))
    kind = loss.target if loss.target != "any" or classes is None else "classes"
    if kind == "any":
        kind = "classes" if np.asarray(y).dtype.kind in "OUSb" else "numbers"
        if np.asarray(y).dtype.kind in "iu":
            # Whole numbers may be either: the loss gets them as they are.
            return Target(column_or_1d(y).astype(np.int64), 1)
    if kind == "numbers":
        numbers = check_array(y, ensure_2d=False, dtype=np.float64, input_name="y")
        return Target(numbers, 1 if numbers.ndim == 1 else numbers.shape[1])
    labels = column_or_1d(y, warn=True)
    check_classification_targets(labels)
    classes, indices = np.unique(labels, return_inverse=True) if classes is None else _known(labels, classes)
    if len(classes) < 2 or (kind == "binary" and len(classes) > 2):
        expected = "two classes" if kind == "binary" else "two classes or more"
        raise ValueError(f"the loss needs {expected}, but y has {len(classes)} class(es).")
    if kind == "binary":
        return Target(indices.astype(np.float64), 1, classes)
    return Target(indices.astype(np.int64), len(classes), classes)


def _known(labels: np.ndarray, classes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The classes, and the index of each label among them."""
    places = {label: k for k, label in enumerate(classes.tolist())}
    indices = np.array([places.get(label, -1) for label in labels.tolist()], dtype=np.int64)
    if (indices < 0).any():
        strange = np.unique(labels[indices < 0])[:5].tolist()
        raise ValueError(f"y has labels that the fitted model does not know: {strange}; it has {classes}.")
    return classes, indices


def checked_weight(sample_weight: Any, X: Any) -> np.ndarray | None:
    """Weights of rows, shape ``(n_samples,)``, float64.

    Raises:
        ValueError: another shape, negative ones, or nothing but zeros.
    """
    if sample_weight is None:
        return None
    if np.isscalar(sample_weight):
        return np.full(_num_samples(X), float(sample_weight))
    weight = check_array(sample_weight, ensure_2d=False, dtype=np.float64, input_name="sample_weight")
    if weight.ndim != 1:
        raise ValueError("Sample weights must be 1D array or scalar")
    if len(weight) != _num_samples(X):
        raise ValueError(f"sample_weight has shape {weight.shape}, expected ({_num_samples(X)},).")
    if (weight < 0).any():
        raise ValueError("Negative values in data passed to `sample_weight`; expected 0 or more.")
    if not weight.any():
        raise ValueError("Sample weights are all zero; at least one has to be larger.")
    return weight
