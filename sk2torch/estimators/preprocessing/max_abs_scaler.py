"""MaxAbsScaler."""

from typing import Any, Self

from torch import Tensor, nn

from sk2torch.base import Column, TorchEstimator, read, register
from sk2torch.blocks.elementwise import Clip
from sk2torch.functional.sparse import divided_columns, scaled_columns, with_values


@register("sklearn.preprocessing.MaxAbsScaler")
class TorchMaxAbsScaler(TorchEstimator):
    """``x / scale``, then clipped to [-1, 1] if asked for.

    Args:
        scale: shape ``(n_features,)``, the largest absolute value; 1 where that is 0.
        clip: whether to clip.
    """

    fitted_attributes = {"scale": "scale_"}

    accepts_sparse = True
    keeps_sparse = True
    keeps_missing = True

    def __init__(self, scale: Tensor, clip: bool) -> None:
        super().__init__(scale.shape[0])
        self.scale = nn.Parameter(scale)
        self.clip = Clip(-1.0, 1.0) if clip else nn.Identity()

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        return cls(read.vector(estimator.scale_), bool(getattr(estimator, "clip", False)))

    def transform(self, x: Tensor) -> Tensor:
        x = divided_columns(self.prepare(x), self.scale)
        if x.is_sparse_csr:
            return with_values(x, self.clip(x.values()))
        return self.clip(x)

    def inverse_transform(self, x: Tensor) -> Tensor:
        return scaled_columns(self.prepare(x), self.scale)
