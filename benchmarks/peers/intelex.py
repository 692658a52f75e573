"""Intel's extension for scikit-learn: it takes no fitted models, so it fits its own."""

import importlib
import warnings
from typing import Any

from .interface import ARGUMENTS, Call, Converted, NotOffered, Question, sklearn_call


def _patched(estimator: Any) -> Any:
    """The extension's estimator with the same parameters, in a pipeline part by part; unchanged where it has none."""
    if hasattr(estimator, "steps"):
        return type(estimator)([(name, _patched(part)) for name, part in estimator.steps])
    package = ".".join(type(estimator).__module__.split(".")[:2])
    if not package.startswith("sklearn."):
        return estimator
    replacement = getattr(importlib.import_module(package), type(estimator).__name__, type(estimator))
    return replacement(**estimator.get_params(deep=False))


def _is_theirs(estimator: Any) -> bool:
    parts = [part for _, part in estimator.steps] if hasattr(estimator, "steps") else [estimator]
    return any(type(part).__module__.startswith(("sklearnex", "daal4py")) for part in parts)


def _reference(estimator: Any, method: str) -> Call:
    """scikit-learn's implementation of ``method`` over the extension's fit."""
    name, arguments = ARGUMENTS.get(method, (method, {}))
    base = next(c for c in type(estimator).__mro__ if c.__module__.startswith("sklearn.") and name in vars(c))
    function = vars(base)[name]
    return lambda X: function(estimator, X, **arguments)


def refitted(question: Question) -> Converted:
    """The extension's estimators, fitted on the same rows."""
    from sklearnex import patch_sklearn

    patch_sklearn(verbose=False)
    estimator = _patched(question.estimator)
    if not _is_theirs(estimator):
        raise NotOffered("nothing of it is in the extension")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        estimator.fit(*question.train)
    methods = [m for m in question.methods if hasattr(estimator, ARGUMENTS.get(m, (m,))[0])]
    references = {}
    if any(word in type(estimator).__name__ for word in ("Forest", "ExtraTrees", "KMeans")):
        references = {m: _reference(estimator, m) for m in methods}
    calls = {m: sklearn_call(estimator, m) for m in methods}
    return Converted(calls, note="its own fit", own_fit=True, references=references)
