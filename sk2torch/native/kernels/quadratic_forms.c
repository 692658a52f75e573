/* Squared lengths of affine maps, and Mahalanobis distances as scipy adds them up, in float64. */
#include <math.h>
#include <stdlib.h>

#include "kernel.h"
#if SK2TORCH_ISA >= 2
#include <immintrin.h>
#endif

/* Rows that are worked on at a time: as many vectors as leave registers for two columns. */
#if SK2TORCH_ISA >= 5
#define VECTOR_BYTES 64
#define VECTORS 8
#define FMA(a, b, c) ((vec)_mm512_fmadd_pd((__m512d)(a), (__m512d)(b), (__m512d)(c)))
#elif SK2TORCH_ISA >= 2
#define VECTOR_BYTES 32
#define VECTORS 4
#define FMA(a, b, c) ((vec)_mm256_fmadd_pd((__m256d)(a), (__m256d)(b), (__m256d)(c)))
#else
#define VECTOR_BYTES 16
#define VECTORS 4
#define FMA(a, b, c) ((a) * (b) + (c))
#endif
#define LANES (VECTOR_BYTES / 8)
#define ROWS (VECTORS * LANES)
#define UNROLL _Pragma("GCC unroll 8")
/* So few rows would leave most lanes empty; ops/quadratic has the same number. */
#define FEW 8
#if SK2TORCH_ISA >= 2
#define FMA_ONE(a, b, c) __builtin_fma(a, b, c)
#else
#define FMA_ONE(a, b, c) ((a) * (b) + (c))
#endif

typedef double vec __attribute__((vector_size(VECTOR_BYTES)));

struct forms {
    const double *x, *means, *factors, *residuals;
    int64_t d, n_forms, n_factors, width;
    int is_upper;
    /* 2 * ROWS * d numbers for each thread; d + width for FEW rows. */
    double *workspace;
    /* NULL, or numbers of each form: out = first + (factor second - square / 2). */
    const double *first, *second;
    double factor;
    double *out;
};

static double result_of(const struct forms *p, int64_t k, double square) {
    return p->first ? p->first[k] + (p->factor * p->second[k] - 0.5 * square) : square;
}

/* total += sum of squares of two columns of difference @ factor + residual, or of the second one alone if `single`. */
static void add_columns(const vec *difference, const double *factor, const double *residual, int64_t depth,
                        int64_t width, int single, vec *total) {
    vec first[VECTORS], second[VECTORS];
    const int64_t other = single ? 0 : 1;
    UNROLL for (int v = 0; v < VECTORS; v++) first[v] = second[v] = (vec){0};
    for (int64_t j = 0; j < depth; j++, difference += VECTORS) {
        const vec a = factor[j * width] - (vec){0}, b = factor[j * width + other] - (vec){0};
        UNROLL for (int v = 0; v < VECTORS; v++) {
            first[v] = FMA(difference[v], a, first[v]);
            second[v] = FMA(difference[v], b, second[v]);
        }
    }
    UNROLL for (int v = 0; v < VECTORS; v++) {
        first[v] += residual[0];
        second[v] += residual[other];
        total[v] = FMA(first[v], first[v], total[v]);
        if (!single) total[v] = FMA(second[v], second[v], total[v]);
    }
}

static const double none[2];

static void forms_of(int64_t begin, int64_t end, int thread, void *context) {
    const struct forms *p = context;
    const int64_t d = p->d, width = p->width;
    double *rows = p->workspace + thread * 2 * ROWS * d;
    vec *difference = (vec *)(rows + ROWS * d);
    for (int64_t i = 0; i < ROWS; i++) {
        const double *row = p->x + (begin + i < end ? begin + i : end - 1) * d;
        for (int64_t j = 0; j < d; j++) rows[j * ROWS + i] = row[j];
    }
    for (int64_t k = 0; k < p->n_forms; k++) {
        const double *mean = p->means + k * d;
        vec total[VECTORS];
        UNROLL for (int v = 0; v < VECTORS; v++) total[v] = (vec){0};
        for (int64_t j = 0; j < d; j++)
            UNROLL for (int v = 0; v < VECTORS; v++)
                difference[j * VECTORS + v] = ((const vec *)rows)[j * VECTORS + v] - mean[j];
        if (width) {
            const double *factor = p->factors + (p->n_factors == 1 ? 0 : k) * d * width;
            for (int64_t c = 0; c < width; c += 2) {
                const int single = c + 1 == width;
                const int64_t depth = p->is_upper && c + 2 < d ? c + 2 : d;
                const double *residual = p->residuals ? p->residuals + k * width + c : none;
                add_columns(difference, factor + c, residual, depth, width, single, total);
            }
        } else {
            for (int64_t j = 0; j < d; j++)
                UNROLL for (int v = 0; v < VECTORS; v++) {
                    const vec scaled = difference[j * VECTORS + v] * p->factors[k * d + j];
                    total[v] = FMA(scaled, scaled, total[v]);
                }
        }
        for (int64_t i = 0; i < end - begin; i++) 
            p->out[(begin + i) * p->n_forms + k] = result_of(p, k, total[i / LANES][i % LANES]);
    }
}

