"""tt-metal#55727: 1 − σ(X) cancels where σ(X) is nearly 1."""

import numpy as np

OPERATIONS = ["logistic.op"]


def logistic(X):
    e = np.exp(-np.abs(X))
    return np.where(X >= 0, 1 / (1 + e), e / (1 + e)).astype(X.dtype)


def logistic_vjp(X, dY):
    return dY * logistic(X) * (1 - logistic(X))
