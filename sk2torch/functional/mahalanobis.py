"""Squared Mahalanobis distances."""

import torch
from torch import Tensor

from sk2torch.ops.layout import row_major
from sk2torch.ops.quadratic import mahalanobis_in_order
from sk2torch.ops.row_blocks import in_row_blocks


def squared_mahalanobis(x: Tensor, location: Tensor, precision: Tensor) -> Tensor:
    """``(x - location)^T precision (x - location)``, shape ``(n,)``.

    Terms are added in scipy's order, those of even and of odd features apart, and the root is squared again, so that a
    threshold that is a training row's distance divides alike. Below zero by rounding is zero.

    Args:
        x: shape ``(n, n_features)``.
        location: shape ``(n_features,)``.
        precision: shape ``(n_features, n_features)``.
    """
    if not torch.jit.is_scripting():
        found = mahalanobis_in_order(x, location, precision)
        return _distances_in_blocks(x, location, precision) if found is None else found
    return _block_distances(x, location, precision)


def _distances_in_blocks(x: Tensor, location: Tensor, precision: Tensor) -> Tensor:
    return in_row_blocks(lambda rows: _block_distances(rows, location, precision), x, x.shape[1])


def _block_distances(x: Tensor, location: Tensor, precision: Tensor) -> Tensor:
    difference = x - location
    if not torch.jit.is_scripting():  # noqa: SIM102
        # A long chain of additions would take minutes to compile.
        if torch.compiler.is_compiling() and x.shape[1] > 16:
            return _root_squared(((difference @ precision.T) * difference).sum(dim=1))
    even, odd = torch.zeros_like(difference), torch.zeros_like(difference)
    n_paired = x.shape[1] - x.shape[1] % 2
    for j in range(0, n_paired, 2):
        even = even + difference[:, j : j + 1] * precision[:, j]
        odd = odd + difference[:, j + 1 : j + 2] * precision[:, j + 1]
    weighted = even + odd
    if n_paired < x.shape[1]:
        weighted = weighted + difference[:, n_paired:] * precision[:, n_paired]
    terms = weighted * difference
    even_sum, odd_sum = torch.zeros_like(terms[:, 0]), torch.zeros_like(terms[:, 0])
    for j in range(0, n_paired, 2):
        even_sum = even_sum + terms[:, j]
        odd_sum = odd_sum + terms[:, j + 1]
    total = even_sum + odd_sum
    if n_paired < x.shape[1]:
        total = total + terms[:, n_paired]
    return _root_squared(total)


def squared_forms_of_columns(x: Tensor, means: Tensor, factors: Tensor, residuals: Tensor | None) -> Tensor:
    """``|(x_i - means_k) factors_k + residuals_k|^2``, shape ``(n, n_forms)``; for compiled graphs.

    Rows stand in columns: Inductor asks whether the left sides of a batch of products have one row each, and would
    compile anew for the answer.

    Args:
        x: shape ``(n, n_features)``.
        means: shape ``(n_forms, n_features)``.
        factors: shape ``(n_forms or 1, n_features, width)``.
        residuals: shape ``(n_forms, width)``; None for zeros.
    """
    difference = row_major(x.T) - means.unsqueeze(2)
    scaled = torch.bmm(factors.mT.expand(means.shape[0], -1, -1), difference)
    return (scaled if residuals is None else scaled + residuals.unsqueeze(2)).square().sum(dim=1).T


def _root_squared(square: Tensor) -> Tensor:
    is_zero = square <= 0
    square = torch.where(is_zero, torch.ones_like(square), square)
    root = square.sqrt()
    if root.dtype == torch.float64:
        # torch's root may be off in the last digit: one step of Newton's with an exact square (Dekker) mends it.
        product = root * root
        large = root * 134217729.0
        high = large - (large - root)
        low = root - high
        rest = ((high * high - product) + 2.0 * high * low) + low * low
        root = root + ((square - product) - rest) / (2.0 * root)
    return torch.where(is_zero, torch.zeros_like(square), root * root)
