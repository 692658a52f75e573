/* Logarithms of P(class) P(x | class) of independent features. */
#include "doubles.h"

#define VECTORS 4
#define ROWS (VECTORS * LANES)

struct gaussians {
    const double *x, *mean, *variance, *log_prior, *log_norm;
    int64_t d, n_classes;
    /* For each thread, ROWS * d numbers; behind those of all threads, n_classes * d. */
    double *workspace;
    const double *precision;
    double *out;
};

static void gaussians_of(int64_t begin, int64_t end, int thread, void *context) {
    const struct gaussians *p = context;
    const int64_t d = p->d, n_classes = p->n_classes;
    double *tile = p->workspace + thread * ROWS * d;
    load_tile(p->x, begin, end, d, ROWS, tile);
    for (int64_t k = 0; k < n_classes; k++) {
        const double *mean = p->mean + k * d, *precision = p->precision + k * d, *variance = p->variance + k * d;
        vec total[VECTORS] = {{0}};
        for (int64_t j = 0; j < d; j++) {
            const double factor = precision[j];
            UNROLL for (int v = 0; v < VECTORS; v++) {
                const vec difference = ((const vec *)tile)[j * VECTORS + v] - mean[j], square = difference * difference;
                total[v] += factor > 0 ? square * factor : square / variance[j];
            }
        }
        for (int64_t i = 0; i < end - begin; i++) {
            const double distance = total[i / LANES][i % LANES];
            p->out[(begin + i) * n_classes + k] = p->log_prior[k] + (p->log_norm[k] - 0.5 * distance);
        }
    }
}

/* out[i, k] = log_prior[k] + log_norm[k] - sum_j (x[i, j] - mean[k, j])^2 / variance[k, j] / 2; the workspace, at an address
   that is a multiple of 64, has 32 * d numbers for each thread and n_classes * d more. */
void KERNEL(gaussian_joint)(const double *x, int64_t n, int64_t d, const double *mean, const double *variance,
                            const double *log_prior, const double *log_norm, int64_t n_classes, double *workspace,
                            double *out, int n_threads) {
    double *precision = workspace + n_threads * ROWS * d;
    /* 0 where a product with the reciprocal could be another number than the quotient. */
    for (int64_t i = 0; i < n_classes * d; i++)
        precision[i] = variance[i] > 1e-290 && variance[i] < 1e290 ? 1 / variance[i] : 0;
    struct gaussians p = {x, mean, variance, log_prior, log_norm, d, n_classes, workspace, precision, out};
    sk2torch_parallel(n, ROWS, n_threads, gaussians_of, &p);
}

struct categories {
    const double *x, *table, *log_prior;
    const int64_t *counts, *first;
    int64_t d, n_classes;
    double *out;
    int64_t *wrong;
};

static void categories_of(int64_t begin, int64_t end, int thread, void *context) {
    const struct categories *p = context;
    const int64_t n_classes = p->n_classes;
    (void)thread;
    for (int64_t row = begin; row < end; row++) {
        double *out = p->out + row * n_classes;
        for (int64_t j = 0; j < p->d; j++) {
            const double value = trunc(p->x[row * p->d + j]);
            if (!(value >= 0 && value < (double)p->counts[j])) {
                __atomic_store_n(p->wrong, 1, __ATOMIC_RELAXED);
                break;
            }
            const double *terms = p->table + (p->first[j] + (int64_t)value) * n_classes;
            if (j)
                for (int64_t k = 0; k < n_classes; k++) out[k] += terms[k];
            else memcpy(out, terms, n_classes * sizeof(double));
        }
        for (int64_t k = 0; k < n_classes; k++) out[k] += p->log_prior[k];
    }
}

/* out[i] = sum_j table[first[j] + trunc(x[i, j])] + log_prior, added from the first feature on; *wrong becomes 1 where
   one of the numbers is not from 0 to below counts[j]. */
void KERNEL(categorical_joint)(const double *x, int64_t n, int64_t d, const int64_t *counts, const int64_t *first,
                               const double *table, const double *log_prior, int64_t n_classes, double *out,
                               int64_t *wrong, int n_threads) {
    struct categories p = {x, table, log_prior, counts, first, d, n_classes, out, wrong};
    sk2torch_parallel(n, 1 + 4096 / (d + 1), n_threads, categories_of, &p);
}
