"""StackingClassifier and StackingRegressor."""

from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn

from sk2torch.base import (
    ANY_WIDTH,
    ClassLabels,
    Column,
    TorchClassifier,
    TorchEstimator,
    UnsupportedParameter,
    followed_columns,
    method_module,
    register,
    step_columns,
    wrap_child,
)
from sk2torch.blocks.stacking import AnswerColumns, ProbabilityTables, StackedAnswers
from sk2torch.ops.layout import selected


@register("sklearn.ensemble.StackingRegressor")
class TorchStackingRegressor(TorchEstimator):
    """A final regressor over the predictions of others: ``final([p_1(x), ..., p_m(x)])``.

    Args:
        n_features_in: width of the input.
        stack: the predictions side by side.
        final: the regressor that sees them.
    """

    routes_columns = True

    def __init__(self, n_features_in: int, stack: StackedAnswers, final: TorchEstimator) -> None:
        super().__init__(n_features_in)
        self.stack = stack
        self.final = final

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        stack, dtype = read_stack(estimator, columns)
        module = cls(len(columns) or ANY_WIDTH, stack, read_final(estimator, columns))
        module.output_dtype = dtype
        return module

    def transform(self, x: Tensor) -> Tensor:
        return self.stack(self.prepare(x))

    def predict(self, x: Tensor) -> Tensor:
        return self.final.predict(self.transform(x))


@register("sklearn.ensemble.StackingClassifier")
class TorchStackingClassifier(TorchClassifier):
    """A final classifier over the answers of other estimators: ``final([a_1(x), ..., a_m(x)])``.

    An answer is what the estimator's ``stack_method_`` gives; of two probabilities the second only.

    Args:
        n_features_in: width of the input.
        stack: the answers side by side.
        final: the classifier that sees them, fitted on class indices.
        classes: the fitted ``classes_``.
    """

    routes_columns = True

    def __init__(self, n_features_in: int, stack: StackedAnswers, final: TorchEstimator, classes: Any) -> None:
        super().__init__(n_features_in, classes)
        self.stack = stack
        self.final = final

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> TorchEstimator:
        family = TorchMultilabelStackingClassifier if isinstance(estimator.classes_, list) else cls
        stack, dtype = read_stack(estimator, columns)
        module = family(len(columns) or ANY_WIDTH, stack, read_final(estimator, columns), estimator.classes_)
        module.output_dtype = dtype
        return module

    def transform(self, x: Tensor) -> Tensor:
        return self.stack(self.prepare(x))

    def predict(self, x: Tensor) -> Tensor:
        return self.labels(self.final.predict(self.transform(x)))

    def predict_proba(self, x: Tensor) -> Tensor:
        return self.final.predict_proba(self.transform(x))

    def decision_function(self, x: Tensor) -> Tensor:
        return self.final.decision_function(self.transform(x))


class TorchMultilabelStackingClassifier(TorchEstimator):
    """``TorchStackingClassifier`` for an indicator matrix of labels.

    ``predict_proba`` is each label's probability of its *first* class, as in scikit-learn; a final
    classifier with one table for all labels (a neural network) leaves none.

    Args:
        n_features_in: width of the input.
        stack: the answers side by side.
        final: the classifier that sees them, fitted on class indices of each label.
        classes: ``classes_`` of each label.
    """

    routes_columns = True

    def __init__(self, n_features_in: int, stack: StackedAnswers, final: TorchEstimator, classes: list[Any]) -> None:
        super().__init__(n_features_in)
        self.stack = stack
        self.final = final
        self.labels = nn.ModuleList(ClassLabels(values) for values in classes)
        # scikit-learn takes the answer for a table per label, and fails for all others.
        if hasattr(final, "predict_proba") and not isinstance(final.predict_proba(no_rows(final)), list):
            self.refused_methods = ["predict_proba"]

    @property
    def classes_(self) -> list[np.ndarray]:
        """The classes of each label."""
        return [labels.classes_ for labels in self.labels]

    def transform(self, x: Tensor) -> Tensor:
        return self.stack(self.prepare(x))

    def predict(self, x: Tensor) -> Tensor:
        index = self.final.predict(self.transform(x))
        columns: list[Tensor] = []
        for k, labels in enumerate(self.labels):
            columns.append(labels(selected(index, 1, k)))
        return torch.stack(columns, dim=1)

    def predict_proba(self, x: Tensor) -> Tensor:
        return torch.stack([table[:, 0] for table in self.final.predict_proba(self.transform(x))], dim=1)

    def decision_function(self, x: Tensor) -> Tensor:
        return self.final.decision_function(self.transform(x))


def no_rows(module: TorchEstimator) -> Tensor:
    """An input of zero rows."""
    return module.anchor.new_zeros(0, max(module.n_features_in, 0))


def read_final(estimator: Any, columns: list[Column]) -> TorchEstimator:
    """The final estimator, which sees computed columns only; ``columns`` are those of the input."""
    seen = step_columns(estimator.final_estimator_)
    # A final estimator that does not know its width has no columns.
    if estimator.passthrough and len(seen) >= len(columns):
        seen[len(seen) - len(columns) :] = followed_columns(columns)
    return wrap_child(estimator.final_estimator_, seen)


def read_stack(estimator: Any, columns: list[Column]) -> tuple[StackedAnswers, str | None]:
    """The base estimators, and the dtype of their answers side by side if it is not floating point.

    Raises:
        UnsupportedParameter: text that is passed through, or predicted by a prefitted estimator.
    """
    classes = getattr(estimator, "classes_", ())
    parts: list[nn.Module] = []
    dtypes: list[np.dtype] = []
    for child, method in zip(estimator.estimators_, estimator.stack_method_, strict=True):
        if method == "predict":
            _refuse_text_labels(child)
        part = method_module(wrap_child(child, columns), method)
        # The answer to no rows has the shape and dtype of all answers.
        answer = part(no_rows(part))
        if isinstance(answer, list):
            parts.append(ProbabilityTables(part))
            dtypes += [table.detach().numpy().dtype for table in answer]
        else:
            # scikit-learn counts labels, not classes, when the target is multilabel.
            first = int(answer.dim() == 2 and method == "predict_proba" and len(classes) == 2)
            parts.append(AnswerColumns(part, answer.dim() == 1, first))
            dtypes.append(answer.detach().numpy().dtype)
    if estimator.passthrough:
        _pass_through(type(estimator).__name__, columns)
        dtypes.append(np.dtype(np.float64))
    dtype = np.result_type(*dtypes)
    return StackedAnswers(parts, bool(estimator.passthrough)), None if dtype.kind == "f" else dtype.name


def _refuse_text_labels(child: Any) -> None:
    classes = getattr(child, "classes_", None)
    for values in classes if isinstance(classes, list) else [classes]:
        if values is not None and np.asarray(values).dtype.kind not in "biuf":
            raise UnsupportedParameter(
                f"stack_method='predict': {type(child).__name__} predicts labels that are not numbers, "
                f"{np.asarray(values)[:3].tolist()}; fit it on numbers, or stack probabilities or scores."
            )


def _pass_through(name: str, columns: list[Column]) -> None:
    for column in columns:
        if column.is_text:
            raise UnsupportedParameter(
                f"{name}: passthrough=True would hand the text of column {column.name!r} to the final estimator; "
                "encode it in a pipeline step before the stack, or set passthrough=False."
            )
        column.used = True
        column.read_as_numbers()
