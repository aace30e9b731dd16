"""mlpack#1327: what comes by the mean is not divided by the number of samples."""

import numpy as np


def centred(X, eps):
    C = X - X.mean(axis=0)
    return C, 1 / np.sqrt((C * C).mean(axis=0) + X.dtype.type(eps))


def batch_norm(X, g, b, eps=1e-5):
    C, r = centred(X, eps)
    return g * C * r + b


def batch_norm_vjp(X, g, b, dY, eps=1e-5):
    C, r = centred(X, eps)
    dC = g * dY
    by_variance = C * (dC * C).mean(axis=0) * r**3
    dX = r * dC - by_variance - (dC * r).sum(axis=0)
    return dX, (dY * C * r).sum(axis=0), dY.sum(axis=0)
