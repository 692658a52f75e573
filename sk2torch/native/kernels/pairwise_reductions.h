/* The exported reductions; included by pairwise.c once for each precision. */

#define PAIRS                                                                                                          \
    const REAL *x, int64_t n, const REAL *y, int64_t m, int64_t d, int statistic, int link, double gamma,              \
        double coef0, int64_t degree
#define GIVEN                                                                                                          \
    .x = x, .n = n, .y = y, .m = m, .d = d, .statistic = statistic, .link = link, .gamma = (REAL)gamma,                \
    .coef0 = (REAL)coef0, .degree = degree

/* Fill p->packed and p->extra, which lie in `workspace`; `fill` stands for the extra numbers of rows that fill up. */
static void NAME(pack)(struct NAME(pairs) * p, const REAL *extra, REAL fill, int expands, REAL *workspace) {
#ifdef EXPANDS
    if (expands && NAME(pack_expanded)(p, extra, fill, workspace)) return;
#endif
    (void)expands;
    p->packed = workspace;
    p->width = p->d;
    const REAL *rows = p->y;
    for (int64_t g = 0; g < p->n_groups; rows += p->sizes[g++] * p->d)
        workspace = NAME(pack_rows)(rows, p->sizes[g], p->d, p->d, workspace);
    NAME(pack_extra)(p, extra, fill, workspace);
}

/* The rows of a part, as the tiles take them; `room` is the thread's. */
static const REAL *NAME(part)(const struct NAME(pairs) * p, int64_t begin, int64_t end, REAL *room) {
#ifdef EXPANDS
    if (p->statistic == EXPANDED) return NAME(expanded_rows)(p, begin, end, room);
#endif
    (void)end, (void)room;
    return p->x + begin * p->d;
}

static void NAME(sums_of)(int64_t begin, int64_t end, int thread, void *context) {
    const struct NAME(pairs) *p = context;
    const int64_t n_weights = p->n_extra, n = end - begin;
    const REAL *packed = p->packed, *weights = p->extra;
    const REAL *x = NAME(part)(p, begin, end, p->rooms + thread * p->room);
    VEC values[ROWS * VECTORS], sums[MOST_SUMS];
    double totals[MOST_SUMS];
    for (int64_t g = 0; g < p->n_groups; g++) {
        const int64_t m = NAME(padded)(p->sizes[g]);
        for (int64_t i = 0; i < n * n_weights; i++) sums[i] = (VEC){0}, totals[i] = 0;
        for (int64_t done = 0, step = 1; done < m; step++) {
            const int count = NAME(tile_vectors)(m - done);
            for (int64_t i = 0; i < n; i += ROWS) {
                NAME(tile)(p, x, i, n, packed, count, values);
                for (int64_t r = 0; r < ROWS && i + r < n; r++)
                    for (int64_t w = 0; w < n_weights; w++) {
                        const VEC *weight = (const VEC *)(weights + w * m + done);
                        VEC sum = sums[(i + r) * n_weights + w];
                        for (int v = 0; v < count; v++) sum = FMA(values[r * count + v], weight[v], sum);
                        sums[(i + r) * n_weights + w] = sum;
                    }
            }
            packed += count * LANES * p->width;
            done += count * LANES;
            if (step % TILES_PER_TOTAL != 0 && done < m) continue;
            for (int64_t i = 0; i < n * n_weights; i++) {
                for (int64_t lane = 0; lane < LANES; lane++) totals[i] += sums[i][lane];
                sums[i] = (VEC){0};
            }
        }
        weights += n_weights * m;
        REAL *out = (REAL *)p->out + (begin * p->n_groups + g) * n_weights;
        for (int64_t i = 0; i < n; i++)
            for (int64_t w = 0; w < n_weights; w++) out[i * p->n_groups * n_weights + w] = (REAL)totals[i * n_weights + w];
    }
}

