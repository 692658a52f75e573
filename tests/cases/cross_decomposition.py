"""Partial least squares and canonical correlation."""

import functools

import numpy as np
from sklearn.cross_decomposition import CCA, PLSSVD, PLSCanonical, PLSRegression

from tests.cases import Case, data


@functools.cache
def column():
    """``regression`` with its target as a column."""
    X, y = data.regression()
    return X, y[:, None]


@functools.cache
def constant_feature():
    """``multi_regression`` with a constant feature, whose scale is taken as 1."""
    X, y = data.multi_regression()
    return np.concatenate([X, np.full_like(X[:, :1], 3.0)], axis=1), y


CASES = [
    Case("PLSRegression", PLSRegression, data.multi_regression),
    Case("PLSRegression-one-target", PLSRegression, data.regression, primary=True),
    Case("PLSRegression-column", lambda: PLSRegression(n_components=3), column),
    Case("PLSRegression-unscaled", lambda: PLSRegression(scale=False), data.multi_regression),
    Case("PLSRegression-constant-feature", PLSRegression, constant_feature),
    Case("PLSCanonical", PLSCanonical, data.multi_regression),
    Case("PLSCanonical-svd", lambda: PLSCanonical(algorithm="svd", scale=False), data.multi_regression),
    Case("PLSCanonical-one-target", lambda: PLSCanonical(n_components=1), data.regression),
    Case("CCA", CCA, data.multi_regression),
    Case("CCA-one-target", lambda: CCA(n_components=1), data.regression),
    Case("CCA-unscaled", lambda: CCA(n_components=3, scale=False), data.multi_regression),
    Case("PLSSVD", PLSSVD, data.multi_regression),
    Case("PLSSVD-unscaled", lambda: PLSSVD(n_components=3, scale=False), data.multi_regression),
    Case("PLSSVD-one-target", lambda: PLSSVD(n_components=1), column),
]
