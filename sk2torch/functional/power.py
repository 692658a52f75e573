"""Box-Cox and Yeo-Johnson transforms and their inverses, in the forms that scipy and scikit-learn compute.

Powers that have a formula of their own are told by tensors, so that a power may be learned; branches that are not taken
get arguments whose values and slopes are finite.
"""

import torch
from torch import Tensor

from sk2torch.functional.rounding import round_to_single


def _expm1(x: Tensor) -> Tensor:
    """``exp(x) - 1``; in graphs ``(e - 1) + e (x - log(e))`` with ``e = exp(x)``, as ONNX Runtime only subtracts."""
    if torch.jit.is_scripting():
        return torch.expm1(x)
    else:
        if not torch.compiler.is_compiling():
            return torch.expm1(x)
        e = torch.exp(x)
        # What rounding has left out has no slope.
        rest = (e * (x - torch.log(e))).detach()
        return (e - 1.0) + torch.where(torch.abs(x) < 0.5, rest, 0.0)


def _log1p(x: Tensor) -> Tensor:
    """``log(1 + x)``; in graphs ``log(s) + (x - (s - 1)) / s`` with ``s = 1 + x``, as ONNX Runtime only adds."""
    if torch.jit.is_scripting():
        return torch.log1p(x)
    else:
        if not torch.compiler.is_compiling():
            return torch.log1p(x)
        s = 1.0 + x
        rest = ((x - (s - 1.0)) / s).detach()
        return torch.log(s) + torch.where(torch.abs(x) < 0.5, rest, 0.0)


def box_cox(x: Tensor, power: Tensor) -> Tensor:
    """``(x ** power - 1) / power``, ``log(x)`` for power 0; ``x`` above zero.

    Args:
        x: shape ``(n, n_features)``.
        power: shape ``(n_features,)``.
    """
    # The bounds are scipy's.
    is_log = torch.abs(power) < 1e-19
    safe = torch.where(is_log, 1.0, power)
    logarithm = torch.log(x)
    exponent = safe * logarithm
    is_large = exponent >= 709.78
    value = _expm1(torch.where(is_large, 0.0, exponent)) / safe
    # Dividing first keeps a result finite whose power overflows.
    divided = torch.where(is_large, exponent, 0.0) - torch.log(torch.abs(safe))
    large = torch.sign(safe) * torch.exp(divided) - 1.0 / safe
    return torch.where(is_log, logarithm, torch.where(is_large, large, value))


def inverse_box_cox(x: Tensor, power: Tensor) -> Tensor:
    """``(power x + 1) ** (1 / power)``, ``exp(x)`` for power 0; NaN below the range of the transform."""
    is_log = power == 0.0
    safe = torch.where(is_log, 1.0, power)
    product = safe * torch.where(is_log, 0.0, x)
    value = torch.exp(_log1p(product) / safe)
    return torch.where(is_log, torch.exp(torch.where(is_log, x, 0.0)), value)


def yeo_johnson(x: Tensor, power: Tensor, is_single: bool) -> Tensor:
    """``((x + 1) ** power - 1) / power`` from zero, ``-((1 - x) ** (2 - power) - 1) / (2 - power)`` below.

    Args:
        x: shape ``(n, n_features)``.
        power: shape ``(n_features,)``; powers 0 and 2 are logarithms.
        is_single: whether ``2 - power`` and ``1 / power`` are rounded to float32, which numpy does for a float32.
    """
    is_zero, is_two = _special_powers(power)
    above, below = torch.where(is_zero, 1.0, power), torch.where(is_two, 1.0, _complement(power, is_single))
    is_positive = x >= 0.0
    logarithm = _log1p(torch.where(is_positive, x, 0.0))
    positive = torch.where(is_zero, logarithm, _expm1(above * logarithm) / above)
    logarithm = _log1p(torch.where(is_positive, 0.0, -x))
    negative = torch.where(is_two, -logarithm, -_expm1(below * logarithm) / below)
    return torch.where(is_positive, positive, negative)


def inverse_yeo_johnson(x: Tensor, power: Tensor, is_single: bool) -> Tensor:
    """What ``yeo_johnson`` makes ``x`` of; NaN where it makes it of nothing."""
    is_zero, is_two = _special_powers(power)
    above, below = torch.where(is_zero, 1.0, power), torch.where(is_two, 1.0, _complement(power, is_single))
    is_positive = x >= 0.0
    inside = torch.where(is_positive, x, 0.0)
    base = torch.where(is_zero, 0.0, inside) * above + 1.0
    exponential = torch.exp(torch.where(is_zero, inside, 0.0)) - 1.0
    positive = torch.where(is_zero, exponential, torch.pow(base, _reciprocal(above, is_single)) - 1.0)
    inside = torch.where(is_positive, 0.0, x)
    base = -below * torch.where(is_two, 0.0, inside) + 1.0
    exponential = 1.0 - torch.exp(-torch.where(is_two, inside, 0.0))
    negative = torch.where(is_two, exponential, 1.0 - torch.pow(base, _reciprocal(below, is_single)))
    return torch.where(is_positive, positive, negative)


def _special_powers(power: Tensor) -> tuple[Tensor, Tensor]:
    # Within the precision of float64, as scipy and scikit-learn have it.
    epsilon = 2.220446049250313e-16
    return torch.abs(power) < epsilon, torch.abs(power - 2.0) <= epsilon


def _complement(power: Tensor, is_single: bool) -> Tensor:
    return round_to_single(2.0 - power) if is_single else 2.0 - power


def _reciprocal(power: Tensor, is_single: bool) -> Tensor:
    return round_to_single(1.0 / power) if is_single else 1.0 / power
