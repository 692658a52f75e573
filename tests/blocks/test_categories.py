"""Categories are found by torch's search in eager mode as by the bisection of graphs and scripts."""

import pytest
import torch

from sk2torch.blocks.categories import CategoryLookup

INF, NAN = float("inf"), float("nan")


def lookup():
    categories = [[3.0, -1.0, 0.0, INF], [5.0], [2.0, NAN, -INF], []]
    return CategoryLookup(categories, [[0, 1, 2, 3], [7], [4, 5, 6], []], [9, -1, 8, 11])


def by_dictionary(x):
    known = [{3.0: 0, -1.0: 1, 0.0: 2, INF: 3}, {5.0: 7}, {2.0: 4, -INF: 6}, {}]
    missing, unknown = [9, -1, 5, 11], [9, -1, 8, 11]
    rows = [[missing[j] if v != v else known[j].get(v, unknown[j]) for j, v in enumerate(row)] for row in x.tolist()]
    return torch.tensor(rows, dtype=torch.int64).reshape(x.shape)


CELLS = [NAN, INF, -INF, -1.0, -0.0, 0.0, 2.0, 2.5, 3.0, 5.0, 6.0, 1e300]


@pytest.mark.parametrize("n", [0, 1, 2, 97])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_lookup(n, dtype):
    model = lookup().to(dtype)
    places = torch.randint(len(CELLS), (n, 4), generator=torch.Generator().manual_seed(n))
    x = torch.tensor(CELLS, dtype=dtype)[places]
    expected = by_dictionary(x)
    torch.testing.assert_close(model(x), expected, rtol=0, atol=0)
    torch.testing.assert_close(model(x.T.contiguous().T), expected, rtol=0, atol=0)
    torch.testing.assert_close(torch.jit.script(model)(x), expected, rtol=0, atol=0)


def test_one_category_in_each_column():
    model = CategoryLookup([[1.0], [2.0]], [[0], [1]], [-1, -1])
    assert model(torch.tensor([[1.0, 2.0], [2.0, NAN]], dtype=torch.float64)).tolist() == [[0, 1], [-1, -1]]


def test_rows_that_are_differentiated_and_mapped():
    x = torch.tensor([[3.0, 5.0, NAN, 1.0]] * 3, dtype=torch.float64)
    expected = by_dictionary(x)
    torch.testing.assert_close(lookup()(x.requires_grad_()), expected, rtol=0, atol=0)
    mapped = torch.func.vmap(lambda row: lookup()(row.unsqueeze(0))[0])(x.detach())
    torch.testing.assert_close(mapped, expected, rtol=0, atol=0)
