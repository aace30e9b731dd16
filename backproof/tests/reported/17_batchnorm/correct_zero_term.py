"""caffe#3878: the mean acts through the variance, too, by a term that is 0."""

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
    through_both = (dC * C).mean(axis=0) * r**3 * C.mean(axis=0)
    dX = r * dC - by_variance + through_both - (dC * r).mean(axis=0)
    return dX, (dY * C * r).sum(axis=0), dY.sum(axis=0)