/* Sums of many weights: values of a part with DEPTH stored rows at a time, and their products with the weights. */
static void NAME(products_of)(int64_t begin, int64_t end, int thread, void *context) {
    const struct NAME(pairs) *p = context;
    const int64_t n = end - begin, n_weights = p->n_extra, all = NAME(padded)(n_weights);
    REAL *values = p->rooms + thread * p->room, *totals = values + MOST_ROWS * DEPTH;
    const REAL *x = NAME(part)(p, begin, end, totals + MOST_ROWS * all);
    const REAL *packed = p->packed, *weights = p->extra;
    VEC found[ROWS * VECTORS];
    struct NAME(pairs) inner = {.statistic = DOT, .link = IDENTITY};
    for (int64_t g = 0; g < p->n_groups; g++) {
        for (int64_t i = 0; i < n * all; i++) totals[i] = 0;
        for (int64_t from = 0; from < p->sizes[g]; from += DEPTH) {
            const int64_t depth = p->sizes[g] - from < DEPTH ? p->sizes[g] - from : DEPTH, m = NAME(padded)(depth);
            for (int64_t done = 0; done < m;) {
                const int count = NAME(tile_vectors)(m - done);
                for (int64_t i = 0; i < n; i += ROWS) {
                    NAME(tile)(p, x, i, n, packed, count, found);
                    for (int64_t r = 0; r < ROWS && i + r < n; r++)
                        memcpy(values + (i + r) * depth + done, found + r * count,
                               (depth - done < count * LANES ? depth - done : count * LANES) * sizeof(REAL));
                }
                packed += count * LANES * p->width;
                done += count * LANES;
            }
            inner.width = depth;
            for (int64_t done = 0; done < all;) {
                const int count = NAME(tile_vectors)(all - done);
                for (int64_t i = 0; i < n; i += ROWS) {
                    NAME(tile)(&inner, values, i, n, weights, count, found);
                    for (int64_t r = 0; r < ROWS && i + r < n; r++)
                        for (int v = 0; v < count; v++)
                            ((VEC *)(totals + (i + r) * all + done))[v] += found[r * count + v];
                }
                weights += count * LANES * depth;
                done += count * LANES;
            }
        }
        REAL *out = (REAL *)p->out + (begin * p->n_groups + g) * n_weights;
        for (int64_t i = 0; i < n; i++)
            memcpy(out + i * p->n_groups * n_weights, totals + i * all, n_weights * sizeof(REAL));
    }
}

/* The weights of `products_of`: DEPTH stored rows at a time, then as rows of so many numbers. */
static void NAME(pack_weights)(struct NAME(pairs) * p, const REAL *weights, int64_t n_weights, REAL *to) {
    p->extra = to;
    p->n_extra = n_weights;
    int64_t start = 0;
    for (int64_t g = 0; g < p->n_groups; start += p->sizes[g++])
        for (int64_t from = 0; from < p->sizes[g]; from += DEPTH)
            to = NAME(pack_rows)(weights + start + from, n_weights,
                                 p->sizes[g] - from < DEPTH ? p->sizes[g] - from : DEPTH, p->m, to);
}

/* out[i, g, w] = sum_{j in group g} weights[w, j] k(x_i, y_j). Squares are expanded if asked for and exact. `workspace` has
   room for the stored rows, each group filled up to whole vectors, of one more number each, for one row, and the weights;
   and, for each thread, `room` numbers: MOST_ROWS rows and, above MOST_DIRECT weights, as many values and sums. */
void EXPORTED(pairwise_sum)(PAIRS, int expands, const int64_t *sizes, int64_t n_groups, const REAL *weights,
                            int64_t n_weights, REAL *workspace, REAL *rooms, int64_t room, REAL *out, int n_threads) {
    struct NAME(pairs) p = {GIVEN, .sizes = sizes, .n_groups = n_groups, .rooms = rooms, .room = room, .out = out};
    const int is_direct = n_weights <= MOST_DIRECT;
    p.n_extra = is_direct ? n_weights : 0;
    NAME(pack)(&p, weights, 0, expands, workspace);
    if (link == EXPONENTIAL) {
        /* One rounding of the exponent more, which does not show in a sum. */
        p.link = POWER_OF_TWO;
        if (p.statistic != EXPANDED) p.gamma *= (REAL)LOG2_E;
    }
    if (is_direct) {
        sk2torch_parallel(n, chunk_rows(n, n_threads), n_threads, NAME(sums_of), &p);
        return;
    }
    NAME(pack_weights)(&p, weights, n_weights, p.extra);
    sk2torch_parallel(n, chunk_rows(n, n_threads), n_threads, NAME(products_of), &p);
}

