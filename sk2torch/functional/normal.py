"""The normal distribution function and its inverse.

ONNX Runtime has no float64 kernel of the error function, and ONNX no inverse of it. Exported graphs use Chebyshev
interpolants, computed in 40 digits and written as polynomials on ``[-1, 1]``, ascending; relative error below 1e-14.
"""

import torch
from torch import Tensor

# exp(z * z) erfc(z) (1 + 2 z) of t = (z - 3.75) / (z + 3.75).
_SCALED_ERFC = [
    1.2375126308378275,
    -0.14024059858554522,
    0.0035854154854663067,
    0.08227673848999159,
    -0.10880393014193915,
    0.09230432116435616,
    -0.058693398584491845,
    0.028362277371370044,
    -0.009746579620815094,
    0.0017556261692276928,
    0.0002937140877722976,
    -0.0002901553656395485,
    5.1647371238641027e-05,
    2.2387592725526454e-05,
    -1.1439615259896768e-05,
    -9.792975293595874e-07,
    1.7438577408755466e-06,
    -5.0816911581623557e-08,
    -2.499653801434402e-07,
    1.8778501043020253e-08,
    3.2564990724271494e-08,
    -1.952790139114326e-09,
    -2.7293941093371203e-09,
]
# quantile(p) / (p - 1/2) of t = w / 2 - 1, with w = -log(4 p (1 - p)) below 4.
_CENTRE = [
    3.895352860861574,
    1.4129015617790084,
    -0.02226700231587451,
    -0.03828894678501392,
    0.009772228807323946,
    0.000686203603262142,
    -0.0008823734499339021,
    0.00011474561424485715,
    5.00063427752948e-05,
    -1.8675613494854757e-05,
    -7.424286266933747e-07,
    1.7029305083083938e-06,
    -2.4596106285324705e-07,
    -1.0092042845459014e-07,
    3.91125781252019e-08,
    2.113965856189555e-09,
    -3.597010693631086e-09,
    2.1249748296990308e-10,
    1.9380740520614827e-10,
]
# The same of t = (sqrt(w) - 3.25) / 1.25, with sqrt(w) from 2 to 4.5.
_TAIL = [
    8.72254571033066,
    3.554127164525732,
    0.02373631313740864,
    -0.02072269511489336,
    0.017204253934182123,
    -0.014572644802205147,
    0.010285604075520356,
    -0.004788394949630434,
    0.0004051430422730694,
    0.0014390660289528435,
    -0.0012465276187775074,
    0.000410336328746927,
    0.00012078764552815734,
    -0.00020478108889017486,
    9.499104808907875e-05,
    -2.6401834885665015e-06,
    -2.3992234186568578e-05,
    1.6741801723518856e-05,
    -4.330336837829906e-06,
    -2.716562359236598e-06,
    2.8726975988209354e-06,
    -4.3820261071401387e-07,
    -4.389170100957717e-07,
    1.3837471760784098e-07,
    9.851441628183392e-09,
]
# The same over sqrt(w), of 1 / sqrt(w) between 1 / 27.3 and 1 / 4.5, scaled to [-1, 1].
_FAR_TAIL = [
    2.782666954807084,
    -0.048765188765552504,
    -0.00544721568096441,
    0.0028289084905361254,
    -0.0005402414048824102,
    0.00014325676049260666,
    -5.302433750139144e-05,
    2.2056937082343085e-05,
    -9.883747231355876e-06,
    4.755128623519068e-06,
    -2.390307568470743e-06,
    1.1002785042769942e-06,
    -5.776822183166021e-07,
    6.989205005518863e-07,
    -4.186099860988813e-07,
    -4.1059952954520607e-07,
    2.669989427188666e-07,
    5.678644008411181e-07,
    -3.5548858051471333e-07,
    -2.8950238603568875e-07,
    1.8281922861711453e-07,
    8.777589827718643e-08,
    -5.558563473612702e-08,
]


def _polynomial(t: Tensor, coefficients: list[float]) -> Tensor:
    value = torch.full_like(t, coefficients[-1])
    for coefficient in reversed(coefficients[:-1]):
        value = value * t + coefficient
    return value


def normal_probability(x: Tensor) -> Tensor:
    """``P(Z <= x)`` of a standard normal ``Z``; of any shape."""
    # Not torch.special.ndtr, which loses the lower tail.
    if torch.jit.is_scripting():
        return 0.5 * torch.erfc(x * -0.7071067811865476)
    else:
        return _probability(x) if torch.compiler.is_exporting() else 0.5 * torch.erfc(x * -0.7071067811865476)


def normal_quantile(p: Tensor, has_tails: bool = True) -> Tensor:
    """``x`` with ``P(Z <= x) = p``; infinite for 0 and 1, NaN outside of them; of any shape.

    Args:
        p: the probabilities.
        has_tails: whether some may be within 4e-10 of 0 or 1; graphs that are exported are shorter without.
    """
    if torch.jit.is_scripting():
        return torch.special.ndtri(p)
    else:
        return _quantile(p, has_tails) if torch.compiler.is_exporting() else torch.special.ndtri(p)


def _probability(x: Tensor) -> Tensor:
    # Not abs, which has slope 0 at 0.
    size = torch.where(x < 0.0, -x, x)
    z = torch.clamp(size * 0.7071067811865476, max=40.0)
    upper = 0.5 * torch.exp(-z * z) * _polynomial((z - 3.75) / (z + 3.75), _SCALED_ERFC) / (1.0 + 2.0 * z)
    return torch.where(x < 0.0, upper, 1.0 - upper)


def _quantile(p: Tensor, has_tails: bool) -> Tensor:
    smaller = torch.minimum(p, 1.0 - p)
    w = -torch.log(4.0 * smaller * (1.0 - smaller))
    is_central, is_far = w < 4.0, w > 20.25
    centre = _polynomial(torch.where(is_central, w, 0.0) * 0.5 - 1.0, _CENTRE)
    # Branches that are not taken get an argument of their range: their gradients stay finite.
    root = torch.sqrt(torch.where(is_central | is_far, 9.0, w))
    tail = _polynomial((root - 3.25) / 1.25, _TAIL)
    if not has_tails:
        value = (p - 0.5) * torch.where(is_central, centre, tail)
        return torch.where((p > 0.0) & (p < 1.0), value, float("nan"))
    far_root = torch.sqrt(torch.where(is_far & (smaller > 0.0), w, 100.0))
    low, high = 1.0 / 27.3, 1.0 / 4.5
    far = far_root * _polynomial((2.0 / far_root - (low + high)) / (high - low), _FAR_TAIL)
    ratio = torch.where(is_central, centre, torch.where(is_far, far, tail))
    value = (p - 0.5) * ratio
    value = torch.where(p == 0.0, float("-inf"), torch.where(p == 1.0, float("inf"), value))
    return torch.where((p >= 0.0) & (p <= 1.0), value, float("nan"))
