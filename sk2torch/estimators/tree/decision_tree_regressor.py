"""DecisionTreeRegressor and ExtraTreeRegressor."""

from typing import Any, Self

from sk2torch.base import Column, register
from sk2torch.base.averaged_trees import AveragedTrees, TreesRegressor


@register("sklearn.tree.DecisionTreeRegressor", "sklearn.tree.ExtraTreeRegressor")
class TorchDecisionTreeRegressor(TreesRegressor):
    """Value of the reached leaf, whatever the criterion.

    Features are compared as ``float32(x) <= threshold``; NaN takes the side learned for it.
    """

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        trees = AveragedTrees.from_trees([estimator], [1] * estimator.n_outputs_, is_single=True)
        return cls(estimator.n_features_in_, trees)
