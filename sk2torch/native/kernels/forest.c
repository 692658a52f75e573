/* Leaves that rows reach, and sums of their values. */
#include "forest_walk.h"

/* Steps of rows in trees below which other threads are not worth waking; a scan is worth so many. */
#define SERIAL_STEPS 100000
#define SCAN_STEPS 4
/* Keys of rows that deep trees are walked for: many, because every block reads all the trees. */
#define WALK_BYTES 1048576
#define WALK_ROWS 16384
#define SCAN_ROWS 1024

static int any_nan(const char *x, int x_is_double, int64_t n) {
    int found = 0;
    if (x_is_double)
        for (int64_t i = 0; i < n; i++) found |= ((const double *)x)[i] != ((const double *)x)[i];
    else
        for (int64_t i = 0; i < n; i++) found |= ((const float *)x)[i] != ((const float *)x)[i];
    return found;
}

static void count_scans(job *j) {
    for (int64_t t = 0; t < j->f->n_trees; t++) {
        j->n_scanned += scans(j->f, t);
        j->has_scans |= scans(j->f, t) || scans_top(j->f, t);
    }
}

/* Of one row in all the trees, at most. */
static int64_t steps(const forest *f) {
    int64_t n = 0;
    for (int64_t t = 0; t < f->n_trees; t++) n += scans(f, t) ? SCAN_STEPS : f->depth[t];
    return n;
}

/* Trees one after the other, with answers row after row. */
static void run_trees(const job *j, const workspace *w, int64_t begin, int64_t rows) {
    for (int64_t t = 0; t < j->f->n_trees; t++) {
#if SK2TORCH_ISA >= 2
        if (scans(j->f, t))
            scan_block(j, w, t, rows);
        else
#endif
            walk_block(j, w, t, rows);
        deliver(j, t, w->leaf, begin, rows);
    }
}

/* The rows as scans and walks read them. */
static void fill(const job *j, const workspace *w, const char *x, int64_t rows) {
    int scans = j->tables || (j->has_scans && rows >= FEW_ROWS);
    int walks = !j->tables && (j->n_scanned < j->f->n_trees || rows < FEW_ROWS);
    if (j->f->ranks) {
        fill_ranked(j, w, x, rows, scans, walks);
        return;
    }
#if SK2TORCH_ISA >= 2
    if (scans) fill_parts(j, w, x, rows);
#endif
    if (walks) fill_block(j, w, x, rows);
}

static void run_rows(int64_t begin, int64_t end, int thread, void *context) {
    const job *j = context;
    const forest *f = j->f;
    workspace w;
    measure(j, j->block_rows, j->workspace + thread * j->workspace_bytes, &w);
    int64_t rows = end - begin;
    const char *x = j->x + begin * f->n_inputs * (j->x_is_double ? 8 : 4);
    w.has_nan = f->has_copies && any_nan(x, j->x_is_double, rows * f->n_inputs);
    fill(j, &w, x, rows);
#if SK2TORCH_ISA >= 2
    if (j->tables) {
        sum_scanned(j, &w, begin, rows);
        finish_sums(j, begin, rows);
        return;
    }
#endif
    if (!j->leaves) begin_sums(j, begin, rows);
    if (rows < FEW_ROWS)
        few_rows(j, &w, begin, rows);
    else
        run_trees(j, &w, begin, rows);
    if (!j->leaves) finish_sums(j, begin, rows);
}

/* Rows at a time: as many blocks for each thread, of one size. */
static int64_t block_rows(const job *j, int64_t n, int n_threads) {
    int64_t rows = SCAN_ROWS;
    if (j->n_scanned < j->f->n_trees) {
        rows = WALK_BYTES / (group_columns(j->f, 0) * real_bytes(j->f));
        rows = rows < 64 ? 64 : rows > WALK_ROWS ? WALK_ROWS : rows;
    }
    int64_t blocks = (n + rows - 1) / rows;
    blocks = (blocks + n_threads - 1) / n_threads * n_threads;
    rows = ((n + blocks - 1) / blocks + 63) / 64 * 64;
    return rows < n ? rows : n;
}

/* 0, or 1 where memory is short. */
static int run(job *j, int64_t n, int n_threads) {
    if (n <= 0) return 0;
    if (n_threads > 1 && n * steps(j->f) < SERIAL_STEPS) n_threads = 1;
    count_scans(j);
    j->block_rows = block_rows(j, n, n_threads);
#if SK2TORCH_ISA >= 2
    if (!j->leaves && n >= FEW_ROWS && j->n_scanned == j->f->n_trees && width(j) <= TABLE_WIDTH) {
        j->tables = sk2torch_allocate(table_bytes(j));
        if (!j->tables) return 1;
        fill_tables(j);
    }
#endif
    workspace w;
    j->workspace_bytes = rounded(measure(j, j->block_rows, 0, &w));
    j->workspace = sk2torch_allocate(j->workspace_bytes * n_threads);
    if (j->workspace) sk2torch_parallel(n, j->block_rows, n_threads, run_rows, j);
    const int failed = !j->workspace;
    free(j->workspace), free(j->tables);
    return failed;
}

/* out: int64, n rows of n_trees numbers before packing. Returns 0, or 1 where memory is short. */
int KERNEL(forest_leaves)(const forest *f, const void *x, int x_is_double, int64_t n, int64_t *out, int n_threads) {
    job j = {.f = f, .x = x, .x_is_double = x_is_double, .leaves = out, .n_groups = 1};
    return run(&j, n, n_threads);
}

/* sums: n rows of n_groups * n_values, of the type of the values. start: what they begin with, 0 for zeros, with its
   strides. In the end they are divided. Returns 0, or 1 where memory is short. */
int KERNEL(forest_sums)(const forest *f, const void *x, int x_is_double, int64_t n, const void *values,
                        int values_are_double, int64_t n_values, int64_t n_groups, const void *start,
                        int64_t start_rows, int64_t start_columns, double divisor, void *sums, int n_threads) {
    job j = {.f = f, .x = x, .x_is_double = x_is_double, .values = values, .values_are_double = values_are_double,
             .n_values = n_values, .n_groups = n_groups, .start = start, .start_rows = start_rows,
             .start_columns = start_columns, .divisor = divisor, .sums = sums};
    return run(&j, n, n_threads);
}

int PACKED(forest_sums) {
    return CALL(forest_sums)(a[0].p, a[1].p, (int)a[2].i, a[3].i, a[4].p, (int)a[5].i, a[6].i, a[7].i, a[8].p, a[9].i,
                             a[10].i, a[11].d, a[12].p, (int)a[13].i);
}
