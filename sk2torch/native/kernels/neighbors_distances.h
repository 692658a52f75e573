/* Reduced distances of one query to a block of stored rows, laid out as [feature][padded]; see ops/pairwise/distances.py.

   Lanes of a vector are stored rows. Each pair's features are added up in scikit-learn's order and nothing is fused, so
   that distances that are equal there are equal here. */

typedef REAL NAME(vec) __attribute__((vector_size(VECTOR_BYTES)));
typedef INT NAME(ivec) __attribute__((vector_size(VECTOR_BYTES)));
#define VEC NAME(vec)
#define IVEC NAME(ivec)
#define LANES (VECTOR_BYTES / (int64_t)sizeof(REAL))
#define SPREAD(value) ((value) - (VEC){0})
#define MAGNITUDE(v) ((VEC)((IVEC)(v) & ~(IVEC)(-(VEC){0})))
#define CHOOSE(condition, a, b) ((VEC)(((IVEC)(a) & (condition)) | ((IVEC)(b) & ~(condition))))

#if SK2TORCH_ISA < 2
static INLINE uint32_t NAME(lanes_below)(VEC a, REAL limit) {
    uint32_t lanes = 0;
    for (int i = 0; i < LANES; i++) lanes |= (uint32_t)(a[i] < limit) << i;
    return lanes;
}
#endif

typedef struct {
    const REAL *x, *rows, *weights, *lower, *upper;
    const int64_t *leaves;
    int64_t *index;
    REAL *values;
    int64_t n, m, d, k, n_leaves, width, padded;
    int metric, order, n_threads;
    REAL power;
    /* Leaves as [leaf][feature][padded], or null. */
    REAL *packed;
} NAME(search);

/* Rows of a leaf; those that fill it up have the number m. */
static INLINE int64_t NAME(leaf_rows)(const NAME(search) *s, int64_t leaf) {
    const int64_t *points = s->leaves + leaf * s->width;
    int64_t count = s->width;
    while (count && points[count - 1] >= s->m) count--;
    return count;
}

static void NAME(pack_leaf)(const NAME(search) *s, int64_t leaf, REAL *out) {
    const int64_t *points = s->leaves + leaf * s->width;
    const int64_t count = NAME(leaf_rows)(s, leaf), d = s->d, padded = s->padded;
    for (int64_t i = 0; i < count; i++) {
        const REAL *row = s->rows + points[i] * d;
        for (int64_t f = 0; f < d; f++) out[f * padded + i] = row[f];
    }
    for (int64_t i = count; i < padded; i++)
        for (int64_t f = 0; f < d; f++) out[f * padded + i] = 0;
}

/* The distance from its sums. */
static INLINE VEC NAME(ratio)(int metric, VEC first, VEC second, REAL n_features) {
    const VEC zero = {0}, one = SPREAD((REAL)1), width = SPREAD(n_features);
    switch (metric) {
    case COSINE: {
        VEC value = one - first;
        value = CHOOSE(value < zero, zero, value);
        return CHOOSE(value > one + one, one + one, value);
    }
    case CORRELATION: {
        VEC value = CHOOSE(first < -one, -one, first);
        return one - CHOOSE(value > one, one, value);
    }
    case HAMMING:
    case MATCHING: return first / width;
    case BRAYCURTIS: return first / CHOOSE(second > zero, second, one);
    case SIGNED_BRAYCURTIS: return first / second;
    case DICE: return first / (second + second + first);
    case JACCARD: {
        VEC either = first + second;
        return first / CHOOSE(either == zero, one, either);
    }
    case ROGERSTANIMOTO: return (first + first) / (width + first);
    case RUSSELLRAO: return (width - second) / width;
    case NAN_EUCLIDEAN: return CHOOSE(second > zero, first / second * width, SPREAD((REAL)NAN));
    case SOKALSNEATH: return first / (SPREAD((REAL)0.5) * second + first);
    default: return first;
    }
}

#define FEATURES(...)                                                                                                  \
    for (int64_t f = 0; f < d; f++) {                                                                                  \
        const VEC x = SPREAD(query[f]), weight = SPREAD(weights[f]);                                                   \
        UNROLL for (int v = 0; v < n; v++) {                                                                           \
            VEC y = *(const VEC *)(block + f * padded + v * LANES), t = x - y;                                         \
            __VA_ARGS__;                                                                                               \
            (void)t, (void)weight;                                                                                     \
        }                                                                                                              \
    }                                                                                                                  \
    break

