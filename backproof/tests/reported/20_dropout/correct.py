"""What was dropped has no gradient."""


def dropout(X, M, keep=0.5):
    return X * M / X.dtype.type(keep)


def dropout_vjp(X, M, dY, keep=0.5):
    return dY * M / X.dtype.type(keep)
