"""What all estimators over torch share: device, random state, parameters of parts."""

import contextlib
from collections.abc import Iterator
from typing import Any

import torch
from sklearn.utils import check_random_state


def resolve_device(device: Any) -> torch.device:
    """``"auto"`` is CUDA where there is a device, else the CPU; all others are torch's.

    Raises:
        ValueError: torch does not know the device, or has none of the kind.
    """
    if device is None or device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        found = torch.device(device)
    except (RuntimeError, TypeError) as error:
        raise ValueError(f"device: expected 'auto', 'cpu', 'cuda' or another of torch's, got {device!r}.") from error
    if found.type == "cuda" and not torch.cuda.is_available():
        raise ValueError(f"device: {device!r} was asked for, but torch finds no CUDA device; use 'auto' or 'cpu'.")
    return found


def is_at(device: torch.device, wanted: torch.device) -> bool:
    """Whether ``device`` is the one that is wanted; any of a kind, where no number is said."""
    return device.type == wanted.type and wanted.index in (None, device.index)


@contextlib.contextmanager
def seeded(random_state: Any, device: torch.device) -> Iterator[torch.Generator]:
    """Within the block torch's random numbers follow ``random_state``; those of its callers are left as they were.

    Yields:
        a generator of its own for the order of rows.
    """
    seed = int(check_random_state(random_state).randint(2**31 - 1))
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        yield torch.Generator().manual_seed(seed)


class NestedParams:
    """Parameters of parts by scikit-learn's double underscore: ``module__hidden=8`` for a part given as a class.

    Such parameters are further keyword arguments of the constructor, kept as they are; ``part_names`` are the parts.
    """

    part_names: tuple[str, ...] = ()
    _nested: dict[str, Any]

    def part_params(self, part: str) -> dict[str, Any]:
        """Keyword arguments for ``part``, without its prefix.

        Raises:
            TypeError: arguments that are of no part; found here, as scikit-learn's constructors check nothing.
        """
        for name in self._nested:
            of, delimiter, rest = name.partition("__")
            if of not in self.part_names or not delimiter or not rest:
                raise TypeError(
                    f"{type(self).__name__} takes no argument {name!r}; those of its parts begin with "
                    f"{', '.join(f'{part}__' for part in self.part_names)}."
                )
        prefix = f"{part}__"
        return {name.removeprefix(prefix): value for name, value in self._nested.items() if name.startswith(prefix)}

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Parameters of the constructor, those of parts among them."""
        return {**super().get_params(deep=deep), **self._nested}

    def set_params(self, **params: Any) -> Any:
        """Set parameters; those of parts need not have been given before."""
        nested = {name: value for name, value in params.items() if name in self._nested or self._is_nested(name)}
        super().set_params(**{name: value for name, value in params.items() if name not in nested})
        self._nested = {**self._nested, **nested}
        return self

    def _is_nested(self, name: str) -> bool:
        part, delimiter, _ = name.partition("__")
        # A part with parameters of its own (an estimator) takes them itself.
        return bool(delimiter) and part in self.part_names and not hasattr(getattr(self, part), "set_params")
