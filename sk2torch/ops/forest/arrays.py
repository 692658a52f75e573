"""What the operators of forests take."""

from typing import NamedTuple

from torch import Tensor


class TreeArrays(NamedTuple):
    """The arrays of ``reached_nodes``, for columns of ``x`` as given.

    Comparisons are in the dtype of ``threshold``. Feature ``n_features + j`` is column ``j`` with -inf for NaN.
    """

    feature: Tensor
    threshold: Tensor
    children: Tensor
    category_row: Tensor
    category_left: Tensor
    roots: Tensor
