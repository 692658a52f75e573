"""NMF and MiniBatchNMF."""

from typing import Any, Self

import torch
from torch import Tensor, nn

from sk2torch.base import Column, TorchEstimator, UnsupportedParameter, read, register
from sk2torch.functional.coordinate_descent import coordinate_descent
from sk2torch.functional.multiplicative_updates import multiplicative_updates

_BETA = {"frobenius": 2.0, "kullback-leibler": 1.0, "itakura-saito": 0.0}


@register("sklearn.decomposition.NMF", "sklearn.decomposition.MiniBatchNMF")
class TorchNMF(TorchEstimator):
    """Non-negative ``W`` with ``x ~ W @ components``, found by scikit-learn's iterations; the inverse is the product.

    scikit-learn's stopping rule looks at all rows that are given together, and its multiplicative updates start
    from their mean, so the answer for a row depends on the others, within the tolerance ``tol``. It is
    reproduced for the rows given.

    For NMF, rows with negative values come out as NaN, and so do rows with zeros where beta_loss is at most 0;
    scikit-learn raises.

    Raises:
        UnsupportedParameter: NMF(shuffle=True) with the coordinate descent solver, which draws random numbers;
            components that are all zero, for which scikit-learn raises.

    Args:
        components: shape ``(n_components, n_features)``.
        solver: ``cd`` for coordinate descent, ``mu`` for multiplicative updates, ``minibatch`` for those of
            MiniBatchNMF, which stop by another rule.
        beta: the divergence, see ``multiplicative_step``.
        l1: penalty of the absolute values.
        l2: penalty of the squares.
        tolerance: of the stopping rule.
        limit: largest number of iterations.
    """

    fitted_attributes = {"components": "components_"}

    couples_rows = True

    def __init__(
        self, components: Tensor, solver: str, beta: float, l1: float, l2: float, tolerance: float, limit: int
    ) -> None:
        super().__init__(components.shape[1])
        self.components = nn.Parameter(components)
        self.solver = solver
        self.beta = beta
        self.l1 = l1
        self.l2 = l2
        self.tolerance = tolerance
        self.limit = limit

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        components = read.matrix(estimator.components_)
        is_minibatch = not hasattr(estimator, "solver")
        solver = "minibatch" if is_minibatch else str(estimator.solver)
        if solver == "cd" and estimator.shuffle:
            raise UnsupportedParameter(
                "NMF: expected shuffle=False, got True, with which transform draws a random order of the components; "
                "set shuffle=False on the fitted model, which changes the answers within its tolerance."
            )
        if not is_minibatch and not components.any():
            raise UnsupportedParameter(
                "NMF: expected components that are not all zero, with which scikit-learn's transform raises an "
                "error; fit with a smaller alpha_H or on other data."
            )
        beta = _BETA.get(estimator.beta_loss, estimator.beta_loss)
        scale = components.shape[1] * estimator.alpha_W
        return cls(
            components=components,
            solver=solver,
            beta=float(estimator._beta_loss if is_minibatch else beta),
            l1=float(scale * estimator.l1_ratio),
            l2=float(scale * (1.0 - estimator.l1_ratio)),
            tolerance=float(estimator.tol),
            limit=int(estimator._transform_max_iter if is_minibatch else estimator.max_iter),
        )

    def transform(self, x: Tensor) -> Tensor:
        x = self.prepare(x)
        if self.solver == "minibatch":
            return multiplicative_updates(
                x, self.components, self.beta, self.l1, self.l2, self.tolerance, self.limit, True
            )
        is_invalid = (x < 0).any(dim=1, keepdim=True)
        if self.beta <= 0.0:
            is_invalid = is_invalid | (x == 0).any(dim=1, keepdim=True)
        x = torch.where(is_invalid, torch.zeros_like(x), x)
        if self.solver == "cd":
            w = coordinate_descent(x, self.components, self.l1, self.l2, self.tolerance, self.limit)
        else:
            w = multiplicative_updates(
                x, self.components, self.beta, self.l1, self.l2, self.tolerance, self.limit, False
            )
        return torch.where(is_invalid, torch.full_like(w, float("nan")), w)

    def inverse_transform(self, x: Tensor) -> Tensor:
        return x.to(self.anchor.dtype) @ self.components
