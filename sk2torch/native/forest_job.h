/* What a call of a forest kernel asks for, and what its threads work in. */
#ifndef SK2TORCH_FOREST_JOB_H
#define SK2TORCH_FOREST_JOB_H

#include <math.h>
#include <stdlib.h>

#include "forest_bits.h"

/* Fewer rows, one group of lanes, are walked through several trees at once. */
#define FEW_ROWS LANES

/* Columns of a row whose keys are computed together. */
#define FILL_COLUMNS 64

#define REAL float
#define KEY uint32_t
#define NODE node_f
#define NAME(function) function##_f
#define COLUMN(node, mask) ((node).child_and_column & (mask))
#define CHILD(node, bits) ((node).child_and_column >> (bits))
#include "forest_compare.inc"
#undef REAL
#undef KEY
#undef NODE
#undef NAME
#undef COLUMN
#undef CHILD
#define REAL double
#define KEY uint64_t
#define NODE node_d
#define NAME(function) function##_d
#define COLUMN(node, mask) ((node).column & (mask))
#define CHILD(node, bits) ((node).child)
#include "forest_compare.inc"
#undef REAL
#undef KEY
#undef NODE
#undef NAME
#undef COLUMN
#undef CHILD

typedef struct {
    const forest *f;
    const char *x;
    int x_is_double, values_are_double;
    int64_t block_rows;
    int n_scanned; /* trees */
    int has_scans; /* of trees or tops */
    /* Where the answers go: numbers of leaves, or sums of n_values per group. */
    int64_t *leaves;
    const void *values;
    int64_t n_values, n_groups;
    const void *start; /* 0 for zeros */
    int64_t start_rows, start_columns; /* its strides */
    double divisor; /* of the sums */
    void *sums;
    void *tables; /* the values of the leaves of scanned trees, see fill_tables; 0 where others are walked */
    char *workspace;
    int64_t workspace_bytes;
} job;

typedef struct {
    char *groups;      /* keys of block_rows in groups of LANES, column after column */
    char *columns;     /* values in parts of 64 rows, column after column */
    uint8_t *codes;
    uint64_t *missing;
    char *held;        /* of scans over ranks: NUMBERED numbers, then room for nodes; SPAN bytes each */
    int32_t *leaf;     /* number before packing of the leaf of each row */
    char *part_sums;   /* of SPAN rows, column after column */
    int has_nan;       /* some node looks at copies */
} workspace;

static int64_t real_bytes(const forest *f) { return f->is_double ? 8 : 4; }

static int64_t rounded(int64_t bytes) { return (bytes + 63) / 64 * 64; }

/* Columns of the groups with the copies, which lie at a power of two, or without. */
static int64_t group_columns(const forest *f, int copies) {
    return copies ? left_bit(f) / LANES + f->n_features : f->n_columns + 1;
}

static int64_t scan_columns(const forest *f) { return f->n_features * (1 + f->has_copies); }

static int64_t scan_bytes(const forest *f) { return f->ranks ? f->ranks->bytes : real_bytes(f); }

/* What of a node's word is its column in these groups. */
static uint32_t column_mask(const forest *f, int copies) { return copies ? 2 * left_bit(f) - 1 : left_bit(f) - 1; }

static int64_t width(const job *j) { return j->n_values * j->n_groups; }

static int64_t value_bytes(const job *j) { return j->values_are_double ? 8 : 4; }

/* Lay a thread's workspace out from base on; returns its size. */
static int64_t measure(const job *j, int64_t rows, char *base, workspace *w) {
    const forest *f = j->f;
    int64_t parts = (rows + SPAN - 1) / SPAN * (SPAN / 64), used = 0, padded = 64 * parts;
    w->groups = base;
    used += rounded(padded * group_columns(f, f->has_copies) * real_bytes(f));
    w->columns = base + used;
    if (j->has_scans) used += rounded(padded * scan_columns(f) * scan_bytes(f));
    w->codes = (uint8_t *)(base + used);
    used += rounded(padded * f->n_codes);
    w->missing = (uint64_t *)(base + used);
    used += rounded(parts * f->n_codes * 8);
    w->held = base + used;
    if (j->has_scans && f->ranks) used += 2 * NUMBERED * SPAN;
    w->leaf = (int32_t *)(base + used);
    used += rounded(padded * 4);
    w->part_sums = base + used;
    return used + (j->tables ? SPAN * width(j) * value_bytes(j) : 0);
}

#endif
