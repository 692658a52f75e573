/* Sums of kernels with a bound on their reach, for density estimates, in float64. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernel.h"
#if SK2TORCH_ISA >= 2
#include <immintrin.h>
#endif
#include "neighbors_metrics.h"

#define INLINE inline __attribute__((always_inline))
#define UNROLL _Pragma("GCC unroll 16")
#if SK2TORCH_ISA >= 5
#define VECTOR_BYTES 64
#define SQUARE_ROOT(v) ((VEC)_mm512_sqrt_pd((__m512d)(v)))
#elif SK2TORCH_ISA >= 2
#define VECTOR_BYTES 32
#define SQUARE_ROOT(v) ((VEC)_mm256_sqrt_pd((__m256d)(v)))
#else
#define VECTOR_BYTES 16
#define SQUARE_ROOT(v) square_roots(v)
#endif
#define REAL double
#define INT int64_t
#define NAME(x) x##_f64
#define POW pow
#include "neighbors_distances.h"

/* ops/pairwise/native_densities.py has the same numbers. */
enum { TOPHAT, EPANECHNIKOV, LINEAR, COSINE_BUMP };
enum { REDUCED, ROOT, POWER_ROOT };

/* Stored rows of a block, which is left out as a whole, and queries of a part. */
#define BLOCK 32
#define MOST_QUERIES 64

struct densities {
    NAME(search) pairs;
    const double *masses;
    double *out;
    int kernel, root, n_blocks;
    double bandwidth;
    /* Blocks as [feature][BLOCK], masses of their rows, and the corners of their boxes as [feature][blocks]. */
    double *packed, *packed_masses, *lower, *upper;
    int64_t boxes;
};

#if SK2TORCH_ISA < 2
static INLINE VEC square_roots(VEC v) {
    for (int i = 0; i < LANES; i++) v[i] = sqrt(v[i]);
    return v;
}
#endif

/* The cosine up to a right angle: its series up to the 20th power. */
static INLINE VEC cosines(VEC angle) {
    static const double terms[] = {4.110317623312165e-19, -1.5619206968586225e-16, 4.779477332387385e-14,
                                   -1.1470745597729725e-11, 2.08767569878681e-09, -2.755731922398589e-07,
                                   2.48015873015873e-05, -0.001388888888888889, 0.041666666666666664, -0.5, 1.0};
    const VEC square = angle * angle;
    VEC result = SPREAD(terms[0]);
    UNROLL for (int i = 1; i < 11; i++) result = result * square + terms[i];
    return result;
}

static INLINE VEC kernel_of(const struct densities *p, VEC reduced) {
    const VEC bandwidth = SPREAD(p->bandwidth), one = SPREAD(1.0);
    VEC distance = reduced, value = one;
    if (p->root == ROOT) distance = SQUARE_ROOT(reduced);
    if (p->root == POWER_ROOT)
        for (int i = 0; i < LANES; i++) distance[i] = reduced[i] == 0 ? 0 : pow(reduced[i], 1 / p->pairs.power);
    const IVEC reaches = distance < bandwidth;
    distance = CHOOSE(reaches, distance, (VEC){0});
    if (p->kernel == EPANECHNIKOV) value = one - (distance * distance) / (bandwidth * bandwidth);
    if (p->kernel == LINEAR) value = one - distance / bandwidth;
    if (p->kernel == COSINE_BUMP) value = cosines(distance * SPREAD(0.5 * M_PI) / bandwidth);
    return CHOOSE(reaches, value, (VEC){0});
}

/* 1 for each of LANES blocks from `first` that the kernel may reach from x: squared distances to their boxes. */
static INLINE IVEC may_reach(const struct densities *p, const double *x, int64_t first, double most) {
    VEC total = {0};
    for (int64_t f = 0; f < p->pairs.d; f++) {
        const VEC value = SPREAD(x[f]), below = *(const VEC *)(p->lower + f * p->boxes + first) - value;
        const VEC above = value - *(const VEC *)(p->upper + f * p->boxes + first);
        VEC outside = CHOOSE(below > above, below, above);
        outside = CHOOSE(outside > (VEC){0}, outside, (VEC){0});
        total += outside * outside;
    }
    return ~(total > SPREAD(most));
}

