"""Smaller and faster models: matrices in few bits, trees over ranks of thresholds, ONNX files in int8."""

from sk2torch.quantization.onnx import quantize_onnx
from sk2torch.quantization.quantizing import MODES, Quantized, quantize
from sk2torch.quantization.report import MethodError, QuantizationReport

__all__ = ["MODES", "MethodError", "QuantizationReport", "Quantized", "quantize", "quantize_onnx"]
