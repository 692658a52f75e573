"""VotingClassifier and VotingRegressor."""

from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn

from sk2torch.base import (
    ANY_WIDTH,
    Column,
    TorchClassifier,
    TorchEstimator,
    UnsupportedParameter,
    read,
    register,
    wrap_child,
)
from sk2torch.functional.voting import weighted_majority, weighted_sum


@register("sklearn.ensemble.VotingRegressor")
class TorchVotingRegressor(TorchEstimator):
    """Weighted mean of predictions: ``sum_i w_i p_i(x) / sum_i w_i``.

    Args:
        n_features_in: width of the input.
        voters: the regressors.
        weights: one factor each, shape ``(n_voters,)``.
    """

    routes_columns = True

    def __init__(self, n_features_in: int, voters: list[TorchEstimator], weights: Tensor) -> None:
        super().__init__(n_features_in)
        self.voters = nn.ModuleList(voters)
        self.register_buffer("weights", weights)

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        return cls(len(columns) or ANY_WIDTH, read_voters(estimator, columns), read_weights(estimator, averages=True))

    def answers(self, x: Tensor) -> list[Tensor]:
        """Each voter's predictions, shape ``(n_samples,)``."""
        x = self.prepare(x)
        return [voter.predict(x).to(x.dtype) for voter in self.voters]

    def transform(self, x: Tensor) -> Tensor:
        return torch.stack(self.answers(x), dim=1)

    def predict(self, x: Tensor) -> Tensor:
        return weighted_sum(self.answers(x), self.weights) / self.weights.sum()


@register("sklearn.ensemble.VotingClassifier")
class TorchVotingClassifier(TorchClassifier):
    """Soft voting: the class of the largest ``sum_i w_i P_i(class | x) / sum_i w_i``.

    Args:
        n_features_in: width of the input.
        voters: the classifiers, fitted on class indices.
        weights: one factor each, shape ``(n_voters,)``.
        classes: the fitted ``classes_``.
        flatten: ``transform`` gives ``(n_samples, n_voters * n_classes)`` instead of
            ``(n_voters, n_samples, n_classes)``.
    """

    routes_columns = True

    def __init__(
        self, n_features_in: int, voters: list[TorchEstimator], weights: Tensor, classes: Any, flatten: bool
    ) -> None:
        super().__init__(n_features_in, classes)
        self.voters = nn.ModuleList(voters)
        self.register_buffer("weights", weights)
        self.flatten = flatten

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> TorchClassifier:
        is_soft = estimator.voting == "soft"
        voters = read_voters(estimator, columns)
        for voter in voters:
            if not np.array_equal(voter.classes_, np.arange(len(estimator.classes_))):
                raise UnsupportedParameter(
                    f"VotingClassifier: expected estimators fitted on class indices, got one with the classes "
                    f"{np.asarray(voter.classes_)[:5].tolist()}; let VotingClassifier fit its estimators."
                )
        width, weights = len(columns) or ANY_WIDTH, read_weights(estimator, averages=is_soft)
        if is_soft:
            return cls(width, voters, weights, estimator.classes_, bool(estimator.flatten_transform))
        return TorchHardVotingClassifier(width, voters, weights, estimator.classes_)

    def answers(self, x: Tensor) -> list[Tensor]:
        """Each voter's probabilities, shape ``(n_samples, n_classes)``."""
        x = self.prepare(x)
        return [voter.predict_proba(x) for voter in self.voters]

    def transform(self, x: Tensor) -> Tensor:
        return torch.cat(self.answers(x), dim=1) if self.flatten else torch.stack(self.answers(x))

    def predict_proba(self, x: Tensor) -> Tensor:
        return weighted_sum(self.answers(x), self.weights) / self.weights.sum()

    def predict(self, x: Tensor) -> Tensor:
        return self.labels(self.predict_proba(x).argmax(dim=1))


class TorchHardVotingClassifier(TorchClassifier):
    """Hard voting: the class with the largest sum of weights; of equals the first.

    ``transform`` gives each voter's class index, shape ``(n_samples, n_voters)``.

    Args:
        n_features_in: width of the input.
        voters: the classifiers, fitted on class indices.
        weights: one each, shape ``(n_voters,)``.
        classes: the fitted ``classes_``.
    """

    routes_columns = True
    output_dtype = "int64"

    def __init__(self, n_features_in: int, voters: list[TorchEstimator], weights: Tensor, classes: Any) -> None:
        super().__init__(n_features_in, classes)
        self.voters = nn.ModuleList(voters)
        self.register_buffer("weights", weights)
        self.n_classes = len(classes)

    def votes(self, x: Tensor) -> Tensor:
        """Class indices, int64, shape ``(n_samples, n_voters)``."""
        x = self.prepare(x)
        return torch.stack([voter.predict(x) for voter in self.voters], dim=1)

    def transform(self, x: Tensor) -> Tensor:
        return self.votes(x).to(self.anchor.dtype)

    def predict(self, x: Tensor) -> Tensor:
        return self.labels(weighted_majority(self.votes(x), self.weights, self.n_classes))


def read_voters(estimator: Any, columns: list[Column]) -> list[TorchEstimator]:
    """The fitted estimators; dropped ones left out."""
    return [wrap_child(child, columns) for child in estimator.estimators_]


def read_weights(estimator: Any, averages: bool) -> Tensor:
    """The weights of the estimators that are not dropped; ones for None.

    Raises:
        UnsupportedParameter: weights of zero sum that are to be divided by (scikit-learn fails, too).
    """
    kept = [not (isinstance(child, str) and child == "drop") for _, child in estimator.estimators]
    given = [1.0] * len(kept) if estimator.weights is None else read.array(estimator.weights).tolist()
    weights = [weight for weight, keep in zip(given, kept, strict=True) if keep]
    if averages and np.sum(weights) == 0:
        raise UnsupportedParameter(
            f"{type(estimator).__name__}: weights {weights} sum to zero; give weights above zero."
        )
    return read.vector(weights)
