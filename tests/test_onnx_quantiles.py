"""Quantiles in ONNX graphs: searched once where they differ, twice where some are equal."""

import numpy as np
import onnx
import pytest
import torch
from sklearn.preprocessing import QuantileTransformer

import sk2torch
from sk2torch.export import load_runtime

GENERATOR = np.random.default_rng(0)
SMOOTH = GENERATOR.normal(size=(300, 2)) ** 3
TIES = np.column_stack([np.round(SMOOTH[:, 0]), SMOOTH[:, 1]])
# Apart by less than float32 tells.
CLOSE = 1e6 + 1e-4 * SMOOTH


@pytest.mark.parametrize("output", ["uniform", "normal"])
@pytest.mark.parametrize(
    ("X", "is_twice"), [(SMOOTH, False), (TIES, True), (CLOSE, True)], ids=["smooth", "ties", "close"]
)
def test_shares_of_a_graph_are_those_of_scikit_learn(X, is_twice, output, tmp_path):
    transformer = QuantileTransformer(n_quantiles=60, output_distribution=output).fit(X)
    path = sk2torch.export(sk2torch.wrap(transformer), tmp_path / "model.onnx")
    gathers = [node for node in onnx.load(path).graph.node if node.op_type == "Gather"]
    # Six steps of a search, and four numbers around a value.
    assert (len(gathers) > 6 + 4) == is_twice
    spread = X.std(axis=0)
    ends = np.stack([X.min(axis=0), X.max(axis=0)])
    queries = np.concatenate([X, transformer.quantiles_, X + 0.01 * spread, ends, ends - spread, ends + spread])
    queries = np.concatenate([queries, [[np.nan, 0.0]]])
    runtime = load_runtime(path)
    found = runtime.call("transform", torch.from_numpy(queries)).numpy()
    np.testing.assert_allclose(found, transformer.transform(queries), rtol=1e-11, atol=1e-12)
    assert runtime.call("transform", torch.from_numpy(queries[:0])).shape == (0, 2)


def test_a_graph_of_moved_quantiles_is_the_module(tmp_path):
    model = sk2torch.wrap(QuantileTransformer(n_quantiles=60).fit(SMOOTH))
    with torch.no_grad():
        model.quantiles.values += 0.1 * torch.rand(len(model.quantiles.values), dtype=torch.float64)
    # What values are counted among stays; they are these.
    rows = model.at_most.values[:, :60].T.contiguous()
    found = load_runtime(sk2torch.export(model, tmp_path / "model.onnx")).call("transform", rows)
    torch.testing.assert_close(found, model.transform(rows).detach(), rtol=0, atol=1e-12)
