/* Fully connected networks: rows go through all layers a tile at a time, in float64. */
#include "doubles.h"
#include "lanes.h"

/* Rows of a tile in vectors, and columns that are computed together: as many sums as there are registers for. */
#if SK2TORCH_ISA >= 5
#define VECTORS 4
#else
#define VECTORS 2
#endif
#define COLUMNS 6
#if SK2TORCH_ISA >= 5
#define EVEN EVEN_8
#define ODD ODD_8
#elif SK2TORCH_ISA >= 2
#define EVEN EVEN_4
#define ODD ODD_4
#else
#define EVEN EVEN_2
#define ODD ODD_2
#endif
#define ROWS (VECTORS * LANES)
/* So few rows go through one at a time; in memory of the stack if no layer is wider than MOST_STACK. */
#define FEW 6
#define MOST_STACK 512

/* ops/layers.py has the same numbers. */
enum { IDENTITY, LOGISTIC, TANH, RELU, EXPONENTIAL, SOFTMAX };

struct network {
    const double *x;
    int64_t n_layers;
    const int64_t *widths;
    /* Weights and bias of each layer. */
    const double *const *arrays;
    int hidden, last;
    int64_t widest;
    /* 2 * widest * ROWS numbers for each thread. */
    double *workspace;
    double *out;
};

/* An activation of count vectors, in place; softmax is not one. */
static INLINE void activate(vec *values, int64_t count, int activation) {
    switch (activation) {
    case LOGISTIC:
        for (int64_t i = 0; i < count; i++) values[i] = logistic(values[i]);
        break;
    case TANH:
        for (int64_t i = 0; i < count; i++) values[i] = hyperbolic_tangent(values[i]);
        break;
    case RELU:
        for (int64_t i = 0; i < count; i++) values[i] = choose(values[i] < 0.0, splat(0.0), values[i]);
        break;
    case EXPONENTIAL:
        for (int64_t i = 0; i < count; i++) values[i] = exponential(values[i]);
        break;
    }
}

/* out[c] = sum_j in[j] weight[c, j] + bias[c] for count columns of a tile. */
static INLINE void some_columns(const vec *in, const double *weight, const double *bias, int64_t depth, int count,
                                vec *out) {
    vec sums[COLUMNS][VECTORS];
    UNROLL for (int c = 0; c < count; c++) UNROLL for (int v = 0; v < VECTORS; v++) sums[c][v] = splat(bias[c]);
    for (int64_t j = 0; j < depth; j++) {
        UNROLL for (int c = 0; c < count; c++) {
            const vec factor = splat(weight[c * depth + j]);
            UNROLL for (int v = 0; v < VECTORS; v++) sums[c][v] = FMA(in[j * VECTORS + v], factor, sums[c][v]);
        }
    }
    UNROLL for (int c = 0; c < count; c++) UNROLL for (int v = 0; v < VECTORS; v++) out[c * VECTORS + v] = sums[c][v];
}

static void tile_layer(const vec *in, const double *weight, const double *bias, int64_t depth, int64_t width, vec *out) {
    int64_t c = 0;
    for (; c + COLUMNS <= width; c += COLUMNS)
        some_columns(in, weight + c * depth, bias + c, depth, COLUMNS, out + c * VECTORS);
    weight += c * depth, bias += c, out += c * VECTORS;
    switch (width - c) {
    case 1: some_columns(in, weight, bias, depth, 1, out); break;
    case 2: some_columns(in, weight, bias, depth, 2, out); break;
    case 3: some_columns(in, weight, bias, depth, 3, out); break;
    case 4: some_columns(in, weight, bias, depth, 4, out); break;
    case 5: some_columns(in, weight, bias, depth, 5, out); break;
    }
}

/* Over the columns of a tile. */
static void tile_softmax(vec *values, int64_t width) {
    for (int v = 0; v < VECTORS; v++) {
        vec most = values[v], total = {0};
        for (int64_t c = 1; c < width; c++) {
            const vec value = values[c * VECTORS + v];
            most = choose((value > most) | (value != value), value, most);
        }
        for (int64_t c = 0; c < width; c++) {
            vec *value = values + c * VECTORS + v;
            *value = exponential(*value - most);
            total += *value;
        }
        for (int64_t c = 0; c < width; c++) values[c * VECTORS + v] /= total;
    }
}

static void run_tile(const struct network *p, int64_t begin, int64_t end, double *in, double *out) {
    const int64_t n_features = p->widths[0], n_outputs = p->widths[p->n_layers];
    load_tile(p->x, begin, end, n_features, ROWS, in);
    for (int64_t layer = 0; layer < p->n_layers; layer++) {
        const int64_t depth = p->widths[layer], width = p->widths[layer + 1];
        const int activation = layer + 1 < p->n_layers ? p->hidden : p->last;
        tile_layer((vec *)in, p->arrays[2 * layer], p->arrays[2 * layer + 1], depth, width, (vec *)out);
        if (activation == SOFTMAX) tile_softmax((vec *)out, width);
        else activate((vec *)out, width * VECTORS, activation);
        double *swapped = in;
        in = out, out = swapped;
    }
    for (int64_t i = 0; i < end - begin; i++)
        for (int64_t c = 0; c < n_outputs; c++) p->out[(begin + i) * n_outputs + c] = in[c * ROWS + i];
}

