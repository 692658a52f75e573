"""Reading the dual form that libsvm's estimators share."""

from typing import Any

import torch
from torch import Tensor

from sk2torch.base import UnsupportedParameter, read, write
from sk2torch.blocks.kernel_expansion import KernelExpansion, PrecomputedExpansion

# Fitted attributes by the tensors of models with an expansion and an intercept.
FITTED_ATTRIBUTES = {
    "expansion.rows": "support_vectors_",
    "expansion.weights": "_dual_coef_",
    "expansion.gamma": "_gamma",
    "expansion.coef0": "coef0",
    "intercept": "_intercept_",
}


def read_expansion(estimator: Any, sizes: list[int] | None = None) -> KernelExpansion | PrecomputedExpansion:
    """Support vectors and dual coefficients of a fitted SVC, SVR, OneClassSVM or their Nu variants.

    The private coefficients are those that scikit-learn predicts with; the public ones of two
    classes have the other sign.

    Args:
        estimator: the fitted object.
        sizes: number of support vectors of each class; None for one sum over all.

    Raises:
        UnsupportedParameter: a callable kernel, or sparse training data with repeated entries.
    """
    name, kernel = type(estimator).__name__, estimator.kernel
    if callable(kernel):
        raise UnsupportedParameter(
            f"{name}: expected a named kernel, got a callable; pass 'linear', 'poly', 'rbf' or 'sigmoid', or fit with "
            "kernel='precomputed' on the matrix that the callable gives."
        )
    support_vectors = estimator.support_vectors_
    if not getattr(support_vectors, "has_canonical_format", True):
        raise UnsupportedParameter(
            f"{name}: expected sparse training data without repeated entries; call its sum_duplicates() before fitting."
        )
    rows, columns = read.tensor(support_vectors), read.integers(estimator.support_)
    weights = read.matrix(estimator._dual_coef_)
    if columns.shape[0] == 0:
        # Nothing supports a constant; one row of weight zero keeps the shapes above zero.
        rows, columns = torch.zeros(1, estimator.n_features_in_).double(), torch.zeros(1).long()
        weights = torch.zeros(1 if sizes is None else len(sizes) - 1, 1).double()
        sizes = None if sizes is None else [1, *sizes[1:]]
    if kernel == "precomputed":
        return PrecomputedExpansion(columns, weights, sizes)
    gamma, coef0 = float(estimator._gamma), float(estimator.coef0)
    return KernelExpansion(rows, weights, kernel, gamma, coef0, float(estimator.degree), sizes)


def read_intercept(estimator: Any) -> Tensor:
    """The intercepts that scikit-learn predicts with, shape ``(n_scores,)``."""
    return read.vector(estimator._intercept_)


def write_public(estimator: Any, changed: set[str]) -> None:
    """The public coefficients of the private ones, which scikit-learn predicts with."""
    # Those of two classes have the other sign.
    sign = -1.0 if len(getattr(estimator, "classes_", ())) == 2 else 1.0
    if "expansion.weights" in changed:
        write.attribute(estimator, "dual_coef_", sign * write.dense(estimator._dual_coef_))
    if "intercept" in changed:
        write.attribute(estimator, "intercept_", sign * estimator._intercept_)
