"""One way to call a model, whatever holds it: a module in memory or a file."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor

from sk2torch.base import METHODS, InputEncoding, TorchEstimator, methods_of
from sk2torch.base.decoding import OutputDecoding, output_decoding
from sk2torch.base.sparse import row_blocks

# Cells of a sparse input that are dense at a time: half a gigabyte.
_DENSE_CELLS = 2**26


@dataclass(frozen=True)
class Runtime:
    """A callable model with its encoding and decoding.

    Args:
        call: ``call(method, x)`` gives the method's tensor, or a list of one per output.
        methods: names of its methods.
        encoding: tables to tensors.
        decoding: tensors to what scikit-learn returns.
        like: a tensor with the dtype and device of inputs.
        couples_rows: whether rows are to be given together, not in batches.
        dense_width: the most columns that a sparse input has where the model makes it dense; None for the
            graphs that take dense inputs only.
        compiled_for: the device of the artifact's compiled code, if that is what runs.
    """

    call: Callable[[str, Tensor], Any]
    methods: list[str]
    encoding: InputEncoding
    decoding: OutputDecoding
    like: Tensor
    couples_rows: bool = False
    dense_width: int | None = 0
    compiled_for: str | None = None

    def input_tensor(self, method: str, table: Any) -> Tensor:
        """``table`` as the tensor that ``method`` takes; results of ``transform`` are never text."""
        if METHODS[method].kind == "input":
            # What label encoders make is a vector.
            self.encoding.check_results(table)
            n_dims = 1 if self.encoding.n_dims == 1 and np.ndim(table) == 1 else 2
            keeps_sparse = self.decoding.documents is not None
            return InputEncoding(None, n_dims, keeps_sparse).to_tensor(table, self.like)
        return self.encoding.to_tensor(table, self.like)

    def answers(self, method: str, x: Tensor, size: int) -> Iterator[Any]:
        """Results for blocks of at most ``size`` rows, and fewer of a wide sparse input that is made dense.

        Rows that are to be given together are one block.
        """
        if METHODS[method].is_joint or self.couples_rows:
            size = max(x.shape[0], 1)
        elif x.is_sparse_csr:
            width = x.shape[1] if self.dense_width is None else self.dense_width
            size = max(1, min(size, _DENSE_CELLS // max(width, 1)))
        for block in row_blocks(x, size):
            yield self.call(method, block.to_dense() if block.is_sparse_csr and self.dense_width is None else block)


def result_of(method: str, outputs: list[Tensor]) -> Any:
    """The outputs of a graph as the method's result: a tuple where its results have names, a list of several."""
    if METHODS[method].results:
        return tuple(outputs)
    return outputs if len(outputs) > 1 else outputs[0]


def runtime_of(model: TorchEstimator) -> Runtime:
    """The runtime of a wrapped model in memory."""
    return Runtime(
        call=lambda method, x: getattr(model, method)(x),
        methods=methods_of(model),
        encoding=model.encoding,
        decoding=output_decoding(model),
        like=model.anchor,
        couples_rows=couples_rows(model),
        dense_width=dense_width(model),
    )


def couples_rows(model: TorchEstimator) -> bool:
    """Whether the model or a part of it answers for all its rows together."""
    return any(getattr(module, "couples_rows", False) for module in model.modules())


def dense_width(model: TorchEstimator) -> int:
    """Width of the widest part of the model that makes sparse inputs dense."""
    parts = [part for part in model.modules() if isinstance(part, TorchEstimator)]
    return max([part.n_features_in for part in parts if not part.takes_sparse], default=0)
