"""The same answers on a CUDA device: in float64 to rounding, with TF32 on as well; in float32 as on a CPU.

With TF32 on, torch multiplies float32 matrices with 10 bits of mantissa instead of 23, and float32 models are off by as
much more. ``pytest --device cpu`` goes through the same steps without a GPU.
"""

import contextlib
from collections.abc import Iterator

import pytest
import torch

import sk2torch
from sk2torch.base import METHODS
from tests import checks

pytestmark = pytest.mark.gpu

# A rounding of TF32 relative to one of float32.
TF32_ROUNDING = 2.0**13
# Labels and indices near a boundary may differ; this many are equal.
EQUAL_LABELS = 0.95


@contextlib.contextmanager
def tf32(on: bool) -> Iterator[None]:
    """Whether float32 matrix products may use TF32."""
    before = torch.backends.cuda.matmul.allow_tf32
    torch.backends.cuda.matmul.allow_tf32 = on
    try:
        yield
    finally:
        torch.backends.cuda.matmul.allow_tf32 = before


@pytest.fixture(params=[False, True], ids=["ieee", "tf32"])
def with_tf32(request):
    with tf32(request.param):
        yield request.param


def answers(subject, device, dtype):
    """Each method's result on the device, and what it gives on a CPU in float64."""
    model = sk2torch.wrap(subject.estimator, device=device, dtype=dtype)
    for method in subject.methods:
        with torch.no_grad():
            result = getattr(model, method)(subject.input(method).to(device))
        for tensor in checks.tensors(result):
            assert tensor.device.type == torch.device(device).type
        yield method, result, subject.expected(method)


def test_float64(subject, device, with_tf32):
    for method, result, expected in answers(subject, device, torch.float64):
        checks.assert_same(result, expected, method, 1e-9)
        subject.tick(method)


def test_float32(subject, device, with_tf32):
    tolerance = subject.case.float32_tolerance
    for method, result, expected in answers(subject, device, torch.float32):
        for a, e in zip(checks.parts(result), checks.parts(expected), strict=True):
            assert a.shape == e.shape
            if tolerance is None:
                continue
            if METHODS[method].kind in checks.CONTINUOUS or e.dtype.kind == "f":
                allowed = min(1.0, tolerance * TF32_ROUNDING) if with_tf32 else tolerance
                error = checks.relative_error(a, e)
                assert error <= allowed, f"{method}: error {error:.3g}"
            elif not with_tf32:
                assert (a == e).mean() > EQUAL_LABELS
        subject.tick(method)
