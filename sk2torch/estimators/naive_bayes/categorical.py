"""CategoricalNB."""

import itertools
from typing import Any, Self

import torch
from torch import Tensor, nn

from sk2torch.base import Column, read, register, write
from sk2torch.base.naive_bayes import NaiveBayes
from sk2torch.functional.unknown import refuse_rows
from sk2torch.ops.naive_bayes import categorical_joint
from sk2torch.ops.row_blocks import in_row_blocks

_REFUSAL = (
    "CategoricalNB: found a category that was not among the fitted ones; drop these rows, or refit with min_categories."
)


@register("sklearn.naive_bayes.CategoricalNB")
class TorchCategoricalNB(NaiveBayes):
    """Independent categories, numbered from zero: ``j(x)_c = log P(c) + sum_f log P(x_f | c)``.

    Fractions are cut off. A number that is negative, or none of the fitted categories, raises ``ValueError``, and makes
    a row of NaN in compiled and exported graphs.

    Args:
        tables: ``log P(category | class)`` of each feature, shape ``(n_categories, n_classes)``.
        log_prior: shape ``(n_classes,)``.
        classes: the fitted ``classes_``.
    """

    fitted_attributes = {"log_prior": "class_log_prior_"}

    counts: Tensor
    first: Tensor

    def __init__(self, tables: list[Tensor], log_prior: Tensor, classes: Any) -> None:
        super().__init__(len(tables), classes)
        self.refusal = _REFUSAL
        self.table = nn.Parameter(torch.cat(tables))
        self.log_prior = nn.Parameter(log_prior)
        self.n_classes = log_prior.shape[0]
        counts = [len(table) for table in tables]
        self.register_buffer("counts", torch.tensor(counts, dtype=torch.int64))
        self.register_buffer("first", torch.tensor([0, *itertools.accumulate(counts)][:-1], dtype=torch.int64))

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        tables = [read.matrix(table).T for table in estimator.feature_log_prob_]
        return cls(tables, read.vector(estimator.class_log_prior_), estimator.classes_)

    @torch.jit.unused
    def write_fitted(self, estimator: Any, changed: set[str]) -> None:
        for k, table in enumerate(self.table.split(self.counts.tolist())):
            old = estimator.feature_log_prob_[k]
            estimator.feature_log_prob_[k] = write.replaced(old, table.T, f"CategoricalNB.feature_log_prob_[{k}]")

    @torch.jit.unused
    def check_arrays(self) -> None:
        """Refuse categories outside of the table, which compiled code looks up.

        Raises:
            ValueError: there are such.
        """
        last = self.first + self.counts
        if self.first.dtype != torch.int64 or self.counts.dtype != torch.int64 or bool((self.first < 0).any()):
            raise ValueError("the categories of CategoricalNB have no places in its table.")
        if bool((last > self.table.shape[0]).any()) or bool((last < self.first).any()):
            raise ValueError("the categories of CategoricalNB are not those of its table.")

    def joint(self, x: Tensor) -> Tensor:
        if not torch.jit.is_scripting():
            result = categorical_joint(x, self.counts, self.first, self.table, self.log_prior, self.refusal)
            if result is not None:
                return result
            return in_row_blocks(self.block_joint, x, max(self.first.shape[0], self.n_classes))
        return self.block_joint(x)

    def block_joint(self, x: Tensor) -> Tensor:
        """``joint`` of a block of rows."""
        # Truncated as numbers, which may be too large for an integer.
        whole = x.detach().trunc()
        known = (whole >= 0) & (whole < self.counts)
        place = torch.where(known, whole, torch.zeros_like(whole)).long() + self.first
        total = self.gathered_sum(place)
        return refuse_rows(total + self.log_prior, ~known.all(dim=1), self.refusal)

    def gathered_sum(self, place: Tensor) -> Tensor:
        """``sum_f table[place[:, f]]``; shape ``(n_samples, n_classes)``."""
        if not torch.jit.is_scripting():  # noqa: SIM102
            if not (torch.compiler.is_compiling() or torch._C._are_functorch_transforms_active()):
                # Feature by feature, as scikit-learn adds, and without all terms at once.
                total = self.table.index_select(0, place[:, 0])
                for feature in range(1, place.shape[1]):
                    total = total + self.table.index_select(0, place[:, feature])
                return total
        terms = self.table.index_select(0, place.reshape(-1))
        return terms.reshape(place.shape[0], place.shape[1], self.n_classes).sum(dim=1)
