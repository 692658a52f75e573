/* The heap of each query meets all rows, or those of the leaves of a tree that are near enough. */

/* The least distances to the two children of a node of a k-d tree. */
static INLINE void NAME(box_bounds)(const NAME(search) *s, const REAL *x, int64_t node, REAL *bound) {
    const int64_t d = s->d;
    const REAL *lower = s->lower + (2 * node + 1) * d, *upper = s->upper + (2 * node + 1) * d;
    REAL total[2] = {0, 0};
    for (int64_t f = 0; f < d; f++)
        for (int c = 0; c < 2; c++) {
            const REAL below = lower[c * d + f] - x[f], above = x[f] - upper[c * d + f];
            REAL outside = below > above ? below : above;
            outside = outside > 0 ? outside : (REAL)0;
            if (s->metric == EUCLIDEAN) total[c] += outside * outside;
            else if (s->metric == CHEBYSHEV) total[c] = outside > total[c] ? outside : total[c];
            else if (s->metric == MINKOWSKI) total[c] += POW(outside, s->power);
            else total[c] += outside;
        }
    bound[0] = total[0], bound[1] = total[1];
}

/* The same of a ball tree. */
static void NAME(ball_bounds)(const NAME(search) *s, const REAL *x, int64_t node, REAL *scratch, REAL *bound) {
    const int64_t child = 2 * node + 1;
    const REAL *centers[2] = {s->lower + child * s->d, s->lower + (child + 1) * s->d};
    NAME(distances_to)(s, x, centers, 2, scratch, bound);
    const int squared = s->metric == EUCLIDEAN || s->metric == SEUCLIDEAN;
    for (int c = 0; c < 2; c++) {
        const REAL to_center = squared                  ? SQRT(bound[c])
                               : s->metric == MINKOWSKI ? POW(bound[c], 1 / s->power)
                                                        : bound[c];
        const REAL gap = to_center - s->upper[child + c], far = gap > 0 ? gap : (REAL)0;
        bound[c] = squared ? far * far : s->metric == MINKOWSKI ? POW(far, s->power) : far;
    }
}

/* What one query, or a few of them, work with; all in one piece of memory. */
typedef struct {
    REAL *block, *distances, *values, *scratch;
    int64_t *index, *places;
} NAME(space);

static int NAME(take_space)(const NAME(search) *s, int64_t n_heaps, NAME(space) *w) {
    const int64_t widest = s->padded > LANES ? s->padded : LANES;
    const int64_t block = (widest * (s->d + 1) * sizeof(REAL) + 63) / 64 * 64;
    const int64_t values = ((n_heaps + 1) * s->k * sizeof(REAL) + 63) / 64 * 64;
    const int64_t index = ((n_heaps + 1) * s->k * sizeof(int64_t) + 63) / 64 * 64;
    char *memory = sk2torch_allocate(block + values + index);
    if (!memory) return 0;
    w->block = (REAL *)memory, w->distances = w->block + widest * s->d;
    w->values = (REAL *)(memory + block), w->scratch = w->values + n_heaps * s->k;
    w->index = (int64_t *)(memory + block + values), w->places = w->index + n_heaps * s->k;
    return 1;
}

static INLINE REAL NAME(farthest)(const NAME(search) *s, const REAL *values) {
    return s->order == BY_INDEX ? values[s->k - 1] : values[0];
}

/* A heap, or for BY_INDEX a sorted list, takes one more row. */
static INLINE void NAME(take)(const NAME(search) *s, REAL *values, int64_t *index, REAL value, int64_t place) {
    if (s->order != BY_INDEX) {
        if (value < values[0]) NAME(sink)(values, index, s->k, value, place);
        return;
    }
    if (!(value < values[s->k - 1])) return;
    int64_t j = s->k - 1;
    for (; j > 0 && value < values[j - 1]; j--) values[j] = values[j - 1], index[j] = index[j - 1];
    values[j] = value, index[j] = place;
}

static void NAME(meet)(const NAME(search) *s, const REAL *query, int64_t leaf, const REAL *block, REAL *distances,
                       REAL *values, int64_t *index) {
    NAME(block)(s, query, block, distances);
    const int64_t *points = s->leaves + leaf * s->width;
    const int64_t count = NAME(leaf_rows)(s, leaf);
    for (int64_t i = 0; i < count; i += LANES) {
        uint32_t near = BELOW(*(const VEC *)(distances + i), NAME(farthest)(s, values));
        if (count - i < LANES) near &= (1u << (count - i)) - 1;
        for (; near; near &= near - 1) {
            const int64_t at = i + __builtin_ctz(near);
            NAME(take)(s, values, index, distances[at], points[at]);
        }
    }
}

