"""Fitted estimators from files: audited ``.skops``, or pickles that the user vouches for."""

import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from sk2torch.base import MissingDependency, TorchEstimator, wrap
from sk2torch.cli.reporting import Mistake

PICKLES = (".joblib", ".pkl", ".pickle")


def load_estimator(path: Path, trusted: Sequence[str], trust_pickle: bool) -> Any:
    """The estimator in a file.

    Args:
        path: ``.skops``, ``.joblib``, ``.pkl`` or ``.pickle``.
        trusted: types that a ``.skops`` file may hold besides those that skops trusts.
        trust_pickle: whether pickles are loaded, which run whatever code they hold.

    Raises:
        Mistake: no such file, another suffix, types that are not trusted, or a file that cannot be read.
    """
    if path.suffix not in (".skops", *PICKLES):
        raise Mistake(f"{str(path)!r}: expected a model that ends in .skops, {', '.join(PICKLES)}; see skops.io.dump.")
    if not path.is_file():
        raise Mistake(f"no file {str(path)!r}.")
    if path.suffix == ".skops":
        estimator = _load_skops(path, trusted)
    elif not trust_pickle:
        raise Mistake(
            f"{str(path)!r} is a pickle, and loading a pickle runs whatever code is in it. If you know who wrote it, "
            "add --trust-pickle; better, save the model with skops.io.dump(estimator, 'model.skops'), which is audited."
        )
    else:
        estimator = _load_pickle(path)
    if isinstance(estimator, type) or not (hasattr(estimator, "fit") or hasattr(estimator, "transform")):
        raise Mistake(f"{str(path)!r} holds {type(estimator).__name__}, not a fitted scikit-learn estimator.")
    return estimator


def wrapped(estimator: Any, dtype: str = "float64") -> TorchEstimator:
    """The estimator as a module.

    Raises:
        Mistake: it has not been fitted.
    """
    try:
        return wrap(estimator, dtype=getattr(torch, dtype))
    except ValueError as error:
        # By its name: the class is scikit-learn's, which this package never imports.
        if type(error).__name__ != "NotFittedError":
            raise
        raise Mistake(f"the model has not been fitted: {error}") from error


def _require(package: str) -> Any:
    # Here, not above: these packages import scikit-learn, which commands on artifacts do without.
    try:
        return importlib.import_module(package)
    except ModuleNotFoundError as error:
        raise MissingDependency(
            f"loading a model needs the package {error.name!r}: pip install 'sk2torch[cli,sklearn]'."
        ) from error


def _load_skops(path: Path, trusted: Sequence[str]) -> Any:
    skops_io = _require("skops.io")
    try:
        strange = skops_io.get_untrusted_types(file=path)
        refused = [name for name in strange if name not in trusted]
        if refused:
            flags = " ".join(f"--trust {name}" for name in refused)
            raise Mistake(
                f"{str(path)!r} holds types that skops does not trust: {', '.join(refused)}. They could run code of "
                f"their own: check where they come from, then name each: {flags}"
            )
        return skops_io.load(path, trusted=[name for name in strange if name in trusted])
    except (Mistake, MemoryError):
        raise
    except Exception as error:
        # skops raises whatever its parts raise: zipfile, json, numpy, the classes themselves.
        raise _unreadable(path, error) from error


def _load_pickle(path: Path) -> Any:
    joblib = _require("joblib")
    try:
        return joblib.load(path)
    except Exception as error:
        # A pickle can raise anything.
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> Mistake:
    reason = " ".join(str(error).split())[:300]
    return Mistake(
        f"{str(path)!r} cannot be read ({type(error).__name__}: {reason}); it is damaged, or needs a package or a "
        "version of scikit-learn that is not installed."
    )
