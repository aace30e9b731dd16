"""Paddle#48663, there in the loss too: the mean is over all samples, not over those that are kept."""

import numpy as np

OPERATIONS = ["mean_kept_loss.op"]


def log_softmax(Z):
    C = Z - Z.max(axis=1, keepdims=True) if Z.size else Z
    return C - np.log(np.exp(C).sum(axis=1, keepdims=True))


def mean_kept_loss(Z, t, keep):
    return -(keep * log_softmax(Z)[np.arange(len(t)), t]).sum() / keep.sum()


def mean_kept_loss_vjp(Z, t, keep, dL):
    dZ = np.exp(log_softmax(Z))
    dZ[np.arange(len(t)), t] -= 1
    return dL * dZ * keep[:, None] / Z.dtype.type(len(t))
