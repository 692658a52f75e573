"""From a module's tensors back to what scikit-learn returns."""

import importlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from torch import Tensor

from sk2torch.base.columns import Column
from sk2torch.base.documents import Documents, Rows
from sk2torch.base.encoding import InputEncoding, LabelSetEncoding
from sk2torch.base.errors import MissingDependency, UnsupportedParameter
from sk2torch.base.sparse import to_scipy
from sk2torch.base.surface import METHODS

# What an encoder's inverse_transform gives for a value that no number stands for: scikit-learn has
# None for an unknown category, and a word for the infrequent ones.
UNKNOWN_MARKER = float("-inf")
INFREQUENT_MARKER = float("inf")


def _to_numpy(value: Any) -> np.ndarray:
    return value.detach().cpu().numpy() if isinstance(value, Tensor) else np.asarray(value)


class OutputDecoding:
    """How each method's tensors become numpy arrays, labels and sparse matrices.

    Args:
        classes: the estimator's ``classes_``: one array, one array per output, or None.
        outputs: columns of ``transform``'s result where some hold strings, else None.
        inputs: columns of ``inverse_transform``'s result where some hold categories, else None.
        dtype: name of the numpy dtype of ``transform``'s result; None for floating point as it is.
        sparse: ``transform`` gives a scipy sparse matrix in scikit-learn.
        inverse_dtype: numpy dtype of ``inverse_transform``'s result, which may hold markers; None
            for floating point as it is.
        label_sets: ``inverse_transform`` gives a tuple of classes for each row of an indicator matrix.
        documents: what ``inverse_transform``'s result is turned into terms or dictionaries by, else None.
        node_offsets: of a forest, where the columns of each tree begin in ``decision_path``'s result, and where
            they end; else None.
    """

    def __init__(
        self,
        classes: Any = None,
        outputs: Sequence[Column] | None = None,
        inputs: Sequence[Column] | None = None,
        dtype: str | None = None,
        sparse: bool = False,
        inverse_dtype: str | None = None,
        label_sets: bool = False,
        documents: Documents | None = None,
        node_offsets: list[int] | None = None,
    ) -> None:
        self.classes = classes
        self.outputs = None if outputs is None else list(outputs)
        self.inputs = None if inputs is None else list(inputs)
        self.dtype = dtype
        self.sparse = sparse
        self.inverse_dtype = inverse_dtype
        self.label_sets = label_sets
        self.documents = documents
        self.node_offsets = node_offsets

    def decode(self, method: str, result: Any) -> Any:
        """``result`` of ``method`` (tensor, array, or a list of one per output) as scikit-learn has it."""
        kind = METHODS[method].kind
        if METHODS[method].results:
            parts = tuple(map(_to_numpy, result))
            return _ragged(*parts) if "counts" in METHODS[method].results else parts
        if isinstance(result, (list, tuple)):
            return [_to_numpy(part) for part in result]
        if kind == "input" and self.documents is not None:
            return self.documents.inverse(_stored_entries(result))
        if isinstance(result, Tensor) and result.is_sparse_csr:
            matrix = to_scipy(result)
            matrix.data = _cast(matrix.data, self.dtype if kind == "features" else METHODS[method].dtype)
            return self._with_offsets(method, matrix)
        values = _to_numpy(result)
        if kind == "graph":
            return self._with_offsets(method, _sparse(_cast(values, METHODS[method].dtype)))
        if kind == "labels" and self.classes is not None:
            return self._labels(values)
        if kind == "input" and self.label_sets:
            return [tuple(np.asarray(self.classes)[row]) for row in values.astype(bool)]
        if kind == "input":
            return self._originals(values)
        if kind == "features":
            if self.outputs is not None:
                return _decode_columns(values, self.outputs)
            values = _cast(values, self.dtype)
            return _sparse(values) if self.sparse else values
        return values

    def _with_offsets(self, method: str, matrix: Any) -> Any:
        # scikit-learn tells where the nodes of each tree of a forest begin.
        is_forest = method == "decision_path" and self.node_offsets is not None
        return (matrix, np.array(self.node_offsets)) if is_forest else matrix

    def _originals(self, values: np.ndarray) -> np.ndarray:
        if self.inverse_dtype is None:
            return values if self.inputs is None else _decode_columns(values, self.inputs)
        unknown, infrequent = values == UNKNOWN_MARKER, values == INFREQUENT_MARKER
        marked = bool(unknown.any() or infrequent.any())
        dtype = np.dtype(self.inverse_dtype)
        if dtype.kind not in "OUS" and not marked:
            return _cast(values, self.inverse_dtype)
        values = np.where(unknown | infrequent, np.nan, values)
        result = values.astype(object) if self.inputs is None else _decode_columns(values, self.inputs)
        result[unknown] = None
        result[infrequent] = "infrequent_sklearn"
        return result if marked else result.astype(dtype)

    def _labels(self, values: np.ndarray) -> np.ndarray:
        if not isinstance(self.classes, list):
            return _original_labels(values, np.asarray(self.classes))
        decoded = [_original_labels(values[..., k], np.asarray(c)) for k, c in enumerate(self.classes)]
        return np.stack(decoded, axis=-1)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready description; ``from_dict`` reads it back."""
        many = isinstance(self.classes, list)
        listed = self.classes if many else ([] if self.classes is None else [self.classes])
        for c in map(np.asarray, listed):
            if c.dtype.kind not in "biufUO" or not all(isinstance(v, str | int | float | None) for v in c.tolist()):
                raise UnsupportedParameter(f"cannot store labels of {c.dtype} in an artifact; use strings or numbers.")
        return {
            "classes": [{"dtype": np.asarray(c).dtype.str, "values": np.asarray(c).tolist()} for c in listed],
            "multi_output": many,
            "outputs": None if self.outputs is None else [self._reference(column) for column in self.outputs],
            "decodes_inputs": self.inputs is not None,
            "dtype": self.dtype,
            "sparse": self.sparse,
            "inverse_dtype": self.inverse_dtype,
            "label_sets": self.label_sets,
            "node_offsets": self.node_offsets,
        }

    def _reference(self, column: Column) -> int | dict[str, Any]:
        """The position of an input column that reaches the output, else the column's description."""
        same = [k for k, original in enumerate(self.inputs or ()) if original is column]
        return same[0] if same else column.to_dict()

    @classmethod
    def from_dict(cls, data: dict[str, Any], encoding: InputEncoding) -> "OutputDecoding":
        """The decoding that ``to_dict`` describes.

        Args:
            data: the description.
            encoding: that of the same model; its columns and those of results are the same objects,
                so that words which pass through the model come back as they were.
        """
        listed = [np.array(c["values"], dtype=c["dtype"]) for c in data["classes"]]
        classes = listed if data["multi_output"] else (listed[0] if listed else None)
        outputs = data["outputs"]
        if outputs is not None:
            inputs = encoding.columns or []
            outputs = [inputs[c] if isinstance(c, int) else Column.from_dict(c) for c in outputs]
        inputs = encoding.columns if data["decodes_inputs"] else None
        label_sets = data.get("label_sets", False)
        documents = _documents(encoding.columns)
        return cls(
            classes,
            outputs,
            inputs,
            data["dtype"],
            data["sparse"],
            data["inverse_dtype"],
            label_sets,
            documents,
            data.get("node_offsets"),
        )


