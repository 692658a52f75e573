"""Compiled kernels answer as plain torch does: one row, odd numbers of rows, strides, missing and tiny values."""

import numpy as np
import pytest
import torch

from sk2torch.base import METHODS
from tests import checks

PRIMARY_ONLY = True
# The two round differently.
TOLERANCE = 1e-9
EXCEPTIONS = {
    "NearestNeighbors-ball_tree-braycurtis": "no metric: the kernel misses the rows that scikit-learn's tree misses",
    "GaussianNB-constant-column": "exponents of a billion lose nine digits in either",
}


@pytest.fixture
def plain_torch(monkeypatch):
    """Call it, and kernels do not answer any more: something wants to see each operator, they are told."""
    return lambda: monkeypatch.setattr(torch._C, "_len_torch_dispatch_stack", lambda: 1)


def variants(x: torch.Tensor) -> dict[str, torch.Tensor]:
    """Rows like those of ``x``."""
    generator = torch.Generator().manual_seed(0)
    rows = {f"{n} rows": x[torch.randint(0, x.shape[0], (n,), generator=generator)] for n in (1, 7, 131)}
    many = rows["131 rows"][:40]
    rows["strided"] = many.repeat(1, 2)[:, : x.shape[1]][::3]
    rows["by columns"] = many.T.contiguous().T
    for name, value in {"missing": np.nan, "tiny": 1e-310, "zeros": -0.0}.items():
        rows[name] = many.clone()
        rows[name][::2, 0], rows[name][1::3, -1] = value, value
    return rows


def answer(model, method: str, x: torch.Tensor):
    """The result, or None where the rows are refused."""
    with torch.no_grad():
        try:
            return getattr(model, method)(x)
        except (ValueError, RuntimeError, IndexError):
            return None


def test_native(subject, plain_torch):
    if subject.case.name in EXCEPTIONS:
        pytest.xfail(EXCEPTIONS[subject.case.name])
    methods = [m for m in subject.methods if METHODS[m].kind != "input"]
    inputs = {m: subject.input(m) for m in methods}
    # Sparse tables, and labels, have kernels with tests of their own.
    tables = {m: variants(x) for m, x in inputs.items() if not x.is_sparse_csr and x.dim() == 2 and x.numel() > 0}
    found = {(m, name): answer(subject.model, m, x) for m, rows in tables.items() for name, x in rows.items()}
    plain_torch()
    for (method, name), result in found.items():
        expected = answer(subject.model, method, tables[method][name])
        assert (result is None) == (expected is None), name
        if result is not None:
            checks.assert_same(result, expected, f"{method} of rows: {name}", TOLERANCE)
        subject.tick(method)
