"""The step that does nothing."""

from typing import Any, Self

from torch import Tensor

from sk2torch.base.columns import Column, tensor_width
from sk2torch.base.computed import Columns
from sk2torch.base.module import ANY_WIDTH, TorchEstimator
from sk2torch.base.registry import wrap_child


class TorchIdentity(TorchEstimator):
    """``"passthrough"``: hands its columns on, strings included."""

    does_nothing = True
    accepts_sparse = True
    keeps_sparse = True

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column] | None) -> Self:
        for column in columns or []:
            column.used = True
        return cls(tensor_width(columns or ()) or ANY_WIDTH)

    def transform(self, x: Tensor) -> Tensor:
        return self.prepare(x)

    def inverse_transform(self, x: Tensor) -> Tensor:
        return self.prepare(x)

    def output_columns(self, columns: Columns) -> Columns:
        return columns


def wrap_step(step: Any, columns: list[Column] | None) -> TorchEstimator:
    """``wrap_child``, where ``None`` and ``"passthrough"`` are the identity.

    Args:
        step: a fitted estimator, ``"passthrough"`` or None.
        columns: its input columns; None when an earlier step has computed them.
    """
    if step is None or (isinstance(step, str) and step == "passthrough"):
        return TorchIdentity.from_sklearn(step, columns)
    return wrap_child(step, columns)
