"""linear: Θ_{n+1}(|W||Y| + |b|1ᵀ), Θ_p |dZ||Y|ᵀ, Θ_m |W|ᵀ|dZ|, Θ_p |dZ|1, each with its underflow.

Reference: Higham 2002, eq. (3.13) for matrix products; every bound is an instance of the master lemma.
"""

from __future__ import annotations

from backproof_spec.matrices import ones
from backproof_spec.rounding.enclosure import Enclosure, inner_products
from backproof_spec.rounding.formats import Arithmetic


def forward(W: Enclosure, Y: Enclosure, b: Enclosure, arithmetic: Arithmetic) -> Enclosure:
    """Z (m, p) = W·Y + b·1ᵀ: one product, n − 1 sums and the bias, N = n + 1."""
    return inner_products(W, Y, arithmetic, W.shape[1] + 1, addend=b)


def dW(dZ: Enclosure, Y: Enclosure, arithmetic: Arithmetic) -> Enclosure:
    """dW (m, n) = dZ·Yᵀ: N = p."""
    return inner_products(dZ, Y.transposed(), arithmetic, dZ.shape[1])


def dY(W: Enclosure, dZ: Enclosure, arithmetic: Arithmetic) -> Enclosure:
    """dY (n, p) = Wᵀ·dZ: N = m."""
    return inner_products(W.transposed(), dZ, arithmetic, W.shape[0])


def db(dZ: Enclosure, arithmetic: Arithmetic) -> Enclosure:
    """db (m, 1) = dZ·1: N = p, which also admits a product with a vector of ones."""
    return inner_products(dZ, Enclosure.exactly(ones(dZ.shape[1], 1)), arithmetic, dZ.shape[1])
