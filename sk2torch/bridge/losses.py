"""Losses by name, and any of torch's, as one number per row, so that rows can be weighted."""

import copy
import inspect
from collections.abc import Callable, Mapping
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

TargetKind = Literal["classes", "binary", "numbers", "any"]


def hinge(scores: Tensor, target: Tensor) -> Tensor:
    """``max(0, 1 + max_{j != y} s_j - s_y)`` (Crammer & Singer 2001)."""
    own = scores.gather(1, target[:, None])
    others = scores.scatter(1, target[:, None], -torch.inf)
    return (1 + others.amax(dim=1) - own[:, 0]).clamp(min=0)


def focal(scores: Tensor, target: Tensor, gamma: float = 2.0) -> Tensor:
    """``-(1 - p_y)^gamma log p_y`` (Lin et al. 2017)."""
    log_probability = -functional.cross_entropy(scores, target, reduction="none")
    return -((1 - log_probability.exp()) ** gamma) * log_probability


def log_loss(scores: Tensor, target: Tensor, label_smoothing: float = 0.0) -> Tensor:
    """``-log softmax(s)_y``."""
    return functional.cross_entropy(scores, target, reduction="none", label_smoothing=label_smoothing)


def smoothed_log_loss(scores: Tensor, target: Tensor, label_smoothing: float = 0.1) -> Tensor:
    """``log_loss`` of targets that are mixed with the uniform distribution."""
    return log_loss(scores, target, label_smoothing)


def squared_error(prediction: Tensor, target: Tensor) -> Tensor:
    """``(prediction - target)^2``."""
    return functional.mse_loss(prediction, target, reduction="none")


def absolute_error(prediction: Tensor, target: Tensor) -> Tensor:
    """``|prediction - target|``."""
    return functional.l1_loss(prediction, target, reduction="none")


def huber(prediction: Tensor, target: Tensor, delta: float = 1.0) -> Tensor:
    """Squared up to ``delta``, linear beyond (Huber 1964)."""
    return functional.huber_loss(prediction, target, reduction="none", delta=delta)


def smooth_l1(prediction: Tensor, target: Tensor, beta: float = 1.0) -> Tensor:
    """``huber`` divided by ``beta``."""
    return functional.smooth_l1_loss(prediction, target, reduction="none", beta=beta)


def quantile(prediction: Tensor, target: Tensor, quantile: float = 0.5) -> Tensor:
    """``max(q (target - prediction), (q - 1) (target - prediction))``."""
    error = target - prediction
    return torch.maximum(quantile * error, (quantile - 1) * error)


def poisson(prediction: Tensor, target: Tensor) -> Tensor:
    """``exp(prediction) - target prediction``: the prediction is the logarithm of the mean."""
    return functional.poisson_nll_loss(prediction, target, log_input=True, reduction="none")


LOSSES: Mapping[str, tuple[Callable[..., Tensor], TargetKind]] = {
    "log_loss": (log_loss, "classes"),
    "label_smoothing": (smoothed_log_loss, "classes"),
    "focal": (focal, "classes"),
    "hinge": (hinge, "classes"),
    "squared_error": (squared_error, "numbers"),
    "absolute_error": (absolute_error, "numbers"),
    "huber": (huber, "numbers"),
    "smooth_l1": (smooth_l1, "numbers"),
    "quantile": (quantile, "numbers"),
    "poisson": (poisson, "numbers"),
}
_OF_CLASSES = (nn.CrossEntropyLoss, nn.NLLLoss, nn.MultiMarginLoss)
_OF_TWO_CLASSES = (nn.BCELoss, nn.BCEWithLogitsLoss)
_OF_NUMBERS = (nn.MSELoss, nn.L1Loss, nn.HuberLoss, nn.SmoothL1Loss, nn.PoissonNLLLoss, nn.GaussianNLLLoss)


class RowLoss(nn.Module):
    """A loss as one number per row, weighted and averaged over a batch.

    Args:
        loss: a name of ``LOSSES``, a torch loss (class or instance, which is copied) or a function of
            ``(output, target)``.
        settings: keyword arguments of a named loss, a class or a function.

    Raises:
        ValueError: an unknown name.
        TypeError: no loss at all, or arguments that it does not take.
    """

    def __init__(self, loss: Any, settings: Mapping[str, Any] | None = None) -> None:
        super().__init__()
        self.settings: dict[str, Any] = {}
        self.function: Callable[..., Any]
        self.target: TargetKind = "any"
        if isinstance(loss, str):
            if loss not in LOSSES:
                raise ValueError(f"loss: expected one of {', '.join(LOSSES)} or a loss of torch, got {loss!r}.")
            self.function, self.target = LOSSES[loss]
            self.settings = _accepted(self.function, loss, settings or {})
            return
        if isinstance(loss, type) and issubclass(loss, nn.Module):
            loss, settings = loss(**(settings or {})), None
        elif not callable(loss):
            raise TypeError(f"loss: expected a name, a loss of torch or a function, got {type(loss).__name__}.")
        if isinstance(loss, nn.Module):
            if settings:
                raise TypeError(f"loss__{next(iter(settings))}: the loss is an instance already; give its class.")
            loss = copy.deepcopy(loss)
            kinds: list[tuple[tuple[type, ...], TargetKind]] = [
                (_OF_CLASSES, "classes"),
                (_OF_TWO_CLASSES, "binary"),
                (_OF_NUMBERS, "numbers"),
            ]
            self.target = next((kind for classes, kind in kinds if isinstance(loss, classes)), "any")
            if hasattr(loss, "reduction"):
                loss.reduction = "none"
        self.function = loss
        self.settings = dict(settings or {})

    def forward(self, output: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
        """``sum(w loss) / sum(w)``; the mean where there are no weights.

        Raises:
            ValueError: a loss that is averaged already cannot be weighted; shapes that do not fit.
        """
        if self.target in ("numbers", "binary") and output.shape != target.shape and output.numel() == target.numel():
            output = output.reshape(target.shape)
        if self.target in ("numbers", "binary") and output.shape != target.shape:
            raise ValueError(
                f"the loss compares an output of shape {tuple(output.shape)} with targets of shape "
                f"{tuple(target.shape)}; give the module as many outputs as there are targets."
            )
        losses = self.function(output, target, **self.settings)
        if losses.dim() == 0:
            if weight is not None:
                raise ValueError("sample_weight: the loss gives one number per batch; let it give one per row.")
            return losses
        losses = losses.flatten(1).mean(dim=1) if losses.dim() > 1 else losses
        if weight is None:
            return losses.mean()
        # A batch may have no weight at all.
        return (weight * losses).sum() / weight.sum().clamp(min=torch.finfo(losses.dtype).tiny)


def _accepted(function: Callable[..., Tensor], name: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    known = list(inspect.signature(function).parameters)[2:]
    unknown = [key for key in settings if key not in known]
    if unknown:
        raise TypeError(f"loss__{unknown[0]}: the loss {name!r} takes {', '.join(known) or 'no arguments'}.")
    return dict(settings)
