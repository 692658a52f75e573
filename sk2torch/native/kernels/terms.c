/* Counting the terms of a vocabulary in documents. */
#include <stdlib.h>
#include <string.h>

#include "kernel.h"

/* 1 for what belongs to a word; bytes of other alphabets do. */
static const uint8_t is_word[256] = {['0' ... '9'] = 1, ['A' ... 'Z'] = 1, ['_'] = 1, ['a' ... 'z'] = 1, [128 ... 255] = 1};

/* What a byte of a word counts as, and 0 for all others; the second half is for text whose capitals are small letters. */
static uint8_t letter_of[512];

__attribute__((constructor)) static void fill_letters(void) {
    for (int byte = 0; byte < 256; byte++) {
        letter_of[byte] = is_word[byte] ? (uint8_t)byte : 0;
        letter_of[256 + byte] = byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte + 32) : letter_of[byte];
    }
}

static inline uint64_t hashed(uint64_t hash, uint8_t byte) { return (hash ^ byte) * 1099511628211u; }
#define FIRST_HASH 14695981039346656037u

struct vocabulary {
    /* Term k is letters[ends[k - 1]] to before letters[ends[k]]. */
    const uint8_t *letters;
    const int64_t *ends;
    /* Numbers of terms at places that hashes tell, and in those behind; -1 elsewhere. */
    const int32_t *slots;
    int64_t mask;
};

struct search {
    const uint8_t *text;
    const int64_t *ends;
    int lowers;
    struct vocabulary vocabulary;
    int64_t *found, *columns;
    double *counts;
};

static int64_t term_of(const struct vocabulary *v, const uint8_t *word, int64_t length, const uint8_t *letter,
                       uint64_t hash) {
    for (uint64_t place = hash;; place++) {
        const int64_t term = v->slots[place & v->mask];
        if (term < 0) return -1;
        const int64_t start = term ? v->ends[term - 1] : 0;
        if (v->ends[term] - start != length) continue;
        int64_t i = 0;
        while (i < length && letter[word[i]] == v->letters[start + i]) i++;
        if (i == length) return term;
    }
}

static int compare(const void *a, const void *b) {
    const int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

static void sort(int64_t *numbers, int64_t n) {
    if (n > 64) {
        qsort(numbers, n, sizeof(int64_t), compare);
        return;
    }
    for (int64_t i = 1; i < n; i++) {
        const int64_t number = numbers[i];
        int64_t k = i;
        for (; k && numbers[k - 1] > number; k--) numbers[k] = numbers[k - 1];
        numbers[k] = number;
    }
}

/* A document has no more words than a third of its bytes, one more taken in: two letters and what parts them. */
static int64_t most_words(const int64_t *ends, int64_t document) {
    return document ? (ends[document - 1] + 2 * document) / 3 + document : 0;
}

static void search(int64_t begin, int64_t end, int thread, void *context) {
    const struct search *p = context;
    const uint8_t *letter = letter_of + (p->lowers ? 256 : 0);
    (void)thread;
    for (int64_t document = begin; document < end; document++) {
        const uint8_t *at = p->text + (document ? p->ends[document - 1] : 0), *stop = p->text + p->ends[document];
        int64_t *columns = p->columns + most_words(p->ends, document), n = 0;
        double *counts = p->counts + most_words(p->ends, document);
        while (at < stop) {
            if (!letter[*at]) {
                at++;
                continue;
            }
            const uint8_t *word = at;
            uint64_t hash = FIRST_HASH;
            for (uint8_t byte; at < stop && (byte = letter[*at]); at++) hash = hashed(hash, byte);
            if (at - word < 2) continue;
            const int64_t term = term_of(&p->vocabulary, word, at - word, letter, hash);
            if (term >= 0) columns[n++] = term;
        }
        sort(columns, n);
        int64_t n_different = 0;
        for (int64_t k = 0; k < n; n_different++) {
            const int64_t column = columns[k], first = k;
            while (k < n && columns[k] == column) k++;
            columns[n_different] = column;
            counts[n_different] = (double)(k - first);
        }
        p->found[document] = n_different;
    }
}

/* Put n_terms terms into `slots`, which has mask + 1 places, all of them -1; terms in `is_left_out` are not found. */
void KERNEL(index_terms)(const uint8_t *letters, const int64_t *ends, int64_t n_terms, const uint8_t *is_left_out,
                         int32_t *slots, int64_t mask) {
    for (int64_t term = 0; term < n_terms; term++) {
        if (is_left_out[term]) continue;
        uint64_t hash = FIRST_HASH;
        for (int64_t i = term ? ends[term - 1] : 0; i < ends[term]; i++) hash = hashed(hash, letters[i]);
        while (slots[hash & mask] >= 0) hash++;
        slots[hash & mask] = (int32_t)term;
    }
}

/* Words of two letters or more that are among the terms, by document: starts (n + 1 numbers), and as many columns and counts
   as starts[n] says, in ascending order within a document. Both have room for ends[n - 1] / 3 + 2 n + 1 numbers. Letters are of ASCII;
   all other bytes count as such. */
void KERNEL(count_terms)(const uint8_t *text, const int64_t *ends, int64_t n, int lowers, const uint8_t *letters,
                         const int64_t *term_ends, const int32_t *slots, int64_t mask, int64_t *starts, int64_t *columns, double *counts, int n_threads) {
    struct search p = {text, ends, lowers, {letters, term_ends, slots, mask}, starts + 1, columns, counts};
    sk2torch_parallel(n, 16, n_threads, search, &p);
    starts[0] = 0;
    for (int64_t document = 0; document < n; document++) {
        const int64_t from = most_words(ends, document), count = starts[document + 1], to = starts[document];
        memmove(columns + to, columns + from, count * sizeof(int64_t));
        memmove(counts + to, counts + from, count * sizeof(double));
        starts[document + 1] = to + count;
    }
}
