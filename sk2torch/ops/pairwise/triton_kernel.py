"""Reductions over pairs of rows for GPUs, in Triton: the matrix of all pairs is never written.

A program has some queries and goes through the stored rows tile by tile. float64 is computed as such; products of
float32 are IEEE's where ``torch.get_float32_matmul_precision()`` is ``"highest"``, else three TF32 products. Each
function returns None where these programs do not apply.
"""

import os

import torch
import triton
import triton.language as tl
from torch import Tensor

from sk2torch.ops.pairwise.triton_tiles import tile_link, tile_statistic

INTERPRETED = os.environ.get("TRITON_INTERPRET", "0") == "1"
_LARGEST_DEGREE = 16
# Weights of a program; more take several programs.
_MOST_WEIGHTS = 64


@triton.jit
def _sum_program(
    x, y, weights, starts, gamma_at, coef0_at, out, n, m, n_features, n_weights, n_groups,
    STATISTIC: tl.constexpr, LINK: tl.constexpr, DEGREE: tl.constexpr, PRECISION: tl.constexpr,
    BK: tl.constexpr, BR: tl.constexpr, BM: tl.constexpr, BN: tl.constexpr,
):  # fmt: skip
    real = x.dtype.element_ty
    rows = tl.program_id(0).to(tl.int64) * BM + tl.arange(0, BM)
    group = tl.program_id(1)
    weight = tl.program_id(2) * BR + tl.arange(0, BR)
    has_row, has_weight = rows < n, weight < n_weights
    gamma, coef0 = tl.load(gamma_at), tl.load(coef0_at)
    start, stop = tl.load(starts + group), tl.load(starts + group + 1)
    total = tl.zeros((BM, BR), dtype=real)
    for first in range(start, stop, BN):
        columns = first + tl.arange(0, BN).to(tl.int64)
        has_column = columns < stop
        s = tile_statistic(x, y, rows, columns, has_row, has_column, n_features, STATISTIC, PRECISION, BM, BN, BK)
        kernel = tl.where(has_column[None, :], tile_link(s, gamma, coef0, LINK, DEGREE), 0.0)
        at = weights + weight[None, :] * m + columns[:, None]
        factor = tl.load(at, mask=has_column[:, None] & has_weight[None, :], other=0.0)
        if BR == 1:
            total += tl.sum(kernel * tl.reshape(factor, (1, BN)), 1)[:, None]
        else:
            total = tl.dot(kernel, factor, total, input_precision=PRECISION, out_dtype=real)
    at = out + (rows[:, None] * n_groups + group) * n_weights + weight[None, :]
    tl.store(at, total, mask=has_row[:, None] & has_weight[None, :])


@triton.jit
def _log_sum_program(
    x, y, offsets, gamma_at, out, n, m, n_features,
    STATISTIC: tl.constexpr, LINK: tl.constexpr, PRECISION: tl.constexpr,
    BK: tl.constexpr, BM: tl.constexpr, BN: tl.constexpr,
):  # fmt: skip
    real = x.dtype.element_ty
    rows = tl.program_id(0).to(tl.int64) * BM + tl.arange(0, BM)
    has_row = rows < n
    gamma = tl.load(gamma_at)
    largest = tl.full((BM,), float("-inf"), dtype=real)
    total = tl.zeros((BM,), dtype=real)
    for first in range(0, m, BN):
        columns = first + tl.arange(0, BN).to(tl.int64)
        has_column = columns < m
        s = tile_statistic(x, y, rows, columns, has_row, has_column, n_features, STATISTIC, PRECISION, BM, BN, BK)
        offset = tl.load(offsets + columns, mask=has_column, other=float("-inf"))
        term = tile_link(s, gamma, gamma, LINK, 1) + offset[None, :]
        higher = tl.maximum(largest, tl.max(term, 1))
        level = tl.where(higher == float("-inf"), 0.0, higher)
        total = total * tl.exp(largest - level) + tl.sum(tl.exp(term - level[:, None]), 1)
        largest = higher
    level = tl.where(largest == float("-inf"), 0.0, largest)
    tl.store(out + rows, tl.log(total) + level, mask=has_row)


@triton.jit
def _arg_min_program(
    x, y, offsets, shifts, gamma_at, out, n, m, n_features,
    STATISTIC: tl.constexpr, LINK: tl.constexpr, PRECISION: tl.constexpr, CLIPPED: tl.constexpr,
    BK: tl.constexpr, BM: tl.constexpr, BN: tl.constexpr,
):  # fmt: skip
    real = x.dtype.element_ty
    rows = tl.program_id(0).to(tl.int64) * BM + tl.arange(0, BM)
    has_row = rows < n
    gamma = tl.load(gamma_at)
    least = tl.full((BM,), float("inf"), dtype=real)
    place = tl.zeros((BM,), dtype=tl.int64)
    for first in range(0, m, BN):
        columns = first + tl.arange(0, BN).to(tl.int64)
        has_column = columns < m
        s = tile_statistic(x, y, rows, columns, has_row, has_column, n_features, STATISTIC, PRECISION, BM, BN, BK)
        value = tile_link(s, gamma, gamma, LINK, 1)
        offset = tl.load(offsets + columns, mask=has_column, other=0.0)
        if CLIPPED:
            shift = tl.load(shifts + rows, mask=has_row, other=0.0)
            value = tl.maximum(shift[:, None] + value + offset[None, :], 0.0)
        else:
            value = value + offset[None, :]
        value = tl.where(has_column[None, :], value, float("inf"))
        lowest = tl.min(value, 1)
        better = lowest < least
        place = tl.where(better, first + tl.argmin(value, 1, tie_break_left=True).to(tl.int64), place)
        least = tl.where(better, lowest, least)
    tl.store(out + rows, place, mask=has_row)


