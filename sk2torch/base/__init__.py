"""What every converter builds on: the base module, the registry, columns, labels, errors."""

from sk2torch.base import read, write
from sk2torch.base.classifier import TorchClassifier
from sk2torch.base.columns import Column, tensor_positions, tensor_width
from sk2torch.base.computed import (
    Columns,
    FilledColumn,
    Numbers,
    computed_columns,
    followed_columns,
    joined_columns,
    refuse_integers,
    refuse_narrow,
    weighted_columns,
)
from sk2torch.base.encoding import InputEncoding
from sk2torch.base.errors import (
    ArtifactError,
    CannotUnwrap,
    InputError,
    MissingDependency,
    Sk2TorchError,
    UnsupportedEstimator,
    UnsupportedParameter,
)
from sk2torch.base.identity import TorchIdentity, wrap_step
from sk2torch.base.labels import ClassLabels
from sk2torch.base.module import ANY_WIDTH, TorchEstimator
from sk2torch.base.registry import (
    refuse,
    refused_classes,
    register,
    registry,
    step_columns,
    supported_classes,
    wrap,
    wrap_child,
)
from sk2torch.base.surface import METHODS, Method, method_module, methods_of, sklearn_has, sklearn_result

__all__ = [
    "ANY_WIDTH",
    "METHODS",
    "ArtifactError",
    "CannotUnwrap",
    "ClassLabels",
    "Column",
    "Columns",
    "FilledColumn",
    "InputEncoding",
    "InputError",
    "Method",
    "MissingDependency",
    "Numbers",
    "Sk2TorchError",
    "TorchClassifier",
    "TorchEstimator",
    "TorchIdentity",
    "UnsupportedEstimator",
    "UnsupportedParameter",
    "computed_columns",
    "followed_columns",
    "joined_columns",
    "method_module",
    "methods_of",
    "read",
    "refuse",
    "refuse_integers",
    "refuse_narrow",
    "refused_classes",
    "register",
    "registry",
    "sklearn_has",
    "sklearn_result",
    "step_columns",
    "supported_classes",
    "tensor_positions",
    "tensor_width",
    "weighted_columns",
    "wrap",
    "wrap_child",
    "wrap_step",
    "write",
]
