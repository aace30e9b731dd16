"""The random inputs of rounding_campaign.py: what a regime makes of each argument, and the shapes they come in.

Drawn in float64 and rounded to the dtype. A *draw* knows the number format, so that "wide" or "near overflow" means the
same in each. Everything drawn is a valid input.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from backproof_properties.arrays import NUMPY_DTYPES, Array, Case
from backproof_spec.rounding.formats import FORMATS, Format

Draw: TypeAlias = Callable[[np.random.Generator, tuple[int, ...], Format], Array]


# --- what inputs are like -----------------------------------------------------------------------------------------


def normal(rng: np.random.Generator, shape: tuple[int, ...], _: Format) -> Array:
    """Standard normal."""
    return rng.standard_normal(shape)


def scaled(exponent: Callable[[Format], int]) -> Draw:
    """Uniform in (−1, 1), times a power of two."""
    return lambda rng, shape, form: np.ldexp(rng.uniform(-1, 1, shape), exponent(form))


def wide(rng: np.random.Generator, shape: tuple[int, ...], form: Format) -> Array:
    """Magnitudes over half of the exponent range."""
    return np.ldexp(rng.uniform(-1, 1, shape), rng.integers(-form.emax // 2, form.emax // 2, shape))


def subnormal(rng: np.random.Generator, shape: tuple[int, ...], form: Format) -> Array:
    """Subnormal or barely normal; in one array of two, mixed with standard normal entries."""
    limit = 2 ** (form.precision + 1)
    tiny = np.ldexp(rng.integers(-limit, limit, shape).astype(np.float64), form.subnormal_exponent)
    return np.where(rng.random(shape) < rng.choice((1 / 2, 1)), tiny, rng.standard_normal(shape))


def paired(*axes: int, sign: int = 1) -> Draw:
    """Along these axes the second half repeats the first, times ``sign`` and with some last bits changed."""

    def draw(rng: np.random.Generator, shape: tuple[int, ...], form: Format) -> Array:
        A = np.round(np.ldexp(rng.standard_normal(shape), form.precision - 2))
        for axis in axes:
            half = shape[axis] // 2
            B = np.moveaxis(A, axis, 0)
            B[half : 2 * half] = sign * B[:half] + rng.integers(-1, 2, B[:half].shape)
        return np.ldexp(A, 2 - form.precision)

    return draw


def offset(rng: np.random.Generator, shape: tuple[int, ...], form: Format) -> Array:
    """One number, with noise in the lower half of its significand."""
    return rng.standard_normal() + np.ldexp(rng.standard_normal(shape), -form.precision // 2)


def gaps(rng: np.random.Generator, shape: tuple[int, ...], _: Format) -> Array:
    """Logits past which exp underflows or overflows in some format."""
    far = rng.choice((0, 8, 11, 17, 88, 104, 709, 745.5, 800, 20000), shape)
    return rng.choice((-1, 1), shape) * far + rng.standard_normal(shape)


def common(rng: np.random.Generator, shape: tuple[int, ...], form: Format) -> Array:
    """Logits that differ by a few units, beside an offset that takes up to nine tenths of the significand."""
    offset = np.ldexp(1.5, round(rng.choice((0.4, 0.9)) * form.precision))
    return offset + rng.uniform(-4, 4, shape)


def outlying(rng: np.random.Generator, shape: tuple[int, ...], form: Format) -> Array:
    """One logit of each column far below the others, not so far that e to that power would overflow."""
    Z = rng.standard_normal(shape)
    Z[rng.integers(0, shape[0], shape[1]), np.arange(shape[1])] -= rng.uniform(0, 0.6 * form.emax, shape[1])
    return Z


def one_hot(rng: np.random.Generator, shape: tuple[int, ...], _: Format) -> Array:
    """One 1 in each column."""
    return np.eye(shape[0])[:, rng.integers(0, shape[0], shape[1])]


def labels(rng: np.random.Generator, shape: tuple[int, ...], _: Format) -> Array:
    """Columns that sum to one to within rounding; in one array of four, whatever they sum to."""
    P = rng.random(shape) * (rng.random(shape) < 3 / 4)
    return P if rng.random() < 1 / 4 else P / np.maximum(P.sum(axis=0), 1e-3)


def uniform(_: np.random.Generator, shape: tuple[int, ...], __: Format) -> Array:
    """The uniform distribution."""
    return np.full(shape, 1 / shape[0])


def probability(rng: np.random.Generator, shape: tuple[int, ...], form: Format) -> Array:
    """In (0, 1), at least u."""
    return np.maximum(rng.random(shape), 2.0**-form.precision)


def at_most_one(draw: Draw) -> Draw:
    """Absolute values, at most 1."""
    return lambda rng, shape, form: np.minimum(np.abs(draw(rng, shape, form)), 1)


def extreme(rng: np.random.Generator, shape: tuple[int, ...], form: Format) -> Array:
    """Probabilities 0, 1, a few units below 1, and the smallest numbers."""
    step = 2.0**-form.precision
    values = [0, 1, 1 - step, 1 - 2 * step, 1 - 5 * step, 2.0**form.emin, 2.0**form.subnormal_exponent]
    return rng.choice(values, shape)


def reciprocal(rng: np.random.Generator, shape: tuple[int, ...], form: Format) -> Array:
    """About 1/Ω: its quotients nearly overflow, or do."""
    return np.ldexp(rng.uniform(1, 16, shape), -form.emax - 3)


TOP: Draw = scaled(lambda form: form.emax)
ROOT: Draw = scaled(lambda form: form.emax // 2 - 1)
UNIT: Draw = scaled(lambda _: -2)
CLOSE: Draw = scaled(lambda form: -form.precision // 2)
STEEP: Draw = scaled(lambda _: 6)


# --- which inputs each operation meets --------------------------------------------------------------------------------

LINEAR_SHAPES = ((24, 24, 24), (5, 5, 5), (3, 70, 9), (66, 2, 33), (1, 1, 1), (12, 7, 1), (8, 1, 65))
COLUMN_SHAPES = ((16, 16), (5, 5), (70, 3), (2, 66), (1, 4), (1, 1), (10, 1))
NETWORK_SHAPES = ((6, 6, 6, 6), (3, 5, 2, 4), (2, 66, 3, 5), (4, 3, 67), (1, 1, 1), (8, 8, 8))
"""(m, n, p), (n, p), and the layers' sizes: the batch is last in all three. Some large enough for blocked kernels."""
PLACES = {"W": (0, 1), "Y": (1, 2), "b": (0,), "dZ": (0, 2), "Z": (0, 1), "S": (0, 1), "P": (0, 1), "dS": (0, 1)}
"""Which dimensions each argument has."""

