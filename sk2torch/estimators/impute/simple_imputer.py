"""SimpleImputer."""

from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn

from sk2torch.base import (
    Column,
    Columns,
    FilledColumn,
    Numbers,
    TorchEstimator,
    UnsupportedParameter,
    computed_columns,
    read,
    register,
    write,
)
from sk2torch.base.cells import is_missing, is_number, is_pandas_na, plain
from sk2torch.base.computed import numbers_of
from sk2torch.blocks.routing import SelectColumns
from sk2torch.estimators.impute.missing import MissingCells

# Those of which a table of integers remains one.
_INTEGER_STRATEGIES = ("most_frequent", "constant")


@register("sklearn.impute.SimpleImputer")
class TorchSimpleImputer(TorchEstimator):
    """Missing cells become their column's statistic: ``fill if x is missing else x``.

    Columns without a statistic are dropped. With ``add_indicator`` follow zeros and ones for the
    missing cells of columns that had some when fitted. ``inverse_transform`` exists for numbers
    with ``add_indicator`` only, where scikit-learn's does not raise; the columns that it restores
    are those of the fit, while scikit-learn drops a column of which every row is missing.

    Args:
        missing: finds missing cells.
        fill: statistics (codes in columns of strings), shape ``(n_kept,)``.
        kept: int64, shape ``(n_kept,)``: the columns with a statistic.
        indicated: int64: the columns with an indicator; empty for none.
        missing_value: what ``inverse_transform`` restores.
        is_numeric: the statistics are numbers, that may be trained.
    """

    keeps_sparse = True

    def __init__(
        self,
        missing: MissingCells,
        fill: Tensor,
        kept: Tensor,
        indicated: Tensor,
        missing_value: float,
        is_numeric: bool,
    ) -> None:
        n_features = missing.markers.shape[1]
        super().__init__(n_features)
        self.missing = missing
        if is_numeric:
            self.fill = nn.Parameter(fill)
        else:
            self.register_buffer("fill", fill)
        self.kept = SelectColumns(kept)
        self.indicated = SelectColumns(indicated)
        self.has_indicator = indicated.shape[0] > 0
        self.n_outputs = kept.shape[0] + indicated.shape[0]
        self.missing_value = missing_value
        self.register_buffer("value_source", _positions(kept, n_features, 0, self.n_outputs))
        self.register_buffer("mask_source", _positions(indicated, n_features, kept.shape[0], self.n_outputs))
        # Which of the kept columns are still an input column.
        self.register_buffer("passed_on", torch.zeros(kept.shape[0], dtype=torch.bool))

    @property
    def fixed_tensors(self) -> dict[str, str]:
        dtype = np.dtype(self.source.attribute("_fill_dtype", np.float64))
        return {} if dtype == np.float64 else {"fill": f"scikit-learn rounds statistics to {dtype}; fit on float64"}

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        statistics = [plain(value) for value in estimator.statistics_.tolist()]
        is_numeric = estimator._fit_dtype.kind != "O"
        _check_fill(estimator)
        kept = [j for j, value in enumerate(statistics) if estimator.keep_empty_features or not is_missing(value)]
        if is_numeric:
            # Before it rounded them to the dtype of the fit, scikit-learn kept statistics of float64.
            dtype = getattr(estimator, "_fill_dtype", np.float64)
            fill = np.array([statistics[j] for j in kept], dtype=np.float64).astype(dtype).astype(np.float64)
            passed_on = [False] * len(kept)
        else:
            passed_on = [_keeps_objects(estimator, statistics[j]) for j in kept]
            fill = [
                columns[j].codes([statistics[j]])[0] if passed else float(statistics[j])
                for j, passed in zip(kept, passed_on, strict=True)
            ]
        text = [not is_numeric and not is_number(value) for value in statistics]
        indicated = estimator.indicator_.features_ if estimator.add_indicator else []
        missing_value = estimator.missing_values
        module = cls(
            _missing_cells(missing_value, columns, text, is_numeric),
            read.vector(fill),
            read.integers(kept),
            read.integers(indicated),
            float(missing_value) if is_number(missing_value) else float("nan"),
            is_numeric,
        )
        # A marker such as None among objects is NaN in the tensor.
        module.accepts_missing = not is_numeric
        module.passed_on.copy_(torch.tensor(passed_on, dtype=torch.bool))
        if not is_numeric or not estimator.add_indicator or is_pandas_na(missing_value):
            module.refused_methods = ("inverse_transform",)
        if not is_numeric or (estimator._fit_dtype.kind in "iu" and estimator.strategy in _INTEGER_STRATEGIES):
            module.output_dtype = estimator._fit_dtype.name
        return module

    @torch.jit.unused
    def write_fitted(self, estimator: Any, changed: set[str]) -> None:
        if "fill" in changed:
            statistics = np.array(estimator.statistics_)
            statistics[write.array(self.kept.index)] = write.array(self.fill)
            estimator.statistics_ = statistics

    def output_columns(self, columns: Columns) -> Columns:
        passed_on = self.passed_on.tolist()
        if isinstance(columns, Numbers) or not any(passed_on):
            keeps_integers = self.output_dtype is None and self.source.attribute("strategy") in _INTEGER_STRATEGIES
            return numbers_of(columns) if keeps_integers else super().output_columns(columns)
        result = computed_columns(self.n_outputs)
        for k, j in enumerate(self.kept.index.tolist()):
            result[k] = FilledColumn(columns[j].origin) if passed_on[k] else result[k]
        return result

    def transform(self, x: Tensor) -> Tensor:
        x = self.prepare(x)
        missing = self.missing(x)
        result = torch.where(self.kept(missing), self.fill, self.kept(x))
        if self.has_indicator:
            return torch.cat([result, self.indicated(missing).to(x.dtype)], dim=1)
        return result

    def inverse_transform(self, x: Tensor) -> Tensor:
        if x.dim() != 2 or x.shape[1] != self.n_outputs:
            raise ValueError(f"Expected an input of shape (n_samples, {self.n_outputs}).")
        x = x.to(self.anchor.dtype)
        # Columns that the output lacks read the zeros at the end.
        padded = torch.cat([x, torch.zeros_like(x[:, :1])], dim=1)
        was_missing = padded.index_select(1, self.mask_source) != 0
        return torch.where(was_missing, self.missing_value, padded.index_select(1, self.value_source))


