/* The exported reductions; included by pairwise.c once for each precision. `workspace` has room for the stored rows and
   their extra numbers, each group filled up to whole vectors. */

#define PAIRS                                                                                                          \
    const REAL *x, int64_t n, const REAL *y, int64_t m, int64_t d, int statistic, int link, double gamma,              \
        double coef0, int64_t degree
#define GIVEN                                                                                                          \
    .x = x, .n = n, .y = y, .m = m, .d = d, .statistic = statistic, .link = link, .gamma = (REAL)gamma,                \
    .coef0 = (REAL)coef0, .degree = degree

static void NAME(sums_of)(int64_t begin, int64_t end, int thread, void *context) {
    const struct NAME(pairs) *p = context;
    const int64_t n_weights = p->n_extra, n = end - begin;
    const REAL *packed = p->packed, *weights = p->extra;
    VEC values[ROWS * VECTORS], sums[MOST_SUMS];
    double totals[MOST_SUMS];
    for (int64_t g = 0; g < p->n_groups; g++) {
        const int64_t m = NAME(padded)(p->sizes[g]);
        for (int64_t i = 0; i < n * n_weights; i++) sums[i] = (VEC){0}, totals[i] = 0;
        for (int64_t done = 0, step = 1; done < m; step++) {
            const int count = NAME(tile_vectors)(m - done);
            for (int64_t i = 0; i < n; i += ROWS) {
                NAME(tile)(p, begin + i, end, packed, count, values);
                for (int64_t r = 0; r < ROWS && i + r < n; r++)
                    for (int64_t w = 0; w < n_weights; w++) {
                        const VEC *weight = (const VEC *)(weights + w * m + done);
                        VEC sum = sums[(i + r) * n_weights + w];
                        for (int v = 0; v < count; v++) sum = FMA(values[r * count + v], weight[v], sum);
                        sums[(i + r) * n_weights + w] = sum;
                    }
            }
            packed += count * LANES * p->d;
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
    (void)thread;
}

/* out[i, g, w] = sum_{j in group g} weights[w, j] k(x_i, y_j), n_weights at most MOST_SUMS / ROWS. */
void EXPORTED(pairwise_sum)(PAIRS, const int64_t *sizes, int64_t n_groups, const REAL *weights, int64_t n_weights,
                            REAL *workspace, REAL *out, int n_threads) {
    struct NAME(pairs) p = {GIVEN, .sizes = sizes, .n_groups = n_groups, .n_extra = n_weights, .out = out};
    NAME(pack)(&p, weights, 0, workspace);
    sk2torch_parallel(n, chunk_rows(n, n_threads, n_weights), n_threads, NAME(sums_of), &p);
}

static void NAME(values_of)(int64_t begin, int64_t end, int thread, void *context) {
    const struct NAME(pairs) *p = context;
    VEC values[ROWS * VECTORS];
    const REAL *packed = p->packed;
    for (int64_t done = 0; done < p->m;) {
        const int count = NAME(tile_vectors)(NAME(padded)(p->m) - done);
        const int64_t width = p->m - done < count * LANES ? p->m - done : count * LANES;
        for (int64_t i = begin; i < end; i += ROWS) {
            NAME(tile)(p, i, end, packed, count, values);
            for (int64_t r = 0; r < ROWS && i + r < end; r++)
                memcpy((REAL *)p->out + (i + r) * p->stride + done, values + r * count, width * sizeof(REAL));
        }
        packed += count * LANES * p->d;
        done += count * LANES;
    }
    (void)thread;
}

/* out[i, j] = k(x_i, y_j), rows of `out` being `stride` numbers apart. */
void EXPORTED(pairwise_values)(PAIRS, int64_t stride, REAL *workspace, REAL *out, int n_threads) {
    struct NAME(pairs) p = {GIVEN, .sizes = &m, .n_groups = 1, .stride = stride, .out = out};
    NAME(pack)(&p, 0, 0, workspace);
    sk2torch_parallel(n, chunk_rows(n, n_threads, 1), n_threads, NAME(values_of), &p);
}

/* Add the exponentials of `count` vectors to `sum`, which stands for `sum` times exp(`largest`). */
static INLINE void NAME(add_exponentials)(VEC *row, const VEC *offset, int count, REAL *largest, double *sum) {
    VEC most = row[0] = row[0] + offset[0];
    for (int v = 1; v < count; v++) {
        row[v] += offset[v];
        most = NAME(select)(row[v] > most, row[v], most);
    }
    REAL top = *largest;
    for (int64_t lane = 0; lane < LANES; lane++) top = most[lane] > top ? most[lane] : top;
    if (top > *largest) {
        *sum *= *sum == 0 ? 0 : exp((double)*largest - top);
        *largest = top;
    }
    if (top == -(REAL)INFINITY) top = 0;
    VEC added = NAME(exponential)(row[0] - top);
    for (int v = 1; v < count; v++) added += NAME(exponential)(row[v] - top);
    for (int64_t lane = 0; lane < LANES; lane++) *sum += added[lane];
}

static void NAME(log_sums_of)(int64_t begin, int64_t end, int thread, void *context) {
    const struct NAME(pairs) *p = context;
    VEC values[ROWS * VECTORS];
    REAL largest[MOST_ROWS];
    double sums[MOST_ROWS];
    const REAL *packed = p->packed;
    for (int64_t i = 0; i < end - begin; i++) largest[i] = -(REAL)INFINITY, sums[i] = 0;
    for (int64_t done = 0; done < p->m;) {
        const int count = NAME(tile_vectors)(NAME(padded)(p->m) - done);
        for (int64_t i = begin; i < end; i += ROWS) {
            NAME(tile)(p, i, end, packed, count, values);
            for (int64_t r = 0; r < ROWS && i + r < end; r++)
                NAME(add_exponentials)(values + r * count, (const VEC *)(p->extra + done), count,
                                       &largest[i + r - begin], &sums[i + r - begin]);
        }
        packed += count * LANES * p->d;
        done += count * LANES;
    }
    for (int64_t i = 0; i < end - begin; i++)
        ((REAL *)p->out)[begin + i] = (REAL)(log(sums[i]) + (largest[i] == -(REAL)INFINITY ? 0 : largest[i]));
    (void)thread;
}

/* out[i] = log sum_j exp(k(x_i, y_j) + offsets[j]). */
void EXPORTED(pairwise_log_sum)(PAIRS, const REAL *offsets, REAL *workspace, REAL *out, int n_threads) {
    struct NAME(pairs) p = {GIVEN, .sizes = &m, .n_groups = 1, .n_extra = 1, .out = out};
    NAME(pack)(&p, offsets, -(REAL)INFINITY, workspace);
    sk2torch_parallel(n, chunk_rows(n, n_threads, 1), n_threads, NAME(log_sums_of), &p);
}

static void NAME(least_of)(int64_t begin, int64_t end, int thread, void *context) {
    const struct NAME(pairs) *p = context;
    VEC values[ROWS * VECTORS], least[MOST_ROWS];
    IVEC where[MOST_ROWS], lanes;
    for (int64_t lane = 0; lane < LANES; lane++) lanes[lane] = (INT)lane;
    for (int64_t i = 0; i < end - begin; i++) least[i] = NAME(splat)((REAL)INFINITY), where[i] = (IVEC){0};
    const REAL *packed = p->packed;
    for (int64_t done = 0; done < p->m;) {
        const int count = NAME(tile_vectors)(NAME(padded)(p->m) - done);
        const VEC *offset = (const VEC *)(p->extra + done);
        for (int64_t i = begin; i < end; i += ROWS) {
            NAME(tile)(p, i, end, packed, count, values);
            for (int64_t r = 0; r < ROWS && i + r < end; r++) {
                VEC *best = &least[i + r - begin];
                IVEC *place = &where[i + r - begin];
                for (int v = 0; v < count; v++) {
                    VEC value = values[r * count + v];
                    if (p->shifts) value = p->shifts[i + r] + value;
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
    NAME(pack)(&p, offsets, (REAL)INFINITY, workspace);
    sk2torch_parallel(n, chunk_rows(n, n_threads, 1), n_threads, NAME(least_of), &p);
}

#undef PAIRS
#undef GIVEN
#undef VEC
#undef IVEC
#undef LANES
#undef WIDTH
