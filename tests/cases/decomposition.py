"""Decompositions."""

from sklearn.decomposition import PCA

from tests.cases import Case, data

CASES = [
    Case("PCA", PCA, data.regression),
    Case("PCA-components", lambda: PCA(n_components=2), data.multiclass, primary=True),
    Case("PCA-whiten", lambda: PCA(n_components=3, whiten=True), data.regression, primary=True),
    Case("PCA-whiten-all", lambda: PCA(whiten=True, svd_solver="full"), data.regression),
    Case("PCA-mle", lambda: PCA(n_components="mle"), data.multiclass),
    Case("PCA-ratio", lambda: PCA(n_components=0.7, svd_solver="covariance_eigh"), data.regression),
    Case("PCA-arpack", lambda: PCA(n_components=2, svd_solver="arpack", random_state=0), data.regression),
    Case("PCA-randomized", lambda: PCA(n_components=2, svd_solver="randomized", random_state=0), data.regression),
]
