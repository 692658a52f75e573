/* B-splines of many features, by the recurrence of de Boor and Cox. */
#include "doubles.h"

#define MOST_DEGREE 7
/* More knots between the ends are bisected. */
#define MOST_COUNTED 48

/* ops/columns/splines.py has the same numbers. */
enum { CONTINUED, BOUNDED, STRICT, PERIODIC };

struct splines {
    const double *x, *knots, *bounds, *ends, *outside;
    const uint8_t *is_given;
    int64_t d, n_knots, n_bounds, stride, degree, n_splines, width;
    int extrapolation, refuses_above, needs_period;
    double gap;
    double *out;
    int64_t *wrong;
};

/* A value that is not NaN: where its splines are computed; whether it is outside of the knots. */
static double place_of(const struct splines *p, int64_t j, double x, int *is_outside) {
    const double low = p->ends[j], high = p->ends[p->d + j];
    *is_outside = x < low || x > high;
    if (p->extrapolation == PERIODIC) {
        const double length = high - low;
        if (!(length > 0)) return 0;
        double past = fmod(x - low, length);
        if (past < 0) past += length;
        return low + past;
    }
    return *is_outside && p->extrapolation != CONTINUED ? low : x;
}

/* How many of the bounds between intervals are at most each value. */
static ivec intervals(const struct splines *p, int64_t j, vec x) {
    const double *knots = p->bounds + j * p->stride;
    const int64_t n = p->n_bounds;
    ivec count = {0};
    if (n <= MOST_COUNTED) {
        for (int64_t k = 0; k < n; k++) count -= splat(knots[k]) <= x;
        return count;
    }
    for (int lane = 0; lane < LANES; lane++) {
        int64_t low = 0, high = n;
        while (low < high) {
            const int64_t middle = (low + high) / 2;
            if (knots[middle] <= x[lane]) low = middle + 1;
            else high = middle;
        }
        count[lane] = low;
    }
    return count;
}

/* The degree + 1 splines from that of the interval on. */
static INLINE void basis(const double *knots, ivec interval, vec x, int degree, vec *values) {
    vec around[2 * MOST_DEGREE];
    for (int k = 0; k < 2 * degree; k++)
        for (int lane = 0; lane < LANES; lane++) around[k][lane] = knots[interval[lane] + k + 1];
    values[0] = splat(1);
    for (int k = 1; k <= degree; k++) {
        vec rising = {0};
        for (int i = 0; i < k; i++) {
            const vec left = around[degree - k + i], right = around[degree + i], length = right - left;
            const ivec is_empty = length == 0.0;
            const vec share = choose(is_empty, splat(0), values[i] / choose(is_empty, splat(1), length));
            const vec falling = share * (right - x);
            values[i] = i > 0 ? rising + falling : falling;
            rising = share * -(left - x);
        }
        values[k] = rising;
    }
}

/* Values and slopes at the ends; ends that were moved past each other both claim a value. */
static void extrapolate(const struct splines *p, int64_t j, double x, double *out) {
    const int64_t n = p->n_splines, all = p->d * n;
    const int is_below = x < p->ends[j], is_above = x > p->ends[p->d + j];
    for (int64_t k = 0; k < p->width; k++) {
        const int64_t at = j * n + k;
        const double lower = p->outside[at] + (x - p->ends[j]) * p->outside[all + at];
        const double upper = p->outside[2 * all + at] + (x - p->ends[p->d + j]) * p->outside[3 * all + at];
        double value = 0;
        if (is_below && p->is_given[at]) value = lower;
        if (is_above && p->is_given[all + at]) value = upper;
        if (is_below && p->is_given[at] && p->is_given[2 * all + at]) value = lower;
        out[k] = value;
    }
}

static void place_values(const struct splines *p, int64_t interval, const vec *values, int lane, double *out) {
    const int is_round = p->extrapolation == PERIODIC && p->degree > 0;
    for (int64_t k = 0; k <= p->degree; k++) {
        int64_t at = interval + k;
        /* The last ones are the first ones of the next period. */
        if (is_round && at >= p->n_splines) at -= p->n_splines;
        if (at >= p->width) continue;
        if (is_round) out[at] += values[k][lane];
        else out[at] = values[k][lane];
    }
}

static void splines_of(int64_t begin, int64_t end, int thread, void *context) {
    const struct splines *p = context;
    const int64_t d = p->d, stride = d * p->width;
    const int n_rows = (int)(end - begin);
    vec values[MOST_DEGREE + 1];
    (void)thread;
    memset(p->out + begin * stride, 0, n_rows * stride * sizeof(double));
    for (int64_t j = 0; j < d; j++) {
        vec x, point;
        int is_missing[LANES], is_outside[LANES];
        const int has_no_period = p->needs_period && !(p->ends[d + j] - p->ends[j] > 0);
        for (int lane = 0; lane < LANES; lane++) {
            x[lane] = p->x[(begin + (lane < n_rows ? lane : n_rows - 1)) * d + j];
            is_missing[lane] = isnan(x[lane]);
            point[lane] = place_of(p, j, is_missing[lane] ? p->ends[j] : x[lane], is_outside + lane);
            is_missing[lane] |= has_no_period;
        }
        const ivec interval = intervals(p, j, point);
        const double *knots = p->knots + j * p->n_knots;
        /* Of known degree, loops are unrolled. */
        if (p->degree == 3) basis(knots, interval, point, 3, values);
        else basis(knots, interval, point, (int)p->degree, values);
        for (int lane = 0; lane < n_rows; lane++) {
            double *out = p->out + (begin + lane) * stride + j * p->width;
            if (is_outside[lane] && (p->extrapolation == STRICT || (p->refuses_above && x[lane] > p->ends[d + j])))
                __atomic_store_n(p->wrong, 1, __ATOMIC_RELAXED);
            if (is_missing[lane]) {
                for (int64_t k = 0; k < p->width; k++) out[k] = p->gap;
            } else if (is_outside[lane] && p->extrapolation == BOUNDED) extrapolate(p, j, x[lane], out);
            else place_values(p, interval[lane], values, lane, out);
        }
    }
}

/* The first `width` of each feature's splines; shape (n, d, width).

   knots: (d, n_knots); bounds: the n_bounds knots between intervals, of a feature `stride` numbers after those of the one
   before; ends: (2, d); outside: (2, 2, d, n_splines), of either end the value and slope of each spline;
   is_given: (3, d, n_splines), see TorchSplineTransformer; gap: in place of NaN; *wrong becomes 1 where a value is refused.
   degree is MOST_DEGREE at most. */
void KERNEL(spline_basis)(const double *x, int64_t n, int64_t d, const double *knots, int64_t n_knots, const double *bounds,
                          int64_t n_bounds, int64_t stride, int64_t degree, const double *ends, const double *outside,
                          const uint8_t *is_given, int64_t n_splines, int64_t width, int extrapolation,
                          int refuses_above, int needs_period, double gap, double *out,
                          int64_t *wrong, int n_threads) {
    struct splines p = {x, knots, bounds, ends, outside, is_given, d, n_knots, n_bounds, stride, degree, n_splines, width,
                        extrapolation, refuses_above, needs_period, gap, out, wrong};
    sk2torch_parallel(n, LANES, n_threads, splines_of, &p);
}