/* The same sums in the same order, for one row. */
static void forms_of_row(const struct forms *p, int64_t row) {
    const int64_t d = p->d, width = p->width;
    const double *x = p->x + row * d;
    double *restrict difference = p->workspace, *restrict sums = difference + d;
    for (int64_t k = 0; k < p->n_forms; k++) {
        const double *mean = p->means + k * d;
        double total = 0;
        for (int64_t j = 0; j < d; j++) difference[j] = x[j] - mean[j];
        if (width) {
            const double *factor = p->factors + (p->n_factors == 1 ? 0 : k) * d * width;
            for (int64_t c = 0; c < width; c++) sums[c] = 0;
            for (int64_t j = 0; j < d; j++, factor += width)
                for (int64_t c = 0; c < width; c++) sums[c] = FMA_ONE(difference[j], factor[c], sums[c]);
            for (int64_t c = 0; c < width; c++) {
                const double sum = sums[c] + (p->residuals ? p->residuals[k * width + c] : 0);
                total = FMA_ONE(sum, sum, total);
            }
        } else {
            for (int64_t j = 0; j < d; j++) {
                const double scaled = difference[j] * p->factors[k * d + j];
                total = FMA_ONE(scaled, scaled, total);
            }
        }
        p->out[row * p->n_forms + k] = result_of(p, k, total);
    }
}

/* out[i, k] = |(x_i - means_k) factors_k + residuals_k|^2 or, given `first` and `second`, first_k + factor second_k less
   half of it; factors have `width` columns, one matrix for all or one for each k, zero below the diagonal if is_upper; with
   width 0 they are diagonals. Residuals may be NULL for zeros. */
void KERNEL(squared_forms)(const double *x, int64_t n, int64_t d, const double *means, const double *factors,
                           const double *residuals, int64_t n_forms, int64_t n_factors, int64_t width, int is_upper,
                           double *workspace, const double *first, const double *second, double factor, double *out,
                           int n_threads) {
    struct forms p = {.x = x, .means = means, .factors = factors, .residuals = residuals, .d = d, .n_forms = n_forms,
                      .n_factors = n_factors, .width = width, .is_upper = is_upper, .workspace = workspace,
                      .first = first, .second = second, .factor = factor, .out = out};
    if (n > FEW) {
        sk2torch_parallel(n, ROWS, n_threads, forms_of, &p);
        return;
    }
    for (int64_t row = 0; row < n; row++) forms_of_row(&p, row);
}

struct distances {
    const double *x, *location, *precision;
    int64_t d;
    /* 3 * d numbers for each thread. */
    double *workspace;
    double *out;
};

static void distances_of(int64_t begin, int64_t end, int thread, void *context) {
    const struct distances *p = context;
    const int64_t d = p->d, n_paired = d - d % 2;
    double *difference = p->workspace + thread * 3 * d, *even = difference + d, *odd = even + d;
    for (int64_t row = begin; row < end; row++) {
        for (int64_t j = 0; j < d; j++) difference[j] = p->x[row * d + j] - p->location[j], even[j] = odd[j] = 0;
        for (int64_t j = 0; j < n_paired; j += 2) {
            const double first = difference[j], second = difference[j + 1];
            const double *columns = p->precision + j * d;
            for (int64_t i = 0; i < d; i++) {
                even[i] += first * columns[i];
                odd[i] += second * columns[d + i];
            }
        }
        for (int64_t i = 0; i < d; i++) even[i] += odd[i];
        if (n_paired < d)
            for (int64_t i = 0; i < d; i++) even[i] += difference[n_paired] * p->precision[n_paired * d + i];
        double even_sum = 0, odd_sum = 0;
        for (int64_t j = 0; j < n_paired; j += 2) {
            even_sum += even[j] * difference[j];
            odd_sum += even[j + 1] * difference[j + 1];
        }
        double total = even_sum + odd_sum;
        if (n_paired < d) total += even[n_paired] * difference[n_paired];
        const double root = total <= 0 ? 0 : sqrt(total);
        p->out[row] = root * root;
    }
}

/* out[i] = (x_i - location)^T precision (x_i - location), terms of even and of odd features apart, as the square of its
   root; `transposed` is the transposed precision. */
void KERNEL(squared_mahalanobis)(const double *x, int64_t n, int64_t d, const double *location, const double *transposed,
                                 double *workspace, double *out, int n_threads) {
    struct distances p = {x, location, transposed, d, workspace, out};
    sk2torch_parallel(n, 64, n_threads, distances_of, &p);
}
