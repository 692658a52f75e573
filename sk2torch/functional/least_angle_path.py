"""Where each of many targets is on its path of least angle regression; see ``least_angle``."""

from typing import NamedTuple

import torch
from torch import Tensor

from sk2torch.functional.rows import repeated_row


class Path(NamedTuple):
    """Where each row is on its path.

    Args:
        code: weights of the atoms, shape ``(n, n_atoms)``, as the next six.
        previous: ``code`` a step earlier.
        covariance: of atoms that are not active with the residual, as scikit-learn keeps it.
        sign: of the covariance of active atoms, else 0.
        active: bool.
        position: int64, scikit-learn's order of the atoms: the active ones first.
        invalid: bool, shape ``(n, 1)``, as the next four; the path is a matter of rounding, see ``least_angle_codes``.
        alpha: penalty a step earlier.
        step: int64, number of steps.
        drops: bool, the last step ended where a weight changes its sign.
        going: bool.
        inverse: of the active atoms' Gram matrix, else 0, shape ``(n, n_atoms, n_atoms)``.
    """

    code: Tensor
    previous: Tensor
    covariance: Tensor
    sign: Tensor
    active: Tensor
    position: Tensor
    invalid: Tensor
    alpha: Tensor
    step: Tensor
    drops: Tensor
    going: Tensor
    inverse: Tensor


def path_start(products: Tensor) -> Path:
    n_atoms = products.shape[1]
    zero = torch.zeros_like(products)
    position = repeated_row(torch.arange(n_atoms, device=products.device).unsqueeze(0), products)
    is_first = position[:, :1] == 0
    return Path(
        code=zero,
        previous=zero.clone(),
        covariance=products + 0.0,
        sign=zero.clone(),
        active=position < 0,
        position=position,
        invalid=~is_first,
        # Sums, not copies of a column, whose strides of a single row a loop would not accept.
        alpha=zero.sum(dim=1, keepdim=True),
        step=torch.zeros_like(position).sum(dim=1, keepdim=True),
        drops=position[:, :1] < 0,
        going=is_first,
        inverse=zero.unsqueeze(2) * torch.zeros_like(zero).unsqueeze(1),
    )


def path_end(path: Path) -> Tensor:
    return torch.where(path.invalid, torch.full_like(path.code, float("nan")), path.code)


def path_with(path: Path, code: Tensor, going: Tensor) -> Path:
    """The path with another code and state; TorchScript has no ``path._replace``."""
    return Path(
        code=code,
        previous=path.previous,
        covariance=path.covariance,
        sign=path.sign,
        active=path.active,
        position=path.position,
        invalid=path.invalid,
        alpha=path.alpha,
        step=path.step,
        drops=path.drops,
        going=going,
        inverse=path.inverse,
    )
