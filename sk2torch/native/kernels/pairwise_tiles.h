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
    /* The stored rows packed by tiles, and the extra numbers as (group, extra, padded row). */
    REAL *packed, *extra;
    const REAL *shifts;
    void *out;
    int64_t stride;
};

#define DEFINE_TILE(STATISTIC, SIZE, COUNT, ...)                                                                       \
    static void NAME(STATISTIC##SIZE)(const REAL *const *x, int64_t d, const REAL *packed, VEC *out) {                 \
        const VEC *stored = (const VEC *)packed;                                                                       \
        VEC sums[ROWS][COUNT];                                                                                         \
        UNROLL for (int r = 0; r < ROWS; r++) UNROLL for (int v = 0; v < COUNT; v++) sums[r][v] = (VEC){0};            \
        for (int64_t k = 0; k < d; k++, stored += COUNT) {                                                             \
            UNROLL for (int r = 0; r < ROWS; r++) {                                                                    \
                const VEC value = NAME(splat)(x[r][k]);                                                                \
                UNROLL for (int v = 0; v < COUNT; v++) {                                                               \
                    VEC *sum = &sums[r][v];                                                                            \
                    __VA_ARGS__                                                                                        \
                }                                                                                                      \
            }                                                                                                          \
        }                                                                                                              \
        UNROLL for (int r = 0; r < ROWS; r++) UNROLL for (int v = 0; v < COUNT; v++) out[r * COUNT + v] = sums[r][v];  \
    }
#define DEFINE_TILES(STATISTIC, ...)                                                                                   \
    DEFINE_TILE(STATISTIC, _wide, VECTORS, __VA_ARGS__)                                                                \
    DEFINE_TILE(STATISTIC, _single, 1, __VA_ARGS__)

DEFINE_TILES(dot, *sum = FMA(stored[v], value, *sum);)
DEFINE_TILES(squared_distance, VEC difference = stored[v] - value; *sum = FMA(difference, difference, *sum);)
DEFINE_TILES(manhattan, *sum += NAME(magnitude)(stored[v] - value);)
DEFINE_TILES(chi_squared, VEC difference = stored[v] - value, total = stored[v] + value;
             *sum += difference * difference / NAME(select)(total == 0, NAME(splat)(1), total);)

#undef DEFINE_TILE
#undef DEFINE_TILES

#define CHOOSE(STATISTIC) (count == 1 ? NAME(STATISTIC##_single) : NAME(STATISTIC##_wide))(rows, p->d, packed, values)

/* Link of the statistic of the ROWS queries from `first`, below `stop`, whose last is repeated, with `count` packed
   vectors, which is VECTORS or 1; ROWS * count vectors. */
static void NAME(tile)(const struct NAME(pairs) * p, int64_t first, int64_t stop, const REAL *packed, int count,
                       VEC *values) {
    const REAL *rows[ROWS];
    for (int64_t r = 0; r < ROWS; r++) rows[r] = p->x + (first + r < stop ? first + r : stop - 1) * p->d;
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
    default:
        CHOOSE(chi_squared);
    }
    NAME(apply_link)(values, ROWS * count, p->link, p->gamma, p->coef0, p->degree);
}
#undef CHOOSE

static INLINE int64_t NAME(padded)(int64_t size) { return (size + LANES - 1) / LANES * LANES; }

/* Vectors of the next tile, of which `left` rows are left. */
static INLINE int NAME(tile_vectors)(int64_t left) { return left >= WIDTH ? VECTORS : 1; }

/* Rows of a group as vectors of one feature each, tile by tile; its last row fills up the last vector. */
static REAL *NAME(pack_group)(const REAL *y, int64_t size, int64_t d, REAL *packed) {
    for (int64_t done = 0; done < size;) {
        int64_t width = NAME(tile_vectors)(NAME(padded)(size) - done) * LANES;
        for (int64_t lane = 0; lane < width; lane++) {
            const REAL *from = y + (done + lane < size ? done + lane : size - 1) * d;
            for (int64_t k = 0; k < d; k++) packed[k * width + lane] = from[k];
        }
        packed += width * d;
        done += width;
    }
    return packed;
}

/* Fill p->packed and p->extra, which lie in `workspace`; `fill` stands for the extra numbers of rows that fill up. */
static void NAME(pack)(struct NAME(pairs) * p, const REAL *extra, REAL fill, REAL *workspace) {
    p->packed = workspace;
    int64_t start = 0;
    for (int64_t g = 0; g < p->n_groups; start += p->sizes[g++])
        workspace = NAME(pack_group)(p->y + start * p->d, p->sizes[g], p->d, workspace);
    p->extra = workspace;
    start = 0;
    for (int64_t g = 0; g < p->n_groups; start += p->sizes[g++])
        for (int64_t e = 0; e < p->n_extra; e++)
            for (int64_t j = 0; j < NAME(padded)(p->sizes[g]); j++)
                *workspace++ = j < p->sizes[g] ? extra[e * p->m + start + j] : fill;
}
