/* Numbers as ranks among the ascending thresholds of their feature: how many of these lie below, RANK_OF_NAN for NaN.

   x <= threshold number k exactly where rank <= k. Searches run in floats, 16 numbers at once, with thresholds and
   numbers rounded towards -inf; only a number that equals a threshold then has to be compared as it was. */
#ifndef SK2TORCH_RANKS_H
#define SK2TORCH_RANKS_H

#include "kernel.h"

#if SK2TORCH_ISA >= 5
#include <immintrin.h>
#endif

/* Truncated to fewer bytes it is above all ranks, too. */
#define RANK_OF_NAN UINT32_MAX
/* Rows that are searched for side by side. */
#define RANK_ROWS 64
/* Thresholds at even distances that a search begins with. */
#define PIVOTS 32

typedef struct {
    int64_t n;           /* columns of ranks */
    int32_t is_double;   /* compares doubles, else floats */
    int32_t bytes;       /* that hold a rank or that of NaN: 1, 2 or 4 */
    int64_t *feature;    /* per column, its column of x */
    int64_t *first, *count;
    void *thresholds;    /* double or float */
    int64_t *table_first;
    int32_t *steps;      /* of the search after the pivots */
    float *tables;       /* per column PIVOTS pivots, then PIVOTS << steps rounded thresholds, padded with NaN */
} ranks;

static inline double exact_threshold(const ranks *k, int64_t at) {
    return k->is_double ? ((const double *)k->thresholds)[at] : ((const float *)k->thresholds)[at];
}

/* The rank, of which so much is known that it is rank or more. */
static inline uint32_t exact_rank(const ranks *k, int64_t c, double value, uint32_t rank) {
    for (uint32_t left = (uint32_t)k->count[c] - rank; left;) {
        uint32_t half = (left + 1) / 2;
        rank += exact_threshold(k, k->first[c] + rank + half - 1) < value ? half : 0;
        left -= half;
    }
    return rank;
}

#if SK2TORCH_ISA >= 5
/* Ranks of 64 numbers among rounded thresholds, and the set of those that equal one. */
static inline uint64_t search(const ranks *k, int64_t c, const __m512 *value, __m512i *rank) {
    const float *pivots = k->tables + k->table_first[c], *table = pivots + PIVOTS;
    __m512 low = _mm512_loadu_ps(pivots), high = _mm512_loadu_ps(pivots + 16);
    __mmask16 equal[4] = {0};
#pragma GCC unroll 4
    for (int v = 0; v < 4; v++) rank[v] = _mm512_setzero_si512();
#pragma GCC unroll 5
    for (int step = PIVOTS / 2; step; step /= 2) {
#pragma GCC unroll 4
        for (int v = 0; v < 4; v++) {
            __m512 t = _mm512_permutex2var_ps(low, _mm512_add_epi32(rank[v], _mm512_set1_epi32(step - 1)), high);
            rank[v] = _mm512_mask_add_epi32(rank[v], _mm512_cmp_ps_mask(t, value[v], _CMP_LT_OQ), rank[v],
                                            _mm512_set1_epi32(step));
            equal[v] |= _mm512_cmp_ps_mask(t, value[v], _CMP_EQ_OQ);
        }
    }
    if (k->steps[c])
        for (int v = 0; v < 4; v++) rank[v] = _mm512_sll_epi32(rank[v], _mm_cvtsi32_si128(k->steps[c]));
    for (int step = 1 << k->steps[c] >> 1; step; step /= 2) {
#pragma GCC unroll 4
        for (int v = 0; v < 4; v++) {
            __m512 t = _mm512_i32gather_ps(_mm512_add_epi32(rank[v], _mm512_set1_epi32(step - 1)), table, 4);
            rank[v] = _mm512_mask_add_epi32(rank[v], _mm512_cmp_ps_mask(t, value[v], _CMP_LT_OQ), rank[v],
                                            _mm512_set1_epi32(step));
            equal[v] |= _mm512_cmp_ps_mask(t, value[v], _CMP_EQ_OQ);
        }
    }
    return equal[0] | (uint64_t)equal[1] << 16 | (uint64_t)equal[2] << 32 | (uint64_t)equal[3] << 48;
}

static inline void ranks_f(const ranks *k, int64_t c, const float *value, uint32_t *rank) {
    __m512 single[4];
    __m512i found[4];
    for (int v = 0; v < 4; v++) single[v] = _mm512_loadu_ps(value + 16 * v);
    search(k, c, single, found);
    for (int v = 0; v < 4; v++) {
        __mmask16 nan = _mm512_cmp_ps_mask(single[v], single[v], _CMP_UNORD_Q);
        _mm512_storeu_si512(rank + 16 * v, _mm512_mask_set1_epi32(found[v], nan, (int)RANK_OF_NAN));
    }
}

static inline void ranks_d(const ranks *k, int64_t c, const double *value, uint32_t *rank) {
    __m512 single[4];
    __m512i found[4];
    for (int v = 0; v < 4; v++) {
        __m256 low = _mm512_cvt_roundpd_ps(_mm512_loadu_pd(value + 16 * v), _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC);
        __m256 high = _mm512_cvt_roundpd_ps(_mm512_loadu_pd(value + 16 * v + 8), _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC);
        single[v] = _mm512_insertf32x8(_mm512_castps256_ps512(low), high, 1);
    }
    uint64_t equal = search(k, c, single, found);
    for (int v = 0; v < 4; v++) {
        __mmask16 nan = _mm512_cmp_ps_mask(single[v], single[v], _CMP_UNORD_Q);
        _mm512_storeu_si512(rank + 16 * v, _mm512_mask_set1_epi32(found[v], nan, (int)RANK_OF_NAN));
    }
    for (; equal; equal &= equal - 1) {
        int r = __builtin_ctzll(equal);
        rank[r] = exact_rank(k, c, value[r], rank[r]);
    }
}
#else
#define SEARCH(NAME, REAL)                                                                                             \
    static inline void NAME(const ranks *k, int64_t c, const REAL *value, uint32_t *rank) {                            \
        const REAL *threshold = (const REAL *)k->thresholds + k->first[c];                                             \
        for (int r = 0; r < RANK_ROWS; r++) rank[r] = 0;                                                               \
        for (uint32_t left = (uint32_t)k->count[c]; left;) {                                                           \
            uint32_t half = (left + 1) / 2;                                                                            \
            for (int r = 0; r < RANK_ROWS; r++) rank[r] += threshold[rank[r] + half - 1] < value[r] ? half : 0;        \
            left -= half;                                                                                              \
        }                                                                                                              \
        for (int r = 0; r < RANK_ROWS; r++) rank[r] = value[r] == value[r] ? rank[r] : RANK_OF_NAN;                    \
    }
SEARCH(ranks_d, double)
SEARCH(ranks_f, float)
#endif

#endif
