/* Reductions over pairs of rows, in both precisions: sums, logarithms of sums of exponentials, smallest values, and the
   values themselves. Lanes of a vector are stored rows, so that each pair's features are added up in order; for a few
   queries they are features. */
#include <math.h>
#include <string.h>

#include "kernel.h"
#include "lanes.h"
#if SK2TORCH_ISA >= 2
#include <immintrin.h>
#endif

#define INLINE inline __attribute__((always_inline))
#define UNROLL _Pragma("GCC unroll 16")

/* ops/pairwise/native.py has the same numbers; EXPANDED and POWER_OF_TWO are chosen here. */
enum { DOT, SQUARED_DISTANCE, MANHATTAN, CHI_SQUARED, EXPANDED };
enum { IDENTITY, SCALED, SCALED_ROOT, EXPONENTIAL, POWER, TANH, ROOT, MATERN_1, MATERN_3, MATERN_5, POWER_OF_TWO };

#define LOG2_E 1.44269504088896340736
#define LN_2 0.69314718055994530942

/* Also in ops/pairwise/native.py: queries that are worked on at a time, weights that are added up at once; and stored rows
   whose values are multiplied with more weights. */
#define MOST_ROWS 64
#define MOST_DIRECT 8
#define DEPTH 128
#define MOST_SUMS (MOST_ROWS * MOST_DIRECT)
/* Tiles between two additions to the totals. */
#define TILES_PER_TOTAL 8
/* Vectors of values of one of a few queries. */
#define FEW_VECTORS 16

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

static int64_t chunk_rows(int64_t n, int n_threads) {
    const int64_t rows = n / (4 * n_threads) / ROWS * ROWS;
    return rows < ROWS ? ROWS : rows < MOST_ROWS ? rows : MOST_ROWS;
}

#if SK2TORCH_ISA >= 5
/* 2^x = 2^(n / 16) 2^r with a table of the sixteenths: |r| <= 1/32, and a polynomial that is exact to 1e-17. */
static INLINE __m512d powers_of_two(__m512d x) {
    static const double sixteenths[16] __attribute__((aligned(64))) = {
        1.0, 1.0442737824274138, 1.0905077326652577, 1.1387886347566916, 1.189207115002721, 1.241857812073484,
        1.2968395546510096, 1.3542555469368927, 1.4142135623730951, 1.4768261459394993, 1.5422108254079407,
        1.6104903319492543, 1.681792830507429, 1.7562521603732995, 1.8340080864093424, 1.9152065613971474};
    const __m512d rounder = _mm512_set1_pd(6755399441055744.0 / 16);
    /* The second of the two where one is NaN; no infinity, whose remainder would be NaN. */
    x = _mm512_max_pd(_mm512_set1_pd(-4096.0), x);
    const __m512d shifted = _mm512_add_pd(x, rounder), n = _mm512_sub_pd(shifted, rounder), r = _mm512_sub_pd(x, n);
    const __m512d scale = _mm512_permutex2var_pd(_mm512_load_pd(sixteenths), _mm512_castpd_si512(shifted),
                                                 _mm512_load_pd(sixteenths + 8));
    __m512d p = _mm512_set1_pd(0.0001540378850835798);
    p = _mm512_fmadd_pd(p, r, _mm512_set1_pd(0.0013333818813265916));
    p = _mm512_fmadd_pd(p, r, _mm512_set1_pd(0.009618129106053069));
    p = _mm512_fmadd_pd(p, r, _mm512_set1_pd(0.05550410865209371));
    p = _mm512_fmadd_pd(p, r, _mm512_set1_pd(0.24022650695910103));
    p = _mm512_fmadd_pd(p, r, _mm512_set1_pd(0.6931471805599468));
    p = _mm512_mul_pd(p, r);
    return _mm512_scalef_pd(_mm512_fmadd_pd(scale, p, scale), n);
}
#endif

