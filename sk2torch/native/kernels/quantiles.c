/* Shares of a distribution below each value, interpolated between quantiles, and their normal quantiles. */
#include "doubles.h"

/* Values that are looked up together. */
#define GROUP 32
#define FEW 4
#define MOST_ROWS 256

struct quantiles {
    const double *x, *table, *quantiles, *shares, *least, *most;
    const uint8_t *unknown;
    int64_t d, n, size;
    int n_steps, is_normal;
    double margin;
    /* Least and greatest share that has a normal quantile here, and these. */
    const double *bounds;
    double *out;
};

/* The normal distribution's quantile for a share from 1e-11 to 1 - 1e-11, by Wichura's AS 241. */
static INLINE double rational(double r, const double *above, const double *below) {
    double top = above[7], bottom = below[7];
    UNROLL for (int i = 6; i >= 0; i--) top = top * r + above[i], bottom = bottom * r + below[i];
    return top / bottom;
}

static const double centre_above[8] = {3.3871328727963666080e0,  1.3314166789178437745e+2, 1.9715909503065514427e+3,
                                       1.3731693765509461125e+4, 4.5921953931549871457e+4, 6.7265770927008700853e+4,
                                       3.3430575583588128105e+4, 2.5090809287301226727e+3};
static const double centre_below[8] = {1.0,
                                       4.2313330701600911252e+1,
                                       6.8718700749205790830e+2,
                                       5.3941960214247511077e+3,
                                       2.1213794301586595867e+4,
                                       3.9307895800092710610e+4,
                                       2.8729085735721942674e+4,
                                       5.2264952788528545610e+3};
static const double tail_above[8] = {1.42343711074968357734e0,  4.63033784615654529590e0,  5.76949722146069140550e0,
                                     3.64784832476320460504e0,  1.27045825245236838258e0,  2.41780725177450611770e-1,
                                     2.27238449892691845833e-2, 7.74545014278341407640e-4};
static const double tail_below[8] = {1.0,
                                     2.05319162663775882187e0,
                                     1.67638483018380384940e0,
                                     6.89767334985100004550e-1,
                                     1.48103976427480074590e-1,
                                     1.51986665636164571966e-2,
                                     5.47593808499534494600e-4,
                                     1.05075007164441684324e-9};

static INLINE void to_normal(const double *bounds, int count, double *shares) {
    double result[GROUP];
    for (int i = 0; i < count; i++) {
        const double share = shares[i], low = share < bounds[0] ? bounds[0] : share;
        shares[i] = low > bounds[1] ? bounds[1] : low;
    }
    for (int i = 0; i < count; i++) {
        const double q = shares[i] - 0.5, r = 0.180625 - q * q;
        result[i] = q * rational(r, centre_above, centre_below);
    }
    for (int i = 0; i < count; i++) {
        const double q = shares[i] - 0.5;
        if (q >= -0.425 && q <= 0.425) continue;
        const double r = sqrt(-log(q < 0 ? shares[i] : 1 - shares[i])) - 1.6;
        result[i] = copysign(rational(r, tail_above, tail_below), q);
    }
    for (int i = 0; i < count; i++) {
        const double value = result[i], low = value < bounds[2] ? bounds[2] : value;
        shares[i] = low > bounds[3] ? bounds[3] : low;
    }
}

/* numpy.interp's line between the quantiles around x, of which count come before it; from the upper one if asked. */
static INLINE double between(const struct quantiles *p, const double *values, double x, int64_t count, int from_above) {
    const int64_t last = p->n > 2 ? p->n - 2 : 0, step = p->n > 1;
    const int64_t place = count < 1 ? 0 : count - 1 < last ? count - 1 : last;
    const double low = values[place], high = values[place + step];
    const double low_share = p->shares[place], high_share = p->shares[place + step], length = high - low;
    const double slope = (high_share - low_share) / (length > 0 ? length : 1), past = from_above ? high - x : x - low;
    /* Between the least of numbers, a slope may be infinite: times zero it is not a number. */
    const double change = (slope == INFINITY) & (past == 0) ? 0 : slope * past;
    const double inner = from_above ? high_share - change : change + low_share;
    return count == 0 ? p->shares[0] : count == p->n ? p->shares[p->n - 1] : inner;
}

