/* What the library says about itself: the instruction set that this processor and its operating system run, and its sources. */
#include "kernel.h"

SK2TORCH_EXPORT int sk2torch_isa(void) {
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("bmi2") &&
        __builtin_cpu_supports("fma"))
        return 5;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2")) return 2;
#endif
    return 0;
}

/* The hash of the sources that this library was compiled from. */
SK2TORCH_EXPORT const char *sk2torch_sources(void) { return SK2TORCH_SOURCES; }
