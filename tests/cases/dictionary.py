"""Sparse coding."""

import functools

import numpy as np
from sklearn.decomposition import DictionaryLearning, MiniBatchDictionaryLearning, SparseCoder

from tests.cases import Case
from tests.cases.data import plain


@functools.cache
def atoms(n_atoms=8):
    """Atoms of length 1, two of them alike."""
    generator = np.random.default_rng(8)
    dictionary = generator.normal(size=(n_atoms, 5))
    dictionary[3] = dictionary[1] + 0.5 * generator.normal(size=5)
    return dictionary / np.linalg.norm(dictionary, axis=1, keepdims=True)


def _coder(special, dictionary=None, **parameters):
    settings = {key: parameters.pop(key) for key in ("primary", "tolerance", "differentiable") if key in parameters}
    name = f"SparseCoder-{special}" if special else "SparseCoder"
    dictionary = atoms() if dictionary is None else dictionary
    return Case(
        name,
        lambda: SparseCoder(dictionary, **parameters),
        plain,
        # Single precision may choose another atom where two agree alike.
        float32_tolerance=None,
        **settings,
    )


def _learning(special, cls=DictionaryLearning, **parameters):
    name = f"{cls.__name__}-{special}" if special else cls.__name__
    return Case(name, lambda: cls(6, random_state=0, max_iter=10, **parameters), plain, float32_tolerance=None)


CASES = [
    _coder(""),
    _coder("pursuit-three", transform_n_nonzero_coefs=3),
    _coder("pursuit-all", transform_n_nonzero_coefs=8),
    _coder("pursuit-split", transform_n_nonzero_coefs=2, split_sign=True),
    _coder("unnormalised", 3.0 * atoms() * np.arange(1, 9)[:, None], transform_n_nonzero_coefs=3),
    _coder("threshold", transform_algorithm="threshold", transform_alpha=0.3),
    _coder("threshold-positive", transform_algorithm="threshold", positive_code=True, split_sign=True),
    _coder("coordinates", transform_algorithm="lasso_cd", transform_max_iter=15, transform_alpha=0.2, primary=True),
    _coder("coordinates-default", transform_algorithm="lasso_cd", transform_max_iter=15),
    _coder("coordinates-small-penalty", transform_algorithm="lasso_cd", transform_max_iter=15, transform_alpha=1e-3),
    _coder("coordinates-few-steps", transform_algorithm="lasso_cd", transform_alpha=0.01, transform_max_iter=3),
    _coder(
        "coordinates-positive",
        transform_algorithm="lasso_cd",
        transform_max_iter=15,
        transform_alpha=0.1,
        positive_code=True,
    ),
    _coder("angles", transform_algorithm="lars", transform_n_nonzero_coefs=3, primary=True),
    _coder("angles-default", transform_algorithm="lars"),
    _coder("angles-all", atoms()[:4], transform_algorithm="lars", transform_n_nonzero_coefs=4),
    _coder("path", transform_algorithm="lasso_lars", transform_alpha=0.2, primary=True),
    _coder("path-default", transform_algorithm="lasso_lars"),
    _coder("path-small-penalty", transform_algorithm="lasso_lars", transform_alpha=1e-3),
    _coder("path-few-steps", transform_algorithm="lasso_lars", transform_alpha=1e-3, transform_max_iter=3),
    _coder("path-positive", transform_algorithm="lasso_lars", transform_alpha=0.05, positive_code=True),
    _learning(""),
    _learning("split", transform_algorithm="lasso_lars", split_sign=True, alpha=0.5),
    _learning(
        "coordinates", fit_algorithm="cd", transform_algorithm="lasso_cd", transform_max_iter=15, transform_alpha=0.4
    ),
    _learning("", MiniBatchDictionaryLearning, batch_size=20),
    _learning("path", MiniBatchDictionaryLearning, transform_algorithm="lasso_lars", alpha=0.3),
]
