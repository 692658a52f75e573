/* Logarithms of sums of exponentials; included by pairwise.c once for each precision. */

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

static REAL NAME(logarithm)(REAL largest, double sum) {
    return (REAL)(log(sum) + (largest == -(REAL)INFINITY ? 0 : largest));
}

/* The ROWS rows from `first`, below `stop`, with the largest exponent so far taken off. */
static void NAME(careful_log_sums)(const struct NAME(pairs) * p, const REAL *x, int64_t first, int64_t stop, REAL *out) {
    VEC values[ROWS * VECTORS];
    REAL largest[ROWS];
    double sums[ROWS];
    const REAL *packed = p->packed;
    for (int64_t r = 0; r < ROWS; r++) largest[r] = -(REAL)INFINITY, sums[r] = 0;
    for (int64_t done = 0; done < p->m;) {
        const int count = NAME(tile_vectors)(NAME(padded)(p->m) - done);
        NAME(tile)(p, x, first, stop, packed, count, values);
        for (int v = 0; v < ROWS * count && p->statistic == EXPANDED; v++) values[v] *= (REAL)LN_2;
        for (int64_t r = 0; r < ROWS; r++)
            NAME(add_exponentials)(values + r * count, (const VEC *)(p->extra + done), count, &largest[r], &sums[r]);
        packed += count * LANES * p->width;
        done += count * LANES;
    }
    for (int64_t r = 0; r < ROWS && first + r < stop; r++) out[first + r] = NAME(logarithm)(largest[r], sums[r]);
}

/* The largest offset is taken off all exponents, which are hence not above zero; where all that is left of a sum is too
   small, it is computed again. */
static void NAME(log_sums_of)(int64_t begin, int64_t end, int thread, void *context) {
    const struct NAME(pairs) *p = context;
    const int64_t n = end - begin;
    const REAL *packed = p->packed, *x = NAME(part)(p, begin, end, p->rooms + thread * p->room);
    REAL *out = (REAL *)p->out + begin;
    VEC values[ROWS * VECTORS], sums[MOST_ROWS];
    double totals[MOST_ROWS] = {0};
    struct NAME(pairs) plain = *p;
    plain.link = IDENTITY;
    const REAL scale = p->statistic == EXPANDED ? (REAL)1 : -p->gamma * (REAL)LOG2_E;
    for (int64_t i = 0; i < n; i++) sums[i] = (VEC){0};
    for (int64_t done = 0, step = 1; done < p->m; step++) {
        const int count = NAME(tile_vectors)(NAME(padded)(p->m) - done);
        const VEC *offset = (const VEC *)(p->shifts + done);
        for (int64_t i = 0; i < n; i += ROWS) {
            NAME(tile)(&plain, x, i, n, packed, count, values);
            for (int64_t r = 0; r < ROWS && i + r < n; r++)
                for (int v = 0; v < count; v++) {
                    VEC value = values[r * count + v];
                    if (p->link == SCALED_ROOT) value = SQRT(value);
                    sums[i + r] += NAME(power_of_two)(FMA(value, NAME(splat)(scale), offset[v]));
                }
        }
        packed += count * LANES * p->width;
        done += count * LANES;
        if (step % TILES_PER_TOTAL != 0 && done < p->m) continue;
        for (int64_t i = 0; i < n; i++) {
            for (int64_t lane = 0; lane < LANES; lane++) totals[i] += sums[i][lane];
            sums[i] = (VEC){0};
        }
    }
    for (int64_t i = 0; i < n; i++)
        if (!(totals[i] > EXP_LEAST)) {
            i = i / ROWS * ROWS;
            NAME(careful_log_sums)(p, x, i, n, out);
            i += ROWS - 1;
        } else {
            out[i] = NAME(logarithm)(p->coef0, totals[i]);
        }
}

/* out[i] = log sum_j exp(k(x_i, y_j) + offsets[j]), k at most 0. Squares are expanded if asked for and exact. `workspace`
   has room for the stored rows, filled up to whole vectors, of three more numbers each, and one row; for each thread there
   are `room` numbers, for MOST_ROWS rows. */
void EXPORTED(pairwise_log_sum)(PAIRS, int expands, const REAL *offsets, REAL *workspace, REAL *rooms, int64_t room,
                                REAL *out, int n_threads) {
    struct NAME(pairs) p = {
        GIVEN, .sizes = &m, .n_groups = 1, .n_extra = 1, .rooms = rooms, .room = room, .out = out};
    NAME(pack)(&p, offsets, -(REAL)INFINITY, expands, workspace);
    const int64_t padded = NAME(padded)(m);
    REAL largest = -(REAL)INFINITY, *shifted = p.extra + padded;
    for (int64_t j = 0; j < m; j++) largest = offsets[j] > largest ? offsets[j] : largest;
    for (int64_t j = 0; j < padded; j++)
        shifted[j] = (p.extra[j] - (largest == -(REAL)INFINITY ? 0 : largest)) * (REAL)LOG2_E;
    p.shifts = shifted;
    p.coef0 = largest;
    sk2torch_parallel(n, chunk_rows(n, n_threads), n_threads, NAME(log_sums_of), &p);
}
