"""How fitted splines go on beyond their knots."""

from typing import Any

import numpy as np

from sk2torch.base import UnsupportedParameter


def spline_ends(estimator: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """``ends``, ``outside`` and ``is_given`` of ``TorchSplineTransformer``."""
    splines = estimator.bsplines_
    n_features, n_splines = len(splines), splines[0].c.shape[1]
    degree, is_linear = int(estimator.degree), estimator.extrapolation == "linear"
    ends = np.zeros((2, n_features))
    outside = np.zeros((2, 2, n_features, n_splines))
    is_given = np.zeros((3, n_features, n_splines), dtype=bool)
    is_given[2] = 2 * np.arange(n_splines) > n_splines - 1
    for j, spline in enumerate(splines):
        if len(spline.t) < degree + 1:
            raise _too_few_knots()
        ends[:, j] = spline.t[degree], spline.t[-degree - 1]
        if estimator.extrapolation not in ("constant", "linear"):
            continue
        outside[:, 0, j] = spline(ends[:, j])
        if is_linear:
            outside[:, 1, j] = spline(ends[:, j], nu=1)
            # scikit-learn counts on from feature to feature.
            degree += degree <= 1
            if degree > n_splines:
                raise _too_few_knots()
        is_given[0, j, :degree] = True
        is_given[1, j, n_splines - degree :] = True
        if degree == 0 and estimator.sparse_output:
            is_given[1, j] = True
    return ends, outside, is_given


def _too_few_knots() -> UnsupportedParameter:
    return UnsupportedParameter(
        "SplineTransformer: scikit-learn cannot extrapolate several features of degree 0 or 1 linearly with so few "
        "knots; use more knots or a higher degree."
    )