def _tuned(program: object, *key: str) -> object:
    """Block sizes by trial, once for each ``key``; the interpreter has one size."""
    if INTERPRETED:
        return program
    sizes = [(32, 32, 4), (64, 32, 4), (64, 64, 4), (128, 64, 4), (64, 128, 8), (128, 128, 8)]
    configs = [triton.Config({"BM": bm, "BN": bn}, num_warps=warps) for bm, bn, warps in sizes]
    return triton.autotune(configs=configs, key=["n_features", *key])(program)


_sum = _tuned(_sum_program, "STATISTIC", "LINK", "BR")
_log_sum = _tuned(_log_sum_program, "STATISTIC", "LINK")
_arg_min = _tuned(_arg_min_program, "STATISTIC", "LINK")


def blocks_of() -> dict[str, int]:
    """Sizes that the interpreter takes; tuned programs have their own."""
    return {"BM": 16, "BN": 16} if INTERPRETED else {}


def applies(x: Tensor, y: Tensor, link: str, degree: float) -> bool:
    """Whether Triton programs compute with these rows."""
    if not (x.is_cuda or INTERPRETED) or x.dtype not in (torch.float64, torch.float32) or y.dtype != x.dtype:
        return False
    if x.shape[0] == 0 or y.shape[0] == 0:
        return False
    return link != "power" or (0 <= degree <= _LARGEST_DEGREE and degree == int(degree))


def precision_of(x: Tensor) -> str:
    """How products are computed."""
    return "ieee" if x.dtype == torch.float64 or torch.get_float32_matmul_precision() == "highest" else "tf32x3"


def feature_block(x: Tensor) -> int:
    """Features of a product at a time."""
    return min(32, max(16, triton.next_power_of_2(x.shape[1])))


def centered(x: Tensor, y: Tensor, statistic: str) -> tuple[Tensor, Tensor]:
    """Rows near the origin, where the expanded square loses least."""
    x, y = x.detach(), y.detach()
    if statistic == "squared_distance":
        center = y.mean(dim=0)
        x, y = x - center, y - center
    return x.contiguous(), y.contiguous()


def group_starts(sizes: list[int], device: torch.device) -> Tensor:
    """Where each group begins, and the last ends."""
    return torch.tensor([0, *sizes], dtype=torch.int64).cumsum(0).to(device)


def triton_sum(
    x: Tensor,
    y: Tensor,
    weights: Tensor,
    sizes: list[int],
    statistic: str,
    link: str,
    gamma: Tensor,
    coef0: Tensor,
    degree: float,
) -> Tensor | None:
    """``weighted_sum`` of rows that went through ``align_outside``."""
    if not applies(x, y, link, degree):
        return None
    left, right = centered(x, y, statistic)
    weights = weights.detach().contiguous()
    n_weights, n_groups = weights.shape[0], len(sizes)
    block = 1 if n_weights == 1 else min(_MOST_WEIGHTS, max(16, triton.next_power_of_2(n_weights)))
    out = x.new_empty(x.shape[0], n_groups * n_weights)

    def grid(meta: dict[str, int]) -> tuple[int, int, int]:
        return triton.cdiv(x.shape[0], meta["BM"]), n_groups, triton.cdiv(n_weights, block)

    _sum[grid](
        left, right, weights, group_starts(sizes, x.device), gamma, coef0, out,
        x.shape[0], y.shape[0], x.shape[1], n_weights, n_groups,
        STATISTIC=statistic, LINK=link, DEGREE=int(degree) if link == "power" else 1, PRECISION=precision_of(x),
        BK=feature_block(x), BR=block, **blocks_of(),
    )  # fmt: skip
    return out


def triton_log_sum(x: Tensor, y: Tensor, offsets: Tensor, statistic: str, link: str, gamma: Tensor) -> Tensor | None:
    """``log_sum`` of rows that went through ``align_outside``."""
    if not applies(x, y, link, 1.0):
        return None
    left, right = centered(x, y, statistic)
    out = x.new_empty(x.shape[0])

    def grid(meta: dict[str, int]) -> tuple[int]:
        return (triton.cdiv(x.shape[0], meta["BM"]),)

    _log_sum[grid](
        left, right, offsets.detach().contiguous(), gamma, out, x.shape[0], y.shape[0], x.shape[1],
        STATISTIC=statistic, LINK=link, PRECISION=precision_of(x), BK=feature_block(x), **blocks_of(),
    )  # fmt: skip
    return out


def triton_arg_min(
    x: Tensor, y: Tensor, offsets: Tensor, shifts: Tensor | None, statistic: str, link: str, gamma: Tensor
) -> Tensor | None:
    """``arg_min`` of rows that went through ``align_outside``."""
    if not applies(x, y, link, 1.0):
        return None
    left, right = centered(x, y, statistic)
    offsets = offsets.detach().contiguous()
    shift = offsets if shifts is None else shifts.detach().contiguous()
    out = torch.empty(x.shape[0], dtype=torch.int64, device=x.device)

    def grid(meta: dict[str, int]) -> tuple[int]:
        return (triton.cdiv(x.shape[0], meta["BM"]),)

    _arg_min[grid](
        left, right, offsets, shift, gamma, out, x.shape[0], y.shape[0], x.shape[1],
        STATISTIC=statistic, LINK=link, PRECISION=precision_of(x), CLIPPED=shifts is not None,
        BK=feature_block(x), **blocks_of(),
    )  # fmt: skip
    return out
