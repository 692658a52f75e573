"""The estimator that a module was read from, as it was then."""

import copy
from typing import Any


class Source:
    """Estimators that a module was read from; kept beside its state, and left out of pickles and files.

    A copy of a module shares it. Holds the attributes of each estimator, not copies of what these are, so that it costs
    no memory of its own, and a later fit, which replaces them, does not reach it.

    Args:
        estimators: the objects and their attributes; of a search that became its best estimator, that one first.
    """

    def __init__(self, estimators: tuple[tuple[Any, dict[str, Any]], ...] = ()) -> None:
        self.estimators = estimators

    def then(self, estimator: Any) -> "Source":
        """The same, and an estimator around them."""
        return Source((*self.estimators, (estimator, dict(getattr(estimator, "__dict__", {})))))

    def attribute(self, name: str, default: Any = None) -> Any:
        """What the first estimator had by that name; the default of a module that remembers none."""
        return self.estimators[0][1].get(name, default) if self.estimators else default

    def restored(self, memo: dict[int, Any]) -> Any:
        """A deep copy of the last estimator.

        Args:
            memo: as of ``copy.deepcopy``; parts of it that have been restored before are taken from there.
        """
        result = None
        for original, attributes in self.estimators:
            shell = object.__new__(type(original))
            shell.__dict__.update(attributes)
            result = copy.deepcopy(shell, memo)
            memo[id(original)] = result
        return result

    def __copy__(self) -> "Source":
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> "Source":
        return self

    def __reduce__(self) -> Any:
        return Source, ()
