/* Backpropagation in plain C99, offered to Backproof over its line protocol (docs/protocol/README.md).

       cc -std=c99 -O2 -o backprop backprop.c -lm
       backproof validate --exec ./backprop

   A column is a sample; arrays lie in row-major order; the loss is the sum over the samples. Only float64 is offered. */

#include <ctype.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    int rank; /* 0: one number, 1: a vector of rows numbers, 2: a matrix */
    size_t rows, columns;
    double *data;
} Array;

/* The entry (i, j) of a matrix. */
#define AT(A, i, j) ((A).data[(i) * (A).columns + (j)])

static void *require(void *memory)
{
    if (memory == NULL) {
        fprintf(stderr, "out of memory\n");
        exit(1);
    }
    return memory;
}

/* An array of zeros. */
static Array array(int rank, size_t rows, size_t columns)
{
    Array A = {rank, rows, columns, require(calloc(rows * columns + 1, sizeof(double)))};
    return A;
}

static Array like(Array A) { return array(A.rank, A.rows, A.columns); }

/* --- the mathematics: in and out are in the order of the table below; the shapes of a call agree ------------------- */

/* Z = W Y + b 1ᵀ */
static void linear(const Array in[], Array out[])
{
    Array W = in[0], Y = in[1], b = in[2], Z = array(2, W.rows, Y.columns);
    for (size_t i = 0; i < Z.rows; i++)
        for (size_t j = 0; j < Z.columns; j++) {
            double sum = 0;
            for (size_t k = 0; k < W.columns; k++)
                sum += AT(W, i, k) * AT(Y, k, j);
            AT(Z, i, j) = sum + b.data[i];
        }
    out[0] = Z;
}

/* dW = dZ Yᵀ,  dY = Wᵀ dZ,  db = dZ 1 */
static void linear_vjp(const Array in[], Array out[])
{
    Array W = in[0], Y = in[1], b = in[2], dZ = in[3], dW = like(W), dY = like(Y), db = like(b);
    for (size_t i = 0; i < dZ.rows; i++)
        for (size_t j = 0; j < dZ.columns; j++) {
            for (size_t k = 0; k < W.columns; k++) {
                AT(dW, i, k) += AT(dZ, i, j) * AT(Y, k, j);
                AT(dY, k, j) += AT(W, i, k) * AT(dZ, i, j);
            }
            db.data[i] += AT(dZ, i, j);
        }
    out[0] = dW, out[1] = dY, out[2] = db;
}

/* Y = max(Z, 0) */
static void relu(const Array in[], Array out[])
{
    Array Z = in[0], Y = like(Z);
    for (size_t k = 0; k < Z.rows * Z.columns; k++)
        Y.data[k] = Z.data[k] >= 0 ? Z.data[k] : 0;
    out[0] = Y;
}

/* dZ = dY ∘ 1[Z ≥ 0] */
static void relu_vjp(const Array in[], Array out[])
{
    Array Z = in[0], dY = in[1], dZ = like(Z);
    for (size_t k = 0; k < Z.rows * Z.columns; k++)
        dZ.data[k] = Z.data[k] >= 0 ? dY.data[k] : 0;
    out[0] = dZ;
}

/* The largest entry of column j, subtracted before exp so that nothing overflows. */
static double column_maximum(Array Z, size_t j)
{
    double largest = AT(Z, 0, j);
    for (size_t i = 1; i < Z.rows; i++)
        largest = fmax(largest, AT(Z, i, j));
    return largest;
}

/* S = exp Z / Σ exp Z, column by column */
static void softmax(const Array in[], Array out[])
{
    Array Z = in[0], S = like(Z);
    for (size_t j = 0; j < Z.columns; j++) {
        double largest = column_maximum(Z, j), sum = 0;
        for (size_t i = 0; i < Z.rows; i++)
            sum += AT(S, i, j) = exp(AT(Z, i, j) - largest);
        for (size_t i = 0; i < Z.rows; i++)
            AT(S, i, j) /= sum;
    }
    out[0] = S;
}

/* dZ = S ∘ (dS − 1 (1ᵀ (S ∘ dS))) */
static void softmax_vjp(const Array in[], Array out[])
{
    Array dS = in[1], S, dZ = like(dS);
    softmax(in, &S);
    for (size_t j = 0; j < S.columns; j++) {
        double inner = 0;
        for (size_t i = 0; i < S.rows; i++)
            inner += AT(S, i, j) * AT(dS, i, j);
        for (size_t i = 0; i < S.rows; i++)
            AT(dZ, i, j) = AT(S, i, j) * (AT(dS, i, j) - inner);
    }
    free(S.data);
    out[0] = dZ;
}

