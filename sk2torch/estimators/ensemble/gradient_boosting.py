"""GradientBoostingClassifier and GradientBoostingRegressor."""

import importlib
from types import SimpleNamespace
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn

from sk2torch.base import (
    Column,
    TorchClassifier,
    TorchEstimator,
    UnsupportedParameter,
    computed_columns,
    read,
    register,
    wrap_child,
    write,
)
from sk2torch.base.averaged_trees import write_trees
from sk2torch.blocks.boosting import BoostedTrees, ClassifierScores, ConstantScores, RegressorScores
from sk2torch.blocks.leaf_sum import LeafSum
from sk2torch.blocks.tree_packing import pack_forest, tree_nodes
from sk2torch.functional.loss_links import class_probabilities, staged_probabilities


@register("sklearn.ensemble.GradientBoostingClassifier")
class TorchGradientBoostingClassifier(TorchClassifier):
    """Classes of ``raw = init(x) + learning_rate * sum of trees``, with a sigmoid or softmax link.

    One score for two classes, else one per class. Trees compare ``float32(x)``; ``init`` sees it too.
    Refused: an ``init`` whose probabilities are float32, because the link magnifies their rounding.

    Args:
        n_features_in: width of the input.
        boosting: the additive model.
        classes: the fitted ``classes_``.
        link: ``"logit"``, ``"half_logit"`` (exponential loss) or ``"multinomial_logit"``.
    """

    def __init__(self, n_features_in: int, boosting: BoostedTrees, classes: Any, link: str) -> None:
        super().__init__(n_features_in, classes)
        self.boosting = boosting
        self.is_binary = boosting.n_scores == 1
        self.link = link

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        link = "multinomial_logit" if estimator.estimators_.shape[1] > 1 else "logit"
        if estimator.loss == "exponential":
            link = "half_logit"
        initial = _constant_scores(estimator)
        if initial is None:
            _refuse_single_precision(estimator)
            classifier = wrap_child(estimator.init_, computed_columns(len(columns)))
            initial = ClassifierScores(classifier, link, _clipping_margin(estimator))
        return cls(len(columns), BoostedTrees(initial, _leaf_sum(estimator)), estimator.classes_, link)

    @torch.jit.unused
    def write_fitted(self, estimator: Any, changed: set[str]) -> None:
        _write_boosting(estimator, self.boosting, changed)

    def raw_scores(self, x: Tensor) -> Tensor:
        """Shape ``(n_samples, n_scores)``."""
        return self.boosting(self.prepare(x))

    def decision_function(self, x: Tensor) -> Tensor:
        raw = self.raw_scores(x)
        return raw[:, 0] if self.is_binary else raw

    def predict(self, x: Tensor) -> Tensor:
        raw = self.raw_scores(x)
        return self.labels((raw[:, 0] >= 0).long() if self.is_binary else raw.argmax(dim=1))

    def predict_proba(self, x: Tensor) -> Tensor:
        return class_probabilities(self.raw_scores(x), self.link)

    def predict_log_proba(self, x: Tensor) -> Tensor:
        return self.predict_proba(x).log()

    def apply(self, x: Tensor) -> Tensor:
        return self.boosting.leaves(self.prepare(x))

    def staged_decision_function(self, x: Tensor) -> Tensor:
        return self.boosting.stages(self.prepare(x))

    def staged_predict(self, x: Tensor) -> Tensor:
        raw = self.staged_decision_function(x)
        return self.labels((raw[:, :, 0] >= 0).long() if self.is_binary else raw.argmax(dim=2))

    def staged_predict_proba(self, x: Tensor) -> Tensor:
        return staged_probabilities(self.staged_decision_function(x), self.link)


