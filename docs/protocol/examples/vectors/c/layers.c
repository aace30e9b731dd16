/* The layers of the notes in plain C99: what is held against the test vectors. Yours goes here. */

#include <math.h>
#include <stdlib.h>

#include "layers.h"

/* An array of zeros. */
static Array zeros(size_t rows, size_t columns)
{
    Array A = {rows, columns, calloc(rows * columns + 1, sizeof(double))};
    if (A.data == NULL)
        abort();
    return A;
}

/* Z = W Y + b 1ᵀ */
static void linear(const Array in[], Array out[])
{
    Array W = in[0], Y = in[1], b = in[2], Z = zeros(W.rows, Y.columns);
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
    Array W = in[0], Y = in[1], dZ = in[3];
    Array dW = zeros(W.rows, W.columns), dY = zeros(Y.rows, Y.columns), db = zeros(W.rows, 1);
    size_t samples = dZ.columns;
    for (size_t i = 0; i < dZ.rows; i++)
        for (size_t j = 0; j < samples; j++) {
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
    Array Z = in[0], Y = zeros(Z.rows, Z.columns);
    for (size_t k = 0; k < Z.rows * Z.columns; k++)
        Y.data[k] = Z.data[k] > 0 ? Z.data[k] : 0;
    out[0] = Y;
}

/* dZ = dY ∘ 1[Z ≥ 0] */
static void relu_vjp(const Array in[], Array out[])
{
    Array Z = in[0], dY = in[1], dZ = zeros(Z.rows, Z.columns);
    for (size_t k = 0; k < Z.rows * Z.columns; k++)
        dZ.data[k] = Z.data[k] >= 0 ? dY.data[k] : 0;
    out[0] = dZ;
}

/* The largest entry of column j: subtracted before exp, so that nothing overflows. */
static double largest(Array Z, size_t j)
{
    double most = AT(Z, 0, j);
    for (size_t i = 1; i < Z.rows; i++)
        most = fmax(most, AT(Z, i, j));
    return most;
}

/* S = exp Z / Σ exp Z, column by column */
static void softmax(const Array in[], Array out[])
{
    Array Z = in[0], S = zeros(Z.rows, Z.columns);
    for (size_t j = 0; j < Z.columns; j++) {
        double shift = largest(Z, j), sum = 0;
        for (size_t i = 0; i < Z.rows; i++)
            sum += AT(S, i, j) = exp(AT(Z, i, j) - shift);
        for (size_t i = 0; i < Z.rows; i++)
            AT(S, i, j) /= sum;
    }
    out[0] = S;
}

/* dZ = S ∘ (dS − 1 (1ᵀ (S ∘ dS))) */
static void softmax_vjp(const Array in[], Array out[])
{
    Array dS = in[1], S, dZ = zeros(dS.rows, dS.columns);
    softmax(in, &S);
    for (size_t j = 0; j < S.columns; j++) {
        double inner = 0;
        for (size_t i = 0; i < S.rows; i++)
            inner += AT(S, i, j) * AT(dS, i, j);
        for (size_t i = 0; i < S.rows; i++)
            AT(dZ, i, j) = AT(S, i, j) * (AT(dS, i, j) - inner);
    }
    out[0] = dZ;
}

/* L = −Σ P log S, where a class without a label costs nothing */
static void cross_entropy(const Array in[], Array out[])
{
    Array S = in[0], P = in[1], L = zeros(1, 1);
    for (size_t k = 0; k < S.rows * S.columns; k++)
        if (P.data[k] != 0)
            L.data[0] -= P.data[k] * log(S.data[k]);
    out[0] = L;
}

/* dS = −P / S */
static void cross_entropy_vjp(const Array in[], Array out[])
{
    Array S = in[0], P = in[1], dS = zeros(S.rows, S.columns);
    for (size_t k = 0; k < S.rows * S.columns; k++)
        dS.data[k] = P.data[k] != 0 ? -P.data[k] / S.data[k] : 0;
    out[0] = dS;
}

/* L = −Σ P log softmax(Z), by the logarithm of the shifted sum: log 0 never arises */
static void softmax_cross_entropy(const Array in[], Array out[])
{
    Array Z = in[0], P = in[1], L = zeros(1, 1);
    for (size_t j = 0; j < Z.columns; j++) {
        double shift = largest(Z, j), sum = 0;
        for (size_t i = 0; i < Z.rows; i++)
            sum += exp(AT(Z, i, j) - shift);
        for (size_t i = 0; i < Z.rows; i++)
            if (AT(P, i, j) != 0)
                L.data[0] -= AT(P, i, j) * (AT(Z, i, j) - shift - log(sum));
    }
    out[0] = L;
}

/* dZ = S·ΣP − P */
static void softmax_cross_entropy_vjp(const Array in[], Array out[])
{
    Array P = in[1], S, dZ = zeros(P.rows, P.columns);
    softmax(in, &S);
    for (size_t j = 0; j < P.columns; j++) {
        double mass = 0;
        for (size_t i = 0; i < P.rows; i++)
            mass += AT(P, i, j);
        for (size_t i = 0; i < P.rows; i++)
            AT(dZ, i, j) = AT(S, i, j) * mass - AT(P, i, j);
    }
    out[0] = dZ;
}

const Function functions[] = {
    {"linear", linear},
    {"linear_vjp", linear_vjp},
    {"relu", relu},
    {"relu_vjp", relu_vjp},
    {"softmax", softmax},
    {"softmax_vjp", softmax_vjp},
    {"cross_entropy", cross_entropy},
    {"cross_entropy_vjp", cross_entropy_vjp},
    {"softmax_cross_entropy", softmax_cross_entropy},
    {"softmax_cross_entropy_vjp", softmax_cross_entropy_vjp},
    {NULL, NULL},
};
