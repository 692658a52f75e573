"""RandomForestRegressor and ExtraTreesRegressor."""

from typing import Any, Self

from sk2torch.base import Column, register
from sk2torch.base.averaged_trees import AveragedTrees, TreesRegressor


@register("sklearn.ensemble.RandomForestRegressor", "sklearn.ensemble.ExtraTreesRegressor")
class TorchRandomForestRegressor(TreesRegressor):
    """Mean over the trees of the value of the reached leaf, whatever the criterion, added in the order of the trees.

    Features are compared as ``float32(x) <= threshold``; NaN takes the side learned for it.
    """

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        trees = AveragedTrees.from_trees(estimator.estimators_, [1] * estimator.n_outputs_, is_single=False)
        return cls(estimator.n_features_in_, trees)
