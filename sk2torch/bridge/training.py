"""The training loop, skorch's: rows with weights, a progress bar, early stopping, a history as plain data."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
import torch
from sklearn.model_selection import ShuffleSplit, StratifiedShuffleSplit
from torch import Tensor, nn
from torch.utils.data import Subset

from sk2torch.base import MissingDependency
from sk2torch.bridge.losses import RowLoss
from sk2torch.bridge.progress import Bar, Show

try:
    from skorch import NeuralNet
    from skorch.callbacks import EpochTimer, PassthroughScoring

    from sk2torch.bridge.callbacks import Feasible, Patience, Steps, Stopped
    from sk2torch.bridge.checkpoint import Checkpoint, digest, read
except ImportError as error:
    raise MissingDependency("training needs skorch; install sk2torch with its extra: sk2torch[bridge].") from error


class Rows(torch.utils.data.Dataset):
    """Rows for training, fetched a batch at a time; ``X`` and ``y`` are never copied as a whole.

    Args:
        x: tensor of inputs, rows first; of a sparse one each batch is made dense.
        target: tensor, rows first.
        weight: shape ``(n_rows,)``, or None.
    """

    def __init__(self, x: Tensor, target: Tensor, weight: Tensor | None = None) -> None:
        self.x, self.target, self.weight = x, target, weight

    def __len__(self) -> int:
        return self.x.shape[0]

    def __getitems__(self, rows: Sequence[int]) -> tuple[Tensor, dict[str, Tensor]]:
        index = torch.as_tensor(rows)
        y = {"target": self.target[index]}
        if self.weight is not None:
            y["weight"] = self.weight[index]
        return _rows_at(self.x, index), y


def _rows_at(x: Tensor, index: Tensor) -> Tensor:
    if not x.is_sparse_csr:
        return x[index]
    first, counts = x.crow_indices()[index], x.crow_indices().diff()[index]
    row = torch.repeat_interleave(torch.arange(len(index)), counts)
    entry = torch.arange(len(row)) + torch.repeat_interleave(first - counts.cumsum(0) + counts, counts)
    result = x.values().new_zeros(len(index), x.shape[1])
    result[row, x.col_indices()[entry]] = x.values()[entry]
    return result


def as_they_are(batch: Any) -> Any:
    """Batches come as such from ``Rows``; nothing to collate."""
    return batch


class TrainingNet(NeuralNet):
    """skorch's net over modules that exist already: weighted losses, and errors instead of NaN.

    ``module`` and ``criterion`` are instances; the module is trained in place.
    """

    def get_loss(self, y_pred: Any, y_true: Any, X: Any = None, training: bool = False) -> Tensor:
        weight = y_true.get("weight")
        on_device = None if weight is None else weight.to(self.device)
        loss = self.criterion_(y_pred, y_true["target"].to(self.device), on_device)
        if not bool(torch.isfinite(loss)):
            raise ValueError(
                f"the loss is {loss.item()} in epoch {len(self.history)}: lower lr, scale the features or the target "
                "(StandardScaler), or clip gradients (skorch.callbacks.GradientNormClipping)."
            )
        return loss

    def loss_of(self, rows: Any) -> float:
        """The mean loss of rows, as the history has it."""
        total = 0.0
        for batch in self.get_iterator(rows, training=False):
            total += self.validation_step(batch)["loss"].item() * len(batch[0])
        return total / len(rows)

    @property
    def _default_callbacks(self) -> list[tuple[str, Any]]:
        train_loss = PassthroughScoring(name="train_loss", on_train=True)
        return [
            ("epoch_timer", EpochTimer()),
            ("train_loss", train_loss),
            ("valid_loss", PassthroughScoring(name="valid_loss")),
        ]

    def train(self, rows: Rows, checkpoint: Checkpoint | None = None, state: Any = None) -> "TrainingNet":
        """Train for ``max_epochs``, those in the ``state`` of a checkpoint among them, or until a callback stops."""
        self.notify("on_train_begin", X=rows, y=None)
        if checkpoint is not None and state is not None:
            checkpoint.restore(self, state)
        with contextlib.suppress(Stopped):
            self.fit_loop(rows, epochs=self.max_epochs - len(self.history))
        self.notify("on_train_end", X=rows, y=None)
        return self


@dataclass(frozen=True)
class Training:
    """Settings of a training run, as the estimators' parameters of these names.

    Args:
        n_iter_no_change: epochs without a better validation loss after which training stops.
        tol: what counts as better, in absolute terms.
        stratify: whether the rows for validation are drawn by class.
        progress: whether there is a bar over the epochs.
        callbacks: further ones of skorch.
        checkpoint: a file that is written after each epoch and removed at the end; a run that finds it goes on from
            there.
        start: of a model that is fitted already, a checksum of it: early stopping may keep it as it is, and a
            checkpoint has to be of the same.
    """

    optimizer: Any
    lr: float
    max_epochs: int
    batch_size: int
    early_stopping: bool
    validation_fraction: float
    n_iter_no_change: int
    tol: float
    device: torch.device
    stratify: bool = False
    progress: Show = False
    callbacks: Sequence[Any] = ()
    checkpoint: Any = None
    optimizer_settings: dict[str, Any] = field(default_factory=dict)
    start: str | None = None

    @classmethod
    def of(cls, estimator: Any, device: torch.device, stratify: bool) -> "Training":
        """The settings that are parameters of ``estimator``; ``verbose`` and ``optimizer__...`` among them."""
        own = ("device", "stratify", "progress", "callbacks", "optimizer_settings", "start")
        return cls(
            **{field.name: getattr(estimator, field.name) for field in fields(cls) if field.name not in own},
            device=device,
            stratify=stratify,
            progress=bool(estimator.verbose),
            callbacks=estimator.callbacks or (),
            optimizer_settings=estimator.part_params("optimizer"),
        )

    def run(
        self, module: nn.Module, loss: RowLoss, rows: Rows, generator: torch.Generator, split: Any = None
    ) -> list[dict[str, Any]]:
        """Train ``module`` in place; the history, one dict per epoch.

        Args:
            module: takes a batch of rows.
            loss: of the module's output and the rows' target.
            rows: all of them, those that are held out among them.
            generator: of the order of rows.
            split: which of the rows are trained on and which are held out, as ``split_of`` gives them; None to draw it.

        Raises:
            ValueError: nothing to train, too few rows to validate on, a loss that is not finite, or a checkpoint of
                another training.
        """
        if not any(parameter.requires_grad for parameter in (*module.parameters(), *loss.parameters())):
            raise ValueError(f"{type(module).__name__} has no parameters to train; leave out the loss.")
        seed = int(torch.randint(2**31 - 1, (), generator=generator))
        about = self._about(module, rows) if self.checkpoint is not None else {}
        state = read(self.checkpoint, about) if self.checkpoint is not None else None
        seed = seed if state is None else state["split_seed"]
        checkpoint = Checkpoint(self.checkpoint, about, generator, seed) if self.checkpoint is not None else None
        parts: tuple[Subset, Subset] | None = None
        if self.early_stopping:
            train, valid = self.split_of(rows.target.cpu().numpy(), seed) if split is None else split
            parts = Subset(rows, train), Subset(rows, valid)
        bar = Bar("epochs", self.max_epochs, self.progress)
        callbacks = [("feasible", Feasible()), ("bar", Steps(bar)), *self._stopping(parts), *self.callbacks]
        net = TrainingNet(
            module=module,
            criterion=loss,
            optimizer=self.optimizer,
            lr=self.lr,
            max_epochs=self.max_epochs,
            batch_size=self.batch_size,
            train_split=None if parts is None else lambda dataset, y=None, **_: parts,
            callbacks=[*callbacks, ("checkpoint", checkpoint)],
            device=self.device,
            verbose=0,
            iterator_train__shuffle=True,
            iterator_train__generator=generator,
            iterator_train__collate_fn=as_they_are,
            iterator_valid__collate_fn=as_they_are,
            **{f"optimizer__{name}": value for name, value in self.optimizer_settings.items()},
        ).initialize()
        with contextlib.closing(bar):
            net.train(rows, checkpoint, state)
        if checkpoint is not None:
            checkpoint.path.unlink(missing_ok=True)
        return [_plain(epoch) for epoch in net.history]

    def _stopping(self, parts: Any) -> list[tuple[str, Any]]:
        if not self.early_stopping:
            return []
        start = None if self.start is None else parts[1]
        return [("early_stopping", Patience(start, patience=self.n_iter_no_change, threshold=self.tol))]

    def _about(self, module: nn.Module, rows: Rows) -> dict[str, Any]:
        """What a checkpoint has to agree in."""
        return {
            "rows": digest(rows.x, rows.target, rows.weight),
            "start": self.start,
            "parameters": [[name, list(tensor.shape)] for name, tensor in module.state_dict().items()],
            "trained": [name for name, parameter in module.named_parameters() if parameter.requires_grad],
            "optimizer": f"{self.optimizer.__module__}.{self.optimizer.__qualname__}",
            "lr": self.lr,
            "batch_size": self.batch_size,
            "early_stopping": self.early_stopping,
            "validation_fraction": self.validation_fraction,
        }

    def split_of(self, target: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """Indices of the rows that are trained on, and of those that are held out.

        Raises:
            ValueError: too few rows of some class, or a fraction that is none.
        """
        if not 0 < self.validation_fraction < 1:
            raise ValueError(f"validation_fraction: expected a number between 0 and 1, got {self.validation_fraction}.")
        splitter = StratifiedShuffleSplit if self.stratify else ShuffleSplit
        indices = splitter(1, test_size=self.validation_fraction, random_state=seed)
        return next(indices.split(np.zeros(len(target)), target))


def _plain(epoch: dict[str, Any]) -> dict[str, Any]:
    """One epoch of skorch's history without its batches and bookkeeping."""
    return {name: value for name, value in epoch.items() if name != "batches" and not name.endswith("_batch_count")}
