"""Trees over ranks of thresholds: the same leaf for every number."""

import numpy as np
import onnx
import pytest
import torch
from sklearn.ensemble import (
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    IsolationForest,
    RandomForestClassifier,
    RandomTreesEmbedding,
)
from sklearn.tree import DecisionTreeRegressor

import sk2torch
from sk2torch.base import ArtifactError, UnsupportedParameter, methods_of
from sk2torch.blocks.forest import Forest
from sk2torch.blocks.quantized import forest
from sk2torch.blocks.quantized.forest import RankedForest
from sk2torch.blocks.quantized.ranks import ThresholdRanks
from tests.checks import tensors

N = 400


def table():
    """Numbers, categories and missing values; two classes."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(N, 5))
    X[:, 0] = rng.integers(0, 12, N)
    X[rng.random(X.shape) < 0.1] = np.nan
    y = np.nan_to_num(X[:, 1]) + 2 * np.isin(X[:, 0], [1, 5, 7]) + np.isnan(X[:, 2]) > 0.5
    return X, np.where(y, "late", "on time")


def models():
    X, y = table()
    target = np.nan_to_num(X).sum(axis=1)
    return {
        "histogram": HistGradientBoostingClassifier(max_iter=12, categorical_features=[0]).fit(X, y),
        "random": RandomForestClassifier(7, random_state=0).fit(X, y),
        "boosting": GradientBoostingRegressor(n_estimators=9, max_depth=9).fit(np.nan_to_num(X), target),
        "isolation": IsolationForest(n_estimators=5, random_state=0).fit(np.nan_to_num(X)),
        "embedding": RandomTreesEmbedding(4, random_state=0).fit(np.nan_to_num(X)),
        "best_first": DecisionTreeRegressor(max_leaf_nodes=20).fit(X, target),
    }


MODELS = models()


def awkward_rows(model):
    """Each threshold, its neighbours on both sides, infinities, missing values and codes that are none."""
    forests = [module for module in model.modules() if isinstance(module, Forest)]
    numbers = np.unique(np.concatenate([forest.threshold.double().numpy() for forest in forests]))
    single = numbers.astype(np.float32)
    near = [np.nextafter(kind, kind.dtype.type(end)) for kind in (numbers, single) for end in (np.inf, -np.inf)]
    odd = [np.inf, -np.inf, np.nan, -0.0, -1.0, 255.0, 256.0, 3.5, 1e300, 5e-324]
    pool = torch.from_numpy(np.concatenate([numbers, *near, odd]))
    generator = torch.Generator().manual_seed(0)
    return pool[torch.randint(len(pool), (3000, model.n_features_in), generator=generator)]


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_answers_are_the_same_to_the_bit(name, dtype):
    model = sk2torch.wrap(MODELS[name], dtype=dtype)
    ranked, report = sk2torch.quantize(model, "forest_ranks")
    x = awkward_rows(model).to(dtype)
    assert any(isinstance(module, RankedForest) for module in ranked.modules())
    assert report.bytes_after < report.bytes_before / 1.5
    with torch.no_grad():
        for method in methods_of(model):
            for expected, actual in zip(
                tensors(getattr(model, method)(x)), tensors(getattr(ranked, method)(x)), strict=True
            ):
                torch.testing.assert_close(actual.to_dense(), expected.to_dense(), rtol=0.0, atol=0.0, equal_nan=True)


@pytest.mark.parametrize("name", ["histogram", "random", "embedding"])
def test_with_gradients_and_without_kernels(name, monkeypatch):
    model = sk2torch.wrap(MODELS[name])
    ranked, _ = sk2torch.quantize(model, "forest_ranks")
    x = awkward_rows(model)[:200]
    method = methods_of(model)[-1]
    with torch.no_grad():
        expected = getattr(model, method)(x).to_dense()
    torch.testing.assert_close(getattr(ranked, method)(x).detach().to_dense(), expected, rtol=0.0, atol=0.0)
    monkeypatch.setattr("sk2torch.ops.forest.ranked.takes_addresses", lambda *tensors: False)

    with torch.no_grad():
        torch.testing.assert_close(getattr(ranked, method)(x).to_dense(), expected, rtol=0.0, atol=0.0)


def test_a_float32_copy_compares_as_before():
    model = sk2torch.wrap(MODELS["histogram"])
    ranked, _ = sk2torch.quantize(model, "forest_ranks")
    x = awkward_rows(model).float()
    with torch.no_grad():
        torch.testing.assert_close(ranked.float().predict_proba(x), model.float().predict_proba(x), rtol=0.0, atol=0.0)


@pytest.mark.parametrize("leaf_dtype", [torch.float32, torch.float16])
def test_leaf_values_in_fewer_bits(leaf_dtype):
    X, _ = table()
    model = sk2torch.wrap(MODELS["histogram"])
    kept, whole = sk2torch.quantize(model, "forest_ranks", X)
    small, report = sk2torch.quantize(model, "forest_ranks", X, leaf_dtype=leaf_dtype)
    assert report.bytes_after < whole.bytes_after
    assert all(m.max_error in (None, 0.0) for m in whole.methods)
    error = next(m for m in report.methods if m.method == "decision_function").max_error
    assert 0.0 < error < 12 * torch.finfo(leaf_dtype).eps
    torch.testing.assert_close(
        small.decision_function(torch.from_numpy(X)), kept.decision_function(torch.from_numpy(X)), rtol=0.0, atol=error
    )
    assert small.decision_function(torch.from_numpy(X)).dtype == torch.float64


@pytest.mark.parametrize("suffix", [".pt", ".pt2", ".onnx", ".safetensors"])
def test_files_reach_the_same_leaves(suffix, tmp_path):
    X, _ = table()
    model, _ = sk2torch.quantize(sk2torch.wrap(MODELS["histogram"]), "forest_ranks", leaf_dtype=torch.float32)
    methods = None if suffix == ".safetensors" else ["predict_proba"]
    read = sk2torch.Predictor(sk2torch.export(model, tmp_path / f"model{suffix}", methods))
    expected = sk2torch.Predictor(model).predict_proba(X)
    np.testing.assert_allclose(read.predict_proba(X), expected, rtol=0.0, atol=1e-15)


def test_trees_over_ranks_are_operators_of_onnx(tmp_path):
    X, _ = table()
    small, _ = sk2torch.quantize(sk2torch.wrap(MODELS["histogram"]), "forest_ranks")
    path = sk2torch.export(small, tmp_path / "model.onnx", ["predict_proba"], trees="TreeEnsemble")
    assert "TreeEnsemble" in {node.op_type for node in onnx.load(path).graph.node}
    expected = sk2torch.Predictor(small).predict_proba(X)
    np.testing.assert_allclose(sk2torch.Predictor(path).predict_proba(X), expected, rtol=0.0, atol=1e-15)


def test_graphs_hold_small_tables_and_no_paths(tmp_path):
    model = sk2torch.wrap(MODELS["random"])
    small, _ = sk2torch.quantize(model, "forest_ranks")
    sizes = [sk2torch.export(m, tmp_path / "model.onnx", ["predict"]).stat().st_size for m in (model, small)]
    assert sizes[1] < sizes[0]
    assert b"sk2torch/blocks" not in (tmp_path / "model.onnx").read_bytes()


def test_leaf_values_are_for_trees():
    with pytest.raises(UnsupportedParameter, match="leaf_dtype is"):
        sk2torch.quantize(sk2torch.wrap(MODELS["random"]), "forest_ranks", leaf_dtype=torch.int8)


def test_more_thresholds_than_float32_counts_are_refused(monkeypatch):
    monkeypatch.setattr(forest, "MOST_THRESHOLDS", 2)
    with pytest.raises(UnsupportedParameter, match="nothing that mode 'forest_ranks' makes smaller"):
        sk2torch.quantize(sk2torch.wrap(MODELS["random"]), "forest_ranks")


def test_a_file_that_would_be_read_beyond_is_refused(tmp_path):
    ranked, _ = sk2torch.quantize(sk2torch.wrap(MODELS["random"]), "forest_ranks")
    block = next(module for module in ranked.modules() if isinstance(module, ThresholdRanks))
    for name, value in (("counts", 10**6), ("first", -1), ("columns", 99)):
        kept = getattr(block, name).clone()
        getattr(block, name)[0] = value
        with pytest.raises(ArtifactError, match="ranked trees"):
            sk2torch.load(sk2torch.save(ranked, tmp_path / "model.safetensors"))
        setattr(block, name, kept)
    assert sk2torch.load(sk2torch.save(ranked, tmp_path / "model.safetensors")).n_features_in == 5
