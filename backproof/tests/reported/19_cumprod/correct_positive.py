"""Of numbers that are not 0 the products may be divided: the built-in operation is of positive ones."""


def cumprod(X):
    return X.cumprod(axis=1)


def cumprod_vjp(X, dY):
    return (dY * cumprod(X))[:, ::-1].cumsum(axis=1)[:, ::-1] / X
