"""From a module's tensors back to what scikit-learn returns."""

import importlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from torch import Tensor

from sk2torch.base.columns import Column
from sk2torch.base.errors import MissingDependency
from sk2torch.base.surface import METHODS


def _to_numpy(value: Any) -> np.ndarray:
    return value.detach().cpu().numpy() if isinstance(value, Tensor) else np.asarray(value)


class OutputDecoding:
    """How each method's tensors become numpy arrays, labels and sparse matrices.

    Args:
        classes: the estimator's ``classes_``: one array, one array per output, or None.
        outputs: columns of ``transform``'s result where some hold strings, else None.
        inputs: columns of ``inverse_transform``'s result where some hold strings, else None.
        dtype: name of the numpy dtype of ``transform``'s result; None for floating point as it is.
        sparse: ``transform`` gives a scipy sparse matrix in scikit-learn.
    """

    def __init__(
        self,
        classes: Any = None,
        outputs: Sequence[Column] | None = None,
        inputs: Sequence[Column] | None = None,
        dtype: str | None = None,
        sparse: bool = False,
    ) -> None:
        self.classes = classes
        self.outputs = None if outputs is None else list(outputs)
        self.inputs = None if inputs is None else list(inputs)
        self.dtype = dtype
        self.sparse = sparse

    def decode(self, method: str, result: Any) -> Any:
        """``result`` of ``method`` (tensor, array, or a list of one per output) as scikit-learn has it."""
        if isinstance(result, (list, tuple)):
            return [_to_numpy(part) for part in result]
        values = _to_numpy(result)
        kind = METHODS[method].kind
        if kind == "labels" and self.classes is not None:
            return self._labels(values)
        if kind == "input" and self.inputs is not None:
            return _decode_columns(values, self.inputs)
        if kind == "features":
            if self.outputs is not None:
                return _decode_columns(values, self.outputs)
            values = values if self.dtype is None else values.astype(self.dtype)
            return _sparse(values) if self.sparse else values
        return values

    def _labels(self, values: np.ndarray) -> np.ndarray:
        if not isinstance(self.classes, list):
            classes = np.asarray(self.classes)
            return values.astype(classes.dtype) if classes.dtype.kind in "biuf" else classes[values]
        decoded = [
            values[:, k].astype(c.dtype) if c.dtype.kind in "biuf" else c[values[:, k]]
            for k, c in enumerate(map(np.asarray, self.classes))
        ]
        return np.stack(decoded, axis=1)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready description; ``from_dict`` reads it back."""
        columns = [None if c is None else [column.to_dict() for column in c] for c in (self.outputs, self.inputs)]
        many = isinstance(self.classes, list)
        listed = self.classes if many else ([] if self.classes is None else [self.classes])
        return {
            "classes": [{"dtype": np.asarray(c).dtype.str, "values": np.asarray(c).tolist()} for c in listed],
            "multi_output": many,
            "outputs": columns[0],
            "inputs": columns[1],
            "dtype": self.dtype,
            "sparse": self.sparse,
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "OutputDecoding":
        listed = [np.array(c["values"], dtype=c["dtype"]) for c in data["classes"]]
        classes = listed if data["multi_output"] else (listed[0] if listed else None)
        columns = [None if data[k] is None else [Column.from_dict(c) for c in data[k]] for k in ("outputs", "inputs")]
        return cls(classes, columns[0], columns[1], data["dtype"], data["sparse"])


def _sparse(values: np.ndarray) -> Any:
    try:
        return importlib.import_module("scipy.sparse").csr_matrix(values)
    except ImportError as error:
        raise MissingDependency("this model's transform gives a sparse matrix; install scipy.") from error


def _decode_columns(values: np.ndarray, columns: list[Column]) -> np.ndarray:
    result = np.empty(values.shape, dtype=object)
    if values.ndim == 1:
        return columns[0].decode(values)
    for k, column in enumerate(columns):
        result[:, k] = column.decode(values[:, k])
    return result


def output_decoding(model: Any) -> OutputDecoding:
    """The decoding of a wrapped model's results."""
    inputs = model.encoding.columns
    has_text = inputs is not None and any(column.is_text for column in inputs)
    outputs = model.output_columns(inputs) if has_text else None
    if outputs is not None and not any(column.is_text for column in outputs):
        outputs = None
    dtype = None if model.output_dtype is None else np.dtype(model.output_dtype).name
    return OutputDecoding(
        getattr(model, "classes_", None), outputs, inputs if has_text else None, dtype, bool(model.sparse_output)
    )
