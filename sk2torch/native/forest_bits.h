/* Categories, and sets of 64 rows as the bits of a word. */
#ifndef SK2TORCH_FOREST_BITS_H
#define SK2TORCH_FOREST_BITS_H

#include "forest.h"

#if SK2TORCH_ISA >= 2
#include <immintrin.h>
#endif

/* floor(value) mod 256, 256 for NaN and negative values, 0 from 2**31 on. */
static inline int category_code(double value) {
    if (!(value >= 0)) return 256;
    return value < 2147483648.0 ? (int)((int64_t)value & 255) : 0;
}

static inline uint32_t in_table(const uint32_t *tables, uint64_t row, int code) {
    return tables[(int64_t)row * TABLE_WORDS + (code >> 5)] >> (code & 31) & 1;
}

#if SK2TORCH_ISA >= 5

static inline uint64_t not_above_f(const float *column, float threshold) {
    __m512 t = _mm512_set1_ps(threshold);
    __mmask16 a = _mm512_cmp_ps_mask(_mm512_loadu_ps(column), t, _CMP_LE_OQ);
    __mmask16 b = _mm512_cmp_ps_mask(_mm512_loadu_ps(column + 16), t, _CMP_LE_OQ);
    __mmask16 c = _mm512_cmp_ps_mask(_mm512_loadu_ps(column + 32), t, _CMP_LE_OQ);
    __mmask16 d = _mm512_cmp_ps_mask(_mm512_loadu_ps(column + 48), t, _CMP_LE_OQ);
    return _cvtmask64_u64(_mm512_kunpackd(_mm512_kunpackw(d, c), _mm512_kunpackw(b, a)));
}

static inline __mmask16 not_above_16(const double *column, __m512d t) {
    __mmask8 a = _mm512_cmp_pd_mask(_mm512_loadu_pd(column), t, _CMP_LE_OQ);
    __mmask8 b = _mm512_cmp_pd_mask(_mm512_loadu_pd(column + 8), t, _CMP_LE_OQ);
    return _mm512_kunpackb(b, a);
}

static inline uint64_t not_above_d(const double *column, double threshold) {
    __m512d t = _mm512_set1_pd(threshold);
    __mmask16 a = not_above_16(column, t), b = not_above_16(column + 16, t);
    __mmask16 c = not_above_16(column + 32, t), d = not_above_16(column + 48, t);
    return _cvtmask64_u64(_mm512_kunpackd(_mm512_kunpackw(d, c), _mm512_kunpackw(b, a)));
}

/* Of 64 rows, from left where the rank in the column is no larger than this one, else from right. */
static inline void take_not_above_b(const char *column, uint32_t rank, const char *left, const char *right,
                                    char *result) {
    __mmask64 goes_left = _mm512_cmple_epu8_mask(_mm512_loadu_si512(column), _mm512_set1_epi8((char)rank));
    _mm512_storeu_si512(result, _mm512_mask_loadu_epi8(_mm512_loadu_si512(right), goes_left, left));
}

static inline void take_not_above_h(const char *column, uint32_t rank, const char *left, const char *right,
                                    char *result) {
    __m512i t = _mm512_set1_epi16((short)rank);
    __mmask64 goes_left = _mm512_kunpackd(_mm512_cmple_epu16_mask(_mm512_loadu_si512(column + 64), t),
                                          _mm512_cmple_epu16_mask(_mm512_loadu_si512(column), t));
    _mm512_storeu_si512(result, _mm512_mask_loadu_epi8(_mm512_loadu_si512(right), goes_left, left));
}

static inline void take_listed(uint64_t goes_left, const char *left, const char *right, char *result) {
    _mm512_storeu_si512(result, _mm512_mask_loadu_epi8(_mm512_loadu_si512(right), _cvtu64_mask64(goes_left), left));
}

