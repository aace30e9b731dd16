"""Samples that are not kept have neither a loss nor a gradient."""

import numpy as np

OPERATIONS = ["kept_losses.op"]


def log_softmax(Z):
    C = Z - Z.max(axis=1, keepdims=True) if Z.size else Z
    return C - np.log(np.exp(C).sum(axis=1, keepdims=True))


def kept_losses(Z, t, keep):
    return -keep * log_softmax(Z)[np.arange(len(t)), t]


def kept_losses_vjp(Z, t, keep, dL):
    dZ = np.exp(log_softmax(Z))
    dZ[np.arange(len(t)), t] -= 1
    return dZ * (keep * dL)[:, None]
