/* Rows as trees over ranks read them. */
#ifndef SK2TORCH_FOREST_RANKED_H
#define SK2TORCH_FOREST_RANKED_H

#include "forest_job.h"

/* Number c of some rows of x, zeros behind them, as its rank. */
static void rank_column(const job *j, const char *x, int64_t rows, int64_t c, uint32_t *rank) {
    const ranks *k = j->f->ranks;
    int64_t n = j->f->n_inputs, feature = k->feature[c];
    const double *wide = (const double *)x + feature;
    const float *narrow = (const float *)x + feature;
    if (k->is_double) {
        double value[RANK_ROWS] = {0};
        for (int64_t r = 0; r < rows; r++) value[r] = j->x_is_double ? wide[r * n] : narrow[r * n];
        ranks_d(k, c, value, rank);
    } else {
        float value[RANK_ROWS] = {0};
        for (int64_t r = 0; r < rows; r++) value[r] = j->x_is_double ? (float)wide[r * n] : narrow[r * n];
        ranks_f(k, c, value, rank);
    }
}

/* Of 64 rows, into a column of keys of groups of LANES. */
static void keep_keys(const forest *f, void *groups, int64_t columns, int64_t place, const uint32_t *rank) {
    for (int64_t g = 0; g < RANK_ROWS / LANES; g++, rank += LANES) {
        int64_t at = g * columns * LANES + place;
        if (f->is_double)
            for (int r = 0; r < LANES; r++) ((uint64_t *)groups)[at + r] = rank[r];
        else
            memcpy((uint32_t *)groups + at, rank, LANES * sizeof *rank);
    }
}

/* Of 64 rows, into a column of what scans compare. */
static void keep_scanned(const forest *f, void *columns, int64_t c, const uint32_t *rank) {
    uint8_t *bytes = (uint8_t *)columns + SPAN * c;
    uint16_t *words = (uint16_t *)columns + SPAN * c;
    if (f->ranks->bytes == 1)
        for (int r = 0; r < RANK_ROWS; r++) bytes[r] = (uint8_t)rank[r];
    else
        for (int r = 0; r < RANK_ROWS; r++) words[r] = (uint16_t)rank[r];
}

/* Category codes of 64 rows, 256 for missing ones and 0 where there is no row. */
static void rank_codes(const job *j, const char *x, int64_t rows, int64_t k, uint32_t *code) {
    int64_t n = j->f->n_inputs, feature = j->f->code_feature[k];
    for (int64_t r = 0; r < RANK_ROWS; r++) {
        double value = r >= rows ? 0 : j->x_is_double ? ((const double *)x)[r * n + feature] : ((const float *)x)[r * n + feature];
        code[r] = (uint32_t)category_code(value);
    }
}

/* 64 rows, for scans, for walks or for both. */
static void fill_ranked_part(const job *j, const workspace *w, const char *x, int64_t rows, int64_t part, int scans, int walks) {
    const forest *f = j->f;
    int64_t columns = group_columns(f, w->has_nan), n = f->n_features;
    char *groups = w->groups + part * RANK_ROWS * columns * real_bytes(f);
    int64_t place = part * RANK_ROWS / SPAN * SPAN * scan_columns(f) + part * RANK_ROWS % SPAN;
    char *scanned = scans ? w->columns + place * scan_bytes(f) : 0;
    uint32_t rank[RANK_ROWS];
    for (int64_t c = 0; c < f->ranks->n; c++) {
        rank_column(j, x, rows, c, rank);
        if (scans) keep_scanned(f, scanned, c, rank);
        if (walks) keep_keys(f, groups, columns, c * LANES, rank);
        if (!w->has_nan) continue;
        for (int r = 0; r < RANK_ROWS; r++) rank[r] = rank[r] == RANK_OF_NAN ? 0 : rank[r];
        if (scans) keep_scanned(f, scanned, n + c, rank);
        if (walks) keep_keys(f, groups, columns, left_bit(f) + c * LANES, rank);
    }
    for (int64_t k = 0; k < f->n_codes; k++) {
        uint64_t *missing = w->missing + part * f->n_codes + k;
        rank_codes(j, x, rows, k, rank);
        if (walks) keep_keys(f, groups, columns, (code_columns(f) + k) * LANES, rank);
        *missing = 0;
        for (int r = 0; r < RANK_ROWS; r++) {
            w->codes[(part * f->n_codes + k) * RANK_ROWS + r] = (uint8_t)rank[r];
            *missing |= (uint64_t)(rank[r] >> 8) << r;
        }
    }
    memset(rank, 0, sizeof rank);
    if (walks) keep_keys(f, groups, columns, zero_column(f) * LANES, rank);
}

static void fill_ranked(const job *j, const workspace *w, const char *x, int64_t rows, int scans, int walks) {
    if (scans)
        for (int e = 0; e < NUMBERED; e++) memset(w->held + SPAN * e, e, SPAN);
    int64_t part_bytes = RANK_ROWS * j->f->n_inputs * (j->x_is_double ? 8 : 4);
    for (int64_t part = 0; RANK_ROWS * part < rows; part++) {
        int64_t left = rows - RANK_ROWS * part;
        fill_ranked_part(j, w, x + part * part_bytes, left < RANK_ROWS ? left : RANK_ROWS, part, scans, walks);
    }
}

#endif
