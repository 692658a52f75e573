"""The base of estimators that fit with scikit-learn and go on with gradients."""

import copy
import dataclasses
import importlib
import inspect
from typing import Any

import numpy as np
import torch
from sklearn.base import BaseEstimator, clone
from sklearn.utils import _safe_indexing, get_tags
from sklearn.utils.validation import _num_samples, check_is_fitted, validate_data
from torch import Tensor

from sk2torch.base import METHODS, CannotUnwrap, TorchEstimator, wrap
from sk2torch.bridge.answers import PredictorAnswers
from sk2torch.bridge.conversion import float_dtype, rows_tensor
from sk2torch.bridge.history import TrainingHistory
from sk2torch.bridge.losses import RowLoss
from sk2torch.bridge.methods import Answering
from sk2torch.bridge.outputs import Form, Output, form_of, require_output
from sk2torch.bridge.settings import NestedParams, resolve_device, seeded
from sk2torch.bridge.steps import Names
from sk2torch.bridge.targets import Target, checked_weight, target_of
from sk2torch.bridge.tuning import chooses_columns, freeze, optimizer_settings, schedule, weight_arguments
from sk2torch.unwrapping import unwrap

# Rows at a time in answers.
_MANY = 4096
# Rows on which an output is tried.
_FEW = 64
# Found again when they are asked for.
_DERIVED = ("_opened", "_unwrapped")


