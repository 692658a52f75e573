"""Additive models: an initial score, then the leaves of trees."""

from typing import Any

import torch
from torch import Tensor, nn

from sk2torch.blocks.leaf_sum import LeafSum
from sk2torch.functional.loss_links import class_scores
from sk2torch.functional.rounding import round_to_single


class ConstantScores(nn.Module):
    """The same scores for every row, which are not repeated: shape ``(1, n_scores)``.

    Args:
        scores: of that shape.
    """

    def __init__(self, scores: Tensor) -> None:
        super().__init__()
        self.scores = nn.Parameter(scores)

    def forward(self, x: Tensor) -> Tensor:
        return self.scores


class RegressorScores(nn.Module):
    """A regressor's prediction for ``float32(x)``, shape ``(n_samples, 1)``.

    Args:
        regressor: has ``predict``.
    """

    def __init__(self, regressor: nn.Module) -> None:
        super().__init__()
        self.regressor = regressor

    def forward(self, x: Tensor) -> Tensor:
        return self.regressor.predict(round_to_single(x)).to(x.dtype).unsqueeze(1)


class ClassifierScores(nn.Module):
    """Raw scores of a classifier's probabilities for ``float32(x)``, clipped to ``[margin, 1 - margin]``.

    Args:
        classifier: has ``predict_proba``.
        link: see ``class_scores``.
        margin: distance kept from 0 and 1.
    """

    def __init__(self, classifier: nn.Module, link: str, margin: float) -> None:
        super().__init__()
        self.classifier = classifier
        self.link = link
        self.margin = margin

    def forward(self, x: Tensor) -> Tensor:
        probabilities = self.classifier.predict_proba(round_to_single(x))
        return class_scores(probabilities.clamp(self.margin, 1.0 - self.margin), self.link)


class BoostedTrees(nn.Module):
    """``initial(x) + sum_t value[leaf_t(x)]`` in the order of the trees, shape ``(n_samples, n_scores)``.

    Args:
        initial: module that gives the first scores, shape ``(n_samples, n_scores)`` or ``(1, n_scores)``.
        trees: ``n_scores`` trees per iteration; values include the learning rate.
    """

    def __init__(self, initial: nn.Module, trees: LeafSum) -> None:
        super().__init__()
        self.initial = initial
        self.trees = trees
        self.n_scores = trees.n_groups

    def forward(self, x: Tensor) -> Tensor:
        if torch.jit.is_scripting():
            return self.trees(x, self.initial(x))
        else:
            # Attributes of modules are slow to find.
            parts: Any = self._modules
            return parts["trees"](x, parts["initial"](x))

    def stages(self, x: Tensor) -> Tensor:
        """The scores after each iteration, shape ``(n_iterations, n_samples, n_scores)``."""
        return self.trees.stages(x, self.initial(x))

    def leaves(self, x: Tensor) -> Tensor:
        """Number of the leaf within its tree, in the dtype of ``x``: ``(n_samples, n_iterations, n_scores)``."""
        forest = self.trees.forest
        return (forest(x) - forest.roots).reshape(-1, forest.n_trees // self.n_scores, self.n_scores).to(x.dtype)
