"""HistGradientBoostingClassifier and HistGradientBoostingRegressor."""

from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn

from sk2torch.base import (
    Column,
    TorchClassifier,
    TorchEstimator,
    UnsupportedParameter,
    read,
    register,
    wrap_child,
    write,
)
from sk2torch.blocks.boosting import BoostedTrees, ConstantScores
from sk2torch.blocks.leaf_sum import LeafSum
from sk2torch.blocks.routing import SelectColumns
from sk2torch.blocks.tree_packing import TreeNodes, bitset_table, pack_forest
from sk2torch.functional.loss_links import class_probabilities, mean_prediction, staged_probabilities

# Link functions of the losses, scikit-learn's own and those passed as objects.
_CLASSIFIER_LINKS = {"LogitLink": "logit", "HalfLogitLink": "half_logit", "MultinomialLogit": "multinomial_logit"}
_REGRESSOR_LINKS = {"IdentityLink": "identity", "LogLink": "log"}


class CategoriesFirst(nn.Module):
    """The columns as the trees number them: encoded categories, then numbers.

    Unknown categories become NaN, as missing ones.

    Args:
        encoder: ordinal encoder of the categorical columns.
        categorical: int64, their positions.
        numeric: int64, positions of the others.
    """

    def __init__(self, encoder: TorchEstimator, categorical: Tensor, numeric: Tensor) -> None:
        super().__init__()
        self.encoder = encoder
        self.categorical = SelectColumns(categorical)
        self.numeric = SelectColumns(numeric)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self.encoder.transform(self.categorical(x)), self.numeric(x)], dim=1)


@register("sklearn.ensemble.HistGradientBoostingClassifier")
class TorchHistGradientBoostingClassifier(TorchClassifier):
    """Classes of ``raw = baseline + sum of trees``, with a sigmoid or softmax link.

    One score for two classes (or one), else one per class.

    Args:
        n_features_in: width of the input.
        columns: module that brings the input into the trees' columns.
        boosting: the additive model.
        classes: the fitted ``classes_``.
        link: ``"logit"``, ``"half_logit"`` or ``"multinomial_logit"``.
    """

    accepts_infinity = True

    def __init__(self, n_features_in: int, columns: nn.Module, boosting: BoostedTrees, classes: Any, link: str) -> None:
        super().__init__(n_features_in, classes)
        self.columns = columns
        self.boosting = boosting
        self.is_binary = boosting.n_scores == 1
        self.link = link

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        link = _link(estimator, _CLASSIFIER_LINKS)
        return cls(len(columns), _columns(estimator, columns), _boosting(estimator), estimator.classes_, link)

    @torch.jit.unused
    def write_fitted(self, estimator: Any, changed: set[str]) -> None:
        _write_boosting(estimator, self.boosting, changed)

    def raw_scores(self, x: Tensor) -> Tensor:
        """Shape ``(n_samples, n_scores)``."""
        return self.boosting(self.columns(self.prepare(x)))

    def decision_function(self, x: Tensor) -> Tensor:
        raw = self.raw_scores(x)
        return raw[:, 0] if self.is_binary else raw

    def predict(self, x: Tensor) -> Tensor:
        raw = self.raw_scores(x)
        return self.labels((raw[:, 0] > 0).long() if self.is_binary else raw.argmax(dim=1))

    def predict_proba(self, x: Tensor) -> Tensor:
        return class_probabilities(self.raw_scores(x), self.link)

    def raw_stages(self, x: Tensor) -> Tensor:
        """Shape ``(n_iterations, n_samples, n_scores)``."""
        return self.boosting.stages(self.columns(self.prepare(x)))

    def staged_decision_function(self, x: Tensor) -> Tensor:
        raw = self.raw_stages(x)
        return raw[:, :, 0] if self.is_binary else raw

    def staged_predict(self, x: Tensor) -> Tensor:
        raw = self.raw_stages(x)
        return self.labels((raw[:, :, 0] > 0).long() if self.is_binary else raw.argmax(dim=2))

    def staged_predict_proba(self, x: Tensor) -> Tensor:
        return staged_probabilities(self.raw_stages(x), self.link)


