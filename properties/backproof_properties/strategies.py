"""Inputs chosen to confuse: shapes, adversarial floats, labels, networks. Everything drawn is valid by construction.

Values are decoded from integers by a regime (``regimes``), so that Hypothesis shrinks towards simple numbers; arrays
too large to draw entry by entry come from a seed that is drawn.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

from backproof_properties import sweep
from backproof_properties.arrays import NUMPY_DTYPES, Array, Case
from backproof_properties.regimes import (
    LOGITS,
    OFFSETS,
    ORDINARY,
    PROBABILITIES,
    VALUES,
    Regime,
    dense,
    rare_probability,
)
from backproof_properties.source import Seed, Source
from backproof_properties.subject import Domain

DRAWN_ENTRIES = 16
"""Arrays up to this size are drawn entry by entry; larger ones from a seed."""


# --- shapes -----------------------------------------------------------------------------------------------------------

_SIZES = (1, 2, 3, 2, 3, 4, 2, 3, 5, 2, 3, 4, 1, 0)
"""Ordinary sizes, those most telling most often; 0 last, so that a counterexample with entries is preferred."""
_LARGE = (65, 8, 66, 16, 70, 17, 67, 32, 100, 33, 65, 64, 66, 128)
"""At and beyond powers of two, where blocked and vectorised kernels change path; most often one block and a rest."""
_TIES = ("free", "01", "free", "12", "02", "free", "012", "large", "large")
"""Which of three dimensions are equal: square weights, outputs = batch, inputs = batch, all; or one large."""


def _within(size: int, least: int, most: int | None) -> int:
    return max(least, size if most is None else min(size, most))


def dimensions(source: Source, domain: Domain, least: tuple[int, ...]) -> tuple[int, ...]:
    """Sizes, at least ``least``; the last is the batch. Ties are frequent; sizes beyond 64 where the domain admits."""
    limits = domain.conventions.limits
    width, batch = limits.sizes("width"), limits.sizes("batch")
    floor = [max(size, domain.least) for size in least]
    floor[-1] = max(floor[-1], 1 if _divides_by_batch(domain) else 0)
    sizes = [source.of(_SIZES) for _ in least]
    tie = source.of(_TIES[:-2] if domain.small else _TIES[-1:] if domain.long else _TIES)
    if domain.swept is not None:
        sizes = [*sweep.sizes(len(least), domain.swept, few=domain.few)]
    elif tie == "large":
        sizes = [min(size, 3) for size in sizes]
        sizes[source.of((-1, *range(len(sizes))))] = source.of(_LARGE)
    elif tie != "free":
        equal = [int(place) for place in tie if int(place) < len(sizes)]
        for place in equal[1:]:
            sizes[place] = sizes[equal[0]]
    largest = domain.largest if domain.swept is None else max(sizes)
    sizes = [max(min(size, largest), low) for size, low in zip(sizes, floor, strict=True)]
    return (*(_within(size, *width) for size in sizes[:-1]), _within(sizes[-1], *batch))


def _divides_by_batch(domain: Domain) -> bool:
    return domain.conventions.reduction == "mean" or "1/batch" in domain.conventions.scale.values()


# --- arrays -----------------------------------------------------------------------------------------------------------


def arrays(source: Source, domain: Domain, shape: tuple[int, ...], regimes: tuple[Regime, ...] = VALUES) -> Array:
    """An array of this shape whose entries come from one regime (or two, mixed).

    Where sizes are long or all tried it is one of the first two, whose numbers are ordinary: none hides another.
    """
    form, size = domain.format, int(np.prod(shape))
    regimes = regimes[:2] if domain.long or domain.sweeps else regimes
    regimes = tuple(each for each in regimes if each is not rare_probability) if domain.sweeps else regimes
    regime = source.of(regimes)
    other = source.of(regimes)
    flat: Any
    if domain.sweeps:
        numbers = np.random.default_rng(source.whole(0, 2**32 - 1)).integers(0, 2**62, size)
        flat = np.where(numbers & 7 == 7, other(numbers >> 3, form), regime(numbers >> 3, form))  # noqa: PLR2004 - below
    else:
        drawn = source if size <= DRAWN_ENTRIES else Seed(source.whole(0, 2**32 - 1))
        codes = drawn.codes(size)
        flat = [(other if code & 7 == 7 else regime)(code >> 3, form) for code in codes]  # noqa: PLR2004 - one in eight
    A = sweep.repeated(np.array(flat, dtype=np.float64).astype(NUMPY_DTYPES[domain.dtype]).reshape(shape), domain.swept)
    return A if set(regimes) <= {*PROBABILITIES} else _of_magnitude(domain, A)


def _of_magnitude(domain: Domain, A: Array) -> Array:
    """A with every entry that is not 0 moved to the declared magnitudes."""
    declared = domain.conventions.limits.magnitude
    if declared is None:
        return A
    low, high = declared
    size = np.abs(A.astype(np.float64))
    moved = np.where(size > 0, np.clip(size, low, high), 0)
    return np.asarray(np.copysign(moved, A.astype(np.float64)), A.dtype)


def biases(source: Source, domain: Domain, shape: tuple[int, ...], regimes: tuple[Regime, ...] = VALUES) -> Array:
    """A bias; 0 for targets without."""
    b = arrays(source, domain, shape, regimes)
    return b if domain.conventions.limits.biases else np.zeros_like(b)


_EVEN: tuple[tuple[int, ...], ...] = (*[()] * 9, (1,), (0,), (0, 1))
"""The axes along which a cotangent is the same, as the gradients of sums and means are."""


def cotangents(source: Source, domain: Domain, shape: tuple[int, ...], regimes: tuple[Regime, ...] = VALUES) -> Array:
    """What flows back: any numbers, now and then the same ones in every column, in every row, or everywhere."""
    A: Array = arrays(source, domain, shape, regimes)
    axes = source.of(_EVEN)
    A[...] = A[tuple(slice(1 if axis in axes else None) for axis in range(A.ndim))]
    return A


def logits(source: Source, domain: Domain, shape: tuple[int, ...]) -> Array:
    """Logits: ties, gaps past which exp underflows, saturation, common offsets; within the declared limit."""
    return limited(domain, arrays(source, domain, shape, LOGITS))


def limited(domain: Domain, Z: Array) -> Array:
    """Z within the declared limit."""
    limit = domain.conventions.limits.logit
    if limit is None:
        return Z
    largest = min(float(limit), float(domain.format.largest))
    clipped = np.clip(Z.astype(np.float64), -largest, largest).astype(Z.dtype)
    return np.where(
        np.abs(clipped.astype(np.float64)) > largest, np.zeros_like(Z), clipped
    )  # where rounding exceeds it


_MASKED = (*[False] * 7, True)
"""Is an array masked? One in eight."""


def masked(source: Source, domain: Domain, Z: Array, P: Array | None = None) -> Array:
    """Z with entries of −inf now and then, as a mask leaves them: in no column everywhere, at no class with a label."""
    limits = domain.conventions.limits
    unbounded = limits.infinite and limits.logit is None and limits.magnitude is None
    if domain.sweeps or not (unbounded and source.of(_MASKED) and Z.size):
        return Z
    generator = np.random.default_rng(source.whole(0, 2**32 - 1))
    absent: Array = np.asarray(generator.random(Z.shape) < 1 / 2)
    absent[: generator.integers(len(Z))] = True  # a run of classes, as of padding, and any others
    if P is not None:
        absent &= P == 0
    absent[generator.integers(len(Z)), absent.all(axis=0)] = False
    return np.where(absent, Z.dtype.type(-np.inf), Z)


# --- labels -----------------------------------------------------------------------------------------------------------

_LABEL_UNITS = 256


def labels(source: Source, domain: Domain, shape: tuple[int, int]) -> Array:
    """One column of label mass for each sample: one-hot, exactly or nearly normalised, unnormalised, or none at all."""
    kinds: list[Callable[[random.Random, int, Domain], list[float]]] = [_one_hot]
    if domain.conventions.labels == "distribution":
        kinds += [_soft]
        kinds += {"unsupported": [], "rounding": [_rounded], "ignored": [_no_mass]}.get(
            domain.conventions.unnormalised_labels, [_rounded, _unnormalised, _no_mass]
        )
    if domain.sweeps:  # a sample without labels hides what is done with it
        kinds = [each for each in kinds if each is not _no_mass]
    kind = source.of((*kinds, None))  # None: each column of its own kind
    numbers = random.Random(source.whole(0, 2**32 - 1))  # noqa: S311 - test data, not secrets
    n, p = shape
    columns = [(kind or numbers.choice(kinds))(numbers, n, domain) for _ in range(p)]
    P = sweep.repeated(np.array(columns, dtype=np.float64).reshape(p, n).T, domain.swept, (-1,))
    return np.ascontiguousarray(P.astype(NUMPY_DTYPES[domain.dtype]))


def _one_hot(source: random.Random, n: int, domain: Domain) -> list[float]:  # noqa: ARG001 - one signature for all
    label = source.randrange(n)
    return [1.0 if i == label else 0.0 for i in range(n)]


def _soft(source: random.Random, n: int, domain: Domain) -> list[float]:  # noqa: ARG001 - one signature for all
    """Multiples of 1/256 that sum to one exactly, in every format."""
    cuts = sorted(source.randrange(_LABEL_UNITS + 1) for _ in range(n - 1))
    return [(b - a) / _LABEL_UNITS for a, b in zip([0, *cuts], [*cuts, _LABEL_UNITS], strict=True)]


def _rounded(source: random.Random, n: int, domain: Domain) -> list[float]:  # noqa: ARG001 - one signature for all
    """w/Σw rounded: the sum is one to within rounding, as computed labels are."""
    weights = [source.randrange(1, 1000) for _ in range(n)]
    return [w / sum(weights) for w in weights]


def _unnormalised(source: random.Random, n: int, domain: Domain) -> list[float]:
    return [dense(2 * source.getrandbits(60), domain.format) for _ in range(n)]


def _no_mass(source: random.Random, n: int, domain: Domain) -> list[float]:  # noqa: ARG001 - one signature for all
    return [0.0] * n


# --- networks ---------------------------------------------------------------------------------------------------------


ROOMY = 24
"""Formats of this precision bear deep and wide networks."""
_DEPTHS, _SHALLOW = (1, 2, 3, 4, 3, 2, 3, 1, 3, 5, 2, 6), (1, 2, 3)
_LAYERS = (
    "plain", "scaled", "equal", "plain", "tied", "offset", "scaled", "zero", "plain", "dead", "scaled", "wide", "plain",
)  # fmt: skip
FAR = (
    800.0,
    17.0,
    100.0,
    1000.0,
    11.5,
    750.0,
    95.0,
    20000.0,
    105.0,
    720.0,
    90.0,
    1e6,
    100.0,
    1e9,
    900.0,
    1e15,
    15.0,
    1e20,
    1e30,
)
"""Logits of these sizes: past them exp underflows or overflows in some format, and of shifted logits it does not."""
_EVEN_GAP, _DEEPEST = 4.0, 5
"""Logits at which no probability is small, and the most layers, where sizes are gone through."""
NEAR = (17.0, 100.0, 800.0)
"""Those at which differentiation keeps most of its digits."""


def _scale_logits(weights: list[Array], biases: list[Array], X: Array, size: float, *, gap: bool) -> None:
    """Scale the last layer so that its largest logit, or gap of logits, is this, where the format can hold it."""
    with np.errstate(all="ignore"):
        Z = last_logits(weights, biases, X)
        measured = Z.max(axis=0, initial=-np.inf) - Z.min(axis=0, initial=np.inf) if gap else Z.ravel()
        factor = size / measured[np.abs(measured).argmax()] if Z.any() and measured.any() else 1.0
        changed = [(A.astype(np.float64) * factor).astype(A.dtype) for A in (weights[-1], biases[-1])]
    if all(np.isfinite(A.astype(np.float64)).all() for A in changed):
        weights[-1], biases[-1] = changed


def last_logits(weights: list[Array], biases: list[Array], X: Array) -> Array:
    """Z of the last layer, in float64."""
    Y = Z = X.astype(np.float64)
    for W, b in zip(weights, biases, strict=True):
        Z = W.astype(np.float64) @ Y + b.astype(np.float64)[:, None]
        Y = np.maximum(Z, 0)
    return Z


def _layout(source: Source, domain: Domain, kind: str) -> tuple[list[int], int]:
    """The widths from the input to the logits, and the batch."""
    limits = domain.conventions.limits
    width, depth = limits.sizes("width"), limits.sizes("depth")
    roomy = not domain.small and domain.format.precision >= ROOMY  # else most of it could overflow
    if domain.swept is not None:
        layers = _within(1 + domain.swept * 3 // 2 % (_DEEPEST if roomy else len(_SHALLOW)), *depth)
        swept, batch = sweep.layers(domain.swept, layers, few=domain.few)
        batch = max(batch, 1 if _divides_by_batch(domain) else 0)
        return [_within(max(size, 1), *width) for size in swept], _within(batch, *limits.sizes("batch"))
    layers = _within(source.of(_DEPTHS if roomy else _SHALLOW), *depth)
    batch = dimensions(source, domain, (0,))[0]
    sizes = [_within(source.of(_SIZES[:-1]), 0, 3 if domain.small else None) for _ in range(layers + 1)]
    if kind == "wide" and roomy:
        sizes[source.whole(0, layers)] = source.of(_LARGE)
    if kind in {"equal", "tied"}:
        sizes = [sizes[0]] * (layers + 1)
    most = 3 if batch > DRAWN_ENTRIES else domain.largest
    if domain.small:
        batch = _within(min(batch, 2), *limits.sizes("batch"))
    return [_within(min(size, most, domain.largest), *width) for size in sizes], batch


def networks(
    source: Source, domain: Domain, regimes: tuple[Regime, ...] = ORDINARY, sizes_of_logits: tuple[float, ...] = FAR
) -> Case:
    """Weights, biases, input and labels: depth 1 to 6, equal or different widths, one wide, tied, dead, zero layers.

    In a small domain depth and sizes are what differentiation at high precision can afford.
    """
    limits = domain.conventions.limits
    kind = "scaled" if domain.sweeps else source.of(_LAYERS)
    sizes, batch = _layout(source, domain, kind)
    weights = [arrays(source, domain, (rows, columns), regimes) for columns, rows in pairwise(sizes)]
    offsets = [biases(source, domain, (rows,), regimes) for rows in sizes[1:]]
    X = arrays(source, domain, (sizes[0], batch), regimes)
    if kind == "tied":
        weights, offsets = ([parts[0].copy() for _ in parts] for parts in (weights, offsets))
    elif kind == "scaled":
        size = min(source.of(sizes_of_logits), float(domain.format.largest) / 16)
        _scale_logits(weights, offsets, X, _EVEN_GAP if domain.sweeps else size, gap=source.of((False, True)))
    elif kind == "offset":
        offsets[-1] = biases(source, domain, (sizes[-1],), OFFSETS)
    else:
        _replace_layer(kind, source.whole(0, len(weights) - 1), weights, offsets)
    weights, offsets = ([_of_magnitude(domain, A) for A in each] for each in (weights, offsets))
    if limits.logit is not None:
        limit_logits(weights, offsets, X, limits.logit)
    return {"weights": weights, "biases": offsets, "X": X, "P": labels(source, domain, (sizes[-1], batch))}


def _replace_layer(kind: str, layer: int, weights: list[Array], biases: list[Array]) -> None:
    """A layer of zeros, or one behind which nothing passes."""
    if kind == "zero":
        weights[layer], biases[layer] = np.zeros_like(weights[layer]), np.zeros_like(biases[layer])
    elif kind == "dead" and biases[layer].any():
        biases[layer] = np.full_like(biases[layer], -64)


def limit_logits(weights: list[Array], biases: list[Array], X: Array, limit: float) -> None:
    """Scale the last layer down by a power of two until its logits are within the limit; to zero if they overflow."""
    with np.errstate(all="ignore"):
        Z = last_logits(weights, biases, X)
    largest = np.abs(Z).max(initial=0.0)
    if not largest <= limit:
        scalable = np.isfinite(largest) and limit > 0
        factor = 2.0 ** -np.ceil(np.log2(largest / limit)) if scalable else 0.0
        for A in (weights[-1], biases[-1]):
            A[...] = (A.astype(np.float64) * factor).astype(A.dtype)
