"""Textbook formulas in plain torch for a few estimators, and what their work amounts to at least."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

# Pairs of rows that are held at a time.
PAIRS = 2**27
Function = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Work:
    """What any implementation has to do for one row of input, and once.

    Args:
        products: multiplications and additions of matrix products, per row.
        moved: numbers read and written per row.
        stored: numbers of the model.
        visits: nodes of trees that are read per row, of ``NODE_BYTES`` each.
    """

    products: float
    moved: float
    stored: float
    visits: float = 0.0

    def roof_seconds(self, n: int, item_bytes: int, rate: float, bandwidth: float) -> float:
        """Least time for ``n`` rows at ``rate`` operations and ``bandwidth`` bytes per second."""
        traffic = item_bytes * (n * self.moved + self.stored) + NODE_BYTES * n * self.visits
        return max(n * self.products / rate, traffic / bandwidth)


# A feature, a threshold and a child, packed.
NODE_BYTES = 8


def _blocks(function: Function, width: int) -> Function:
    rows = max(1, PAIRS // width)
    return lambda x: torch.cat([function(block) for block in x.split(rows)])


def _tensor(value: Any, like: Tensor) -> Tensor:
    return torch.as_tensor(np.ascontiguousarray(value)).to(like)


def support_vectors(estimator: Any, like: Tensor) -> tuple[Function, Work]:
    """``decision_function`` of a binary rbf machine: ``exp(-gamma ‖x - s‖²) a + b``."""
    rows, weights = _tensor(estimator.support_vectors_, like), _tensor(estimator.dual_coef_, like)[0]
    offset, gamma = float(np.ravel(estimator.intercept_)[0]), float(estimator._gamma)
    m, d = rows.shape

    def decide(x: Tensor) -> Tensor:
        return torch.exp(-gamma * torch.cdist(x, rows).square()) @ weights + offset

    return _blocks(decide, m), Work(2.0 * m * (d + 1), d + 1, m * (d + 1))


def density(estimator: Any, like: Tensor) -> tuple[Function, Work]:
    """``score_samples`` of a Gaussian kernel density: ``logsumexp(-‖x - s‖² / 2 h²)`` and a constant."""
    rows, bandwidth = _tensor(np.asarray(estimator.tree_.data), like), float(estimator.bandwidth_)
    m, d = rows.shape
    constant = -np.log(m) - 0.5 * d * np.log(2 * np.pi) - d * np.log(bandwidth)

    def score(x: Tensor) -> Tensor:
        return torch.logsumexp(torch.cdist(x, rows).square() * (-0.5 / bandwidth**2), dim=1) + constant

    return _blocks(score, m), Work(2.0 * m * d, d + 1, m * d)


def neighbors(estimator: Any, like: Tensor) -> tuple[Function, Work]:
    """``predict_proba`` of a k-NN classifier: shares of the classes of the nearest rows."""
    rows, labels = _tensor(estimator._fit_X, like), torch.as_tensor(estimator._y).to(like.device)
    m, d = rows.shape
    k, n_classes = estimator.n_neighbors, len(estimator.classes_)

    def share(x: Tensor) -> Tensor:
        nearest = torch.cdist(x, rows).topk(k, largest=False).indices
        return torch.nn.functional.one_hot(labels[nearest].long(), n_classes).to(x.dtype).mean(dim=1)

    return _blocks(share, m), Work(2.0 * m * d, d + n_classes, m * (d + 1))


def clusters(estimator: Any, like: Tensor) -> tuple[Function, Work]:
    """``predict`` of k-means: the nearest center."""
    rows = _tensor(estimator.cluster_centers_, like)
    m, d = rows.shape
    return _blocks(lambda x: torch.cdist(x, rows).argmin(dim=1), m), Work(2.0 * m * d, d + 1, m * d)


def _shifted(children: np.ndarray, root: int) -> np.ndarray:
    """Positions among the nodes of all trees; -1 for none."""
    return np.where(children < 0, -1, children + root)


def forest(estimator: Any, like: Tensor) -> tuple[Function, Work]:
    """``predict_proba`` or ``predict`` of a random forest or extra trees: every step of every tree for every row."""
    trees = [tree.tree_ for tree in estimator.estimators_]
    sizes = [tree.node_count for tree in trees]
    roots = np.cumsum([0, *sizes[:-1]])
    position = np.arange(sum(sizes))
    left, right = (
        np.concatenate([_shifted(getattr(t, side), r) for t, r in zip(trees, roots, strict=True)])
        for side in ("children_left", "children_right")
    )
    device = like.device
    leaf = left < 0
    child = torch.as_tensor(np.stack([np.where(leaf, position, left), np.where(leaf, position, right)], 1)).to(device)
    feature = torch.as_tensor(np.concatenate([np.maximum(t.feature, 0) for t in trees])).to(device)
    threshold = torch.as_tensor(np.concatenate([t.threshold for t in trees])).to(device)
    value = np.concatenate([t.value[:, 0, :] for t in trees])
    is_classifier = hasattr(estimator, "classes_")
    value = _tensor(value / value.sum(axis=1, keepdims=True) if is_classifier else value, like)
    start, depth = torch.as_tensor(roots).to(device), max(t.max_depth for t in trees)

    def answer(x: Tensor) -> Tensor:
        # scikit-learn compares float32 rows with float64 thresholds.
        x = x.float().double()
        node = start.expand(len(x), -1)
        for _ in range(depth):
            right_turn = x.gather(1, feature[node]) > threshold[node]
            node = child[node].gather(2, right_turn.long().unsqueeze(2)).squeeze(2)
        mean = value[node].mean(dim=1)
        return mean if is_classifier else mean[:, 0]

    visits = float(sum((t.weighted_n_node_samples.sum() / t.weighted_n_node_samples[0]) for t in trees))
    work = Work(0.0, estimator.n_features_in_ + value.shape[1], 0.0, visits)
    return _blocks(answer, 4 * len(trees) * value.shape[1]), work


# Workload: its textbook formula, and the method that it answers.
REFERENCES: dict[str, tuple[Callable[[Any, Tensor], tuple[Function, Work]], str]] = {
    "svc-rbf": (support_vectors, "decision_function"),
    "one-class-svm": (support_vectors, "decision_function"),
    "kernel-density": (density, "score_samples"),
    "knn-classifier": (neighbors, "predict_proba"),
    "k-means": (clusters, "predict"),
    "random-forest-depth-3": (forest, "predict_proba"),
    "random-forest-depth-10": (forest, "predict_proba"),
    "random-forest-unbounded": (forest, "predict_proba"),
    "extra-trees": (forest, "predict"),
}
# Those without a formula here: the module's speed and exactness only.
OTHERS = {
    "svr-rbf": "predict",
    "hist-gradient-boosting": "predict_proba",
    "gradient-boosting": "predict_proba",
    "gaussian-mixture": "predict_proba",
    "gp-mean": "predict",
    "mlp": "predict_proba",
    "linear-pipeline": "predict_proba",
}
