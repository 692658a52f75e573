/* The nearest rows of a few queries by Euclidean distance: where the tree takes long, all rows as they lie.

   Lanes are features, so that sums are not added up in scikit-learn's order: they leave out the rows that are farther by more
   than rounding, and exact distances order the rest. Queries with ties where it matters which row the heap met first are
   left to the search itself. */

typedef REAL NAME(loose) __attribute__((vector_size(VECTOR_BYTES), aligned(sizeof(REAL)), may_alias));
#define LOOSE(from) ((VEC)*(const NAME(loose) *)(from))

static INLINE VEC NAME(first_of)(const REAL *from, int64_t count) {
#ifdef LOAD_FIRST
    return LOAD_FIRST(from, count);
#else
    VEC result = {0};
    for (int64_t i = 0; i < count; i++) result[i] = from[i];
    return result;
#endif
}

/* Squared distances to as many rows as there are lanes. */
static INLINE VEC NAME(squares_to)(const REAL *x, const REAL *const *rows, int64_t d) {
    VEC sums[LANES];
    const int64_t whole = d / LANES * LANES;
    UNROLL for (int r = 0; r < LANES; r++) sums[r] = (VEC){0};
    for (int64_t k = 0; k < whole; k += LANES) {
        const VEC value = LOOSE(x + k);
        UNROLL for (int r = 0; r < LANES; r++) {
            const VEC difference = LOOSE(rows[r] + k) - value;
            sums[r] += difference * difference;
        }
    }
    if (whole < d) {
        const VEC value = NAME(first_of)(x + whole, d - whole);
        UNROLL for (int r = 0; r < LANES; r++) {
            const VEC difference = NAME(first_of)(rows[r] + whole, d - whole) - value;
            sums[r] += difference * difference;
        }
    }
    UNROLL for (int size = LANES; size > 1; size /= 2) UNROLL for (int r = 0; r < size / 2; r++) sums[r] =
        SHUFFLE(IVEC, sums[2 * r], sums[2 * r + 1], EVEN_LANES) + SHUFFLE(IVEC, sums[2 * r], sums[2 * r + 1], ODD_LANES);
    return sums[0];
}

/* A heap of the smallest sums, and the rows that have a chance. */
typedef struct {
    REAL limit, slack;
    int64_t wanted, room, n_listed;
    REAL *heap, *listed;
    int64_t *index;
} NAME(chances);

static void NAME(keep_near)(NAME(chances) *c) {
    int64_t kept = 0;
    for (int64_t i = 0; i < c->n_listed; i++)
        if (c->listed[i] < c->limit) c->listed[kept] = c->listed[i], c->index[kept++] = c->index[i];
    c->n_listed = kept;
}

/* Whether there was room. */
static int NAME(list_chance)(NAME(chances) *c, REAL value, int64_t row) {
    if (!(value < c->limit)) return 1;
    if (c->n_listed == c->room) NAME(keep_near)(c);
    if (c->n_listed == c->room) return 0;
    c->listed[c->n_listed] = value, c->index[c->n_listed++] = row;
    if (!(value < c->heap[0])) return 1;
    int64_t at = 0;
    for (;;) {
        int64_t child = 2 * at + 1;
        if (child >= c->wanted) break;
        if (child + 1 < c->wanted && c->heap[child + 1] > c->heap[child]) child++;
        if (!(value < c->heap[child])) break;
        c->heap[at] = c->heap[child], at = child;
    }
    c->heap[at] = value;
    c->limit = c->heap[0] * c->slack + SMALLEST;
    return 1;
}

