"""Roles of the estimators that average the leaf values of trees: single trees and forests."""

from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn

from sk2torch.base import read, write
from sk2torch.base.labels import ClassLabels
from sk2torch.base.module import TorchEstimator
from sk2torch.blocks.forest import Forest
from sk2torch.blocks.leaf_sum import LeafSum
from sk2torch.blocks.tree_packing import pack_forest, rounded_down, tree_nodes


class AveragedTrees(nn.Module):
    """``mean_t values[leaf_t(x)]``, shape ``(n_samples, n_values)``.

    Args:
        forest: the trees.
        values: learned value of each node, shape ``(n_nodes, n_values)``.
        is_single: a tree, not a forest of one tree.
    """

    __jit_unused_properties__ = ["node_offsets"]

    def __init__(self, forest: Forest, values: Tensor, is_single: bool) -> None:
        super().__init__()
        self.trees = LeafSum(forest, values, divisor=forest.n_trees)
        self.is_single = is_single

    @classmethod
    def from_trees(
        cls,
        trees: list[Any],
        n_classes: list[int],
        is_single: bool,
        n_features: int | None = None,
        columns: list[np.ndarray] | None = None,
    ) -> Self:
        """From fitted trees of ``sklearn.tree``.

        Args:
            trees: the estimators that have ``tree_``.
            n_classes: per output its number of classes; 1 per output of a regressor.
            is_single: a tree, not a forest of one tree.
            n_features: width of the input; None for that of the trees.
            columns: which columns each tree sees; None for all.
        """
        seen = [None] * len(trees) if columns is None else columns
        nodes = [tree_nodes(tree.tree_, index) for tree, index in zip(trees, seen, strict=True)]
        # Outputs with fewer classes than others are padded.
        values = [
            torch.cat([read.tensor(tree.tree_.value)[:, k, :n] for tree in trees]) for k, n in enumerate(n_classes)
        ]
        width = trees[0].n_features_in_ if n_features is None else n_features
        return cls(pack_forest(nodes, width, True), torch.cat(values, dim=1), is_single)

    def forward(self, x: Tensor) -> Tensor:
        return self.trees(x)

    @property
    def node_offsets(self) -> list[int] | None:
        """See ``Forest.node_offsets``; None for a tree."""
        return None if self.is_single else self.trees.forest.node_offsets

    @torch.jit.unused
    def write_to(self, estimator: Any) -> None:
        """The way back to the estimator that it was read from."""
        forest = self.trees.forest
        trees = [estimator] if is_tree(estimator) else list(estimator.estimators_[: forest.n_trees])
        write_trees(trees, forest, self.trees.values)

    def path(self, x: Tensor) -> Tensor:
        """See ``Forest.path``."""
        return self.trees.forest.path(x)

    def leaves(self, x: Tensor) -> Tensor:
        """Number of the leaf in its tree, int64: ``(n_samples,)`` of a tree, ``(n_samples, n_trees)`` of a forest."""
        number = self.trees.forest(x) - self.trees.forest.roots
        return number[:, 0] if self.is_single else number


def write_trees(trees: list[Any], forest: nn.Module, values: Tensor | None = None) -> None:
    """Give fitted trees of ``sklearn.tree`` the thresholds of a forest, and the values of its nodes.

    A threshold that decides as that of the forest does stays as it is.

    Args:
        trees: the estimators that have ``tree_``, as many as the forest has.
        forest: ``Forest`` of these trees.
        values: as in ``AveragedTrees``; None to leave those of the trees.
    """
    thresholds, first = write.array(forest.threshold).astype(np.float64), 0
    table = None if values is None else write.array(values)
    for tree in (each.tree_ for each in trees):
        last = first + tree.node_count
        # Views of the tree's own memory.
        old, new = tree.threshold, thresholds[first:last]
        changed = (tree.children_left >= 0) & (rounded_down(old) != new)
        old[changed] = new[changed]
        if table is not None:
            ends = np.cumsum(tree.n_classes)
            for k, (n, end) in enumerate(zip(tree.n_classes, ends, strict=True)):
                tree.value[:, k, :n] = table[first:last, end - n : end]
        first = last


