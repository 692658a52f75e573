"""OneVsRestClassifier."""

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from sk2torch.base import ANY_WIDTH, Column, TorchClassifier, TorchEstimator, register
from sk2torch.base.one_vs_rest import one_vs_rest_conventions
from sk2torch.estimators.multiclass.members import ScoredMembers, read_member, score_threshold
from sk2torch.functional.decisions import largest_index, single_column


@register("sklearn.multiclass.OneVsRestClassifier")
class TorchOneVsRestClassifier(ScoredMembers):
    """The class whose member, which tells it from all others, has the largest score.

    Probabilities are the members' divided by their sum. Scores are decision values, probabilities of the second class,
    or predictions of regressors. Of equal scores the first wins, the last in scikit-learn up to 1.7; rows where all
    probabilities are zero stay so, and were NaN. Both are read from the installed version.

    Args:
        n_features_in: width of the input.
        members: one per class.
        classes: the fitted ``classes_``.
        last_wins: of equal scores the last.
        empty_sum: probability where no member gives one: 0 or NaN.
    """

    def __init__(
        self, n_features_in: int, members: list[nn.Module], classes: Any, last_wins: bool, empty_sum: float
    ) -> None:
        super().__init__(n_features_in, members, classes)
        self.last_wins = last_wins
        self.empty_sum = empty_sum

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> TorchEstimator:
        members = [read_member(member, columns) for member in estimator.estimators_]
        width = len(columns) or ANY_WIDTH
        kind = estimator.label_binarizer_.y_type_
        if kind == "multiclass":
            last_wins, empty_sum = one_vs_rest_conventions(estimator)
            module: TorchEstimator = cls(width, members, estimator.classes_, last_wins, empty_sum)
        elif kind == "binary":
            threshold = score_threshold(estimator.estimators_[0])
            module = TorchBinaryOneVsRestClassifier(width, members[0], estimator.classes_, threshold)
        else:
            threshold = score_threshold(estimator.estimators_[0])
            module = TorchMultilabelOneVsRestClassifier(width, members, estimator.classes_, threshold)
        # scikit-learn looks at the first member only, which may be the stand-in for a single class.
        module.refused_methods = [
            name
            for name in ("predict_proba", "decision_function")
            if not all(hasattr(member, name) for member in members)
        ]
        return module

    def predict(self, x: Tensor) -> Tensor:
        return self.labels(largest_index(self.scores(x), self.last_wins))

    def predict_proba(self, x: Tensor) -> Tensor:
        x = self.prepare(x)
        table = torch.stack([member.predict_proba(x)[:, 1] for member in self.members], dim=1)
        total = table.sum(dim=1, keepdim=True)
        # Replaced before the division: a NaN, even one not chosen, would spoil the gradient.
        is_empty = total == 0
        shares = table / torch.where(is_empty, torch.ones_like(total), total)
        return torch.where(is_empty, torch.full_like(table, self.empty_sum), shares)

    def decision_function(self, x: Tensor) -> Tensor:
        x = self.prepare(x)
        return torch.stack([single_column(member.decision_function(x)) for member in self.members], dim=1)


class TorchBinaryOneVsRestClassifier(TorchClassifier):
    """``TorchOneVsRestClassifier`` of two classes, or one: a single member.

    Args:
        n_features_in: width of the input.
        member: tells the second class from the first.
        classes: the fitted ``classes_``.
        threshold: scores above it are for the second class.
    """

    routes_columns = True

    def __init__(self, n_features_in: int, member: nn.Module, classes: Any, threshold: float) -> None:
        super().__init__(n_features_in, classes)
        self.member = member
        self.threshold = threshold
        self.last = len(classes) - 1

    def predict(self, x: Tensor) -> Tensor:
        x = self.prepare(x)
        if hasattr(self.member, "decision_function"):
            score = single_column(self.member.decision_function(x))
        elif hasattr(self.member, "predict_proba"):
            score = self.member.predict_proba(x)[:, 1]
        else:
            score = self.member.predict(x)
        return self.labels((score > self.threshold).long().clamp(max=self.last))

    def predict_proba(self, x: Tensor) -> Tensor:
        positive = self.member.predict_proba(self.prepare(x))[:, 1]
        table = torch.stack([1 - positive, positive], dim=1)
        return table / table.sum(dim=1, keepdim=True)

    def decision_function(self, x: Tensor) -> Tensor:
        return self.member.decision_function(self.prepare(x))


class TorchMultilabelOneVsRestClassifier(TorchEstimator):
    """One member per label of an indicator matrix; labels of shape ``(n_samples, n_labels)``, also of a sparse fit.

    Args:
        n_features_in: width of the input.
        members: one per label.
        classes: the fitted ``classes_``, numbers of the labels.
        threshold: scores above it are for the label.
    """

    routes_columns = True

    def __init__(self, n_features_in: int, members: list[nn.Module], classes: Any, threshold: float) -> None:
        super().__init__(n_features_in)
        self.members = nn.ModuleList(members)
        self.threshold = threshold
        self.numbers = np.array(classes)

    @property
    def classes_(self) -> np.ndarray:
        """Numbers of the labels."""
        return self.numbers

    def predict(self, x: Tensor) -> Tensor:
        x = self.prepare(x)
        labels: list[Tensor] = []
        for member in self.members:
            if hasattr(member, "decision_function"):
                score = single_column(member.decision_function(x))
            elif hasattr(member, "predict_proba"):
                score = member.predict_proba(x)[:, 1]
            else:
                score = member.predict(x)
            labels.append((score > self.threshold).long())
        return torch.stack(labels, dim=1)

    def predict_proba(self, x: Tensor) -> Tensor:
        x = self.prepare(x)
        return torch.stack([member.predict_proba(x)[:, 1] for member in self.members], dim=1)

    def decision_function(self, x: Tensor) -> Tensor:
        x = self.prepare(x)
        return torch.stack([single_column(member.decision_function(x)) for member in self.members], dim=1)
