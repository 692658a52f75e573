/* The packed layout of trees that the forest kernels read.

   A row is widened to n_columns values: the features, and the category codes of the features that some node splits by
   category. Nodes where NaN goes left have a bit for it; in a block with NaN they look at copies of the features with -inf
   for NaN, in others, the most, at the features themselves. A node goes
   left if value <= threshold, else, NaN too, right; its children are adjacent. A leaf is its own left child and looks at
   a column of zeros, so that a row that has arrived stays; in place of a threshold it has its number before packing.
   A categorical node looks at a column of codes; its key is its row of tables.

   Trees over ranks compare, in place of a number, how many thresholds of its feature lie below it (ranks.h): their
   features are the columns of ranks, and their thresholds are small integers, which walks take as keys as they are.

   Walks compare keys: unsigned integers in the order of the floats, -0 equal to 0, NaN above all. They need no conversion
   and take fewer cycles than floats. Rows are held in groups of LANES, column after column. */
#ifndef SK2TORCH_FOREST_H
#define SK2TORCH_FOREST_H

#include <string.h>

#include "ranks.h"

/* Trees of up to so many leaves can be scanned: all nodes at once instead of one path. */
#define SCAN_LEAVES 128
#define NUMBERED SCAN_LEAVES
/* Rows of a scan over ranks. */
#define SPAN 128
/* Of larger trees over ranks the top is scanned, down to so many nodes that are walked from. */
#define TOP_EXITS 64
/* Trees of numbers of up to so many leaves are scanned: beyond, walks are faster. */
#if SK2TORCH_ISA >= 5
#define SCAN_FASTER 128
#elif SK2TORCH_ISA >= 2
#define SCAN_FASTER 48
#else
#define SCAN_FASTER 0
#endif
/* Codes 0 to 255, and 256 for missing, as bits. */
#define TABLE_WORDS 9
/* The bit of a scanned node where NaN goes left. */
#define SCAN_LEFT 0x8000

/* Rows, or trees, walked at once: enough to hide the latency of memory. */
#define LANES 8

typedef struct {
    uint32_t threshold;        /* a key; of a leaf its number before packing */
    uint32_t child_and_column; /* child << column_bits | missing left | column * LANES; the child counts from the root */
} node_f;

typedef struct {
    uint64_t threshold;
    uint32_t column, child; /* the column as above */
} node_d;

/* An inner node, parents first. Slots 0 to n_inner - 1 are inner nodes in this order, the leaves follow; over ranks the
   leaves come first, then, from NUMBERED on, inner nodes. */
typedef struct {
    float threshold;
    uint32_t table; /* the row of tables of a categorical node, else 0 */
    uint16_t column; /* with SCAN_LEFT where NaN goes left */
    uint8_t left, right;
} scan_f;

typedef struct {
    double threshold;
    uint32_t table;
    uint16_t column; /* with SCAN_LEFT where NaN goes left */
    uint8_t left, right;
} scan_d;

/* Places are bytes from the first, for SPAN rows; of a categorical node the column is that of codes, a number. */
typedef struct {
    uint32_t rank, table, column;
    uint16_t left, right, missing_left, unused;
} scan_r;

typedef struct {
    int64_t n_inputs; /* columns of x */
    int64_t n_trees, n_features, n_columns, n_codes;
    int32_t is_double;   /* compares doubles: node_d and scan_d, else node_f and scan_f */
    int32_t rounds;      /* to float before comparing doubles */
    int32_t has_copies;
    int32_t column_bits;  /* of column * LANES, and the bit for missing left above them */
    int32_t can_scan;    /* the columns are few enough, and ranks small enough */
    void *nodes, *scan;
    int64_t *tree_start;    /* per tree, its first packed node; n_trees + 1 */
    int32_t *depth;         /* per tree, the steps to its deepest leaf, from a scanned top on */
    int32_t *sure_depth;    /* the same of its highest leaf */
    int64_t *scan_start;    /* per tree, its first scan node */
    int32_t *leaf_id;       /* per leaf of the trees that have a scan: its number before packing; of a scanned top, the
                               packed node that is walked from */
    int64_t *leaf_start;    /* per tree, its first entry of leaf_id */
    int32_t *n_leaves;      /* per tree */
    int32_t *n_exits;       /* where its scan ends: leaves, or nodes below its top; 1 without a scan */
    uint32_t *tables;       /* TABLE_WORDS per categorical node */
    int32_t *code_feature;  /* per column of codes, its column of x */
    const ranks *ranks;     /* 0 where trees compare numbers */
} forest;

/* All of a tree is scanned. */
static inline int scans(const forest *f, int64_t t) { return SCAN_FASTER && f->n_exits[t] == f->n_leaves[t]; }

/* Its top is. */
static inline int scans_top(const forest *f, int64_t t) { return f->n_exits[t] > 1 && !scans(f, t); }

/* The first column of codes. */
static inline int64_t code_columns(const forest *f) { return f->n_features; }

/* The column of zeros. */
static inline int64_t zero_column(const forest *f) { return f->n_columns; }

/* What a node's column is if NaN goes left, times LANES. */
static inline uint32_t left_bit(const forest *f) { return 1u << (f->column_bits - 1); }

static inline uint32_t key_f(float value) {
    uint32_t bits;
    value += 0.0f;
    memcpy(&bits, &value, sizeof bits);
    bits ^= (uint32_t)((int32_t)bits >> 31) | 0x80000000u;
    return value == value ? bits : UINT32_MAX;
}

static inline uint64_t key_d(double value) {
    uint64_t bits;
    value += 0.0;
    memcpy(&bits, &value, sizeof bits);
    bits ^= (uint64_t)((int64_t)bits >> 63) | 0x8000000000000000u;
    return value == value ? bits : UINT64_MAX;
}

#endif