class TunedModel(NestedParams, Answering, TrainingHistory, BaseEstimator):
    """A scikit-learn estimator that is fitted, wrapped, and trained on by gradients through all of its steps.

    Parameters are described by the classes for each kind.
    """

    kind: str
    part_names = ("loss", "optimizer", "scheduler", "lr")

    def __init__(
        self,
        estimator: Any,
        *,
        loss: Any = "auto",
        optimizer: Any = torch.optim.AdamW,
        lr: float = 1e-3,
        max_epochs: int = 20,
        batch_size: int = 128,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 10,
        tol: float = 1e-4,
        freeze: Any = (),
        train_only: Any = None,
        weight_decay: float = 0.0,
        scheduler: Any = None,
        temperature: float | None = None,
        prefit: bool = False,
        warm_start: bool = False,
        dtype: Any = None,
        device: Any = "auto",
        random_state: Any = None,
        callbacks: Any = None,
        checkpoint: Any = None,
        verbose: int = 0,
        **nested: Any,
    ) -> None:
        self.estimator = estimator
        self.loss = loss
        self.optimizer = optimizer
        self.lr = lr
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.freeze = freeze
        self.train_only = train_only
        self.weight_decay = weight_decay
        self.scheduler = scheduler
        self.temperature = temperature
        self.prefit = prefit
        self.warm_start = warm_start
        self.dtype = dtype
        self.device = device
        self.random_state = random_state
        self.callbacks = callbacks
        self.checkpoint = checkpoint
        self.verbose = verbose
        self._nested = nested

    @classmethod
    def _get_param_names(cls) -> list[str]:
        # Those that a subclass adds, and those of this class, which it takes as keyword arguments.
        listed = [
            p for c in cls.__mro__ if "__init__" in vars(c) for p in inspect.signature(c.__init__).parameters.values()
        ]
        kinds = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
        return sorted({p.name for p in listed if p.kind in kinds and p.name != "self"})

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Any:
        """Fit the estimator, or take it as it is with ``prefit``, and train it.

        With ``warm_start`` a second ``fit`` goes on from the trained weights.

        Args:
            X: what the estimator takes: an array, a table, documents.
            y: labels of a classifier, numbers of a regressor.
            sample_weight: shape ``(n_samples,)``; of the first fit, where the estimator takes it, and of the loss.
        """
        return self._tune(X, y, sample_weight, self.warm_start and self.__sklearn_is_fitted__())

    def partial_fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Any:
        """``max_epochs`` more on these rows, from the current weights with a new optimizer; ``fit``, the first time."""
        return self._tune(X, y, sample_weight, self.__sklearn_is_fitted__())

    @property
    def estimator_(self) -> Any:
        """The fitted scikit-learn estimator with the trained numbers.

        It answers as the model in all methods; where scikit-learn could not be told so, in the one that was trained.

        Raises:
            CannotUnwrap: no fitted attribute holds what was trained.
        """
        check_is_fitted(self)
        if "_unwrapped" not in vars(self):
            self._unwrapped = self._unwrap()
        return self._unwrapped

    def _unwrap(self) -> Any:
        model = self.module_
        if self._is_soft:
            model = importlib.import_module("sk2torch.softening").harden(model)
        # A model out of a pickle has forgotten what it was made of.
        source = None if model.source.estimators else self.untuned_
        try:
            return unwrap(model, source)
        except CannotUnwrap:
            return unwrap(model, source, methods=[self._trained_method])

    @property
    def n_features_in_(self) -> int:
        """How many columns the estimator was fitted on."""
        return self._of_untuned("n_features_in_")

    @property
    def feature_names_in_(self) -> np.ndarray:
        """Names of the columns that the estimator was fitted on."""
        return self._of_untuned("feature_names_in_")

    def _of_untuned(self, name: str) -> Any:
        if "untuned_" not in vars(self):
            raise AttributeError(f"{type(self).__name__} has not been fitted, hence no {name!r}.")
        return getattr(self.untuned_, name)

    def _tune(self, X: Any, y: Any, sample_weight: Any, goes_on: bool) -> Any:
        from sk2torch.bridge.training import Rows, Training, digest

        self._require_kind(y)
        name = self._loss_name(y)
        loss = RowLoss(name, self.part_params("loss"))
        form = form_of(loss, name, self.kind)
        weight = self._weights(y, checked_weight(sample_weight, X))
        device = resolve_device(self.device)
        dtype = torch.float64 if self.dtype is None else float_dtype(self.dtype)
        settings = Training.of(self, device, stratify=self.kind == "classifier")
        with seeded(self.random_state, device) as generator:
            seed = int(torch.randint(2**31 - 1, (), generator=generator))
            split = settings.split_of(_target_rows(X, y), seed) if self.early_stopping else None
            if goes_on:
                self._require_columns(X)
                untuned, state = self.untuned_, self.module_.state_dict()
            else:
                untuned, state = self._first_fit(X, y, weight, None if split is None else split[0]), None
            model = self._wrapped(untuned, dtype, state)
            target = self._target(loss, y, X, model)
            weights = None if weight is None else rows_tensor(weight, dtype)
            rows = Rows(model.encode(X), target.tensor(dtype), weights)
            names = Names(model, untuned)
            frozen = freeze(model, names, self.train_only, self.freeze)
            few = rows.__getitems__(range(min(_FEW, len(rows))))[0]
            output = self._output(model, form, few, target, goes_on)
            require_output(output, few, target, type(untuned).__name__, frozen)
            settings = dataclasses.replace(
                settings,
                optimizer_settings=optimizer_settings(self, output, names),
                callbacks=[*schedule(self), *settings.callbacks],
                start=digest(*output.state_dict().values()),
            )
            history = settings.run(output, loss.to(device=device, dtype=dtype), rows, generator, split)
        self._finish(output, untuned, history, goes_on)
        return self

    def _finish(self, output: Output, untuned: Any, history: list[dict[str, Any]], goes_on: bool) -> None:
        before = self.history_ if goes_on else []
        self.history_ = [*before, *({**row, "epoch": len(before) + row["epoch"]} for row in history)]
        self.n_iter_ = len(self.history_)
        self.untuned_, self.module_ = untuned, output.model.requires_grad_(True).eval()
        self._trained_method, self._is_soft = output.method, self.temperature is not None
        for name in _DERIVED:
            vars(self).pop(name, None)

    def _require_kind(self, y: Any) -> None:
        """Refuse estimators of another kind, and a target that is missing."""
        if get_tags(self.estimator).estimator_type != self.kind:
            raise TypeError(f"{type(self).__name__}: expected a {self.kind}, got {self.estimator!r}.")
        if y is None:
            raise ValueError("requires y to be passed, but the target y is None; a loss compares with it.")

    def _loss_name(self, y: Any) -> Any:
        """The loss; the usual one for ``"auto"``."""
        raise NotImplementedError

    def _weights(self, y: Any, weight: np.ndarray | None) -> np.ndarray | None:
        return weight

    def _target(self, loss: RowLoss, y: Any, X: Any, model: TorchEstimator) -> Target:
        return target_of(loss, y, X)

    def _output(self, model: TorchEstimator, form: Form, few: Tensor, target: Target, goes_on: bool) -> Output:
        return Output(model, form)

    def _first_fit(self, X: Any, y: Any, weight: np.ndarray | None, rows: np.ndarray | None) -> Any:
        """The fitted estimator; ``rows`` are those that are not held out."""
        if self.prefit:
            check_is_fitted(self.estimator)
            return copy.deepcopy(self.estimator)
        estimator = clone(self.estimator)
        if rows is not None:
            X, y = _safe_indexing(X, rows), None if y is None else _safe_indexing(y, rows)
            weight = None if weight is None else weight[rows]
        return estimator.fit(X, y, **weight_arguments(estimator, weight))

    def _wrapped(self, untuned: Any, dtype: torch.dtype, state: dict[str, Tensor] | None) -> TorchEstimator:
        """The model of the fitted estimator, with other numbers where there is a state."""
        model: Any = wrap(untuned, dtype=dtype)
        if self.temperature is not None:
            model = importlib.import_module("sk2torch.softening").soften(model, temperature=self.temperature)
        if state is not None:
            model.load_state_dict(state)
        return model

    def _methods(self) -> list[str]:
        if self.__sklearn_is_fitted__():
            return self._answers().methods
        return [name for name in METHODS if hasattr(self.estimator, name)]

    def _answers(self) -> PredictorAnswers:
        if "_opened" not in vars(self):
            model = self.module_.to(resolve_device(self.device))
            self._opened = PredictorAnswers(model, _MANY, None, bool(self.verbose) and "auto")
        return self._opened

    def _answer(self, method: str, X: Any, arguments: dict[str, Any]) -> Any:
        check_is_fitted(self)
        if METHODS[method].kind != "input":
            self._require_columns(X)
        return self._answers().answer(method, X, arguments)

    def _require_columns(self, X: Any) -> None:
        """Refuse another number of columns, or other names."""
        if hasattr(X, "columns") and chooses_columns(self.untuned_):
            # It checks them itself, and takes tables with others beside them.
            return
        if hasattr(self, "n_features_in_") and getattr(X, "ndim", 2) == 1:
            raise ValueError(
                "Expected 2D array, got 1D array instead. Reshape your data either using X.reshape(-1, 1) if it has a "
                "single feature or X.reshape(1, -1) if it is a single sample."
            )
        validate_data(self, X, reset=False, skip_check_array=True)

    def __sklearn_is_fitted__(self) -> bool:
        return "module_" in vars(self)

    def __getstate__(self) -> dict[str, Any]:
        # Pickles load where the device is not.
        state = {name: value for name, value in super().__getstate__().items() if name not in _DERIVED}
        for name in ("module_", "head_"):
            if state.get(name) is not None:
                state[name] = copy.deepcopy(state[name]).cpu()
        return state

    def __sklearn_tags__(self) -> Any:
        tags, own = super().__sklearn_tags__(), get_tags(self.estimator)
        tags.input_tags = copy.deepcopy(own.input_tags)
        tags.classifier_tags = copy.deepcopy(own.classifier_tags)
        tags.regressor_tags = copy.deepcopy(own.regressor_tags)
        tags.target_tags.multi_output = own.target_tags.multi_output and self.kind != "classifier"
        tags.target_tags.single_output = own.target_tags.single_output
        tags.no_validation = own.no_validation
        return tags


def _target_rows(X: Any, y: Any) -> np.ndarray:
    """As many as there are rows; labels, which a split keeps the shares of."""
    return np.zeros(_num_samples(X)) if y is None else np.asarray(y)
