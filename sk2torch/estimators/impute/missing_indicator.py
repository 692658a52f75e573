"""MissingIndicator."""

from typing import Any, Self

import numpy as np
import torch
from torch import Tensor

from sk2torch.base import Column, TorchEstimator, UnsupportedParameter, read, register
from sk2torch.base.cells import is_missing, is_pandas_na
from sk2torch.blocks.routing import SelectColumns
from sk2torch.estimators.impute.missing import MissingCells, missing_numbers
from sk2torch.functional.unknown import refuse_rows


@register("sklearn.impute.MissingIndicator")
class TorchMissingIndicator(TorchEstimator):
    """1 where a cell is missing, else 0, for the columns that had missing values when fitted, or for all.

    With ``error_on_new`` missing values in another column are an error; graphs give rows of NaN. The result for
    ``sparse="auto"`` is dense. Whether a column holds words is known where ``missing_values`` is a word or None, or
    where another step reads them; words in other columns are refused when a table is encoded.

    Args:
        missing: finds missing cells.
        indicated: int64, the columns of the result.
        others: int64, the columns in which missing values are refused; empty for none.

    Raises:
        UnsupportedParameter: the indicator inside of a fitted imputer, which takes a mask; ``pandas.NA``.
    """

    output_dtype = "bool"

    def __init__(self, missing: MissingCells, indicated: Tensor, others: Tensor) -> None:
        super().__init__(missing.markers.shape[1])
        self.missing = missing
        self.indicated = SelectColumns(indicated)
        self.others = SelectColumns(others)
        self.refuses_others = others.shape[0] > 0

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        if estimator._precomputed:
            raise UnsupportedParameter(
                "MissingIndicator: expected one that was fitted on data, got the indicator_ of an imputer, which takes "
                "a mask; wrap the imputer with add_indicator=True."
            )
        if is_pandas_na(estimator.missing_values):
            raise UnsupportedParameter(
                "MissingIndicator: scikit-learn takes missing_values=pandas.NA but fails on tables that hold it; use "
                "missing_values=numpy.nan, which pandas.NA in columns of numbers becomes."
            )
        features = np.asarray(estimator.features_, dtype=np.int64)
        refuses = estimator.features == "missing-only" and estimator.error_on_new
        others = np.setdiff1d(np.arange(len(columns)), features) if refuses else []
        module = cls(_cells(estimator.missing_values, columns), read.integers(features), read.integers(others))
        module.sparse_output = estimator.sparse is True
        module.keeps_sparse = bool(estimator.sparse)
        return module

    def transform(self, x: Tensor) -> Tensor:
        missing = self.missing(self.prepare(x))
        result = self.indicated(missing).to(self.anchor.dtype)
        if self.refuses_others:
            message = (
                "MissingIndicator: columns that had no missing values when fitted have some; refit with "
                "error_on_new=False, or with features='all'."
            )
            return refuse_rows(result, self.others(missing).any(dim=1), message)
        return result


def _cells(value: Any, columns: list[Column]) -> MissingCells:
    if is_missing(value):
        for column in columns:
            # It looks at values without computing with them, so another step may read words.
            column.codes([])
            column.refuses_pandas_na = True
        return missing_numbers("MissingIndicator", value, len(columns))
    for column in columns:
        column.refuse(infinity=False)
    codes = [column.codes([value]) for column in columns]
    return MissingCells(False, torch.tensor(codes, dtype=torch.float64).T.contiguous())
