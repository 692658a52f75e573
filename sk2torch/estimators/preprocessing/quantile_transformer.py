"""QuantileTransformer."""

import importlib
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn

from sk2torch.base import Column, TorchEstimator, UnsupportedParameter, read, register
from sk2torch.blocks.sorted_columns import ColumnTable, SortedColumns
from sk2torch.functional.normal import normal_probability, normal_quantile
from sk2torch.ops.columns import quantile_shares
from sk2torch.ops.row_blocks import in_row_blocks

# scikit-learn's distance from the ends at which a value counts as one of them, for a normal output.
_BOUND = 1e-7


@register("sklearn.preprocessing.QuantileTransformer")
class TorchQuantileTransformer(TorchEstimator):
    """The share of the training values below each value, interpolated between quantiles; NaN stays.

    With quantiles ``q`` of shares ``r``, the mean of ``numpy.interp(x, q, r)`` and of the same from above, which differ
    where quantiles are equal. For a normal output that share becomes a normal quantile, at most 5.2 in size.
    ``inverse_transform`` is ``numpy.interp(y, r, q)``, and constant where it has reached an end. Scipy's sparse
    matrices are refused as input, since scikit-learn does not transform the zeros that they leave out.

    Args:
        quantiles: shape ``(n_quantiles, n_features)``, ascending.
        references: shape ``(n_quantiles,)``, the share of each.
        is_normal: whether the output is normal instead of uniform.
        bounds: shares that a normal output is cut to, and their normal quantiles, shape ``(2, 2)``.

    Raises:
        UnsupportedParameter: quantiles that are not in ascending order; sparse matrices of an earlier step.
    """

    fixed_tensors = {
        "quantiles": "they are also what values are counted among",
        "references": "they are also what shares are counted among",
    }

    low: Tensor
    high: Tensor
    unknown: Tensor
    bounds: Tensor

    hands_on_missing = True

    def __init__(self, quantiles: np.ndarray, references: np.ndarray, is_normal: bool, bounds: Tensor) -> None:
        super().__init__(quantiles.shape[1])
        self.is_normal = is_normal
        self.margin = _BOUND
        self.n_quantiles = len(references)
        # Place of the last interval; a single quantile stands for both of its ends.
        self.last = max(self.n_quantiles - 2, 0)
        self.step = min(self.n_quantiles - 1, 1)
        columns = list(np.ascontiguousarray(quantiles.T))
        self.at_most = SortedColumns(columns, inclusive=True)
        self.below = SortedColumns(columns, inclusive=False)
        self.shares_at_most = SortedColumns([references], inclusive=True)
        self.quantiles = ColumnTable(columns)
        self.references = ColumnTable([references])
        self.register_buffer("low", torch.from_numpy(quantiles[0].copy()))
        self.register_buffer("high", torch.from_numpy(quantiles[-1].copy()))
        # Columns without a value to fit on.
        self.register_buffer("unknown", torch.from_numpy(np.isnan(quantiles).any(axis=0) & (self.n_quantiles > 1)))
        self.register_buffer("bounds", bounds)

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        quantiles = np.atleast_2d(read.array(estimator.quantiles_))
        if (np.diff(quantiles, axis=0) < 0).any():
            raise UnsupportedParameter(
                "QuantileTransformer: expected the quantiles of each feature in ascending order, got some that fall; "
                "refit with another number of quantiles."
            )
        if any(column.is_sparse for column in columns):
            raise UnsupportedParameter(
                "QuantileTransformer: an earlier step gives a sparse matrix, whose zeros scikit-learn leaves alone; "
                "make that step's result dense (sparse_output=False, sparse_threshold=0)."
            )
        for column in columns:
            column.refuses_sparse = True
        smallest = _BOUND - np.spacing(1)
        shares = np.array([smallest, 1 - smallest])
        bounds = read.tensor(np.stack([shares, importlib.import_module("scipy.special").ndtri(shares)]))
        references = np.array(estimator.references_, dtype=np.float64)
        return cls(quantiles, references, estimator.output_distribution == "normal", bounds)

    def transform(self, x: Tensor) -> Tensor:
        if x.is_sparse_csr:
            raise ValueError("QuantileTransformer: scikit-learn does not transform the zeros of sparse inputs.")
        x = self.prepare(x)
        if not torch.jit.is_scripting():
            quantiles, shares, ends = self.quantiles.values, self.references.values, (self.low, self.high)
            normal = (self.margin, self.bounds) if self.is_normal else None
            result = quantile_shares(x, self.at_most.values, quantiles, shares, ends, self.unknown, normal)
            if result is not None:
                return result
            return in_row_blocks(self.transformed, x, x.shape[1])
        return self.transformed(x)

    def transformed(self, x: Tensor) -> Tensor:
        """``transform`` of prepared rows."""
        share = self.shares(x)
        is_high = x + self.margin > self.high if self.is_normal else x == self.high
        is_low = x - self.margin < self.low if self.is_normal else x == self.low
        share = torch.where(is_low, 0.0, torch.where(is_high, 1.0, share))
        if self.is_normal:
            # Cut before the quantile, which has no slope at 0 and 1, and where it would be cut anyway.
            inside = torch.minimum(torch.maximum(share, self.bounds[0, 0]), self.bounds[0, 1])
            share = torch.minimum(torch.maximum(normal_quantile(inside, False), self.bounds[1, 0]), self.bounds[1, 1])
        return torch.where(torch.isnan(x) | self.unknown, float("nan"), share)

    def shares(self, x: Tensor) -> Tensor:
        """The mean of the shares from below and from above."""
        share = self.share(x, self.at_most(x), False)
        if not torch.jit.is_scripting():  # noqa: SIM102
            if torch.compiler.is_exporting() and "form" in self._modules:
                return self.get_submodule("form")(share)
        return 0.5 * (share + self.share(x, self.below(x), True))

    @torch.jit.unused
    def graph_form(self) -> nn.Module | None:
        """The shares from below, where those from above are the same: quantiles differ, and are those of the fit."""
        quantiles = self.quantiles.values.detach().reshape(-1, self.n_quantiles)
        is_fitted = torch.equal(quantiles, self.at_most.values[:, : self.n_quantiles])
        # In float32 too, to which a graph may be converted.
        rises = bool((quantiles.float().diff(dim=1) > 0).all())
        return nn.Identity() if is_fitted and rises else None

    def share(self, x: Tensor, count: Tensor, from_above: bool) -> Tensor:
        """Between the quantiles around ``x``, of which ``count`` come before it, as a line from one of them."""
        place = (count - 1).clamp(0, self.last)
        low, high = self.quantiles(place), self.quantiles(place + self.step)
        share = place.reshape(-1, 1)
        low_share = self.references(share).reshape(place.shape)
        high_share = self.references(share + self.step).reshape(place.shape)
        length = high - low
        slope = (high_share - low_share) / torch.where(length > 0.0, length, 1.0)
        past = high - x if from_above else x - low
        # Between the least of numbers, a slope may be infinite: times zero it is not a number.
        step = torch.where(torch.isinf(slope) & (past == 0.0), 0.0, slope) * past
        inner = high_share - step if from_above else step + low_share
        inner = torch.where(count == self.n_quantiles, self.references.values[-1], inner)
        return torch.where(count == 0, self.references.values[0], inner)

    def inverse_transform(self, x: Tensor) -> Tensor:
        x = self.prepare(x)
        share = normal_probability(x) if self.is_normal else x
        column = share.reshape(-1, 1)
        place = (self.shares_at_most(column) - 1).clamp(0, self.last)
        low_share, high_share = self.references(place), self.references(place + self.step)
        place = place.reshape(x.shape)
        low, high = self.quantiles(place), self.quantiles(place + self.step)
        length = high_share - low_share
        slope = (high - low) / torch.where(length > 0.0, length, 1.0).reshape(x.shape)
        past = share - low_share.reshape(x.shape)
        value = torch.where(torch.isinf(slope) & (past == 0.0), 0.0, slope) * past + low
        is_high = share + self.margin > 1.0 if self.is_normal else share >= 1.0
        is_low = share - self.margin < 0.0 if self.is_normal else share <= 0.0
        value = torch.where(is_low, self.low, torch.where(is_high, self.high, value))
        return torch.where(torch.isnan(x), x, value)
