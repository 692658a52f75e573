/* Nearest rows by a matrix product in float32, which leaves out most rows, and the exact distances of the others.

   With c the mean of the rows, rows order by s = |y - c|^2 / 2 - (x - c) (y - c) as by their distance. Rows whose s exceeds
   the smallest ones by more than twice the bound of its error cannot be among the nearest. Queries with ties where it
   matters which row the heap met first, or with too many rows that are too close to tell, are left to the search itself. */

typedef struct {
    NAME(search) *s;
    const double *center;
    /* A power of two that makes the rows fit into float32, and the largest length of a row by this scale. */
    double scale, longest;
    int64_t wanted, room, block_rows;
    int is_product;
    /* Per query, whether it is left over. */
    char *left;
    atomic_int failed;
} NAME(filter);

/* One query of a part: a heap of the smallest s, and the rows that have a chance. */
typedef struct {
    float limit, slack;
    int64_t n_listed;
    float *heap, *listed;
    int32_t *rows;
} NAME(prospect);

static void NAME(drop_far)(NAME(prospect) *p) {
    int64_t kept = 0;
    for (int64_t i = 0; i < p->n_listed; i++)
        if (p->listed[i] <= p->limit) p->listed[kept] = p->listed[i], p->rows[kept++] = p->rows[i];
    p->n_listed = kept;
}

static void NAME(list_row)(const NAME(filter) *f, NAME(prospect) *p, float value, int64_t row) {
    if (!(value <= p->limit)) return;
    if (p->n_listed == f->room) NAME(drop_far)(p);
    if (p->n_listed == f->room) {
        /* Left over; nothing passes any more. */
        p->n_listed = 0, p->limit = -INFINITY;
        return;
    }
    p->listed[p->n_listed] = value, p->rows[p->n_listed++] = (int32_t)row;
    if (!(value < p->heap[0])) return;
    int64_t at = 0;
    for (;;) {
        int64_t child = 2 * at + 1;
        if (child >= f->wanted) break;
        if (child + 1 < f->wanted && p->heap[child + 1] > p->heap[child]) child++;
        if (!(value < p->heap[child])) break;
        p->heap[at] = p->heap[child], at = child;
    }
    p->heap[at] = value;
    if (p->heap[0] < FLT_MAX) p->limit = p->heap[0] + p->slack;
}

/* [feature][count] of x or the rows, centred and scaled; lengths in double. */
static void NAME(pack_floats)(const NAME(filter) *f, const REAL *from, int64_t n, int64_t count, float *out, double *squared) {
    const int64_t d = f->s->d;
    for (int64_t i = 0; i < count; i++) {
        double total = 0;
        for (int64_t j = 0; j < d; j++) {
            const double value = i < n ? (from[i * d + j] - f->center[j]) * f->scale : 0;
            total += value * value;
            out[j * count + i] = (float)value;
        }
        squared[i] = total;
    }
}

/* A tile of s: TILE_QUERIES by TILE_ROWS; whether some are below their query's limit. */
static INLINE int NAME(tile)(int64_t d, const float *x, const float *rows, const float *half, const float *limits,
                             float *out) {
    FLOATS sums[TILE_QUERIES][TILE_VECTORS];
    UNROLL for (int q = 0; q < TILE_QUERIES; q++) UNROLL for (int v = 0; v < TILE_VECTORS; v++) sums[q][v] =
        ((const FLOATS *)half)[v];
    for (int64_t j = 0; j < d; j++) {
        FLOATS y[TILE_VECTORS];
        UNROLL for (int v = 0; v < TILE_VECTORS; v++) y[v] = ((const FLOATS *)(rows + j * TILE_ROWS))[v];
        UNROLL for (int q = 0; q < TILE_QUERIES; q++) {
            const FLOATS value = x[j * TILE_QUERIES + q] - (FLOATS){0};
            UNROLL for (int v = 0; v < TILE_VECTORS; v++) sums[q][v] = MINUS_PRODUCT(value, y[v], sums[q][v]);
        }
    }
    uint32_t any = 0;
    UNROLL for (int q = 0; q < TILE_QUERIES; q++) UNROLL for (int v = 0; v < TILE_VECTORS; v++) any |=
        NOT_ABOVE(sums[q][v], limits[q]);
    if (any) UNROLL for (int q = 0; q < TILE_QUERIES; q++) UNROLL for (int v = 0; v < TILE_VECTORS; v++)((FLOATS *)
        out)[q * TILE_VECTORS + v] = sums[q][v];
    return any != 0;
}

static void NAME(list_tile)(const NAME(filter) *f, NAME(prospect) *p, int64_t n, const float *values, int64_t row) {
    for (int64_t q = 0; q < n; q++)
        for (int v = 0; v < TILE_VECTORS; v++) {
            uint32_t near = NOT_ABOVE(((const FLOATS *)values)[q * TILE_VECTORS + v], p[q].limit);
            for (; near; near &= near - 1) {
                const int at = v * FLOAT_LANES + __builtin_ctz(near);
                NAME(list_row)(f, p + q, values[q * TILE_ROWS + at], row + at);
            }
        }
}
