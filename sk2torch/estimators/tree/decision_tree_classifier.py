"""DecisionTreeClassifier and ExtraTreeClassifier."""

from typing import Any

from sk2torch.base import Column, TorchEstimator, register
from sk2torch.base.averaged_trees import AveragedTrees, TreesClassifier, TreesMultiOutputClassifier


@register("sklearn.tree.DecisionTreeClassifier", "sklearn.tree.ExtraTreeClassifier")
class TorchDecisionTreeClassifier(TreesClassifier):
    """Class fractions of the reached leaf.

    Features are compared as ``float32(x) <= threshold``; NaN takes the side learned for it.
    """

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> TorchEstimator:
        n_features = estimator.n_features_in_
        if estimator.n_outputs_ == 1:
            trees = AveragedTrees.from_trees([estimator], [len(estimator.classes_)], is_single=True)
            return cls(n_features, trees, estimator.classes_)
        trees = AveragedTrees.from_trees([estimator], [len(c) for c in estimator.classes_], is_single=True)
        return TorchMultiOutputDecisionTreeClassifier(n_features, trees, estimator.classes_)


class TorchMultiOutputDecisionTreeClassifier(TreesMultiOutputClassifier):
    """``TorchDecisionTreeClassifier`` of several outputs."""
