"""KBinsDiscretizer."""

from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn

from sk2torch.base import Column, TorchEstimator, read, register
from sk2torch.blocks.sorted_columns import ColumnTable, SortedColumns
from sk2torch.estimators.preprocessing.one_hot_encoder import OneHotInverse
from sk2torch.functional.rounding import round_to_single
from sk2torch.functional.unknown import refuse_rows


class BinCentres(nn.Module):
    """The centre of each bin, counted from the end where negative, as numpy does.

    Args:
        centres: per column, in the order of the bins.
    """

    count: Tensor

    def __init__(self, centres: list[np.ndarray]) -> None:
        super().__init__()
        self.table = ColumnTable(centres)
        self.register_buffer("count", torch.tensor([float(len(c)) for c in centres], dtype=torch.float64))

    def forward(self, x: Tensor) -> Tensor:
        """Shape ``(n_samples, n_columns)``, as the input, whose numbers are cut to whole ones."""
        whole = torch.trunc(x.detach())
        whole = torch.where(whole < 0, whole + self.count, whole)
        inside = (whole >= 0) & (whole < self.count)
        centre = self.table(torch.where(inside, whole, 0.0).long())
        message = "KBinsDiscretizer: cannot invert the numbers of bins that do not exist."
        return refuse_rows(centre, ~inside.all(dim=1), message)


@register("sklearn.preprocessing.KBinsDiscretizer")
class TorchKBinsDiscretizer(TorchEstimator):
    """The number of the bin that each value is in: ``|{k : edge[j][k] <= x[:, j]}|``, or a column for each bin.

    The outermost edges do not count: the bins at either end have no bound. ``inverse_transform`` gives the centres of
    bins; for one-hot columns, of the greatest value. With ``dtype=float32``, values are rounded to that first. A bin
    that does not exist, or a row of zeros among one-hot columns, raises ``ValueError``, and makes a row of NaN in
    compiled and exported graphs.

    Args:
        edges: the inner edges of each column.
        centres: those of each column's bins.
        is_one_hot: whether the result has a column for each bin.
        rounds: whether values are rounded to float32.
    """

    fixed_tensors = {
        "inverse": "the centres of bins follow from their edges",
    }

    column: Tensor

    def __init__(self, edges: list[np.ndarray], centres: list[np.ndarray], is_one_hot: bool, rounds: bool) -> None:
        super().__init__(len(edges))
        self.is_one_hot = is_one_hot
        self.rounds = rounds
        self.edges = SortedColumns(edges, inclusive=True)
        widths = [len(c) for c in centres]
        self.register_buffer("column", read.integers([j for j, width in enumerate(widths) for _ in range(width)]))
        self.register_buffer("bin", read.integers([k for width in widths for k in range(width)]))
        choices = [[*map(float, c), float("nan")] for c in centres]
        refused = torch.ones(len(centres), dtype=torch.bool)
        self.inverse = OneHotInverse(choices, refused, "KBinsDiscretizer") if is_one_hot else BinCentres(centres)

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        edges = [np.asarray(e) for e in estimator.bin_edges_]
        # In the dtype of the edges, as scikit-learn does. A constant column has one bin, which has no centre.
        with np.errstate(invalid="ignore"):
            centres = [(e[1:] + e[:-1]) * 0.5 for e in edges]
        is_one_hot = estimator.encode != "ordinal"
        rounds = estimator.dtype is not None and np.dtype(estimator.dtype) == np.float32
        module = cls([e[1:-1] for e in edges], centres, is_one_hot, rounds)
        module.sparse_output = estimator.encode == "onehot"
        module.output_dtype = "float32" if rounds else None
        return module

    def transform(self, x: Tensor) -> Tensor:
        x = self.prepare(x).detach()
        if self.rounds:
            x = round_to_single(x)
        number = self.edges(x)
        if self.is_one_hot:
            x = x.index_select(1, self.column)
            number = (number.index_select(1, self.column) == self.bin).long()
        return torch.where(torch.isnan(x), x, number.to(x.dtype))

    def inverse_transform(self, x: Tensor) -> Tensor:
        return self.inverse(x.to(self.anchor.dtype))
