"""Scales of matrices and inputs, as torchao chooses them."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from sk2torch.base import UnsupportedParameter
from sk2torch.blocks.quantized.forms import Int8Input, Int8Matrix
from sk2torch.export.quiet import quiet_torch
from sk2torch.quantization.packages import quiet_torchao, torchao

_LARGEST = torch.finfo(torch.float32).max


def _linear(weight: Tensor, bias: Tensor | None, dtype: torch.dtype) -> nn.Linear:
    linear = nn.Linear(weight.shape[1], weight.shape[0], bias is not None, device=weight.device, dtype=dtype)
    with torch.no_grad():
        linear.weight.copy_(weight)
        if bias is not None:
            linear.bias.copy_(bias)
    return linear


def _require_single(matrix: Tensor) -> None:
    if not bool((matrix.abs() <= _LARGEST).all()):
        raise UnsupportedParameter(
            "quantize: the model has weights that are not finite in float32, which no scale of int8 stands for; "
            "scale its input before fitting."
        )


class TorchaoNumbers:
    """Implements ``Numbers``.

    Args:
        inputs: of the blocks in calibration, by their ``id``, in float32.
        leaf_dtype: of the values of leaves; None to keep them as they are.
    """

    def __init__(self, inputs: Mapping[int, Tensor], leaf_dtype: torch.dtype | None = None) -> None:
        self.inputs = inputs
        self.leaf_dtype = leaf_dtype

    def int8(self, matrix: Tensor) -> Int8Matrix:
        """``Int8WeightOnlyConfig`` of a linear map with these weights."""
        _require_single(matrix)
        layers = nn.Sequential(_linear(matrix.detach(), None, torch.float32))
        with quiet_torchao():
            ao = torchao()
            ao.quantize_(layers, ao.Int8WeightOnlyConfig())
        weight: Any = layers[0].weight
        return Int8Matrix(weight.qdata.contiguous(), weight.scale.reshape(-1).to(matrix.dtype))

    def calibrated(self, block: nn.Module, weight: Tensor, bias: Tensor) -> tuple[Int8Matrix, Int8Input] | None:
        """What ``convert_pt2e`` makes of a linear map that ``X86InductorQuantizer`` has annotated."""
        x = self.inputs.get(id(block))
        if x is None or not len(x):
            return None
        _require_single(weight)
        linear = _linear(weight.detach(), bias.detach(), torch.float32).eval()
        with quiet_torch(), quiet_torchao(), torch.no_grad():
            steps = torchao("torchao.quantization.pt2e.quantize_pt2e")
            inductor = torchao("torchao.quantization.pt2e.quantizer.x86_inductor_quantizer")
            quantizer = inductor.X86InductorQuantizer()
            quantizer.set_global(inductor.get_default_x86_inductor_quantization_config())
            rows = {0: torch.export.Dim("rows")}
            program = torch.export.export(linear, (x.new_zeros(2, x.shape[1]),), dynamic_shapes=(rows,))
            prepared = steps.prepare_pt2e(program.module(), quantizer)
            prepared(x)
            converted = steps.convert_pt2e(prepared)
        return _read(converted, weight.dtype)

    def fake_quantized(self, weight: Tensor, bias: Tensor) -> nn.Module:
        """``QATConfig``'s linear map: int8 rows of the input, int8 rows of the weights, both symmetric."""
        layers = nn.Sequential(_linear(weight.detach(), bias.detach(), torch.float32))
        with quiet_torchao():
            ao, qat = torchao(), torchao("torchao.quantization.qat")
            # Whole rows are the groups: its setting for rows has no symmetric form.
            rows = qat.IntxFakeQuantizeConfig(torch.int8, group_size=weight.shape[1])
            columns = qat.IntxFakeQuantizeConfig(torch.int8, "per_channel")
            ao.quantize_(layers, qat.QATConfig(activation_config=rows, weight_config=columns, step="prepare"))
        return layers[0]


def _read(converted: torch.fx.GraphModule, dtype: torch.dtype) -> tuple[Int8Matrix, Int8Input]:
    """Scales, zero and weights out of the graph of one quantized linear map."""
    operators = torch.ops.quantized_decomposed
    calls = {node.target: node.args for node in converted.graph.nodes if node.op == "call_function"}
    _, scale, zero_point, lowest, *_ = calls[operators.quantize_per_tensor.default]
    values, scales, *_ = calls[operators.dequantize_per_channel.default]
    weight = Int8Matrix(getattr(converted, values.target), getattr(converted, scales.target).to(dtype))
    # Integers from 0 to 255, moved to -128 to 127.
    return weight, Int8Input(float(scale), int(zero_point) - int(lowest) - 128)
