"""Rows that are looked up again are added up."""

import numpy as np


def embedding(E, t):
    return E[t]


def embedding_vjp(E, t, dY):
    dE = np.zeros_like(E)
    np.add.at(dE, t, dY)
    return dE