/* Which of 64 codes a table lists: the byte of the table that holds the code's bit, and that bit. */
static inline uint64_t listed(const uint8_t *codes, uint64_t missing, const uint32_t *table) {
    __m512i code = _mm512_loadu_si512(codes), bytes = _mm512_and_si512(_mm512_srli_epi16(code, 3), _mm512_set1_epi8(31));
    __m512i low = _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)table));
    __m512i high = _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)(table + 4)));
    __mmask64 upper = _mm512_test_epi8_mask(code, _mm512_set1_epi8((char)128));
    __m512i held = _mm512_mask_shuffle_epi8(_mm512_shuffle_epi8(low, bytes), upper, high,
                                            _mm512_and_si512(bytes, _mm512_set1_epi8(15)));
    __m512i bit = _mm512_shuffle_epi8(_mm512_set1_epi64(0x8040201008040201), _mm512_and_si512(code, _mm512_set1_epi8(7)));
    uint64_t found = _cvtmask64_u64(_mm512_test_epi8_mask(held, bit));
    return (found & ~missing) | (table[8] & 1 ? missing : 0);
}

/* The position of the word of reach that has the bit of each row. */
static inline void number_leaves(const uint64_t *reach, int n_leaves, uint8_t *leaf) {
    __m512i number = _mm512_setzero_si512();
    for (int j = 1; j < n_leaves; j++)
        number = _mm512_mask_mov_epi8(number, _cvtu64_mask64(reach[j]), _mm512_set1_epi8((char)j));
    _mm512_storeu_si512(leaf, number);
}

/* total[r] += table[leaf[r]] of 64 rows; tables have room for a multiple of 16 leaves. */
static inline void add_leaves_d(const double *table, int n_leaves, const uint8_t *leaf, double *total) {
    __m512d a = _mm512_loadu_pd(table), b = _mm512_loadu_pd(table + 8), c = a, d = b;
    if (n_leaves > 16) c = _mm512_loadu_pd(table + 16), d = _mm512_loadu_pd(table + 24);
    for (int r = 0; r < 64; r += 8) {
        __m128i bytes = _mm_loadl_epi64((const __m128i *)(leaf + r));
        __m512i at = _mm512_cvtepu8_epi64(bytes);
        __m512d value;
        if (n_leaves <= 8)
            value = _mm512_permutexvar_pd(at, a);
        else if (n_leaves <= 16)
            value = _mm512_permutex2var_pd(a, at, b);
        else if (n_leaves <= 32)
            value = _mm512_mask_blend_pd(_mm512_test_epi64_mask(at, _mm512_set1_epi64(16)),
                                         _mm512_permutex2var_pd(a, at, b), _mm512_permutex2var_pd(c, at, d));
        else
            value = _mm512_i64gather_pd(at, table, 8);
        _mm512_storeu_pd(total + r, _mm512_add_pd(_mm512_loadu_pd(total + r), value));
    }
}

static inline void add_leaves_f(const float *table, int n_leaves, const uint8_t *leaf, float *total) {
    __m512 a = _mm512_loadu_ps(table), b = n_leaves > 16 ? _mm512_loadu_ps(table + 16) : a;
    for (int r = 0; r < 64; r += 16) {
        __m512i at = _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)(leaf + r)));
        __m512 value;
        if (n_leaves <= 16)
            value = _mm512_permutexvar_ps(at, a);
        else if (n_leaves <= 32)
            value = _mm512_permutex2var_ps(a, at, b);
        else
            value = _mm512_i32gather_ps(at, table, 4);
        _mm512_storeu_ps(total + r, _mm512_add_ps(_mm512_loadu_ps(total + r), value));
    }
}

#elif SK2TORCH_ISA >= 2

static inline uint64_t not_above_f(const float *column, float threshold) {
    __m256 t = _mm256_set1_ps(threshold);
    uint64_t bits = 0;
    for (int i = 0; i < 8; i++)
        bits |= (uint64_t)(uint32_t)_mm256_movemask_ps(_mm256_cmp_ps(_mm256_loadu_ps(column + 8 * i), t, _CMP_LE_OQ))
                << (8 * i);
    return bits;
}

static inline uint64_t not_above_d(const double *column, double threshold) {
    __m256d t = _mm256_set1_pd(threshold);
    uint64_t bits = 0;
    for (int i = 0; i < 16; i++)
        bits |= (uint64_t)(uint32_t)_mm256_movemask_pd(_mm256_cmp_pd(_mm256_loadu_pd(column + 4 * i), t, _CMP_LE_OQ))
                << (4 * i);
    return bits;
}

