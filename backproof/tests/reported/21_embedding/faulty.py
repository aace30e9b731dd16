"""pytorch#1528: of rows that are looked up again the last one overwrites the others."""

import numpy as np


def embedding(E, t):
    return E[t]


def embedding_vjp(E, t, dY):
    dE = np.zeros_like(E)
    dE[t] = dY
    return dE
