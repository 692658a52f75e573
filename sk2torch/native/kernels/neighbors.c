/* The nearest stored rows of each query, in both precisions. */
#include <float.h>
#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "kernel.h"
#include "lanes.h"
#include "neighbors_metrics.h"
#if SK2TORCH_ISA >= 2
#include <immintrin.h>
#endif

#define INLINE inline __attribute__((always_inline))
#define UNROLL _Pragma("GCC unroll 16")

/* ops/pairwise/native_nearest.py has the same numbers. */
enum { BY_INDEX, BY_HEAP, KD_TREE, BALL_TREE };

/* Queries of a part of the filter at most. */
#define MOST_QUERIES 960
/* Measured times of the tree, per leaf and per number in it, and of the filter, per row and per number. */
#define TREE_LEAF 60.0
#define TREE_CELL 0.5
#define FILTER_ROW 0.5
#define FILTER_CELL 0.06
/* Of all rows as they lie, for one query; the share of it that the tree may take first; and queries that are few. */
#define SCAN_ROW 0.75
#define SCAN_CELL 0.085
#define SCAN_SHARE 0.7
#define FEW_QUERIES 8
/* Vectors of rows that are asked for before they are read. */
#define FETCH_AHEAD 4

#if SK2TORCH_ISA >= 5
#define VECTOR_BYTES 64
#define TILE_QUERIES 12
#define TILE_VECTORS 2
#define MINUS_PRODUCT(a, b, c) ((FLOATS)_mm512_fnmadd_ps((__m512)(a), (__m512)(b), (__m512)(c)))
#define NOT_ABOVE(a, limit) ((uint32_t)_mm512_cmp_ps_mask((__m512)(a), _mm512_set1_ps(limit), _CMP_LE_OQ))
#elif SK2TORCH_ISA >= 2
#define VECTOR_BYTES 32
#define TILE_QUERIES 6
#define TILE_VECTORS 2
#define MINUS_PRODUCT(a, b, c) ((FLOATS)_mm256_fnmadd_ps((__m256)(a), (__m256)(b), (__m256)(c)))
#define NOT_ABOVE(a, limit) \
    ((uint32_t)_mm256_movemask_ps(_mm256_cmp_ps((__m256)(a), _mm256_set1_ps(limit), _CMP_LE_OQ)))
#else
#define VECTOR_BYTES 16
#define TILE_QUERIES 4
#define TILE_VECTORS 2
#define MINUS_PRODUCT(a, b, c) ((c) - (a) * (b))
#define NOT_ABOVE(a, limit) lanes_not_above(a, limit)
#endif
#define TILE_ROWS ((int64_t)(TILE_VECTORS * VECTOR_BYTES / sizeof(float)))
#define FLOAT_LANES ((int)(VECTOR_BYTES / sizeof(float)))

typedef float FLOATS __attribute__((vector_size(VECTOR_BYTES)));

#if SK2TORCH_ISA < 2
static INLINE uint32_t lanes_not_above(FLOATS a, float limit) {
    uint32_t lanes = 0;
    for (int i = 0; i < FLOAT_LANES; i++) lanes |= (uint32_t)(a[i] <= limit) << i;
    return lanes;
}
#endif

#define REAL double
#define INT int64_t
#define NAME(x) x##_f64
#define EXPORTED(x) KERNEL(x##_f64)
#define POW pow
#define SQRT sqrt
#define SMALLEST DBL_MIN
#if SK2TORCH_ISA >= 5
#define EVEN_LANES EVEN_8
#define ODD_LANES ODD_8
#define LOAD_FIRST(from, count) ((VEC)_mm512_maskz_loadu_pd((__mmask8)((1u << (count)) - 1), from))
#define BELOW(a, limit) ((uint32_t)_mm512_cmp_pd_mask((__m512d)(a), _mm512_set1_pd(limit), _CMP_LT_OQ))
#elif SK2TORCH_ISA >= 2
#define EVEN_LANES EVEN_4
#define ODD_LANES ODD_4
#define BELOW(a, limit) \
    ((uint32_t)_mm256_movemask_pd(_mm256_cmp_pd((__m256d)(a), _mm256_set1_pd(limit), _CMP_LT_OQ)))
#else
#define EVEN_LANES EVEN_2
#define ODD_LANES ODD_2
#define BELOW(a, limit) NAME(lanes_below)(a, limit)
#endif
#include "neighbors_distances.h"
#include "neighbors_heap.h"
#include "neighbors_search.h"
#include "neighbors_few.h"
#include "neighbors_filter.h"
#include "neighbors_refine.h"

#undef REAL
#undef INT
#undef NAME
#undef EXPORTED
#undef POW
#undef SQRT
#undef SMALLEST
#undef EVEN_LANES
#undef ODD_LANES
#undef LOAD_FIRST
#undef BELOW

#define REAL float
#define INT int32_t
#define NAME(x) x##_f32
#define EXPORTED(x) KERNEL(x##_f32)
#define POW powf
#define SQRT sqrtf
#define SMALLEST FLT_MIN
#if SK2TORCH_ISA >= 5
#define EVEN_LANES EVEN_16
#define ODD_LANES ODD_16
#define LOAD_FIRST(from, count) ((VEC)_mm512_maskz_loadu_ps((__mmask16)((1u << (count)) - 1), from))
#define BELOW(a, limit) ((uint32_t)_mm512_cmp_ps_mask((__m512)(a), _mm512_set1_ps(limit), _CMP_LT_OQ))
#elif SK2TORCH_ISA >= 2
#define EVEN_LANES EVEN_8
#define ODD_LANES ODD_8
#define BELOW(a, limit) ((uint32_t)_mm256_movemask_ps(_mm256_cmp_ps((__m256)(a), _mm256_set1_ps(limit), _CMP_LT_OQ)))
#else
#define EVEN_LANES EVEN_4
#define ODD_LANES ODD_4
#define BELOW(a, limit) NAME(lanes_below)(a, limit)
#endif
#undef VEC
#undef IVEC
#undef LANES
#undef SPREAD
#undef MAGNITUDE
#undef CHOOSE
#include "neighbors_distances.h"
#include "neighbors_heap.h"
#include "neighbors_search.h"
#include "neighbors_few.h"
#include "neighbors_filter.h"
#include "neighbors_refine.h"

#define GIVEN                                                                                                           \
    a[0].p, a[1].i, a[2].p, a[3].i, a[4].i, a[5].i, (int)a[6].i, a[7].d, a[8].p, (int)a[9].i, a[10].p, a[11].i, a[12].i, \
        a[13].p, a[14].p, a[15].i, a[16].p, a[17].p, (int)a[18].i

int PACKED(neighbors_nearest_f64) { return CALL(neighbors_nearest_f64)(GIVEN); }
int PACKED(neighbors_nearest_f32) { return CALL(neighbors_nearest_f32)(GIVEN); }
