"""Further spellings of the built-in operations, in NumPy, as people write them: pairs of a function and its vjp.

Each is another order of evaluation than that of the reference pairs: sums by einsum, loops or matrix products,
variances by ``var``, square roots by ``**-0.5``, backward passes in the n·dY − ΣdY − … form and as reverse sweeps.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from spellings_of_sequences import SEQUENCES, Array, Pair, rows_softmax

_erf = np.vectorize(math.erf, otypes=[float])


def erf(X: Array) -> Array:
    """Through math.erf, entry by entry."""
    return _erf(X).astype(X.dtype)


# --- normalisation ----------------------------------------------------------------------------------------------------


def _by_sizes(X: Array, G: Array, eps: float, axes: tuple[int, ...]) -> tuple[Array, Array]:
    """(n·G − ΣG − x̂·Σ G∘x̂)·r/n and x̂, where r = (var + eps)^−½."""
    n = X.dtype.type(math.prod(X.shape[k] for k in axes))
    r = (X.var(axis=axes, keepdims=True) + eps) ** -0.5
    x = (X - X.mean(axis=axes, keepdims=True)) * r
    sums = (np.sum(each, axis=axes, keepdims=True) for each in (G, G * x))
    one, two = sums
    return r / n * (n * G - one - x * two), x


def _by_sweep(X: Array, G: Array, eps: float, axes: tuple[int, ...]) -> tuple[Array, Array]:
    """Back through every line: x̂ = c·r, r = 1/√(v + eps), v = mean c², c = X − mean X."""
    n = math.prod(X.shape[k] for k in axes)
    c = X - np.sum(X, axis=axes, keepdims=True) / n
    root = np.sqrt(np.sum(c**2, axis=axes, keepdims=True) / n + eps)
    dv = np.sum(G * c, axis=axes, keepdims=True) * (-1 / root**2) * (0.5 / root)
    dc = G / root + 2 * c * dv / n
    return dc - np.sum(dc, axis=axes, keepdims=True) / n, c / root


Backward = Callable[[Array, Array, float, tuple[int, ...]], tuple[Array, Array]]


def _normalised(backward: Backward, axes: tuple[int, ...], other: tuple[int, ...], places: int) -> Pair:
    """A normalisation over ``axes``; gain and bias are summed over ``other`` and have so many axes added behind."""

    def wide(g: Array) -> Array:
        return g.reshape(*g.shape, *(1,) * places)

    def forward(X: Array, g: Array, b: Array, eps: float = 1e-5) -> Array:
        _, x = backward(X, np.zeros_like(X), eps, axes)
        return x * wide(g) + wide(b)

    def vjp(X: Array, g: Array, b: Array, dY: Array, eps: float = 1e-5) -> tuple[Array, ...]:
        dX, x = backward(X, dY * wide(g), eps, axes)
        return dX, np.sum(dY * x, axis=other), np.sum(dY, axis=other)

    return forward, vjp


def _rms_by_quotients() -> Pair:
    def forward(X: Array, g: Array, eps: float = 1e-6) -> Array:
        return X / np.sqrt(np.mean(X**2, axis=1, keepdims=True) + eps) * g

    def vjp(X: Array, g: Array, dY: Array, eps: float = 1e-6) -> tuple[Array, Array]:
        rms, n = np.sqrt(np.mean(X**2, axis=1, keepdims=True) + eps), X.shape[1]
        G = dY * g
        x = X / rms
        return (n * G - x * np.sum(G * x, axis=1, keepdims=True)) / (n * rms), np.einsum("si,si->i", dY, x)

    return forward, vjp


def _rms_by_sweep() -> Pair:
    def forward(X: Array, g: Array, eps: float = 1e-6) -> Array:
        return X * (np.einsum("si,si->s", X, X)[:, None] / X.shape[1] + eps) ** -0.5 * g

    def vjp(X: Array, g: Array, dY: Array, eps: float = 1e-6) -> tuple[Array, Array]:
        n = X.shape[1]
        r = (np.einsum("si,si->s", X, X)[:, None] / n + eps) ** -0.5
        dx = dY * g
        dr = np.sum(dx * X, axis=1, keepdims=True)
        return dx * r + (-0.5 * dr * r * r * r) * 2 * X / n, np.sum(dY * (X * r), axis=0)

    return forward, vjp


# --- losses -----------------------------------------------------------------------------------------------------------


def _cosine_of_units() -> Pair:
    def units(X: Array, Y: Array, eps: float) -> tuple[Array, ...]:
        n, m = (np.sqrt(np.einsum("si,si->s", A, A) + eps)[:, None] for A in (X, Y))
        return n, m, X / n, Y / m

    def forward(X: Array, Y: Array, eps: float = 1e-8) -> Array:
        _, _, x, y = units(X, Y, eps)
        return np.einsum("si,si->s", x, y)

    def vjp(X: Array, Y: Array, dC: Array, eps: float = 1e-8) -> tuple[Array, Array]:
        n, m, x, y = units(X, Y, eps)
        C = np.sum(x * y, axis=1, keepdims=True)
        return dC[:, None] / n * (y - C * x), dC[:, None] / m * (x - C * y)

    return forward, vjp


def _cosine_of_products() -> Pair:
    def forward(X: Array, Y: Array, eps: float = 1e-8) -> Array:
        n, m = (np.sqrt(np.sum(A**2, axis=1) + eps) for A in (X, Y))
        return np.sum(X * Y, axis=1) / (n * m)

    def vjp(X: Array, Y: Array, dC: Array, eps: float = 1e-8) -> tuple[Array, Array]:
        n, m = (np.sqrt(np.sum(A**2, axis=1, keepdims=True) + eps) for A in (X, Y))
        dot, d = np.sum(X * Y, axis=1, keepdims=True), dC[:, None]
        dn, dm = -d * dot / (n * n * m), -d * dot / (n * m * m)
        return d * Y / (n * m) + dn * X / n, d * X / (n * m) + dm * Y / m

    return forward, vjp


def _focal(power: Callable[[Array, float], Array]) -> Pair:
    def forward(p: Array, gamma: float = 2) -> Array:
        return np.sum(-power(1 - p, gamma) * np.log(p))

    def vjp(p: Array, dL: Array = 1, gamma: float = 2) -> Array:
        q = 1 - p
        return dL * gamma * power(q, gamma - 1) * np.log(p) - dL * power(q, gamma) / p

    return forward, vjp


def _weighted_log_softmax(Z: Array) -> Array:
    shifted = Z - np.max(Z, axis=1, keepdims=True)
    return shifted - np.log(np.sum(np.exp(shifted), axis=1, keepdims=True))


def _weighted_by_parts() -> Pair:
    """As PyTorch has it: (1 − smooth)·w[t]·nll + smooth/n·Σ w·nll."""

    def forward(Z: Array, t: Array, w: Array, keep: Array, smooth: float = 0.1) -> Array:
        nll, rows = -_weighted_log_softmax(Z), np.arange(len(t))
        picked = np.sum(keep * w[t] * nll[rows, t])
        return (1 - smooth) * picked + smooth / Z.shape[1] * np.sum(keep[:, None] * w * nll)

    def vjp(Z: Array, t: Array, w: Array, keep: Array, dL: Array = 1, smooth: float = 0.1) -> Array:
        dl = np.zeros_like(Z) - dL * smooth / Z.shape[1] * keep[:, None] * w
        dl[np.arange(len(t)), t] -= dL * (1 - smooth) * keep * w[t]
        return dl - np.exp(_weighted_log_softmax(Z)) * np.sum(dl, axis=1, keepdims=True)

    return forward, vjp


def _weighted_by_rows() -> Pair:
    def targets(Z: Array, t: Array, w: Array, smooth: float) -> Array:
        P = np.full_like(Z, smooth / Z.shape[1])
        P[np.arange(len(t)), t] += 1 - smooth
        return P * w

    def forward(Z: Array, t: Array, w: Array, keep: Array, smooth: float = 0.1) -> Array:
        total = Z.dtype.type(0)
        for P, logits, k in zip(targets(Z, t, w, smooth), Z, keep, strict=True):
            m = np.max(logits)
            total -= k * np.dot(P, (logits - m) - np.log(np.sum(np.exp(logits - m))))
        return total

    def vjp(Z: Array, t: Array, w: Array, keep: Array, dL: Array = 1, smooth: float = 0.1) -> Array:
        P = targets(Z, t, w, smooth)
        return keep[:, None] * dL * (np.einsum("sv,sk->sv", rows_softmax(Z), P) - P)

    return forward, vjp


def _smoothed() -> Pair:
    """By a distribution as labels: −Σ P·log S and S·ΣP − P."""

    def labels(Z: Array, t: Array, smooth: float) -> Array:
        return (1 - smooth) * np.eye(Z.shape[1], dtype=Z.dtype)[t] + smooth / Z.shape[1]

    def forward(Z: Array, t: Array, smooth: float = 0.1) -> Array:
        return -np.sum(labels(Z, t, smooth) * _weighted_log_softmax(Z))

    def vjp(Z: Array, t: Array, dL: Array = 1, smooth: float = 0.1) -> Array:
        P = labels(Z, t, smooth)
        return (rows_softmax(Z) * np.sum(P, axis=1, keepdims=True) - P) * dL

    return forward, vjp


# --- activations ------------------------------------------------------------------------------------------------------


def _swiglu() -> Pair:
    """Through eᵃ/(1 + eᵃ) where a < 0, and σ + a·σ·σ(−a)."""

    def logistic(A: Array) -> Array:
        small = np.exp(-np.abs(A))
        return np.where(A < 0, small, 1) / (1 + small)

    def forward(A: Array, B: Array) -> Array:
        return A * logistic(A) * B

    def vjp(A: Array, B: Array, dY: Array) -> tuple[Array, Array]:
        F = logistic(A)
        return dY * B * (F + A * F * logistic(-A)), dY * (A * F)

    return forward, vjp


def _gelu() -> Pair:
    def forward(X: Array) -> Array:
        return 0.5 * X * (1 + erf(X / math.sqrt(2)))

    def vjp(X: Array, dY: Array) -> Array:
        return (0.5 * (1 + erf(X / math.sqrt(2))) + X * np.exp(-0.5 * X**2) / math.sqrt(2 * math.pi)) * dY

    return forward, vjp


def _gelu_tanh(tanh: Callable[[Array], Array]) -> Pair:
    """t = tanh u, and 1 + t and 1 − t² formed from it."""
    root, cubic = math.sqrt(2 / math.pi), 0.044715

    def forward(X: Array) -> Array:
        return 0.5 * X * (1 + tanh(root * (X + cubic * X * X * X)))

    def vjp(X: Array, dY: Array) -> Array:
        x = np.clip(X, -30, 30)
        t = tanh(root * (x + cubic * x * x * x))
        return dY * (0.5 * (1 + t) + 0.5 * x * (1 - t) * (1 + t) * (root + 3 * root * cubic * x**2))

    return forward, vjp


# --- shapes and windows -----------------------------------------------------------------------------------------------


def _windows(X: Array, W: Array, stride: int, pad: int, dilation: int) -> Array:
    """(s, c, y, x, u, v): what each place of the kernel meets."""
    padded = np.pad(X, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    sizes = tuple(dilation * (n - 1) + 1 for n in W.shape[2:])
    return sliding_window_view(padded, sizes, axis=(2, 3))[:, :, ::stride, ::stride, ::dilation, ::dilation]


def _conv2d(contracted: Callable[[str, Array, Array], Array]) -> Pair:
    def forward(X: Array, W: Array, z: Array, stride: int = 1, pad: int = 0, dilation: int = 1) -> Array:
        seen = _windows(X, W, stride, pad, dilation)
        return contracted("scyxuv,ocuv->soyx", seen, W) + z[:, None, None]

    def vjp(
        X: Array, W: Array, z: Array, dY: Array, stride: int = 1, pad: int = 0, dilation: int = 1
    ) -> tuple[Array, ...]:
        seen, padded = (
            _windows(X, W, stride, pad, dilation),
            np.pad(np.zeros_like(X), ((0,) * 2,) * 2 + ((pad,) * 2,) * 2),
        )
        dseen = contracted("soyx,ocuv->scyxuv", dY, W)
        for y, x in np.ndindex(dY.shape[2:]):
            rows, columns = (
                slice(stride * k, stride * k + dilation * (n - 1) + 1, dilation)
                for k, n in zip((y, x), W.shape[2:], strict=True)
            )
            padded[:, :, rows, columns] += dseen[:, :, y, x]
        inside = (slice(pad, n + pad) for n in X.shape[2:])
        return padded[:, :, *inside], contracted("soyx,scyxuv->ocuv", dY, seen), np.einsum("soyx->o", dY)

    return forward, vjp


def _max_pool() -> Pair:
    def forward(X: Array, stride: int = 2, k: int = 2) -> Array:
        return sliding_window_view(X, k, axis=2)[:, :, ::stride].max(axis=-1)

    def vjp(X: Array, dY: Array, stride: int = 2, k: int = 2) -> Array:
        dX, first = np.zeros_like(X), sliding_window_view(X, k, axis=2)[:, :, ::stride].argmax(axis=-1)
        for s, c, y in np.ndindex(dY.shape):
            dX[s, c, stride * y + first[s, c, y]] += dY[s, c, y]
        return dX

    return forward, vjp


def _cumsum_by_product() -> Pair:
    def triangle(X: Array) -> Array:
        return np.triu(np.ones((X.shape[1], X.shape[1]), X.dtype))

    return lambda X: X @ triangle(X), lambda X, dY: dY @ triangle(X).T


def _cumsum_by_loop() -> Pair:
    def forward(X: Array) -> Array:
        Y = X.copy()
        for k in range(1, X.shape[1]):
            Y[:, k] += Y[:, k - 1]
        return Y

    return forward, lambda _, dY: np.flip(np.add.accumulate(np.flip(dY, axis=1), axis=1), axis=1)


def _embedding() -> Pair:
    def chosen(E: Array, t: Array) -> Array:
        return np.eye(len(E), dtype=E.dtype)[t]

    return lambda E, t: chosen(E, t) @ E, lambda E, t, dY: chosen(E, t).T @ dY


def _folded() -> Pair:
    """By a fold of logaddexp; the gradient shifted by the mean."""

    def vjp(Z: Array, dL: Array) -> Array:
        E = np.exp(Z - np.max(Z, axis=1, keepdims=True))
        return E * (dL / np.sum(E, axis=1))[:, None]

    return lambda Z: np.logaddexp.reduce(Z, axis=1), vjp


def _block(gelu: Pair, norm: Pair) -> Pair:
    def inside(X: Array, W: Array, b: Array, V: Array, d: Array) -> tuple[Array, Array, Array]:
        Z = np.einsum("si,hi->sh", X, W) + b
        G = gelu[0](Z)
        return Z, G, np.einsum("sh,ih->si", G, V) + d + X

    def forward(X: Array, W: Array, b: Array, V: Array, d: Array, g: Array, e: Array) -> Array:
        return norm[0](inside(X, W, b, V, d)[2], g, e)

    def vjp(X: Array, W: Array, b: Array, V: Array, d: Array, g: Array, e: Array, dY: Array) -> tuple[Array, ...]:
        Z, G, R = inside(X, W, b, V, d)
        dR, dg, de = norm[1](R, g, e, dY)
        dZ = gelu[1](Z, np.einsum("si,ih->sh", dR, V))
        weights = np.einsum("sh,si->hi", dZ, X), np.sum(dZ, axis=0), np.einsum("si,sh->ih", dR, G), np.sum(dR, axis=0)
        return np.einsum("sh,hi->si", dZ, W) + dR, *weights, dg, de

    return forward, vjp


def _dropped(kept: Callable[[Array, Array, float], Array]) -> Pair:
    return (lambda X, M, keep=0.5: kept(X, M, keep)), (lambda _, M, dY, keep=0.5: kept(dY, M, keep))


def _by_matrices(letters: str, A: Array, B: Array) -> Array:
    return np.einsum(letters, A, B, optimize=True)


_LAYER = tuple(_normalised(backward, (1,), (0,), 0) for backward in (_by_sizes, _by_sweep))

SPELLINGS: dict[str, tuple[Pair, ...]] = {
    **SEQUENCES,
    "batch_norm": tuple(_normalised(backward, (0,), (0,), 0) for backward in (_by_sizes, _by_sweep)),
    "group_norm": tuple(_normalised(backward, (2, 3), (0, 3), 1) for backward in (_by_sizes, _by_sweep)),
    "layer_norm": _LAYER,
    "rms_norm": (_rms_by_quotients(), _rms_by_sweep()),
    "cosine_similarity": (_cosine_of_units(), _cosine_of_products()),
    "focal": (_focal(np.power), _focal(lambda q, e: np.exp(e * np.log(q)))),
    "smoothed_cross_entropy": (_smoothed(),),
    "weighted_cross_entropy": (_weighted_by_parts(), _weighted_by_rows()),
    "gelu": (_gelu(),),
    "swiglu": (_swiglu(),),
    "gelu_tanh": (_gelu_tanh(np.tanh), _gelu_tanh(lambda u: 1 - 2 / (np.exp(2 * np.minimum(u, 20)) + 1))),
    "conv2d": (_conv2d(np.einsum), _conv2d(_by_matrices)),
    "max_pool": (_max_pool(),),
    "cumsum": (_cumsum_by_product(), _cumsum_by_loop()),
    "embedding": (_embedding(),),
    "logsumexp": (_folded(),),
    "dropout": (
        _dropped(lambda X, M, keep: X * (M * (1 / keep))),
        _dropped(lambda X, M, keep: np.where(M != 0, X / keep, 0).astype(X.dtype)),
    ),
    "mlp_block": tuple(_block(_gelu(), norm) for norm in _LAYER),
}
"""Of each operation; parameters by keyword, a loss's cotangent perhaps left out."""


def upcast(function: Any) -> Any:
    """In float32, rounded at the end."""

    def called(*arrays: Any, **options: float) -> Any:
        dtype = next(A.dtype for A in arrays if A.dtype.kind != "i")
        found = function(*(A if A.dtype.kind == "i" else A.astype(np.float32) for A in arrays), **options)
        rounded = [np.asarray(A).astype(dtype) for A in (found if isinstance(found, tuple) else (found,))]
        return tuple(rounded) if isinstance(found, tuple) else rounded[0]

    return called
