"""Gradients of reductions over pairs of rows for GPUs, in Triton: kernels are computed again, tile by tile.

One program goes through the stored rows for some queries, another through the queries for some stored rows, so that
no two programs add to one number. For products and squared distances, and up to 64 weights; the other statistics
have gradients in plain torch, in tiles as well.
"""

import torch
import triton
import triton.language as tl
from torch import Tensor

from sk2torch.ops.pairwise.triton_kernel import (
    INTERPRETED,
    applies,
    centered,
    feature_block,
    group_starts,
    precision_of,
)
from sk2torch.ops.pairwise.triton_tiles import tile_link, tile_slopes, tile_statistic

_MOST_WEIGHTS = 64


@triton.jit
def _pair_slope(
    kernel, grad, weights, level, rows, columns, has_row, has_column, group, n_groups, n_weights, m,
    LOGARITHMIC: tl.constexpr, PRECISION: tl.constexpr, BR: tl.constexpr,
):  # fmt: skip
    """The gradient with respect to the kernel of each pair."""
    if LOGARITHMIC:
        offset = tl.load(weights + columns, mask=has_column, other=float("-inf"))
        base = tl.load(level + rows, mask=has_row, other=0.0)
        given = tl.load(grad + rows, mask=has_row, other=0.0)
        slope = tl.exp(kernel + offset[None, :] - base[:, None]) * given[:, None]
    else:
        weight = tl.arange(0, BR)
        has_weight = weight < n_weights
        at = grad + (rows[:, None] * n_groups + group) * n_weights + weight[None, :]
        given = tl.load(at, mask=has_row[:, None] & has_weight[None, :], other=0.0)
        at = weights + weight[:, None] * m + columns[None, :]
        factor = tl.load(at, mask=has_weight[:, None] & has_column[None, :], other=0.0)
        slope = tl.dot(given, factor, input_precision=PRECISION, out_dtype=kernel.dtype)
    return tl.where(has_row[:, None] & has_column[None, :], slope, 0.0)


@triton.jit
def _query_program(
    x, y, weights, level, grad, starts, gamma_at, coef0_at, by_x, by_gamma, by_coef0,
    n, m, n_features, n_weights, n_groups,
    STATISTIC: tl.constexpr, LINK: tl.constexpr, DEGREE: tl.constexpr, PRECISION: tl.constexpr,
    LOGARITHMIC: tl.constexpr, BK: tl.constexpr, BR: tl.constexpr, BD: tl.constexpr,
    BM: tl.constexpr, BN: tl.constexpr,
):  # fmt: skip
    """Gradients of ``BM`` queries and ``BD`` features, and their part of the parameters' gradients."""
    real = x.dtype.element_ty
    rows = tl.program_id(0).to(tl.int64) * BM + tl.arange(0, BM)
    feature = tl.program_id(1) * BD + tl.arange(0, BD)
    has_row, has_feature = rows < n, feature < n_features
    gamma, coef0 = tl.load(gamma_at), tl.load(coef0_at)
    total = tl.zeros((BM, BD), dtype=real)
    mass = tl.zeros((BM,), dtype=real)
    gamma_total = tl.zeros((BM,), dtype=real)
    coef0_total = tl.zeros((BM,), dtype=real)
    for group in range(n_groups):
        start, stop = tl.load(starts + group), tl.load(starts + group + 1)
        for first in range(start, stop, BN):
            columns = first + tl.arange(0, BN).to(tl.int64)
            has_column = columns < stop
            s = tile_statistic(x, y, rows, columns, has_row, has_column, n_features, STATISTIC, PRECISION, BM, BN, BK)
            kernel = tile_link(s, gamma, coef0, LINK, DEGREE)
            slope = _pair_slope(
                kernel, grad, weights, level, rows, columns, has_row, has_column, group, n_groups, n_weights, m,
                LOGARITHMIC, PRECISION, BR,
            )  # fmt: skip
            by_statistic, gamma_part, coef0_part = tile_slopes(s, kernel, slope, gamma, coef0, LINK, DEGREE)
            gamma_total += tl.sum(gamma_part, 1)
            coef0_total += tl.sum(coef0_part, 1)
            mass += tl.sum(by_statistic, 1)
            at = y + columns[:, None] * n_features + feature[None, :]
            stored = tl.load(at, mask=has_column[:, None] & has_feature[None, :], other=0.0)
            total = tl.dot(by_statistic, stored, total, input_precision=PRECISION, out_dtype=real)
    at = rows[:, None] * n_features + feature[None, :]
    inside = has_row[:, None] & has_feature[None, :]
    if STATISTIC != "dot":
        total = 2.0 * (tl.load(x + at, mask=inside, other=0.0) * mass[:, None] - total)
    tl.store(by_x + at, total, mask=inside)
    if tl.program_id(1) == 0:
        tl.store(by_gamma + rows, gamma_total, mask=has_row)
        tl.store(by_coef0 + rows, coef0_total, mask=has_row)


