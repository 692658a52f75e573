"""CalibratedClassifierCV."""

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
    computed_columns,
    method_module,
    read,
    register,
    wrap_child,
    write,
)
from sk2torch.blocks.known_classes import KnownClasses
from sk2torch.blocks.stacking import AnswerColumns
from sk2torch.ops.layout import selected


class SigmoidCurves(nn.Module):
    """``1 / (1 + exp(a_k s_k + b_k))`` of each column ``k``: shape ``(n_samples, n_columns)``.

    Args:
        slope: ``a``, shape ``(n_columns,)``.
        intercept: ``b``, shape ``(n_columns,)``.
    """

    def __init__(self, slope: Tensor, intercept: Tensor) -> None:
        super().__init__()
        self.slope = nn.Parameter(slope)
        self.intercept = nn.Parameter(intercept)

    def forward(self, scores: Tensor) -> Tensor:
        return torch.sigmoid(-(self.slope * scores + self.intercept))


class IsotonicCurves(nn.Module):
    """An isotonic regression of each column: shape ``(n_samples, n_columns)``.

    Args:
        curves: one per column.
    """

    def __init__(self, curves: list[TorchEstimator]) -> None:
        super().__init__()
        self.curves = nn.ModuleList(curves)

    def forward(self, scores: Tensor) -> Tensor:
        columns: list[Tensor] = []
        for k, curve in enumerate(self.curves):
            columns.append(curve.predict(selected(scores, 1, k)))
        return torch.stack(columns, dim=1)


class CalibratedScores(nn.Module):
    """Calibrated scores, divided by their sum: shape ``(n_samples, n_classes)``; uniform where the sum is zero.

    Of two classes the only score is that of the second.

    Args:
        scores: columns of scores.
        curves: calibrates each.
        classes: class index of each column, int64.
        n_classes: number of classes.
    """

    def __init__(self, scores: nn.Module, curves: nn.Module, classes: Tensor, n_classes: int) -> None:
        super().__init__()
        self.scores = scores
        self.curves = curves
        self.n_classes = n_classes
        self.known = KnownClasses(classes, n_classes)

    def forward(self, x: Tensor) -> Tensor:
        calibrated = self.curves(self.scores(x))
        if self.n_classes == 2:
            return torch.cat([1.0 - calibrated, calibrated], dim=1)
        table = self.known(calibrated, 0.0)
        total = table.sum(dim=1, keepdim=True)
        # Replaced before the division: a NaN, even one not chosen, would spoil the gradient.
        table = torch.where(total == 0, torch.ones_like(table), table)
        return table / torch.where(total == 0, torch.full_like(total, float(self.n_classes)), total)


class TemperatureScaling(nn.Module):
    """``softmax(beta * z)``: shape ``(n_samples, n_classes)``.

    ``z`` is the logarithm of probabilities (plus 1e-12), or decision values; of two classes ``[-d, d]``. As in
    scikit-learn, scores are taken for probabilities if those of all rows are within 0 and 1 and sum to one.

    Args:
        scores: columns of scores.
        beta: inverse temperature.
        is_probability: the only column is the probability of the second class.
        couples_rows: there are several columns, so that one row decides for all what the scores are.
    """

    def __init__(self, scores: nn.Module, beta: Tensor, is_probability: bool, couples_rows: bool) -> None:
        super().__init__()
        self.couples_rows = couples_rows
        self.scores = scores
        self.beta = nn.Parameter(beta)
        self.is_probability = is_probability

    def forward(self, x: Tensor) -> Tensor:
        scores = self.scores(x)
        if scores.shape[1] == 1:
            if not self.is_probability:
                return torch.softmax(self.beta * torch.cat([-scores, scores], dim=1), dim=1)
            scores = torch.cat([1 - scores, scores], dim=1)
        is_distribution = (scores >= 0) & (scores <= 1) & ((scores.sum(dim=1, keepdim=True) - 1).abs() <= 1.001e-5)
        # Zero where all are: a product of floats, since bool has no reduction in ONNX Runtime.
        strange = (~is_distribution).to(scores.dtype).sum()
        logarithm = (torch.where(strange == 0, scores, torch.ones_like(scores)) + 1e-12).log()
        return torch.softmax(self.beta * torch.where(strange == 0, logarithm, scores), dim=1)


