"""Exports of several models of trees in one process: none leaves anything behind that restricts another."""

import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.ensemble import (
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    IsolationForest,
    RandomForestClassifier,
    RandomForestRegressor,
)
from torch import Tensor, nn

import sk2torch
from sk2torch.base import method_module
from sk2torch.export import load_runtime
from sk2torch.ops.forest import reference
from sk2torch.ops.forest.reference import MAX_UNROLLED_STEPS

Model = tuple[sk2torch.TorchEstimator, str, Tensor]
KINDS = ("program", "fixed program", "file")


def fitted_models() -> dict[str, tuple[object, str, np.ndarray]]:
    """All deeper than what is unrolled; numbers of trees are also numbers of rows that programs are exported with."""
    generator = np.random.default_rng(0)
    X = generator.normal(size=(300, 4))
    y = generator.integers(0, 3, 300)
    gaps = np.where(generator.random(X.shape) < 0.1, np.nan, X)
    gaps[:, 0] = generator.integers(0, 20, 300)
    histogram = HistGradientBoostingClassifier(
        max_iter=2, min_samples_leaf=1, max_leaf_nodes=60, categorical_features=[0], random_state=0
    )
    boosting = GradientBoostingClassifier(n_estimators=2, max_depth=9, random_state=0)
    isolation = IsolationForest(n_estimators=5, max_samples=300, random_state=0)
    return {
        "forest": (RandomForestClassifier(6, random_state=0).fit(X, y), "predict_proba", X),
        "outputs": (RandomForestRegressor(5, random_state=0).fit(X, X[:, :2]), "predict", X),
        "extra trees": (ExtraTreesClassifier(6, random_state=0).fit(X, y), "predict_proba", X),
        "boosting": (boosting.fit(X, y), "predict_proba", X),
        "histogram": (histogram.fit(gaps, y), "predict_proba", gaps),
        "isolation": (isolation.fit(X), "score_samples", X),
    }


@pytest.fixture(scope="module")
def models() -> dict[str, Model]:
    found: dict[str, Model] = {}
    for name, (estimator, method, X) in fitted_models().items():
        model, x = sk2torch.wrap(estimator), torch.from_numpy(X)
        assert max(getattr(part, "depth", 0) for part in model.modules()) > MAX_UNROLLED_STEPS
        found[name] = model, method, x
        if name in ("forest", "outputs", "histogram"):
            found[f"{name} over ranks"] = sk2torch.quantize(model, "forest_ranks").model, method, x
    return found


def program(view: nn.Module, x: Tensor) -> Callable[[Tensor], Tensor]:
    exported = torch.export.export(view, (x,), dynamic_shapes=({0: torch.export.Dim("batch")},))
    assert any("while_loop" in str(node.target) for node in exported.graph.nodes)
    return exported.module()


def check_answers(call: Callable[[Tensor], Tensor], model: Model, sizes: tuple[int, ...] = (0, 1, 7, 100)) -> None:
    estimator, method, x = model
    for rows in sizes:
        expected = getattr(estimator, method)(x[:rows])
        torch.testing.assert_close(call(x[:rows]), expected, rtol=0, atol=1e-12)


def check_export(model: Model, kind: str, generator: random.Random, folder: Path) -> None:
    estimator, method, x = model
    view = method_module(estimator, method)
    if kind == "program":
        check_answers(program(view, x[: generator.choice((33, 6, 5, 2))]), model)
    elif kind == "fixed program":
        rows = generator.choice((33, 6, 5, 1))
        check_answers(torch.export.export(view, (x[:rows],)).module(), model, (rows,))
    else:
        suffix = generator.choice((".pt2", ".onnx"))
        runtime = load_runtime(sk2torch.export(estimator, folder / f"model{suffix}", [method]))
        check_answers(lambda x: torch.as_tensor(runtime.call(method, x)), model)


@pytest.mark.parametrize(("seed", "fewest"), [(0, 0), (1, 1000)])
def test_exports_in_any_order(models, seed, fewest, monkeypatch, tmp_path):
    # Small forests take the form of large ones, too.
    monkeypatch.setattr(reference, "is_turned", lambda n_nodes: n_nodes > fewest)
    generator = random.Random(seed)
    jobs = [(name, kind) for name in models for kind in KINDS]
    for name, kind in generator.sample(jobs, len(jobs) // 2):
        check_export(models[name], kind, generator, tmp_path)


@pytest.mark.parametrize("is_turned", [False, True])
def test_sizes_of_a_fixed_program_do_not_restrict_later_ones(models, is_turned, monkeypatch):
    monkeypatch.setattr(reference, "is_turned", lambda n_nodes: is_turned)
    estimator, method, x = models["forest"]
    view = method_module(estimator, method)
    torch.export.export(view, (x[:6],))
    check_answers(program(method_module(models["extra trees"][0], method), x[:33]), models["extra trees"])
    check_answers(program(view, x[:5]), models["forest"])
