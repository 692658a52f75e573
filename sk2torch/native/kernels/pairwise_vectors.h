/* Vectors of REAL, their exponential and the links; included by pairwise.c once for each precision. */

#define VEC NAME(vec)
#define IVEC NAME(ivec)
#define LANES ((int64_t)(VECTOR_BYTES / sizeof(REAL)))
#define WIDTH (VECTORS * LANES)
#ifndef FMA
#define FMA(a, b, c) ((a) * (b) + (c))
#define SQRT(a) NAME(root)(a)
#endif

typedef REAL VEC __attribute__((vector_size(VECTOR_BYTES)));
typedef INT IVEC __attribute__((vector_size(VECTOR_BYTES)));

static INLINE VEC NAME(splat)(REAL value) { return value - (VEC){0}; }

static INLINE VEC NAME(select)(IVEC mask, VEC yes, VEC no) { return (VEC)((mask & (IVEC)yes) | (~mask & (IVEC)no)); }

static INLINE VEC NAME(magnitude)(VEC x) { return (VEC)((IVEC)x & ~(IVEC)NAME(splat)((REAL)-0.0)); }

/* The even lanes of both and the odd ones, added. */
static INLINE VEC NAME(fold)(VEC a, VEC b) {
    return SHUFFLE(IVEC, a, b, EVEN_LANES) + SHUFFLE(IVEC, a, b, ODD_LANES);
}

#if SK2TORCH_ISA < 2
static INLINE VEC NAME(root)(VEC x) {
    for (int64_t lane = 0; lane < LANES; lane++) x[lane] = (REAL)sqrt(x[lane]);
    return x;
}
#endif

/* exp(x) = low high (1 + result): two powers of two, so that subnormal numbers come out to their last digit. */
static INLINE VEC NAME(exp_parts)(VEC x, VEC *low, VEC *high) {
    /* The wrong way round, so that NaN stays. */
    x = NAME(select)(x < -EXP_RANGE, NAME(splat)(-EXP_RANGE), x);
    x = NAME(select)(x > EXP_RANGE, NAME(splat)(EXP_RANGE), x);
    VEC shifted = FMA(x, NAME(splat)((REAL)1.44269504088896340736), NAME(splat)(EXP_ROUNDER));
    VEC n = shifted - EXP_ROUNDER;
    VEC r = FMA(n, NAME(splat)(-EXP_LN2_HIGH), x);
    r = FMA(n, NAME(splat)(-EXP_LN2_LOW), r);
    static const REAL terms[] = {EXP_TERMS};
    VEC p = NAME(splat)(terms[0]);
    UNROLL for (unsigned i = 1; i < sizeof(terms) / sizeof(REAL); i++) p = FMA(p, r, NAME(splat)(terms[i]));
    IVEC exponent = (IVEC)shifted - (IVEC)NAME(splat)(EXP_ROUNDER), half = exponent >> 1;
    *low = (VEC)((half + EXP_BIAS) << EXP_BITS);
    *high = (VEC)((exponent - half + EXP_BIAS) << EXP_BITS);
    return FMA(r * r, p, r);
}

static INLINE VEC NAME(exponential)(VEC x) {
#if SK2TORCH_ISA >= 5
    /* The same, by the instruction that multiplies with a power of two whatever comes of it. */
    static const REAL terms[] = {EXP_TERMS};
    x = LEAST(NAME(splat)(EXP_RANGE), MOST(NAME(splat)(-EXP_RANGE), x));
    VEC n = ROUND(x * (REAL)1.44269504088896340736), r = FMA(n, NAME(splat)(-EXP_LN2_HIGH), x);
    r = FMA(n, NAME(splat)(-EXP_LN2_LOW), r);
    VEC p = NAME(splat)(terms[0]);
    UNROLL for (unsigned i = 1; i < sizeof(terms) / sizeof(REAL); i++) p = FMA(p, r, NAME(splat)(terms[i]));
    return SCALE(FMA(r * r, p, r) + (REAL)1.0, n);
#endif
    VEC low, high, rest = NAME(exp_parts)(x, &low, &high);
    return FMA(low, rest, low) * high;
}

