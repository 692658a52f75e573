/* From node arrays to the packed layout of forest.h. */
#include "forest.h"

typedef struct {
    const int64_t *feature, *child, *roots, *category_row;
    const void *threshold; /* float or double, as compared */
    const int32_t *code_column; /* per feature, its column of codes, or -1 */
    int64_t n_nodes;
} arrays;

static int is_leaf(const arrays *a, int64_t node) { return a->child[2 * node] == node; }

static int is_categorical(const arrays *a, int64_t node) { return a->category_row && a->category_row[node] > 0; }

static int goes_left(const forest *f, const arrays *a, int64_t node) {
    return !is_leaf(a, node) && !is_categorical(a, node) && a->feature[node] >= f->n_features;
}

static uint32_t column_of(const forest *f, const arrays *a, int64_t node) {
    if (is_leaf(a, node)) return (uint32_t)zero_column(f);
    if (is_categorical(a, node)) return (uint32_t)code_columns(f) + a->code_column[a->feature[node] % f->n_features];
    return (uint32_t)(a->feature[node] % f->n_features);
}

/* The key of a threshold; NaN lets nothing pass to the left. */
static uint64_t key_of(const forest *f, const arrays *a, int64_t node) {
    if (is_leaf(a, node)) return (uint64_t)node;
    if (is_categorical(a, node)) return (uint64_t)a->category_row[node];
    if (f->is_double) {
        double value = ((const double *)a->threshold)[node];
        return value == value ? key_d(value) : 0;
    }
    float value = ((const float *)a->threshold)[node];
    return value == value ? key_f(value) : 0;
}

/* Breadth first, children side by side. queue: node before packing, by position. Returns the number of nodes. */
static int64_t order_nodes(const arrays *a, int64_t root, int64_t *queue, uint32_t *child, int32_t *level) {
    int64_t n = 1;
    queue[0] = root;
    level[0] = 0;
    for (int64_t i = 0; i < n; i++) {
        int64_t node = queue[i];
        child[i] = (uint32_t)i;
        if (is_leaf(a, node)) continue;
        child[i] = (uint32_t)n;
        for (int side = 0; side < 2; side++) {
            queue[n] = a->child[2 * node + side];
            level[n++] = level[i] + 1;
        }
    }
    return n;
}

static void pack_scan(forest *f, const arrays *a, int64_t tree, int64_t n, const int64_t *queue, const uint32_t *child,
                      uint8_t *slot) {
    int64_t leaves = 0, inner = 0, n_inner = n / 2, base = f->scan_start[tree];
    for (int64_t i = 0; i < n; i++) {
        if (is_leaf(a, queue[i])) {
            f->leaf_id[f->leaf_start[tree] + leaves] = (int32_t)queue[i];
            slot[i] = (uint8_t)(n_inner + leaves++);
        } else {
            slot[i] = (uint8_t)inner++;
        }
    }
    for (int64_t i = 0, k = base; i < n; i++) {
        if (is_leaf(a, queue[i])) continue;
        uint16_t column = (uint16_t)(column_of(f, a, queue[i]) | (goes_left(f, a, queue[i]) ? SCAN_LEFT : 0));
        uint8_t left = slot[child[i]], right = slot[child[i] + 1];
        uint32_t row = is_categorical(a, queue[i]) ? (uint32_t)a->category_row[queue[i]] : 0;
        if (f->is_double)
            ((scan_d *)f->scan)[k++] = (scan_d){((const double *)a->threshold)[queue[i]], row, column, left, right};
        else
            ((scan_f *)f->scan)[k++] = (scan_f){((const float *)a->threshold)[queue[i]], row, column, left, right};
    }
}

/* Fills what f points to; queue, child and level hold as many items as there are nodes. */
void KERNEL(forest_pack)(forest *f, const int64_t *feature, const void *threshold, const int64_t *child_pairs,
                         const int64_t *roots, const int64_t *category_row, const int32_t *code_column, int64_t *queue,
                         uint32_t *child, int32_t *level) {
    arrays a = {feature, child_pairs, roots, category_row, threshold, code_column, 0};
    uint8_t slot[2 * SCAN_LEAVES];
    int64_t start = 0, scan = 0, leaf_entry = 0;
    for (int64_t tree = 0; tree < f->n_trees; tree++) {
        int64_t n = order_nodes(&a, roots[tree], queue, child, level);
        f->tree_start[tree] = start;
        f->depth[tree] = level[n - 1];
        f->sure_depth[tree] = level[n - 1];
        for (int64_t i = 0; i < n; i++) {
            uint32_t column = column_of(f, &a, queue[i]) * LANES;
            if (goes_left(f, &a, queue[i])) column |= left_bit(f);
            uint64_t key = key_of(f, &a, queue[i]);
            if (f->is_double)
                ((node_d *)f->nodes)[start + i] = (node_d){key, column, child[i]};
            else
                ((node_f *)f->nodes)[start + i] = (node_f){(uint32_t)key, child[i] << f->column_bits | column};
            if (is_leaf(&a, queue[i]) && level[i] < f->sure_depth[tree]) f->sure_depth[tree] = level[i];
        }
        f->n_leaves[tree] = (int32_t)(n / 2 + 1);
        f->scan_start[tree] = -1;
        f->leaf_start[tree] = leaf_entry;
        if (n / 2 + 1 <= f->scan_limit) {
            f->scan_start[tree] = scan;
            pack_scan(f, &a, tree, n, queue, child, slot);
            scan += n / 2;
            leaf_entry += n / 2 + 1;
        }
        start += n;
    }
    f->tree_start[f->n_trees] = start;
}
