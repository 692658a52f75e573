"""Oddities of clusterers."""

import numpy as np
import pytest
import torch
from sklearn.cluster import (
    DBSCAN,
    AffinityPropagation,
    AgglomerativeClustering,
    Birch,
    BisectingKMeans,
    FeatureAgglomeration,
    KMeans,
    MeanShift,
    SpectralClustering,
)

import sk2torch
from tests.cases import data


def test_precomputed_affinity():
    X = data.binary()[0][:30]
    model = AffinityPropagation(affinity="precomputed", random_state=0).fit(-((X[:, None] - X) ** 2).sum(axis=2))
    with pytest.raises(sk2torch.UnsupportedParameter, match="fit on rows"):
        sk2torch.wrap(model)


@pytest.mark.parametrize("function", [np.prod, np.average, lambda values, axis: values.mean(axis=axis)])
def test_other_pooling(function):
    model = FeatureAgglomeration(pooling_func=function).fit(data.binary()[0])
    with pytest.raises(sk2torch.UnsupportedParameter, match="pooling_func"):
        sk2torch.wrap(model)


@pytest.mark.parametrize("make", [DBSCAN, AgglomerativeClustering, SpectralClustering])
def test_clusterers_of_the_training_rows_alone(make):
    with pytest.raises(sk2torch.UnsupportedEstimator, match=make.__name__):
        sk2torch.wrap(make().fit(data.binary()[0]))


def test_equal_centers():
    X = np.repeat(np.random.default_rng(0).normal(size=(3, 7)), 5, axis=0)
    with pytest.warns(match="distinct clusters"):
        model = KMeans(8, n_init=1, random_state=0).fit(X)
    model.cluster_centers_ = np.repeat(model.cluster_centers_[:4], 5, axis=0)
    module = sk2torch.wrap(model)
    rows = np.random.default_rng(1).normal(size=(200, 7))
    labels = module.predict(torch.from_numpy(rows))
    assert set(labels.tolist()) <= {0, 5, 10, 15}
    np.testing.assert_array_equal(labels, model.predict(rows))


@pytest.mark.parametrize("n_features", [1, 2, 3, 8])
@pytest.mark.parametrize("make", [lambda: KMeans(6, n_init=1), lambda: BisectingKMeans(6), MeanShift, Birch])
def test_ties_on_a_grid(make, n_features):
    generator = np.random.default_rng(n_features)
    X = generator.integers(-3, 4, size=(60, n_features)).astype(float)
    model = make().fit(X)
    if hasattr(model, "_bisecting_tree"):
        pending = [model._bisecting_tree]
        model._X_mean = np.zeros(n_features)
        while pending:
            node = pending.pop()
            node.center = np.round(node.center * 4) / 4
            pending += [node.left, node.right] if node.left is not None else []
    elif hasattr(model, "subcluster_centers_"):
        model.subcluster_centers_ = generator.integers(-3, 4, size=model.subcluster_centers_.shape).astype(float)
        model._subcluster_norms = (model.subcluster_centers_**2).sum(axis=1)
    else:
        model.cluster_centers_ = generator.integers(-3, 4, size=model.cluster_centers_.shape).astype(float)
    rows = generator.integers(-8, 9, size=(2000, n_features)) / 2
    np.testing.assert_array_equal(sk2torch.wrap(model).predict(torch.from_numpy(rows)), model.predict(rows))


def test_blocks_give_the_same_as_one():
    X = np.random.default_rng(0).normal(size=(3000, 2))
    model = Birch(threshold=0.01, n_clusters=None).fit(X)
    rows = np.random.default_rng(1).normal(size=(4000, 2))
    assert len(model.subcluster_centers_) * len(rows) > 2 * 4194304
    np.testing.assert_array_equal(sk2torch.wrap(model).predict(torch.from_numpy(rows)), model.predict(rows))


def test_distances_of_centers_are_zero():
    model = KMeans(3, n_init=1, random_state=0).fit(data.multiclass()[0])
    module = sk2torch.wrap(model)
    x = module.centers.detach().clone().requires_grad_()
    distances = module.transform(x)
    (slope,) = torch.autograd.grad(distances.diagonal().sum(), x)
    assert not distances.diagonal().any()
    assert not slope.any()
