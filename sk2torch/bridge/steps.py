"""Parameters of a wrapped model by the names that users know: of steps, of classes, of the parameters themselves."""

import fnmatch
import functools
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sk2torch.base import TorchEstimator


def named_steps(estimator: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """The parts of a fitted estimator, and the parts of these, by names that are joined by ``__``.

    A part has the name that its owner has for it (``Pipeline``, ``ColumnTransformer``, ``FeatureUnion``, voting), else
    that of the attribute that holds it, without the underscore at the end.
    """
    for name, part in _parts(estimator):
        yield prefix + name, part
        yield from named_steps(part, f"{prefix}{name}__")


def _parts(estimator: Any) -> Iterator[tuple[str, Any]]:
    for attribute, value in getattr(estimator, "__dict__", {}).items():
        name = attribute.rstrip("_")
        if attribute.startswith("_"):
            continue
        if _is_estimator(value):
            yield name, value
        elif isinstance(value, Mapping):
            yield from ((key, part) for key, part in value.items() if isinstance(key, str) and _is_estimator(part))
        elif isinstance(value, list):
            for place, item in enumerate(value):
                if isinstance(item, tuple) and len(item) > 1 and isinstance(item[0], str):
                    yield item[0], item[1]
                elif _is_estimator(item):
                    yield f"{name}__{place}", item


def _is_estimator(value: Any) -> bool:
    return hasattr(value, "get_params") and not isinstance(value, type)


class Names:
    """What users may call the parameters of a model.

    Args:
        model: what ``wrap`` made of the estimator, just now.
        estimator: the fitted estimator.
    """

    def __init__(self, model: TorchEstimator, estimator: Any) -> None:
        self.names = {name: id(parameter) for name, parameter in model.named_parameters(remove_duplicate=False)}
        self.estimator = estimator
        self.modules = [
            (f"{name}." if name else "", {id(original) for original, _ in part.source.estimators}, part)
            for name, part in model.named_modules(remove_duplicate=False)
            if isinstance(part, TorchEstimator) and part.source.estimators
        ]

    @functools.cached_property
    def steps(self) -> list[tuple[str, Any]]:
        """``named_steps`` of the estimator."""
        return list(named_steps(self.estimator))

    def selected(self, given: Any, setting: str) -> set[int]:
        """Identities of the parameters that are named.

        Args:
            given: a name, a class, or several: of a step, its path or the end of it (``"columns__numbers"``), a class
                of scikit-learn or its name, a parameter by its dotted name or an end of that; ``*`` is anything.
            setting: what asks, for the message.

        Raises:
            ValueError: nothing has such a name.
        """
        listed = [given] if isinstance(given, str) or not isinstance(given, Iterable) else list(given)
        return set().union(*(self._one(name, setting) for name in listed))

    def _one(self, pattern: Any, setting: str) -> set[int]:
        if not isinstance(pattern, str | type):
            raise TypeError(f"{setting}: expected names of steps or parameters, or classes, got {pattern!r}.")
        steps = [part for path, part in self.steps if isinstance(pattern, str) and _matches(path, pattern)]
        wanted = {id(part) for part in steps}
        prefixes = [
            prefix
            for prefix, originals, part in self.modules
            if originals & wanted or any(_is_of(original, pattern) for original, _ in part.source.estimators)
        ]
        found = {self.names[name] for name in self.names if any(name.startswith(prefix) for prefix in prefixes)}
        if isinstance(pattern, str):
            found |= {
                parameter
                for name, parameter in self.names.items()
                if any(fnmatch.fnmatchcase(name, form) for form in (pattern, f"{pattern}.*", f"*.{pattern}"))
            }
        is_class = any(_is_of(part, pattern) for _, part in self.steps)
        if not found and not steps and not is_class:
            shown = pattern if isinstance(pattern, str) else pattern.__name__
            raise ValueError(
                f"{setting}: there is no step or parameter {shown!r}; the steps are "
                f"{_listed(path for path, _ in self.steps)}, the parameters {_listed(self.names)}."
            )
        return found


def _matches(path: str, pattern: str) -> bool:
    return fnmatch.fnmatchcase(path, pattern) or fnmatch.fnmatchcase(path, f"*__{pattern}")


def _is_of(estimator: Any, pattern: Any) -> bool:
    if isinstance(pattern, type):
        return isinstance(estimator, pattern)
    return type(estimator).__name__ == pattern


def _listed(names: Iterable[str]) -> str:
    distinct = list(dict.fromkeys(names))
    shown = ", ".join(distinct[:12]) or "none"
    return shown + (f", … ({len(distinct)} in all)" if len(distinct) > 12 else "")
