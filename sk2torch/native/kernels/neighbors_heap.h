/* Heaps of the smallest values and their rows, as scikit-learn keeps them. */

/* Put a value that is smaller than the largest in its place. */
static INLINE void NAME(sink)(REAL *values, int64_t *index, int64_t size, REAL value, int64_t place) {
    int64_t at = 0;
    for (;;) {
        int64_t child = 2 * at + 1;
        if (child >= size) break;
        if (child + 1 < size && !(values[child] >= values[child + 1])) child++;
        if (!(value < values[child])) break;
        values[at] = values[child], index[at] = index[child];
        at = child;
    }
    values[at] = value, index[at] = place;
}

/* Ascending, equal ones in order; scratch has room for half of them. */
static void NAME(sort)(REAL *values, int64_t *index, int64_t size, REAL *scratch, int64_t *places) {
    if (size <= 24) {
        for (int64_t i = 1; i < size; i++) {
            const REAL value = values[i];
            const int64_t place = index[i];
            int64_t j = i;
            for (; j > 0 && value < values[j - 1]; j--) values[j] = values[j - 1], index[j] = index[j - 1];
            values[j] = value, index[j] = place;
        }
        return;
    }
    const int64_t half = size / 2;
    NAME(sort)(values, index, half, scratch, places);
    NAME(sort)(values + half, index + half, size - half, scratch, places);
    memcpy(scratch, values, half * sizeof(REAL));
    memcpy(places, index, half * sizeof(int64_t));
    int64_t i = 0, j = half, to = 0;
    while (i < half) {
        if (j < size && values[j] < scratch[i]) values[to] = values[j], index[to++] = index[j++];
        else values[to] = scratch[i], index[to++] = places[i++];
    }
}

static void NAME(empty)(REAL *values, int64_t *index, int64_t size) {
    for (int64_t i = 0; i < size; i++) values[i] = INFINITY, index[i] = 0;
}

/* Write what a heap holds, nearest first; scratch has room for k. */
static void NAME(finish)(const NAME(search) *s, int64_t query, REAL *values, int64_t *index, REAL *scratch,
                         int64_t *places) {
    const int64_t k = s->k;
    if (s->order == BY_HEAP) {
        /* scikit-learn pours the heaps of its threads into one. */
        NAME(empty)(scratch, places, k);
        for (int64_t i = 0; i < k; i++)
            if (values[i] < scratch[0]) NAME(sink)(scratch, places, k, values[i], index[i]);
        memcpy(values, scratch, k * sizeof(REAL));
        memcpy(index, places, k * sizeof(int64_t));
    }
    NAME(sort)(values, index, k, scratch, places);
    memcpy(s->values + query * k, values, k * sizeof(REAL));
    memcpy(s->index + query * k, index, k * sizeof(int64_t));
}
