"""RadiusNeighborsClassifier."""

import numbers
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from sk2torch.base import ClassLabels, Column, TorchEstimator, UnsupportedParameter, register
from sk2torch.blocks.neighbor_search import NeighborSearch
from sk2torch.estimators.neighbors.reading import read_class_mode, read_search, read_weighting, read_width
from sk2torch.estimators.neighbors.targets import class_lists
from sk2torch.functional.unknown import refuse_rows

_NO_NEIGHBORS = (
    "RadiusNeighborsClassifier: some rows have no neighbors within the radius; fit with a larger radius, or with an "
    "outlier_label."
)


class VotesWithinRadius(nn.Module):
    """Sums of the weights of the stored rows of each class within the radius, of several outputs side by side.

    Args:
        search: see ``blocks.neighbor_search``.
        indices: class of each stored row, int64, shape ``(n_outputs, n_rows)``.
        sizes: number of classes of each output.
        by_distance: weights are the inverse of the distance.
        outliers: class of rows without neighbours, one for each output; -1 for none.
        refuses_outliers: rows without neighbours are an error.
    """

    def __init__(
        self,
        search: NeighborSearch,
        indices: Tensor,
        sizes: list[int],
        by_distance: bool,
        outliers: list[int],
        refuses_outliers: bool,
    ) -> None:
        super().__init__()
        self.search = search
        self.sizes = sizes
        self.by_distance = by_distance
        self.refuses_outliers = refuses_outliers
        self.message = _NO_NEIGHBORS
        self.register_buffer("indices", indices)
        given = [torch.arange(size) == outlier for size, outlier in zip(sizes, outliers, strict=True)]
        self.register_buffer("outlier_votes", torch.cat(given).double())

    def forward(self, x: Tensor) -> list[Tensor]:
        """Probabilities of each output, shape ``(n_samples, n_classes)``; zeros where there are none."""
        sums, counts = self.search.radius_votes(x, self.indices, self.sizes, self.by_distance)
        alone = counts == 0
        sums = torch.where(alone.unsqueeze(1), self.outlier_votes, sums)
        if self.refuses_outliers:
            sums = refuse_rows(sums, alone, self.message)
        found: list[Tensor] = []
        start = 0
        for size in self.sizes:
            part = sums[:, start : start + size]
            total = part.sum(dim=1, keepdim=True)
            found.append(part / torch.where(total == 0, torch.ones_like(total), total))
            start += size
        return found


def most_likely(probabilities: Tensor, outlier: int) -> Tensor:
    """Index of the largest probability, the first of equal ones; ``outlier`` where all are zero; int64."""
    index = probabilities.argmax(dim=1)
    return torch.where((probabilities == 0).all(dim=1), torch.full_like(index, outlier), index)


