/* The filter over parts of the queries, and the exact order of what it leaves. */

/* The nearest of the listed rows by exact distances; 0 where the query is left to the search itself. */
static int NAME(refine)(const NAME(filter) *f, NAME(prospect) *p, int64_t query, REAL *block, REAL *values, int64_t *index,
                        const REAL **rows) {
    const NAME(search) *s = f->s;
    NAME(drop_far)(p);
    const int64_t n = p->n_listed;
    if (n < f->wanted) return 0;
    for (int64_t i = 0; i < n; i++) rows[i] = s->rows + p->rows[i] * s->d, index[i] = p->rows[i];
    NAME(distances_to)(s, s->x + query * s->d, rows, n, block, values);
    NAME(sort)(values, index, n, values + n, index + n);
    for (int64_t i = 1; i < f->wanted && s->order != BY_INDEX; i++)
        if (values[i] == values[i - 1]) return 0;
    if (!(values[s->k - 1] < INFINITY)) return 0;
    memcpy(s->values + query * s->k, values, s->k * sizeof(REAL));
    memcpy(s->index + query * s->k, index, s->k * sizeof(int64_t));
    return 1;
}

static float NAME(slack_of)(const NAME(filter) *f, double squared) {
    const double length = sqrt(squared), far = length + f->longest, d = (double)f->s->d;
    const double in_filter = 1.1 * 0x1p-24 * (d + 6) * (f->longest + length) * f->longest;
    const double in_order = (d + 4) * (sizeof(REAL) == 8 ? 0x1p-52 : 0x1p-23) * far * far;
    return (float)(2.1 * (in_filter + in_order) + 1e-30);
}

static void NAME(filter_part)(int64_t begin, int64_t end, int thread, void *context) {
    NAME(filter) *f = context;
    const NAME(search) *s = f->s;
    const int64_t d = s->d, n = end - begin, tiles = (n + TILE_QUERIES - 1) / TILE_QUERIES, all = tiles * TILE_QUERIES;
    (void)thread;
    char *memory[8];
    const size_t sizes[8] = {
        all * d * sizeof(float),
        f->block_rows * d * sizeof(float),
        f->block_rows * (sizeof(float) + sizeof(double)) + all * (sizeof(double) + sizeof(float)),
        all * sizeof(NAME(prospect)),
        all * (f->wanted + f->room) * sizeof(float),
        all * f->room * sizeof(int32_t),
        (2 * f->room + LANES * (d + 1)) * sizeof(REAL) + 64,
        2 * f->room * (sizeof(int64_t) + sizeof(REAL *)),
    };
    int is_complete = 1;
    for (int i = 0; i < 8; i++) {
        memory[i] = sk2torch_allocate((int64_t)sizes[i]);
        is_complete &= memory[i] != NULL;
    }
    if (!is_complete) {
        atomic_store(&f->failed, 1);
    } else {
        float *x = (float *)memory[0], *rows = (float *)memory[1];
        float *half = (float *)memory[2];
        double *squared = (double *)(half + f->block_rows), *x_squared = squared + f->block_rows;
        float *limits = (float *)(x_squared + all);
        NAME(prospect) *prospects = (NAME(prospect) *)memory[3];
        for (int64_t t = 0; t < tiles; t++)
            NAME(pack_floats)(f, s->x + (begin + t * TILE_QUERIES) * d, n - t * TILE_QUERIES, TILE_QUERIES,
                              x + t * TILE_QUERIES * d, x_squared + t * TILE_QUERIES);
        for (int64_t q = 0; q < all; q++) {
            float *floats = (float *)memory[4] + q * (f->wanted + f->room);
            /* Too far from the rows for float32, or not a number: left over. */
            const int is_usable = q < n && x_squared[q] < 1e30;
            prospects[q] = (NAME(prospect)){.limit = is_usable ? FLT_MAX : -INFINITY,
                                            .slack = NAME(slack_of)(f, x_squared[q]),
                                            .heap = floats,
                                            .listed = floats + f->wanted,
                                            .rows = (int32_t *)memory[5] + q * f->room};
            for (int64_t i = 0; i < f->wanted; i++) floats[i] = FLT_MAX;
        }
        for (int64_t start = 0; start < s->m; start += f->block_rows) {
            const int64_t count = s->m - start < f->block_rows ? s->m - start : f->block_rows;
            for (int64_t r = 0; r < count; r += TILE_ROWS)
                NAME(pack_floats)(f, s->rows + (start + r) * d, count - r, TILE_ROWS, rows + r * d, squared + r);
            for (int64_t r = 0; r < (count + TILE_ROWS - 1) / TILE_ROWS * TILE_ROWS; r++)
                half[r] = r >= count ? INFINITY : f->is_product ? 0.0f : (float)(0.5 * squared[r]);
            for (int64_t t = 0; t < tiles; t++) {
                float values[TILE_QUERIES * TILE_ROWS] __attribute__((aligned(64)));
                NAME(prospect) *p = prospects + t * TILE_QUERIES;
                for (int q = 0; q < TILE_QUERIES; q++) limits[q] = p[q].limit;
                for (int64_t r = 0; r < count; r += TILE_ROWS)
                    if (NAME(tile)(d, x + t * TILE_QUERIES * d, rows + r * d, half + r, limits, values)) {
                        NAME(list_tile)(f, p, TILE_QUERIES, values, start + r);
                        for (int q = 0; q < TILE_QUERIES; q++) limits[q] = p[q].limit;
                    }
            }
        }
        REAL *block = (REAL *)memory[6], *values = block + LANES * d;
        for (int64_t q = 0; q < n; q++)
            f->left[begin + q] = !NAME(refine)(f, prospects + q, begin + q, block, values, (int64_t *)memory[7],
                                               (const REAL **)(memory[7] + 2 * f->room * sizeof(int64_t)));
    }
    for (int i = 0; i < 8; i++) free(memory[i]);
}

