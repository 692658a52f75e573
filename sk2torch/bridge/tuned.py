"""The base of estimators that fit with scikit-learn and go on with gradients."""

import copy
import dataclasses
import inspect
from typing import Any

import numpy as np
import torch
from sklearn.base import BaseEstimator
from sklearn.utils import get_tags
from sklearn.utils.validation import _num_samples
from torch import Tensor

from sk2torch.base import TorchEstimator, wrap
from sk2torch.bridge.conversion import float_dtype, rows_tensor
from sk2torch.bridge.history import TrainingHistory
from sk2torch.bridge.losses import RowLoss
from sk2torch.bridge.outputs import Form, Output, form_of, require_output
from sk2torch.bridge.settings import NestedParams, resolve_device, seeded
from sk2torch.bridge.steps import Names
from sk2torch.bridge.targets import Target, checked_weight, target_of
from sk2torch.bridge.tuned_answers import TunedAnswers
from sk2torch.bridge.tuning import first_fit, freeze, optimizer_settings, schedule
from sk2torch.softening import set_temperature, soften
from sk2torch.unwrapping import fixed_parameters

# Rows on which an output is tried.
_FEW = 64


class TunedModel(NestedParams, TunedAnswers, TrainingHistory, BaseEstimator):
    """A scikit-learn estimator that is fitted, wrapped, and trained on by gradients through all steps with a slope.

    Args:
        estimator: any that ``wrap`` takes, pipelines among them; its copy is fitted, unless ``prefit``.
        loss: a name (see ``sk2torch.bridge.losses.LOSSES``), a torch loss, or a function of ``(output, target)``;
            ``"auto"`` is the log loss for labels, the squared error for numbers. Arguments as ``loss__delta=2.0``.
        optimizer: of ``torch.optim``; arguments as ``optimizer__betas=(0.9, 0.99)``.
        lr: learning rate; that of a step as ``lr__scaler=1e-4``, by the names of ``freeze``.
        max_epochs, batch_size: of the training.
        early_stopping: whether to hold out ``validation_fraction`` of the rows, from the first fit too, and stop when
            their loss has not become better by ``tol`` for ``n_iter_no_change`` epochs. The best weights are restored,
            which may be those of the first fit. An estimator that is ``prefit`` may have seen these rows.
        freeze: what is not trained: names of steps (``"scaler"``, ``"columns__numbers"``), classes of scikit-learn or
            their names, parameters by their dotted names or an end of these, with ``*`` for anything.
        train_only: what is trained, by the same names; None for everything. What ``unwrap`` could not tell
            scikit-learn is never trained.
        weight_decay: of the optimizer; 0, as decay would draw scales and kernels to zero, too.
        scheduler: a class of ``torch.optim.lr_scheduler``; arguments as ``scheduler__gamma=0.9``, with
            ``scheduler__step_every="batch"`` where it steps so often.
        temperature: trees are softened (see ``soften``) and thresholds trained, too; answers are those of soft trees.
            None: trees stay hard, and the values of their leaves are trained.
        prefit: whether the estimator is fitted already, and taken as it is.
        warm_start: whether ``fit`` goes on from the trained weights.
        dtype: float64 by default, or float32.
        device: ``"auto"``, or torch's name of one.
        random_state: of the order of rows and what is held out; the estimator has its own.
        callbacks: further ones of skorch.
        checkpoint: a file that is written after each epoch; a ``fit`` that finds it, after an interruption, goes on
            from there, to the same weights. It is removed at the end. Not for searches, whose fits would share it.
        verbose: 1 for a progress bar.

    Attributes:
        module_: the tuned model, on its device.
        untuned_: the fitted estimator that training started from.
        estimator_: the fitted estimator with the trained numbers.
        history_: a dict per epoch (``epoch``, ``dur``, ``train_loss``, ``valid_loss``).
        n_iter_: epochs trained.

    Raises:
        ValueError, TypeError: of ``fit``, where estimator, loss, names and data do not fit together.
        MissingDependency: training without skorch.
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
                untuned, state = self._reached()
            else:
                train = None if split is None else split[0]
                untuned, state = first_fit(self.estimator, self.prefit, X, y, weight, train), None
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
        self.untuned_, self.module_ = untuned, output.model.eval()
        fixed = fixed_parameters(output.model)
        for name, parameter in output.model.named_parameters():
            parameter.requires_grad_(name not in fixed)
        self._trained_method, self._is_soft = output.method, self.temperature is not None
        self._forget()

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

    def _reached(self) -> tuple[Any, dict[str, Tensor] | None]:
        """The estimator to go on from, and the numbers that its model has by now; None for those of the estimator."""
        if self._is_soft == (self.temperature is not None):
            return self.untuned_, self.module_.state_dict()
        # Hard trees are softened from here on, or soft ones stay hard.
        return self.estimator_, None

    def _wrapped(self, untuned: Any, dtype: torch.dtype, state: dict[str, Tensor] | None) -> TorchEstimator:
        """The model of the fitted estimator, with other numbers where there is a state."""
        model: Any = wrap(untuned, dtype=dtype)
        if self.temperature is not None:
            model = soften(model, temperature=self.temperature)
        if state is not None:
            model.load_state_dict(state)
            if self.temperature is not None:
                set_temperature(model, self.temperature)
        return model

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
