"""Products of the others."""

OPERATIONS = ["products.op"]


def products(x, y, z):
    return x * y, x * y * z


def products_vjp(x, y, z, dQ, dR):
    return dQ * y + dR * y * z, dQ * x + dR * x * z, dR * x * y