/* Whether the query has its answer. */
static int NAME(scan_rows)(const NAME(search) *s, int64_t query, NAME(chances) *c, REAL *block, REAL *exact, const REAL **near) {
    const REAL *x = s->x + query * s->d;
    c->n_listed = 0, c->limit = INFINITY;
    for (int64_t i = 0; i < c->wanted; i++) c->heap[i] = INFINITY;
    for (int64_t start = 0; start < s->m; start += LANES) {
        const REAL *rows[LANES];
        const int64_t count = s->m - start < LANES ? s->m - start : LANES;
        for (int r = 0; r < LANES; r++) rows[r] = s->rows + (start + (r < count ? r : count - 1)) * s->d;
        /* The processor does not see so many streams coming. */
        const char *ahead = (const char *)(rows[0] + FETCH_AHEAD * LANES * s->d);
        for (int64_t at = 0; at < LANES * s->d * (int64_t)sizeof(REAL); at += 64) __builtin_prefetch(ahead + at);
        const VEC found = NAME(squares_to)(x, rows, s->d);
        uint32_t below = BELOW(found, c->limit) & (uint32_t)(((uint64_t)1 << count) - 1);
        for (; below; below &= below - 1) {
            const int lane = __builtin_ctz(below);
            if (!NAME(list_chance)(c, found[lane], start + lane)) return 0;
        }
    }
    NAME(keep_near)(c);
    const int64_t n = c->n_listed;
    if (n < c->wanted) return 0;
    for (int64_t i = 0; i < n; i++) near[i] = s->rows + c->index[i] * s->d;
    NAME(distances_to)(s, x, near, n, block, exact);
    NAME(sort)(exact, c->index, n, exact + n, c->index + n);
    for (int64_t i = 1; i < c->wanted && s->order != BY_INDEX; i++)
        if (exact[i] == exact[i - 1]) return 0;
    memcpy(s->values + query * s->k, exact, s->k * sizeof(REAL));
    memcpy(s->index + query * s->k, c->index, s->k * sizeof(int64_t));
    return 1;
}

/* By the tree for as long as that takes a part of what all rows take; whether the query has its answer. */
static int NAME(search_one)(const NAME(search) *s, int64_t query) {
    const int is_tree = s->order == KD_TREE || s->order == BALL_TREE;
    if (is_tree) {
        NAME(space) w;
        if (!NAME(take_space)(s, 1, &w)) return 0;
        const double of_leaf = TREE_LEAF + (double)(s->width * s->d) * TREE_CELL;
        const double of_all = (double)s->m * (SCAN_ROW + (double)s->d * SCAN_CELL);
        NAME(empty)(w.values, w.index, s->k);
        const int is_done = NAME(descend)(s, s->x + query * s->d, &w, (int64_t)(SCAN_SHARE * of_all / of_leaf) + 4) >= 0;
        if (is_done) NAME(finish)(s, query, w.values, w.index, w.scratch, w.places);
        free(w.block);
        if (is_done) return 1;
    }
    const int64_t wanted = s->k + 1 < s->m ? s->k + 1 : s->m, room = 4 * wanted + 64;
    const int64_t block = (LANES * s->d * (int64_t)sizeof(REAL) + 63) / 64 * 64;
    char *memory = sk2torch_allocate(block + (wanted + 3 * room) * (int64_t)sizeof(REAL));
    int64_t *index = sk2torch_allocate(2 * room * (int64_t)(sizeof(int64_t) + sizeof(REAL *)));
    int is_done = 0;
    if (memory && index) {
        REAL *numbers = (REAL *)(memory + block);
        NAME(chances) c = {.slack = 1 + 16 * ((REAL)s->d + 8) * (sizeof(REAL) == 8 ? (REAL)DBL_EPSILON : (REAL)FLT_EPSILON),
                           .wanted = wanted, .room = room, .heap = numbers, .listed = numbers + wanted, .index = index};
        is_done = NAME(scan_rows)(s, query, &c, (REAL *)memory, numbers + wanted + room, (const REAL **)(index + 2 * room));
    }
    free(memory), free(index);
    return is_done;
}

typedef struct {
    NAME(search) *s;
    char left[FEW_QUERIES];
} NAME(few);

static void NAME(search_some)(int64_t begin, int64_t end, int thread, void *context) {
    NAME(few) *few = context;
    (void)thread;
    for (int64_t i = begin; i < end; i++) few->left[i] = !NAME(search_one)(few->s, i);
}

/* At most FEW_QUERIES; 0 where there was no memory. */
static int NAME(search_few)(NAME(search) *s) {
    NAME(few) few = {.s = s};
    int64_t queries[FEW_QUERIES], n_left = 0;
    sk2torch_parallel(s->n, 1, s->n_threads, NAME(search_some), &few);
    for (int64_t i = 0; i < s->n; i++)
        if (few.left[i]) queries[n_left++] = i;
    return n_left == 0 || NAME(search_each)(s, queries, n_left) >= 0;
}
#undef LOOSE
