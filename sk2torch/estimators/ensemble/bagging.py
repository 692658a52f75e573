"""BaggingClassifier and BaggingRegressor."""

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from sk2torch.base import Column, TorchClassifier, TorchEstimator, read, register, wrap_child
from sk2torch.base.averaged_trees import AveragedTrees, TreesClassifier, TreesRegressor, is_tree
from sk2torch.blocks.known_classes import KnownClasses
from sk2torch.blocks.routing import SelectColumns


@register("sklearn.ensemble.BaggingClassifier")
class TorchBaggingClassifier(TorchClassifier):
    """Mean of the members' probabilities: ``P(c | x) = sum_t P_t(c | x_t) / n_estimators``.

    A member sees its own columns ``x_t``, and may know some of the classes only. Those without ``predict_proba`` vote.
    Log-probabilities are the logarithm of the mean of the exponentials of the members'; scores are means. Terms are
    added in the order of the members, as scikit-learn does with ``n_jobs=None``.

    Args:
        n_features_in: width of the input.
        members: the classifiers, fitted on class indices.
        features: selects the columns of each member.
        known: class indices that each member knows.
        n_estimators: by what sums are divided.
        classes: the fitted ``classes_``.
    """

    routes_columns = True

    def __init__(
        self,
        n_features_in: int,
        members: list[TorchEstimator],
        features: list[nn.Module],
        known: list[Tensor],
        n_estimators: int,
        classes: Any,
    ) -> None:
        super().__init__(n_features_in, classes)
        self.members = nn.ModuleList(members)
        self.features = nn.ModuleList(features)
        self.known = nn.ModuleList(KnownClasses(index, len(classes)) for index in known)
        self.n_estimators = n_estimators
        self.n_classes = len(classes)

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> TorchEstimator:
        width, members, features, children = read_members(estimator, columns)
        n_classes, count = len(estimator.classes_), int(estimator.n_estimators)
        if all(is_tree(member) and len(member.classes_) == n_classes for member in members) and len(members) == count:
            trees = AveragedTrees.from_trees(members, [n_classes], False, width, features)
            return TorchTreeBaggingClassifier(width, trees, estimator.classes_)
        known = [read.integers(member.classes_) for member in members]
        module = cls(width, children, _selections(features, width), known, count, estimator.classes_)
        if hasattr(children[0], "decision_function") and not _have_one_shape(children):
            # Members that know different numbers of classes: scikit-learn fails to add their scores.
            module.refused_methods = ["decision_function"]
        return module

    def predict_proba(self, x: Tensor) -> Tensor:
        x = self.prepare(x)
        total = x.new_zeros([x.shape[0], self.n_classes])
        for member, select, known in zip(self.members, self.features, self.known):  # noqa: B905
            if hasattr(member, "predict_proba"):
                total = total + known(member.predict_proba(select(x)), 0.0)
            else:
                classes = torch.arange(self.n_classes, device=x.device)
                total = total + (member.predict(select(x)).unsqueeze(1) == classes).to(x.dtype)
        return total / self.n_estimators

    def predict(self, x: Tensor) -> Tensor:
        return self.labels(self.predict_proba(x).argmax(dim=1))

    def predict_log_proba(self, x: Tensor) -> Tensor:
        tables: list[Tensor] = []
        for member, select, known in zip(self.members, self.features, self.known):  # noqa: B905
            if hasattr(member, "predict_log_proba"):
                tables.append(known(member.predict_log_proba(select(self.prepare(x))), -float("inf")))
        if len(tables) == 0:
            return self.predict_proba(x).log()
        stacked = torch.stack(tables)
        largest = stacked.amax(dim=0)
        # What no member thinks possible stays at -inf, instead of inf - inf.
        largest = torch.where(largest.isinf(), torch.zeros_like(largest), largest)
        return largest + ((stacked - largest).exp().sum(dim=0) / self.n_estimators).log()

    def decision_function(self, x: Tensor) -> Tensor:
        x = self.prepare(x)
        parts = [m.decision_function(select(x)) for m, select in zip(self.members, self.features)]  # noqa: B905
        total = parts[0]
        for part in parts[1:]:
            total = total + part
        return total / self.n_estimators


class TorchTreeBaggingClassifier(TreesClassifier):
    """``TorchBaggingClassifier`` of trees, evaluated together."""

    routes_columns = True


@register("sklearn.ensemble.BaggingRegressor")
class TorchBaggingRegressor(TorchEstimator):
    """Mean of the members' predictions, each from its own columns; any number of outputs.

    Args:
        n_features_in: width of the input.
        members: the regressors.
        features: selects the columns of each member.
        n_estimators: by what the sum is divided.
    """

    routes_columns = True

    def __init__(
        self, n_features_in: int, members: list[TorchEstimator], features: list[nn.Module], n_estimators: int
    ) -> None:
        super().__init__(n_features_in)
        self.members = nn.ModuleList(members)
        self.features = nn.ModuleList(features)
        self.n_estimators = n_estimators

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> TorchEstimator:
        width, members, features, children = read_members(estimator, columns)
        count = int(estimator.n_estimators)
        if all(is_tree(member) for member in members) and len(members) == count:
            trees = AveragedTrees.from_trees(members, [1] * int(members[0].n_outputs_), False, width, features)
            return TorchTreeBaggingRegressor(width, trees)
        return cls(width, children, _selections(features, width), count)

    def predict(self, x: Tensor) -> Tensor:
        x = self.prepare(x)
        parts = [m.predict(select(x)).to(x.dtype) for m, select in zip(self.members, self.features)]  # noqa: B905
        total = parts[0]
        for part in parts[1:]:
            total = total + part
        return total / self.n_estimators


class TorchTreeBaggingRegressor(TreesRegressor):
    """``TorchBaggingRegressor`` of trees, evaluated together."""

    routes_columns = True


def read_members(
    estimator: Any, columns: list[Column]
) -> tuple[int, list[Any], list[np.ndarray], list[TorchEstimator]]:
    """Width of the input, the members that answer, the columns of each, and the members converted."""
    count = int(estimator.n_estimators)
    members = estimator.estimators_[:count]
    features = [np.asarray(index, dtype=np.int64) for index in estimator.estimators_features_[:count]]
    children = [
        wrap_child(member, [columns[i] for i in index]) for member, index in zip(members, features, strict=True)
    ]
    return len(columns), members, features, children


def _selections(features: list[np.ndarray], width: int) -> list[nn.Module]:
    whole = np.arange(width)
    return [
        nn.Identity() if np.array_equal(index, whole) else SelectColumns(read.integers(index)) for index in features
    ]


def _have_one_shape(children: list[TorchEstimator]) -> bool:
    blanks = [child.anchor.new_zeros(0, max(child.n_features_in, 0)) for child in children]
    return len({child.decision_function(blank).shape for child, blank in zip(children, blanks, strict=True)}) == 1
