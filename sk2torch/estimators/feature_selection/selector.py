"""Transformers that keep some of the features."""

from typing import Any, Self

import torch
from torch import Tensor

from sk2torch.base import Column, Columns, Numbers, TorchEstimator, register
from sk2torch.blocks.selection import ColumnSelection


@register(
    "sklearn.feature_selection.GenericUnivariateSelect",
    "sklearn.feature_selection.SelectFdr",
    "sklearn.feature_selection.SelectFpr",
    "sklearn.feature_selection.SelectFromModel",
    "sklearn.feature_selection.SelectFwe",
    "sklearn.feature_selection.SelectKBest",
    "sklearn.feature_selection.SelectPercentile",
    "sklearn.feature_selection.SequentialFeatureSelector",
    "sklearn.feature_selection.VarianceThreshold",
)
class TorchSelector(TorchEstimator):
    """``x[:, support]``, where ``support`` is what ``get_support()`` says when wrapped.

    The kept columns are handed on as they are, words included. ``inverse_transform`` puts zeros in the
    others; without kept columns it is absent, as scikit-learn refuses tables without columns. The estimators
    that scored the features leave nothing to compute, so any class will do.

    Args:
        support: boolean, shape ``(n_features,)``.
    """

    routes_columns = True
    checks_input = True
    accepts_sparse = True
    keeps_sparse = True
    keeps_dtype = True

    def __init__(self, support: Tensor) -> None:
        super().__init__(support.shape[0])
        self.selection = ColumnSelection(support)

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        support = [bool(kept) for kept in estimator.get_support()]
        # Only SelectFromModel can be fitted on tables with words; it never looks at what it drops.
        reads_all = hasattr(estimator, "scores_") or hasattr(estimator, "variances_") or hasattr(estimator, "support_")
        allows_missing = estimator.__sklearn_tags__().input_tags.allow_nan
        for column, kept in zip(columns, support, strict=True):
            if reads_all and not kept:
                column.read_as_numbers()
            if reads_all or kept:
                column.used = True
                column.refuse(not allows_missing, not allows_missing)
        module = cls(torch.tensor(support, dtype=torch.bool))
        if not any(support):
            module.refused_methods = ["inverse_transform"]
        return module

    def output_columns(self, columns: Columns) -> Columns:
        return columns if isinstance(columns, Numbers) else [columns[j] for j in self.selection.kept.tolist()]

    def transform(self, x: Tensor) -> Tensor:
        return self.selection(self.prepare(x))

    def inverse_transform(self, x: Tensor) -> Tensor:
        return self.selection.restore(x.to(self.anchor.dtype))
