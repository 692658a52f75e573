"""Run by test_triton_pairwise under Triton's interpreter: programs and gradients against plain torch, on odd sizes."""

import sys

import torch
import triton.runtime.interpreter as interpreter

_patch = interpreter._patch_lang_tensor


def _patch_with_index(tensor, scope):
    _patch(tensor, scope)
    # The interpreter keeps numbers in arrays of one entry, which numpy 2.4 does not take for numbers.
    scope.set_attr(tensor, "__index__", lambda self: int(self.handle.data.item()))


interpreter._patch_lang_tensor = _patch_with_index

from sk2torch.ops.pairwise.reference import blocked_arg_min, blocked_log_sum, blocked_sum  # noqa: E402
from sk2torch.ops.pairwise.triton_gradients import triton_gradients  # noqa: E402
from sk2torch.ops.pairwise.triton_kernel import triton_arg_min, triton_log_sum, triton_sum  # noqa: E402

DTYPE = {"float64": torch.float64, "float32": torch.float32}[sys.argv[1]]
TOLERANCE = 3e-5 if DTYPE.itemsize == 4 else 1e-12
FORMS = [
    ("dot", "power"),
    ("dot", "tanh"),
    ("squared_distance", "exponential"),
    ("direct_squared_distance", "exponential"),
    ("direct_squared_distance", "matern_1"),
    ("direct_squared_distance", "matern_3"),
    ("direct_squared_distance", "matern_5"),
    ("direct_squared_distance", "root"),
    ("manhattan", "exponential"),
    ("chi_squared", "negation"),
]


def rows(n, width=5):
    return (torch.rand(n, width, dtype=torch.float64, generator=torch.Generator().manual_seed(n)) + 0.1).to(DTYPE)


def same(actual, expected):
    torch.testing.assert_close(actual, expected, rtol=TOLERANCE, atol=TOLERANCE)


def check_gradients(is_logarithmic, plain, inputs, sizes, out, settings):
    """All that the form has; ``plain`` is the reduction in torch."""
    leaves = [tensor.clone().requires_grad_() for tensor in inputs]
    result = plain(*leaves)
    grad = rows(result.numel(), 1).reshape(result.shape)
    expected = torch.autograd.grad(result, leaves, grad, allow_unused=True)
    x, y, weights, gamma, coef0 = inputs
    statistic, link, degree = settings
    actual = triton_gradients(
        is_logarithmic, grad, out, x, y, weights, sizes, statistic, link, gamma, coef0, degree, [True] * 5
    )
    if statistic in ("manhattan", "chi_squared"):
        assert actual is None
        return
    for a, e in zip(actual, expected, strict=True):
        if e is not None:
            same(a, e)


def main():
    x, gamma, coef0 = rows(19), torch.tensor(0.7, dtype=DTYPE), torch.tensor(0.3, dtype=DTYPE)
    for statistic, link in FORMS:
        for n_weights, sizes in ((1, [37]), (3, [20, 0, 17]), (1, [1])):
            y, weights = rows(sum(sizes)), rows(sum(sizes), n_weights).T.contiguous()
            settings = (statistic, link, 3.0)

            def plain(x, y, weights, gamma, coef0, sizes=sizes, settings=settings):
                return blocked_sum(x, y, weights, sizes, settings[0], settings[1], gamma, coef0, settings[2])

            inputs = (x, y, weights, gamma, coef0)
            out = triton_sum(x, y, weights, sizes, statistic, link, gamma, coef0, 3.0)
            same(out, plain(*inputs))
            check_gradients(False, plain, inputs, sizes, out, settings)
    y, offsets = rows(37), rows(37, 1)[:, 0].log()
    offsets[3] = -torch.inf
    for statistic, link in (("direct_squared_distance", "scaled"), ("squared_distance", "scaled_root")):

        def plain_log_sum(x, y, offsets, gamma, coef0, statistic=statistic, link=link):
            return blocked_log_sum(x, y, offsets, statistic, link, gamma)

        inputs = (x, y, offsets, gamma, coef0)
        out = triton_log_sum(x, y, offsets, statistic, link, gamma)
        same(out, plain_log_sum(*inputs))
        check_gradients(True, plain_log_sum, inputs, [37], out, (statistic, link, 1.0))
    two, squares = torch.tensor(2.0, dtype=DTYPE), (x.square().sum(dim=1), y.square().sum(dim=1))
    for shifts in (None, squares[0]):
        found = triton_arg_min(x, y, squares[1], shifts, "dot", "scaled", two)
        assert torch.equal(found, blocked_arg_min(x, y, squares[1], shifts, "dot", "scaled", two))
    # Of equal rows the first.
    assert triton_arg_min(x, torch.cat([y, y]), torch.zeros(74, dtype=DTYPE), None, "dot", "negation", two).max() < 37


main()