def nearest_fractions(values: Tensor) -> Tensor:
    """Rows without what is negative, divided by their sum where that is not one; equal ones where nothing is left."""
    positive = values.clamp(min=0)
    total = positive.sum(dim=1, keepdim=True)
    fractions = torch.where(total > 0, positive / total, 1 / values.shape[1])
    is_one = (total - 1).abs() <= 1e-12 if values.dtype == torch.float64 else (total - 1).abs() <= 1e-6
    return torch.where(is_one & (values >= 0).all(dim=1, keepdim=True), values, fractions)


def is_tree(estimator: Any) -> bool:
    """Whether it is a fitted tree of scikit-learn."""
    return hasattr(estimator, "tree_") and type(estimator).__module__.startswith("sklearn.tree")


class TreesEstimator(TorchEstimator):
    """Abstract: what single trees and forests have, whatever they predict.

    Args:
        n_features_in: width of the input.
        trees: mean values.
    """

    def __init__(self, n_features_in: int, trees: AveragedTrees) -> None:
        super().__init__(n_features_in)
        self.trees = trees

    @torch.jit.unused
    def write_fitted(self, estimator: Any, changed: set[str]) -> None:
        self.trees.write_to(estimator)

    def apply(self, x: Tensor) -> Tensor:
        return self.trees.leaves(self.prepare(x))

    def decision_path(self, x: Tensor) -> Tensor:
        return self.trees.path(self.prepare(x))

    @property
    def node_offsets(self) -> list[int] | None:
        """See ``AveragedTrees.node_offsets``."""
        return self.trees.node_offsets


class TreesClassifier(TreesEstimator):
    """Abstract: the class of the largest mean probability; of equal ones the first.

    Args:
        n_features_in: width of the input.
        trees: mean class probabilities.
        classes: the fitted ``classes_``.
    """

    def __init__(self, n_features_in: int, trees: AveragedTrees, classes: Any) -> None:
        super().__init__(n_features_in, trees)
        self.labels = ClassLabels(classes)

    @torch.jit.unused
    def restrict_parameters(self) -> None:
        """Fractions of classes are not negative and add up to one."""
        values = self.trees.trees.values
        values.copy_(nearest_fractions(values))

    @property
    def classes_(self) -> np.ndarray:
        """The original labels."""
        return self.labels.classes_

    def predict(self, x: Tensor) -> Tensor:
        return self.labels(self.predict_proba(x).argmax(dim=1))

    def predict_proba(self, x: Tensor) -> Tensor:
        return self.trees(self.prepare(x))

    def predict_log_proba(self, x: Tensor) -> Tensor:
        return self.predict_proba(x).log()


class TreesMultiOutputClassifier(TreesEstimator):
    """Abstract: ``TreesClassifier`` of several outputs; labels of shape ``(n_samples, n_outputs)``.

    Args:
        n_features_in: width of the input.
        trees: mean class probabilities of all outputs side by side.
        classes: the fitted ``classes_``, one array per output.
    """

    def __init__(self, n_features_in: int, trees: AveragedTrees, classes: list[Any]) -> None:
        super().__init__(n_features_in, trees)
        self.labels = nn.ModuleList(ClassLabels(c) for c in classes)
        self.n_classes = [len(c) for c in classes]

    @property
    def classes_(self) -> list[np.ndarray]:
        """The original labels of each output."""
        return [labels.classes_ for labels in self.labels]

    def predict(self, x: Tensor) -> Tensor:
        probabilities = self.predict_proba(x)
        codes: list[Tensor] = []
        for k, labels in enumerate(self.labels):
            codes.append(labels(probabilities[k].argmax(dim=1)))
        return torch.stack(codes, dim=1)

    def predict_proba(self, x: Tensor) -> list[Tensor]:
        return list(self.trees(self.prepare(x)).split(self.n_classes, dim=1))

    def predict_log_proba(self, x: Tensor) -> list[Tensor]:
        return [part.log() for part in self.predict_proba(x)]


class TreesRegressor(TreesEstimator):
    """Abstract: the mean of leaf values; ``(n_samples,)``, or ``(n_samples, n_outputs)`` of several outputs.

    Args:
        n_features_in: width of the input.
        trees: mean values.
    """

    def __init__(self, n_features_in: int, trees: AveragedTrees) -> None:
        super().__init__(n_features_in, trees)
        self.is_single_output = trees.trees.values.shape[1] == 1

    def predict(self, x: Tensor) -> Tensor:
        values = self.trees(self.prepare(x))
        return values[:, 0] if self.is_single_output else values
