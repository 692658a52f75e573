"""RFE and RFECV."""

from typing import Any, Self

import torch
from torch import Tensor

from sk2torch.base import Column, Columns, Numbers, TorchEstimator, register, wrap_child
from sk2torch.blocks.selection import ColumnSelection


@register("sklearn.feature_selection.RFE", "sklearn.feature_selection.RFECV")
class TorchRFE(TorchEstimator):
    """The estimator fitted on the selected features: ``model(x[:, support])``.

    ``transform`` gives the selected features, ``inverse_transform`` puts zeros in the others.

    Args:
        support: boolean, shape ``(n_features,)``.
        model: fitted on the selected features; this module has the methods that it has.
    """

    routes_columns = True
    checks_input = True
    accepts_sparse = True
    keeps_sparse = True
    keeps_dtype = True

    def __init__(self, support: Tensor, model: TorchEstimator) -> None:
        super().__init__(support.shape[0])
        self.selection = ColumnSelection(support)
        self.model = model
        self.refused_methods = model.refused_methods

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        support = [bool(kept) for kept in estimator.get_support()]
        allows_missing = estimator.__sklearn_tags__().input_tags.allow_nan
        for column, kept in zip(columns, support, strict=True):
            column.used = True
            column.refuse(not allows_missing, not allows_missing)
            if not kept:
                column.read_as_numbers()
        model = wrap_child(estimator.estimator_, [c for c, kept in zip(columns, support, strict=True) if kept])
        return cls(torch.tensor(support, dtype=torch.bool), model)

    def output_columns(self, columns: Columns) -> Columns:
        return columns if isinstance(columns, Numbers) else [columns[j] for j in self.selection.kept.tolist()]

    @property
    def classes_(self) -> Any:
        """The model's classes."""
        return self.model.classes_

    def predict(self, x: Tensor) -> Tensor:
        return self.model.predict(self.selection(self.prepare(x)))

    # No return annotation: one tensor, or a list of one per output, as the model has it.
    def predict_proba(self, x: Tensor):
        return self.model.predict_proba(self.selection(self.prepare(x)))

    def predict_log_proba(self, x: Tensor):
        return self.model.predict_log_proba(self.selection(self.prepare(x)))

    def decision_function(self, x: Tensor) -> Tensor:
        return self.model.decision_function(self.selection(self.prepare(x)))

    def transform(self, x: Tensor) -> Tensor:
        return self.selection(self.prepare(x))

    def inverse_transform(self, x: Tensor) -> Tensor:
        return self.selection.restore(x.to(self.anchor.dtype))
