"""tensorflow#119430: products of all divided by one, which may be 0."""

import numpy as np

OPERATIONS = ["products.op"]


def products(x, y, z):
    return x * y, x * y * z


def products_vjp(x, y, z, dQ, dR):
    Q, R = products(x, y, z)
    with np.errstate(all="ignore"):
        return (dQ * Q + dR * R) / x, (dQ * Q + dR * R) / y, dR * R / z
