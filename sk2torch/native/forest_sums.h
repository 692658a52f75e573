/* Sums of the values of leaves, row after row. */
#ifndef SK2TORCH_FOREST_SUMS_H
#define SK2TORCH_FOREST_SUMS_H

#include "forest_job.h"

#define VALUE double
#define ADD(function) function##_d
#include "forest_add.inc"
#undef VALUE
#undef ADD
#define VALUE float
#define ADD(function) function##_f
#include "forest_add.inc"
#undef VALUE
#undef ADD

static void begin_sums(const job *j, int64_t begin, int64_t rows) {
    if (j->values_are_double)
        begin_d(j->start, j->start_rows, j->start_columns, begin, rows, j->sums, width(j));
    else
        begin_f(j->start, j->start_rows, j->start_columns, begin, rows, j->sums, width(j));
}

static void add_values(const job *j, int64_t t, const int32_t *leaf, int64_t begin, int64_t rows) {
    int64_t n = j->n_values, columns = width(j), first = begin * columns + t % j->n_groups * n;
    if (j->values_are_double)
        add_d(j->values, n, leaf, rows, (double *)j->sums + first, columns);
    else
        add_f(j->values, n, leaf, rows, (float *)j->sums + first, columns);
}

static void finish_sums(const job *j, int64_t begin, int64_t rows) {
    if (j->divisor == 1) return;
    if (j->values_are_double)
        finish_d((double *)j->sums + begin * width(j), rows * width(j), j->divisor);
    else
        finish_f((float *)j->sums + begin * width(j), rows * width(j), (float)j->divisor);
}

static void deliver(const job *j, int64_t t, const int32_t *leaf, int64_t begin, int64_t rows) {
    if (!j->leaves) {
        add_values(j, t, leaf, begin, rows);
        return;
    }
    for (int64_t r = 0; r < rows; r++) j->leaves[(begin + r) * j->f->n_trees + t] = leaf[r];
}

#endif
