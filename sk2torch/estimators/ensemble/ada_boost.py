"""AdaBoostClassifier and AdaBoostRegressor."""

from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn

from sk2torch.base import (
    ANY_WIDTH,
    ClassLabels,
    Column,
    TorchClassifier,
    TorchEstimator,
    UnsupportedParameter,
    read,
    register,
    wrap_child,
    write,
)
from sk2torch.base.averaged_trees import is_tree, write_trees
from sk2torch.blocks.leaf_sum import LeafSum
from sk2torch.blocks.tree_packing import pack_forest, tree_nodes
from sk2torch.estimators.ensemble.ada_boost_members import ClassVotes, ModelAnswers, TreeAnswers, TreeVotes
from sk2torch.functional.weighted_median import staged_weighted_median, weighted_median


@register("sklearn.ensemble.AdaBoostClassifier")
class TorchAdaBoostClassifier(TorchClassifier):
    """Weighted votes: ``f_c(x) = sum_t (w_t if h_t(x) = c else -w_t / (K - 1)) / sum_t w_t``.

    Two classes have one score, ``f_1 - f_0``; probabilities are ``softmax(f / (K - 1))``. Votes are added in the order
    of the members, as in scikit-learn, so that ties fall alike. Refused: members with other classes than the whole.

    Args:
        n_features_in: width of the input.
        votes: sums of votes.
        weights: one each, shape ``(n_members,)``.
        total: by what the final sum is divided.
        classes: the fitted ``classes_``.
    """

    fixed_tensors = {
        "votes.trees.values": "a leaf's vote is for one class, with the weight of its tree",
    }

    routes_columns = True
    checks_input = True

    def __init__(self, n_features_in: int, votes: nn.Module, weights: Tensor, total: Tensor, classes: Any) -> None:
        super().__init__(n_features_in, classes)
        self.votes = votes
        self.n_classes = len(classes)
        self.register_buffer("total", total)
        self.register_buffer("totals", weights.cumsum(0).reshape(-1, 1, 1))
        # scikit-learn divides by the number of other classes.
        if self.n_classes == 1:
            self.refused_methods = ["staged_predict", "staged_predict_proba", "staged_decision_function"]

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        members = estimator.estimators_
        children = read_members(estimator, columns)
        for child in children:
            if not np.array_equal(child.classes_, estimator.classes_):
                raise UnsupportedParameter(
                    f"AdaBoostClassifier: expected members with the classes {np.asarray(estimator.classes_)[:5]}, got "
                    f"{np.asarray(child.classes_)[:5]}; fit a base estimator that keeps all of the classes."
                )
        weights = np.asarray(estimator.estimator_weights_, dtype=np.float64)
        cast = weights[: len(members)]
        against = (-1 / max(len(estimator.classes_) - 1, 1)) * cast
        if all(is_tree(member) for member in members):
            values = [leaf_votes(*each) for each in zip(members, cast, against, strict=True)]
            votes: nn.Module = TreeVotes(_leaf_values(members, values))
        else:
            votes = ClassVotes(
                children, ClassLabels(estimator.classes_).values, read.vector(cast), read.vector(against)
            )
        width = len(columns) or ANY_WIDTH
        return cls(width, votes, read.vector(cast), read.tensor(weights.sum()), estimator.classes_)

    @torch.jit.unused
    def write_fitted(self, estimator: Any, changed: set[str]) -> None:
        if isinstance(self.votes, TreeVotes):
            write_trees(estimator.estimators_, self.votes.trees.forest)

    def decision_function(self, x: Tensor) -> Tensor:
        x = self.prepare(x)
        if self.n_classes == 1:
            return x.new_zeros([x.shape[0], 1])
        scores = torch.div(self.votes(x), self.total)
        return scores[:, 1] - scores[:, 0] if self.n_classes == 2 else scores

    def predict(self, x: Tensor) -> Tensor:
        scores = self.decision_function(x)
        return self.labels((scores > 0).long() if self.n_classes == 2 else scores.argmax(dim=1))

    def predict_proba(self, x: Tensor) -> Tensor:
        return self.probabilities(self.decision_function(x))

    def probabilities(self, scores: Tensor) -> Tensor:
        """Of scores of any shape, classes last: softmax of the scores of ``K`` classes over ``K - 1``."""
        if self.n_classes == 2:
            return torch.softmax(torch.stack([-scores, scores], dim=-1) / 2, dim=-1)
        return torch.softmax(scores / max(self.n_classes - 1, 1), dim=-1)

    def predict_log_proba(self, x: Tensor) -> Tensor:
        return self.predict_proba(x).log()

    def staged_decision_function(self, x: Tensor) -> Tensor:
        scores = torch.div(self.votes.stages(self.prepare(x)), self.totals)
        return scores[:, :, 1] - scores[:, :, 0] if self.n_classes == 2 else scores

    def staged_predict(self, x: Tensor) -> Tensor:
        scores = self.staged_decision_function(x)
        return self.labels((scores > 0).long() if self.n_classes == 2 else scores.argmax(dim=2))

    def staged_predict_proba(self, x: Tensor) -> Tensor:
        return self.probabilities(self.staged_decision_function(x))


