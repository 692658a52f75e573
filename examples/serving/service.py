"""An artifact as tensors of the protocol: what it takes, what it gives, and requests put together."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import torch
from serving.batcher import Batcher
from serving.protocol import InferRequest, Refusal, datatype_of, values_of

import sk2torch
from sk2torch.base import METHODS

DEFAULT_METHODS = ("predict", "predict_proba", "transform")


class Service:
    """One artifact, its columns and the batches of its requests.

    Args:
        artifact: path of an exported model.
        name: under which it is served.
        methods: methods that are answered; by default those of ``DEFAULT_METHODS`` that the model has.
        max_rows: rows in a batch.
        max_delay: seconds that a request waits for others.
        max_waiting: requests that wait at a time.
        max_bytes: size of a request.
    """

    def __init__(
        self,
        artifact: Path,
        name: str,
        methods: list[str] | None = None,
        max_rows: int = 256,
        max_delay: float = 0.002,
        max_waiting: int = 1024,
        max_bytes: int = 2**23,
    ) -> None:
        self.predictor = sk2torch.Predictor(artifact, batch_size=max_rows)
        self.name, self.max_bytes = name, max_bytes
        self.methods = methods or [m for m in DEFAULT_METHODS if m in self.predictor.methods]
        unfit = [m for m in self.methods if m not in self.predictor.methods or not _is_by_row(m)]
        if unfit or not self.methods:
            raise SystemExit(f"cannot serve {unfit or 'no method'}; the model has {self.predictor.methods}")
        # Rows that are to be given together are one request's.
        self.batcher = Batcher(self._run, 0 if self.predictor.couples_rows else max_rows, max_delay, max_waiting)
        self.encoder = ThreadPoolExecutor(1, "encoding")
        self.is_ready = False
        self.described_outputs = self.outputs()

    def _run(self, rows: torch.Tensor) -> dict[str, np.ndarray]:
        results: dict[str, np.ndarray] = {}
        for method in self.methods:
            result = getattr(self.predictor, method)(rows)
            parts = result if isinstance(result, (list, tuple)) else [result]
            for k, part in enumerate(parts):
                values = np.asarray(part.toarray() if hasattr(part, "toarray") else part)
                if len(values) != len(rows):
                    raise RuntimeError(f"{method} gives no row per row.")
                results[method if len(parts) == 1 else f"{method}_{k}"] = values
        return results

    def encode(self, request: InferRequest) -> torch.Tensor:
        """The rows of a request; raises what is wrong with them."""
        tensors = {tensor.name: values_of(tensor) for tensor in request.inputs}
        if len(tensors) < len(request.inputs):
            raise Refusal(400, "two inputs have the same name.")
        if list(tensors) == ["X"]:
            table = tensors["X"]
        else:
            names = self.column_names()
            if set(tensors) != set(names):
                expected = "'X'" if not names else f"'X', or one per column: {', '.join(names)}"
                raise Refusal(400, f"expected inputs {expected}; got {', '.join(tensors)}.")
            n_rows = len(tensors[names[0]])
            if any(tensor.shape not in ((n_rows,), (n_rows, 1)) for tensor in tensors.values()):
                raise Refusal(400, "inputs of columns take the shape [n], the same for all.")
            table = np.empty((n_rows, len(names)), dtype=object)
            for k, name in enumerate(names):
                table[:, k] = tensors[name].reshape(-1)
        try:
            rows = self.predictor.encode(table)
        except (sk2torch.InputError, ValueError) as error:
            raise Refusal(400, str(error)) from error
        return rows.to_dense() if rows.is_sparse_csr else rows

    def column_names(self) -> list[str]:
        """Names of the inputs, where there is one per column."""
        columns = self.predictor.encoding.columns or []
        if self.predictor.encoding.n_dims == 1 or any(column.is_whole for column in columns):
            return []
        return [str(k) if column.name is None else column.name for k, column in enumerate(columns)]

    def inputs(self) -> list[dict[str, Any]]:
        """The inputs as the protocol describes them."""
        columns, names = self.predictor.encoding.columns, self.column_names()
        if columns is not None and any(column.is_text or column.readers for column in columns):
            types = ["BYTES" if column.is_text or column.readers else "FP64" for column in columns]
            each = zip(names, types, strict=True) if names else [("X", "BYTES")]
            return [{"name": name, "datatype": datatype, "shape": [-1]} for name, datatype in each]
        width = [] if self.predictor.encoding.n_dims == 1 else [-1 if columns is None else len(columns)]
        return [{"name": "X", "datatype": "FP64", "shape": [-1, *width]}]

    def outputs(self) -> list[dict[str, Any]]:
        """The outputs as the protocol describes them; of a model that refuses a row of zeros, their names."""
        width = sum(column.width for column in self.predictor.encoding.columns or []) or 1
        sizes = [1] if self.predictor.encoding.n_dims == 1 else [1, width]
        try:
            results = self._run(torch.zeros(sizes, dtype=getattr(torch, self.predictor.dtype)))
        except (ValueError, RuntimeError, IndexError):
            return [{"name": method, "datatype": "FP64", "shape": [-1]} for method in self.methods]
        return [
            {"name": name, "datatype": datatype_of(values), "shape": [-1, *values.shape[1:]]}
            for name, values in results.items()
        ]


def _is_by_row(method: str) -> bool:
    about = METHODS[method]
    return about.kind != "input" and about.rows == 0 and not about.is_joint and "counts" not in about.results
