"""Results of blocks of rows, with and without a gradient."""

import pytest
import torch
from torch import Tensor

from sk2torch.ops.row_blocks import keep_block


def in_blocks(x: Tensor, step: int) -> list[Tensor]:
    kept: list[Tensor] = []
    for start in range(0, max(1, x.shape[0]), step):
        keep_block(kept, 2.0 * x[start : start + step], start, x.shape[0])
    return kept


@pytest.mark.parametrize("function", [in_blocks, torch.jit.script(in_blocks)], ids=["eager", "scripted"])
@pytest.mark.parametrize("step", [1, 3, 7, 10])
@pytest.mark.parametrize("shape", [(0,), (7,), (7, 3), (7, 3, 2)])
def test_blocks_make_up_the_whole(shape, step, function):
    x = torch.randn(shape, dtype=torch.float64, requires_grad=True)
    kept = function(x, step)
    assert torch.equal(torch.cat(kept), 2.0 * x)
    assert len(kept) == max(1, -(-len(x) // step))
    torch.cat(kept).sum().backward()
    assert torch.equal(x.grad, torch.full_like(x, 2.0))
    with torch.no_grad():
        (whole,) = function(x, step)
    assert torch.equal(whole, 2.0 * x)
