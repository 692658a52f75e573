"""NearestCentroid."""

from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn

from sk2torch.base import Column, TorchClassifier, UnsupportedParameter, read, register, write
from sk2torch.functional.distances import pairwise_distance
from sk2torch.ops.pairwise import arg_min


@register("sklearn.neighbors.NearestCentroid")
class TorchNearestCentroid(TorchClassifier):
    """The class of the nearest centroid; with unequal priors, of the largest discriminant score.

    The score is ``2 log(prior) - |(x - centroid) / scale|^2``, features of no spread staying unscaled; its
    normalised exponentials are the probabilities. The score of two classes is the difference of theirs.

    Args:
        classes: the fitted ``classes_``.
        centroids: shape ``(n_classes, n_features)``.
        scale: within-class standard deviations, with ones for zeros, shape ``(n_features,)``.
        log_priors: shape ``(n_classes,)``.
        metric: ``"euclidean"`` or ``"manhattan"``.
        is_nearest: ``predict`` is by distance alone.

    Raises:
        UnsupportedParameter: centroids that are not finite, which ``shrink_threshold`` makes of one row per class;
            other than one prior per class.
    """

    fitted_attributes = {"centroids": "centroids_", "scale": "within_class_std_dev_"}

    def __init__(
        self, classes: Any, centroids: Tensor, scale: Tensor, log_priors: Tensor, metric: str, is_nearest: bool
    ) -> None:
        super().__init__(centroids.shape[1], classes)
        self.n_classes = len(classes)
        self.centroids = nn.Parameter(centroids)
        self.scale = nn.Parameter(scale)
        self.log_priors = nn.Parameter(log_priors)
        self.metric = metric
        self.is_nearest = is_nearest
        self.register_buffer("ones", torch.ones_like(scale))

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        classes = estimator.classes_
        centroids = read.matrix(estimator.centroids_)
        # Versions without priors have the nearest centroid alone.
        priors = np.asarray(getattr(estimator, "class_prior_", np.full(len(classes), 1 / len(classes))))
        if not centroids.isfinite().all():
            raise UnsupportedParameter(
                "NearestCentroid: expected finite centroids, got NaN or infinity, for which scikit-learn raises; fit "
                "with shrink_threshold=None, or on more than one row of some class."
            )
        if len(priors) != len(classes):
            raise UnsupportedParameter(
                f"NearestCentroid: expected one prior for each of the {len(classes)} classes, got {len(priors)}; fit "
                "with as many."
            )
        scale = read.vector(getattr(estimator, "within_class_std_dev_", np.ones(centroids.shape[1])))
        scale = torch.where(scale == 0, torch.ones_like(scale), scale)
        is_nearest = bool(np.isclose(priors, 1 / len(classes)).all())
        return cls(classes, centroids, scale, read.vector(priors).log(), estimator.metric, is_nearest)

    @property
    def fixed_tensors(self) -> dict[str, str]:
        reason = "with equal priors scikit-learn predicts by distance alone, and would no more; fit with priors"
        return {"log_priors": reason} if self.is_nearest else {}

    @torch.jit.unused
    def write_fitted(self, estimator: Any, changed: set[str]) -> None:
        if "log_priors" in changed:
            write.attribute(estimator, "class_prior_", self.log_priors.exp())

    def predict(self, x: Tensor) -> Tensor:
        x = self.prepare(x)
        if self.is_nearest:
            statistic = "manhattan" if self.metric == "manhattan" else "direct_squared_distance"
            offsets = torch.zeros_like(self.log_priors)
            return self.labels(arg_min(x, self.centroids, offsets, None, statistic, "identity", self.ones[0]))
        return self.labels(self.scores(x).argmax(dim=1))

    def decision_function(self, x: Tensor) -> Tensor:
        scores = self.scores(self.prepare(x))
        return scores[:, 1] - scores[:, 0] if self.n_classes == 2 else scores

    def predict_log_proba(self, x: Tensor) -> Tensor:
        scores = self.scores(self.prepare(x))
        likelihood = scores - scores.amax(dim=1, keepdim=True)
        return likelihood - likelihood.exp().sum(dim=1, keepdim=True).log()

    def predict_proba(self, x: Tensor) -> Tensor:
        return self.predict_log_proba(x).exp()

    def scores(self, x: Tensor) -> Tensor:
        """The discriminant scores of all classes, shape ``(n_samples, n_classes)``."""
        distance = pairwise_distance(x / self.scale, self.centroids / self.scale, self.metric, 2.0, self.ones)
        return 2.0 * self.log_priors - distance * distance
