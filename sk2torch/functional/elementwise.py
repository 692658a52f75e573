"""Functions of one number that torch or ONNX Runtime lacks, or has with other values.

ONNX Runtime has no float64 kernel of most trigonometric and hyperbolic functions, and the exporter
writes the constants of others in float32: their graphs use formulas of basic functions instead.
"""

import torch
from torch import Tensor


def sign(x: Tensor) -> Tensor:
    """-1, 0 or 1, and NaN for NaN (where ``torch.sign`` has 0)."""
    return torch.where(torch.isnan(x), float("nan"), torch.sign(x))


def cube_root(x: Tensor) -> Tensor:
    """``x ** (1 / 3)``, of the sign of ``x``."""
    return torch.sign(x) * torch.abs(x) ** (1.0 / 3.0)


def power_of_two(x: Tensor) -> Tensor:
    """``2 ** x``."""
    return torch.pow(2.0, x)


def power_of_ten(x: Tensor) -> Tensor:
    """``10 ** x``."""
    return torch.pow(10.0, x)


def logit(x: Tensor) -> Tensor:
    """``log(x / (1 - x))``."""
    return torch.log(x / (1.0 - x))


def is_nan(x: Tensor) -> Tensor:
    """1 for NaN, else 0."""
    return torch.isnan(x).to(x.dtype)


def is_infinite(x: Tensor) -> Tensor:
    """1 for an infinity of either sign, else 0."""
    return torch.isinf(x).to(x.dtype)


def is_finite(x: Tensor) -> Tensor:
    """0 for NaN and infinities, else 1."""
    return torch.isfinite(x).to(x.dtype)


def log2(x: Tensor) -> Tensor:
    """Logarithm to base 2; in graphs ``log(x) / log(2)``."""
    if torch.jit.is_scripting():
        return torch.log2(x)
    else:
        graph = torch.compiler.is_compiling()
        return torch.log(x) / torch.log(torch.full_like(x, 2.0)) if graph else torch.log2(x)


def log10(x: Tensor) -> Tensor:
    """Logarithm to base 10; in graphs ``log(x) / log(10)``."""
    if torch.jit.is_scripting():
        return torch.log10(x)
    else:
        graph = torch.compiler.is_compiling()
        return torch.log(x) / torch.log(torch.full_like(x, 10.0)) if graph else torch.log10(x)


def tan(x: Tensor) -> Tensor:
    """Tangent; in graphs ``sin(x) / cos(x)``."""
    if torch.jit.is_scripting():
        return torch.tan(x)
    else:
        return torch.sin(x) / torch.cos(x) if torch.compiler.is_compiling() else torch.tan(x)


def sinh(x: Tensor) -> Tensor:
    """Hyperbolic sine; in graphs ``sinh(x) = tanh(x) cosh(x)``."""
    if torch.jit.is_scripting():
        return torch.sinh(x)
    else:
        return torch.tanh(x) * cosh(x) if torch.compiler.is_compiling() else torch.sinh(x)


def cosh(x: Tensor) -> Tensor:
    """Hyperbolic cosine; in graphs ``exp(|x| - log 2) + exp(-|x| - log 2)``, which overflows as late as it."""
    if torch.jit.is_scripting():
        return torch.cosh(x)
    else:
        if not torch.compiler.is_compiling():
            return torch.cosh(x)
        size = torch.abs(x)
        log_two = torch.log(torch.full_like(x, 2.0))
        return torch.exp(size - log_two) + torch.exp(-size - log_two)


def asinh(x: Tensor) -> Tensor:
    """Inverse hyperbolic sine; in graphs ``sign(x) log1p(|x| + |x| r)``, ``r = |x| / (1 + sqrt(1 + x * x))``."""
    if torch.jit.is_scripting():
        return torch.asinh(x)
    else:
        if not torch.compiler.is_compiling():
            return torch.asinh(x)
        size = torch.abs(x)
        # sqrt(1 + x * x) without overflow.
        large = torch.clamp(size, min=1.0)
        root = large * torch.sqrt((1.0 / large) ** 2 + (size / large) ** 2)
        return torch.sign(x) * torch.log1p(size + size * (size / (1.0 + root)))


def acosh(x: Tensor) -> Tensor:
    """Inverse hyperbolic cosine; in graphs ``log(x) + log(1 + sqrt(1 - 1 / x) sqrt(1 + 1 / x))``."""
    if torch.jit.is_scripting():
        return torch.acosh(x)
    else:
        if not torch.compiler.is_compiling():
            return torch.acosh(x)
        inverse = 1.0 / x
        return torch.log(x) + torch.log1p(torch.sqrt(1.0 - inverse) * torch.sqrt(1.0 + inverse))


def atanh(x: Tensor) -> Tensor:
    """Inverse hyperbolic tangent; in graphs ``(log1p(x) - log1p(-x)) / 2``."""
    if torch.jit.is_scripting():
        return torch.atanh(x)
    else:
        return 0.5 * (torch.log1p(x) - torch.log1p(-x)) if torch.compiler.is_compiling() else torch.atanh(x)
