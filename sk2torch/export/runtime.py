"""One way to call a model, whatever holds it: a module in memory or a file."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from sk2torch.base import METHODS, InputEncoding, TorchEstimator, methods_of
from sk2torch.base.decoding import OutputDecoding, output_decoding


@dataclass(frozen=True)
class Runtime:
    """A callable model with its encoding and decoding.

    Args:
        call: ``call(method, x)`` gives the method's tensor, or a list of one per output.
        methods: names of its methods.
        encoding: tables to tensors.
        decoding: tensors to what scikit-learn returns.
        like: a tensor with the dtype and device of inputs.
    """

    call: Callable[[str, Tensor], Any]
    methods: list[str]
    encoding: InputEncoding
    decoding: OutputDecoding
    like: Tensor

    def input_tensor(self, method: str, table: Any) -> Tensor:
        """``table`` as the tensor that ``method`` takes; results of ``transform`` are never text."""
        if METHODS[method].kind == "input":
            return InputEncoding(None).to_tensor(table, self.like)
        return self.encoding.to_tensor(table, self.like)


def runtime_of(model: TorchEstimator) -> Runtime:
    """The runtime of a wrapped model in memory."""
    return Runtime(
        call=lambda method, x: getattr(model, method)(x),
        methods=methods_of(model),
        encoding=model.encoding,
        decoding=output_decoding(model),
        like=model.anchor,
    )