static int64_t count_below(const double *table, int64_t n, double x) {
    int64_t low = 0, high = n;
    while (low < high) {
        const int64_t middle = (low + high) / 2;
        if (table[middle] < x) low = middle + 1;
        else high = middle;
    }
    return low;
}

/* `count` values, of which vectors are full. */
static INLINE void group_of(const struct quantiles *p, int64_t j, const double *x, int count, double *result) {
    const double *table = p->table + j * p->size, *values = p->quantiles + j * p->n;
    const double least = p->least[j], most = p->most[j], margin = p->margin;
    int64_t at_most[GROUP], below[GROUP];
    for (int i = 0; i < count; i++) at_most[i] = 0;
    for (int step = p->n_steps - 1; step >= 0; step--) {
        const int64_t half = (int64_t)1 << step;
        for (int i = 0; i < count; i++) at_most[i] += table[at_most[i] + half - 1] <= x[i] ? half : 0;
    }
    for (int i = 0; i < count; i++) {
        if (at_most[i] > p->n) at_most[i] = p->n;
        below[i] = at_most[i];
    }
    for (int i = 0; i < count; i++)
        if (at_most[i] && table[at_most[i] - 1] == x[i]) below[i] = count_below(table, at_most[i], x[i]);
    for (int i = 0; i < count; i++) {
        const double up = between(p, values, x[i], at_most[i], 0), down = between(p, values, x[i], below[i], 1);
        const double share = 0.5 * (up + down);
        const int is_high = p->is_normal ? x[i] + margin > most : x[i] == most;
        const int is_low = p->is_normal ? x[i] - margin < least : x[i] == least;
        result[i] = is_low ? 0.0 : is_high ? 1.0 : share;
    }
    if (p->is_normal) to_normal(p->bounds, count, result);
    for (int i = 0; i < count; i++) result[i] = isnan(x[i]) || p->unknown[j] ? NAN : result[i];
}

static void shares_of(int64_t begin, int64_t end, int thread, void *context) {
    const struct quantiles *p = context;
    (void)thread;
    /* Column by column: its quantiles stay near. */
    for (int64_t j = 0; j < p->d; j++)
        for (int64_t first = begin; first < end; first += GROUP) {
            double x[GROUP], result[GROUP];
            const int64_t count = end - first < GROUP ? end - first : GROUP;
            for (int64_t i = 0; i < GROUP; i++) x[i] = p->x[(first + (i < count ? i : 0)) * p->d + j];
            if (count > FEW) group_of(p, j, x, GROUP, result);
            else group_of(p, j, x, FEW, result);
            for (int64_t i = 0; i < count; i++) p->out[(first + i) * p->d + j] = result[i];
        }
}

/* out[i, j] = the mean of numpy.interp(x[i, j], quantiles_j, shares) and of the same from above; 0 and 1 at the ends, or
   within the margin of them if is_normal, when it becomes a normal quantile; NaN for NaN and in unknown columns.

   quantiles: (d, n_quantiles), ascending, in the table, (d, 2^n_steps), with infinity after them; shares: (n_quantiles,);
   least, most: (d,), the ends; bounds: (2, 2). */
void KERNEL(quantile_shares)(const double *x, int64_t n, int64_t d, const double *table, const double *quantiles,
                             int64_t n_quantiles, int n_steps, const double *shares, const double *least,
                             const double *most, const uint8_t *unknown, int is_normal, double margin,
                             const double *bounds, double *out, int n_threads) {
    struct quantiles p = {x, table, quantiles, shares, least, most, unknown, d, n_quantiles, (int64_t)1 << n_steps,
                          n_steps, is_normal, margin, bounds, out};
    int64_t rows = (n / (4 * n_threads) + GROUP - 1) / GROUP * GROUP;
    sk2torch_parallel(n, rows < GROUP ? GROUP : rows < MOST_ROWS ? rows : MOST_ROWS, n_threads, shares_of, &p);
}
