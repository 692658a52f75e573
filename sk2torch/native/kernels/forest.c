/* Leaves that rows reach, and sums of their values. */
#include <math.h>
#include <stdlib.h>

#include "forest_bits.h"

/* Leaves up to which the scan of a tree is faster than a walk. */
#if SK2TORCH_ISA >= 5
#define SCAN_FASTER 128
#elif SK2TORCH_ISA >= 2
#define SCAN_FASTER 48
#else
#define SCAN_FASTER 0
#endif
/* Fewer rows, one group of lanes, are walked through several trees at once. */
#define FEW_ROWS LANES
/* Steps of rows and trees below which other threads are not worth waking. */
#define SERIAL_STEPS 100000
/* Keys of rows that deep trees are walked for: many, because every block reads all the trees. */
#define WALK_BYTES 1048576
#define WALK_ROWS 16384
/* Rows walked between two parts of what is fetched ahead. */
#define FETCH_ROWS 256
#define SCAN_ROWS 1024

#define REAL float
#define KEY uint32_t
#define NODE node_f
#define SCAN scan_f
#define NAME(function) function##_f
#define COLUMN(node, mask) ((node).child_and_column & (mask))
#define CHILD(node, bits) ((node).child_and_column >> (bits))
#include "forest_compare.inc"
#undef REAL
#undef KEY
#undef NODE
#undef SCAN
#undef NAME
#undef COLUMN
#undef CHILD
#define REAL double
#define KEY uint64_t
#define NODE node_d
#define SCAN scan_d
#define NAME(function) function##_d
#define COLUMN(node, mask) ((node).column & (mask))
#define CHILD(node, bits) ((node).child)
#include "forest_compare.inc"

typedef struct {
    const forest *f;
    const char *x;
    int x_is_double, values_are_double;
    int64_t block_rows;
    /* Where the answers go: numbers of leaves, or sums of n_values per group. */
    int64_t *leaves;
    const void *values;
    int64_t n_values, n_groups;
    const void *start; /* 0 for zeros */
    int64_t start_rows, start_columns; /* its strides */
    void *sums;
    char *workspace;
    int64_t workspace_bytes;
} job;

typedef struct {
    char *groups;      /* keys of block_rows in groups of LANES, column after column */
    char *columns;     /* values in parts of 64 rows, column after column */
    uint8_t *codes;
    uint64_t *missing;
    int32_t *leaf;     /* number before packing of the leaf of each row */
    int has_nan;       /* some node looks at copies */
} workspace;

static int scans(const forest *f, int64_t t) { return f->scan_start[t] >= 0 && f->n_leaves[t] <= SCAN_FASTER; }

static int64_t real_bytes(const forest *f) { return f->is_double ? 8 : 4; }

static int64_t rounded(int64_t bytes) { return (bytes + 63) / 64 * 64; }

/* Columns of the groups with the copies, which lie at a power of two, or without. */
static int64_t group_columns(const forest *f, int copies) {
    return copies ? left_bit(f) / LANES + f->n_features : f->n_columns + 1;
}

static int64_t scan_columns(const forest *f) { return f->n_features * (1 + f->has_copies); }

/* What of a node's word is its column in these groups. */
static uint32_t column_mask(const forest *f, int copies) { return copies ? 2 * left_bit(f) - 1 : left_bit(f) - 1; }

static int64_t measure(const forest *f, int64_t rows, char *base, workspace *w) {
    int64_t parts = (rows + 63) / 64, used = 0, padded = 64 * parts;
    w->groups = base;
    used += rounded(padded * group_columns(f, f->has_copies) * real_bytes(f));
    w->columns = base + used;
    used += rounded(padded * scan_columns(f) * real_bytes(f));
    w->codes = (uint8_t *)(base + used);
    used += rounded(padded * f->n_codes);
    w->missing = (uint64_t *)(base + used);
    used += rounded(parts * f->n_codes * 8);
    w->leaf = (int32_t *)(base + used);
    return used + rounded(padded * 4);
}

#define VALUE double
#define ADD(function) function##_d
#include "forest_add.inc"
#undef VALUE
#undef ADD
#define VALUE float
#define ADD(function) function##_f
#include "forest_add.inc"

static void add_values(const job *j, int64_t t, const int32_t *leaf, int64_t begin, int64_t rows) {
    int64_t n = j->n_values, width = n * j->n_groups, first = begin * width + t % j->n_groups * n;
    if (j->values_are_double)
        add_d(j->values, n, leaf, rows, (double *)j->sums + first, width);
    else
        add_f(j->values, n, leaf, rows, (float *)j->sums + first, width);
}

static void begin_sums(const job *j, int64_t begin, int64_t rows) {
    int64_t width = j->n_values * j->n_groups;
    if (j->values_are_double)
        begin_d(j->start, j->start_rows, j->start_columns, begin, rows, (double *)j->sums, width);
    else
        begin_f(j->start, j->start_rows, j->start_columns, begin, rows, (float *)j->sums, width);
}

static void deliver(const job *j, int64_t t, const int32_t *leaf, int64_t begin, int64_t rows) {
    if (!j->leaves) {
        add_values(j, t, leaf, begin, rows);
        return;
    }
    for (int64_t r = 0; r < rows; r++) j->leaves[(begin + r) * j->f->n_trees + t] = leaf[r];
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
        fetch_nodes(f, next, part, parts);
        if (f->is_double)
            walk_block_d(f, t, (uint64_t *)w->groups + at * columns, padded, columns, mask, w->leaf + at);
        else
            walk_block_f(f, t, (uint32_t *)w->groups + at * columns, padded, columns, mask, w->leaf + at);
        if (!j->leaves) fetch_values(j, w->leaf + at, count);
    }
}

