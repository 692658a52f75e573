"""Estimators that are fine-tuned, by what they are."""

import copy
from typing import Any, Literal

import numpy as np
from sklearn.base import ClassifierMixin, RegressorMixin, TransformerMixin
from sklearn.utils import check_array
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import _check_feature_names_in, check_is_fitted
from torch import Tensor, nn

from sk2torch.base import TorchEstimator
from sk2torch.bridge.losses import RowLoss
from sk2torch.bridge.modules import fresh_module, settle
from sk2torch.bridge.outputs import Form, Output
from sk2torch.bridge.targets import Target, target_of
from sk2torch.bridge.tuned import TunedModel


class TunedClassifier(ClassifierMixin, TunedModel):
    """A classifier that scikit-learn fits and gradients tune; parameters as ``TunedModel`` describes them.

    Losses of likelihood compare the logarithm of ``predict_proba``, or where the model has none the log-softmax of
    ``decision_function``, ``(0, s)`` for two classes; losses of margins compare ``decision_function``.

    Args:
        class_weight: weights of the classes in the first fit, where it takes weights of rows, and in the loss: a dict,
            or ``"balanced"``.
    """

    kind = "classifier"

    def __init__(self, estimator: Any, *, class_weight: Any = None, **settings: Any) -> None:
        super().__init__(estimator, **settings)
        self.class_weight = class_weight

    @property
    def classes_(self) -> np.ndarray:
        """The labels, ascending."""
        if not self.__sklearn_is_fitted__():
            raise AttributeError("TunedClassifier has not been fitted, hence no 'classes_'.")
        return self.module_.classes_.copy()

    def partial_fit(self, X: Any, y: Any = None, classes: Any = None, sample_weight: Any = None) -> "TunedClassifier":
        """``max_epochs`` more on these rows, from the current weights, with a new optimizer; ``fit``, the first time.

        Args:
            X: rows.
            y: their labels; the first time all that there are, unless ``prefit``.
            classes: all labels, or None; those of the first fit have to be the same.
            sample_weight: shape ``(n_samples,)``.
        """
        is_first = not self.__sklearn_is_fitted__()
        if is_first and classes is not None and not self.prefit and len(np.unique(y)) < len(np.unique(classes)):
            missing = np.setdiff1d(classes, y)[:5].tolist()
            raise ValueError(f"classes: the first rows have none of {missing}; begin with rows of all, or with prefit.")
        return super().partial_fit(X, y, sample_weight)

    def _loss_name(self, y: Any) -> Any:
        return "log_loss" if isinstance(self.loss, str) and self.loss == "auto" else self.loss

    def _weights(self, y: Any, weight: np.ndarray | None) -> np.ndarray | None:
        if self.class_weight is None:
            return weight
        of_classes = compute_sample_weight(self.class_weight, y)
        return of_classes if weight is None else of_classes * weight

    def _target(self, loss: RowLoss, y: Any, X: Any, model: TorchEstimator) -> Target:
        classes: Any = getattr(model, "classes_", None)
        if classes is None or isinstance(classes, list):
            raise ValueError(f"TunedClassifier: expected a classifier of one output, got {self.estimator!r}.")
        if len(classes) > 2 and _has_pairs(self.estimator):
            raise ValueError(
                "TunedClassifier: decision_function_shape='ovo' gives a score per pair of classes, but the loss needs "
                "one per class; set 'ovr'."
            )
        return target_of(loss, y, X, classes)


def _has_pairs(estimator: Any) -> bool:
    shapes = estimator.get_params(deep=True)
    return any(name.endswith("decision_function_shape") and value == "ovo" for name, value in shapes.items())