/* n vectors of distances, at most 4. */
static INLINE void NAME(vectors)(const NAME(search) *s, int metric, const int n, const REAL *query, const REAL *block,
                                 REAL *out) {
    const int64_t d = s->d, padded = s->padded;
    const REAL *weights = s->weights, power = s->power;
    const VEC one = SPREAD((REAL)1), zero = {0};
    VEC first[4] = {zero, zero, zero, zero}, second[4] = {zero, zero, zero, zero};
    switch (metric) {
    case EUCLIDEAN: FEATURES(first[v] += t * t);
    case MANHATTAN: FEATURES(first[v] += MAGNITUDE(t));
    case CHEBYSHEV: FEATURES(t = MAGNITUDE(t); first[v] = CHOOSE((t > first[v]) | (t != t), t, first[v]));
    case SEUCLIDEAN: FEATURES(first[v] += t * t / weight);
    case HAMMING: FEATURES(first[v] += CHOOSE(x != y, one, zero));
    case COSINE:
    case CORRELATION: FEATURES(first[v] += x * y);
    case CANBERRA:
        FEATURES(VEC total = MAGNITUDE(x) + MAGNITUDE(y); first[v] += MAGNITUDE(t) / CHOOSE(total > zero, total, one));
    case BRAYCURTIS: FEATURES(first[v] += MAGNITUDE(t); second[v] += MAGNITUDE(x) + MAGNITUDE(y));
    case SIGNED_BRAYCURTIS: FEATURES(first[v] += MAGNITUDE(t); second[v] += MAGNITUDE(x + y));
    case NAN_EUCLIDEAN:
        FEATURES(first[v] += CHOOSE(t == t, t * t, zero); second[v] += CHOOSE(t == t, one, zero));
    case MINKOWSKI:
        FEATURES(t = MAGNITUDE(t); for (int l = 0; l < LANES; l++) t[l] = POW(t[l], power); first[v] += weight * t);
    default: FEATURES(first[v] += MAGNITUDE(t); second[v] += x * y);
    }
    UNROLL for (int v = 0; v < n; v++)
        *(VEC *)(out + v * LANES) = NAME(ratio)(metric, first[v], second[v], (REAL)d);
}
#undef FEATURES

static INLINE void NAME(metric_block)(const NAME(search) *s, int metric, const REAL *query, const REAL *block, REAL *out) {
    int64_t i = 0;
    for (; i + 4 * LANES <= s->padded; i += 4 * LANES) NAME(vectors)(s, metric, 4, query, block + i, out + i);
    for (; i < s->padded; i += LANES) NAME(vectors)(s, metric, 1, query, block + i, out + i);
}

/* Distances of a query to the rows of a packed leaf. */
static void NAME(block)(const NAME(search) *s, const REAL *query, const REAL *block, REAL *out) {
    switch (s->metric) {
    case EUCLIDEAN: NAME(metric_block)(s, EUCLIDEAN, query, block, out); break;
    case MANHATTAN: NAME(metric_block)(s, MANHATTAN, query, block, out); break;
    case CHEBYSHEV: NAME(metric_block)(s, CHEBYSHEV, query, block, out); break;
    default: NAME(metric_block)(s, s->metric, query, block, out);
    }
}

/* Distances of a query to few rows anywhere; block has room for d vectors. */
static void NAME(distances_to)(const NAME(search) *s, const REAL *query, const REAL *const *rows, int64_t n, REAL *block,
                               REAL *out) {
    NAME(search) narrow = *s;
    narrow.padded = LANES;
    for (int64_t start = 0; start < n; start += LANES) {
        const int64_t count = n - start < LANES ? n - start : LANES;
        for (int64_t i = 0; i < LANES; i++) {
            const REAL *row = rows[start + (i < count ? i : 0)];
            for (int64_t f = 0; f < s->d; f++) block[f * LANES + i] = row[f];
        }
        REAL found[LANES] __attribute__((aligned(VECTOR_BYTES)));
        NAME(block)(&narrow, query, block, found);
        for (int64_t i = 0; i < count; i++) out[start + i] = found[i];
    }
}
