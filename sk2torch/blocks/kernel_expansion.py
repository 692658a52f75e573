"""Weighted sums of kernels over stored rows."""

import torch
from torch import Tensor, nn

from sk2torch.functional.held_tensors import held_tensors
from sk2torch.functional.kernels import kernel_form, unused_parameters
from sk2torch.ops.pairwise import group_sums, weighted_sum


class KernelExpansion(nn.Module):
    """``sum_{j in group g} weights[r, j] k(x, rows_j)``.

    Args:
        rows: the stored rows, shape ``(n_rows, n_features)``, the rows of a group side by side.
        weights: shape ``(n_weights, n_rows)``.
        kernel: scikit-learn's name of it, a key of ``functional.kernels.KERNELS``.
        gamma: parameter of the kernel, if it has it; also ``coef0`` and ``degree``.
        sizes: number of rows of each group; None for one group.
    """

    # Ways to compute the same, chosen for speed.
    equivalent_settings = ("statistic",)
    __jit_unused_properties__ = ["free_tensors"]
    not_quantized = "kernels take distances, for which each row needs a scale of its own, as mode 'dynamic' has it"

    def __init__(
        self,
        rows: Tensor,
        weights: Tensor,
        kernel: str,
        gamma: float = 1.0,
        coef0: float = 0.0,
        degree: float = 1.0,
        sizes: list[int] | None = None,
    ) -> None:
        super().__init__()
        self.rows = nn.Parameter(rows)
        self.weights = nn.Parameter(weights)
        self.gamma = nn.Parameter(torch.tensor(gamma, dtype=rows.dtype))
        self.coef0 = nn.Parameter(torch.tensor(coef0, dtype=rows.dtype))
        self.degree = float(degree)
        self.sizes = [rows.shape[0]] if sizes is None else sizes
        form = kernel_form(kernel, rows, gamma)
        self.statistic = form.statistic
        self.link = form.link

    @property
    def free_tensors(self) -> tuple[str, ...]:
        """Parameters that this kernel does not have."""
        return unused_parameters(self.link)

    @torch.jit.unused
    def check_arrays(self) -> None:
        """Refuse sums of nothing, and another number of weights than of rows.

        Raises:
            ValueError: these differ.
        """
        n_rows = self.rows.shape[0]
        n_weights, n_weighted = self.weights.shape
        if n_weights == 0 or n_weighted != n_rows or sum(self.sizes) != n_rows:
            raise ValueError(f"a sum over {n_rows} kernels has weights of shape {tuple(self.weights.shape)}.")

    def forward(self, x: Tensor, constants: Tensor | None = None) -> Tensor:
        """Plus ``constants``; shape ``(n_samples, n_groups * n_weights)``, all weights of the first group first."""
        if not torch.jit.is_scripting():
            rows, weights, gamma, coef0 = held_tensors(self, "rows", "weights", "gamma", "coef0")
            settings = (self.sizes, self.statistic, self.link, gamma, coef0, self.degree)
            return weighted_sum(x, rows, weights, *settings, constants)
        rows, weights, gamma, coef0 = self.rows, self.weights, self.gamma, self.coef0
        return weighted_sum(
            x, rows, weights, self.sizes, self.statistic, self.link, gamma, coef0, self.degree, constants
        )


class PrecomputedExpansion(nn.Module):
    """``sum_{j in group g} weights[r, j] x[:, columns_j]``, for kernels that come as input.

    Args:
        columns: int64, shape ``(n_rows,)``: where the kernels with the stored rows are.
        weights: shape ``(n_weights, n_rows)``.
        sizes: number of rows of each group; None for one group.
    """

    def __init__(self, columns: Tensor, weights: Tensor, sizes: list[int] | None = None) -> None:
        super().__init__()
        self.register_buffer("columns", columns)
        self.weights = nn.Parameter(weights)
        self.sizes = [columns.shape[0]] if sizes is None else sizes

    def forward(self, x: Tensor, constants: Tensor | None = None) -> Tensor:
        """Plus ``constants``; shape ``(n_samples, n_groups * n_weights)``, all weights of the first group first."""
        sums = group_sums(x.index_select(1, self.columns), self.weights, self.sizes)
        return sums if constants is None else sums + constants
