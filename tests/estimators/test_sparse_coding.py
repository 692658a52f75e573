"""Sparse coding: what is refused, and rows and atoms on which the algorithms end early."""

import numpy as np
import pytest
import torch
from sklearn.decomposition import DictionaryLearning, SparseCoder

import sk2torch
from tests import checks
from tests.cases.data import plain
from tests.cases.dictionary import atoms


def assert_agrees(coder, X, tolerance=1e-9):
    expected = checks.sklearn_call(coder, "transform", X)
    actual = sk2torch.wrap(coder).transform(torch.from_numpy(X)).detach().numpy()
    np.testing.assert_allclose(actual, expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("algorithm", ["omp", "lars"])
def test_positive_codes_are_refused(algorithm):
    coder = SparseCoder(atoms(), transform_algorithm=algorithm, positive_code=True)
    with pytest.raises(sk2torch.UnsupportedParameter, match="pass 'lasso_lars', 'lasso_cd' or 'threshold'"):
        sk2torch.wrap(coder)


def test_more_coefficients_than_atoms_are_refused():
    with pytest.raises(sk2torch.UnsupportedParameter, match="pass fewer"):
        sk2torch.wrap(SparseCoder(atoms(), transform_n_nonzero_coefs=9))


@pytest.mark.parametrize("parameters", [{"transform_alpha": 0.0}, {"transform_max_iter": 0}])
def test_coordinate_descent_without_penalty_or_steps_is_refused(parameters):
    with pytest.raises(sk2torch.UnsupportedParameter, match="pass transform_algorithm='lasso_lars'"):
        sk2torch.wrap(SparseCoder(atoms(), transform_algorithm="lasso_cd", **parameters))


ALGORITHMS = [
    {"transform_algorithm": "omp", "transform_n_nonzero_coefs": 5},
    {"transform_algorithm": "lars", "transform_n_nonzero_coefs": 4},
    {"transform_algorithm": "lasso_cd", "transform_alpha": 0.1, "transform_max_iter": 50},
    {"transform_algorithm": "lasso_lars", "transform_alpha": 0.1},
    {"transform_algorithm": "lasso_lars", "transform_alpha": 0.0, "transform_max_iter": 4},
    {"transform_algorithm": "threshold", "transform_alpha": 0.1},
]


@pytest.mark.parametrize("parameters", ALGORITHMS)
@pytest.mark.parametrize("special", ["zero rows", "tiny rows", "zero atom", "atoms themselves", "equal atoms"])
def test_early_ends(parameters, special):
    X, dictionary = plain()[0].copy(), atoms().copy()
    if special == "zero rows":
        X[:5] = 0.0
    if special == "tiny rows":
        X = X * 1e-9
    if special == "zero atom":
        dictionary[2] = 0.0
    if special == "atoms themselves":
        X = np.concatenate([dictionary, -2.0 * dictionary])
    if special == "equal atoms":
        dictionary[5] = dictionary[2]
        if "lars" in parameters["transform_algorithm"]:
            with pytest.raises(sk2torch.UnsupportedParameter, match="remove one of them"):
                sk2torch.wrap(SparseCoder(dictionary, **parameters))
            return
    assert_agrees(SparseCoder(dictionary, **parameters), X)


@pytest.mark.parametrize("parameters", ALGORITHMS)
def test_one_row_one_atom_and_one_feature(parameters):
    parameters = {**parameters, "transform_n_nonzero_coefs": 1}
    assert_agrees(SparseCoder(atoms(), **parameters), plain()[0][:1])
    assert_agrees(SparseCoder(atoms()[:1], **parameters), plain()[0][:9])
    assert_agrees(SparseCoder(np.array([[1.0], [0.5]]), **parameters), plain()[0][:9, :1])


def test_values_that_are_not_finite_make_a_row_nan():
    for parameters in ALGORITHMS:
        model = sk2torch.wrap(SparseCoder(atoms(), **parameters))
        x = torch.from_numpy(plain()[0][:4].copy())
        x[1, 2], x[2, 0] = float("nan"), float("inf")
        result = model.transform(x)
        assert result[1:3].isnan().all()
        assert result[[0, 3]].isfinite().all()


@pytest.mark.parametrize("parameters", [ALGORITHMS[1], ALGORITHMS[3]])
def test_rows_that_meet_dependent_atoms_are_right_or_nan(parameters):
    X, dictionary = plain()[0], atoms().copy()
    dictionary[6] = dictionary[0] + dictionary[1]
    coder = SparseCoder(dictionary / np.linalg.norm(dictionary, axis=1, keepdims=True), **parameters)
    expected = checks.sklearn_call(coder, "transform", X)
    actual = sk2torch.wrap(coder).transform(torch.from_numpy(X)).detach().numpy()
    answered = ~np.isnan(actual).any(axis=1)
    assert answered.mean() > 0.5
    np.testing.assert_allclose(actual[answered], expected[answered], rtol=1e-9, atol=1e-9)


def test_many_atoms_are_coded_in_blocks_of_rows():
    dictionary = np.random.default_rng(0).normal(size=(60, 30))
    dictionary /= np.linalg.norm(dictionary, axis=1, keepdims=True)
    X = np.random.default_rng(1).normal(size=(40, 30))
    from sk2torch.functional.least_angle import least_angle_codes

    products, gram = torch.from_numpy(X @ dictionary.T), torch.from_numpy(dictionary @ dictionary.T)
    expected = least_angle_codes(products, gram, 30, 0.005, 1000, True, False)
    actual = least_angle_codes(products, gram, 30, 0.005, 1000, True, False, 7 * 3600)
    torch.testing.assert_close(actual, expected, rtol=1e-10, atol=1e-12)
    assert_agrees(SparseCoder(dictionary, transform_algorithm="lasso_lars", transform_alpha=0.15), X)
    assert_agrees(SparseCoder(dictionary, transform_algorithm="lars", transform_n_nonzero_coefs=20), X)
    assert_agrees(SparseCoder(dictionary, transform_n_nonzero_coefs=25), X)


def test_learned_in_single_precision():
    X = plain()[0].astype(np.float32)
    estimator = DictionaryLearning(4, max_iter=5, random_state=0, transform_n_nonzero_coefs=2).fit(X)
    assert_agrees(estimator, X.astype(np.float64), 1e-6)


@pytest.mark.parametrize("algorithm", ["omp", "lars", "lasso_lars", "lasso_cd"])
def test_one_row_in_a_graph(algorithm):
    # A graph of a single row is one of its own.
    model = sk2torch.wrap(SparseCoder(atoms(), transform_algorithm=algorithm))
    rows = torch.from_numpy(plain()[0][:1])
    torch._dynamo.reset()
    compiled = torch.compile(sk2torch.method_module(model, "transform"), backend="eager", fullgraph=True)
    torch.testing.assert_close(compiled(rows), model.transform(rows), rtol=1e-9, atol=1e-12)
