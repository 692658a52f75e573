/* Ranks of numbers among the ascending thresholds of their column. */
#include <math.h>

#include "kernel.h"

/* Rows searched for side by side, and rows of a part. */
#define LANES 32
#define PART 512

typedef struct {
    const void *x;
    int x_is_double, is_double; /* is_double: numbers are compared as doubles, else as floats */
    int64_t n_features, n_columns, width;
    const int64_t *columns, *first, *counts;
    const void *thresholds;
    float *out;
} job;

static inline double load(const job *j, int64_t at) {
    double value = j->x_is_double ? ((const double *)j->x)[at] : ((const float *)j->x)[at];
    return j->is_double ? value : (double)(float)value;
}

#define SEARCH(NAME, REAL)                                                                                             \
    static void NAME(const REAL *threshold, int64_t count, const REAL *value, int32_t *rank) {                         \
        for (int r = 0; r < LANES; r++) rank[r] = 0;                                                                   \
        for (int32_t left = (int32_t)count; left > 0;) {                                                               \
            int32_t half = (left + 1) / 2;                                                                             \
            for (int r = 0; r < LANES; r++) rank[r] += threshold[rank[r] + half - 1] < value[r] ? half : 0;            \
            left -= half;                                                                                              \
        }                                                                                                              \
    }
SEARCH(search_d, double)
SEARCH(search_f, float)

static void run_rows(int64_t begin, int64_t end, int thread, void *context) {
    (void)thread;
    const job *j = context;
    for (int64_t from = begin; from < end; from += LANES) {
        int64_t rows = end - from < LANES ? end - from : LANES;
        for (int64_t c = 0; c < j->n_columns; c++) {
            double value[LANES] = {0};
            float single[LANES];
            int32_t rank[LANES];
            for (int64_t r = 0; r < rows; r++) value[r] = load(j, (from + r) * j->n_features + j->columns[c]);
            if (j->is_double) {
                search_d((const double *)j->thresholds + j->first[c], j->counts[c], value, rank);
            } else {
                for (int r = 0; r < LANES; r++) single[r] = (float)value[r];
                search_f((const float *)j->thresholds + j->first[c], j->counts[c], single, rank);
            }
            for (int64_t r = 0; r < rows; r++)
                j->out[(from + r) * j->width + c] = value[r] == value[r] ? (float)rank[r] : NAN;
        }
    }
}

/* out: n rows of width numbers, of which the first n_columns are written; NaN for NaN. */
void KERNEL(threshold_ranks)(const void *x, int x_is_double, int64_t n, int64_t n_features, const int64_t *columns,
                             int64_t n_columns, const int64_t *first, const int64_t *counts, const void *thresholds,
                             int is_double, float *out, int64_t width, int n_threads) {
    job j = {.x = x, .x_is_double = x_is_double, .is_double = is_double, .n_features = n_features,
             .n_columns = n_columns, .width = width, .columns = columns, .first = first, .counts = counts,
             .thresholds = thresholds, .out = out};
    if (n * n_columns < 8192) n_threads = 1;
    sk2torch_parallel(n, PART, n_threads, run_rows, &j);
}
