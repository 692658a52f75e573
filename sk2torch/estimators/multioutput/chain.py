"""ClassifierChain and RegressorChain."""

from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn

from sk2torch.base import (
    Column,
    TorchEstimator,
    UnsupportedParameter,
    computed_columns,
    method_module,
    read,
    register,
    wrap_child,
)


class ChainLink(nn.Module):
    """What the members after one see of its answer, shape ``(n_samples, 1)``.

    Args:
        part: the member; its ``forward`` is the chain's method.
        is_table: it gives probabilities of two classes, of which the second counts.
    """

    def __init__(self, part: nn.Module, is_table: bool) -> None:
        super().__init__()
        self.part = part
        self.is_table = is_table

    def forward(self, x: Tensor) -> Tensor:
        answer = self.part(x)
        return (answer[:, 1:2] if self.is_table else answer.unsqueeze(1)).to(x.dtype)


@register("sklearn.multioutput.ClassifierChain")
class TorchClassifierChain(TorchEstimator):
    """Binary classifiers, each of which sees the answers of those before it: ``h_k([x, a_1, ..., a_{k-1}])``.

    ``a_k`` is what ``chain_method`` gives, of probabilities that of the second class. Labels are floating-point
    numbers, as scikit-learn's are. Refused: labels that are not numbers, and a chain of scores of members without two
    classes; in both scikit-learn cannot predict either.

    Args:
        n_features_in: width of the input.
        members: in the order of the chain.
        links: ``ChainLink`` of all members but the last.
        positions: position in the chain of each output, int64, shape ``(n_outputs,)``.
        classes: the classes of each member.
    """

    routes_columns = True
    checks_input = True

    def __init__(
        self,
        n_features_in: int,
        members: list[TorchEstimator],
        links: list[nn.Module],
        positions: Tensor,
        classes: list[Any],
    ) -> None:
        super().__init__(n_features_in)
        self.members = nn.ModuleList(members)
        self.links = nn.ModuleList([*links, nn.Identity()])
        self.register_buffer("positions", positions)
        self.n_outputs = len(members)
        self.classes = [np.array(classes[k], dtype=np.float64) for k in positions.tolist()]

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        classes = [np.asarray(member.classes_) for member in estimator.estimators_]
        if any(values.dtype.kind not in "biuf" for values in classes):
            raise UnsupportedParameter(
                "ClassifierChain: expected labels that are numbers, got "
                f"{next(v for v in classes if v.dtype.kind not in 'biuf')[:3].tolist()}; encode them before fitting."
            )
        is_binary = all(len(values) == 2 and (values == values.astype(np.int64)).all() for values in classes)
        method = getattr(estimator, "chain_method_", "predict")
        if method != "predict" and not is_binary:
            raise UnsupportedParameter(
                f"ClassifierChain: chain_method={method!r} needs outputs of two classes; use chain_method='predict'."
            )
        members = read_chain(estimator, columns)
        links = [ChainLink(method_module(member, method), method.endswith("proba")) for member in members[:-1]]
        module = cls(len(columns), members, links, positions_of(estimator), classes)
        scored = ["predict_proba", "decision_function"]
        refused = [name for name in scored if not (is_binary and all(hasattr(member, name) for member in members))]
        module.refused_methods = [*refused, *(["predict_log_proba"] if "predict_proba" in refused else [])]
        return module

    @property
    def classes_(self) -> list[np.ndarray]:
        """The labels of each output (in scikit-learn of each member), as the numbers that ``predict`` gives."""
        return self.classes

    def predict(self, x: Tensor) -> Tensor:
        x = self.prepare(x)
        answers: list[Tensor] = []
        for member, link in zip(self.members, self.links):  # noqa: B905
            answers.append(member.predict(x).to(x.dtype))
            if len(answers) < self.n_outputs:
                x = torch.cat([x, link(x)], dim=1)
        return torch.stack(answers, dim=1).index_select(1, self.positions)

    def predict_proba(self, x: Tensor) -> Tensor:
        x = self.prepare(x)
        answers: list[Tensor] = []
        for member, link in zip(self.members, self.links):  # noqa: B905
            answers.append(member.predict_proba(x)[:, 1])
            if len(answers) < self.n_outputs:
                x = torch.cat([x, link(x)], dim=1)
        return torch.stack(answers, dim=1).index_select(1, self.positions)

    def predict_log_proba(self, x: Tensor) -> Tensor:
        return self.predict_proba(x).log()

    def decision_function(self, x: Tensor) -> Tensor:
        x = self.prepare(x)
        answers: list[Tensor] = []
        for member, link in zip(self.members, self.links):  # noqa: B905
            answers.append(member.decision_function(x))
            if len(answers) < self.n_outputs:
                x = torch.cat([x, link(x)], dim=1)
        return torch.stack(answers, dim=1).index_select(1, self.positions)


@register("sklearn.multioutput.RegressorChain")
class TorchRegressorChain(TorchEstimator):
    """Regressors, each of which sees the predictions of those before it: ``h_k([x, p_1, ..., p_{k-1}])``.

    Args:
        n_features_in: width of the input.
        members: in the order of the chain.
        positions: position in the chain of each output, int64, shape ``(n_outputs,)``.
    """

    routes_columns = True
    checks_input = True

    def __init__(self, n_features_in: int, members: list[TorchEstimator], positions: Tensor) -> None:
        super().__init__(n_features_in)
        self.members = nn.ModuleList(members)
        self.register_buffer("positions", positions)

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        if any(np.asarray(getattr(member, "classes_", 0)).dtype.kind not in "biuf" for member in estimator.estimators_):
            raise UnsupportedParameter(
                "RegressorChain: expected members that predict numbers, got a classifier of words; use regressors."
            )
        return cls(len(columns), read_chain(estimator, columns), positions_of(estimator))

    def predict(self, x: Tensor) -> Tensor:
        x = self.prepare(x)
        answers: list[Tensor] = []
        for member in self.members:
            answers.append(member.predict(x).to(x.dtype))
            x = torch.cat([x, answers[-1].unsqueeze(1)], dim=1)
        return torch.stack(answers, dim=1).index_select(1, self.positions)


def read_chain(estimator: Any, columns: list[Column]) -> list[TorchEstimator]:
    """The members; the chain itself makes numbers of its input, and refuses those that are not finite."""
    members = [wrap_child(member, [*columns, *computed_columns(k)]) for k, member in enumerate(estimator.estimators_)]
    for column in columns:
        column.used = True
        column.refuse()
        column.read_as_numbers()
    return members


def positions_of(estimator: Any) -> Tensor:
    """Where in the chain each output is, int64."""
    return read.integers(np.argsort(np.asarray(estimator.order_)))
