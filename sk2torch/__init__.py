"""sk2torch: fitted scikit-learn models as PyTorch modules, exactly."""

import importlib
from typing import TYPE_CHECKING, Any

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
from sk2torch.softening import harden, set_temperature, soften
from sk2torch.unwrapping import unwrap
from sk2torch.verification import verify

if TYPE_CHECKING:
    from sk2torch.bridge import TorchTransformer as TorchTransformer
    from sk2torch.bridge import TunedClassifier as TunedClassifier
    from sk2torch.bridge import TunedRegressor as TunedRegressor
    from sk2torch.bridge import TunedTransformer as TunedTransformer
    from sk2torch.bridge import as_estimator as as_estimator

__version__ = "0.1.0"

# What imports scikit-learn is loaded when it is asked for, hence not by `from sk2torch import *`.
_OF_BRIDGE = ("TorchTransformer", "TunedClassifier", "TunedRegressor", "TunedTransformer", "as_estimator")

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
    "harden",
    "load",
    "method_module",
    "quantize",
    "quantize_onnx",
    "register",
    "save",
    "set_temperature",
    "set_workspace",
    "soften",
    "supported_classes",
    "unwrap",
    "verify",
    "wrap",
]


def __getattr__(name: str) -> Any:
    if name not in _OF_BRIDGE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        importlib.import_module("sklearn")
    except ImportError as error:
        raise MissingDependency(
            f"sk2torch.{name} needs scikit-learn; install sk2torch with its extra: sk2torch[sklearn]."
        ) from error
    return getattr(importlib.import_module("sk2torch.bridge"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_OF_BRIDGE})
