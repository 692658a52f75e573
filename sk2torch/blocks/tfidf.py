"""Weights of terms."""

import torch
from torch import Tensor, nn

from sk2torch.functional.sparse import scaled_columns, unit_rows, with_values
from sk2torch.ops.sparse_rows import term_weights


class TfidfWeights(nn.Module):
    """``tf(x) * idf``, divided by the norm of the row; ``tf(x)`` is ``x``, or ``log(x) + 1`` where ``x`` is not zero.

    Args:
        idf: shape ``(n_features,)``; None for ones.
        sublinear: the logarithm of the counts.
        norm: ``"l1"``, ``"l2"``, or None to leave the rows as they are.
    """

    __jit_unused_properties__ = ["free_tensors"]

    def __init__(self, idf: Tensor | None, sublinear: bool, norm: str | None) -> None:
        super().__init__()
        self.has_idf = idf is not None
        self.idf = nn.Parameter(torch.ones(1, dtype=torch.float64) if idf is None else idf)
        self.sublinear = sublinear
        self.has_norm = norm is not None
        self.norm = norm or ""

    @property
    def free_tensors(self) -> tuple[str, ...]:
        """See ``TorchEstimator``: ones stand for none."""
        return () if self.has_idf else ("idf",)

    def forward(self, x: Tensor) -> Tensor:
        if not torch.jit.is_scripting():  # noqa: SIM102
            if x.is_sparse_csr:
                values = term_weights(x, self.idf if self.has_idf else None, self.sublinear, self.norm)
                if values is not None:
                    return with_values(x, values)
        if self.sublinear:
            x = self.logarithms(x)
        if self.has_idf:
            x = scaled_columns(x, self.idf)
        return unit_rows(x, self.norm) if self.has_norm else x

    def logarithms(self, x: Tensor) -> Tensor:
        """``log(x) + 1`` of what is not zero."""
        if x.is_sparse_csr:
            return with_values(x, x.values().log() + 1.0)
        absent = x == 0
        return torch.where(absent, torch.zeros_like(x), torch.where(absent, torch.ones_like(x), x).log() + 1.0)
