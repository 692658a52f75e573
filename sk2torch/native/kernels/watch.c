/* Whether memory still holds what it held: checksums of pieces of arrays, some of which are compared in each call. */
#include <string.h>

#include "kernel.h"

#define PIECE 1024
#define WORDS 8

/* As in watching.py. */
struct watched {
    const char *start;
    int64_t bytes, next;
    uint64_t *sums;
};

/* Of a line of 64 bytes; the key depends on its place. */
static inline void add_line(const uint64_t *line, uint64_t *key, uint64_t *sum) {
    for (int i = 0; i < WORDS; i++) {
        const uint64_t mixed = line[i] ^ key[i];
        sum[i] += line[i] + (mixed & 0xffffffff) * (mixed >> 32);
        key[i] += 0x9e3779b97f4a7c15;
    }
}

static uint64_t piece_sum(const char *start, int64_t bytes) {
    uint64_t line[WORDS], key[WORDS], sum[WORDS] = {0};
    for (int i = 0; i < WORDS; i++) key[i] = 0xd6e8feb86659fd93 * (uint64_t)(i + 1);
    int64_t at = 0;
    for (; at + (int64_t)sizeof(line) <= bytes; at += sizeof(line)) {
        memcpy(line, start + at, sizeof(line));
        add_line(line, key, sum);
    }
    if (at < bytes) {
        memset(line, 0, sizeof(line));
        memcpy(line, start + at, bytes - at);
        add_line(line, key, sum);
    }
    uint64_t all = 0;
    for (int i = 0; i < WORDS; i++) all = (all ^ sum[i] ^ (sum[i] >> 29)) * 0xbf58476d1ce4e5b9;
    return all;
}

static inline uint64_t sum_of(const struct watched *array, int64_t piece) {
    const int64_t begin = piece * PIECE, left = array->bytes - begin;
    return piece_sum(array->start + begin, left < PIECE ? left : PIECE);
}

static inline int64_t n_pieces(const struct watched *array) { return (array->bytes + PIECE - 1) / PIECE; }

/* Remember what n arrays hold. */
void KERNEL(watch_begin)(struct watched *arrays, int64_t n) {
    for (int64_t i = 0; i < n; i++)
        for (int64_t piece = 0; piece < n_pieces(&arrays[i]); piece++) arrays[i].sums[piece] = sum_of(&arrays[i], piece);
}

/* Whether `most` pieces of each array are what they were: those after the ones that were looked at last. */
int KERNEL(watch_holds)(struct watched *arrays, int64_t n, int64_t most) {
    for (int64_t i = 0; i < n; i++) {
        const int64_t pieces = n_pieces(&arrays[i]), wanted = most < pieces ? most : pieces;
        /* Callers in other threads may look at the same pieces. */
        int64_t piece = __atomic_load_n(&arrays[i].next, __ATOMIC_RELAXED);
        for (int64_t k = 0; k < wanted; k++) {
            if (sum_of(&arrays[i], piece) != arrays[i].sums[piece]) return 0;
            piece = piece + 1 < pieces ? piece + 1 : 0;
        }
        __atomic_store_n(&arrays[i].next, piece, __ATOMIC_RELAXED);
    }
    return 1;
}