/* L = −Σ P log softmax(Z), through the logarithm of the shifted sum: log 0 never arises */
static void softmax_cross_entropy(const Array in[], Array out[])
{
    Array Z = in[0], P = in[1], L = array(0, 1, 1);
    for (size_t j = 0; j < Z.columns; j++) {
        double largest = column_maximum(Z, j), sum = 0;
        for (size_t i = 0; i < Z.rows; i++)
            sum += exp(AT(Z, i, j) - largest);
        for (size_t i = 0; i < Z.rows; i++)
            if (AT(P, i, j) != 0)
                L.data[0] -= AT(P, i, j) * (AT(Z, i, j) - largest - log(sum));
    }
    out[0] = L;
}

/* dZ = S ΣP − P, which is S − P where a column of P sums to one */
static void softmax_cross_entropy_vjp(const Array in[], Array out[])
{
    Array P = in[1], S, dZ = like(P);
    softmax(in, &S);
    for (size_t j = 0; j < S.columns; j++) {
        double mass = 0;
        for (size_t i = 0; i < S.rows; i++)
            mass += AT(P, i, j);
        for (size_t i = 0; i < S.rows; i++)
            AT(dZ, i, j) = AT(S, i, j) * mass - AT(P, i, j);
    }
    free(S.data);
    out[0] = dZ;
}

enum { MOST_ARGUMENTS = 4, MOST_OUTPUTS = 3 };

typedef struct {
    const char *name, *arguments[MOST_ARGUMENTS + 1], *outputs[MOST_OUTPUTS + 1];
    void (*compute)(const Array in[], Array out[]);
} Function;

static const Function FUNCTIONS[] = {
    {"linear", {"W", "Y", "b"}, {"Z"}, linear},
    {"linear_vjp", {"W", "Y", "b", "dZ"}, {"dW", "dY", "db"}, linear_vjp},
    {"relu", {"Z"}, {"Y"}, relu},
    {"relu_vjp", {"Z", "dY"}, {"dZ"}, relu_vjp},
    {"softmax", {"Z"}, {"S"}, softmax},
    {"softmax_vjp", {"Z", "dS"}, {"dZ"}, softmax_vjp},
    {"softmax_cross_entropy", {"Z", "P"}, {"L"}, softmax_cross_entropy},
    {"softmax_cross_entropy_vjp", {"Z", "P"}, {"dZ"}, softmax_cross_entropy_vjp},
};
enum { FUNCTION_COUNT = sizeof FUNCTIONS / sizeof FUNCTIONS[0] };

/* --- reading JSON in place: a value is a pointer to its first character ------------------------------------------- */

static const char *blank(const char *s)
{
    while (isspace((unsigned char)*s))
        s++;
    return s;
}

/* What follows the value at s: an object or an array with all that is in it, a string, or a word. */
static const char *after(const char *s)
{
    int depth = 0;
    do {
        if (*s == '"') {
            for (s++; *s && *s != '"'; s++)
                s += *s == '\\' && s[1];
            s += *s == '"';
        } else if (*s && strchr("{}[],:", *s)) {
            depth += (*s == '{' || *s == '[') - (*s == '}' || *s == ']');
            s++;
        } else {
            s += strcspn(s, "{}[],: \t\r\n");
        }
        s = blank(s);
    } while (depth > 0 && *s);
    return s;
}

/* Is the string at s this text? (The protocol's names hold nothing that JSON would escape.) */
static bool is(const char *s, const char *text)
{
    size_t length = strlen(text);
    return s && *s == '"' && strncmp(s + 1, text, length) == 0 && s[1 + length] == '"';
}

/* The value of a key; NULL where there is none. */
static const char *member(const char *object, const char *key)
{
    if (!object || *object != '{')
        return NULL;
    for (const char *s = blank(object + 1); *s == '"'; s = blank(s + 1)) {
        const char *colon = after(s);
        if (*colon != ':')
            return NULL;
        if (is(s, key))
            return blank(colon + 1);
        s = after(blank(colon + 1));
        if (*s != ',')
            return NULL;
    }
    return NULL;
}

/* The first element of the list, or the one after the comma at s; NULL at the end. */
static const char *element(const char *s)
{
    if (!s || (*s != '[' && *s != ','))
        return NULL;
    s = blank(s + 1);
    return *s == ']' || *s == '\0' ? NULL : s;
}

