"""Linear maps with weights in few bits."""

import torch
from torch import Tensor, nn

from sk2torch.blocks.feed_forward import FeedForward
from sk2torch.blocks.linear import LinearMap
from sk2torch.blocks.quantized.forms import Int8Matrix, Numbers, quantized_form
from sk2torch.functional.activations import activate
from sk2torch.functional.int8 import int8_products, int8_rows


class Int8Map(nn.Module):
    """Abstract: ``x @ weight.T + bias`` with ``weight = values * scale``; ``x`` may be a sparse CSR tensor.

    Args:
        weight: int8 values and their scales, by output.
        bias: shape ``(n_outputs,)``.
        flat: drop the second dimension of the result; only for one output.
    """

    values: Tensor
    scale: Tensor

    def __init__(self, weight: Int8Matrix, bias: Tensor, flat: bool) -> None:
        super().__init__()
        self.register_buffer("values", weight.values)
        self.register_buffer("scale", weight.scale)
        self.bias = nn.Parameter(bias.detach().clone())
        self.flat = flat

    @property
    def weight(self) -> Tensor:
        """The weights that the integers stand for, shape ``(n_outputs, n_features)``."""
        return self.values.to(self.scale.dtype) * self.scale.unsqueeze(1)

    def stored(self, x: Tensor) -> Tensor:
        """The result with ``x`` as it is."""
        values = self.values.to(self.scale.dtype)
        products = x @ values.t() if x.is_sparse_csr else torch.nn.functional.linear(x, values)
        return products * self.scale + self.bias

    def shaped(self, result: Tensor) -> Tensor:
        """Without the second dimension, if that is dropped."""
        return result.squeeze(1) if self.flat else result


@quantized_form(LinearMap, "weight_only")
class WeightOnlyMap(Int8Map):
    """Weights are int8; all is computed in the model's dtype."""

    @classmethod
    def of(cls, block: LinearMap, mode: str, numbers: Numbers) -> "WeightOnlyMap":
        return cls(numbers.int8(block.weight), block.bias, block.flat)

    def forward(self, x: Tensor) -> Tensor:
        return self.shaped(self.stored(x))


@quantized_form(LinearMap, "dynamic")
class DynamicMap(Int8Map):
    """A product of integers: each row of ``x`` becomes int8 with a scale of its own. Sparse rows stay as they are."""

    @classmethod
    def of(cls, block: LinearMap, mode: str, numbers: Numbers) -> "DynamicMap":
        return cls(numbers.int8(block.weight), block.bias, block.flat)

    def forward(self, x: Tensor) -> Tensor:
        if x.is_sparse_csr:
            return self.shaped(self.stored(x))
        row, scale = int8_rows(x)
        products = int8_products(row, self.values).to(x.dtype)
        return self.shaped(products * scale * self.scale + self.bias)


@quantized_form(LinearMap, "static")
class StaticMap(Int8Map):
    """A product of integers: all of ``x`` becomes int8 with a scale and zero that calibration chose.

    Args:
        weight: int8 values and their scales, by output.
        bias: shape ``(n_outputs,)``.
        flat: drop the second dimension of the result.
        input_scale: ``(q - zero_point) * input_scale`` stands for ``x``.
        zero_point: -128 to 127.
    """

    input_scale: Tensor
    sums: Tensor

    def __init__(self, weight: Int8Matrix, bias: Tensor, flat: bool, input_scale: float, zero_point: int) -> None:
        super().__init__(weight, bias, flat)
        self.register_buffer("input_scale", torch.tensor(input_scale, dtype=bias.dtype))
        self.zero_point = zero_point
        self.register_buffer("sums", weight.values.sum(dim=1, dtype=torch.int32))

    @classmethod
    def of(cls, block: LinearMap, mode: str, numbers: Numbers) -> "StaticMap | None":
        found = numbers.calibrated(block, block.weight, block.bias)
        if found is None:
            return None
        weight, given = found
        return cls(weight, block.bias, block.flat, given.scale, given.zero_point)

    def forward(self, x: Tensor) -> Tensor:
        if x.is_sparse_csr:
            return self.shaped(self.stored(x))
        row = (torch.round(x / self.input_scale) + self.zero_point).clamp(-128.0, 127.0).to(torch.int8)
        products = (int8_products(row, self.values) - self.zero_point * self.sums).to(x.dtype)
        # No integer stands for NaN and infinity: results of their rows are NaN.
        products = products + 0.0 * x.sum(dim=1, keepdim=True)
        return self.shaped(products * (self.input_scale * self.scale) + self.bias)


