/* What neighbours give: shares of classes and means of targets, added neighbour by neighbour, and weights, in float64. */
#include <math.h>

#include "kernel.h"

/* out[i, c] = sum_j weights[i, j] [labels[index[i, j]] = c], over its sum for the classes if is_share. Returns 0 where an
   index is not below n_rows or a label not below n_classes. */
int KERNEL(class_votes)(const int64_t *index, int64_t n, int64_t k, const double *weights, const int64_t *labels,
                        int64_t n_rows, int64_t n_classes, int is_share, double *out) {
    for (int64_t i = 0; i < n; i++, index += k, weights += k, out += n_classes) {
        double total = 0;
        for (int64_t c = 0; c < n_classes; c++) out[c] = 0;
        for (int64_t j = 0; j < k; j++) {
            if ((uint64_t)index[j] >= (uint64_t)n_rows) return 0;
            const int64_t label = labels[index[j]];
            if ((uint64_t)label >= (uint64_t)n_classes) return 0;
            out[label] += weights[j];
        }
        for (int64_t c = 0; c < n_classes; c++) total += out[c];
        for (int64_t c = 0; is_share && c < n_classes; c++) out[c] /= total;
    }
    return 1;
}

/* out[i, t] = sum_j weights[i, j] targets[index[i, j], t] / sum_j weights[i, j]. Returns 0 where an index is not below
   n_rows. */
int KERNEL(target_means)(const int64_t *index, int64_t n, int64_t k, const double *weights, const double *targets,
                         int64_t n_rows, int64_t n_targets, double *out) {
    for (int64_t i = 0; i < n; i++, index += k, weights += k, out += n_targets) {
        double total = 0;
        for (int64_t t = 0; t < n_targets; t++) out[t] = 0;
        for (int64_t j = 0; j < k; j++) {
            if ((uint64_t)index[j] >= (uint64_t)n_rows) return 0;
            for (int64_t t = 0; t < n_targets; t++) out[t] += targets[index[j] * n_targets + t] * weights[j];
            total += weights[j];
        }
        for (int64_t t = 0; t < n_targets; t++) out[t] /= total;
    }
    return 1;
}

/* out[i, j] = 1 / distance[i, j]; in rows where some are zero, 1 for these and 0 for all others. */
void KERNEL(inverse_distances)(const double *distance, int64_t n, int64_t k, double *out) {
    for (int64_t i = 0; i < n; i++, distance += k, out += k) {
        int has_zero = 0;
        for (int64_t j = 0; j < k; j++) has_zero |= distance[j] == 0;
        for (int64_t j = 0; j < k; j++) out[j] = has_zero ? distance[j] == 0 : 1 / distance[j];
    }
}

int PACKED(class_votes) {
    return CALL(class_votes)(a[0].p, a[1].i, a[2].i, a[3].p, a[4].p, a[5].i, a[6].i, (int)a[7].i, a[8].p);
}

int PACKED(target_means) { return CALL(target_means)(a[0].p, a[1].i, a[2].i, a[3].p, a[4].p, a[5].i, a[6].i, a[7].p); }
