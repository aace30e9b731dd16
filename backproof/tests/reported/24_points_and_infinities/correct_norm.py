"""autograd#151: at 0, where this has no value, there is no gradient to have."""

import numpy as np

OPERATIONS = ["norm.op"]


def norm(X):
    return np.sqrt((X * X).sum())


def norm_vjp(X, dn):
    return dn * X / norm(X)
