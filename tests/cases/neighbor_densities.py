"""Cases of densities, outliers, centroids and metrics of sklearn.neighbors."""

import numpy as np
from sklearn.neighbors import KernelDensity, LocalOutlierFactor, NearestCentroid, NeighborhoodComponentsAnalysis

from tests.cases import Case, data
from tests.cases.neighbor_data import and_far, beside, distances, few, grid, places, unlabelled

CASES = [
    Case("LocalOutlierFactor", lambda: LocalOutlierFactor(novelty=True), unlabelled(data.regression), query=and_far),
    Case(
        "LocalOutlierFactor-contamination",
        lambda: LocalOutlierFactor(5, novelty=True, contamination=0.2, metric="manhattan"),
        unlabelled(data.binary),
        query=and_far,
    ),
    Case(
        "LocalOutlierFactor-grid",
        lambda: LocalOutlierFactor(few(4), novelty=True),
        unlabelled(grid),
        query=lambda X: np.concatenate([beside(X)[:3], X[:40]]),
        # Densities of duplicates are 1e10.
        float32_tolerance=None,
    ),
    Case("LocalOutlierFactor-fitted-rows", lambda: LocalOutlierFactor(6), unlabelled(data.binary)),
    Case(
        "LocalOutlierFactor-too-many",
        lambda: LocalOutlierFactor(500, novelty=True),
        unlabelled(data.regression),
        query=beside,
    ),
    Case(
        "LocalOutlierFactor-precomputed",
        lambda: LocalOutlierFactor(novelty=True, metric="precomputed"),
        unlabelled(distances),
        query=lambda X: X[:40] + 0.013 * np.arange(1, 121),
    ),
    Case("KernelDensity", KernelDensity, unlabelled(data.regression)),
    *(
        Case(
            f"KernelDensity-{kernel}",
            lambda kernel=kernel: KernelDensity(kernel=kernel, bandwidth=2.5, leaf_size=20),
            unlabelled(data.regression),
            query=and_far,
            differentiable=() if kernel == "tophat" else None,
            primary=kernel == "cosine",
            # Rows pass the kernel's edge in float32.
            float32_tolerance=1e-3 if kernel == "exponential" else None,
        )
        for kernel in ("tophat", "epanechnikov", "exponential", "linear", "cosine")
    ),
    Case("KernelDensity-scott", lambda: KernelDensity(bandwidth="scott", leaf_size=150), unlabelled(data.multiclass)),
    Case("KernelDensity-silverman", lambda: KernelDensity(bandwidth="silverman"), unlabelled(places)),
    Case(
        "KernelDensity-weights",
        lambda: KernelDensity(metric="manhattan", breadth_first=False, algorithm="ball_tree"),
        unlabelled(data.regression),
        query=beside,
        fit=lambda estimator, X, y: estimator.fit(X, sample_weight=np.arange(120.0) % 7),
    ),
    Case(
        "KernelDensity-places",
        lambda: KernelDensity(metric="haversine", bandwidth=0.3, kernel="exponential", breadth_first=False),
        unlabelled(places),
        query=beside,
    ),
    Case("NearestCentroid", NearestCentroid, data.multiclass),
    Case("NearestCentroid-manhattan", lambda: NearestCentroid(metric="manhattan"), data.words),
    Case("NearestCentroid-shrunken", lambda: NearestCentroid(shrink_threshold=0.3), data.binary_words),
    Case(
        "NeighborhoodComponentsAnalysis",
        lambda: NeighborhoodComponentsAnalysis(n_components=2, max_iter=5, random_state=0),
        data.multiclass,
    ),
]