@register("sklearn.ensemble.GradientBoostingRegressor")
class TorchGradientBoostingRegressor(TorchEstimator):
    """``init(x) + learning_rate * sum of trees``, whatever the loss.

    Trees compare ``float32(x)``; ``init`` sees it too, and where scikit-learn's ``init`` then computes
    in float32 (linear models do), the answers agree to its rounding.

    Args:
        n_features_in: width of the input.
        boosting: the additive model.
    """

    def __init__(self, n_features_in: int, boosting: BoostedTrees) -> None:
        super().__init__(n_features_in)
        self.boosting = boosting

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        initial = _constant_scores(estimator)
        if initial is None:
            initial = RegressorScores(wrap_child(estimator.init_, computed_columns(len(columns))))
        return cls(len(columns), BoostedTrees(initial, _leaf_sum(estimator)))

    @torch.jit.unused
    def write_fitted(self, estimator: Any, changed: set[str]) -> None:
        _write_boosting(estimator, self.boosting, changed)

    def predict(self, x: Tensor) -> Tensor:
        return self.boosting(self.prepare(x))[:, 0]

    def apply(self, x: Tensor) -> Tensor:
        return self.boosting.leaves(self.prepare(x))[:, :, 0]

    def staged_predict(self, x: Tensor) -> Tensor:
        return self.boosting.stages(self.prepare(x))[:, :, 0]


def _constant_scores(estimator: Any) -> nn.Module | None:
    """The scores of ``init="zero"``, the default and other constants; None for an estimator to convert."""
    if isinstance(estimator.init_, str):
        return ConstantScores(torch.zeros(1, estimator.estimators_.shape[1]).double())
    is_dummy = type(estimator.init_).__module__ == "sklearn.dummy"
    if not is_dummy or estimator.init_.strategy in ("stratified", "uniform"):
        return None
    blank = np.zeros((1, estimator.n_features_in_), dtype=np.float32)
    return ConstantScores(read.matrix(estimator._raw_predict_init(blank)))


def _leaf_sum(estimator: Any) -> LeafSum:
    trees = [tree.tree_ for tree in estimator.estimators_.ravel()]
    forest = pack_forest([tree_nodes(tree) for tree in trees], estimator.n_features_in_, single_precision=True)
    values = estimator.learning_rate * np.concatenate([read.array(tree.value)[:, 0, :] for tree in trees])
    return LeafSum(forest, read.tensor(values), n_groups=estimator.estimators_.shape[1])


def _write_boosting(estimator: Any, boosting: BoostedTrees, changed: set[str]) -> None:
    if "boosting.initial.scores" in changed and not isinstance(estimator.init_, str):
        scores = boosting.initial.scores
        if hasattr(estimator.init_, "constant_"):
            write.attribute(estimator.init_, "constant_", scores)
        elif estimator.init_.strategy == "prior":
            link = "multinomial_logit" if scores.shape[1] > 1 else "logit"
            link = "half_logit" if estimator.loss == "exponential" else link
            write.attribute(estimator.init_, "class_prior_", class_probabilities(scores, link))
    if "boosting.trees.forest.threshold" in changed:
        write_trees(list(estimator.estimators_.ravel()), boosting.trees.forest)
    if "boosting.trees.values" in changed:
        _write_leaves(estimator, write.array(boosting.trees.values))


def _write_leaves(estimator: Any, values: np.ndarray) -> None:
    first = 0
    for tree in (member.tree_ for member in estimator.estimators_.ravel()):
        old, new = tree.value[:, 0, :], values[first : first + tree.node_count]
        first += tree.node_count
        with np.errstate(divide="ignore", invalid="ignore"):
            # What is as it was is not rounded by a division.
            tree.value[:, 0, :] = np.where(estimator.learning_rate * old == new, old, new / estimator.learning_rate)


def _refuse_single_precision(estimator: Any) -> None:
    blank = np.zeros((1, estimator.n_features_in_), dtype=np.float32)
    if np.asarray(estimator.init_.predict_proba(blank)).dtype != np.float64:
        raise UnsupportedParameter(
            f"GradientBoostingClassifier: expected an init with float64 probabilities, got "
            f"{type(estimator.init_).__name__}, which computes in float32 here, and the link magnifies its rounding; "
            "choose init=None, 'zero' or a model that answers in float64, such as a RandomForestClassifier."
        )


def _clipping_margin(estimator: Any) -> float:
    """How far scikit-learn keeps probabilities of ``init`` from 0 and 1; it differs by version."""
    certain = SimpleNamespace(predict_proba=lambda _: np.array([[1.0, 0.0]]))
    loss = SimpleNamespace(is_multiclass=True, link=SimpleNamespace(link=lambda probabilities: probabilities))
    module = importlib.import_module(type(estimator).__module__)
    return float(module._init_raw_predictions(None, certain, loss, True)[0, 1])