/* 2^x. */
static INLINE VEC NAME(power_of_two)(VEC x) {
#ifdef POWERS_OF_TWO
    return POWERS_OF_TWO(x);
#else
    const VEC range = NAME(splat)(EXP_RANGE * (REAL)LOG2_E);
    x = NAME(select)(x < -range, -range, x);
    x = NAME(select)(x > range, range, x);
    static const REAL terms[] = {EXP_TERMS};
    VEC shifted = x + EXP_ROUNDER, r = (x - (shifted - EXP_ROUNDER)) * (REAL)LN_2, p = NAME(splat)(terms[0]);
    UNROLL for (unsigned i = 1; i < sizeof(terms) / sizeof(REAL); i++) p = FMA(p, r, NAME(splat)(terms[i]));
    IVEC exponent = (IVEC)shifted - (IVEC)NAME(splat)(EXP_ROUNDER), half = exponent >> 1;
    VEC low = (VEC)((half + EXP_BIAS) << EXP_BITS), high = (VEC)((exponent - half + EXP_BIAS) << EXP_BITS);
    return FMA(low, FMA(r * r, p, r), low) * high;
#endif
}

/* -expm1(-2 |x|) / (2 + expm1(-2 |x|)) with the sign of x. */
static INLINE VEC NAME(hyperbolic_tangent)(VEC x) {
    const IVEC sign = (IVEC)NAME(splat)((REAL)-0.0);
    VEC low, high, rest = NAME(exp_parts)(NAME(magnitude)(x) * (REAL)-2.0, &low, &high), scale = low * high;
    VEC change = FMA(scale, rest, scale - (REAL)1.0);
    return (VEC)(((IVEC)(-change / (change + (REAL)2.0)) & ~sign) | ((IVEC)x & sign));
}

static INLINE VEC NAME(power)(VEC x, int64_t degree) {
    VEC result = NAME(splat)((REAL)1.0);
    for (; degree; degree >>= 1, x = x * x)
        if (degree & 1) result = result * x;
    return result;
}

/* The link of `count` vectors, in place. */
static void NAME(apply_link)(VEC *values, int count, int link, REAL gamma, REAL coef0, int64_t degree) {
    const VEC factor = NAME(splat)(gamma), constant = NAME(splat)(coef0);
    VEC z;
    switch (link) {
    case SCALED:
        for (int i = 0; i < count; i++) values[i] = values[i] * -gamma;
        break;
    case SCALED_ROOT:
        for (int i = 0; i < count; i++) values[i] = SQRT(values[i]) * -gamma;
        break;
    case EXPONENTIAL:
        for (int i = 0; i < count; i++) values[i] = NAME(exponential)(values[i] * -gamma);
        break;
    case POWER_OF_TWO:
        for (int i = 0; i < count; i++) values[i] = NAME(power_of_two)(values[i] * -gamma);
        break;
    case POWER:
        for (int i = 0; i < count; i++) values[i] = NAME(power)(FMA(values[i], factor, constant), degree);
        break;
    case TANH:
        for (int i = 0; i < count; i++) values[i] = NAME(hyperbolic_tangent)(FMA(values[i], factor, constant));
        break;
    case ROOT:
        for (int i = 0; i < count; i++) values[i] = SQRT(values[i]);
        break;
    case MATERN_1:
        for (int i = 0; i < count; i++) values[i] = NAME(exponential)(SQRT(values[i]) * -gamma);
        break;
    case MATERN_3:
        for (int i = 0; i < count; i++) {
            z = SQRT(values[i]) * gamma;
            values[i] = (z + (REAL)1.0) * NAME(exponential)(-z);
        }
        break;
    case MATERN_5:
        for (int i = 0; i < count; i++) {
            z = SQRT(values[i]) * gamma;
            values[i] = (z + (REAL)1.0 + z * z / (REAL)3.0) * NAME(exponential)(-z);
        }
        break;
    }
}