@quantized_form(LinearMap, "float16")
class HalfMap(nn.Module):
    """The product in float16 or bfloat16, of ``x`` and weights rounded to it; the result in the dtype of ``x``.

    Args:
        weight: in that dtype, shape ``(n_outputs, n_features)``.
        bias: in the model's dtype, shape ``(n_outputs,)``.
        flat: drop the second dimension of the result.
    """

    def __init__(self, weight: Tensor, bias: Tensor, flat: bool) -> None:
        super().__init__()
        self.register_buffer("rounded", weight)
        self.bias = nn.Parameter(bias.detach().clone())
        self.flat = flat

    @classmethod
    def of(cls, block: LinearMap, mode: str, numbers: Numbers) -> "HalfMap":
        return cls(block.weight.detach().to(getattr(torch, mode)), block.bias, block.flat)

    @property
    def weight(self) -> Tensor:
        """The weights in the model's dtype, shape ``(n_outputs, n_features)``."""
        return self.rounded.to(self.bias.dtype)

    def forward(self, x: Tensor) -> Tensor:
        if x.is_sparse_csr:
            result = x @ self.weight.t()
        else:
            result = torch.nn.functional.linear(x.to(self.rounded.dtype), self.rounded).to(x.dtype)
        result = result + self.bias
        return result.squeeze(1) if self.flat else result


@quantized_form(LinearMap, "bfloat16")
class BFloat16Map(HalfMap):
    """``HalfMap`` in bfloat16."""

    refused_formats = {".onnx": "ONNX Runtime has no products in bfloat16 on a CPU; quantize with mode 'float16'"}


@quantized_form(LinearMap, "qat")
class TrainedMap(nn.Module):
    """A linear map that rounds as ``DynamicMap`` does, in float32, with gradients as if it did not.

    Args:
        linear: computes the product with rounding.
        flat: drop the second dimension of the result.
        dtype: of the model.
    """

    refused_formats = dict.fromkeys(
        (".pt", ".pt2", ".onnx", ".safetensors"),
        "the model is prepared for training; finish with sk2torch.quantize(model, 'qat', step='convert')",
    )

    def __init__(self, linear: nn.Module, flat: bool, dtype: torch.dtype) -> None:
        super().__init__()
        self.linear = linear
        self.flat = flat
        # In the dtype of the model, which is not that of training.
        self.register_buffer("anchor", torch.zeros((), dtype=dtype), persistent=False)

    @classmethod
    def of(cls, block: LinearMap, mode: str, numbers: Numbers) -> "TrainedMap":
        return cls(numbers.fake_quantized(block.weight, block.bias), block.flat, block.weight.dtype)

    @property
    def weight(self) -> Tensor:
        """The weights before rounding, shape ``(n_outputs, n_features)``."""
        return self.linear.weight.to(self.anchor.dtype)

    def forward(self, x: Tensor) -> Tensor:
        rows = (x.to_dense() if x.is_sparse_csr else x).to(self.linear.weight.dtype)
        result = self.linear(rows).to(x.dtype)
        return result.squeeze(1) if self.flat else result


@quantized_form(TrainedMap, "convert")
class _Converted:
    """What training ends with."""

    @classmethod
    def of(cls, block: TrainedMap, mode: str, numbers: Numbers) -> DynamicMap:
        return DynamicMap(numbers.int8(block.weight), block.linear.bias.to(block.anchor.dtype), block.flat)


@quantized_form(FeedForward, "layers", "weight_only", "dynamic", "static", "qat", "float16", "bfloat16")
class LayeredNetwork(nn.Module):
    """``FeedForward`` of layers that are called one by one, whatever they are.

    Args:
        network: whose layers and activations these are.
    """

    def __init__(self, network: FeedForward) -> None:
        super().__init__()
        self.hidden = network.hidden
        self.output = network.output
        self.hidden_activation = network.hidden_activation
        self.output_activation = network.output_activation

    @classmethod
    def of(cls, block: FeedForward, mode: str, numbers: Numbers) -> "LayeredNetwork":
        return cls(block)

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.hidden:
            x = activate(layer(x), self.hidden_activation)
        return activate(self.output(x), self.output_activation)
