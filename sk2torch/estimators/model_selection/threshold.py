"""FixedThresholdClassifier and TunedThresholdClassifierCV."""

from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn

from sk2torch.base import ANY_WIDTH, Column, TorchClassifier, TorchEstimator, method_module, register, wrap_child
from sk2torch.ops.layout import selected


class ClassScore(nn.Module):
    """The score of one of two classes, shape ``(n_samples,)``.

    Args:
        part: gives decision values or a table of probabilities.
        column: the table's column; -1 for decision values.
        flips: the decision values are for the other class.
    """

    def __init__(self, part: nn.Module, column: int, flips: bool) -> None:
        super().__init__()
        self.part = part
        self.column = column
        self.flips = flips

    def forward(self, x: Tensor) -> Tensor:
        answer = self.part(x)
        if self.column >= 0:
            return selected(answer, 1, self.column)
        return -answer if self.flips else answer


@register("sklearn.model_selection.FixedThresholdClassifier", "sklearn.model_selection.TunedThresholdClassifierCV")
class TorchThresholdClassifier(TorchClassifier):
    """A binary classifier with a cut-off of its own: ``pos_label`` where its score is ``>= threshold``.

    Probabilities and scores are those of the classifier.

    Args:
        n_features_in: width of the input.
        member: the classifier.
        score: its score of ``pos_label``.
        threshold: the cut-off.
        codes: class indices below the cut-off, and from it on.
        classes: the fitted ``classes_``.
    """

    routes_columns = True

    def __init__(
        self,
        n_features_in: int,
        member: TorchEstimator,
        score: nn.Module,
        threshold: float,
        codes: tuple[int, int],
        classes: Any,
    ) -> None:
        super().__init__(n_features_in, classes)
        self.member = member
        self.score = score
        self.register_buffer("threshold", torch.tensor(threshold, dtype=torch.float64))
        self.register_buffer("codes", torch.tensor(codes))

    @classmethod
    def fitted_part(cls, estimator: Any) -> Any:
        """The classifier: a fixed threshold needs no fit of its own."""
        if hasattr(estimator, "estimator_"):
            return estimator.estimator_
        return estimator.estimator if hasattr(estimator, "threshold") else estimator

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        member = cls.fitted_part(estimator)
        child = wrap_child(member, columns)
        is_tuned = hasattr(estimator, "best_threshold_")
        pos_label = estimator._curve_scorer._get_pos_label() if is_tuned else estimator.pos_label
        classes = np.asarray(member.classes_)
        positive = 1 if pos_label is None else int(np.flatnonzero(classes == pos_label)[0])
        wanted = estimator.response_method
        names = ("predict_proba", "decision_function") if wanted == "auto" else (wanted,)
        method = next(name for name in names if hasattr(child, name))
        is_table = method == "predict_proba"
        threshold = estimator.best_threshold_ if is_tuned else estimator.threshold
        if isinstance(threshold, str):
            threshold = 0.5 if is_table else 0.0
        score = ClassScore(method_module(child, method), positive if is_table else -1, positive == 0)
        codes = (1 - positive, positive)
        return cls(len(columns) or ANY_WIDTH, child, score, float(threshold), codes, classes)

    def predict(self, x: Tensor) -> Tensor:
        reached = self.score(self.prepare(x)) >= self.threshold
        return self.labels(self.codes.index_select(0, reached.long()))

    def predict_proba(self, x: Tensor) -> Tensor:
        return self.member.predict_proba(self.prepare(x))

    def predict_log_proba(self, x: Tensor) -> Tensor:
        return self.member.predict_log_proba(self.prepare(x))

    def decision_function(self, x: Tensor) -> Tensor:
        return self.member.decision_function(self.prepare(x))
