/* Statistics of a few queries with a few vectors of stored rows; included by pairwise.c once for each precision. */

/* What a call is about; `x` are n queries, `y` m stored rows, both of d features. */
struct NAME(pairs) {
    const REAL *x, *y;
    int64_t n, m, d;
    int statistic, link;
    REAL gamma, coef0;
    int64_t degree;
    /* Groups of stored rows, side by side, and n_extra numbers of each row. */
    const int64_t *sizes;
    int64_t n_groups, n_extra;
    /* The stored rows packed by tiles, `width` numbers of each, and the extra numbers as (group, extra, padded row). */
    int64_t width;
    REAL *packed, *extra;
    /* The origin of an expanded square, and memory of a thread, `room` numbers of each. */
    const REAL *center;
    REAL *rooms;
    int64_t room;
    const REAL *shifts;
    void *out;
    int64_t stride;
};

#define DEFINE_TILE(STATISTIC, SIZE, COUNT, FIRST, START, RESULT, ...)                                                 \
    static void NAME(STATISTIC##SIZE)(const REAL *const *x, int64_t width, const REAL *packed, VEC *out) {             \
        const VEC *stored = (const VEC *)packed;                                                                       \
        VEC sums[ROWS][COUNT];                                                                                         \
        UNROLL for (int r = 0; r < ROWS; r++) UNROLL for (int v = 0; v < COUNT; v++) sums[r][v] = START;               \
        stored += FIRST * COUNT;                                                                                       \
        for (int64_t k = FIRST; k < width; k++, stored += COUNT) {                                                     \
            UNROLL for (int r = 0; r < ROWS; r++) {                                                                    \
                const VEC value = NAME(splat)(x[r][k]);                                                                \
                UNROLL for (int v = 0; v < COUNT; v++) {                                                               \
                    VEC *sum = &sums[r][v];                                                                            \
                    __VA_ARGS__                                                                                        \
                }                                                                                                      \
            }                                                                                                          \
        }                                                                                                              \
        UNROLL for (int r = 0; r < ROWS; r++) UNROLL for (int v = 0; v < COUNT; v++) out[r * COUNT + v] =              \
            RESULT(sums[r][v]);                                                                                        \
    }
#define DEFINE_TILES(STATISTIC, FIRST, START, RESULT, ...)                                                             \
    DEFINE_TILE(STATISTIC, _wide, VECTORS, FIRST, START, RESULT, __VA_ARGS__)                                          \
    DEFINE_TILE(STATISTIC, _single, 1, FIRST, START, RESULT, __VA_ARGS__)

DEFINE_TILES(dot, 0, (VEC){0}, , *sum = FMA(stored[v], value, *sum);)
DEFINE_TILES(squared_distance, 0, (VEC){0}, , VEC difference = stored[v] - value;
             *sum = FMA(difference, difference, *sum);)
DEFINE_TILES(manhattan, 0, (VEC){0}, , *sum += NAME(magnitude)(stored[v] - value);)
DEFINE_TILES(chi_squared, 0, (VEC){0}, , VEC difference = stored[v] - value, total = stored[v] + value;
             *sum += difference * difference / NAME(select)(total == 0, NAME(splat)(1), total);)
#ifdef EXPANDS
/* Of rows whose first number is a constant to add: -|x|^2, and products with -2 y. */
DEFINE_TILES(expanded, 1, stored[v] + x[r][0], NAME(power_of_two), *sum = FMA(stored[v], value, *sum);)
DEFINE_TILES(expanded_square, 1, stored[v] + x[r][0], , *sum = FMA(stored[v], value, *sum);)
#endif

#undef DEFINE_TILE
#undef DEFINE_TILES

#define CHOOSE(STATISTIC) (count == 1 ? NAME(STATISTIC##_single) : NAME(STATISTIC##_wide))(rows, p->width, packed, values)

/* Link of the statistic of the ROWS rows of `x` from `first`, below `stop`, whose last is repeated, with `count` packed
   vectors, which is VECTORS or 1; ROWS * count vectors. */
static void NAME(tile)(const struct NAME(pairs) * p, const REAL *x, int64_t first, int64_t stop, const REAL *packed,
                       int count, VEC *values) {
    const REAL *rows[ROWS];
    for (int64_t r = 0; r < ROWS; r++) rows[r] = x + (first + r < stop ? first + r : stop - 1) * p->width;
    switch (p->statistic) {
    case DOT:
        CHOOSE(dot);
        break;
    case SQUARED_DISTANCE:
        CHOOSE(squared_distance);
        break;
    case MANHATTAN:
        CHOOSE(manhattan);
        break;
#ifdef EXPANDS
    case EXPANDED:
        if (p->link == POWER_OF_TWO) CHOOSE(expanded);
        else CHOOSE(expanded_square);
        return;
#endif
    default:
        CHOOSE(chi_squared);
    }
    NAME(apply_link)(values, ROWS * count, p->link, p->gamma, p->coef0, p->degree);
}
#undef CHOOSE

static INLINE int64_t NAME(padded)(int64_t size) { return (size + LANES - 1) / LANES * LANES; }

/* Vectors of the next tile, of which `left` rows are left. */
static INLINE int NAME(tile_vectors)(int64_t left) { return left >= WIDTH ? VECTORS : 1; }

/* Rows, `stride` numbers apart, as vectors of one feature each, tile by tile; the last fills up the last vector. */
static REAL *NAME(pack_rows)(const REAL *y, int64_t size, int64_t d, int64_t stride, REAL *packed) {
    for (int64_t done = 0; done < size;) {
        const int64_t width = NAME(tile_vectors)(NAME(padded)(size) - done) * LANES;
        for (int64_t lane = 0; lane < width; lane++) {
            const REAL *from = y + (done + lane < size ? done + lane : size - 1) * stride;
            for (int64_t k = 0; k < d; k++) packed[k * width + lane] = from[k];
        }
        packed += width * d;
        done += width;
    }
    return packed;
}

/* Fill p->extra, behind the packed rows; `fill` stands for the numbers of rows that fill up. Returns its end. */
static REAL *NAME(pack_extra)(struct NAME(pairs) * p, const REAL *extra, REAL fill, REAL *to) {
    p->extra = to;
    int64_t start = 0;
    for (int64_t g = 0; g < p->n_groups; start += p->sizes[g++])
        for (int64_t e = 0; e < p->n_extra; e++)
            for (int64_t j = 0; j < NAME(padded)(p->sizes[g]); j++)
                *to++ = j < p->sizes[g] ? extra[e * p->m + start + j] : fill;
    return to;
}
