/* Even and odd lanes of two vectors, by the lanes of one. */
#ifndef SK2TORCH_LANES_H
#define SK2TORCH_LANES_H

#define EVEN_2 0, 2
#define EVEN_4 0, 2, 4, 6
#define EVEN_8 0, 2, 4, 6, 8, 10, 12, 14
#define EVEN_16 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30
#define ODD_2 1, 3
#define ODD_4 1, 3, 5, 7
#define ODD_8 1, 3, 5, 7, 9, 11, 13, 15
#define ODD_16 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31

#ifdef __clang__
#define SHUFFLE(mask_type, a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define SHUFFLE(mask_type, a, b, ...) __builtin_shuffle(a, b, (mask_type){__VA_ARGS__})
#endif

#endif
