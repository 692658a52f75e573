/* Reductions over pairs of rows, in both precisions: sums, logarithms of sums of exponentials, smallest values, and the
   values themselves. Squared distances come from differences. Lanes of a vector are stored rows, so that each pair's
   features are added up in order. */
#include <math.h>
#include <string.h>

#include "kernel.h"
#if SK2TORCH_ISA >= 2
#include <immintrin.h>
#endif

#define INLINE inline __attribute__((always_inline))
#define UNROLL _Pragma("GCC unroll 16")

/* ops/pairwise/native.py has the same numbers. */
enum { DOT, SQUARED_DISTANCE, MANHATTAN, CHI_SQUARED };
enum { IDENTITY, SCALED, SCALED_ROOT, EXPONENTIAL, POWER, TANH, ROOT, MATERN_1, MATERN_3, MATERN_5 };

/* Queries that are worked on at a time, sums of them at most, and tiles between two additions to the totals. */
#define MOST_ROWS 64
#define MOST_SUMS 1024
#define TILES_PER_TOTAL 8

/* Queries and vectors of one tile: as many sums as there are registers for. */
#define ROWS 4
#if SK2TORCH_ISA >= 5
#define VECTORS 4
#define VECTOR_BYTES 64
#elif SK2TORCH_ISA >= 2
#define VECTORS 2
#define VECTOR_BYTES 32
#else
#define VECTORS 2
#define VECTOR_BYTES 16
#endif

static int64_t chunk_rows(int64_t n, int n_threads, int64_t n_weights) {
    int64_t rows = n / (4 * n_threads) / ROWS * ROWS, most = MOST_SUMS / n_weights / ROWS * ROWS;
    if (most > MOST_ROWS) most = MOST_ROWS;
    return rows < ROWS ? ROWS : rows < most ? rows : most;
}

#define REAL double
#define INT int64_t
#define NAME(x) x##_f64
#define EXPORTED(x) KERNEL(x##_f64)
#define EXP_RANGE 1000.0
#define EXP_ROUNDER 6755399441055744.0
#define EXP_LN2_HIGH 6.93147180369123816490e-01
#define EXP_LN2_LOW 1.90821492927058770002e-10
/* Of a polynomial p, highest first, with exp(r) = 1 + r + r^2 p(r) to 2e-17 for |r| <= log(2) / 2: interpolated at
   Chebyshev's nodes. */
#define EXP_TERMS                                                                                                      \
    2.510038549551032e-08, 2.7620088445409746e-07, 2.7557268459997064e-06, 2.4801521295954376e-05,                     \
        0.00019841269863053618, 0.0013888888917213717, 0.008333333333330062, 0.04166666666662413, 0.16666666666666669, \
        0.5000000000000001
#define EXP_BIAS 1023
#define EXP_BITS 52
#if SK2TORCH_ISA >= 5
#define FMA(a, b, c) ((VEC)_mm512_fmadd_pd((__m512d)(a), (__m512d)(b), (__m512d)(c)))
#define SQRT(a) ((VEC)_mm512_sqrt_pd((__m512d)(a)))
#define ROUND(a) ((VEC)_mm512_roundscale_pd((__m512d)(a), 8))
#define SCALE(a, b) ((VEC)_mm512_scalef_pd((__m512d)(a), (__m512d)(b)))
/* The second of the two where one is NaN. */
#define MOST(a, b) ((VEC)_mm512_max_pd((__m512d)(a), (__m512d)(b)))
#define LEAST(a, b) ((VEC)_mm512_min_pd((__m512d)(a), (__m512d)(b)))
#elif SK2TORCH_ISA >= 2
#define FMA(a, b, c) ((VEC)_mm256_fmadd_pd((__m256d)(a), (__m256d)(b), (__m256d)(c)))
#define SQRT(a) ((VEC)_mm256_sqrt_pd((__m256d)(a)))
#endif
#include "pairwise_vectors.h"
#include "pairwise_tiles.h"
#include "pairwise_reductions.h"

#undef REAL
#undef INT
#undef NAME
#undef EXPORTED
#undef EXP_RANGE
#undef EXP_ROUNDER
#undef EXP_LN2_HIGH
#undef EXP_LN2_LOW
#undef EXP_TERMS
#undef EXP_BIAS
#undef EXP_BITS
#undef FMA
#undef SQRT
#undef ROUND
#undef SCALE
#undef MOST
#undef LEAST

#define REAL float
#define INT int32_t
#define NAME(x) x##_f32
#define EXPORTED(x) KERNEL(x##_f32)
#define EXP_RANGE 160.0f
#define EXP_ROUNDER 12582912.0f
#define EXP_LN2_HIGH 6.93359375e-01f
#define EXP_LN2_LOW -2.12194440e-04f
#define EXP_TERMS                                                                                                      \
    0.00019890991097781807f, 0.0013933649752289057f, 0.00833331048488617f, 0.04166646674275398f, 0.1666666716337204f, 0.5f
#define EXP_BIAS 127
#define EXP_BITS 23
#if SK2TORCH_ISA >= 5
#define FMA(a, b, c) ((VEC)_mm512_fmadd_ps((__m512)(a), (__m512)(b), (__m512)(c)))
#define SQRT(a) ((VEC)_mm512_sqrt_ps((__m512)(a)))
#define ROUND(a) ((VEC)_mm512_roundscale_ps((__m512)(a), 8))
#define SCALE(a, b) ((VEC)_mm512_scalef_ps((__m512)(a), (__m512)(b)))
/* The second of the two where one is NaN. */
#define MOST(a, b) ((VEC)_mm512_max_ps((__m512)(a), (__m512)(b)))
#define LEAST(a, b) ((VEC)_mm512_min_ps((__m512)(a), (__m512)(b)))
#elif SK2TORCH_ISA >= 2
#define FMA(a, b, c) ((VEC)_mm256_fmadd_ps((__m256)(a), (__m256)(b), (__m256)(c)))
#define SQRT(a) ((VEC)_mm256_sqrt_ps((__m256)(a)))
#endif
#include "pairwise_vectors.h"
#include "pairwise_tiles.h"
#include "pairwise_reductions.h"
