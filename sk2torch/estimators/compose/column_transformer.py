"""ColumnTransformer."""

from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn

from sk2torch.base import (
    Column,
    Columns,
    Numbers,
    TorchEstimator,
    UnsupportedParameter,
    joined_columns,
    read,
    register,
    tensor_positions,
    tensor_width,
    weighted_columns,
    wrap_step,
)
from sk2torch.blocks.routing import SelectColumns, joint_dtype
from sk2torch.functional.sparse import side_by_side


class ColumnsPart(nn.Module):
    """``part.transform`` of some of the columns.

    Args:
        part: the transformer.
        positions: of its columns in the table.
        index: int64, positions of its columns in the tensor, shape ``(n_selected,)``.
        n_outputs: how many columns it makes.
        weight: its ``transformer_weights`` factor; None for none.
        dense: its columns are dense, though those of documents beside them make the tensor sparse.
    """

    def __init__(
        self,
        part: TorchEstimator,
        positions: list[int],
        index: Tensor,
        n_outputs: int,
        weight: float | None,
        dense: bool,
    ) -> None:
        super().__init__()
        self.positions = positions
        self.n_outputs = n_outputs
        self.dense = dense
        self.part = part
        self.select = SelectColumns(index)
        self.has_weight = weight is not None
        self.weight = 1.0 if weight is None else float(weight)

    def forward(self, x: Tensor) -> Tensor:
        x = self.select(x)
        if x.is_sparse_csr and self.dense:
            x = x.to_dense()
        result = self.part.transform(x)
        return result * self.weight if self.has_weight else result

    def output_columns(self, columns: Columns) -> Columns:
        """Those of the part, unless it or a weight makes numbers of them."""
        chosen = columns if isinstance(columns, Numbers) else [columns[i] for i in self.positions]
        outputs = self.part.output_columns(chosen)
        return weighted_columns(outputs) if self.has_weight else outputs


@register("sklearn.compose.ColumnTransformer")
class TorchColumnTransformer(TorchEstimator):
    """Transformers over groups of columns, their results side by side.

    Columns are those resolved at fit time, whatever they were named by (names, positions, slices,
    masks, callables); dropped columns may be absent from a table. A vectorizer reads the documents of
    one column, selected by its name or position.

    Args:
        n_features_in: width of the whole input.
        parts: the transformers in the order of their results; dropped and empty ones left out.
    """

    routes_columns = True
    accepts_sparse = True

    def __init__(self, n_features_in: int, parts: list[ColumnsPart]) -> None:
        super().__init__(n_features_in)
        self.parts = nn.ModuleList(parts)

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        weights = estimator.transformer_weights or {}
        positions = estimator._transformer_to_input_indices
        parts: list[ColumnsPart] = []
        has_documents = any(column.readers for column in columns)
        for name, step, selection in estimator.transformers_:
            index = np.asarray(positions[name], dtype=np.int64).tolist()
            if (isinstance(step, str) and step == "drop") or not index:
                continue
            chosen = [columns[i] for i in index]
            part = _wrapped_part(name, step, selection, chosen)
            outputs = estimator.output_indices_[name]
            place = read.integers(tensor_positions(columns, index))
            dense = has_documents and not any(column.readers for column in chosen)
            parts.append(ColumnsPart(part, index, place, outputs.stop - outputs.start, weights.get(name), dense))
            if name in weights:
                for column in part.output_columns(chosen):
                    column.read_as_numbers()
        module = cls(tensor_width(columns), parts)
        # scikit-learn sets it where some transformer has columns.
        module.sparse_output = bool(getattr(estimator, "sparse_output_", False))
        module.output_dtype = joint_dtype([None if p.has_weight else p.part.output_dtype for p in parts])
        return module

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
        result = side_by_side(parts)
        return result.to_dense() if result.is_sparse_csr and not self.sparse_output else result


def _wrapped_part(name: str, step: Any, selection: Any, columns: list[Column]) -> TorchEstimator:
    if not np.isscalar(selection) or isinstance(step, str):
        readings = sum(column.n_readings for column in columns)
        part = wrap_step(step, columns)
        if sum(column.n_readings for column in columns) > readings and not part.routes_columns:
            raise UnsupportedParameter(
                f"ColumnTransformer: the vectorizer {name!r} selects a list of columns; select the one of its "
                f"documents, {columns[0].name!r}."
            )
        return part
    before = columns[0].n_readings
    part = wrap_step(step, columns)
    if columns[0].n_readings == before:
        raise UnsupportedParameter(
            f"ColumnTransformer: {name!r} selects one column as a 1-D array; select it as a list, [{selection!r}]."
        )
    return part
