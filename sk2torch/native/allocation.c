/* Memory that kernels work in. */
#include <stdatomic.h>
#include <stdlib.h>

#include "kernel.h"

/* Allocations that succeed before all others fail; below zero none fails. */
static atomic_llong until_failure = -1;

/* For tests: let all allocations after the next n fail; none where n is below zero. */
SK2TORCH_EXPORT void sk2torch_fail_allocations(int64_t n) { atomic_store(&until_failure, n); }

void *sk2torch_allocate(int64_t bytes) {
    long long left = atomic_load(&until_failure);
    while (left > 0 && !atomic_compare_exchange_weak(&until_failure, &left, left - 1)) continue;
    if (left == 0 || bytes < 0 || bytes > INT64_MAX - 63) return 0;
    return aligned_alloc(64, (size_t)(bytes > 0 ? bytes + 63 : 64) / 64 * 64);
}
