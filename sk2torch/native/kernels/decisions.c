/* Decisions of two classes. */
#include "kernel.h"

/* out[i] = 1 where scores[i] is above zero, else 0; the other way round if is_negated. */
void KERNEL(positive_index)(const double *scores, int64_t n, int is_negated, int64_t *out) {
    for (int64_t i = 0; i < n; i++) out[i] = (scores[i] > 0) != is_negated;
}

void PACKED(positive_index) { CALL(positive_index)(a[0].p, a[1].i, (int)a[2].i, a[3].p); }
