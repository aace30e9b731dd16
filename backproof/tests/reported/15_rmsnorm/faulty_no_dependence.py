"""AiDotNet#695: the root mean square is taken for a constant."""

import numpy as np


def root(X, eps):
    return 1 / np.sqrt((X * X).mean(axis=1, keepdims=True) + X.dtype.type(eps))


def rms_norm(X, g, eps=1e-6):
    return g * X * root(X, eps)


def rms_norm_vjp(X, g, dY, eps=1e-6):
    r = root(X, eps)
    dX = g * r * dY
    return dX, (dY * X * r).sum(axis=0)
