"""KNeighborsClassifier."""

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from sk2torch.base import ClassLabels, Column, TorchClassifier, TorchEstimator, register
from sk2torch.blocks.neighbor_search import NeighborSearch
from sk2torch.estimators.neighbors.reading import read_n_neighbors, read_search, read_width
from sk2torch.estimators.neighbors.targets import class_lists
from sk2torch.estimators.neighbors.weights import read_weights
from sk2torch.functional.neighbor_votes import class_votes, heaviest_class, require_weight, vote_sums


@register("sklearn.neighbors.KNeighborsClassifier")
class TorchKNeighborsClassifier(TorchClassifier):
    """The class of the largest sum of weights among the nearest stored rows; of equal ones the first.

    Weights are 1, or the inverse of the distance; where some distances are zero, only these rows count. Or they are a
    function of the distances that takes arrays and tensors alike; one that looks beyond a row sees a batch at a time.

    Args:
        n_features_in: width of the input; the number of stored rows for precomputed distances.
        classes: the fitted ``classes_``.
        search: see ``blocks.neighbor_search``.
        n_neighbors: how many are found.
        indices: class of each stored row, int64, shape ``(n_rows,)``.
        by_distance: weights are the inverse of the distance, or a function of it.

    Raises:
        UnsupportedParameter: ``weights`` that are a function which does not run on tensors; a ``metric`` that is a
            function, or has parameters that cannot be reproduced; sparse precomputed distances; more neighbours than
            rows.
    """

    fitted_attributes = {"search.rows": "_fit_X"}

    def __init__(
        self,
        n_features_in: int,
        classes: Any,
        search: NeighborSearch,
        n_neighbors: int,
        indices: Tensor,
        by_distance: bool,
    ) -> None:
        super().__init__(n_features_in, classes)
        self.n_classes = len(classes)
        self.search = search
        self.n_neighbors = n_neighbors
        self.by_distance = by_distance
        self.register_buffer("indices", indices)

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> TorchEstimator:
        search, k = read_search(estimator, columns), read_n_neighbors(estimator)
        by_distance = read_weights(estimator, search)
        classes, indices = class_lists(estimator)
        width = read_width(estimator, search)
        if estimator.outputs_2d_:
            return TorchMultiOutputKNeighborsClassifier(width, classes, search, k, indices, by_distance)
        return cls(width, classes[0], search, k, indices[0], by_distance)

    def weighted(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Index and weight of each neighbour, shape ``(n_samples, n_neighbors)``."""
        index, weights = self.search.weighted(self.prepare(x), self.n_neighbors, self.by_distance)
        if self.by_distance:
            require_weight(weights)
        return index, weights

    def predict(self, x: Tensor) -> Tensor:
        index, weights = self.weighted(x)
        if self.by_distance:
            labels = self.indices.index_select(0, index.reshape(-1)).reshape(index.shape)
            return self.labels(heaviest_class(labels, weights, self.n_classes))
        return self.labels(class_votes(index, weights, self.indices, self.n_classes, False).argmax(dim=1))

    def predict_proba(self, x: Tensor) -> Tensor:
        index, weights = self.weighted(x)
        return class_votes(index, weights, self.indices, self.n_classes, True)

    def kneighbors(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return self.search.neighbors(self.prepare(x), self.n_neighbors)

    def kneighbors_graph(self, x: Tensor) -> Tensor:
        return self.search.nearest_graph(self.prepare(x), self.n_neighbors, False)


class TorchMultiOutputKNeighborsClassifier(TorchEstimator):
    """Several outputs: labels of shape ``(n_samples, n_outputs)`` and a list of probabilities.

    Args:
        n_features_in: width of the input; the number of stored rows for precomputed distances.
        classes: the fitted ``classes_``, one array per output.
        search: see ``blocks.neighbor_search``.
        n_neighbors: how many are found.
        indices: classes of each stored row, int64, shape ``(n_outputs, n_rows)``.
        by_distance: weights are the inverse of the distance, or a function of it.
    """

    fitted_attributes = {"search.rows": "_fit_X"}

    def __init__(
        self,
        n_features_in: int,
        classes: list[Any],
        search: NeighborSearch,
        n_neighbors: int,
        indices: Tensor,
        by_distance: bool,
    ) -> None:
        super().__init__(n_features_in)
        self.outputs = nn.ModuleList(ClassLabels(c) for c in classes)
        self.n_classes = [len(c) for c in classes]
        self.search = search
        self.n_neighbors = n_neighbors
        self.by_distance = by_distance
        self.register_buffer("indices", indices)

    @property
    def classes_(self) -> list[np.ndarray]:
        """The original labels of each output."""
        return [output.classes_ for output in self.outputs]

    def predict(self, x: Tensor) -> Tensor:
        index, weights = self.search.weighted(self.prepare(x), self.n_neighbors, self.by_distance)
        require_weight(weights)
        found: list[Tensor] = []
        for k, output in enumerate(self.outputs):
            labels = self.indices[k].index_select(0, index.reshape(-1)).reshape(index.shape)
            found.append(output(heaviest_class(labels, weights, self.n_classes[k])))
        return torch.stack(found, dim=1)

    def predict_proba(self, x: Tensor) -> list[Tensor]:
        index, weights = self.search.weighted(self.prepare(x), self.n_neighbors, self.by_distance)
        require_weight(weights)
        found: list[Tensor] = []
        for k, n_classes in enumerate(self.n_classes):
            labels = self.indices[k].index_select(0, index.reshape(-1)).reshape(index.shape)
            sums = vote_sums(labels, weights, n_classes)
            found.append(sums / sums.sum(dim=1, keepdim=True))
        return found

    def kneighbors(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return self.search.neighbors(self.prepare(x), self.n_neighbors)

    def kneighbors_graph(self, x: Tensor) -> Tensor:
        return self.search.nearest_graph(self.prepare(x), self.n_neighbors, False)