@register("sklearn.neighbors.RadiusNeighborsClassifier")
class TorchRadiusNeighborsClassifier(TorchEstimator):
    """The class of the largest sum of weights among the stored rows within the radius; of equal ones the first.

    Weights are 1, or the inverse of the distance; where some distances are zero, only these rows count. Rows without
    neighbours raise an error, or get the outlier label; one that is no class follows the others in ``classes_``.

    Args:
        n_features_in: width of the input; the number of stored rows for precomputed distances.
        classes: the fitted ``classes_``, and an outlier label that is none of them.
        votes: gives a list of one tensor of probabilities.
        outlier: index of the outlier label in ``classes``.

    Raises:
        UnsupportedParameter: ``weights`` or ``metric`` that is a function; a metric with parameters that cannot be
            reproduced; sparse precomputed distances; no radius; without a tree, an ``outlier_label`` that is not
            its own index in the classes.
    """

    fitted_attributes = {"votes.search.rows": "_fit_X"}

    def __init__(self, n_features_in: int, classes: Any, votes: VotesWithinRadius, outlier: int) -> None:
        super().__init__(n_features_in)
        self.labels = ClassLabels(classes)
        self.votes = votes
        self.outlier = outlier

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> TorchEstimator:
        if not isinstance(estimator.radius, numbers.Real):
            raise UnsupportedParameter(
                f"RadiusNeighborsClassifier: expected a radius, got {estimator.radius!r}; pass a number."
            )
        search, by_distance = read_search(estimator, columns, estimator.radius), read_weighting(estimator)
        classes, indices = class_lists(estimator)
        labels = estimator.outlier_label_
        outliers = (
            [-1] * len(classes) if labels is None else [_place(c, o) for c, o in zip(classes, labels, strict=True)]
        )
        sizes, votes_for = [len(c) for c in classes], outliers
        if read_class_mode(estimator):
            # Named labels take no part here; numbers do, as class or as index of a class.
            label = estimator.outlier_label
            index = int(label) if isinstance(label, numbers.Integral) else -1
            index = index if 0 <= index < sizes[0] else -1
            if isinstance(label, numbers.Integral) and index != outliers[0]:
                raise UnsupportedParameter(
                    "RadiusNeighborsClassifier: expected an outlier_label that is its own index in classes_, got "
                    f"{label}, which versions of scikit-learn take for a class or for an index; set algorithm to "
                    "'kd_tree' or 'ball_tree'."
                )
            votes_for = [index]
        votes = VotesWithinRadius(search, indices, sizes, by_distance, votes_for, labels is None)
        places = [len(c) if o < 0 else o for c, o in zip(classes, outliers, strict=True)]
        if labels is not None:
            extended = [np.append(c, o) if p == len(c) else c for c, o, p in zip(classes, labels, places, strict=True)]
            classes = [e.astype(c.dtype) for c, e in zip(classes, extended, strict=True)]
        width = read_width(estimator, search)
        if estimator.outputs_2d_:
            return TorchMultiOutputRadiusNeighborsClassifier(width, classes, votes, places)
        return cls(width, classes[0], votes, places[0])

    @property
    def classes_(self) -> np.ndarray:
        """The original labels, the outlier label included."""
        return self.labels.classes_

    def predict(self, x: Tensor) -> Tensor:
        return self.labels(most_likely(self.votes(self.prepare(x))[0], self.outlier))

    def predict_proba(self, x: Tensor) -> Tensor:
        return self.votes(self.prepare(x))[0]

    def radius_neighbors(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        return self.votes.search.within(self.prepare(x))

    def radius_neighbors_graph(self, x: Tensor) -> Tensor:
        return self.votes.search.radius_graph(self.prepare(x), False)


class TorchMultiOutputRadiusNeighborsClassifier(TorchEstimator):
    """Several outputs: labels of shape ``(n_samples, n_outputs)`` and a list of probabilities.

    Args:
        n_features_in: width of the input; the number of stored rows for precomputed distances.
        classes: of each output, the fitted ones and an outlier label that is none of them.
        votes: gives the probabilities of each output.
        places: index of the outlier label of each output in its classes.
    """

    fitted_attributes = {"votes.search.rows": "_fit_X"}

    def __init__(self, n_features_in: int, classes: list[Any], votes: VotesWithinRadius, places: list[int]) -> None:
        super().__init__(n_features_in)
        self.outputs = nn.ModuleList(ClassLabels(c) for c in classes)
        self.votes = votes
        self.places = places

    @property
    def classes_(self) -> list[np.ndarray]:
        """The original labels of each output, the outlier label included."""
        return [output.classes_ for output in self.outputs]

    def predict(self, x: Tensor) -> Tensor:
        probabilities = self.votes(self.prepare(x))
        found: list[Tensor] = []
        for k, output in enumerate(self.outputs):
            found.append(output(most_likely(probabilities[k], self.places[k])))
        return torch.stack(found, dim=1)

    def predict_proba(self, x: Tensor) -> list[Tensor]:
        return self.votes(self.prepare(x))

    def radius_neighbors(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        return self.votes.search.within(self.prepare(x))

    def radius_neighbors_graph(self, x: Tensor) -> Tensor:
        return self.votes.search.radius_graph(self.prepare(x), False)


def _place(classes: Any, label: Any) -> int:
    """Index of a label, -1 if it is no class."""
    (found,) = np.nonzero(np.ravel(classes == label))
    return int(found[0]) if found.size == 1 else -1
