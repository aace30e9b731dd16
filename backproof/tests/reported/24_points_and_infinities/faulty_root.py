"""JAX's FAQ (gradients contain NaN where using where): the root is differentiated everywhere, then masked."""

import numpy as np

OPERATIONS = ["root.op"]


def root(X):
    return np.sqrt(np.where(X > 0, X, 0))


def root_vjp(X, dY):
    with np.errstate(all="ignore"):
        return (dY * (X > 0) / (2 * root(X))).astype(X.dtype)