/* The first `count` numbers, fewer than there are lanes, and zeros. */
static INLINE vec first_of(const double *from, int64_t count) {
#if SK2TORCH_ISA >= 5
    return (vec)_mm512_maskz_loadu_pd((__mmask8)((1u << count) - 1), from);
#else
    vec result = {0};
    for (int64_t i = 0; i < count; i++) result[i] = from[i];
    return result;
#endif
}

/* out = weight in + bias, as many columns at a time as there are lanes, the last repeated. */
static void row_layer(const double *in, const double *weight, const double *bias, int64_t depth, int64_t width,
                      double *out) {
    const int64_t whole = depth - depth % LANES;
    for (int64_t c = 0; c < width; c += LANES) {
        const int64_t count = width - c < LANES ? width - c : LANES;
        const double *rows[LANES];
        vec sums[LANES];
        UNROLL for (int k = 0; k < LANES; k++) rows[k] = weight + (c + (k < count ? k : count - 1)) * depth;
        UNROLL for (int k = 0; k < LANES; k++) sums[k] = (vec){0};
        for (int64_t j = 0; j < whole; j += LANES) {
            const vec value = *(const loose_vec *)(in + j);
            UNROLL for (int k = 0; k < LANES; k++) sums[k] = FMA(value, *(const loose_vec *)(rows[k] + j), sums[k]);
        }
        if (whole < depth) {
            const vec value = first_of(in + whole, depth - whole);
            UNROLL for (int k = 0; k < LANES; k++) sums[k] = FMA(value, first_of(rows[k] + whole, depth - whole), sums[k]);
        }
        UNROLL for (int size = LANES; size > 1; size /= 2) UNROLL for (int k = 0; k < size / 2; k++) sums[k] =
            SHUFFLE(ivec, sums[2 * k], sums[2 * k + 1], EVEN) + SHUFFLE(ivec, sums[2 * k], sums[2 * k + 1], ODD);
        if (count == LANES) *(loose_vec *)(out + c) = sums[0] + *(const loose_vec *)(bias + c);
        else
            for (int64_t k = 0; k < count; k++) out[c + k] = sums[0][k] + bias[c + k];
    }
}

static void row_softmax(double *values, int64_t width) {
    double most = values[0], total = 0;
    for (int64_t c = 1; c < width; c++)
        if (values[c] > most || values[c] != values[c]) most = values[c];
    for (int64_t c = 0; c < width; c++) values[c] -= most;
    activate((vec *)values, (width + LANES - 1) / LANES, EXPONENTIAL);
    for (int64_t c = 0; c < width; c++) total += values[c];
    for (int64_t c = 0; c < width; c++) values[c] /= total;
}

static void run_row(const struct network *p, int64_t row, double *in, double *out) {
    const int64_t n_features = p->widths[0], n_outputs = p->widths[p->n_layers];
    const double *from = p->x + row * n_features;
    for (int64_t layer = 0; layer < p->n_layers; layer++) {
        const int64_t width = p->widths[layer + 1];
        const int activation = layer + 1 < p->n_layers ? p->hidden : p->last;
        row_layer(from, p->arrays[2 * layer], p->arrays[2 * layer + 1], p->widths[layer], width, out);
        if (activation == SOFTMAX) row_softmax(out, width);
        else activate((vec *)out, (width + LANES - 1) / LANES, activation);
        double *swapped = in;
        from = in = out, out = swapped;
    }
    memcpy(p->out + row * n_outputs, from, n_outputs * sizeof(double));
}

static void run(int64_t begin, int64_t end, int thread, void *context) {
    const struct network *p = context;
    double *in = p->workspace + thread * 2 * p->widest * ROWS, *out = in + p->widest * ROWS;
    if (end - begin > FEW) run_tile(p, begin, end, in, out);
    else
        for (int64_t row = begin; row < end; row++) run_row(p, row, in, out);
}

/* out[i] = the last activation of W_l(... hidden(W_1 x_i + b_1)) + b_l; widths has n_layers + 1 numbers, from that of x on;
   layer k's weights have the shape (widths[k + 1], widths[k]). The workspace, at an address that is a multiple of 64, has
   64 * widest numbers for each thread, where widest is at least all widths, 1 and a multiple of 8; it may be NULL for at
   most FEW rows of at most MOST_STACK numbers. */
void KERNEL(dense_layers)(const double *x, int64_t n, int64_t n_layers, const int64_t *widths,
                          const double *const *arrays, int hidden, int last, int64_t widest, double *workspace,
                          double *out, int n_threads) {
    struct network p = {x, n_layers, widths, arrays, hidden, last, widest, workspace, out};
    if (!workspace) {
        double in[MOST_STACK] __attribute__((aligned(64))), room[MOST_STACK] __attribute__((aligned(64)));
        for (int64_t row = 0; row < n; row++) run_row(&p, row, in, room);
        return;
    }
    sk2torch_parallel(n, ROWS, n_threads, run, &p);
}

/* The arrays follow. */
void PACKED(dense_layers) {
    CALL(dense_layers)(a[0].p, a[1].i, a[2].i, a[3].p, (const double *const *)(a + 10), (int)a[4].i, (int)a[5].i, a[6].i,
                       a[7].p, a[8].p, (int)a[9].i);
}