/* What a call is answered with where it cannot be answered. */
#define UNSUPPORTED(reason) "\"type\":\"unsupported\",\"reason\":\"" reason "\"}"
#define ERROR(message) "\"type\":\"error\",\"message\":\"" message "\"}"

/* Read the array that the object at s describes; NULL, or else the refusal. */
static const char *read_array(const char *s, Array *A)
{
    if (!is(member(s, "dtype"), "float64"))
        return UNSUPPORTED("only float64 is offered");
    size_t sizes[2] = {1, 1}, k = 0;
    int rank = 0;
    for (const char *e = element(member(s, "shape")); e; e = element(after(e)))
        if (rank < 2)
            sizes[rank++] = strtoul(e, NULL, 10);
    *A = array(rank, sizes[0], sizes[1]);
    for (const char *e = element(member(s, "data")); e && k < sizes[0] * sizes[1]; e = element(after(e)))
        A->data[k++] = strtod(e + (*e == '"'), NULL);
    return k == sizes[0] * sizes[1] ? NULL : ERROR("data is shorter than shape says");
}

/* --- answering ---------------------------------------------------------------------------------------------------- */

static void print_number(double x)
{
    if (isnan(x))
        printf("\"nan\""); /* some C libraries print -nan */
    else
        printf("\"%.17g\"", x); /* 17 digits read back exactly; infinities are inf and -inf */
}

static void print_array(Array A)
{
    printf("{\"dtype\":\"float64\",\"shape\":[");
    if (A.rank > 0)
        printf("%lu", (unsigned long)A.rows);
    if (A.rank > 1)
        printf(",%lu", (unsigned long)A.columns);
    printf("],\"data\":[");
    for (size_t k = 0; k < A.rows * A.columns; k++) {
        printf(k ? "," : "");
        print_number(A.data[k]);
    }
    printf("]}");
}

static void started(void)
{
    printf("{\"type\":\"started\",\"protocol\":1,\"name\":\"backprop in C\",\"functions\":[");
    for (int f = 0; f < FUNCTION_COUNT; f++)
        printf("%s\"%s\"", f ? "," : "", FUNCTIONS[f].name);
    printf("],\"conventions\":{\"limits\":{\"dtypes\":[\"float64\"]}}}\n");
}

static void call(const char *message)
{
    Array in[MOST_ARGUMENTS] = {{0}}, out[MOST_OUTPUTS] = {{0}};
    const Function *function = NULL;
    const char *seq = member(message, "seq"), *refusal = NULL;
    for (int f = 0; f < FUNCTION_COUNT; f++)
        if (is(member(message, "function"), FUNCTIONS[f].name))
            function = &FUNCTIONS[f];
    if (!function)
        refusal = UNSUPPORTED("no such function");
    for (int a = 0; !refusal && function->arguments[a]; a++)
        refusal = read_array(member(member(message, "arrays"), function->arguments[a]), &in[a]);
    printf("{\"seq\":%ld,", seq ? strtol(seq, NULL, 10) : 0);
    if (refusal) {
        printf("%s\n", refusal);
    } else {
        function->compute(in, out);
        printf("\"type\":\"result\",\"arrays\":{");
        for (int o = 0; function->outputs[o]; o++) {
            printf("%s\"%s\":", o ? "," : "", function->outputs[o]);
            print_array(out[o]);
        }
        printf("}}\n");
    }
    for (int a = 0; a < MOST_ARGUMENTS; a++)
        free(in[a].data);
    for (int o = 0; o < MOST_OUTPUTS; o++)
        free(out[o].data);
}

/* The next line of standard input, however long, in memory that is used again; NULL at the end. */
static char *next_line(void)
{
    static char *line;
    static size_t room;
    size_t length = 0;
    for (;;) {
        if (room - length < 2)
            line = require(realloc(line, room = 2 * room + 4096));
        if (!fgets(line + length, (int)(room - length), stdin))
            return length ? line : NULL;
        length += strlen(line + length);
        if (line[length - 1] == '\n')
            return line;
    }
}

int main(void)
{
    for (char *line = next_line(); line; line = next_line()) {
        const char *message = blank(line), *type = member(message, "type");
        if (is(type, "start"))
            started();
        else if (is(type, "call"))
            call(message);
        else
            break; /* stop */
        fflush(stdout); /* an answer that stays in a buffer is an answer that never came */
    }
    return 0;
}
