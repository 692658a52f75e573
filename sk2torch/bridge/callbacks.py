"""What happens between the steps of the training loop."""

import copy
from typing import Any

import torch
from skorch.callbacks import Callback, EarlyStopping

from sk2torch.base import TorchEstimator
from sk2torch.bridge.progress import Bar


class Stopped(Exception):
    """Training ends early, as planned; an interruption by the user stays a KeyboardInterrupt."""


class Patience(EarlyStopping):
    """skorch's, which the weights before the first epoch compete in, if these are worth it.

    Args:
        start: rows on which the loss of these weights is found; None where they are random.
    """

    def __init__(self, start: Any = None, **settings: Any) -> None:
        super().__init__(load_best=True, threshold_mode="abs", **settings)
        self.start = start

    def on_train_begin(self, net: Any, **kwargs: Any) -> None:
        super().on_train_begin(net, **kwargs)
        if self.start is not None:
            self.dynamic_threshold_ = self._calc_new_threshold(net.loss_of(self.start))
            self.best_model_weights_ = copy.deepcopy(net.module_.state_dict())

    def on_epoch_end(self, net: Any, **kwargs: Any) -> None:
        try:
            super().on_epoch_end(net, **kwargs)
        except KeyboardInterrupt as stop:
            raise Stopped from stop


class Steps(Callback):
    """Moves a bar on by an epoch, with its losses."""

    def __init__(self, bar: Bar) -> None:
        self.bar = bar

    def on_epoch_end(self, net: Any, **kwargs: Any) -> None:
        last = net.history[-1]
        self.bar.step("  ".join(f"{key} {last[key]:.4g}" for key in ("train_loss", "valid_loss") if key in last))


class Feasible(Callback):
    """Brings parameters back to what the estimators' may be, after each step."""

    def on_batch_end(self, net: Any, training: bool = False, **kwargs: Any) -> None:
        if training:
            with torch.no_grad():
                for part in net.module_.modules():
                    if isinstance(part, TorchEstimator):
                        part.restrict_parameters()
