"""Evaluating a module on the rows of an array, batch by batch."""

import contextlib
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from sk2torch.bridge.conversion import rows_tensor
from sk2torch.bridge.progress import Show, watched


def module_dtype(module: nn.Module) -> torch.dtype | None:
    """The dtype of the module's first floating-point parameter or buffer; None where it has none."""
    tensors = (*module.parameters(), *module.buffers())
    return next((tensor.dtype for tensor in tensors if tensor.is_floating_point()), None)


def checked_size(size: int) -> int:
    """Rows at a time.

    Raises:
        ValueError: none.
    """
    if size < 1:
        raise ValueError(f"batch_size: expected 1 or more, got {size}.")
    return size


@contextlib.contextmanager
def evaluating(module: nn.Module) -> Iterator[None]:
    """The module in evaluation mode, and without gradients; its parts are in their own modes afterwards."""
    training = [part for part in module.modules() if part.training]
    module.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        for part in training:
            part.training = True


def shaped(x: Tensor, input_shape: Any) -> Tensor:
    """Each row of ``x`` in the shape that the module takes.

    Raises:
        ValueError: the row has another number of values.
    """
    if input_shape is None:
        return x
    wanted = tuple(input_shape)
    if -1 not in wanted and math.prod(x.shape[1:]) != math.prod(wanted):
        raise ValueError(
            f"input_shape is {wanted}, {math.prod(wanted)} values a row, but X has {math.prod(x.shape[1:])} features."
        )
    return x.reshape(len(x), *wanted)


def one_tensor(output: Any, n_rows: int, module: nn.Module) -> Tensor:
    """The module's output, checked to be one tensor with a row for each of its input's.

    Raises:
        TypeError: it is something else, such as a tuple.
        ValueError: other rows.
    """
    name = type(module).__name__
    if not isinstance(output, Tensor):
        raise TypeError(
            f"{name} gives a {type(output).__name__}, not a tensor; wrap it in a module whose forward returns "
            "the one that you want."
        )
    if output.dim() == 0 or output.shape[0] != n_rows:
        raise ValueError(f"{name} gives {tuple(output.shape)} for {n_rows} rows; expected a row for each of them.")
    return output


class Batches:
    """How rows are handed to a module.

    Args:
        dtype: of the tensors; one of integers for modules such as embeddings.
        device: where the module is.
        size: rows at a time.
        input_shape: of a row; None for the rows as they are.
        progress: whether there is a bar.
    """

    def __init__(self, dtype: torch.dtype, device: Any, size: int, input_shape: Any = None, progress: Show = False):
        self.dtype, self.device, self.size = dtype, device, checked_size(size)
        self.input_shape, self.progress = input_shape, progress

    def tensor(self, rows: np.ndarray) -> Tensor:
        """``rows`` as the module takes them."""
        return shaped(rows_tensor(rows, self.dtype, self.device), self.input_shape)

    def evaluate(self, module: nn.Module, X: np.ndarray) -> Tensor:
        """Outputs of ``module``, in evaluation mode and without a graph, for all rows; the memory is its own.

        Batches share the memory of ``X``, unless the module writes into its input: the first batch is a
        copy, which shows that.
        """
        starts = range(0, max(len(X), 1), self.size)
        outputs: list[Tensor] = []
        keeps_input = False
        with evaluating(module):
            for start in watched(starts, len(starts), "rows", self.progress) if len(starts) > 1 else starts:
                x = self.tensor(X[start : start + self.size])
                x = x if keeps_input else x.clone()
                version = x._version
                outputs.append(one_tensor(module(x), len(x), module))
                keeps_input = keeps_input or (start == 0 and x._version == version)
        # A copy, too, where there is one batch only: a module may give back its input or its own state.
        return torch.cat(outputs)
