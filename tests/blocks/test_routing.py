"""Columns by position; all of them in their order are the table itself."""

import pytest
import torch

from sk2torch.blocks.routing import SelectColumns


@pytest.mark.parametrize("index", [[0, 1, 2], [0, 1], [2, 1, 0], [0, 1, 2, 2], [1], []], ids=str)
@pytest.mark.parametrize("n", [0, 1, 4])
def test_columns_by_position(n, index):
    x = torch.arange(3.0 * n).reshape(n, 3)
    select = SelectColumns(torch.tensor(index, dtype=torch.int64))
    for module in (select, torch.jit.script(select)):
        assert module(x).tolist() == [[row[j] for j in index] for row in x.tolist()]


def test_loaded_columns_replace_those_that_were_the_table():
    select = SelectColumns(torch.tensor([0, 1, 2]))
    select.load_state_dict(SelectColumns(torch.tensor([2, 0, 1])).state_dict())
    assert select(torch.tensor([[0.0, 1.0, 2.0]])).tolist() == [[2.0, 0.0, 1.0]]
