"""OneVsOneClassifier."""

from typing import Any, Self

import torch
from torch import Tensor, nn

from sk2torch.base import Column, TorchClassifier, read, register
from sk2torch.blocks.routing import SelectColumns
from sk2torch.estimators.multiclass.members import read_member, score_threshold
from sk2torch.functional.decisions import single_column
from sk2torch.functional.one_vs_one import one_vs_one_scores, pair_table


@register("sklearn.multiclass.OneVsOneClassifier")
class TorchOneVsOneClassifier(TorchClassifier):
    """Votes of one member per pair of classes; sums ``c`` of scores decide between equal numbers of votes.

    ``votes + c / (3 (|c| + 1))``; two classes have one score, that of the second.

    Args:
        n_features_in: width of the input.
        members: one per pair of classes, in the order ``(0, 1), (0, 2), ..., (1, 2), ...``.
        features: selects the columns of each member.
        classes: the fitted ``classes_``.
        threshold: of two classes, scores above it are for the second.
    """

    routes_columns = True

    def __init__(
        self, n_features_in: int, members: list[nn.Module], features: list[nn.Module], classes: Any, threshold: float
    ) -> None:
        super().__init__(n_features_in, classes)
        self.members = nn.ModuleList(members)
        self.features = nn.ModuleList(features)
        self.n_classes = len(classes)
        self.threshold = threshold
        self.register_buffer("table", pair_table(self.n_classes))

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        indices = estimator.pairwise_indices_
        members: list[nn.Module] = []
        features: list[nn.Module] = []
        for k, member in enumerate(estimator.estimators_):
            seen = columns if indices is None else [columns[i] for i in indices[k]]
            members.append(read_member(member, seen))
            features.append(nn.Identity() if indices is None else SelectColumns(read.integers(indices[k])))
        return cls(len(columns), members, features, estimator.classes_, score_threshold(estimator.estimators_[0]))

    def decision_function(self, x: Tensor) -> Tensor:
        x = self.prepare(x)
        scores: list[Tensor] = []
        predictions: list[Tensor] = []
        for member, select in zip(self.members, self.features):  # noqa: B905
            part = select(x)
            predictions.append(member.predict(part).to(x.dtype))
            if hasattr(member, "decision_function"):
                scores.append(single_column(member.decision_function(part)))
            elif hasattr(member, "predict_proba"):
                scores.append(member.predict_proba(part)[:, 1])
            else:
                scores.append(predictions[-1])
        combined = one_vs_one_scores(
            torch.stack(predictions, dim=1), torch.stack(scores, dim=1), self.table, self.n_classes
        )
        return combined[:, 1] if self.n_classes == 2 else combined

    def predict(self, x: Tensor) -> Tensor:
        scores = self.decision_function(x)
        return self.labels((scores > self.threshold).long() if self.n_classes == 2 else scores.argmax(dim=1))
