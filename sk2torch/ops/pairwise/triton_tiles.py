"""What Triton programs share: one tile of a statistic, its link, and the slopes of both."""

import triton
import triton.language as tl


@triton.jit
def tile_statistic(
    x, y, rows, columns, has_row, has_column, n_features,
    STATISTIC: tl.constexpr, PRECISION: tl.constexpr, BM: tl.constexpr, BN: tl.constexpr, BK: tl.constexpr,
):  # fmt: skip
    """The statistic of ``BM`` rows of ``x`` and ``BN`` rows of ``y``."""
    real = x.dtype.element_ty
    total = tl.zeros((BM, BN), dtype=real)
    if STATISTIC == "dot" or STATISTIC == "squared_distance":
        left_square = tl.zeros((BM,), dtype=real)
        right_square = tl.zeros((BN,), dtype=real)
        for first in range(0, n_features, BK):
            feature = first + tl.arange(0, BK)
            inside = feature < n_features
            left_at = x + rows[:, None] * n_features + feature[None, :]
            left = tl.load(left_at, mask=has_row[:, None] & inside[None, :], other=0.0)
            right_at = y + columns[None, :] * n_features + feature[:, None]
            right = tl.load(right_at, mask=has_column[None, :] & inside[:, None], other=0.0)
            total = tl.dot(left, right, total, input_precision=PRECISION, out_dtype=real)
            if STATISTIC == "squared_distance":
                left_square += tl.sum(left * left, 1)
                right_square += tl.sum(right * right, 0)
        if STATISTIC == "squared_distance":
            total = tl.maximum(left_square[:, None] + right_square[None, :] - 2.0 * total, 0.0)
    else:
        for feature in range(n_features):
            left = tl.load(x + rows * n_features + feature, mask=has_row, other=0.0)
            right = tl.load(y + columns * n_features + feature, mask=has_column, other=0.0)
            difference = left[:, None] - right[None, :]
            if STATISTIC == "direct_squared_distance":
                total += difference * difference
            elif STATISTIC == "manhattan":
                total += tl.abs(difference)
            else:
                both = left[:, None] + right[None, :]
                total += difference * difference / tl.where(both == 0.0, 1.0, both)
    return total


@triton.jit
def tile_link(s, gamma, coef0, LINK: tl.constexpr, DEGREE: tl.constexpr):
    """The kernel of a tile from its statistic."""
    kernel = s
    if LINK == "negation":
        kernel = -s
    elif LINK == "scaled":
        kernel = -gamma * s
    elif LINK == "exponential":
        kernel = tl.exp(-gamma * s)
    elif LINK == "power":
        kernel = whole_power(gamma * s + coef0, DEGREE)
    elif LINK == "tanh":
        z = gamma * s + coef0
        decay = tl.exp(-2.0 * tl.abs(z))
        size = (1.0 - decay) / (1.0 + decay)
        kernel = tl.where(z < 0.0, -size, size)
    elif LINK == "root":
        kernel = tl.sqrt(s)
    elif LINK == "scaled_root":
        kernel = -gamma * tl.sqrt(s)
    elif LINK == "matern_1":
        kernel = tl.exp(-gamma * tl.sqrt(s))
    elif LINK == "matern_3":
        z = gamma * tl.sqrt(s)
        kernel = (1.0 + z) * tl.exp(-z)
    elif LINK == "matern_5":
        z = gamma * tl.sqrt(s)
        kernel = (1.0 + z + z * z / 3.0) * tl.exp(-z)
    return kernel


@triton.jit
def whole_power(x, DEGREE: tl.constexpr):
    """``x ** DEGREE`` for a whole number from 0."""
    result = x * 0.0 + 1.0
    for _ in tl.static_range(DEGREE):  # pyright: ignore[reportGeneralTypeIssues]
        result = result * x
    return result


@triton.jit
def tile_slopes(s, kernel, slope, gamma, coef0, LINK: tl.constexpr, DEGREE: tl.constexpr):
    """``slope`` times the derivatives of the link by the statistic, ``gamma`` and ``coef0``."""
    nothing = s * 0.0
    by_statistic = slope
    by_gamma = nothing
    by_coef0 = nothing
    if LINK == "negation":
        by_statistic = -slope
    elif LINK == "scaled":
        by_statistic = -gamma * slope
        by_gamma = -s * slope
    elif LINK == "exponential":
        by_statistic = -gamma * kernel * slope
        by_gamma = -s * kernel * slope
    elif LINK == "power" or LINK == "tanh":
        if LINK == "tanh":
            by_coef0 = (1.0 - kernel * kernel) * slope
        elif DEGREE == 0:
            by_coef0 = nothing
        else:
            by_coef0 = DEGREE * whole_power(gamma * s + coef0, DEGREE - 1) * slope
        by_statistic = gamma * by_coef0
        by_gamma = s * by_coef0
    elif LINK != "identity":
        root = tl.sqrt(s)
        # The slope of the root is 0 at 0.
        half_inverse = tl.where(s == 0.0, 0.0, 0.5 / tl.where(s == 0.0, 1.0, root))
        z = gamma * root
        if LINK == "root":
            by_statistic = half_inverse * slope
        elif LINK == "scaled_root":
            by_statistic = -gamma * half_inverse * slope
            by_gamma = -root * slope
        elif LINK == "matern_1":
            by_statistic = -gamma * half_inverse * kernel * slope
            by_gamma = -root * kernel * slope
        elif LINK == "matern_3":
            outer = tl.exp(-z) * slope
            by_statistic = -0.5 * gamma * gamma * outer
            by_gamma = -z * root * outer
        else:
            outer = (1.0 + z) / 3.0 * tl.exp(-z) * slope
            by_statistic = -0.5 * gamma * gamma * outer
            by_gamma = -z * root * outer
    return by_statistic, by_gamma, by_coef0
