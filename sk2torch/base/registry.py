"""Which module stands for which scikit-learn class."""

import functools
import importlib
import pkgutil
import sys
from collections.abc import Callable
from typing import Any, TypeVar

import torch

from sk2torch.base.columns import Column, tensor_width
from sk2torch.base.computed import Numbers, computed_columns
from sk2torch.base.encoding import InputEncoding
from sk2torch.base.errors import UnsupportedEstimator, UnsupportedParameter
from sk2torch.base.input_names import input_columns, input_count
from sk2torch.base.module import ANY_WIDTH, TorchEstimator
from sk2torch.base.surface import METHODS, sklearn_has, with_methods

_REGISTRY: dict[str, type[TorchEstimator]] = {}
_REFUSED: dict[str, str] = {}
_ESTIMATORS_PACKAGE = "sk2torch.estimators"

T = TypeVar("T", bound=type[TorchEstimator])


def register(*names: str) -> Callable[[T], T]:
    """Class decorator: this ``TorchEstimator`` converts the named estimator classes.

    Args:
        names: public import paths such as ``"sklearn.svm.SVC"``. They are matched by exact type,
            and never imported here, so a class that a version lacks does no harm.
    """

    def decorate(cls: T) -> T:
        for name in names:
            _REGISTRY[name] = cls
        return cls

    return decorate


def refuse(name: str, reason: str) -> None:
    """Say why an estimator class cannot be converted, and what to do instead.

    Args:
        name: public import path, as for ``register``.
        reason: what ``wrap`` raises ``UnsupportedEstimator`` with, after the class's name.
    """
    _REFUSED[name] = reason


def refused_classes() -> dict[str, str]:
    """Import paths of the classes that are refused, and why."""
    _discover()
    return _REFUSED


@functools.cache
def _discover() -> None:
    package = importlib.import_module(_ESTIMATORS_PACKAGE)
    for info in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        importlib.import_module(info.name)


def registry() -> dict[str, type[TorchEstimator]]:
    """Every registered import path and its module class."""
    _discover()
    return _REGISTRY


def _resolve(name: str) -> type | None:
    # Never imports: the class of an object at hand has its packages loaded already.
    path, _, attribute = name.rpartition(".")
    return getattr(sys.modules.get(path), attribute, None)


def lookup(cls: type) -> type[TorchEstimator]:
    """The module class registered for exactly ``cls``.

    Raises:
        UnsupportedEstimator: none is, with a hint when a parent class is.
    """
    entries = registry()
    for name, module in entries.items():
        if name.rpartition(".")[2] == cls.__name__ and _resolve(name) is cls:
            return module
    for name, reason in _REFUSED.items():
        if name.rpartition(".")[2] == cls.__name__ and _resolve(name) is cls:
            raise UnsupportedEstimator(f"{cls.__name__}: {reason}")
    path = f"{cls.__module__}.{cls.__qualname__}"
    if hasattr(cls, "fit") and not any(hasattr(cls, method.call or name) for name, method in METHODS.items()):
        raise UnsupportedEstimator(
            f"{path}: it has no method that answers for new data, so there is nothing to convert; fit a classifier "
            "or a nearest-neighbour model on its result (labels_, embedding_) and wrap that."
        )
    parent = next((n for n in entries for base in cls.__mro__[1:] if _resolve(n) is base), None)
    hint = f" It extends {parent}, but an overridden method could change the answer." if parent else ""
    raise UnsupportedEstimator(
        f"{path}: no converter is registered for this class.{hint} Register one with "
        f"@sk2torch.register({path!r}), or see sk2torch.supported_classes()."
    )


def supported_classes() -> list[type]:
    """The scikit-learn classes of the installed version that ``wrap`` takes, sorted by name."""
    found = set()
    # scikit-learn hides what is experimental until these are imported.
    for enable in ("enable_halving_search_cv", "enable_iterative_imputer"):
        importlib.import_module(f"sklearn.experimental.{enable}")
    for name in registry():
        path, _, attribute = name.rpartition(".")
        if path.partition(".")[0] == "sklearn":
            cls = getattr(importlib.import_module(path), attribute, None)
            found |= {cls} if cls is not None else set()
    return sorted(found, key=lambda cls: cls.__name__)


def step_columns(estimator: Any, is_sparse: bool = False, made: Numbers | None = None) -> list[Column]:
    """Input columns of an estimator that an earlier step has computed; ``is_sparse``, as a sparse matrix."""
    return computed_columns(input_count(lookup(type(estimator)).fitted_part(estimator)), is_sparse, made)