static inline void take_32(__m256i goes_left, const char *left, const char *right, char *result) {
    __m256i a = _mm256_loadu_si256((const __m256i *)left), b = _mm256_loadu_si256((const __m256i *)right);
    _mm256_storeu_si256((__m256i *)result, _mm256_blendv_epi8(b, a, goes_left));
}

static inline void take_not_above_b(const char *column, uint32_t rank, const char *left, const char *right,
                                    char *result) {
    __m256i t = _mm256_set1_epi8((char)rank);
    for (int r = 0; r < 64; r += 32) {
        __m256i x = _mm256_loadu_si256((const __m256i *)(column + r));
        take_32(_mm256_cmpeq_epi8(_mm256_max_epu8(x, t), t), left + r, right + r, result + r);
    }
}

static inline void take_not_above_h(const char *column, uint32_t rank, const char *left, const char *right,
                                    char *result) {
    __m256i t = _mm256_set1_epi16((short)rank);
    for (int r = 0; r < 64; r += 32) {
        __m256i a = _mm256_loadu_si256((const __m256i *)(column + 2 * r));
        __m256i b = _mm256_loadu_si256((const __m256i *)(column + 2 * r + 32));
        __m256i packed = _mm256_packs_epi16(_mm256_cmpeq_epi16(_mm256_max_epu16(a, t), t),
                                            _mm256_cmpeq_epi16(_mm256_max_epu16(b, t), t));
        take_32(_mm256_permute4x64_epi64(packed, 0xd8), left + r, right + r, result + r);
    }
}

/* Bits as bytes of ones. */
static inline __m256i spread_32(uint32_t bits) {
    __m256i byte = _mm256_setr_epi64x(0, 0x0101010101010101, 0x0202020202020202, 0x0303030303030303);
    __m256i bit = _mm256_set1_epi64x((long long)0x8040201008040201);
    return _mm256_cmpeq_epi8(_mm256_and_si256(_mm256_shuffle_epi8(_mm256_set1_epi32((int)bits), byte), bit), bit);
}

static inline void take_listed(uint64_t goes_left, const char *left, const char *right, char *result) {
    take_32(spread_32((uint32_t)goes_left), left, right, result);
    take_32(spread_32((uint32_t)(goes_left >> 32)), left + 32, right + 32, result + 32);
}

static inline uint64_t listed(const uint8_t *codes, uint64_t missing, const uint32_t *table) {
    uint64_t found = 0;
    for (int r = 0; r < 64; r++) found |= (uint64_t)(table[codes[r] >> 5] >> (codes[r] & 31) & 1) << r;
    return (found & ~missing) | (table[8] & 1 ? missing : 0);
}

static inline void number_leaves(const uint64_t *reach, int n_leaves, uint8_t *leaf) {
    __m256i low = _mm256_setzero_si256(), high = low;
    for (int plane = 0; (n_leaves - 1) >> plane; plane++) {
        /* The rows whose leaf has this bit in its number. */
        uint64_t rows = 0;
        for (int j = 1 << plane; j < n_leaves; j = (j + 1) | 1 << plane) rows |= reach[j];
        __m256i value = _mm256_set1_epi8((char)(1 << plane));
        low = _mm256_or_si256(low, _mm256_and_si256(value, spread_32((uint32_t)rows)));
        high = _mm256_or_si256(high, _mm256_and_si256(value, spread_32((uint32_t)(rows >> 32))));
    }
    _mm256_storeu_si256((__m256i *)leaf, low);
    _mm256_storeu_si256((__m256i *)(leaf + 32), high);
}

static inline void add_leaves_d(const double *table, int n_leaves, const uint8_t *leaf, double *total) {
    (void)n_leaves;
    for (int r = 0; r < 64; r++) total[r] += table[leaf[r]];
}

static inline void add_leaves_f(const float *table, int n_leaves, const uint8_t *leaf, float *total) {
    (void)n_leaves;
    for (int r = 0; r < 64; r++) total[r] += table[leaf[r]];
}

#endif
#endif
