/* Vectors of doubles. */
#include <math.h>
#include <string.h>

#include "kernel.h"
#if SK2TORCH_ISA >= 2
#include <immintrin.h>
#endif

#define INLINE inline __attribute__((always_inline, unused))
#define UNROLL _Pragma("GCC unroll 8")

#if SK2TORCH_ISA >= 5
#define VECTOR_BYTES 64
#define FMA(a, b, c) ((vec)_mm512_fmadd_pd((__m512d)(a), (__m512d)(b), (__m512d)(c)))
#elif SK2TORCH_ISA >= 2
#define VECTOR_BYTES 32
#define FMA(a, b, c) ((vec)_mm256_fmadd_pd((__m256d)(a), (__m256d)(b), (__m256d)(c)))
#else
#define VECTOR_BYTES 16
#define FMA(a, b, c) ((a) * (b) + (c))
#endif
#define LANES (VECTOR_BYTES / 8)

typedef double vec __attribute__((vector_size(VECTOR_BYTES)));
typedef int64_t ivec __attribute__((vector_size(VECTOR_BYTES)));
/* At any address. */
typedef double loose_vec __attribute__((vector_size(VECTOR_BYTES), aligned(8)));

static INLINE vec splat(double value) { return value - (vec){0}; }

static INLINE vec choose(ivec mask, vec yes, vec no) { return (vec)((mask & (ivec)yes) | (~mask & (ivec)no)); }

/* tile[j, i] = row begin + i of x, whose last row is repeated: `rows` of d numbers each. */
static INLINE void load_tile(const double *x, int64_t begin, int64_t end, int64_t d, int64_t rows, double *tile) {
    /* A line of the cache at a time. */
    for (int64_t first = 0; first < d; first += 8) {
        const int64_t last = first + 8 < d ? first + 8 : d;
        for (int64_t i = 0; i < rows; i++) {
            const double *row = x + (begin + i < end ? begin + i : end - 1) * d;
            __builtin_prefetch(row + first + 32);
            if (last - first == 8)
                UNROLL for (int64_t j = 0; j < 8; j++) tile[(first + j) * rows + i] = row[first + j];
            else
                for (int64_t j = first; j < last; j++) tile[j * rows + i] = row[j];
        }
    }
}

/* Shifting by this rounds to whole numbers. */
#define ROUNDER 6755399441055744.0

/* exp(x) = low high (1 + result): two powers of two, so that subnormal numbers come out to their last digit. The
   polynomial p, highest first, has exp(r) = 1 + r + r^2 p(r) to 2e-17 for |r| <= log(2) / 2. */
static INLINE vec exp_parts(vec x, vec *low, vec *high) {
    static const double terms[] = {2.510038549551032e-08, 2.7620088445409746e-07, 2.7557268459997064e-06,
                                   2.4801521295954376e-05, 0.00019841269863053618, 0.0013888888917213717,
                                   0.008333333333330062, 0.04166666666662413, 0.16666666666666669, 0.5000000000000001};
    /* The wrong way round, so that NaN stays. */
    x = choose(x < -1000.0, splat(-1000.0), x);
    x = choose(x > 1000.0, splat(1000.0), x);
    const vec shifted = FMA(x, splat(1.44269504088896340736), splat(ROUNDER)), n = shifted - ROUNDER;
    vec r = FMA(n, splat(-6.93147180369123816490e-01), x);
    r = FMA(n, splat(-1.90821492927058770002e-10), r);
    vec p = splat(terms[0]);
    _Pragma("GCC unroll 16") for (int i = 1; i < 10; i++) p = FMA(p, r, splat(terms[i]));
    const ivec exponent = (ivec)shifted - (ivec)splat(ROUNDER), half = exponent >> 1;
    *low = (vec)((half + 1023) << 52);
    *high = (vec)((exponent - half + 1023) << 52);
    return FMA(r * r, p, r);
}

static INLINE vec exponential(vec x) {
    vec low, high, rest = exp_parts(x, &low, &high);
    return FMA(low, rest, low) * high;
}

/* -expm1(-2 |x|) / (2 + expm1(-2 |x|)) with the sign of x. */
static INLINE vec hyperbolic_tangent(vec x) {
    const ivec sign = (ivec)splat(-0.0);
    vec low, high, rest = exp_parts((vec)((ivec)x & ~sign) * -2.0, &low, &high), scale = low * high;
    const vec change = FMA(scale, rest, scale - 1.0);
    return (vec)(((ivec)(-change / (change + 2.0)) & ~sign) | ((ivec)x & sign));
}

/* 1 / (1 + exp(-x)), by way of exp(-|x|). */
static INLINE vec logistic(vec x) {
    const vec e = exponential((vec)((ivec)x | (ivec)splat(-0.0)));
    return choose(x < 0.0, e, splat(1.0)) / (e + 1.0);
}
