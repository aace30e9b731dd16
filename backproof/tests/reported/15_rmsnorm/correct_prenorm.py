"""The residual stream goes past the norm."""

import numpy as np

OPERATIONS = ["prenorm.op"]


def root(X, eps):
    return 1 / np.sqrt((X * X).mean(axis=1, keepdims=True) + X.dtype.type(eps))


def prenorm(X, eps=1e-6):
    return X * root(X, eps), X.copy()


def prenorm_vjp(X, dY, dR, eps=1e-6):
    r = root(X, eps)
    return dR + r * (dY - X * r * r * (dY * X).mean(axis=1, keepdims=True))