class TunedRegressor(RegressorMixin, TunedModel):
    """A regressor that scikit-learn fits and gradients tune; parameters as ``TunedModel`` describes them.

    The loss compares ``predict``.
    Poisson losses take ``predict`` for the mean, which has to be above zero.
    """

    kind = "regressor"

    def __init__(self, estimator: Any, **settings: Any) -> None:
        super().__init__(estimator, **settings)

    def _loss_name(self, y: Any) -> Any:
        return "squared_error" if isinstance(self.loss, str) and self.loss == "auto" else self.loss

    def _target(self, loss: RowLoss, y: Any, X: Any, model: TorchEstimator) -> Target:
        target = target_of(loss, y, X)
        values = target.values.astype(np.float64)
        if self._loss_name(y) == "poisson" and (values < 0).any():
            raise ValueError("loss: 'poisson' counts, but y has negative values; use 'squared_error'.")
        return Target(values, target.n_outputs)


class TunedTransformer(TransformerMixin, TunedModel):
    """A transformer that scikit-learn fits and gradients tune, by ``loss(head(transform(X)), y)``.

    Further parameters are those of ``TunedModel``. The trained head is kept as ``head_``.

    Args:
        target: ``"y"``, or ``"X"``: the rows themselves, for reconstruction.
        head: ``"linear"``, a module or class with ``head__...``, or None: the loss compares the features.
    """

    kind = "transformer"
    part_names = (*TunedModel.part_names, "head")

    def __init__(
        self, estimator: Any, *, target: Literal["y", "X"] = "y", head: Any = "linear", **settings: Any
    ) -> None:
        super().__init__(estimator, **settings)
        self.target = target
        self.head = head

    def transform(self, X: Any) -> Any:
        """``transform`` of the tuned model, as scikit-learn's would return it."""
        return self._answer("transform", X, {})

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Names that the estimator has for its features; numbered ones where it has none."""
        check_is_fitted(self)
        if hasattr(self.untuned_, "get_feature_names_out"):
            return self.untuned_.get_feature_names_out(input_features)
        if input_features is not None:
            _check_feature_names_in(self, input_features)
        width = self._answers().width_out()
        return np.array([f"{self._answers().prefix}{k}" for k in range(width or 0)], dtype=object)

    def _require_kind(self, y: Any) -> None:
        if self.target not in ("y", "X"):
            raise ValueError(f"target: expected 'y' or 'X', got {self.target!r}.")
        if not hasattr(self.estimator, "transform"):
            raise TypeError(f"TunedTransformer: expected an estimator with transform, got {self.estimator!r}.")
        if y is None and self.target == "y":
            raise ValueError(
                "requires y to be passed, but the target y is None; a loss compares with it, or set target='X'."
            )

    def _loss_name(self, y: Any) -> Any:
        if not isinstance(self.loss, str) or self.loss != "auto":
            return self.loss
        has_labels = self.target == "y" and type_of_target(y) in ("binary", "multiclass")
        return "log_loss" if has_labels else "squared_error"

    def _target(self, loss: RowLoss, y: Any, X: Any, model: TorchEstimator) -> Target:
        if self.target == "y":
            return target_of(loss, y, X)
        values = check_array(X, dtype=np.float64, input_name="X")
        return target_of(loss, values, values)

    def _output(self, model: TorchEstimator, form: Form, few: Tensor, target: Target, goes_on: bool) -> Output:
        output = Output(model, form)
        features = settle(output, few).flatten(1)
        if goes_on:
            output.head = copy.deepcopy(self.head_)
        elif self.head is not None:
            output.head = self._fresh_head(features, target)
        return output if output.head is None else output.to(few)

    def _finish(self, output: Output, untuned: Any, history: list[dict[str, Any]], goes_on: bool) -> None:
        super()._finish(output, untuned, history, goes_on)
        self.head_ = None if output.head is None else output.head.eval()

    def _fresh_head(self, features: Tensor, target: Target) -> nn.Module:
        if not isinstance(self.head, str):
            head = fresh_module(self.head, self.part_params("head"), "head")
        elif self.head == "linear":
            head = nn.Linear(features.shape[1], target.n_outputs)
        else:
            raise ValueError(f"head: expected 'linear', a module or None, got {self.head!r}.")
        head = head.to(features)
        settle(head, features)
        return head

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = self.target == "y"
        return tags
