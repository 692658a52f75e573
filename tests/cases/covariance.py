"""Cases for estimators of covariance."""

import functools

import numpy as np
from sklearn.covariance import (
    OAS,
    EllipticEnvelope,
    EmpiricalCovariance,
    GraphicalLasso,
    GraphicalLassoCV,
    LedoitWolf,
    MinCovDet,
    ShrunkCovariance,
)

from tests.cases import Case, data


@functools.cache
def rows():
    return data.binary()[0], None


@functools.cache
def single_precision():
    return data.binary()[0].astype(np.float32), None


@functools.cache
def constant_column():
    X = data.binary()[0].copy()
    X[:, 1] = 2.0
    return X, None


@functools.cache
def wide():
    return np.random.default_rng(0).normal(size=(60, 20)), None


@functools.cache
def rows_101():
    return data.multiclass()[0][:101], None


def _in_double(X):
    return X[:40].astype(np.float64) + 0.1


# Its covariance is inverted for every answer, there and back.
LOST = {"unwrap": "a precision that is not stored keeps few digits where features determine each other"}

CASES = [
    Case("EmpiricalCovariance", EmpiricalCovariance, rows),
    Case("EmpiricalCovariance-centered", lambda: EmpiricalCovariance(assume_centered=True), rows),
    Case("EmpiricalCovariance-not-stored", lambda: EmpiricalCovariance(store_precision=False), rows, xfail=LOST),
    Case("EmpiricalCovariance-constant", EmpiricalCovariance, constant_column),
    Case("EmpiricalCovariance-float32", EmpiricalCovariance, single_precision, query=_in_double),
    Case("EmpiricalCovariance-wide", EmpiricalCovariance, wide, primary=True),
    Case("ShrunkCovariance", lambda: ShrunkCovariance(shrinkage=0.3), rows),
    Case("LedoitWolf", LedoitWolf, rows),
    Case("LedoitWolf-blocks", lambda: LedoitWolf(store_precision=False, block_size=2), rows),
    Case("OAS", OAS, rows),
    Case("GraphicalLasso", lambda: GraphicalLasso(alpha=0.1), rows),
    Case("GraphicalLasso-lars", lambda: GraphicalLasso(alpha=0.2, mode="lars", assume_centered=True), rows),
    Case("GraphicalLassoCV", lambda: GraphicalLassoCV(alphas=2, n_refinements=1, cv=2), rows),
    Case("MinCovDet", lambda: MinCovDet(random_state=0), rows),
    Case(
        "MinCovDet-half",
        lambda: MinCovDet(support_fraction=0.6, store_precision=False, random_state=0),
        rows,
        xfail=LOST,
    ),
    Case("EllipticEnvelope", lambda: EllipticEnvelope(random_state=0), rows),
    Case(
        "EllipticEnvelope-contamination",
        lambda: EllipticEnvelope(contamination=0.3, support_fraction=0.8, store_precision=False, random_state=0),
        rows,
        xfail=LOST,
    ),
    # The offset is the distance of one row.
    Case("EllipticEnvelope-row-on-threshold", lambda: EllipticEnvelope(random_state=0), rows_101, query=lambda X: X),
]
