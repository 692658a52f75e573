"""RandomForestClassifier and ExtraTreesClassifier."""

from typing import Any

from sk2torch.base import Column, TorchEstimator, register
from sk2torch.base.averaged_trees import AveragedTrees, TreesClassifier, TreesMultiOutputClassifier


@register("sklearn.ensemble.RandomForestClassifier", "sklearn.ensemble.ExtraTreesClassifier")
class TorchRandomForestClassifier(TreesClassifier):
    """Mean over the trees of the class fractions of the reached leaf, added in the order of the trees.

    Features are compared as ``float32(x) <= threshold``; NaN takes the side learned for it.
    """

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> TorchEstimator:
        members, n_features = estimator.estimators_, estimator.n_features_in_
        if estimator.n_outputs_ == 1:
            trees = AveragedTrees.from_trees(members, [len(estimator.classes_)], is_single=False)
            return cls(n_features, trees, estimator.classes_)
        trees = AveragedTrees.from_trees(members, [len(c) for c in estimator.classes_], is_single=False)
        return TorchMultiOutputRandomForestClassifier(n_features, trees, estimator.classes_)


class TorchMultiOutputRandomForestClassifier(TreesMultiOutputClassifier):
    """``TorchRandomForestClassifier`` of several outputs."""