/* Whether the rows have a scale; then center, scale and longest are set. */
static int NAME(measure)(NAME(filter) *f, double *center) {
    const NAME(search) *s = f->s;
    for (int64_t j = 0; j < s->d; j++) center[j] = 0;
    for (int64_t i = 0; i < s->m && !f->is_product; i++)
        for (int64_t j = 0; j < s->d; j++) center[j] += s->rows[i * s->d + j];
    for (int64_t j = 0; j < s->d; j++) center[j] /= (double)s->m;
    double longest = 0;
    for (int64_t i = 0; i < s->m; i++) {
        double total = 0;
        for (int64_t j = 0; j < s->d; j++) {
            const double value = s->rows[i * s->d + j] - center[j];
            total += value * value;
        }
        if (!(total < 1e290)) return 0;
        longest = total > longest ? total : longest;
    }
    if (!(longest > 1e-290)) return 0;
    f->center = center;
    f->scale = ldexp(1.0, -ilogb(sqrt(longest)));
    f->longest = sqrt(longest) * f->scale * (1 + 0x1p-40);
    return 1;
}

/* All queries through the filter, those that it leaves over one by one; 0 where there was no memory. */
static int NAME(search_filtered)(NAME(search) *s) {
    const int64_t n = s->n, wanted = s->k + 1 < s->m ? s->k + 1 : s->m;
    NAME(filter) f = {.s = s, .wanted = wanted, .room = 4 * wanted + 64, .is_product = s->metric != EUCLIDEAN};
    atomic_init(&f.failed, 0);
    int64_t rows = 131072 / (s->d * (int64_t)sizeof(float)) / TILE_ROWS * TILE_ROWS;
    const int64_t most_rows = (s->m + TILE_ROWS - 1) / TILE_ROWS * TILE_ROWS;
    f.block_rows = rows < TILE_ROWS ? TILE_ROWS : rows < most_rows ? rows : most_rows;
    double *center = sk2torch_allocate(s->d * (int64_t)sizeof(double));
    f.left = sk2torch_allocate(n);
    int64_t *queries = sk2torch_allocate(n * (int64_t)sizeof(int64_t)), n_left = 0;
    int is_done = center && f.left && queries;
    if (is_done && NAME(measure)(&f, center)) {
        int64_t share = (n / (4 * s->n_threads) / TILE_QUERIES + 1) * TILE_QUERIES;
        const int64_t most = 16777216 / ((5 * wanted + 64) * 8 + s->d * 4) / TILE_QUERIES * TILE_QUERIES;
        if (share > MOST_QUERIES) share = MOST_QUERIES;
        if (share > most) share = most < TILE_QUERIES ? TILE_QUERIES : most;
        sk2torch_parallel(n, share, s->n_threads, NAME(filter_part), &f);
        is_done = !atomic_load(&f.failed);
        for (int64_t q = 0; q < n && is_done; q++)
            if (f.left[q]) queries[n_left++] = q;
        if (is_done && n_left) is_done = NAME(search_each)(s, queries, n_left) >= 0;
    } else if (is_done) {
        is_done = NAME(search_each)(s, NULL, n) >= 0;
    }
    free(center), free(f.left), free(queries);
    return is_done;
}