static void densities_of(int64_t begin, int64_t end, int thread, void *context) {
    const struct densities *p = context;
    const int64_t d = p->pairs.d;
    const int has_boxes = p->pairs.metric == EUCLIDEAN;
    /* More than rounding above the bandwidth. */
    const double most = p->bandwidth * p->bandwidth * (1 + 1e-9);
    double reduced[BLOCK] __attribute__((aligned(64)));
    (void)thread;
    for (int64_t i = begin; i < end; i++) {
        const double *x = p->pairs.x + i * d;
        VEC sum = {0};
        for (int64_t first = 0; first < p->n_blocks; first += LANES) {
            IVEC near = ~(IVEC){0};
            if (has_boxes) near = may_reach(p, x, first, most);
            for (int64_t b = first; b < first + LANES && b < p->n_blocks; b++) {
                if (!near[b - first]) continue;
                NAME(block)(&p->pairs, x, p->packed + b * BLOCK * d, reduced);
                const VEC *masses = (const VEC *)(p->packed_masses + b * BLOCK);
                for (int v = 0; v < BLOCK / LANES; v++) sum += kernel_of(p, ((VEC *)reduced)[v]) * masses[v];
            }
        }
        double total = 0;
        for (int lane = 0; lane < LANES; lane++) total += sum[lane];
        p->out[i] = total;
    }
}

/* Rows that fill up the last block are its last one, without mass. */
static void pack_blocks(struct densities *p) {
    const int64_t d = p->pairs.d, m = p->pairs.m;
    for (int64_t b = 0; b < p->n_blocks; b++)
        for (int64_t r = 0; r < BLOCK; r++) {
            const int64_t row = b * BLOCK + r;
            const double *from = p->pairs.rows + (row < m ? row : m - 1) * d;
            p->packed_masses[row] = row < m ? p->masses[row] : 0;
            for (int64_t f = 0; f < d; f++) {
                double *lower = p->lower + f * p->boxes + b, *upper = p->upper + f * p->boxes + b;
                p->packed[(b * d + f) * BLOCK + r] = from[f];
                *lower = r == 0 || from[f] < *lower ? from[f] : *lower;
                *upper = r == 0 || from[f] > *upper ? from[f] : *upper;
            }
        }
}

/* out[i] = sum_j masses[j] K(distance(x_i, rows_j) / bandwidth). `workspace` has room for the rows and masses, filled up to
   whole blocks, and for two numbers of each feature and block, filled up to whole vectors. */
void KERNEL(density_sums)(const double *x, int64_t n, const double *rows, int64_t m, int64_t d, int metric, double power,
                          const double *weights, int root, int kernel, double bandwidth, const double *masses,
                          double *workspace, double *out, int n_threads) {
    struct densities p = {.pairs = {.x = x, .n = n, .rows = rows, .m = m, .d = d, .metric = metric, .power = power,
                                    .weights = weights, .padded = BLOCK},
                          .masses = masses, .out = out, .kernel = kernel, .root = root, .bandwidth = bandwidth,
                          .n_blocks = (int)((m + BLOCK - 1) / BLOCK), .packed = workspace};
    p.boxes = (p.n_blocks + LANES - 1) / LANES * LANES;
    p.packed_masses = p.packed + p.n_blocks * BLOCK * d;
    p.lower = p.packed_masses + p.n_blocks * BLOCK;
    p.upper = p.lower + p.boxes * d;
    pack_blocks(&p);
    sk2torch_parallel(n, MOST_QUERIES, n_threads, densities_of, &p);
}