@register("sklearn.calibration.CalibratedClassifierCV")
class TorchCalibratedClassifier(TorchClassifier):
    """Mean of calibrated probabilities; scores are decision values or, without them, probabilities.

    Args:
        n_features_in: width of the input.
        members: calibrated classifiers; one with ``ensemble=False`` or a frozen estimator.
        classes: the fitted ``classes_``.
    """

    routes_columns = True

    def __init__(self, n_features_in: int, members: list[nn.Module], classes: Any) -> None:
        super().__init__(n_features_in, classes)
        self.members = nn.ModuleList(members)
        self.n_members = len(members)

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        members = [_calibrated(member, columns) for member in estimator.calibrated_classifiers_]
        return cls(len(columns) or ANY_WIDTH, members, estimator.classes_)

    @torch.jit.unused
    def write_fitted(self, estimator: Any, changed: set[str]) -> None:
        for member, part in zip(estimator.calibrated_classifiers_, self.members, strict=True):
            if isinstance(part, TemperatureScaling):
                write.attribute(member.calibrators[0], "beta_", part.beta)
            elif isinstance(part.curves, SigmoidCurves):
                for k, calibrator in enumerate(member.calibrators):
                    write.attribute(calibrator, "a_", part.curves.slope[k])
                    write.attribute(calibrator, "b_", part.curves.intercept[k])

    def predict_proba(self, x: Tensor) -> Tensor:
        x = self.prepare(x)
        total = x.new_zeros([x.shape[0], self.labels.values.shape[0]])
        for member in self.members:
            table = member(x)
            # scikit-learn takes back what rounding adds to one.
            total = total + torch.where((table > 1.0) & (table <= 1.00001), torch.ones_like(table), table)
        return total / self.n_members

    def predict(self, x: Tensor) -> Tensor:
        return self.labels(self.predict_proba(x).argmax(dim=1))


def _calibrated(member: Any, columns: list[Column]) -> nn.Module:
    child = wrap_child(member.estimator, columns)
    known, classes = np.asarray(member.estimator.classes_), np.asarray(member.classes)
    if len(known) < 2:
        raise UnsupportedParameter(
            f"CalibratedClassifierCV: a fold of {type(member.estimator).__name__} saw the class {known[0]!r} only, "
            "and scikit-learn cannot predict with it; use fewer or stratified folds."
        )
    method = "decision_function" if hasattr(child, "decision_function") else "predict_proba"
    part = method_module(child, method)
    width = part(child.anchor.new_zeros(0, max(child.n_features_in, 0))).dim()
    # Of the probabilities of two classes the second is calibrated.
    is_binary_table = method == "predict_proba" and len(known) == 2
    scores = AnswerColumns(part, width == 1, int(is_binary_table))
    if member.method == "temperature":
        beta = read.tensor(member.calibrators[0].beta_)
        return TemperatureScaling(scores, beta, is_binary_table and len(classes) == 2, len(known) > 2)
    if member.method == "sigmoid":
        slopes, intercepts = [c.a_ for c in member.calibrators], [c.b_ for c in member.calibrators]
        curves: nn.Module = SigmoidCurves(read.vector(slopes), read.vector(intercepts))
    else:
        curves = IsotonicCurves([wrap_child(c, computed_columns(1)) for c in member.calibrators])
    # A member of two classes has one score; in an ensemble of more, scikit-learn counts it for the first.
    index = np.searchsorted(classes, known)[: len(member.calibrators)]
    return CalibratedScores(scores, curves, read.integers(index), len(classes))
