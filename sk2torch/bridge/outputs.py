"""What a loss sees of a wrapped model: the answer that is differentiated, in the form that the loss takes."""

import math
from typing import Any, Literal

import torch
from torch import Tensor, nn

from sk2torch.base import TorchEstimator, methods_of
from sk2torch.bridge.losses import LOSSES, RowLoss
from sk2torch.bridge.targets import Target

Form = Literal["log_probabilities", "probability", "log_odds", "margins", "prediction", "log_prediction", "features"]
# Probabilities of trees and votes may be zero, where the logarithm has none: the inverse of its slope there.
_STEEPEST = 1e-6
_OF_CLASSES = ("classes", "binary")


def form_of(loss: RowLoss, name: Any, kind: str) -> Form:
    """In which form ``loss`` takes the answers of a ``classifier``, ``regressor`` or ``transformer``.

    Raises:
        ValueError: it compares something else.
    """
    if kind == "transformer":
        return "features"
    if (kind == "classifier" and loss.target == "numbers") or (kind == "regressor" and loss.target in _OF_CLASSES):
        has, fits = ("labels", _OF_CLASSES) if kind == "classifier" else ("numbers", ("numbers",))
        names = ", ".join(key for key, (_, target) in LOSSES.items() if target in fits)
        raise ValueError(f"loss: {_called(name)} does not fit a {kind}, whose target is {has}; use one of {names}.")
    if kind == "regressor":
        is_log = name == "poisson" or (isinstance(loss.function, nn.PoissonNLLLoss) and loss.function.log_input)
        return "log_prediction" if is_log else "prediction"
    if isinstance(loss.function, nn.BCELoss):
        return "probability"
    if loss.target == "binary":
        return "log_odds"
    return "margins" if name == "hinge" or isinstance(loss.function, nn.MultiMarginLoss) else "log_probabilities"


def _called(name: Any) -> str:
    return repr(name) if isinstance(name, str) else getattr(name, "__name__", type(name).__name__)


def method_for(model: TorchEstimator, form: Form) -> str:
    """The method of ``model`` that gives the form.

    Raises:
        ValueError: it has none.
    """
    by_form: dict[Form, tuple[str, ...]] = {
        "log_probabilities": ("predict_proba", "decision_function"),
        "log_odds": ("predict_proba", "decision_function"),
        "probability": ("predict_proba",),
        "margins": ("decision_function", "predict_proba"),
        "prediction": ("predict",),
        "log_prediction": ("predict",),
        "features": ("transform",),
    }
    has = methods_of(model)
    found = next((method for method in by_form[form] if method in has), None)
    if found is None:
        raise ValueError(
            f"loss: it needs {' or '.join(by_form[form])}, but this model has {', '.join(has)}; choose another loss or "
            "another estimator."
        )
    return found


class Output(nn.Module):
    """``forward(x)``: what a loss compares with the target.

    ``log_probabilities``, shape ``(n, n_classes)``: of a model with probabilities their logarithm; else the log-softmax
    of its scores, of two classes ``(0, s)``. ``margins``: the scores, ``(0, s)`` of two classes, or log-probabilities.
    ``log_odds``, ``(n,)``: of the second of two classes, or its score. ``log_prediction``: ``log predict``.

    Args:
        model: is trained in place.
        form: see there.
        head: of features, or None.
    """

    def __init__(self, model: TorchEstimator, form: Form, head: nn.Module | None = None) -> None:
        super().__init__()
        self.model, self.form, self.head = model, form, head
        self.method = method_for(model, form)
        self.has_logarithm = self.method == "predict_proba" and "predict_log_proba" in methods_of(model)

    def forward(self, x: Tensor) -> Tensor:
        if self.method == "predict_proba":
            return self._of_probabilities(x)
        if self.method == "decision_function":
            return self._of_scores(self.model.decision_function(x))
        if self.method == "transform":
            features = self.model.transform(x)
            features = features.to_dense() if features.layout != torch.strided else features
            return features if self.head is None else self.head(features.flatten(1))
        prediction = self.model.predict(x)
        return prediction.log() if self.form == "log_prediction" else prediction

    def _of_probabilities(self, x: Tensor) -> Tensor:
        if self.form == "probability":
            return self.model.predict_proba(x)[:, 1].clamp(0, 1)
        logs = self._log_probabilities(x)
        return logs[:, 1] - logs[:, 0] if self.form == "log_odds" else logs

    def _log_probabilities(self, x: Tensor) -> Tensor:
        if self.has_logarithm:
            logs = self.model.predict_log_proba(x)
            if bool(logs.isfinite().all()):
                return logs
        p = self.model.predict_proba(x)
        # The bound of scikit-learn's log loss; with a slope, so that what was impossible can become possible.
        least = torch.finfo(p.dtype).eps
        is_exact = p > least
        bounded = math.log(least) + (p - p.detach()) / _STEEPEST
        return torch.where(is_exact, torch.where(is_exact, p, 1.0).log(), bounded)

    def _of_scores(self, scores: Tensor) -> Tensor:
        if self.form == "log_odds":
            return scores
        if scores.dim() == 1:
            scores = torch.stack([torch.zeros_like(scores), scores], dim=1)
        return scores if self.form == "margins" else scores.log_softmax(dim=1)


def require_output(output: Output, x: Tensor, target: Target, name: str, frozen: str) -> None:
    """Try the output on a few rows: it has to depend on what is trained, and to fit the target.

    Args:
        output: with ``requires_grad`` of its parameters set.
        x: the rows.
        target: what the outputs are compared with.
        name: of the estimator.
        frozen: why some parameters are not trained, or empty.

    Raises:
        ValueError: no parameter changes the output, other scores than one per class, means that are not positive.
    """
    found = output(x)
    if bool(found.isnan().any()) and output.form != "log_prediction":
        raise ValueError(
            f"{name}: {output.method} gives NaN for rows of X; put a SimpleImputer before it, or drop these."
        )
    if not any(parameter.requires_grad for parameter in output.model.parameters()) or not found.requires_grad:
        raise ValueError(
            f"{name}: there is nothing to train, as {output.method} has no slope in any parameter that is not frozen"
            f"{frozen}; freeze less, choose another estimator, or soften trees by a temperature."
        )
    n_classes = 0 if target.classes is None else len(target.classes)
    if n_classes and found.dim() == 2 and found.shape[1] != n_classes:
        raise ValueError(
            f"{name}: {output.method} gives {found.shape[1]} scores, but there are {n_classes} classes, each of which "
            "needs one."
        )
    if output.form == "log_prediction" and not bool(found.isfinite().all()):
        raise ValueError(
            f"loss: a Poisson loss needs predictions above zero, but {name} gives others; use an estimator with such "
            "means (PoissonRegressor, HistGradientBoostingRegressor(loss='poisson')) or 'squared_error'."
        )