@register("sklearn.ensemble.AdaBoostRegressor")
class TorchAdaBoostRegressor(TorchEstimator):
    """Weighted median of the members' predictions.

    Refused: classifiers as members.

    Args:
        n_features_in: width of the input.
        answers: each member's prediction, shape ``(n_samples, n_members)``.
        weights: one each, shape ``(n_members,)``.
    """

    routes_columns = True
    checks_input = True

    def __init__(self, n_features_in: int, answers: nn.Module, weights: Tensor) -> None:
        super().__init__(n_features_in)
        self.answers = answers
        self.register_buffer("weights", weights)

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        members = estimator.estimators_
        if any(hasattr(member, "classes_") for member in members):
            raise UnsupportedParameter(
                "AdaBoostRegressor: expected regressors as members, got classifiers; use a regressor."
            )
        children = read_members(estimator, columns)
        if all(is_tree(member) for member in members):
            values = [read.array(member.tree_.value)[:, 0] for member in members]
            answers: nn.Module = TreeAnswers(_leaf_values(members, values))
        else:
            answers = ModelAnswers(children)
        weights = read.vector(estimator.estimator_weights_[: len(members)])
        return cls(len(columns) or ANY_WIDTH, answers, weights)

    @torch.jit.unused
    def write_fitted(self, estimator: Any, changed: set[str]) -> None:
        if isinstance(self.answers, TreeAnswers):
            trees = self.answers.trees
            write_trees(estimator.estimators_, trees.forest, trees.values)
        if "weights" in changed:
            estimator.estimator_weights_[: len(self.weights)] = write.array(self.weights)

    def predict(self, x: Tensor) -> Tensor:
        return weighted_median(self.answers(self.prepare(x)), self.weights)

    def staged_predict(self, x: Tensor) -> Tensor:
        return staged_weighted_median(self.answers(self.prepare(x)), self.weights)


def read_members(estimator: Any, columns: list[Column]) -> list[TorchEstimator]:
    """The fitted members; the ensemble itself refuses missing and infinite values."""
    children = [wrap_child(member, columns) for member in estimator.estimators_]
    for column in columns:
        column.used = True
        column.refuse()
    return children


def leaf_votes(tree: Any, weight: float, against: float) -> np.ndarray:
    """What a fitted tree's leaves add to each class: ``weight`` for the one they predict, ``against`` for the others.

    Shape ``(n_nodes, n_classes)``.
    """
    predicted = read.array(tree.tree_.value)[:, 0].argmax(axis=1)
    return np.where(predicted[:, None] == np.arange(len(tree.classes_)), weight, against)


def _leaf_values(members: list[Any], values: list[np.ndarray]) -> LeafSum:
    nodes = [tree_nodes(member.tree_) for member in members]
    forest = pack_forest(nodes, members[0].n_features_in_, single_precision=True)
    return LeafSum(forest, read.tensor(np.concatenate(values)))
