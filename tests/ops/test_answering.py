"""Operators answer in eager mode; under whatever follows or records operations, plain torch does."""

import torch
from torch import Tensor, nn

from sk2torch.ops.answering import takes_operators


class Probe(nn.Module):
    """One more where operators answer, one less where they do not."""

    def forward(self, x: Tensor) -> Tensor:
        return x + 1.0 if takes_operators(x) else x - 1.0


ZERO = torch.zeros(1)


def test_eager_mode():
    assert takes_operators()
    assert takes_operators(ZERO, ZERO)
    assert not takes_operators(ZERO, torch.zeros(1, device="meta"))
    assert Probe()(torch.zeros(1, requires_grad=True)).item() == 1.0


def test_transforms_and_forward_derivatives():
    assert torch.func.vmap(Probe())(ZERO).item() == -1.0
    assert torch.func.jvp(Probe(), (ZERO,), (ZERO,))[0].item() == -1.0
    with torch.autograd.forward_ad.dual_level():
        assert Probe()(ZERO).item() == -1.0
    assert Probe()(ZERO).item() == 1.0


def test_traces_and_exports():
    assert torch.jit.trace(Probe(), (ZERO,), check_trace=False)(ZERO).item() == -1.0
    assert torch.export.export(Probe(), (ZERO,)).module()(ZERO).item() == -1.0


def test_compiled_graphs():
    assert torch.compile(Probe(), backend="eager", fullgraph=True)(ZERO).item() == 1.0
