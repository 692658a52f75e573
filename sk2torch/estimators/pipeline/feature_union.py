"""FeatureUnion."""

from typing import Any, Self

import torch
from torch import Tensor, nn

from sk2torch.base import Column, TorchEstimator, register, wrap_step


class WeightedPart(nn.Module):
    """``weight * part.transform(x)``.

    Args:
        part: the transformer.
        weight: its factor.
    """

    def __init__(self, part: TorchEstimator, weight: float) -> None:
        super().__init__()
        self.part = part
        self.weight = float(weight)

    def forward(self, x: Tensor) -> Tensor:
        return self.part.transform(x) * self.weight


@register("sklearn.pipeline.FeatureUnion")
class TorchFeatureUnion(TorchEstimator):
    """Results of several transformers side by side, each times its ``transformer_weights``.

    Args:
        n_features_in: width of the common input.
        parts: the weighted transformers, in order; dropped ones left out.
    """

    routes_columns = True

    def __init__(self, n_features_in: int, parts: list[WeightedPart]) -> None:
        super().__init__(n_features_in)
        self.parts = nn.ModuleList(parts)
        self.sparse_output = any(p.part.sparse_output for p in parts)

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        weights = estimator.transformer_weights or {}
        return cls(
            len(columns),
            [
                WeightedPart(wrap_step(step, columns), weights.get(name, 1.0))
                for name, step in estimator.transformer_list
                if not (isinstance(step, str) and step == "drop")
            ],
        )

    def transform(self, x: Tensor) -> Tensor:
        x = self.prepare(x)
        parts: list[Tensor] = [x[:, :0]]
        for part in self.parts:
            parts.append(part(x))
        return torch.cat(parts, dim=1)
