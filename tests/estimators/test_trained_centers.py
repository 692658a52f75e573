"""Clusterers whose centers were trained answer for the centers that they have."""

import numpy as np
import pytest
import torch
from sklearn.cluster import AffinityPropagation, Birch, KMeans, MeanShift, MiniBatchKMeans

import sk2torch
from tests.cases import data

X = np.asarray(data.multiclass()[0], dtype=np.float64)
ROWS = np.concatenate([X, X + np.random.default_rng(0).normal(size=X.shape)])
MAKERS = {
    "k-means": lambda: KMeans(8, n_init=1, random_state=0),
    "mini-batches": lambda: MiniBatchKMeans(8, n_init=1, random_state=0),
    "affinity": lambda: AffinityPropagation(random_state=0),
    "mean-shift": lambda: MeanShift(bandwidth=1.0),
    "birch": lambda: Birch(threshold=1.0, n_clusters=None),
}


def trained(model):
    """The centers, moved by one step down the slope of their weighted lengths, which changes each length by its own."""
    weights = torch.linspace(-0.6, 0.6, model.centers.shape[0], dtype=torch.float64).unsqueeze(1)
    optimizer = torch.optim.SGD([model.centers], lr=0.5)
    (weights * model.centers.square()).sum().backward()
    optimizer.step()
    return model


@pytest.mark.parametrize("name", MAKERS)
def test_centers_after_a_step(name):
    fitted = MAKERS[name]().fit(X)
    model = trained(sk2torch.wrap(fitted))
    expected = sk2torch.unwrap(model).predict(ROWS)
    assert (expected != fitted.predict(ROWS)).mean() > 0.1
    x = torch.from_numpy(ROWS)
    for compute in (model.predict, torch.jit.script(model).predict):
        np.testing.assert_array_equal(compute(x), expected)
        np.testing.assert_array_equal(torch.cat([compute(row) for row in x[:40].split(1)]), expected[:40])


def test_centers_that_were_equal():
    fitted = KMeans(3, n_init=1, random_state=0).fit(X)
    fitted.cluster_centers_ = np.repeat(fitted.cluster_centers_, 2, axis=0)
    model = sk2torch.wrap(fitted)
    x = torch.from_numpy(ROWS)
    assert (
        set(model.predict(x).tolist())
        == {0, 2, 4}
        == set(torch.cat([model.predict(row) for row in x.split(1)]).tolist())
    )
    trained(model)
    expected = sk2torch.unwrap(model).predict(ROWS)
    assert set(expected) & {1, 3, 5}
    for compute in (model.predict, torch.jit.script(model).predict):
        np.testing.assert_array_equal(compute(x), expected)


def test_a_file_has_the_centers_of_its_time(tmp_path):
    model = trained(sk2torch.wrap(MAKERS["k-means"]().fit(X)))
    expected = sk2torch.unwrap(model).predict(ROWS)
    sk2torch.export(model, tmp_path / "model.onnx")
    np.testing.assert_array_equal(sk2torch.Predictor(tmp_path / "model.onnx").predict(ROWS), expected)