Regimes: TypeAlias = dict[str, dict[str, Draw]]


@dataclass(frozen=True)
class Inputs:
    """What an operation is tried on: the regimes that make sense for it, with a draw for each argument, and shapes."""

    regimes: Regimes
    shapes: tuple[tuple[int, ...], ...]

    def cases(self, regime: str, dtype: str, rng: np.random.Generator) -> Iterator[tuple[Case, int]]:
        """Inputs in this regime, shape after shape, without end; and the number of samples."""
        form, draws = FORMATS[dtype], self.regimes[regime]

        def drawn(name: str, *shape: int) -> Array:
            with np.errstate(all="ignore"):
                return draws[name](rng, shape, form).astype(NUMPY_DTYPES[dtype])

        for sizes in itertools.cycle(self.shapes):
            *widths, batch = sizes
            if "weights" in draws:
                layers = list(itertools.pairwise(widths))
                case: Case = {
                    "weights": [drawn("weights", rows, columns) for columns, rows in layers],
                    "biases": [drawn("biases", rows) for _, rows in layers],
                    "X": drawn("X", widths[0], batch),
                    "P": drawn("P", widths[-1], batch),
                }
            else:
                case = {name: drawn(name, *(sizes[k] for k in PLACES[name])) for name in draws}
            yield case, batch


LINEAR = Inputs(
    {
        "normal": {"W": normal, "Y": normal, "b": normal},
        "wide": {"W": wide, "Y": wide, "b": wide},
        "subnormal": {"W": subnormal, "Y": subnormal, "b": subnormal},
        "near overflow": {"W": ROOT, "Y": ROOT, "b": TOP},
        "cancelling": {"W": paired(1, sign=-1), "Y": paired(0), "b": CLOSE},
    },
    LINEAR_SHAPES,
)
LINEAR_VJP = Inputs(
    {
        "normal": {"W": normal, "Y": normal, "b": normal, "dZ": normal},
        "wide": {"W": wide, "Y": wide, "b": wide, "dZ": wide},
        "subnormal": {"W": subnormal, "Y": subnormal, "b": normal, "dZ": subnormal},
        "near overflow": {"W": UNIT, "Y": UNIT, "b": normal, "dZ": TOP},
        "cancelling": {"W": paired(0), "Y": paired(1), "b": normal, "dZ": paired(0, 1, sign=-1)},
        "one-hot": {"W": normal, "Y": normal, "b": normal, "dZ": one_hot},
    },
    LINEAR_SHAPES,
)
SOFTMAX = Inputs(
    {
        "normal": {"Z": normal},
        "wide": {"Z": wide},
        "subnormal": {"Z": subnormal},
        "near overflow": {"Z": TOP},
        "saturated": {"Z": gaps},
        "offset": {"Z": common},
        "outlying": {"Z": outlying},
    },
    COLUMN_SHAPES,
)
SOFTMAX_VJP = Inputs(
    {
        **{name: {**draws, "dS": normal} for name, draws in SOFTMAX.regimes.items()},
        "wide": {"Z": normal, "dS": wide},
        "subnormal": {"Z": normal, "dS": subnormal},
        "near overflow": {"Z": normal, "dS": TOP},
        "cancelling": {"Z": normal, "dS": offset},
        "one-hot": {"Z": gaps, "dS": one_hot},
    },
    COLUMN_SHAPES,
)
CROSS_ENTROPY = Inputs(
    {
        "normal": {"S": probability, "P": labels},
        "wide": {"S": at_most_one(wide), "P": labels},
        "subnormal": {"S": at_most_one(subnormal), "P": at_most_one(subnormal)},
        "near overflow": {"S": reciprocal, "P": labels},
        "saturated": {"S": extreme, "P": labels},
        "one-hot": {"S": probability, "P": one_hot},
    },
    COLUMN_SHAPES,
)
FUSED = Inputs(
    {
        **{name: {**draws, "P": labels} for name, draws in SOFTMAX.regimes.items()},
        "cancelling": {"Z": CLOSE, "P": uniform},
        "one-hot": {"Z": gaps, "P": one_hot},
    },
    COLUMN_SHAPES,
)
NETWORK = Inputs(
    {
        "normal": {"weights": normal, "biases": normal, "X": normal, "P": labels},
        "subnormal": {"weights": subnormal, "biases": subnormal, "X": subnormal, "P": labels},
        "cancelling": {"weights": paired(1, sign=-1), "biases": CLOSE, "X": paired(0), "P": labels},
        "saturated": {"weights": STEEP, "biases": normal, "X": normal, "P": labels},
        "one-hot": {"weights": normal, "biases": normal, "X": normal, "P": one_hot},
    },
    NETWORK_SHAPES,
)