#if SK2TORCH_ISA >= 2
static void scan_block(const job *j, const workspace *w, int64_t t, int64_t rows) {
    const forest *f = j->f;
    const int32_t *id = f->leaf_id + f->leaf_start[t];
    for (int64_t part = 0; 64 * part < rows; part++) {
        uint8_t leaf[64];
        int64_t at = 64 * part * scan_columns(f);
        const uint8_t *codes = w->codes + 64 * part * f->n_codes;
        const uint64_t *missing = w->missing + part * f->n_codes;
        if (f->is_double)
            scan_tree_d(f, t, (double *)w->columns + at, w->has_nan, codes, missing, leaf);
        else
            scan_tree_f(f, t, (float *)w->columns + at, w->has_nan, codes, missing, leaf);
        for (int r = 0; r < 64; r++) w->leaf[64 * part + r] = id[leaf[r]];
    }
}

static void fill_parts(const job *j, const workspace *w, const char *x, int64_t rows) {
    const forest *f = j->f;
    int64_t row_bytes = f->n_features * (j->x_is_double ? 8 : 4);
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
#endif

static void fill_block(const job *j, const workspace *w, const char *x, int64_t rows) {
    const forest *f = j->f;
    int64_t columns = group_columns(f, w->has_nan);
    if (f->is_double)
        fill_groups_d(f, x, j->x_is_double, rows, columns, (uint64_t *)w->groups);
    else
        fill_groups_f(f, x, j->x_is_double, rows, columns, (uint32_t *)w->groups);
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

static int any_nan(const char *x, int x_is_double, int64_t n) {
    int found = 0;
    if (x_is_double)
        for (int64_t i = 0; i < n; i++) found |= ((const double *)x)[i] != ((const double *)x)[i];
    else
        for (int64_t i = 0; i < n; i++) found |= ((const float *)x)[i] != ((const float *)x)[i];
    return found;
}

static void run_rows(int64_t begin, int64_t end, int thread, void *context) {
    const job *j = context;
    const forest *f = j->f;
    workspace w;
    measure(f, j->block_rows, j->workspace + thread * j->workspace_bytes, &w);
    int any_scan = 0, any_walk = 0;
    for (int64_t t = 0; t < f->n_trees; t++) scans(f, t) ? (any_scan = 1) : (any_walk = 1);
    int64_t rows = end - begin;
    if (!j->leaves) begin_sums(j, begin, rows);
    const char *x = j->x + begin * f->n_features * (j->x_is_double ? 8 : 4);
    w.has_nan = f->has_copies && any_nan(x, j->x_is_double, rows * f->n_features);
    if (rows < FEW_ROWS) {
        fill_block(j, &w, x, rows);
        few_rows(j, &w, begin, rows);
        return;
    }
    if (any_walk) fill_block(j, &w, x, rows);
#if SK2TORCH_ISA >= 2
    if (any_scan) fill_parts(j, &w, x, rows);
#endif
    for (int64_t t = 0; t < f->n_trees; t++) {
#if SK2TORCH_ISA >= 2
        if (scans(f, t))
            scan_block(j, &w, t, rows);
        else
#endif
            walk_block(j, &w, t, rows);
        deliver(j, t, w.leaf, begin, rows);
    }
}

/* 0, or 1 where memory is short. */
static int run(job *j, int64_t n, int n_threads) {
    const forest *f = j->f;
    int64_t row_bytes = group_columns(f, f->has_copies) * real_bytes(f), rows = SCAN_ROWS;
    if (n * f->n_trees * 8 < SERIAL_STEPS) n_threads = 1;
    for (int64_t t = 0; t < f->n_trees; t++)
        if (!scans(f, t)) {
            rows = WALK_BYTES / row_bytes;
            break;
        }
    rows = rows < 64 ? 64 : rows > WALK_ROWS ? WALK_ROWS : rows;
    /* As many blocks for each thread, of one size. */
    int64_t blocks = (n + rows - 1) / rows;
    blocks = (blocks + n_threads - 1) / n_threads * n_threads;
    rows = ((n + blocks - 1) / blocks + 63) / 64 * 64;
    j->block_rows = rows < n ? rows : n;
    workspace w;
    j->workspace_bytes = measure(f, j->block_rows, 0, &w);
    if (posix_memalign((void **)&j->workspace, 64, j->workspace_bytes * n_threads)) return 1;
    sk2torch_parallel(n, j->block_rows, n_threads, run_rows, j);
    free(j->workspace);
    return 0;
}

/* out: int64, n rows of n_trees numbers before packing. Returns 0, or 1 where memory is short. */
int KERNEL(forest_leaves)(const forest *f, const void *x, int x_is_double, int64_t n, int64_t *out, int n_threads) {
    job j = {.f = f, .x = x, .x_is_double = x_is_double, .leaves = out, .n_groups = 1};
    return n > 0 ? run(&j, n, n_threads) : 0;
}

/* sums: n rows of n_groups * n_values, of the type of the values. start: what they begin with, 0 for zeros, with its
   strides. Returns 0, or 1 where memory is short. */
int KERNEL(forest_sums)(const forest *f, const void *x, int x_is_double, int64_t n, const void *values,
                        int values_are_double, int64_t n_values, int64_t n_groups, const void *start,
                        int64_t start_rows, int64_t start_columns, void *sums, int n_threads) {
    job j = {.f = f, .x = x, .x_is_double = x_is_double, .values = values, .values_are_double = values_are_double,
             .n_values = n_values, .n_groups = n_groups, .start = start, .start_rows = start_rows,
             .start_columns = start_columns, .sums = sums};
    return n > 0 ? run(&j, n, n_threads) : 0;
}