@triton.jit
def _stored_program(
    x, y, weights, level, grad, starts, gamma_at, coef0_at, by_y, by_weights,
    n, m, n_features, n_weights, n_groups,
    STATISTIC: tl.constexpr, LINK: tl.constexpr, DEGREE: tl.constexpr, PRECISION: tl.constexpr,
    LOGARITHMIC: tl.constexpr, BK: tl.constexpr, BR: tl.constexpr, BD: tl.constexpr,
    BM: tl.constexpr, BN: tl.constexpr,
):  # fmt: skip
    """Gradients of ``BN`` stored rows of one group, ``BD`` of their features, and their weights."""
    real = x.dtype.element_ty
    group = tl.program_id(2)
    start, stop = tl.load(starts + group), tl.load(starts + group + 1)
    columns = start + tl.program_id(0).to(tl.int64) * BN + tl.arange(0, BN)
    feature = tl.program_id(1) * BD + tl.arange(0, BD)
    has_column, has_feature = columns < stop, feature < n_features
    gamma, coef0 = tl.load(gamma_at), tl.load(coef0_at)
    weight = tl.arange(0, BR)
    has_weight = weight < n_weights
    total = tl.zeros((BN, BD), dtype=real)
    mass = tl.zeros((BN,), dtype=real)
    weight_total = tl.zeros((BN, BR), dtype=real)
    offset_total = tl.zeros((BN,), dtype=real)
    for first in range(0, n, BM):
        rows = first + tl.arange(0, BM).to(tl.int64)
        has_row = rows < n
        s = tile_statistic(x, y, rows, columns, has_row, has_column, n_features, STATISTIC, PRECISION, BM, BN, BK)
        kernel = tile_link(s, gamma, coef0, LINK, DEGREE)
        slope = _pair_slope(
            kernel, grad, weights, level, rows, columns, has_row, has_column, group, n_groups, n_weights, m,
            LOGARITHMIC, PRECISION, BR,
        )  # fmt: skip
        if LOGARITHMIC:
            offset_total += tl.sum(slope, 0)
        else:
            at = grad + (rows[:, None] * n_groups + group) * n_weights + weight[None, :]
            given = tl.load(at, mask=has_row[:, None] & has_weight[None, :], other=0.0)
            shown = tl.where(has_row[:, None] & has_column[None, :], kernel, 0.0)
            weight_total = tl.dot(tl.trans(shown), given, weight_total, input_precision=PRECISION, out_dtype=real)
        by_statistic, _, _ = tile_slopes(s, kernel, slope, gamma, coef0, LINK, DEGREE)
        mass += tl.sum(by_statistic, 0)
        at = x + rows[:, None] * n_features + feature[None, :]
        query = tl.load(at, mask=has_row[:, None] & has_feature[None, :], other=0.0)
        total = tl.dot(tl.trans(by_statistic), query, total, input_precision=PRECISION, out_dtype=real)
    at = columns[:, None] * n_features + feature[None, :]
    inside = has_column[:, None] & has_feature[None, :]
    if STATISTIC != "dot":
        total = 2.0 * (tl.load(y + at, mask=inside, other=0.0) * mass[:, None] - total)
    tl.store(by_y + at, total, mask=inside)
    if tl.program_id(1) == 0:
        if LOGARITHMIC:
            tl.store(by_weights + columns, offset_total, mask=has_column)
        else:
            at = by_weights + weight[None, :] * m + columns[:, None]
            tl.store(at, weight_total, mask=has_column[:, None] & has_weight[None, :])


def triton_gradients(
    is_logarithmic: bool,
    grad: Tensor,
    out: Tensor,
    x: Tensor,
    y: Tensor,
    weights: Tensor,
    sizes: list[int],
    statistic: str,
    link: str,
    gamma: Tensor,
    coef0: Tensor,
    degree: float,
    needs: list[bool],
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor] | None:
    """Of ``weighted_sum`` or ``log_sum``: with respect to ``x``, ``y``, weights or offsets, ``gamma`` and ``coef0``."""
    n_weights = 1 if is_logarithmic else weights.shape[0]
    fused = statistic in ("dot", "squared_distance", "direct_squared_distance")
    if not (fused and n_weights <= _MOST_WEIGHTS and applies(x, y, link, degree)):
        return None
    left, right = centered(x, y, statistic)
    # Where no row is in reach there is no slope.
    level = torch.where(out == -torch.inf, 0.0, out).contiguous()
    pairs = (left, right, weights.detach().contiguous(), level, grad.contiguous(), group_starts(sizes, x.device))
    counts = (x.shape[0], y.shape[0], x.shape[1], n_weights, len(sizes))
    # Small tiles: two of them, and sums of rows, live at a time.
    rows, columns = (16, 16) if INTERPRETED else (32, 32)
    block = 16 if INTERPRETED else min(64, max(16, triton.next_power_of_2(x.shape[1])))
    settings = {
        "STATISTIC": statistic,
        "LINK": link,
        "DEGREE": int(degree) if link == "power" else 1,
        "PRECISION": precision_of(x),
        "LOGARITHMIC": is_logarithmic,
        "BK": feature_block(x),
        "BR": max(16, triton.next_power_of_2(n_weights)),
        "BD": block,
        "BM": rows,
        "BN": columns,
    }
    by_x, by_y, by_weights = x.new_empty(0), y.new_empty(0), weights.new_empty(0)
    by_gamma, by_coef0 = gamma.new_empty(0), coef0.new_empty(0)
    n_blocks = triton.cdiv(x.shape[1], block)
    if needs[0] or needs[3] or needs[4]:
        by_x = torch.empty_like(left)
        gamma_parts, coef0_parts = x.new_empty(x.shape[0]), x.new_empty(x.shape[0])
        grid = (triton.cdiv(x.shape[0], rows), n_blocks)
        _query_program[grid](*pairs, gamma, coef0, by_x, gamma_parts, coef0_parts, *counts, **settings)
        by_gamma, by_coef0 = gamma_parts.sum(), coef0_parts.sum()
    if needs[1] or needs[2]:
        by_y, by_weights = torch.empty_like(right), torch.empty_like(pairs[2])
        grid = (triton.cdiv(max(sizes), columns), n_blocks, len(sizes))
        _stored_program[grid](*pairs, gamma, coef0, by_y, by_weights, *counts, **settings)
    found = (by_x, by_y, by_weights, by_gamma, by_coef0)
    return tuple(g if needed else g.new_empty(0) for g, needed in zip(found, needs, strict=True))
