"""Affine maps of sparse rows: one row takes another way than many."""

import pytest
import torch

from sk2torch.blocks.linear import LinearMap

ROWS = [[0.0, 2.0, 0.0, -1.5], [0.0, 0.0, 0.0, 0.0], [1.0, 1e-3, 3.0, 4.0], [0.0, 0.0, float("nan"), 0.0]]


@pytest.mark.filterwarnings("ignore:Sparse")
@pytest.mark.parametrize("n_outputs", [1, 3])
def test_sparse_rows(n_outputs):
    weight = torch.arange(4.0 * n_outputs, dtype=torch.float64).reshape(n_outputs, 4).sin()
    model = LinearMap(weight, torch.tensor([0.5], dtype=torch.float64), flat=n_outputs == 1)
    x = torch.tensor(ROWS, dtype=torch.float64)
    scripted = torch.jit.script(model)
    for rows in (x, *x.split(1), x[:0]):
        for module in (model, scripted):
            torch.testing.assert_close(
                module(rows.to_sparse_csr()), model(rows), rtol=1e-13, atol=1e-15, equal_nan=True
            )


@pytest.mark.filterwarnings("ignore:Sparse")
def test_what_a_sparse_row_leaves_out_does_not_count():
    weight = torch.tensor([[1.0, float("inf"), 2.0]], dtype=torch.float64)
    row = torch.tensor([[3.0, 0.0, 4.0]], dtype=torch.float64).to_sparse_csr()
    model = LinearMap(weight, torch.zeros(1, dtype=torch.float64))
    assert model(row).item() == 11.0
    model(row).sum().backward()
    assert model.weight.grad.tolist() == [[3.0, 0.0, 4.0]]
    assert model.bias.grad.tolist() == [1.0]
