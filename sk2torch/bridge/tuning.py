"""Settings of fine-tuning: what is trained, how fast, and how weights reach the first fit."""

import copy
import inspect
from typing import Any

import numpy as np
import sklearn
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.utils import _safe_indexing
from sklearn.utils.validation import check_is_fitted, has_fit_parameter
from torch import nn

from sk2torch.base import TorchEstimator
from sk2torch.bridge.settings import NestedParams
from sk2torch.bridge.steps import Names
from sk2torch.unwrapping import fixed_parameters


def freeze(model: TorchEstimator, names: Names, train_only: Any, frozen: Any) -> str:
    """Set which parameters are trained: those that were chosen and that scikit-learn can be told.

    Returns:
        why others are not, for messages: the first reason of ``fixed_parameters``.

    Raises:
        ValueError: a name of no step or parameter.
    """
    chosen = set(names.names.values()) if train_only is None else names.selected(train_only, "train_only")
    chosen -= names.selected(frozen, "freeze")
    fixed = fixed_parameters(model)
    chosen -= {names.names[name] for name in fixed if name in names.names}
    for parameter in model.parameters():
        parameter.requires_grad_(id(parameter) in chosen)
    return next((f" ({name} stays as it is, because {reason})" for name, reason in fixed.items()), "")


def optimizer_settings(estimator: Any, output: nn.Module, names: Names) -> dict[str, Any]:
    """Keyword arguments for the optimizer: those of the user, weight decay, a learning rate per step.

    Raises:
        ValueError: a learning rate for a step that is not there.
        TypeError: weight decay for an optimizer that has none.
    """
    settings = dict(estimator.part_params("optimizer"))
    has_decay = "weight_decay" in inspect.signature(estimator.optimizer).parameters
    if estimator.weight_decay and not has_decay:
        raise TypeError(f"weight_decay: {estimator.optimizer.__name__} has none; use torch.optim.AdamW, or leave it 0.")
    if has_decay:
        settings = {"weight_decay": estimator.weight_decay, **settings}
    rates: dict[int, Any] = {}
    # The longest name last: it says most.
    for name, rate in sorted(estimator.part_params("lr").items(), key=lambda item: len(item[0])):
        rates |= dict.fromkeys(names.selected(name, f"lr__{name}"), rate)
    if rates:
        groups = [(n, {"lr": rates[id(p)]}) for n, p in output.named_parameters() if id(p) in rates]
        settings["param_groups"] = [*groups, *settings.get("param_groups", ())]
    return settings


def schedule(estimator: NestedParams) -> list[tuple[str, Any]]:
    """The callback that steps the scheduler of the learning rate, if there is one."""
    from skorch.callbacks import LRScheduler

    policy: Any = estimator.scheduler
    if policy is None:
        return []
    monitor = "valid_loss" if estimator.early_stopping else "train_loss"
    return [("scheduler", LRScheduler(policy, **{"monitor": monitor, **estimator.part_params("scheduler")}))]


def first_fit(estimator: Any, prefit: bool, X: Any, y: Any, weight: np.ndarray | None, rows: np.ndarray | None) -> Any:
    """A fitted copy: as it is with ``prefit``, else fitted on ``rows``, or on all.

    Raises:
        NotFittedError: ``prefit`` of what is not fitted.
    """
    if prefit:
        check_is_fitted(estimator)
        return copy.deepcopy(estimator)
    fresh = clone(estimator)
    if rows is not None:
        X, y = _safe_indexing(X, rows), None if y is None else _safe_indexing(y, rows)
        weight = None if weight is None else weight[rows]
    return fresh.fit(X, y, **weight_arguments(fresh, weight))


def weight_arguments(estimator: Any, weight: np.ndarray | None) -> dict[str, Any]:
    """Arguments of ``estimator.fit`` that weight its rows; none where it takes none."""
    if weight is None:
        return {}
    if has_fit_parameter(estimator, "sample_weight"):
        return {"sample_weight": weight}
    steps = getattr(estimator, "steps", None)
    if not steps:
        return {}
    if sklearn.get_config()["enable_metadata_routing"]:
        consumes = estimator.get_metadata_routing().consumes("fit", ["sample_weight"])
        return {"sample_weight": weight} if consumes else {}
    name, last = steps[-1]
    return {f"{name}__{key}": value for key, value in weight_arguments(last, weight).items()}


def chooses_columns(estimator: Any) -> bool:
    """Whether what reads the input chooses columns by name, as ``ColumnTransformer`` does."""
    while not isinstance(estimator, ColumnTransformer):
        inner = getattr(estimator, "best_estimator_", None)
        inner = estimator.steps[0][1] if inner is None and getattr(estimator, "steps", None) else inner
        if inner is None:
            return False
        estimator = inner
    return True
