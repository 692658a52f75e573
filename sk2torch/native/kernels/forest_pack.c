/* From node arrays to the packed layout of forest.h. */
#include "forest.h"

typedef struct {
    const int64_t *feature, *child, *roots, *category_row;
    const void *threshold; /* float or double, as compared, or ranks: uint32_t */
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
    if (f->ranks) return ((const uint32_t *)a->threshold)[node];
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

static void pack_scan_node(forest *f, const arrays *a, int64_t node, int64_t k, uint8_t left, uint8_t right) {
    uint32_t column = column_of(f, a, node), row = is_categorical(a, node) ? (uint32_t)a->category_row[node] : 0;
    int is_left = goes_left(f, a, node);
    if (f->ranks) {
        column = row ? column - (uint32_t)code_columns(f) : column * SPAN * (uint32_t)f->ranks->bytes;
        ((scan_r *)f->scan)[k] = (scan_r){.rank = ((const uint32_t *)a->threshold)[node], .table = row, .column = column,
                                          .left = SPAN * left, .right = SPAN * right, .missing_left = is_left};
        return;
    }
    uint16_t marked = (uint16_t)(column | (is_left ? SCAN_LEFT : 0));
    if (f->is_double)
        ((scan_d *)f->scan)[k] = (scan_d){((const double *)a->threshold)[node], row, marked, left, right};
    else
        ((scan_f *)f->scan)[k] = (scan_f){((const float *)a->threshold)[node], row, marked, left, right};
}

/* The first n_inner inner nodes; what lies below them are leaves, or where walks go on. */
static void pack_scan(forest *f, const arrays *a, int64_t tree, int64_t n_inner, const int64_t *queue,
                      const uint32_t *child) {
    uint8_t slot[2 * SCAN_LEAVES];
    int64_t first_inner = f->ranks ? NUMBERED : 0, first_exit = f->ranks ? 0 : n_inner;
    int64_t exits = 0, inner = 0, k = f->scan_start[tree];
    for (int64_t i = 0; i <= 2 * n_inner; i++) {
        if (inner < n_inner && !is_leaf(a, queue[i])) {
            slot[i] = (uint8_t)(first_inner + inner++);
        } else {
            f->leaf_id[f->leaf_start[tree] + exits] = (int32_t)(n_inner + 1 == f->n_leaves[tree] ? queue[i] : i);
            slot[i] = (uint8_t)(first_exit + exits++);
        }
    }
    for (int64_t i = 0, packed = 0; packed < n_inner; i++)
        if (!is_leaf(a, queue[i])) {
            pack_scan_node(f, a, queue[i], k + packed++, slot[child[i]], slot[child[i] + 1]);
        }
}

/* Steps from a scanned top to the leaves below. Overwrites level and lowest. */
static void measure_below(forest *f, int64_t tree, int64_t n, const uint32_t *child, int32_t *level, int64_t *lowest) {
    const int32_t *exit = f->leaf_id + f->leaf_start[tree];
    for (int64_t i = n - 1; i >= 0; i--) {
        const int32_t *highest = level + child[i];
        const int64_t *low = lowest + child[i];
        int leaf = child[i] == (uint32_t)i;
        level[i] = leaf ? 0 : 1 + (highest[0] > highest[1] ? highest[0] : highest[1]);
        lowest[i] = leaf ? 0 : 1 + (low[0] < low[1] ? low[0] : low[1]);
    }
    f->depth[tree] = 0;
    f->sure_depth[tree] = INT32_MAX;
    for (int64_t e = 0; e < f->n_exits[tree]; e++) {
        if (level[exit[e]] > f->depth[tree]) f->depth[tree] = level[exit[e]];
        if (lowest[exit[e]] < f->sure_depth[tree]) f->sure_depth[tree] = (int32_t)lowest[exit[e]];
    }
}

/* How many leaves the scan of a tree ends in, or nodes below its top; 1 for no scan. */
static int64_t exits_of(const forest *f, int64_t n_leaves) {
    if (!SCAN_FASTER || !f->can_scan) return 1;
    if (f->ranks) return n_leaves <= SCAN_LEAVES ? n_leaves : TOP_EXITS;
    return n_leaves <= SCAN_FASTER ? n_leaves : 1;
}

/* Fills what f points to; queue, child and level hold as many items as there are nodes. */
void KERNEL(forest_pack)(forest *f, const int64_t *feature, const void *threshold, const int64_t *child_pairs,
                         const int64_t *roots, const int64_t *category_row, const int32_t *code_column, int64_t *queue,
                         uint32_t *child, int32_t *level) {
    arrays a = {feature, child_pairs, roots, category_row, threshold, code_column, 0};
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
        int64_t exits = exits_of(f, n / 2 + 1);
        f->n_leaves[tree] = (int32_t)(n / 2 + 1);
        f->n_exits[tree] = (int32_t)exits;
        f->scan_start[tree] = scan;
        f->leaf_start[tree] = leaf_entry;
        pack_scan(f, &a, tree, exits - 1, queue, child);
        if (exits > 1 && exits < n / 2 + 1) measure_below(f, tree, n, child, level, queue);
        scan += exits - 1;
        leaf_entry += exits;
        start += n;
    }
    f->tree_start[f->n_trees] = start;
}
