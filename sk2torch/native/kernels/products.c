/* Products of features: polynomials. */
#include "doubles.h"

/* Terms from `first` on are those from `source` on times a feature. */
struct step {
    int64_t first, source, count, feature;
};

struct products {
    const double *x;
    int64_t d;
    const struct step *steps;
    int64_t n_steps, n_terms, skipped;
    /* n_terms numbers for each thread; none where all terms are wanted. */
    double *workspace;
    double *out;
};

static void multiply(int64_t begin, int64_t end, int thread, void *context) {
    const struct products *p = context;
    const int64_t width = p->n_terms - p->skipped;
    for (int64_t row = begin; row < end; row++) {
        const double *x = p->x + row * p->d;
        double *out = p->out + row * width, *terms = p->skipped ? p->workspace + thread * p->n_terms : out;
        terms[0] = 1;
        for (int64_t k = 0; k < p->n_steps; k++) {
            const struct step s = p->steps[k];
            const double *source = terms + s.source, factor = x[s.feature];
            double *target = terms + s.first;
            int64_t i = 0;
            for (; i + LANES <= s.count; i += LANES)
                *(loose_vec *)(target + i) = *(const loose_vec *)(source + i) * factor;
            for (; i < s.count; i++) target[i] = source[i] * factor;
        }
        if (p->skipped) memcpy(out, terms + p->skipped, width * sizeof(double));
    }
}

/* out[i] = the terms after the first `skipped` ones of row i: terms[0] = 1, and each step's
   terms[first + j] = terms[source + j] x[i, feature] for j < count. */
void KERNEL(feature_products)(const double *x, int64_t n, int64_t d, const int64_t *steps, int64_t n_steps,
                              int64_t n_terms, int64_t skipped, double *workspace, double *out, int n_threads) {
    struct products p = {x, d, (const struct step *)steps, n_steps, n_terms, skipped, workspace, out};
    int64_t grain = 1 + 16384 / (n_terms + 1);
    sk2torch_parallel(n, grain, n_threads, multiply, &p);
}
