"""Covariance functions made of others; see ``covariance_functions`` for what each has."""

import torch
from torch import Tensor, nn

from sk2torch.blocks.covariance_functions import White


class Sum(nn.Module):
    """``k1 + k2``."""

    def __init__(self, left: nn.Module, right: nn.Module, width: int) -> None:
        super().__init__()
        self.width = width
        self.left = left
        self.right = right
        # Of two tables, noise is zero.
        self.is_left_zero = isinstance(left, White)
        self.is_right_zero = isinstance(right, White)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        if self.is_right_zero:
            return self.left(x, y)
        if self.is_left_zero:
            return self.right(x, y)
        return self.left(x, y) + self.right(x, y)

    def square(self, x: Tensor) -> Tensor:
        return self.left.square(x) + self.right.square(x)

    def diagonal(self, x: Tensor) -> Tensor:
        return self.left.diagonal(x) + self.right.diagonal(x)


class Product(nn.Module):
    """``k1 k2``."""

    def __init__(self, left: nn.Module, right: nn.Module, width: int) -> None:
        super().__init__()
        self.width = width
        self.left = left
        self.right = right

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        return self.left(x, y) * self.right(x, y)

    def square(self, x: Tensor) -> Tensor:
        return self.left.square(x) * self.right.square(x)

    def diagonal(self, x: Tensor) -> Tensor:
        return self.left.diagonal(x) * self.right.diagonal(x)


class Power(nn.Module):
    """``k^exponent``; NaN where a negative covariance has a fractional power."""

    def __init__(self, kernel: nn.Module, exponent: Tensor, width: int) -> None:
        super().__init__()
        self.width = width
        self.kernel = kernel
        self.register_buffer("exponent", exponent)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        return torch.pow(self.kernel(x, y), self.exponent)

    def square(self, x: Tensor) -> Tensor:
        return torch.pow(self.kernel.square(x), self.exponent)

    def diagonal(self, x: Tensor) -> Tensor:
        return torch.pow(self.kernel.diagonal(x), self.exponent)
