/* What check.c calls: arrays in row-major order, one column a sample. A vector has one column, a number one entry. */

#include <stddef.h>

typedef struct {
    size_t rows, columns;
    double *data;
} Array;

/* The entry (i, j). */
#define AT(A, i, j) ((A).data[(i) * (A).columns + (j)])

typedef struct {
    const char *name;
    void (*call)(const Array in[], Array out[]);
} Function;

/* The functions of layers.c; the last one has no name. */
extern const Function functions[];
