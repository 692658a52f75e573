/* Rows down trees of any depth, one path each. */
#ifndef SK2TORCH_FOREST_WALK_H
#define SK2TORCH_FOREST_WALK_H

#include "forest_scan.h"

/* Rows walked between two parts of what is fetched ahead. */
#define FETCH_ROWS 256

static void fill_block(const job *j, const workspace *w, const char *x, int64_t rows) {
    const forest *f = j->f;
    int64_t columns = group_columns(f, w->has_nan);
    if (f->is_double)
        fill_groups_d(f, x, j->x_is_double, rows, columns, (uint64_t *)w->groups);
    else
        fill_groups_f(f, x, j->x_is_double, rows, columns, (uint32_t *)w->groups);
}

static int64_t node_bytes(const forest *f) { return f->is_double ? sizeof(node_d) : sizeof(node_f); }

/* Bring one of several parts of a tree's nodes near. */
static void fetch_nodes(const forest *f, int64_t t, int64_t part, int64_t parts) {
    int64_t first = f->tree_start[t] * node_bytes(f), n = f->tree_start[t + 1] * node_bytes(f) - first;
    for (int64_t i = n * part / parts; i < n * (part + 1) / parts; i += 64)
        __builtin_prefetch((const char *)f->nodes + first + i, 0, 2);
}

/* Bring what rows will add near. */
static void fetch_values(const job *j, const int32_t *leaf, int64_t rows) {
    int64_t bytes = j->n_values * (j->values_are_double ? 8 : 4);
    for (int64_t r = 0; r < rows; r++) __builtin_prefetch((const char *)j->values + leaf[r] * bytes);
}

/* The rows of a block through one tree; the nodes of the next are fetched meanwhile. */
static void walk_block(const job *j, const workspace *w, int64_t t, int64_t rows) {
    const forest *f = j->f;
    uint32_t mask = column_mask(f, w->has_nan);
    int64_t columns = group_columns(f, w->has_nan), parts = (rows + FETCH_ROWS - 1) / FETCH_ROWS;
    int64_t next = t + 1 < f->n_trees ? t + 1 : 0;
    for (int64_t part = 0; part < parts; part++) {
        int64_t at = part * FETCH_ROWS, count = rows - at < FETCH_ROWS ? rows - at : FETCH_ROWS;
        int64_t padded = (count + LANES - 1) / LANES * LANES;
        const uint8_t *exit = 0;
        fetch_nodes(f, next, part, parts);
#if SK2TORCH_ISA >= 2
        uint8_t exits[FETCH_ROWS];
        if (scans_top(f, t)) {
            scan_exits(f, w, t, at / 64, count, exits);
            exit = exits;
        }
#endif
        if (f->is_double)
            walk_block_d(f, t, (uint64_t *)w->groups + at * columns, padded, columns, mask, exit, w->leaf + at);
        else
            walk_block_f(f, t, (uint32_t *)w->groups + at * columns, padded, columns, mask, exit, w->leaf + at);
        if (!j->leaves) fetch_values(j, w->leaf + at, count);
    }
}

static void few_rows(const job *j, const workspace *w, int64_t begin, int64_t rows) {
    const forest *f = j->f;
    uint32_t mask = column_mask(f, w->has_nan);
    for (int64_t t = 0; t < f->n_trees; t += LANES) {
        int64_t trees[LANES];
        for (int k = 0; k < LANES; k++) trees[k] = t + k < f->n_trees ? t + k : f->n_trees - 1;
        for (int64_t r = 0; r < rows; r++) {
            int32_t leaf[LANES];
            if (f->is_double)
                walk_trees_d(f, trees, (uint64_t *)w->groups + r, mask, leaf);
            else
                walk_trees_f(f, trees, (uint32_t *)w->groups + r, mask, leaf);
            for (int k = 0; k < LANES && t + k < f->n_trees; k++) {
                deliver(j, t + k, leaf + k, begin + r, 1);
            }
        }
    }
}

#endif
