"""KNNImputer."""

from typing import Any, Self

import numpy as np
import torch
from torch import Tensor

from sk2torch.base import Column, TorchEstimator, UnsupportedParameter, read, register
from sk2torch.blocks.routing import SelectColumns
from sk2torch.estimators.impute.missing import MissingCells, missing_numbers
from sk2torch.estimators.impute.nearest_donors import NearestDonors


@register("sklearn.impute.KNNImputer")
class TorchKNNImputer(TorchEstimator):
    """Missing cells become the mean of their column over the ``n_neighbors`` nearest stored rows that know it.

    Nearest by ``nan_euclidean``: the Euclidean distance over the features that both rows know, scaled up to
    all features. Rows that share no known feature with any of them get the column's mean. Columns that
    were missing throughout are dropped, or zero for ``keep_empty_features``. With ``add_indicator`` follow
    zeros and ones for the missing cells of columns that had some when fitted.

    Of stored rows at equal distances, where not all can be chosen, the first count; scikit-learn leaves the
    choice to numpy's partition, which differs between processors. For stored rows that equal the query
    scikit-learn's distances are the rounding of its matrix products; here they are zero.

    Args:
        missing: finds missing cells.
        donors: imputes those of the columns that are known at all.
        empty: boolean, shape ``(n_features,)``: columns that were missing throughout.
        keeps_empty: they are columns of zeros in the result.
        indicated: int64: the columns with an indicator; empty for none.

    Raises:
        UnsupportedParameter: a function as ``weights`` or ``metric``.
    """

    fixed_tensors = {
        "donors.rows": "the means of columns follow from them; fit again",
        "donors.means": "they follow from the rows",
    }

    def __init__(
        self, missing: MissingCells, donors: NearestDonors, empty: Tensor, keeps_empty: bool, indicated: Tensor
    ) -> None:
        super().__init__(empty.shape[0])
        self.missing = missing
        self.donors = donors
        self.keeps_empty = keeps_empty
        kept = empty.logical_not().nonzero()[:, 0]
        self.kept = SelectColumns(kept)
        # With a column of zeros after the kept ones.
        order = torch.full((empty.shape[0],), kept.shape[0], dtype=torch.int64)
        order[kept] = torch.arange(kept.shape[0])
        self.all = SelectColumns(order)
        self.indicated = SelectColumns(indicated)
        self.has_indicator = indicated.shape[0] > 0

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        if callable(estimator.weights) or callable(estimator.metric):
            raise UnsupportedParameter(
                "KNNImputer: expected weights 'uniform' or 'distance' and metric 'nan_euclidean', got a function; "
                "pass one of these names."
            )
        missing = missing_numbers("KNNImputer", estimator.missing_values, len(columns))
        mask = np.asarray(estimator._mask_fit_X, dtype=bool)
        kept = np.flatnonzero(estimator._valid_mask)
        # In the precision of the fit, as scikit-learn takes it.
        means = [np.ma.array(estimator._fit_X[:, j], mask=mask[:, j]).mean() for j in kept]
        rows = torch.from_numpy(np.where(mask, 0.0, estimator._fit_X).astype(np.float64))
        known = torch.from_numpy(~mask)
        donors = NearestDonors(
            rows, known, read.vector(means), int(estimator.n_neighbors), estimator.weights == "distance"
        )
        empty = torch.from_numpy(~np.asarray(estimator._valid_mask, dtype=bool))
        indicated = estimator.indicator_.features_ if estimator.add_indicator else []
        return cls(missing, donors, empty, bool(estimator.keep_empty_features), read.integers(indicated))

    def transform(self, x: Tensor) -> Tensor:
        x = self.prepare(x)
        missing = self.missing(x)
        filled = torch.where(missing, torch.zeros_like(x), x)
        imputed = self.donors(filled, missing.logical_not().to(x.dtype))
        result = torch.where(self.kept(missing), imputed, self.kept(x))
        if self.keeps_empty:
            result = self.all(torch.cat([result, torch.zeros_like(x[:, :1])], dim=1))
        if self.has_indicator:
            result = torch.cat([result, self.indicated(missing).to(x.dtype)], dim=1)
        return result
