"""Binary members of multiclass strategies."""

import importlib
from typing import Any

import torch
from torch import Tensor, nn

from sk2torch.base import Column, TorchClassifier, UnsupportedParameter, wrap_child
from sk2torch.functional.decisions import single_column
from sk2torch.functional.rows import repeated_row


class ConstantMember(nn.Module):
    """Stands for a classifier where the training rows were all of one class.

    Args:
        value: the class, which is its score, too.
    """

    def __init__(self, value: float) -> None:
        super().__init__()
        self.register_buffer("value", torch.tensor(value, dtype=torch.float64))

    @torch.jit.export
    def predict(self, x: Tensor) -> Tensor:
        return repeated_row(self.value.to(x.dtype).reshape(1), x)

    @torch.jit.export
    def decision_function(self, x: Tensor) -> Tensor:
        return repeated_row(self.value.to(x.dtype).reshape(1), x)

    @torch.jit.export
    def predict_proba(self, x: Tensor) -> Tensor:
        return torch.stack([1 - self.predict(x), self.predict(x)], dim=1)


class ScoredMembers(TorchClassifier):
    """Abstract: a classifier that compares the scores of binary members.

    Args:
        n_features_in: width of the input.
        members: the binary members.
        classes: the fitted ``classes_``.
    """

    routes_columns = True

    def __init__(self, n_features_in: int, members: list[nn.Module], classes: Any) -> None:
        super().__init__(n_features_in, classes)
        self.members = nn.ModuleList(members)

    def scores(self, x: Tensor) -> Tensor:
        """Shape ``(n_samples, n_members)``."""
        x = self.prepare(x)
        scores: list[Tensor] = []
        for member in self.members:
            if hasattr(member, "decision_function"):
                scores.append(single_column(member.decision_function(x)))
            elif hasattr(member, "predict_proba"):
                scores.append(member.predict_proba(x)[:, 1])
            else:
                scores.append(member.predict(x))
        return torch.stack(scores, dim=1)


def is_constant(member: Any) -> bool:
    """Whether a fitted member is scikit-learn's stand-in for a single class."""
    return type(member).__module__ == "sklearn.multiclass" and type(member).__name__ == "_ConstantPredictor"


def read_member(member: Any, columns: list[Column]) -> nn.Module:
    """A fitted member; scores come from ``decision_function``, ``predict_proba`` or a regressor's ``predict``.

    Raises:
        UnsupportedParameter: a classifier without scores.
    """
    if is_constant(member):
        return ConstantMember(float(member.y_[0]))
    child = wrap_child(member, columns)
    if hasattr(member, "classes_") and not (hasattr(child, "decision_function") or hasattr(child, "predict_proba")):
        raise UnsupportedParameter(
            f"expected members with decision_function or predict_proba, or regressors, got {type(member).__name__}, "
            "with which scikit-learn cannot predict either; choose an estimator that has scores."
        )
    return child


def score_threshold(member: Any) -> float:
    """Above which scikit-learn takes a member's score for the second class: 0 for decision values, else 0.5."""
    is_classifier = importlib.import_module("sklearn.base").is_classifier
    return 0.0 if hasattr(member, "decision_function") and is_classifier(member) else 0.5
