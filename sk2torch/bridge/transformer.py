"""``TorchTransformer``: any ``nn.Module`` as a scikit-learn transformer, frozen or trained in ``fit``."""

import copy
from typing import Any, Literal

import numpy as np
import torch
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data
from torch import Tensor, nn

from sk2torch.bridge.batches import Batches
from sk2torch.bridge.conversion import array_of, float_dtype, rows_tensor
from sk2torch.bridge.history import TrainingHistory
from sk2torch.bridge.losses import RowLoss
from sk2torch.bridge.modules import fresh_module, settle
from sk2torch.bridge.settings import NestedParams, resolve_device, seeded
from sk2torch.bridge.targets import Target, checked_weight, target_of

# Rows from which shapes are found out.
_FEW = 2


class TorchTransformer(NestedParams, ClassNamePrefixFeaturesOutMixin, TransformerMixin, TrainingHistory, BaseEstimator):
    """``transform(X) = module(X)``, each row's output as a vector.

    Without a loss, ``fit`` only copies the module (and draws the weights of a class). With one, it trains the
    module, and a head from its features to the target, by skorch's loop: ``loss(head(module(X)), y)``.

    Args:
        module: an ``nn.Module`` class with its arguments as ``module__hidden=8``, a function that makes a module, or an
            instance, which is copied and never changed. Lazy modules take their width from X.
        loss: a name (see ``sk2torch.bridge.losses.LOSSES``), a torch loss, or a function of ``(output, target)``; None
            for a frozen module. Arguments as ``loss__delta=2.0``.
        target: ``"y"``, or ``"X"`` for reconstruction (autoencoders).
        head: ``"linear"``, a module or class with ``head__...``, or None: the loss sees the features themselves.
            It is kept as ``head_``.
        optimizer: of ``torch.optim``; arguments as ``optimizer__weight_decay=0.1``.
        lr, max_epochs, batch_size: of the training; ``batch_size`` of ``transform``, too.
        early_stopping: whether to hold out ``validation_fraction`` of the rows and stop when their loss has not become
            better by ``tol`` for ``n_iter_no_change`` epochs; the best weights are restored.
        input_shape: the shape in which the module takes a row, such as ``(1, 8, 8)``.
        input_dtype: torch dtype of the module's input where it is no float, such as ``torch.int64`` for embeddings.
        dtype: float32 or float64; None for that of X, as scikit-learn does. Results have the dtype of X.
        device: ``"auto"``, or torch's name of one.
        random_state: of the weights, the order of rows and dropout.
        callbacks: further ones of skorch.
        checkpoint: a file that is written after each epoch; a ``fit`` that finds it, after an interruption, goes on
            from there, to the same weights. It is removed at the end. Not for searches, whose fits would share it.
        verbose: 1 for a progress bar.

    Attributes:
        module_: the fitted module, on its device and in evaluation mode.
        head_: the trained head, or None.
        history_: a dict per epoch (``epoch``, ``dur``, ``train_loss``, ``valid_loss``); empty if frozen.
        n_iter_: epochs trained.
        classes_: labels of a loss of classes.

    Raises:
        ValueError, TypeError: of ``fit``, where module, loss and data do not fit together.
        MissingDependency: training without skorch.
    """

    part_names = ("module", "head", "loss", "optimizer")

    def __init__(
        self,
        module: Any,
        *,
        loss: Any = None,
        target: Literal["y", "X"] = "y",
        head: Any = "linear",
        optimizer: Any = torch.optim.AdamW,
        lr: float = 1e-3,
        max_epochs: int = 20,
        batch_size: int = 128,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 10,
        tol: float = 1e-4,
        input_shape: Any = None,
        input_dtype: Any = None,
        dtype: Any = None,
        device: Any = "auto",
        random_state: Any = None,
        callbacks: Any = None,
        checkpoint: Any = None,
        verbose: int = 0,
        **nested: Any,
    ) -> None:
        self.module = module
        self.loss = loss
        self.target = target
        self.head = head
        self.optimizer = optimizer
        self.lr = lr
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.input_shape = input_shape
        self.input_dtype = input_dtype
        self.dtype = dtype
        self.device = device
        self.random_state = random_state
        self.callbacks = callbacks
        self.checkpoint = checkpoint
        self.verbose = verbose
        self._nested = nested

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> "TorchTransformer":
        """Copy or make the module, and train it if there is a loss.

        Args:
            X: shape ``(n_samples, n_features)``, or with more dimensions.
            y: labels for a loss of classes, numbers for the others; ignored without a loss and for ``target="X"``.
            sample_weight: shape ``(n_samples,)``; weights of rows in the loss.
        """
        if self.target not in ("y", "X"):
            raise ValueError(f"target: expected 'y' or 'X', got {self.target!r}.")
        X = self._validated(X, reset=True)
        weight = checked_weight(sample_weight, X)
        loss = None if self.loss is None else RowLoss(self.loss, self.part_params("loss"))
        target = None if loss is None else target_of(loss, X if self.target == "X" else y, X)
        self._dtype = float_dtype(X.dtype if self.dtype is None else self.dtype)
        device = resolve_device(self.device)
        batches = self._batches(device)
        with seeded(self.random_state, device) as generator:
            module = fresh_module(self.module, self.part_params("module"), "module")
            module = module.to(device=device, dtype=self._dtype)
            features = _vectors(settle(module, batches.tensor(X[:_FEW])))
            head, history = None, []
            if loss is not None and target is not None:
                head = self._head(features, target)
                history = self._train(_Headed(module, head), loss, target, X, weight, generator)
        self.module_, self.head_, self.history_ = module.eval(), head, history
        self.n_iter_, self._n_features_out = len(history), features.shape[1]
        # Those of an earlier fit with another loss.
        vars(self).pop("classes_", None)
        if target is not None and target.classes is not None:
            self.classes_ = target.classes
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Features of the rows, shape ``(n_samples, n_features_out)``, in the float dtype of X."""
        check_is_fitted(self)
        X = self._validated(X, reset=False)
        device = resolve_device(self.device)
        features = self._batches(device).evaluate(self.module_.to(device), X)
        return array_of(_vectors(features)).astype(X.dtype, copy=False)

    def _validated(self, X: Any, reset: bool) -> np.ndarray:
        return validate_data(self, X, reset=reset, dtype=(np.float64, np.float32), allow_nd=True)

    def _batches(self, device: torch.device) -> Batches:
        dtype = self.input_dtype or self._dtype
        return Batches(dtype, device, self.batch_size, self.input_shape, bool(self.verbose))

    def _head(self, features: Tensor, target: Target) -> nn.Module | None:
        if self.head is None:
            return None
        if isinstance(self.head, str):
            if self.head != "linear":
                raise ValueError(f"head: expected 'linear', a module or None, got {self.head!r}.")
            head: nn.Module = nn.Linear(features.shape[1], target.n_outputs)
        else:
            head = fresh_module(self.head, self.part_params("head"), "head")
        head = head.to(features)
        settle(head, features)
        return head

    def _train(
        self,
        module: nn.Module,
        loss: RowLoss,
        target: Target,
        X: np.ndarray,
        weight: np.ndarray | None,
        generator: torch.Generator,
    ) -> list[dict[str, Any]]:
        from sk2torch.bridge.training import Rows, Training

        device = resolve_device(self.device)
        x = self._batches(torch.device("cpu")).tensor(X)
        weights = None if weight is None else rows_tensor(weight, self._dtype)
        rows = Rows(x, target.tensor(self._dtype), weights)
        settings = Training.of(self, device=device, stratify=target.classes is not None)
        return settings.run(module, loss.to(device), rows, generator)

    def __getstate__(self) -> dict[str, Any]:
        # Pickles load where the device is not.
        state = dict(super().__getstate__())
        for name in ("module_", "head_"):
            if state.get(name) is not None:
                state[name] = copy.deepcopy(state[name]).cpu()
        return state

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        tags.target_tags.required = self.loss is not None and self.target == "y"
        tags.input_tags.three_d_array = True
        return tags


class _Headed(nn.Module):
    """``head(features(module(x)))``, or the features where there is no head."""

    def __init__(self, module: nn.Module, head: nn.Module | None) -> None:
        super().__init__()
        self.module, self.head = module, head

    def forward(self, x: Tensor) -> Tensor:
        features = _vectors(self.module(x))
        return features if self.head is None else self.head(features)


def _vectors(output: Tensor) -> Tensor:
    """Shape ``(n_rows, n_features)``, whatever the shape of each row's output is."""
    return output.flatten(1) if output.dim() > 1 else output[:, None]
