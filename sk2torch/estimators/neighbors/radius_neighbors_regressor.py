"""RadiusNeighborsRegressor."""

import math
import numbers
from typing import Any, Self

import torch
from torch import Tensor, nn

from sk2torch.base import Column, TorchEstimator, UnsupportedParameter, register
from sk2torch.blocks.neighbor_search import NeighborSearch
from sk2torch.estimators.neighbors.reading import read_search, read_weighting, read_width
from sk2torch.estimators.neighbors.targets import missing_value, target_values


@register("sklearn.neighbors.RadiusNeighborsRegressor")
class TorchRadiusNeighborsRegressor(TorchEstimator):
    """Weighted mean of the targets of the stored rows within the radius, ``sum_j w_j y_j / sum_j w_j``.

    Weights are 1, or the inverse of the distance; where some distances are zero, only these rows count. Rows without
    neighbours give NaN, or with whole-numbered targets the number that scikit-learn makes of it.

    Args:
        n_features_in: width of the input; the number of stored rows for precomputed distances.
        search: see ``blocks.neighbor_search``.
        targets: shape ``(n_rows, n_targets)``.
        is_flat: ``predict`` has the shape ``(n_samples,)``.
        by_distance: weights are the inverse of the distance.
        missing: what rows without neighbours give.

    Raises:
        UnsupportedParameter: ``weights`` or ``metric`` that is a function; a metric with parameters that cannot be
            reproduced; sparse precomputed distances; no radius; a target in float32 (whose sums scikit-learn
            rounds to float32), or of other than real numbers.
    """

    fitted_attributes = {"search.rows": "_fit_X", "targets": "_y"}

    def __init__(
        self,
        n_features_in: int,
        search: NeighborSearch,
        targets: Tensor,
        is_flat: bool,
        by_distance: bool,
        missing: float,
    ) -> None:
        super().__init__(n_features_in)
        self.search = search
        self.targets = nn.Parameter(targets)
        self.is_flat = is_flat
        self.by_distance = by_distance
        self.missing = missing

    @property
    def fixed_tensors(self) -> dict[str, str]:
        return (
            {"targets": "scikit-learn has whole numbers; fit on floating-point numbers"}
            if not math.isnan(self.missing)
            else {}
        )

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        if not isinstance(estimator.radius, numbers.Real):
            raise UnsupportedParameter(
                f"RadiusNeighborsRegressor: expected a radius, got {estimator.radius!r}; pass a number."
            )
        search, by_distance = read_search(estimator, columns, estimator.radius), read_weighting(estimator)
        targets, is_flat, is_single = target_values(estimator)
        # With weights by distance, too: those of rows at distance zero are booleans.
        if is_single:
            raise UnsupportedParameter(
                "RadiusNeighborsRegressor: expected y in float64, got float32, in which scikit-learn averages; fit on "
                "y.astype('float64')."
            )
        return cls(read_width(estimator, search), search, targets, is_flat, by_distance, missing_value(estimator))

    def predict(self, x: Tensor) -> Tensor:
        sums, totals, counts = self.search.radius_sums(self.prepare(x), self.targets, self.by_distance)
        alone = (counts == 0).unsqueeze(1)
        mean = sums / torch.where(alone, torch.ones_like(totals), totals)
        mean = torch.where(alone, torch.full_like(mean, self.missing), mean)
        return mean[:, 0] if self.is_flat else mean

    def radius_neighbors(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        return self.search.within(self.prepare(x))

    def radius_neighbors_graph(self, x: Tensor) -> Tensor:
        return self.search.radius_graph(self.prepare(x), False)
