/* Reductions for a few queries, for which the stored rows are read as they lie: lanes are features, whose sums are added up
   at the end; included by pairwise.c once for each precision. */

typedef REAL NAME(loose) __attribute__((vector_size(VECTOR_BYTES), aligned(sizeof(REAL)), may_alias));
#define LOOSE(from) ((VEC)*(const NAME(loose) *)(from))

/* The first `count` numbers, fewer than there are lanes, and zeros. */
static INLINE VEC NAME(start_of)(const REAL *from, int64_t count) {
#ifdef LOAD_FIRST
    return LOAD_FIRST(from, count);
#else
    VEC result = {0};
    for (int64_t i = 0; i < count; i++) result[i] = from[i];
    return result;
#endif
}

#define DEFINE_FEW(STATISTIC, ...)                                                                                     \
    static INLINE VEC NAME(few_##STATISTIC)(const REAL *x, const REAL *const *rows, int64_t d) {                       \
        VEC sums[LANES], stored, value;                                                                                \
        VEC *sum = sums;                                                                                               \
        const int64_t whole = d / LANES * LANES;                                                                       \
        UNROLL for (int r = 0; r < LANES; r++) sums[r] = (VEC){0};                                                     \
        for (int64_t k = 0; k < whole; k += LANES) {                                                                   \
            value = LOOSE(x + k);                                                                                      \
            UNROLL for (int r = 0; r < LANES; r++) {                                                                   \
                stored = LOOSE(rows[r] + k);                                                                           \
                sum = sums + r;                                                                                        \
                __VA_ARGS__                                                                                            \
            }                                                                                                          \
        }                                                                                                              \
        if (whole < d) {                                                                                               \
            value = NAME(start_of)(x + whole, d - whole);                                                              \
            UNROLL for (int r = 0; r < LANES; r++) {                                                                   \
                stored = NAME(start_of)(rows[r] + whole, d - whole);                                                   \
                sum = sums + r;                                                                                        \
                __VA_ARGS__                                                                                            \
            }                                                                                                          \
        }                                                                                                              \
        UNROLL for (int size = LANES; size > 1; size /= 2)                                                             \
            UNROLL for (int r = 0; r < size / 2; r++) sums[r] = NAME(fold)(sums[2 * r], sums[2 * r + 1]);              \
        return sums[0];                                                                                                \
    }

DEFINE_FEW(dot, *sum = FMA(stored, value, *sum);)
DEFINE_FEW(squared_distance, stored = stored - value; *sum = FMA(stored, stored, *sum);)
DEFINE_FEW(manhattan, *sum += NAME(magnitude)(stored - value);)
DEFINE_FEW(length, (void)value; *sum = FMA(stored, stored, *sum);)
DEFINE_FEW(chi_squared, VEC difference = stored - value; stored = stored + value;
           *sum += difference * difference / NAME(select)(stored == 0, NAME(splat)(1), stored);)
#undef DEFINE_FEW

