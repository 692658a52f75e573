/* Numbers of metrics; ops/pairwise/native_nearest.py has the same. */
#ifndef SK2TORCH_NEIGHBORS_METRICS_H
#define SK2TORCH_NEIGHBORS_METRICS_H

enum {
    EUCLIDEAN,
    MANHATTAN,
    CHEBYSHEV,
    MINKOWSKI,
    SEUCLIDEAN,
    CANBERRA,
    BRAYCURTIS,
    SIGNED_BRAYCURTIS,
    HAMMING,
    COSINE,
    CORRELATION,
    MATCHING,
    DICE,
    JACCARD,
    ROGERSTANIMOTO,
    RUSSELLRAO,
    SOKALSNEATH,
    NAN_EUCLIDEAN
};

#endif
