/* What every kernel includes. Plain C, no torch headers; files of kernels/ are compiled once per instruction set. */
#ifndef SK2TORCH_KERNEL_H
#define SK2TORCH_KERNEL_H

#include <stdint.h>

/* The instruction set that this object is compiled for: 0 portable, 2 AVX2, 5 AVX-512. */
#ifndef SK2TORCH_ISA
#define SK2TORCH_ISA 0
#define SK2TORCH_SUFFIX _portable
#endif

#define SK2TORCH_EXPORT __attribute__((visibility("default")))
#define SK2TORCH_JOIN_(name, suffix) name##suffix
#define SK2TORCH_JOIN(name, suffix) SK2TORCH_JOIN_(name, suffix)
/* The exported symbol of a kernel: void KERNEL(forest_leaves)(...) { } */
#define KERNEL(name) SK2TORCH_EXPORT SK2TORCH_JOIN(name, SK2TORCH_SUFFIX)
/* The same kernel with its arguments in one array, which takes a caller in Python a third of the time:
   void PACKED(forest_leaves) { CALL(forest_leaves)(a[0].p, (int)a[1].i, a[2].d); } */
#define PACKED(name) KERNEL(name##_packed)(const union sk2torch_word *a)
#define CALL(name) SK2TORCH_JOIN(name, SK2TORCH_SUFFIX)

union sk2torch_word {
    int64_t i;
    double d;
    void *p;
};

/* One part of a loop: the items from begin to end, run by the thread of that number (below n_threads). */
typedef void (*sk2torch_task)(int64_t begin, int64_t end, int thread, void *context);

/* Run task on 0..n in parts of at most grain items, handed out in turn to n_threads threads, the caller among them. */
void sk2torch_parallel(int64_t n, int64_t grain, int n_threads, sk2torch_task task, void *context);

/* Memory at a multiple of 64, to be given to free(); null where there is none. Kernels then say so to their callers. */
void *sk2torch_allocate(int64_t bytes);

#endif
