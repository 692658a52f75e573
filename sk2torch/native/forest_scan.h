/* Rows through small trees, all nodes at once. */
#ifndef SK2TORCH_FOREST_SCAN_H
#define SK2TORCH_FOREST_SCAN_H

#include "forest_ranked.h"
#include "forest_sums.h"

#define TABLE_LEAVES 16
/* Sums of more columns are kept row after row. */
#define TABLE_WIDTH 64

#if SK2TORCH_ISA >= 2
#define REAL float
#define SCAN scan_f
#define NAME(function) function##_f
#include "forest_scan_tree.inc"
#undef REAL
#undef SCAN
#undef NAME
#define REAL double
#define SCAN scan_d
#define NAME(function) function##_d
#include "forest_scan_tree.inc"
#undef REAL
#undef SCAN
#undef NAME
#define REAL uint8_t
#define NAME(function) function##_b
#include "forest_scan_ranks.inc"
#undef REAL
#undef NAME
#define REAL uint16_t
#define NAME(function) function##_h
#include "forest_scan_ranks.inc"
#undef REAL
#undef NAME

/* Parts of 64 rows that are scanned at once. */
static int span_parts(const forest *f) { return f->ranks ? SPAN / 64 : 1; }

/* The number of the exit, among those of the scan, that each row of some parts of a block reaches. */
static void scan_part(const forest *f, const workspace *w, int64_t t, int64_t part, int parts, uint8_t *leaf) {
    int64_t at = 64 * part * scan_columns(f);
    const uint8_t *codes = w->codes + 64 * part * f->n_codes;
    const uint64_t *missing = w->missing + part * f->n_codes;
    if (f->ranks && f->ranks->bytes == 1)
        scan_ranks_b(f, w, t, part, parts, leaf);
    else if (f->ranks)
        scan_ranks_h(f, w, t, part, parts, leaf);
    else if (f->is_double)
        scan_tree_d(f, t, (double *)w->columns + at, w->has_nan, codes, missing, leaf);
    else
        scan_tree_f(f, t, (float *)w->columns + at, w->has_nan, codes, missing, leaf);
}

/* The same of some rows from a part on. */
static void scan_exits(const forest *f, const workspace *w, int64_t t, int64_t part, int64_t rows, uint8_t *leaf) {
    int span = span_parts(f);
    for (int64_t r = 0; r < rows; r += 64 * span)
        scan_part(f, w, t, part + r / 64, rows - r > 64 ? span : 1, leaf + r);
}

static void scan_block(const job *j, const workspace *w, int64_t t, int64_t rows) {
    const forest *f = j->f;
    const int32_t *id = f->leaf_id + f->leaf_start[t];
    for (int64_t from = 0; from < rows; from += SPAN) {
        uint8_t leaf[SPAN];
        int64_t count = rows - from < SPAN ? rows - from : SPAN;
        scan_exits(f, w, t, from / 64, count, leaf);
        for (int64_t r = 0; r < count; r++) w->leaf[from + r] = id[leaf[r]];
    }
}

static void fill_parts(const job *j, const workspace *w, const char *x, int64_t rows) {
    const forest *f = j->f;
    int64_t row_bytes = f->n_inputs * (j->x_is_double ? 8 : 4);
    for (int64_t part = 0; 64 * part < rows; part++) {
        int64_t count = rows - 64 * part < 64 ? rows - 64 * part : 64, at = 64 * part * scan_columns(f);
        const char *from = x + 64 * part * row_bytes;
        uint8_t *codes = w->codes + 64 * part * f->n_codes;
        uint64_t *missing = w->missing + part * f->n_codes;
        if (f->is_double)
            fill_columns_d(f, from, j->x_is_double, count, w->has_nan, (double *)w->columns + at, codes, missing);
        else
            fill_columns_f(f, from, j->x_is_double, count, w->has_nan, (float *)w->columns + at, codes, missing);
    }
}
/* Values of the leaves of scanned trees: for each tree and value, one per leaf, in parts of TABLE_LEAVES. */
static int64_t table_values(const forest *f, int64_t t) {
    return (f->n_leaves[t] + TABLE_LEAVES - 1) / TABLE_LEAVES * TABLE_LEAVES;
}

#define VALUE double
#define ADD(function) function##_d
#include "forest_tables.inc"
#undef VALUE
#undef ADD
#define VALUE float
#define ADD(function) function##_f
#include "forest_tables.inc"
#undef VALUE
#undef ADD

static int64_t table_bytes(const job *j) {
    int64_t n = 0;
    for (int64_t t = 0; t < j->f->n_trees; t++) n += table_values(j->f, t) * j->n_values;
    return n * value_bytes(j);
}

static void fill_tables(const job *j) {
    if (j->values_are_double)
        fill_tables_d(j->f, j->values, j->n_values, j->tables);
    else
        fill_tables_f(j->f, j->values, j->n_values, j->tables);
}

/* The sums of a block of rows. */
static void sum_scanned(const job *j, const workspace *w, int64_t begin, int64_t rows) {
    int64_t span = 64 * span_parts(j->f);
    for (int64_t from = 0; from < rows; from += span) {
        int64_t count = rows - from < span ? rows - from : span;
        if (j->values_are_double)
            sum_part_d(j, w, from / 64, begin + from, count);
        else
            sum_part_f(j, w, from / 64, begin + from, count);
    }
}
#endif
#endif
