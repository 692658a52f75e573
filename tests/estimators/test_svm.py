"""Oddities of SVC, NuSVC, SVR, NuSVR, OneClassSVM and Nystroem."""

import copy

import numpy as np
import pytest
import torch
from scipy import sparse
from sklearn.kernel_approximation import Nystroem
from sklearn.metrics.pairwise import rbf_kernel
from sklearn.svm import SVC, SVR, NuSVC, OneClassSVM

import sk2torch
from tests.cases import data, fitted


def _callable(X, Y):
    return X @ Y.T


@pytest.mark.parametrize("make", [SVC, NuSVC, SVR, OneClassSVM])
def test_callable_kernel(make):
    with pytest.raises(sk2torch.UnsupportedParameter, match=r"callable.*precomputed"):
        sk2torch.wrap(make(kernel=_callable).fit(*data.binary()))


def test_break_ties_without_one_vs_rest():
    model = SVC(break_ties=True, decision_function_shape="ovo").fit(*data.multiclass())
    with pytest.raises(sk2torch.UnsupportedParameter, match="break_ties"):
        sk2torch.wrap(model)


def test_probability_set_after_fitting():
    model = SVC().fit(*data.binary()).set_params(probability=True)
    with pytest.raises(sk2torch.UnsupportedParameter, match="probability"):
        sk2torch.wrap(model)


def test_probability_unset_after_fitting():
    model = copy.deepcopy(fitted("SVC-proba")).set_params(probability=False)
    assert not hasattr(sk2torch.wrap(model), "predict_proba")


@pytest.mark.filterwarnings("ignore")
def test_class_without_weight():
    X, y = data.multiclass()
    model = SVC().fit(X, y, sample_weight=(y != 3).astype(float))
    if len(model.n_support_) == len(model.classes_):
        pytest.skip("this version of scikit-learn keeps the class")
    with pytest.raises(sk2torch.UnsupportedParameter, match="sample_weight"):
        sk2torch.wrap(model)


def test_sparse_data_with_repeated_entries():
    X, y = data.binary()
    table = sparse.csr_matrix(X)
    repeated = sparse.csr_matrix(
        (np.repeat(table.data, 2), np.repeat(table.indices, 2), 2 * table.indptr), shape=table.shape
    )
    model = SVC().fit(table, y)
    model.support_vectors_ = repeated[model.support_]
    with pytest.raises(sk2torch.UnsupportedParameter, match="sum_duplicates"):
        sk2torch.wrap(model)


def test_parameters_set_after_fitting_are_those_that_scikit_learn_predicts_with():
    X, y = data.regression()
    model = SVR(kernel="poly", degree=2).fit(X, y).set_params(degree=3, coef0=0.5, gamma=99.0)
    actual = sk2torch.Predictor(sk2torch.wrap(model)).predict(X)
    np.testing.assert_allclose(actual, model.predict(X), rtol=1e-10)


def test_sparse_model_without_support():
    X, y = data.multiclass()
    with pytest.warns(match="terminated early"):
        model = SVC(max_iter=0).fit(sparse.csr_matrix(X), y)
    predictor = sk2torch.Predictor(sk2torch.wrap(model))
    np.testing.assert_array_equal(predictor.predict(X), model.predict(X))
    np.testing.assert_array_equal(predictor.decision_function(X), model.decision_function(X))


def test_ties_of_votes_go_to_the_first_class():
    X, y = data.multiclass()
    model = SVC().fit(X, y)
    # The first class beats the second, the second the third, the third the first.
    model._intercept_ = np.array([1e6, -1e6, 1e6])
    actual = sk2torch.Predictor(sk2torch.wrap(model)).predict(X)
    np.testing.assert_array_equal(actual, model.predict(X))
    assert (actual == -1).all()


def test_one_class_labels_are_integers():
    model = sk2torch.wrap(fitted("OneClassSVM-rbf"))
    labels = model.predict(torch.zeros(2, 5))
    assert labels.dtype == torch.int64
    assert set(labels.tolist()) <= {-1, 1}


@pytest.mark.filterwarnings("ignore:The .grad attribute:UserWarning")
def test_parameters_receive_gradients():
    model = sk2torch.wrap(fitted("SVC-proba"))
    x = model.encode(data.multiclass()[0][:8])
    model.predict_proba(x)[:, 0].log().sum().backward()
    for name, parameter in model.named_parameters():
        assert name.endswith("coef0") or parameter.grad.any(), name


def test_nystroem_callable_kernel():
    model = Nystroem(kernel=lambda a, b: float(a @ b), n_components=5).fit(data.binary()[0])
    with pytest.raises(sk2torch.UnsupportedParameter, match="callable"):
        sk2torch.wrap(model)


def test_nystroem_gamma_per_feature():
    model = Nystroem(n_components=5).fit(data.binary()[0])
    model.kernel_params = {"gamma": np.ones(5)}
    with pytest.raises(sk2torch.UnsupportedParameter, match="gamma"):
        sk2torch.wrap(model)


def test_nystroem_of_negative_rows():
    X = np.abs(data.binary()[0])
    model = sk2torch.wrap(Nystroem(kernel="chi2", n_components=5).fit(X))
    result = model.transform(torch.from_numpy(np.concatenate([X[:1], -X[:1]])))
    assert result.isnan().all(dim=1).tolist() == [False, True]


def test_nystroem_is_exact_where_scikit_learn_rounds():
    # scikit-learn expands the square around the origin; its own error is what is left here.
    X = data.binary()[0] + 1e4
    model = Nystroem(n_components=5, random_state=0).fit(X)
    rows, components = X - X.mean(axis=0), model.components_ - X.mean(axis=0)
    expected = rbf_kernel(rows, components, gamma=0.2) @ model.normalization_.T
    actual = sk2torch.Predictor(sk2torch.wrap(model)).transform(X)
    np.testing.assert_allclose(actual, expected, atol=1e-11)