def _positions(columns: Tensor, n_features: int, first: int, absent: int) -> Tensor:
    """Where each feature is found in the output, ``absent`` where it is not."""
    result = torch.full((n_features,), absent, dtype=torch.int64)
    result[columns] = torch.arange(columns.shape[0]) + first
    return result


def _check_fill(estimator: Any) -> None:
    if estimator.strategy == "constant" and is_missing(estimator.fill_value):
        raise UnsupportedParameter(
            "SimpleImputer: fill_value=nan drops or keeps columns depending on the version of scikit-learn; "
            "leave the column out of the imputer instead."
        )


def _keeps_objects(estimator: Any, statistic: Any) -> bool:
    """Whether a column of objects leaves the imputer as one.

    Where a word (or None, or pandas.NA) is imputed from a column of numbers, what remains is
    numbers; where only a number or NaN is, None would remain.
    """
    return not is_number(statistic) or is_number(estimator.missing_values)


def _missing_cells(value: Any, columns: list[Column], text: list[bool], is_numeric: bool) -> MissingCells:
    """How ``missing_values`` shows in the input tensor: by its code among words, as NaN among numbers."""
    if not is_numeric and not is_missing(value) and not is_pandas_na(value):
        for column in columns:
            column.refuse_nan()
    if is_number(value):
        if is_missing(value):
            for column in columns:
                column.refuses_pandas_na |= not is_numeric
            return MissingCells(True, torch.zeros(0, len(columns), dtype=torch.float64))
        # A column of objects may show the number by a code.
        markers = [float(value) if is_numeric else column.codes([value])[0] for column in columns]
        return MissingCells(False, torch.tensor([markers], dtype=torch.float64))
    words = [None, value] if is_pandas_na(value) else [value]
    codes: list[list[float]] = []
    for column, is_text in zip(columns, text, strict=True):
        if not is_text:
            column.missing_words.update(words)
        codes.append(column.codes(words) if is_text else [float("nan")] * len(words))
    matches_nan = is_pandas_na(value) or not all(text)
    return MissingCells(matches_nan, torch.tensor(codes, dtype=torch.float64).T.contiguous())
