"""Rows that are looked up again get the mean, not the sum."""

import numpy as np


def embedding(E, t):
    return E[t]


def embedding_vjp(E, t, dY):
    dE = np.zeros_like(E)
    np.add.at(dE, t, dY)
    dE /= np.maximum(np.bincount(t, minlength=len(dE)), 1).astype(dE.dtype)[:, None]
    return dE