@register("sklearn.ensemble.HistGradientBoostingRegressor")
class TorchHistGradientBoostingRegressor(TorchEstimator):
    """``baseline + sum of trees``, or ``exp`` of it for the gamma and Poisson losses.

    Refused: a loss object with a link other than the identity and the logarithm.

    Args:
        n_features_in: width of the input.
        columns: module that brings the input into the trees' columns.
        boosting: the additive model.
        link: ``"identity"`` or ``"log"``.
    """

    accepts_infinity = True

    def __init__(self, n_features_in: int, columns: nn.Module, boosting: BoostedTrees, link: str) -> None:
        super().__init__(n_features_in)
        self.columns = columns
        self.boosting = boosting
        self.link = link

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        link = _link(estimator, _REGRESSOR_LINKS)
        return cls(len(columns), _columns(estimator, columns), _boosting(estimator), link)

    @torch.jit.unused
    def write_fitted(self, estimator: Any, changed: set[str]) -> None:
        _write_boosting(estimator, self.boosting, changed)

    def predict(self, x: Tensor) -> Tensor:
        return mean_prediction(self.boosting(self.columns(self.prepare(x)))[:, 0], self.link)

    def staged_predict(self, x: Tensor) -> Tensor:
        return mean_prediction(self.boosting.stages(self.columns(self.prepare(x)))[:, :, 0], self.link)


def _link(estimator: Any, names: dict[str, str]) -> str:
    link = type(estimator._loss.link).__name__
    if link not in names:
        raise UnsupportedParameter(
            f"{type(estimator).__name__}: expected a loss with one of the links {sorted(names)}, got "
            f"{type(estimator._loss).__name__} with {link}; pass the loss by name."
        )
    return names[link]


def _columns(estimator: Any, columns: list[Column]) -> nn.Module:
    if estimator._preprocessor is None:
        return nn.Identity()
    encoder = estimator._preprocessor.named_transformers_["encoder"]
    mask = np.asarray(estimator.is_categorical_, dtype=bool)
    categorical, numeric = np.flatnonzero(mask), np.flatnonzero(~mask)
    child = wrap_child(encoder, [columns[i] for i in categorical])
    return CategoriesFirst(child, read.integers(categorical), read.integers(numeric))


def _boosting(estimator: Any) -> BoostedTrees:
    known, row_of_feature = estimator._bin_mapper.make_known_categories_bitsets()
    known = bitset_table(known)
    predictors = [tree for iteration in estimator._predictors for tree in iteration]
    nodes = [_tree_nodes(tree, known, row_of_feature) for tree in predictors]
    forest = pack_forest(nodes, estimator.n_features_in_, single_precision=False)
    values = read.vector(np.concatenate([tree.nodes["value"] for tree in predictors]))
    trees = LeafSum(forest, values.unsqueeze(1), n_groups=estimator.n_trees_per_iteration_)
    return BoostedTrees(ConstantScores(read.matrix(estimator._baseline_prediction)), trees)


def _write_boosting(estimator: Any, boosting: BoostedTrees, changed: set[str]) -> None:
    if "boosting.initial.scores" in changed:
        write.attribute(estimator, "_baseline_prediction", boosting.initial.scores)
    values, first = write.array(boosting.trees.values)[:, 0], 0
    thresholds = write.array(boosting.trees.forest.threshold).astype(np.float64)
    for predictor in (tree for iteration in estimator._predictors for tree in iteration):
        nodes = predictor.nodes
        last = first + len(nodes)
        nodes["value"] = values[first:last]
        _write_thresholds(nodes, thresholds[first:last], estimator._bin_mapper.bin_thresholds_)
        first = last


def _write_thresholds(nodes: np.ndarray, thresholds: np.ndarray, bins: list[np.ndarray]) -> None:
    """Give nodes thresholds; those of bins, which a warm start reads, become the nearest."""
    changed = (nodes["is_leaf"] == 0) & (nodes["is_categorical"] == 0) & (nodes["num_threshold"] != thresholds)
    for node in np.flatnonzero(changed):
        nodes["num_threshold"][node] = thresholds[node]
        nodes["bin_threshold"][node] = np.abs(bins[nodes["feature_idx"][node]] - thresholds[node]).argmin()


def _tree_nodes(predictor: Any, known: np.ndarray, row_of_feature: np.ndarray) -> TreeNodes:
    """The nodes of one histogram tree; leaves are marked by negative children."""
    nodes = predictor.nodes
    is_leaf = nodes["is_leaf"].astype(bool)
    is_categorical = nodes["is_categorical"].astype(bool) & ~is_leaf
    left_categories = bitset_table(predictor.raw_left_cat_bitsets)
    known_categories = np.zeros_like(left_categories)
    row = nodes["bitset_idx"][is_categorical].astype(np.int64)
    known_categories[row] = known[row_of_feature[nodes["feature_idx"][is_categorical]]]
    return TreeNodes(
        feature=nodes["feature_idx"].astype(np.int64),
        threshold=nodes["num_threshold"].astype(np.float64),
        left=np.where(is_leaf, -1, nodes["left"].astype(np.int64)),
        right=np.where(is_leaf, -1, nodes["right"].astype(np.int64)),
        missing_left=nodes["missing_go_to_left"].astype(bool),
        category_row=np.where(is_categorical, nodes["bitset_idx"].astype(np.int64), -1),
        left_categories=left_categories,
        known_categories=known_categories,
    )