/* Whether nothing in a node is near enough. The bounds of float32 are rounded from those that the rows were sorted by. */
static INLINE int NAME(is_beyond)(REAL least, REAL farthest) {
    return (sizeof(REAL) == 8 ? least : least * (1 - 64 * FLT_EPSILON)) > farthest;
}

/* Depth first, the nearer child first; the number of leaves met, -1 where there were more than `most`. */
static int64_t NAME(descend)(const NAME(search) *s, const REAL *query, NAME(space) *w, int64_t most) {
    int64_t stack[64], top = 1, met = 0;
    const int64_t n_inner = s->n_leaves - 1;
    REAL bounds[64];
    stack[0] = 0, bounds[0] = 0;
    while (top) {
        int64_t node = stack[--top];
        REAL least = bounds[top];
        while (!NAME(is_beyond)(least, w->values[0]) && node < n_inner) {
            REAL bound[2];
            if (s->order == KD_TREE) NAME(box_bounds)(s, query, node, bound);
            else NAME(ball_bounds)(s, query, node, w->block, bound);
            const int nearer = bound[0] <= bound[1] ? 0 : 1;
            stack[top] = 2 * node + 2 - nearer, bounds[top++] = bound[1 - nearer];
            node = 2 * node + 1 + nearer, least = bound[nearer];
        }
        if (NAME(is_beyond)(least, w->values[0])) continue;
        if (met == most) return -1;
        const REAL *block = s->packed ? s->packed + (node - n_inner) * s->padded * s->d : w->block;
        if (!s->packed) NAME(pack_leaf)(s, node - n_inner, w->block);
        NAME(meet)(s, query, node - n_inner, block, w->distances, w->values, w->index);
        met++;
    }
    return met;
}

typedef struct {
    NAME(search) *s;
    /* Which of the queries; null for all. */
    const int64_t *queries;
    atomic_llong met;
    atomic_int failed;
} NAME(job);

static void NAME(walk)(int64_t begin, int64_t end, int thread, void *context) {
    NAME(job) *job = context;
    const NAME(search) *s = job->s;
    NAME(space) w;
    (void)thread;
    if (!NAME(take_space)(s, 1, &w)) {
        atomic_store(&job->failed, 1);
        return;
    }
    int64_t met = 0;
    for (int64_t i = begin; i < end; i++) {
        const int64_t query = job->queries ? job->queries[i] : i;
        NAME(empty)(w.values, w.index, s->k);
        met += NAME(descend)(s, s->x + query * s->d, &w, INT64_MAX);
        NAME(finish)(s, query, w.values, w.index, w.scratch, w.places);
    }
    atomic_fetch_add(&job->met, met);
    free(w.block);
}

/* Each leaf is packed once for all queries of the part. */
static void NAME(scan)(int64_t begin, int64_t end, int thread, void *context) {
    NAME(job) *job = context;
    const NAME(search) *s = job->s;
    const int64_t n = end - begin, k = s->k;
    NAME(space) w;
    (void)thread;
    if (!NAME(take_space)(s, n, &w)) {
        atomic_store(&job->failed, 1);
        return;
    }
    NAME(empty)(w.values, w.index, n * k);
    for (int64_t leaf = 0; leaf < s->n_leaves; leaf++) {
        NAME(pack_leaf)(s, leaf, w.block);
        for (int64_t i = 0; i < n; i++) {
            const int64_t query = job->queries ? job->queries[begin + i] : begin + i;
            NAME(meet)(s, s->x + query * s->d, leaf, w.block, w.distances, w.values + i * k, w.index + i * k);
        }
    }
    for (int64_t i = 0; i < n; i++)
        NAME(finish)(s, job->queries ? job->queries[begin + i] : begin + i, w.values + i * k, w.index + i * k, w.scratch,
                     w.places);
    free(w.block);
}

static void NAME(pack_leaves)(int64_t begin, int64_t end, int thread, void *context) {
    const NAME(search) *s = context;
    (void)thread;
    for (int64_t leaf = begin; leaf < end; leaf++) NAME(pack_leaf)(s, leaf, s->packed + leaf * s->padded * s->d);
}

/* One by one, by the tree or by all rows; the number of leaves met, -1 where there was no memory. */
static int64_t NAME(search_each)(NAME(search) *s, const int64_t *queries, int64_t n) {
    NAME(job) job = {.s = s, .queries = queries};
    atomic_init(&job.met, 0);
    atomic_init(&job.failed, 0);
    const int64_t share = n / (4 * s->n_threads) + 1;
    if (s->order == KD_TREE || s->order == BALL_TREE)
        sk2torch_parallel(n, share < 64 ? share : 64, n < 8 ? 1 : s->n_threads, NAME(walk), &job);
    else
        sk2torch_parallel(n, share < 32 ? share : 32, s->n_threads, NAME(scan), &job);
    return atomic_load(&job.failed) ? -1 : (int64_t)atomic_load(&job.met);
}
