"""Tensors of the Open Inference Protocol (version 2), as JSON and as arrays."""

import math
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, Field

NUMPY = {
    "BOOL": np.bool_,
    **{f"{kind.upper()}{bits}": np.dtype(f"{kind}{bits}") for kind in ("int", "uint") for bits in (8, 16, 32, 64)},
    **{f"FP{bits}": np.dtype(f"float{bits}") for bits in (16, 32, 64)},
}
DATATYPES = {np.dtype(dtype): name for name, dtype in NUMPY.items()}


class Refusal(Exception):
    """An answer that is an error, with its HTTP status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class InputTensor(BaseModel):
    name: str
    shape: Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1, max_length=2)]
    datatype: Literal["BYTES", *NUMPY]  # type: ignore[valid-type]
    data: list[Any]


class OutputName(BaseModel):
    name: str


class InferRequest(BaseModel):
    id: str | None = None
    inputs: Annotated[list[InputTensor], Field(min_length=1)]
    outputs: list[OutputName] | None = None


def values_of(tensor: InputTensor) -> np.ndarray:
    """The data of a tensor, each value checked against its datatype, in its shape."""
    cells = tensor.data
    if len(tensor.shape) == 2 and cells and isinstance(cells[0], list):
        if not all(isinstance(row, list) and len(row) == tensor.shape[1] for row in cells):
            raise Refusal(400, f"input {tensor.name!r}: rows of data do not have {tensor.shape[1]} values each.")
        cells = [cell for row in cells for cell in row]
    if len(cells) != math.prod(tensor.shape):
        raise Refusal(400, f"input {tensor.name!r}: {len(cells)} values do not fill the shape {tensor.shape}.")
    kind = tensor.datatype.rstrip("0123456789")
    allowed = {"BYTES": (str, type(None)), "BOOL": (bool,), "FP": (int, float, type(None))}.get(kind, (int,))
    for cell in cells:
        if not isinstance(cell, allowed) or (isinstance(cell, bool) and kind != "BOOL"):
            raise Refusal(400, f"input {tensor.name!r}: {str(cell)[:50]!r} is no value of type {tensor.datatype}.")
    if kind == "BYTES":
        return np.array(cells, dtype=object).reshape(tensor.shape)
    try:
        return np.array(cells, dtype=NUMPY[tensor.datatype]).reshape(tensor.shape)
    except OverflowError as error:
        raise Refusal(400, f"input {tensor.name!r}: {error}.") from error


def datatype_of(values: np.ndarray) -> str:
    """The protocol's name of an array's type."""
    return DATATYPES.get(values.dtype, "BYTES")


def output_of(name: str, values: np.ndarray) -> dict[str, Any]:
    """A result as a tensor of the protocol."""
    datatype = datatype_of(values)
    data = values.ravel().tolist()
    if values.dtype.kind == "f":
        data = [cell if math.isfinite(cell) else None for cell in data]
    elif datatype == "BYTES":
        data = [cell if cell is None else str(cell) for cell in data]
    return {"name": name, "datatype": datatype, "shape": list(values.shape), "data": data}
