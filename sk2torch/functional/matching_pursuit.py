"""Orthogonal matching pursuit for many targets at once."""

import torch
from torch import Tensor

from sk2torch.functional.rows import repeated_row
from sk2torch.ops.loops import graph_loop


def orthogonal_matching_pursuit(products: Tensor, gram: Tensor, n_nonzero: int) -> Tensor:
    """Codes of at most ``n_nonzero`` atoms, each the one that the residual agrees most with.

    A row ends early, as ``sklearn.linear_model.orthogonal_mp_gram`` does, when that agreement is below
    ``sqrt(eps)`` or when the atom depends on those that it has.

    Args:
        products: of the rows with the atoms, shape ``(n, n_atoms)``.
        gram: of the atoms with each other, shape ``(n_atoms, n_atoms)``.
        n_nonzero: from 1 to ``n_atoms``.

    Returns:
        shape ``(n, n_atoms)``.
    """
    n_atoms = gram.shape[0]
    code = torch.zeros_like(products)
    # Row by row: the residual's directions so far, orthonormal, as combinations of atoms; scikit-learn's
    # order of the atoms, which it swaps; whether the row goes on.
    basis = torch.zeros([products.shape[0], n_nonzero, n_atoms], dtype=products.dtype, device=products.device)
    position = repeated_row(torch.arange(n_atoms, device=products.device).unsqueeze(0), products)
    going = position[:, :1] == 0
    if not torch.jit.is_scripting():  # noqa: SIM102
        if torch.compiler.is_compiling():
            return _loop(products, gram, code, basis, position, going)
    for k in range(n_nonzero):
        step = torch.full([1], k, dtype=torch.int64, device=products.device)
        code, basis, position, going = _step(step, products, gram, code, basis, position, going)
    return code


def _step(
    k: Tensor, products: Tensor, gram: Tensor, code: Tensor, basis: Tensor, position: Tensor, going: Tensor
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Add atom number ``k`` to the codes of the rows that go on."""
    size = (products - code @ gram).abs()
    largest = size.amax(dim=1, keepdim=True)
    place = torch.where(size == largest, position, position.shape[1]).amin(dim=1, keepdim=True)
    chosen = (position == place).to(code.dtype)
    row = chosen @ gram
    overlap = (basis * row.unsqueeze(1)).sum(dim=2, keepdim=True)
    squared = (row * chosen).sum(dim=1, keepdim=True) - overlap.square().sum(dim=1)
    epsilon = 2.220446049250313e-16
    going = going & (place >= k) & (largest.square() >= epsilon) & ((k == 0) | (squared > epsilon))
    direction = chosen - (overlap * basis).sum(dim=1)
    direction = torch.where(going, direction / torch.where(going, squared, torch.ones_like(squared)).sqrt(), 0.0)
    code = code + (direction * products).sum(dim=1, keepdim=True) * direction
    is_new = (torch.arange(basis.shape[1], device=k.device) == k).unsqueeze(1)
    basis = torch.where(is_new, direction.unsqueeze(1), basis)
    swapped = torch.where(position == place, k, torch.where(position == k, place, position))
    return code, basis, torch.where(going, swapped, position), going


def _loop(products: Tensor, gram: Tensor, code: Tensor, basis: Tensor, position: Tensor, going: Tensor) -> Tensor:
    """The steps as one loop of a graph."""
    if torch.compiler.is_exporting():
        # An exported loop has no gradient, and is not to be asked for one.
        products, gram = products.detach(), gram.detach()
    start = torch.zeros(1, dtype=torch.int64, device=products.device)
    limit = basis.shape[1]

    def unfinished(k: Tensor, code: Tensor, basis: Tensor, position: Tensor, going: Tensor) -> Tensor:
        return (k[0] < limit) & going.any()

    def advance(k: Tensor, code: Tensor, basis: Tensor, position: Tensor, going: Tensor) -> tuple[Tensor, ...]:
        return k + 1, *_step(k, products, gram, code, basis, position, going)

    return graph_loop(unfinished, advance, (start, code, basis, position, going))[1]