#define REAL double
#define INT int64_t
#define NAME(x) x##_f64
#define EXPORTED(x) KERNEL(x##_f64)
#define EXPANDS
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
/* A sum of exponentials below is not trusted: some of its terms may have vanished. */
#define EXP_LEAST 1e-280
#if SK2TORCH_ISA >= 5
#define EVEN_LANES EVEN_8
#define ODD_LANES ODD_8
#define FMA(a, b, c) ((VEC)_mm512_fmadd_pd((__m512d)(a), (__m512d)(b), (__m512d)(c)))
#define SQRT(a) ((VEC)_mm512_sqrt_pd((__m512d)(a)))
#define ROUND(a) ((VEC)_mm512_roundscale_pd((__m512d)(a), 8))
#define SCALE(a, b) ((VEC)_mm512_scalef_pd((__m512d)(a), (__m512d)(b)))
#define POWERS_OF_TWO(a) ((VEC)powers_of_two((__m512d)(a)))
#define LOAD_FIRST(from, count) ((VEC)_mm512_maskz_loadu_pd((__mmask8)((1u << (count)) - 1), from))
/* The second of the two where one is NaN. */
#define MOST(a, b) ((VEC)_mm512_max_pd((__m512d)(a), (__m512d)(b)))
#define LEAST(a, b) ((VEC)_mm512_min_pd((__m512d)(a), (__m512d)(b)))
#elif SK2TORCH_ISA >= 2
#define EVEN_LANES EVEN_4
#define ODD_LANES ODD_4
#define FMA(a, b, c) ((VEC)_mm256_fmadd_pd((__m256d)(a), (__m256d)(b), (__m256d)(c)))
#define SQRT(a) ((VEC)_mm256_sqrt_pd((__m256d)(a)))
#else
#define EVEN_LANES EVEN_2
#define ODD_LANES ODD_2
#endif
#include "pairwise_vectors.h"
#include "pairwise_tiles.h"
#include "pairwise_expanded.h"
#include "pairwise_reductions.h"
#include "pairwise_logarithms.h"
#include "pairwise_few.h"

#undef REAL
#undef INT
#undef NAME
#undef EXPORTED
#undef EXPANDS
#undef EXP_RANGE
#undef EXP_ROUNDER
#undef EXP_LN2_HIGH
#undef EXP_LN2_LOW
#undef EXP_TERMS
#undef EXP_BIAS
#undef EXP_BITS
#undef EXP_LEAST
#undef EVEN_LANES
#undef ODD_LANES
#undef FMA
#undef SQRT
#undef ROUND
#undef SCALE
#undef POWERS_OF_TWO
#undef LOAD_FIRST
#undef MOST
#undef LEAST
#undef PAIRS
#undef GIVEN
#undef VEC
#undef IVEC
#undef LANES
#undef WIDTH

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
#define EXP_LEAST 1e-30
#if SK2TORCH_ISA >= 5
#define EVEN_LANES EVEN_16
#define ODD_LANES ODD_16
#define FMA(a, b, c) ((VEC)_mm512_fmadd_ps((__m512)(a), (__m512)(b), (__m512)(c)))
#define SQRT(a) ((VEC)_mm512_sqrt_ps((__m512)(a)))
#define ROUND(a) ((VEC)_mm512_roundscale_ps((__m512)(a), 8))
#define SCALE(a, b) ((VEC)_mm512_scalef_ps((__m512)(a), (__m512)(b)))
#define LOAD_FIRST(from, count) ((VEC)_mm512_maskz_loadu_ps((__mmask16)((1u << (count)) - 1), from))
/* The second of the two where one is NaN. */
#define MOST(a, b) ((VEC)_mm512_max_ps((__m512)(a), (__m512)(b)))
#define LEAST(a, b) ((VEC)_mm512_min_ps((__m512)(a), (__m512)(b)))
#elif SK2TORCH_ISA >= 2
#define EVEN_LANES EVEN_8
#define ODD_LANES ODD_8
#define FMA(a, b, c) ((VEC)_mm256_fmadd_ps((__m256)(a), (__m256)(b), (__m256)(c)))
#define SQRT(a) ((VEC)_mm256_sqrt_ps((__m256)(a)))
#else
#define EVEN_LANES EVEN_4
#define ODD_LANES ODD_4
#endif
#include "pairwise_vectors.h"
#include "pairwise_tiles.h"
#include "pairwise_reductions.h"
#include "pairwise_logarithms.h"
#include "pairwise_few.h"

#define GIVEN_SUMS                                                                                                     \
    a[0].p, a[1].i, a[2].p, a[3].i, a[4].i, (int)a[5].i, (int)a[6].i, a[7].d, a[8].d, a[9].i, a[10].p, a[11].i, a[12].p, \
        a[13].i, a[14].p, a[15].p

void PACKED(pairwise_few_sums_f64) { CALL(pairwise_few_sums_f64)(GIVEN_SUMS); }
void PACKED(pairwise_few_sums_f32) { CALL(pairwise_few_sums_f32)(GIVEN_SUMS); }

#define GIVEN_MEANS                                                                                                     \
    a[0].p, a[1].i, a[2].p, a[3].i, a[4].i, (int)a[5].i, (int)a[6].i, a[7].d, a[8].p, a[9].d, a[10].d, a[11].p

void PACKED(pairwise_few_means_f64) { CALL(pairwise_few_means_f64)(GIVEN_MEANS); }
void PACKED(pairwise_few_means_f32) { CALL(pairwise_few_means_f32)(GIVEN_MEANS); }
