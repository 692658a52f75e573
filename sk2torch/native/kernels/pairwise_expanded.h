/* exp(-gamma |x - y|^2) as 2^(2 c x.y - c |y|^2 - c |x|^2) with c = gamma log2(e); included by pairwise.c for double.

   Rows are measured from the middle of the stored ones, where the expanded square loses least. */

/* The largest gamma |y|^2 with which exponents are exact to about as many roundings. */
#define MOST_SPREAD 64.000001

/* Pack the stored rows with their constants; 0, to be undone by packing them otherwise, where they are too far apart. */
static int NAME(pack_expanded)(struct NAME(pairs) * p, const REAL *extra, REAL fill, REAL *workspace) {
    const int64_t d = p->d;
    const REAL scale = p->gamma * LOG2_E;
    REAL *center = workspace, *to = workspace + NAME(padded)(d), largest = 0;
    for (int64_t k = 0; k < d; k++) center[k] = 0;
    for (int64_t j = 0; j < p->m; j++)
        for (int64_t k = 0; k < d; k++) center[k] += p->y[j * d + k];
    for (int64_t k = 0; k < d; k++) center[k] /= (REAL)p->m;
    p->packed = to;
    p->center = center;
    p->width = d + 1;
    const REAL *rows = p->y;
    for (int64_t g = 0; g < p->n_groups; rows += p->sizes[g++] * d)
        for (int64_t done = 0; done < p->sizes[g];) {
            const int64_t size = p->sizes[g], width = NAME(tile_vectors)(NAME(padded)(size) - done) * LANES;
            for (int64_t lane = 0; lane < width; lane++) {
                const REAL *from = rows + (done + lane < size ? done + lane : size - 1) * d;
                REAL square = 0;
                for (int64_t k = 0; k < d; k++) {
                    const REAL value = from[k] - center[k];
                    square += value * value;
                    to[(k + 1) * width + lane] = 2 * scale * value;
                }
                to[lane] = -scale * square;
                largest = square <= largest ? largest : square;
            }
            to += width * p->width;
            done += width;
        }
    if (!(p->gamma * largest <= MOST_SPREAD)) return 0;
    NAME(pack_extra)(p, extra, fill, to);
    p->statistic = EXPANDED;
    return 1;
}

/* Queries with their constants. */
static const REAL *NAME(expanded_rows)(const struct NAME(pairs) * p, int64_t begin, int64_t end, REAL *room) {
    const int64_t d = p->d;
    const REAL scale = p->gamma * LOG2_E;
    for (int64_t i = begin; i < end; i++) {
        REAL *to = room + (i - begin) * p->width, square = 0;
        for (int64_t k = 0; k < d; k++) {
            to[k + 1] = p->x[i * d + k] - p->center[k];
            square += to[k + 1] * to[k + 1];
        }
        to[0] = -scale * square;
    }
    return room;
}
