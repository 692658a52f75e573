"""Writing fitted attributes: the way back from ``read``."""

import copy
from typing import Any

import numpy as np
from torch import Tensor

from sk2torch.base.errors import CannotUnwrap


def array(value: Tensor) -> np.ndarray:
    """A tensor as a numpy array of its own."""
    return value.detach().cpu().numpy().copy()


def dense(value: Any) -> np.ndarray:
    """A numpy or scipy matrix as a numpy array."""
    return value.toarray() if hasattr(value, "toarray") else np.asarray(value)


def attribute(estimator: Any, path: str, value: Any) -> None:
    """Give a fitted attribute new numbers, in the shape, layout and type that it has.

    An array is written to, so that what shares it follows. One of float32 becomes float64 where it cannot hold the
    numbers; one number stays one where all are the same. An attribute that is not there, or None, is left alone.

    Args:
        estimator: the object, or one that it holds.
        path: name of the attribute; with dots, of a part's.
        value: tensor or array.

    Raises:
        CannotUnwrap: another number of elements.
    """
    *parts, name = path.split(".")
    for part in parts:
        estimator = getattr(estimator, part, None)
    old = getattr(estimator, name, None)
    if old is not None:
        setattr(estimator, name, replaced(old, value, f"{type(estimator).__name__}.{name}"))


def replaced(old: Any, value: Any, name: str) -> Any:
    """``old`` with new numbers; see ``attribute``."""
    new = array(value) if isinstance(value, Tensor) else np.asarray(value)
    if hasattr(old, "toarray"):
        return _sparse(old, _shaped(new, old.shape, name))
    is_scalar = np.ndim(old) == 0
    if is_scalar and new.size > 0 and (new == new.flat[0]).all():
        number = new.flat[0]
        return float(number) if type(old) in (int, float) else _cast(np.asarray(number), np.asarray(old).dtype)[()]
    if is_scalar or (np.size(old) == 1 and new.size != 1):
        # One number was repeated.
        return np.full_like(old, new.flat[0]) if (new == new.flat[0]).all() else new.reshape(-1)
    new = _cast(_shaped(new, np.shape(old), name), np.asarray(old).dtype)
    if not isinstance(old, np.ndarray) or old.dtype != new.dtype or not old.flags.writeable:
        return new
    old[...] = new
    return old


def _sparse(old: Any, new: np.ndarray) -> Any:
    """A sparse matrix, with the entries of ``old`` where these suffice: libsvm counts on zeros being stored."""
    # Its own method fails for the vectors that SGDRegressor.sparsify makes.
    result = copy.copy(old)
    # The place of each entry, from 1.
    result.data = np.arange(1, len(old.data) + 1)
    places = result.toarray()
    if new[places == 0].any() or np.count_nonzero(places) != len(old.data):
        return type(old)(new)
    result.data = np.empty(len(old.data))
    result.data[places[places > 0] - 1] = new[places > 0]
    return result


def _shaped(new: np.ndarray, shape: tuple[int, ...], name: str) -> np.ndarray:
    if new.size != np.prod(shape, dtype=int):
        raise CannotUnwrap(
            f"{name} has the shape {shape}, the module's parameter {new.shape}; give unwrap the estimator that the "
            "model was made of."
        )
    return new.reshape(shape)


def _cast(new: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """In ``dtype`` if that holds the numbers."""
    with np.errstate(over="ignore"):
        cast = new.astype(dtype)
    return cast if np.array_equal(cast.astype(np.float64), new, equal_nan=True) else new
