"""Imputers agree with scikit-learn on tables with any pattern of missing values."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.impute import IterativeImputer, KNNImputer, MissingIndicator
from sklearn.linear_model import BayesianRidge, LinearRegression, Ridge

from tests.properties.strategies import compare, fit, tables

pytestmark = pytest.mark.filterwarnings("ignore:Skipping features without any observed values:UserWarning")

FLAGS = {"add_indicator": st.booleans(), "keep_empty_features": st.booleans()}
# Whole numbers have equal distances, among which scikit-learn's choice is open.
WITHOUT_TIES = ("normal", "huge", "tiny")


def holes(X, seed):
    """Half of the values missing; a row and a column of nothing else."""
    X = np.where(np.random.default_rng(seed).random(X.shape) < 0.5, np.nan, X)
    X[:1] = np.nan
    if seed % 3 == 0:
        X[:, 0] = np.nan
    return X


@given(
    tables(WITHOUT_TIES, rows=(2, 24), missing=True),
    st.integers(0, 99),
    st.integers(1, 6),
    st.sampled_from(["uniform", "distance"]),
    st.fixed_dictionaries(FLAGS),
)
def test_nearest_neighbours(X, seed, n_neighbors, weights, flags):
    estimator = fit(KNNImputer(n_neighbors=n_neighbors, weights=weights, **flags), X)
    scale = np.nanmax(np.abs(X), initial=0.0)
    query = scale * np.random.default_rng(seed).normal(size=(9, X.shape[1]))
    # scikit-learn's distances, and with them its weights, are differences of squares.
    compare(estimator, holes(query, seed), tolerance=1e-9 if weights == "uniform" else 1e-6)


@given(
    tables(("normal", "constant"), rows=(6, 24), features=(1, 4), missing=True),
    st.integers(0, 99),
    st.sampled_from([BayesianRidge(), Ridge(0.1), LinearRegression()]),
    st.fixed_dictionaries(
        FLAGS
        | {
            "imputation_order": st.sampled_from(["ascending", "descending", "roman", "arabic", "random"]),
            "initial_strategy": st.sampled_from(["mean", "median", "most_frequent"]),
            "n_nearest_features": st.sampled_from([None, 1]),
            "min_value": st.sampled_from([-np.inf, -0.4]),
            "skip_complete": st.booleans(),
            "max_iter": st.integers(0, 3),
        }
    ),
)
def test_rounds_of_regressions(X, seed, model, parameters):
    estimator = fit(IterativeImputer(model, random_state=0, **parameters), X)
    compare(estimator, holes(np.concatenate([X, -X]), seed))


@given(tables(missing=True), st.integers(0, 99), st.sampled_from(["all", "missing-only"]), st.booleans())
def test_indicator(X, seed, features, sparse):
    estimator = fit(MissingIndicator(features=features, sparse=sparse, error_on_new=False), X)
    compare(estimator, holes(X, seed), tolerance=0.0)
