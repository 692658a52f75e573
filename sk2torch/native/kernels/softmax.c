/* Scores as probabilities and their logarithms. */
#include "doubles.h"

#define MOST_COLUMNS 64

/* ops/softmax.py has the same numbers. */
enum { SOFTMAX, LOG_SOFTMAX, LOG_NORMALIZED };

struct scores {
    const double *x;
    int64_t width;
    int kind;
    double *out;
};

static vec logarithm(vec x) {
    for (int lane = 0; lane < LANES; lane++) x[lane] = log(x[lane]);
    return x;
}

static void normalize(int64_t begin, int64_t end, int thread, void *context) {
    const struct scores *p = context;
    const int64_t width = p->width, last = end - begin - 1;
    vec x[MOST_COLUMNS], e[MOST_COLUMNS];
    (void)thread;
    for (int64_t lane = 0; lane < LANES; lane++) {
        const double *row = p->x + (begin + (lane < last ? lane : last)) * width;
        for (int64_t c = 0; c < width; c++) x[c][lane] = row[c];
    }
    vec most = x[0], total = {0};
    for (int64_t c = 1; c < width; c++) most = choose((x[c] > most) | (x[c] != x[c]), x[c], most);
    /* An infinite one is not subtracted. */
    if (p->kind == LOG_NORMALIZED) most = choose((most == INFINITY) | (most == -INFINITY), splat(0), most);
    for (int64_t c = 0; c < width; c++) {
        e[c] = exponential(x[c] - most);
        total += e[c];
    }
    if (p->kind == SOFTMAX)
        for (int64_t c = 0; c < width; c++) e[c] /= total;
    else {
        const vec rest = logarithm(total), sum = most + rest;
        for (int64_t c = 0; c < width; c++) e[c] = p->kind == LOG_SOFTMAX ? (x[c] - most) - rest : x[c] - sum;
    }
    for (int64_t lane = 0; lane <= last; lane++)
        for (int64_t c = 0; c < width; c++) p->out[(begin + lane) * width + c] = e[c][lane];
}

/* For each row x of `width` numbers, 64 at most: exp(x) over its sum; the logarithm of that; x - logsumexp(x), which is minus
   infinity beside an infinite x. */
void KERNEL(normalize_rows)(const double *x, int64_t n, int64_t width, int kind, double *out, int n_threads) {
    struct scores p = {x, width, kind, out};
    sk2torch_parallel(n, LANES, n_threads, normalize, &p);
}

struct binary {
    const double *scores;
    double *out;
};

static void pairs_of(int64_t begin, int64_t end, int thread, void *context) {
    const struct binary *p = context;
    (void)thread;
    for (int64_t done = begin; done < end; done += LANES) {
        const int64_t count = end - done < LANES ? end - done : LANES;
        vec score = {0};
        memcpy(&score, p->scores + done, count * sizeof(double));
        const vec second = logistic(score), first = 1.0 - second;
        for (int64_t i = 0; i < count; i++) p->out[2 * (done + i)] = first[i], p->out[2 * (done + i) + 1] = second[i];
    }
}

/* out[i] = 1 - p, p with p = 1 / (1 + exp(-scores[i])). */
void KERNEL(binary_probabilities)(const double *scores, int64_t n, double *out, int n_threads) {
    struct binary p = {scores, out};
    sk2torch_parallel(n, 256, n_threads, pairs_of, &p);
}
