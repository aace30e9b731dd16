"""numpy-ml#94: the mask is not applied to the gradient."""


def dropout(X, M, keep=0.5):
    return X * M / X.dtype.type(keep)


def dropout_vjp(X, M, dY, keep=0.5):
    return dY / X.dtype.type(keep)
