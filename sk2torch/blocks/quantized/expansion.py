"""Kernel expansions with stored rows and weights in few bits."""

import torch
from torch import Tensor, nn

from sk2torch.blocks.kernel_expansion import KernelExpansion, PrecomputedExpansion
from sk2torch.blocks.quantized.forms import Int8Matrix, Numbers, quantized_form
from sk2torch.functional.int8 import int8_products, int8_rows
from sk2torch.ops.pairwise import group_sums, weighted_sum
from sk2torch.ops.pairwise.statistics import linked
from sk2torch.ops.row_blocks import keep_block

_SQUARES = ("squared_distance", "direct_squared_distance")
# Kernels that are held at a time.
_BLOCK_ELEMENTS = 1048576


class SmallMatrix(nn.Module):
    """A matrix in a small dtype: ``values * scale`` in the dtype of ``scale``.

    Args:
        values: int8, float16 or bfloat16, shape ``(n, m)``.
        scale: broadcasts to that shape.
    """

    def __init__(self, values: Tensor, scale: Tensor) -> None:
        super().__init__()
        self.register_buffer("values", values)
        self.register_buffer("scale", scale)

    def forward(self) -> Tensor:
        """The matrix that is stood for."""
        return self.values.to(self.scale.dtype) * self.scale


def small_matrix(matrix: Tensor, mode: str, numbers: Numbers, by_column: bool = False) -> SmallMatrix:
    """``matrix`` in the dtype that ``mode`` asks for; int8 has a scale per row, or ``by_column``."""
    matrix = matrix.detach()
    if mode in ("float16", "bfloat16"):
        return SmallMatrix(matrix.to(getattr(torch, mode)), matrix.new_ones(1, 1))
    if by_column:
        columns = numbers.int8(matrix.t().contiguous())
        return SmallMatrix(columns.values.t().contiguous(), columns.scale.unsqueeze(0))
    rows = numbers.int8(matrix)
    return SmallMatrix(rows.values, rows.scale.unsqueeze(1))


@quantized_form(KernelExpansion, "weight_only", "float16", "bfloat16")
class StoredExpansion(nn.Module):
    """``KernelExpansion`` of small matrices; kernels are computed in the model's dtype.

    Args:
        block: whose kernel this has.
        rows: the stored rows, with a scale per feature.
        weights: of the rows.
    """

    def __init__(self, block: KernelExpansion, rows: SmallMatrix, weights: SmallMatrix) -> None:
        super().__init__()
        self.rows = rows
        self.weights = weights
        self.gamma = block.gamma
        self.coef0 = block.coef0
        self.degree = block.degree
        self.sizes = block.sizes
        self.statistic = block.statistic
        self.link = block.link

    @classmethod
    def of(cls, block: KernelExpansion, mode: str, numbers: Numbers) -> "StoredExpansion":
        rows = small_matrix(block.rows, mode, numbers, by_column=True)
        return cls(block, rows, small_matrix(block.weights, mode, numbers))

    def forward(self, x: Tensor, constants: Tensor | None = None) -> Tensor:
        """Plus ``constants``; shape ``(n_samples, n_groups * n_weights)``, all weights of the first group first."""
        rows, weights, gamma, coef0 = self.rows(), self.weights(), self.gamma, self.coef0
        return weighted_sum(
            x, rows, weights, self.sizes, self.statistic, self.link, gamma, coef0, self.degree, constants
        )