def _original_labels(values: np.ndarray, classes: np.ndarray) -> np.ndarray:
    if classes.dtype.kind not in "biuf":
        return classes[values]
    if classes.dtype.kind == "f" and not np.isin(values, classes).all():
        # A float32 model has rounded them.
        ascending = np.sort(classes)
        return ascending[np.searchsorted((ascending[1:] + ascending[:-1]) / 2, values)]
    return values.astype(classes.dtype)


def _cast(values: np.ndarray, dtype: str | None) -> np.ndarray:
    """``values`` as ``dtype``; as they are where whole numbers are expected and some are not."""
    if dtype is None:
        return values
    with np.errstate(invalid="ignore"):
        result = values.astype(dtype)
    return values if result.dtype.kind in "biu" and not np.array_equal(result, values) else result


def _stored_entries(result: Any) -> Rows:
    """The entries of a table that are not zero, by rows."""
    if isinstance(result, Tensor) and result.is_sparse_csr:
        parts = (result.crow_indices(), result.col_indices(), result.values())
        return Rows(*map(_to_numpy, parts))
    values = _to_numpy(result)
    counts = (values != 0).sum(axis=1)
    return Rows(np.concatenate([[0], np.cumsum(counts)]), np.nonzero(values)[1], values[values != 0])


def _ragged(distances: np.ndarray, indices: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Neighbours within a radius: two object arrays that hold an array per row."""
    ends = np.cumsum(counts)
    results = []
    for values in (distances, indices):
        rows = np.empty(len(counts), dtype=object)
        for k, (end, count) in enumerate(zip(ends, counts, strict=True)):
            rows[k] = values[end - count : end]
        results.append(rows)
    return results[0], results[1]


def _sparse(values: np.ndarray) -> Any:
    try:
        return importlib.import_module("scipy.sparse").csr_matrix(values)
    except ImportError as error:
        raise MissingDependency("this model's transform gives a sparse matrix; install scipy.") from error


def _decode_columns(values: np.ndarray, columns: list[Column]) -> np.ndarray:
    if values.ndim == 1:
        return columns[0].decode(values)
    result = np.empty(values.shape, dtype=object)
    for k, column in enumerate(columns):
        result[:, k] = column.decode(values[:, k])
    return result


def _documents(inputs: Sequence[Column] | None) -> Documents | None:
    """The vectorizer that ``inverse_transform`` goes back to: only one that reads the whole input has a way back."""
    readers = inputs[0].readers if inputs else []
    return readers[0] if inputs and inputs[0].is_whole and len(readers) == 1 else None


def output_decoding(model: Any) -> OutputDecoding:
    """The decoding of a wrapped model's results."""
    inputs = model.encoding.columns
    has_text = inputs is not None and any(column.is_text for column in inputs)
    outputs = model.output_columns(inputs) if inputs is not None and has_text else ()
    return OutputDecoding(
        classes=getattr(model, "classes_", None),
        outputs=[column.origin for column in outputs] if any(column.is_text for column in outputs) else None,
        inputs=inputs if has_text or model.inverse_dtype is not None else None,
        dtype=None if model.output_dtype is None else np.dtype(model.output_dtype).name,
        sparse=bool(model.sparse_output),
        inverse_dtype=None if model.inverse_dtype is None else np.dtype(model.inverse_dtype).str,
        label_sets=isinstance(model.encoding, LabelSetEncoding),
        documents=_documents(inputs),
        node_offsets=getattr(model, "node_offsets", None),
    )
