"""Attributes of modules as JSON; what JSON lacks is an object with one key that says what it is."""

import math
from typing import Any

import numpy as np

from sk2torch.base import ArtifactError, InputEncoding, UnsupportedParameter
from sk2torch.base.cells import from_json, to_json

# Of the arrays that modules hold: labels.
_KINDS = "biufcUSO"


def to_plain(value: Any, where: str) -> Any:
    """``value`` as JSON; ``from_plain`` reads it back.

    Args:
        value: numbers, strings, None, lists, tuples, dictionaries, numpy arrays of these, input encodings.
        where: what is named in the error.

    Raises:
        ArtifactError: it is something else.
    """
    if value is None or type(value) in (bool, int, str):
        return value
    if type(value) is float:
        return value if math.isfinite(value) else {"float": repr(value)}
    if type(value) is list:
        return [to_plain(item, where) for item in value]
    if type(value) is tuple:
        return {"tuple": [to_plain(item, where) for item in value]}
    if type(value) is dict:
        return {"dict": [[to_plain(k, where), to_plain(v, where)] for k, v in value.items()]}
    if isinstance(value, InputEncoding):
        return {"encoding": value.to_dict()}
    if type(value) is np.ndarray and value.dtype.kind in _KINDS:
        try:
            return {"array": value.dtype.str, "shape": list(value.shape), "cells": _cells(value, where)}
        except UnsupportedParameter as error:
            raise ArtifactError(f"{where}: {error}") from error
    raise ArtifactError(
        f"{where} is of type {type(value).__name__}, which a .safetensors file cannot hold without code; "
        "export the model to .pt, .pt2 or .onnx."
    )


def _cells(array: np.ndarray, where: str) -> list[Any]:
    if array.dtype.kind == "O":
        return [to_json(cell, None) if cell is None else _object_cell(cell, where) for cell in array.ravel().tolist()]
    if array.dtype.kind == "S":
        return [cell.decode("latin-1") for cell in array.ravel().tolist()]
    if array.dtype.kind == "c":
        return [to_plain((cell.real, cell.imag), where) for cell in array.ravel().tolist()]
    return [to_plain(cell, where) for cell in array.ravel().tolist()]


def _object_cell(cell: Any, where: str) -> Any:
    cell = cell.item() if isinstance(cell, np.generic) else cell
    return to_plain(cell, where) if isinstance(cell, float) else to_json(cell, None)


def from_plain(data: Any, where: str) -> Any:
    """The value that ``to_plain`` wrote.

    Raises:
        ArtifactError: it has not the form that ``to_plain`` writes.
    """
    if data is None or type(data) in (bool, int, str, float):
        return data
    if isinstance(data, list):
        return [from_plain(item, where) for item in data]
    try:
        return _tagged(data, where)
    except (ArtifactError, RecursionError):
        raise
    except Exception as error:
        raise ArtifactError(f"{where} is damaged ({type(error).__name__}: {str(error)[:100]}).") from error


def _tagged(data: dict[str, Any], where: str) -> Any:
    match data:
        case {"float": str(text)} if text in ("nan", "inf", "-inf"):
            return float(text)
        case {"tuple": list(items)}:
            return tuple(from_plain(item, where) for item in items)
        case {"dict": list(items)}:
            return {from_plain(k, where): from_plain(v, where) for k, v in items}
        case {"encoding": dict(encoding)}:
            return InputEncoding.from_dict(encoding)
        case {"array": str(dtype), "shape": list(shape), "cells": list(cells)}:
            return _array(np.dtype(dtype), shape, cells, where)
    raise ArtifactError(f"{where} is damaged: it holds {str(data)[:100]}.")


def _array(dtype: np.dtype, shape: list[int], cells: list[Any], where: str) -> np.ndarray:
    # A string's width is memory that the cells do not show.
    if dtype.kind not in _KINDS or math.prod(shape) != len(cells) or dtype.itemsize > 64 * (1 + len(str(cells))):
        raise ArtifactError(f"{where} is damaged: an array of shape {shape} has {len(cells)} cells.")
    if dtype.kind == "O":
        listed = [from_plain(c, where) if isinstance(c, dict) and "float" in c else from_json(c) for c in cells]
    elif dtype.kind == "S":
        listed = [cell.encode("latin-1") for cell in cells]
    elif dtype.kind == "c":
        listed = [complex(*from_plain(cell, where)) for cell in cells]
    else:
        listed = [from_plain(cell, where) for cell in cells]
    flat = np.empty(len(cells), dtype=dtype)
    flat[:] = listed
    return flat.reshape(shape)