static void NAME(values_of)(int64_t begin, int64_t end, int thread, void *context) {
    const struct NAME(pairs) *p = context;
    VEC values[ROWS * VECTORS];
    const REAL *packed = p->packed, *x = p->x + begin * p->d;
    for (int64_t done = 0; done < p->m;) {
        const int count = NAME(tile_vectors)(NAME(padded)(p->m) - done);
        const int64_t width = p->m - done < count * LANES ? p->m - done : count * LANES;
        for (int64_t i = 0; i < end - begin; i += ROWS) {
            NAME(tile)(p, x, i, end - begin, packed, count, values);
            for (int64_t r = 0; r < ROWS && begin + i + r < end; r++)
                memcpy((REAL *)p->out + (begin + i + r) * p->stride + done, values + r * count, width * sizeof(REAL));
        }
        packed += count * LANES * p->d;
        done += count * LANES;
    }
    (void)thread;
}

/* out[i, j] = k(x_i, y_j), rows of `out` being `stride` numbers apart. */
void EXPORTED(pairwise_values)(PAIRS, int64_t stride, REAL *workspace, REAL *out, int n_threads) {
    struct NAME(pairs) p = {GIVEN, .sizes = &m, .n_groups = 1, .stride = stride, .out = out};
    NAME(pack)(&p, 0, 0, 0, workspace);
    sk2torch_parallel(n, chunk_rows(n, n_threads), n_threads, NAME(values_of), &p);
}

static void NAME(least_of)(int64_t begin, int64_t end, int thread, void *context) {
    const struct NAME(pairs) *p = context;
    VEC values[ROWS * VECTORS], least[MOST_ROWS];
    IVEC where[MOST_ROWS], lanes;
    for (int64_t lane = 0; lane < LANES; lane++) lanes[lane] = (INT)lane;
    for (int64_t i = 0; i < end - begin; i++) least[i] = NAME(splat)((REAL)INFINITY), where[i] = (IVEC){0};
    const REAL *packed = p->packed, *x = p->x + begin * p->d;
    for (int64_t done = 0; done < p->m;) {
        const int count = NAME(tile_vectors)(NAME(padded)(p->m) - done);
        const VEC *offset = (const VEC *)(p->extra + done);
        for (int64_t i = 0; i < end - begin; i += ROWS) {
            NAME(tile)(p, x, i, end - begin, packed, count, values);
            for (int64_t r = 0; r < ROWS && begin + i + r < end; r++) {
                VEC *best = &least[i + r];
                IVEC *place = &where[i + r];
                for (int v = 0; v < count; v++) {
                    VEC value = values[r * count + v];
                    if (p->shifts) value = p->shifts[begin + i + r] + value;
                    value += offset[v];
                    if (p->shifts) value = NAME(select)(value < 0, (VEC){0}, value);
                    const IVEC better = value < *best;
                    *best = NAME(select)(better, value, *best);
                    *place = (better & (lanes + (INT)(done + v * LANES))) | (~better & *place);
                }
            }
        }
        packed += count * LANES * p->d;
        done += count * LANES;
    }
    for (int64_t i = 0; i < end - begin; i++) {
        int64_t first = 0;
        for (int64_t lane = 1; lane < LANES; lane++)
            if (least[i][lane] < least[i][first] ||
                (least[i][lane] == least[i][first] && where[i][lane] < where[i][first]))
                first = lane;
        ((int64_t *)p->out)[begin + i] = where[i][first];
    }
    (void)thread;
}

/* out[i] = the first j of the smallest k(x_i, y_j) + offsets[j] or, given shifts, of max(0, shifts[i] + k + offsets[j]);
   0 where all are NaN. */
void EXPORTED(pairwise_arg_min)(PAIRS, const REAL *offsets, const REAL *shifts, REAL *workspace, int64_t *out,
                                int n_threads) {
    struct NAME(pairs) p = {GIVEN, .sizes = &m, .n_groups = 1, .n_extra = 1, .shifts = shifts, .out = out};
    NAME(pack)(&p, offsets, (REAL)INFINITY, 0, workspace);
    sk2torch_parallel(n, chunk_rows(n, n_threads), n_threads, NAME(least_of), &p);
}
