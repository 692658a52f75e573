"""torchao, which is optional and talks when it is imported, in parts at first use."""

import contextlib
import importlib
import io
import logging
import warnings
from collections.abc import Iterator
from typing import Any

from sk2torch.base import MissingDependency


@contextlib.contextmanager
def quiet_torchao() -> Iterator[None]:
    """Hide its notes on libraries that it tried, and torch's on its deprecations."""
    loggers = [logging.getLogger(name) for name in ("torch.utils._pytree", "torchao")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def torchao(name: str = "torchao.quantization") -> Any:
    """A module of torchao; call it within ``quiet_torchao``.

    Raises:
        MissingDependency: it is not installed.
    """
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise MissingDependency(
            f"quantize needs the package {error.name!r} for this mode: pip install 'sk2torch[quantize]'."
        ) from error
