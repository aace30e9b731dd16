"""What tanh takes off, as in Torch7: Collobert, Kavukcuoglu, Farabet 2011, BigLearn workshop at NIPS."""

from __future__ import annotations

import numpy as np

from backproof_impl.numerics import Array


def tanhshrink(X: Array) -> Array:
    """Y = X − tanh X."""
    return X - np.tanh(X)


def tanhshrink_vjp(X: Array, dY: Array) -> Array:
    """dX = dY∘tanh² X."""
    T = np.tanh(X)
    return dY * T * T