#define EACH_VECTOR(STATISTIC)                                                                                         \
    for (int64_t done = 0; done < count; done += LANES) {                                                              \
        for (int r = 0; r < LANES; r++) rows[r] = y + (done + r < count ? done + r : count - 1) * p->d;                \
        values[done / LANES] = NAME(few_##STATISTIC)(x, rows, p->d);                                                   \
    }                                                                                                                  \
    break

/* Link of the statistic of one query with `count` stored rows, the last repeated. */
static void NAME(few_values)(const struct NAME(pairs) * p, const REAL *x, const REAL *y, int64_t count, VEC *values) {
    const REAL *rows[LANES];
    switch (p->statistic) {
    case DOT: EACH_VECTOR(dot);
    case SQUARED_DISTANCE: EACH_VECTOR(squared_distance);
    case MANHATTAN: EACH_VECTOR(manhattan);
    default: EACH_VECTOR(chi_squared);
    }
    NAME(apply_link)(values, (int)((count + LANES - 1) / LANES), p->link, p->gamma, p->coef0, p->degree);
}
#undef EACH_VECTOR

static double NAME(few_products)(const VEC *values, const REAL *weights, int64_t count) {
    const int64_t whole = count / LANES;
    VEC sums[4] = {0};
    int64_t v = 0;
    double total = 0;
    for (; v + 4 <= whole; v += 4)
        UNROLL for (int i = 0; i < 4; i++) sums[i] = FMA(values[v + i], LOOSE(weights + (v + i) * LANES), sums[i]);
    for (; v < whole; v++) sums[0] = FMA(values[v], LOOSE(weights + v * LANES), sums[0]);
    sums[0] = (sums[0] + sums[1]) + (sums[2] + sums[3]);
    for (int64_t lane = 0; lane < LANES; lane++) total += sums[0][lane];
    for (int64_t j = whole * LANES; j < count; j++) total += (double)values[whole][j - whole * LANES] * weights[j];
    return total;
}

/* `pairwise_sum` for a few queries, without a workspace, plus n_groups * n_weights `constants`, if not NULL. */
void EXPORTED(pairwise_few_sums)(PAIRS, const int64_t *sizes, int64_t n_groups, const REAL *weights, int64_t n_weights,
                                 const REAL *constants, REAL *out) {
    struct NAME(pairs) p = {GIVEN};
    VEC values[FEW_VECTORS];
    if (link == EXPONENTIAL) p.link = POWER_OF_TWO, p.gamma *= (REAL)LOG2_E;
    for (int64_t i = 0; i < n; i++) {
        int64_t start = 0;
        for (int64_t g = 0; g < n_groups; start += sizes[g++], out += n_weights) {
            for (int64_t w = 0; w < n_weights; w++) out[w] = 0;
            for (int64_t done = 0; done < sizes[g]; done += FEW_VECTORS * LANES) {
                const int64_t left = sizes[g] - done, count = left < FEW_VECTORS * LANES ? left : FEW_VECTORS * LANES;
                NAME(few_values)(&p, x + i * d, y + (start + done) * d, count, values);
                for (int64_t w = 0; w < n_weights; w++)
                    out[w] += (REAL)NAME(few_products)(values, weights + w * m + start + done, count);
            }
            for (int64_t w = 0; constants && w < n_weights; w++) out[w] += constants[g * n_weights + w];
        }
    }
}

/* out[i] = factor sum_j weights[j] k(x_i, y_j) + constant for a few queries, with a link that takes gamma alone. */
void EXPORTED(pairwise_few_means)(const REAL *x, int64_t n, const REAL *y, int64_t m, int64_t d, int statistic, int link,
                                  double gamma, const REAL *weights, double factor, double constant, REAL *out) {
    struct NAME(pairs) p = {.d = d, .statistic = statistic, .link = link, .gamma = (REAL)gamma, .degree = 1};
    VEC values[FEW_VECTORS];
    if (link == EXPONENTIAL) p.link = POWER_OF_TWO, p.gamma *= (REAL)LOG2_E;
    for (int64_t i = 0; i < n; i++) {
        double total = 0;
        for (int64_t done = 0; done < m; done += FEW_VECTORS * LANES) {
            const int64_t count = m - done < FEW_VECTORS * LANES ? m - done : FEW_VECTORS * LANES;
            NAME(few_values)(&p, x + i * d, y + done * d, count, values);
            total += NAME(few_products)(values, weights + done, count);
        }
        out[i] = (REAL)(factor * total + constant);
    }
}

/* `pairwise_log_sum` for a few queries. */
void EXPORTED(pairwise_few_log_sums)(PAIRS, const REAL *offsets, REAL *out) {
    const struct NAME(pairs) p = {GIVEN};
    VEC values[FEW_VECTORS], added[FEW_VECTORS];
    for (int64_t i = 0; i < n; i++) {
        REAL largest = -(REAL)INFINITY;
        double sum = 0;
        for (int64_t done = 0; done < m; done += FEW_VECTORS * LANES) {
            const int64_t count = m - done < FEW_VECTORS * LANES ? m - done : FEW_VECTORS * LANES;
            const int64_t vectors = (count + LANES - 1) / LANES;
            NAME(few_values)(&p, x + i * d, y + done * d, count, values);
            added[vectors - 1] = NAME(splat)(-(REAL)INFINITY);
            memcpy(added, offsets + done, count * sizeof(REAL));
            NAME(add_exponentials)(values, added, (int)vectors, &largest, &sum);
        }
        out[i] = NAME(logarithm)(largest, sum);
    }
}

/* `pairwise_values` for a few queries. */
void EXPORTED(pairwise_few_values)(PAIRS, int64_t stride, REAL *out) {
    const struct NAME(pairs) p = {GIVEN};
    VEC values[FEW_VECTORS];
    for (int64_t i = 0; i < n; i++)
        for (int64_t done = 0; done < m; done += FEW_VECTORS * LANES) {
            const int64_t count = m - done < FEW_VECTORS * LANES ? m - done : FEW_VECTORS * LANES;
            NAME(few_values)(&p, x + i * d, y + done * d, count, values);
            memcpy(out + i * stride + done, values, count * sizeof(REAL));
        }
}
/* out[i] = the first j of the smallest |y_j|^2 - 2 x_i.y_j or, if clipped, of max(0, |x_i|^2 - 2 x_i.y_j + |y_j|^2), for a
   few queries; 0 where all are NaN. Equal rows give equal numbers, wherever they lie. */
void EXPORTED(nearest_center)(const REAL *x, int64_t n, const REAL *y, int64_t m, int64_t d, int is_clipped, int64_t *out) {
    const REAL *rows[LANES];
    for (int64_t i = 0; i < n; i++, x += d) {
        REAL least = (REAL)INFINITY;
        out[i] = 0;
        for (int r = 0; r < LANES; r++) rows[r] = x;
        const VEC shift = is_clipped ? NAME(few_length)(x, rows, d) : (VEC){0};
        for (int64_t done = 0; done < m; done += LANES) {
            const int64_t count = m - done < LANES ? m - done : LANES;
            for (int r = 0; r < LANES; r++) rows[r] = y + (done + (r < count ? r : count - 1)) * d;
            VEC value = shift - NAME(few_dot)(x, rows, d) * (REAL)2 + NAME(few_length)(x, rows, d);
            if (is_clipped) value = NAME(select)(value < 0, (VEC){0}, value);
            for (int64_t lane = 0; lane < count; lane++)
                if (value[lane] < least) least = value[lane], out[i] = done + lane;
        }
    }
}
#undef LOOSE
