"""Least angle regression for many targets at once, with the lasso's modification or without."""

import torch
from torch import Tensor

from sk2torch.functional.least_angle_path import Path, path_end, path_start
from sk2torch.functional.least_angle_steps import advance_path
from sk2torch.ops.loops import graph_loop


def least_angle_codes(
    products: Tensor,
    gram: Tensor,
    n_features: int,
    alpha: float,
    limit: int,
    is_lasso: bool,
    positive: bool,
    block_elements: int = 4194304,
) -> Tensor:
    """The end of the path of ``sklearn.linear_model.lars_path_gram``.

    Rows come out as NaN where rounding decides on scikit-learn's path: where an atom is met that depends linearly on
    the active ones, and where two weights of the lasso become zero in the same step.

    Args:
        products: of the rows with the atoms, shape ``(n, n_atoms)``.
        gram: of the atoms with each other, shape ``(n_atoms, n_atoms)``.
        n_features: scikit-learn's ``n_samples``, by which it divides the penalty.
        alpha: penalty at which the path ends.
        limit: largest number of steps.
        is_lasso: weights that change their sign leave the active set.
        positive: no weight below zero; for the lasso.
        block_elements: size of the largest temporary in eager and scripted mode; a graph has one block.

    Returns:
        shape ``(n, n_atoms)``.
    """
    if not torch.jit.is_scripting():  # noqa: SIM102
        if torch.compiler.is_compiling():
            return _loop(products, gram, n_features, alpha, limit, is_lasso, positive)
    n_atoms = gram.shape[0]
    blocks: list[Tensor] = []
    rows = max(1, block_elements // (n_atoms * n_atoms))
    for start in range(0, max(1, products.shape[0]), rows):
        block = products[start : start + rows]
        path = path_start(block)
        for _ in range(limit + 1):
            if not bool(path.going.any()):
                break
            path = advance_path(path, block, gram, n_features, alpha, limit, is_lasso, positive)
        blocks.append(path_end(path))
    return torch.cat(blocks) if len(blocks) > 1 else blocks[0]


def _loop(
    products: Tensor, gram: Tensor, n_features: int, alpha: float, limit: int, is_lasso: bool, positive: bool
) -> Tensor:
    """The passes as one loop of a graph."""
    if torch.compiler.is_exporting():
        # An exported loop has no gradient, and is not to be asked for one.
        products, gram = products.detach(), gram.detach()

    def unfinished(count: Tensor, *path: Tensor) -> Tensor:
        return (count[0] <= limit) & Path(*path).going.any()

    def advance(count: Tensor, *path: Tensor) -> tuple[Tensor, ...]:
        moved = advance_path(Path(*path), products, gram, n_features, alpha, limit, is_lasso, positive)
        return (count + 1, *(value.clone() for value in moved))

    start = torch.zeros(1, dtype=torch.int64, device=products.device)
    return path_end(Path(*graph_loop(unfinished, advance, (start, *path_start(products)))[1:]))
