"""sk2torch: fitted scikit-learn models as PyTorch modules, exactly."""

from sk2torch.base import (
    ArtifactError,
    CannotUnwrap,
    InputError,
    MissingDependency,
    Sk2TorchError,
    TorchClassifier,
    TorchEstimator,
    UnsupportedEstimator,
    UnsupportedParameter,
    method_module,
    register,
    supported_classes,
    wrap,
)
from sk2torch.compiling import compile
from sk2torch.export import export
from sk2torch.ops.workspace import set_workspace
from sk2torch.predictor import Predictor
from sk2torch.quantization import quantize, quantize_onnx
from sk2torch.saving import load, save
from sk2torch.unwrapping import unwrap
from sk2torch.verification import verify

__version__ = "0.1.0"

__all__ = [
    "ArtifactError",
    "CannotUnwrap",
    "InputError",
    "MissingDependency",
    "Predictor",
    "Sk2TorchError",
    "TorchClassifier",
    "TorchEstimator",
    "UnsupportedEstimator",
    "UnsupportedParameter",
    "compile",
    "export",
    "load",
    "method_module",
    "quantize",
    "quantize_onnx",
    "register",
    "save",
    "set_workspace",
    "supported_classes",
    "unwrap",
    "verify",
    "wrap",
]
