"""FeatureUnion."""

from typing import Any, Self

import torch
from torch import Tensor, nn

from sk2torch.base import (
    Column,
    Columns,
    Numbers,
    TorchEstimator,
    UnsupportedParameter,
    joined_columns,
    register,
    tensor_width,
    weighted_columns,
    wrap_step,
)
from sk2torch.blocks.routing import joint_dtype
from sk2torch.functional.sparse import side_by_side


class WeightedPart(nn.Module):
    """``weight * part.transform(x)``.

    Args:
        part: the transformer.
        weight: its factor; None for none.
        n_outputs: how many columns it makes; None where it does not matter.
    """

    def __init__(self, part: TorchEstimator, weight: float | None, n_outputs: int | None) -> None:
        super().__init__()
        self.part = part
        self.has_weight = weight is not None
        self.weight = 1.0 if weight is None else float(weight)
        self.n_outputs = -1 if n_outputs is None else n_outputs

    def forward(self, x: Tensor) -> Tensor:
        result = self.part.transform(x)
        return result * self.weight if self.has_weight else result

    def output_columns(self, columns: Columns) -> Columns:
        """Those of the part, unless a weight makes numbers of them."""
        outputs = self.part.output_columns(columns)
        return weighted_columns(outputs) if self.has_weight else outputs


@register("sklearn.pipeline.FeatureUnion")
class TorchFeatureUnion(TorchEstimator):
    """Results of several transformers side by side, each times its ``transformer_weights``.

    Args:
        n_features_in: width of the common input.
        parts: the weighted transformers, in order; dropped ones left out.
    """

    routes_columns = True
    accepts_sparse = True

    def __init__(self, n_features_in: int, parts: list[WeightedPart]) -> None:
        super().__init__(n_features_in)
        self.parts = nn.ModuleList(parts)
        self.sparse_output = any(p.part.sparse_output for p in parts)
        self.keeps_sparse = any(p.part.keeps_sparse for p in parts)
        self.output_dtype = joint_dtype([None if p.has_weight else p.part.output_dtype for p in parts])

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        weights = estimator.transformer_weights or {}
        steps = [(n, s) for n, s in estimator.transformer_list if not (isinstance(s, str) and s == "drop")]
        parts = [WeightedPart(wrap_step(step, columns), weights.get(name), None) for name, step in steps]
        outputs = [part.output_columns(columns) for part in parts]
        if any(isinstance(part_outputs, list) for part_outputs in outputs):
            # Columns that are handed on are found by position, so every part's width is needed.
            hands_on = any(not column.computed for part_outputs in outputs for column in part_outputs)
            for (name, step), part, part_outputs in zip(steps, parts, outputs, strict=True):
                width = _width(step, len(columns)) if isinstance(part_outputs, Numbers) else len(part_outputs)
                if width is None and hands_on:
                    raise UnsupportedParameter(
                        f"FeatureUnion: {name!r} does not tell how many columns it makes, beside one that hands its "
                        "columns on; give it get_feature_names_out, or use a ColumnTransformer."
                    )
                part.n_outputs = -1 if width is None else width
        for part in parts:
            if part.has_weight:
                for column in part.part.output_columns(columns):
                    column.read_as_numbers()
        return cls(tensor_width(columns), parts)

    @torch.jit.unused
    def methods_asked(self, part: str, methods: frozenset[str]) -> frozenset[str]:
        return frozenset({"transform"})

    def output_columns(self, columns: Columns) -> Columns:
        outputs = [part.output_columns(columns) for part in self.parts]
        return joined_columns(outputs, [part.n_outputs for part in self.parts])

    def transform(self, x: Tensor) -> Tensor:
        x = self.prepare(x)
        parts: list[Tensor] = []
        for part in self.parts:
            parts.append(part(x))  # noqa: PERF401  (TorchScript has no generators)
        if len(parts) == 0:
            return torch.zeros([x.shape[0], 0], dtype=x.dtype, device=x.device)
        return side_by_side(parts)


def _width(step: Any, n_features: int) -> int | None:
    """How many columns a step makes; None where it does not tell."""
    if isinstance(step, str):
        return n_features
    try:
        return len(step.get_feature_names_out())
    except (AttributeError, ValueError):
        return None