@quantized_form(KernelExpansion, "dynamic")
class DynamicExpansion(nn.Module):
    """``KernelExpansion`` by products of integers, for kernels of products and of squared distances.

    Rows lose their ``center``, on which distances do not depend; each ``x`` becomes int8 with a scale of its own.

    Args:
        block: whose kernel this has.
        rows: int8 values, and a scale per feature.
        weights: of the rows.
        center: shape ``(n_features,)``.
    """

    values: Tensor
    scale: Tensor
    center: Tensor
    squares: Tensor

    def __init__(self, block: KernelExpansion, rows: Int8Matrix, weights: SmallMatrix, center: Tensor) -> None:
        super().__init__()
        self.register_buffer("values", rows.values)
        self.register_buffer("scale", rows.scale)
        self.register_buffer("center", center)
        self.register_buffer("squares", (rows.values.to(rows.scale.dtype) * rows.scale).square().sum(dim=1))
        self.weights = weights
        self.gamma = block.gamma
        self.coef0 = block.coef0
        self.degree = block.degree
        self.sizes = block.sizes
        self.link = block.link
        self.is_distance = block.statistic in _SQUARES
        self.block_rows = max(1, _BLOCK_ELEMENTS // rows.values.shape[0])

    @classmethod
    def of(cls, block: KernelExpansion, mode: str, numbers: Numbers) -> nn.Module:
        is_distance = block.statistic in _SQUARES
        if not is_distance and not (block.statistic == "dot" and block.link in ("power", "tanh")):
            return StoredExpansion.of(block, mode, numbers)
        rows = block.rows.detach()
        center = rows.mean(dim=0) if is_distance else torch.zeros_like(rows[0])
        columns = numbers.int8((rows - center).t().contiguous())
        small = Int8Matrix(columns.values.t().contiguous(), columns.scale)
        return cls(block, small, small_matrix(block.weights, mode, numbers), center)

    def block(self, x: Tensor, weights: Tensor) -> Tensor:
        """``forward`` of few rows."""
        x = x - self.center
        row, scale = int8_rows(x * self.scale)
        # Factors one by one: ONNX Runtime would fuse their product into that of integers, in single precision.
        products = int8_products(row, self.values).to(x.dtype) * scale
        if self.is_distance:
            squares = self.squares + x.square().sum(dim=1, keepdim=True)
            statistic = torch.clamp(squares - products * 2.0, min=0.0)
            kernels = linked(statistic, "squared_distance", self.link, self.gamma, self.coef0, self.degree)
        else:
            kernels = linked(products * self.gamma, "dot", self.link, self.gamma, self.coef0, self.degree)
        return group_sums(kernels, weights, self.sizes)

    def forward(self, x: Tensor, constants: Tensor | None = None) -> Tensor:
        """Plus ``constants``; shape ``(n_samples, n_groups * n_weights)``, all weights of the first group first."""
        sums = self.sums(x)
        return sums if constants is None else sums + constants

    def sums(self, x: Tensor) -> Tensor:
        """``forward`` without constants."""
        weights = self.weights()
        if not torch.jit.is_scripting():  # noqa: SIM102
            if torch.compiler.is_compiling():
                return self.block(x, weights)
        rows = self.block_rows
        blocks: list[Tensor] = []
        for start in range(0, max(1, x.shape[0]), rows):
            keep_block(blocks, self.block(x[start : start + rows], weights), start, x.shape[0])
        return torch.cat(blocks) if len(blocks) > 1 else blocks[0]


@quantized_form(PrecomputedExpansion, "weight_only", "dynamic", "float16", "bfloat16")
class StoredPrecomputed(nn.Module):
    """``PrecomputedExpansion`` of small weights.

    Args:
        block: whose columns these are.
        weights: of the rows.
    """

    def __init__(self, block: PrecomputedExpansion, weights: SmallMatrix) -> None:
        super().__init__()
        self.register_buffer("columns", block.columns)
        self.weights = weights
        self.sizes = block.sizes

    @classmethod
    def of(cls, block: PrecomputedExpansion, mode: str, numbers: Numbers) -> "StoredPrecomputed":
        return cls(block, small_matrix(block.weights, mode, numbers))

    def forward(self, x: Tensor, constants: Tensor | None = None) -> Tensor:
        """Plus ``constants``; shape ``(n_samples, n_groups * n_weights)``, all weights of the first group first."""
        sums = group_sums(x.index_select(1, self.columns), self.weights(), self.sizes)
        return sums if constants is None else sums + constants
