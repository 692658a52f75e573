"""Rows of sparse matrices, divided by their lengths: one row takes another way than many."""

import pytest
import torch

from sk2torch.functional.sparse import csr_tensor, unit_rows

# Rows: two entries, none, an explicit zero, three entries of which one is repeated in size.
STARTS, COLUMNS = [0, 2, 2, 3, 6], [0, 3, 1, 0, 1, 2]
VALUES = [3.0, -4.0, 0.0, -2.0, 2.0, 1.0]


def matrix():
    return csr_tensor(*(torch.tensor(part) for part in (STARTS, COLUMNS, VALUES)), 4)


@pytest.mark.parametrize("norm", ["l1", "l2", "max"])
def test_unit_rows(norm):
    dense = unit_rows(matrix().to_dense(), norm)
    torch.testing.assert_close(unit_rows(matrix(), norm).to_dense(), dense)
    for k in range(4):
        low, high = STARTS[k], STARTS[k + 1]
        row = csr_tensor(
            torch.tensor([0, high - low]), torch.tensor(COLUMNS)[low:high], torch.tensor(VALUES)[low:high], 4
        )
        found = unit_rows(row, norm)
        assert found.col_indices().tolist() == COLUMNS[low:high]
        torch.testing.assert_close(found.to_dense(), dense[k : k + 1])