def wrap_child(estimator: Any, columns: list[Column] | None = None) -> TorchEstimator:
    """Convert a fitted estimator that is part of another.

    Args:
        estimator: the fitted object.
        columns: its input columns; None when an earlier step has computed them.
    """
    if isinstance(estimator, type):
        raise UnsupportedEstimator(f"expected a fitted estimator, got the class {estimator.__name__}; fit an instance.")
    family = lookup(type(estimator))
    check_is_fitted = importlib.import_module("sklearn.utils.validation").check_is_fitted
    if family.needs_fit:
        check_is_fitted(family.fitted_part(estimator))
    if columns is None:
        columns = step_columns(estimator)
    mentions = [column.mentions + column.n_readings for column in columns]
    module = family.from_sklearn(estimator, columns)
    if family.routes_columns and module.n_features_in == len(columns):
        # Columns of documents are several of the tensor's.
        module.n_features_in = tensor_width(columns)
    if not family.routes_columns and module.n_features_in != ANY_WIDTH:
        _note_reading(estimator, module, columns, mentions)
    if family.checks_input or not family.routes_columns:
        module.refuses_missing = any(c.may_be_missing and c.refuses_missing for c in columns)
        module.refuses_infinity = any(c.may_be_missing and c.refuses_infinity for c in columns)
    with_methods(module, [n for n in METHODS if sklearn_has(estimator, n) and n not in module.refused_methods])
    module.__dict__["_source"] = module.source.then(estimator)
    return module


def _note_reading(estimator: Any, module: TorchEstimator, columns: list[Column], mentions: list[int]) -> None:
    """A column whose codes or documents the module did not ask for, and that it does not hand on, it computes with."""
    handed_on = {id(column.origin) for column in module.output_columns(columns)}
    tags = estimator.__sklearn_tags__() if hasattr(estimator, "__sklearn_tags__") else None
    validates = tags is not None and not tags.no_validation
    # Computed columns are one object, however many.
    for column, before in dict(zip(columns, mentions, strict=True)).items():
        column.used = True
        if column.mentions + column.n_readings == before and id(column.origin) not in handed_on:
            column.read_as_numbers()
            missing = validates and not (tags.input_tags.allow_nan or module.accepts_missing)
            infinity = validates and not module.accepts_infinity
            column.refuse(missing, infinity)


def _own_copy(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.clone(memory_format=torch.contiguous_format)


def wrap(
    estimator: Any, *, dtype: torch.dtype = torch.float64, device: torch.device | str | None = None
) -> TorchEstimator:
    """Convert a fitted scikit-learn estimator or pipeline into an ``nn.Module``.

    The module holds copies: later changes to the estimator do not reach it. For ``unwrap`` it remembers the estimator
    as it is now, whose arrays live as long as the module does; its pickles and files hold none of it.

    Args:
        estimator: the fitted object.
        dtype: ``torch.float64`` (agreement with scikit-learn to rounding) or ``torch.float32``.
        device: where to put the module; CPU by default.

    Raises:
        UnsupportedEstimator: no converter for its class.
        UnsupportedParameter: a parameter or fitted state that cannot be reproduced exactly.
        sklearn.exceptions.NotFittedError: the estimator has not been fitted.
    """
    if dtype not in (torch.float64, torch.float32):
        raise UnsupportedParameter(
            f"wrap: expected dtype torch.float64 or torch.float32, got {dtype}; convert the module afterwards."
        )
    columns = input_columns(lookup(type(estimator)).fitted_part(estimator)) if not isinstance(estimator, type) else None
    module = wrap_child(estimator, [] if columns is None else columns)
    if columns is not None and any(column.is_mixed or column.readers for column in columns):
        # Numbers were taken for themselves before a string or None turned up among them, or columns
        # of documents for single ones.
        columns = [column.restarted() for column in columns]
        module = wrap_child(estimator, columns)
    for column in module.output_columns(columns or []):
        column.passed_on = True
    for column in columns or ():
        column.check_documents()
    # A label encoder describes its own input.
    if "_encoding" not in module.__dict__:
        module.__dict__["_encoding"] = InputEncoding(columns, keeps_sparse=module.takes_sparse)
    # Views of one storage, such as slices of one array, become tensors of their own: torch.export needs it.
    return module._apply(_own_copy).to(device=device, dtype=dtype).eval()
