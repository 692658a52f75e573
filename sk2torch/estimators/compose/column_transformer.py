"""ColumnTransformer."""

from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn

from sk2torch.base import Column, TorchEstimator, UnsupportedParameter, computed_columns, read, register, wrap_step
from sk2torch.blocks.routing import SelectColumns


class ColumnsPart(nn.Module):
    """``part.transform`` of some of the columns.

    Args:
        part: the transformer.
        index: int64, positions of its columns, shape ``(n_selected,)``.
        n_outputs: how many columns it makes.
        weight: its ``transformer_weights`` factor; None for none.
    """

    def __init__(self, part: TorchEstimator, index: Tensor, n_outputs: int, weight: float | None) -> None:
        super().__init__()
        self.n_outputs = n_outputs
        self.part = part
        self.select = SelectColumns(index)
        self.has_weight = weight is not None
        self.weight = 1.0 if weight is None else float(weight)

    def forward(self, x: Tensor) -> Tensor:
        result = self.part.transform(self.select(x))
        return result * self.weight if self.has_weight else result

    def output_columns(self, columns: list[Column]) -> list[Column]:
        """Those of the part, unless it or a weight makes numbers of them."""
        chosen = self.part.output_columns([columns[i] for i in self.select.index.tolist()])
        return computed_columns(self.n_outputs) if chosen is None or self.has_weight else chosen


@register("sklearn.compose.ColumnTransformer")
class TorchColumnTransformer(TorchEstimator):
    """Transformers over groups of columns, their results side by side.

    Columns are those resolved at fit time, whatever they were named by (names, positions, slices,
    masks, callables); dropped columns may be absent from a table.

    Args:
        n_features_in: width of the whole input.
        parts: the transformers in the order of their results; dropped and empty ones left out.
    """

    routes_columns = True

    def __init__(self, n_features_in: int, parts: list[ColumnsPart]) -> None:
        super().__init__(n_features_in)
        self.parts = nn.ModuleList(parts)

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        weights = estimator.transformer_weights or {}
        positions = estimator._transformer_to_input_indices
        parts: list[ColumnsPart] = []
        for name, step, selection in estimator.transformers_:
            index = np.asarray(positions[name], dtype=np.int64)
            if (isinstance(step, str) and step == "drop") or index.size == 0:
                continue
            if np.isscalar(selection) and not isinstance(step, str):
                raise UnsupportedParameter(
                    f"ColumnTransformer: {name!r} selects one column as a 1-D array; "
                    f"select it as a list, [{selection!r}]."
                )
            part = wrap_step(step, [columns[i] for i in index])
            outputs = estimator.output_indices_[name]
            n_outputs = outputs.stop - outputs.start
            parts.append(ColumnsPart(part, read.integers(index), n_outputs, weights.get(name)))
            if name in weights:
                for column in part.output_columns([columns[i] for i in index]) or ():
                    column.read_as_numbers()
        module = cls(len(columns), parts)
        # scikit-learn sets it where some transformer has columns.
        module.sparse_output = bool(getattr(estimator, "sparse_output_", False))
        return module

    def output_columns(self, columns: list[Column] | None) -> list[Column] | None:
        if columns is None:
            return None
        result: list[Column] = []
        for part in self.parts:
            result += part.output_columns(columns)
        return result

    def transform(self, x: Tensor) -> Tensor:
        x = self.prepare(x)
        parts: list[Tensor] = [x[:, :0]]
        for part in self.parts:
            parts.append(part(x))  # noqa: PERF401  (TorchScript has no generators)
        return torch.cat(parts, dim=1)
