/* Squared lengths of the solutions of triangular systems, in float64. */
#include "kernel.h"
#if SK2TORCH_ISA >= 2
#include <immintrin.h>
#endif

/* Rows of the matrix, and vectors of right sides, of one tile: as many sums as there are registers for. */
#define ROWS 6
#if SK2TORCH_ISA >= 5
#define VECTOR_BYTES 64
#define VECTORS 4
#define MINUS_PRODUCT(a, b, c) ((vec)_mm512_fnmadd_pd((__m512d)(a), (__m512d)(b), (__m512d)(c)))
#elif SK2TORCH_ISA >= 2
#define VECTOR_BYTES 32
#define VECTORS 2
#define MINUS_PRODUCT(a, b, c) ((vec)_mm256_fnmadd_pd((__m256d)(a), (__m256d)(b), (__m256d)(c)))
#else
#define VECTOR_BYTES 16
#define VECTORS 2
#define MINUS_PRODUCT(a, b, c) ((c) - (a) * (b))
#endif
#define LANES (VECTOR_BYTES / 8)
#define WIDTH (VECTORS * LANES)
/* Right sides of a part, solved WIDTH at a time, so that a few rows of the matrix are read once for all of them. */
#define MOST_SIDES 64
#define UNROLL _Pragma("GCC unroll 8")

typedef double vec __attribute__((vector_size(VECTOR_BYTES)));
typedef double loose __attribute__((vector_size(VECTOR_BYTES), aligned(8), may_alias));

struct systems {
    const double *lower, *right;
    int64_t m;
    /* m * MOST_SIDES numbers for each thread. */
    double *workspace;
    double *out;
};

/* `count` entries from `row` of the solutions, of which those before are known; v has WIDTH numbers a row. */
static inline __attribute__((always_inline)) void solve_tile(const double *lower, int64_t m, int64_t row, const int count,
                                                             vec *v, vec *squares) {
    vec rest[ROWS][VECTORS];
    UNROLL for (int i = 0; i < count; i++) UNROLL for (int q = 0; q < VECTORS; q++) rest[i][q] = v[(row + i) * VECTORS + q];
    const double *from = lower + row * m;
    const vec *known = v;
    for (int64_t k = 0; k < row; k++, known += VECTORS) {
        UNROLL for (int i = 0; i < count; i++) {
            const vec factor = from[i * m + k] - (vec){0};
            UNROLL for (int q = 0; q < VECTORS; q++) rest[i][q] = MINUS_PRODUCT(factor, known[q], rest[i][q]);
        }
    }
    UNROLL for (int i = 0; i < count; i++) {
        for (int k = 0; k < i; k++) {
            const vec factor = from[i * m + row + k] - (vec){0};
            UNROLL for (int q = 0; q < VECTORS; q++) rest[i][q] = MINUS_PRODUCT(factor, rest[k][q], rest[i][q]);
        }
        UNROLL for (int q = 0; q < VECTORS; q++) {
            rest[i][q] /= from[i * m + row + i];
            v[(row + i) * VECTORS + q] = rest[i][q];
            squares[q] += rest[i][q] * rest[i][q];
        }
    }
}

static void squares_of(int64_t begin, int64_t end, int thread, void *context) {
    const struct systems *s = context;
    const int64_t m = s->m, n_blocks = (end - begin + WIDTH - 1) / WIDTH;
    double *v = s->workspace + thread * m * MOST_SIDES;
    vec squares[MOST_SIDES / LANES] = {0};
    for (int64_t i = 0; i < n_blocks * WIDTH; i++) {
        const double *from = s->right + (begin + i < end ? begin + i : end - 1) * m;
        double *to = v + i / WIDTH * WIDTH * m + i % WIDTH;
        for (int64_t k = 0; k < m; k++) to[k * WIDTH] = from[k];
    }
    int64_t row = 0;
    for (; row + ROWS <= m; row += ROWS)
        for (int64_t b = 0; b < n_blocks; b++)
            solve_tile(s->lower, m, row, ROWS, (vec *)(v + b * WIDTH * m), squares + b * VECTORS);
    for (; row < m; row++)
        for (int64_t b = 0; b < n_blocks; b++)
            solve_tile(s->lower, m, row, 1, (vec *)(v + b * WIDTH * m), squares + b * VECTORS);
    for (int64_t i = 0; i < end - begin; i++) s->out[begin + i] = squares[i / LANES][i % LANES];
}

/* Rows of the matrix that are read side by side for one right side: whole vectors of columns come before each part. */
#define TOGETHER 8

/* `count` entries from `row` of one solution, of which those before are known; their squares' sum. */
static inline __attribute__((always_inline)) double solve_part(const double *lower, int64_t m, int64_t row,
                                                               const int count, const double *right, double *v) {
    const double *from = lower + row * m;
    vec rest[TOGETHER] = {0};
    for (int64_t k = 0; k < row; k += LANES) {
        const vec known = *(const loose *)(v + k);
        UNROLL for (int i = 0; i < count; i++)
            rest[i] = MINUS_PRODUCT(*(const loose *)(from + i * m + k), known, rest[i]);
    }
    double square = 0;
    UNROLL for (int i = 0; i < count; i++) {
        double total = right[row + i];
        for (int l = 0; l < LANES; l++) total += rest[i][l];
        for (int k = 0; k < i; k++) total -= from[i * m + row + k] * v[row + k];
        v[row + i] = total / from[i * m + row + i];
        square += v[row + i] * v[row + i];
    }
    return square;
}

/* The same of one right side: lanes are columns of the matrix. */
static double square_of_one(const double *lower, int64_t m, const double *right, double *v) {
    double square = 0;
    int64_t row = 0;
    for (; row + TOGETHER <= m; row += TOGETHER) square += solve_part(lower, m, row, TOGETHER, right, v);
    const int64_t end = m - row;
    if (end > 0) square += solve_part(lower, m, row, end, right, v);
    return square;
}

/* out[i] = |v|^2 with lower v = right_i, for n rows `right` of m numbers. */
void KERNEL(triangular_squares)(const double *lower, int64_t m, const double *right, int64_t n, double *workspace,
                                double *out, int n_threads) {
    struct systems s = {lower, right, m, workspace, out};
    if (n <= 2) {
        for (int64_t i = 0; i < n; i++) out[i] = square_of_one(lower, m, right + i * m, workspace);
        return;
    }
    const int64_t share = (n + n_threads - 1) / n_threads;
    sk2torch_parallel(n, share < MOST_SIDES ? share : MOST_SIDES, n_threads, squares_of, &s);
}