/* A few queries by the tree, to see how much of it they meet; returns whether the filter takes less. */
static int NAME(prefers_filter)(NAME(search) *s) {
    const int is_tree = s->order == KD_TREE || s->order == BALL_TREE;
    if (s->m >= INT32_MAX || s->n < 4 * TILE_QUERIES || s->m < 2 * s->k + 64) return 0;
    if (s->metric != EUCLIDEAN && (s->metric != COSINE && s->metric != CORRELATION)) return 0;
    if (!is_tree) return 1;
    int64_t some[32], n = s->n < 320 ? s->n / 10 : 32;
    for (int64_t i = 0; i < n; i++) some[i] = i * (s->n / n);
    const int64_t met = NAME(search_each)(s, some, n);
    return met >= 0 && (double)met / (double)n * (TREE_LEAF + (double)(s->width * s->d) * TREE_CELL) >
                           (double)s->m * (FILTER_ROW + (double)s->d * FILTER_CELL);
}

/* 0 where there was no memory. */
static int NAME(search_many)(NAME(search) *s, int64_t most_bytes) {
    const int is_tree = s->order == KD_TREE || s->order == BALL_TREE;
    const int64_t bytes = s->n_leaves * s->padded * s->d * (int64_t)sizeof(REAL);
    if (is_tree && s->n >= s->n_leaves / 8 && bytes <= most_bytes) s->packed = sk2torch_allocate(bytes);
    if (s->packed) sk2torch_parallel(s->n_leaves, 64, s->n_threads, NAME(pack_leaves), s);
    const int is_done = NAME(prefers_filter)(s) ? NAME(search_filtered)(s) : NAME(search_each)(s, NULL, s->n) >= 0;
    free(s->packed);
    return is_done;
}

/* Returns 0 without memory, 2 where some query met too few rows at a finite distance, else 1. */
int EXPORTED(neighbors_nearest)(const REAL *x, int64_t n, const REAL *rows, int64_t m, int64_t d, int64_t k, int metric,
                                double power, const REAL *weights, int order, const int64_t *leaves, int64_t n_leaves,
                                int64_t width, const REAL *lower, const REAL *upper, int64_t most_bytes, int64_t *index,
                                REAL *values, int n_threads) {
    NAME(search) s = {
        .x = x, .n = n, .rows = rows, .m = m, .d = d, .k = k, .metric = metric, .power = (REAL)power, .weights = weights,
        .order = order, .leaves = leaves, .n_leaves = n_leaves, .width = width, .lower = lower, .upper = upper,
        .index = index, .values = values, .n_threads = n_threads, .padded = (width + LANES - 1) / LANES * LANES};
    const int is_few = n <= FEW_QUERIES && metric == EUCLIDEAN;
    int status = is_few ? NAME(search_few)(&s) : NAME(search_many)(&s, most_bytes);
    for (int64_t q = 0; q < n && status; q++)
        if (!(values[q * k + k - 1] < INFINITY)) status = 2;
    return status;
}
