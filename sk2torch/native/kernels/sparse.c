/* Sparse matrices by rows (CSR): weights of terms, and affine maps. */
#include "doubles.h"

/* Vectors of outputs that are added up together. */
#define VECTORS 4

/* ops/sparse_rows.py has the same numbers. */
enum { NONE, L1, L2, MAX };

struct terms {
    const int64_t *starts, *columns;
    const double *values, *idf;
    int is_sublinear, norm;
    double *out;
};

static void weights_of(int64_t begin, int64_t end, int thread, void *context) {
    const struct terms *p = context;
    (void)thread;
    for (int64_t row = begin; row < end; row++) {
        const int64_t first = p->starts[row], last = p->starts[row + 1];
        double total = 0;
        for (int64_t k = first; k < last; k++) {
            double value = p->values[k];
            if (p->is_sublinear) value = log(value) + 1;
            if (p->idf) value *= p->idf[p->columns[k]];
            p->out[k] = value;
            if (p->norm == L2) total += value * value;
            else if (p->norm == L1) total += fabs(value);
            /* NaN stays. */
            else if (p->norm == MAX && !(fabs(value) <= total) && !isnan(total)) total = fabs(value);
        }
        if (p->norm == NONE || total == 0) continue;
        if (p->norm == L2) total = sqrt(total);
        for (int64_t k = first; k < last; k++) p->out[k] /= total;
    }
}

/* out[k] = tf(values[k]) idf[columns[k]], divided by the norm of the row unless that is zero; tf(x) is x or log(x) + 1, and no
   idf stands for ones. */
void KERNEL(term_weights)(const int64_t *starts, const int64_t *columns, const double *values, int64_t n,
                          const double *idf, int is_sublinear, int norm, double *out, int n_threads) {
    struct terms p = {starts, columns, values, idf, is_sublinear, norm, out};
    sk2torch_parallel(n, 1 + n / (8 * n_threads), n_threads, weights_of, &p);
}

struct affine {
    const int64_t *starts, *columns;
    const double *values, *weight, *bias;
    int64_t n_features, n_outputs, padded;
    /* The weights by columns, `padded` for each, or null. */
    const double *by_column;
    double *out;
};

/* count vectors of outputs of one row. */
static INLINE void add_row(const struct affine *p, int64_t first, int64_t last, int64_t from, int count, double *out) {
    vec even[VECTORS] = {{0}}, odd[VECTORS] = {{0}};
    int64_t k = first;
    for (; k + 1 < last; k += 2) {
        const double *a = p->by_column + p->columns[k] * p->padded + from;
        const double *b = p->by_column + p->columns[k + 1] * p->padded + from;
        const vec left = splat(p->values[k]), right = splat(p->values[k + 1]);
        UNROLL for (int v = 0; v < count; v++) {
            even[v] = FMA(left, ((const vec *)a)[v], even[v]);
            odd[v] = FMA(right, ((const vec *)b)[v], odd[v]);
        }
    }
    if (k < last) {
        const double *a = p->by_column + p->columns[k] * p->padded + from;
        UNROLL for (int v = 0; v < count; v++) even[v] = FMA(splat(p->values[k]), ((const vec *)a)[v], even[v]);
    }
    for (int64_t i = 0; i < count * LANES && from + i < p->n_outputs; i++)
        out[from + i] = (even[i / LANES][i % LANES] + odd[i / LANES][i % LANES]) + p->bias[from + i];
}

static void rows_of(int64_t begin, int64_t end, int thread, void *context) {
    const struct affine *p = context;
    (void)thread;
    for (int64_t row = begin; row < end; row++) {
        const int64_t first = p->starts[row], last = p->starts[row + 1];
        double *out = p->out + row * p->n_outputs;
        if (p->by_column) {
            int64_t from = 0;
            for (; from + VECTORS * LANES <= p->padded; from += VECTORS * LANES)
                add_row(p, first, last, from, VECTORS, out);
            for (; from < p->padded; from += LANES) add_row(p, first, last, from, 1, out);
            continue;
        }
        for (int64_t c = 0; c < p->n_outputs; c++) {
            const double *weight = p->weight + c * p->n_features;
            double even = 0, odd = 0;
            int64_t k = first;
            for (; k + 1 < last; k += 2) {
                even += p->values[k] * weight[p->columns[k]];
                odd += p->values[k + 1] * weight[p->columns[k + 1]];
            }
            if (k < last) even += p->values[k] * weight[p->columns[k]];
            out[c] = (even + odd) + p->bias[c];
        }
    }
}

/* out = x weight^T + bias, weight of shape (n_outputs, n_features). The workspace, at an address that is a multiple of 64, has
   n_features times the next multiple of 8 from n_outputs on; null for few rows or outputs, which need no copy. */
void KERNEL(sparse_affine)(const int64_t *starts, const int64_t *columns, const double *values, int64_t n,
                           int64_t n_features, const double *weight, const double *bias, int64_t n_outputs,
                           double *workspace, double *out, int n_threads) {
    const int64_t padded = (n_outputs + LANES - 1) / LANES * LANES;
    if (workspace) {
        for (int64_t j = 0; j < n_features; j++)
            for (int64_t c = 0; c < padded; c++)
                workspace[j * padded + c] = c < n_outputs ? weight[c * n_features + j] : 0;
    }
    struct affine p = {starts, columns, values, weight, bias, n_features, n_outputs, padded, workspace, out};
    sk2torch_parallel(n, 1 + n / (8 * n_threads), n_threads, rows_of, &p);
}

void PACKED(term_weights) {
    CALL(term_weights)(a[0].p, a[1].p, a[2].p, a[3].i, a[4].p, (int)a[5].i, (int)a[6].i, a[7].p, (int)a[8].i);
}

void PACKED(sparse_affine) {
    CALL(sparse_affine)(a[0].p, a[1].p, a[2].p, a[3].i, a[4].i, a[5].p, a[6].p, a[7].i, a[8].p, a[9].p, (int)a[10].i);
}
