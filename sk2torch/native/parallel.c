/* Loops on several threads: those of torch's OpenMP runtime where it has one, else threads that live for one loop. */
#include <pthread.h>
#include <stdatomic.h>

#include "kernel.h"

#define MAX_THREADS 256

typedef struct {
    int64_t n, grain;
    sk2torch_task task;
    void *context;
    atomic_llong next;
    atomic_int thread;
} loop;

/* GOMP_parallel of GNU OpenMP, which LLVM's and Intel's runtimes have too. */
typedef void (*parallel_region)(void (*body)(void *), void *data, unsigned n_threads, unsigned flags);

static _Atomic(parallel_region) region = 0;

SK2TORCH_EXPORT void sk2torch_use_openmp(void *gomp_parallel) {
    atomic_store(&region, (parallel_region)gomp_parallel);
}

static void work(void *data) {
    loop *l = data;
    int thread = atomic_fetch_add(&l->thread, 1);
    for (;;) {
        int64_t begin = atomic_fetch_add(&l->next, l->grain);
        if (begin >= l->n) return;
        int64_t end = begin + l->grain < l->n ? begin + l->grain : l->n;
        l->task(begin, end, thread, l->context);
    }
}

static void *work_in_thread(void *data) {
    work(data);
    return 0;
}

void sk2torch_parallel(int64_t n, int64_t grain, int n_threads, sk2torch_task task, void *context) {
    if (n <= 0) return;
    if (grain < 1) grain = 1;
    int64_t parts = (n + grain - 1) / grain;
    if (n_threads > parts) n_threads = (int)parts;
    if (n_threads > MAX_THREADS) n_threads = MAX_THREADS;
    loop l = {.n = n, .grain = grain, .task = task, .context = context};
    atomic_init(&l.next, 0);
    atomic_init(&l.thread, 0);
    if (n_threads <= 1) {
        work(&l);
        return;
    }
    parallel_region openmp = atomic_load(&region);
    if (openmp) {
        openmp(work, &l, (unsigned)n_threads, 0);
        return;
    }
    pthread_t threads[MAX_THREADS];
    int started = 0;
    while (started < n_threads - 1 && pthread_create(&threads[started], 0, work_in_thread, &l) == 0) started++;
    work(&l);
    for (int i = 0; i < started; i++) pthread_join(threads[i], 0);
}
