"""What the tests of the spec share: exact fractions out of mpmath, whether an enclosure admits floats, and proofs."""

import json
from fractions import Fraction
from functools import cache

import numpy as np
import pytest
from mpmath import mp

from backproof_spec.calculus.coq import check
from backproof_spec.calculus.coq.theory import PRELUDE, source
from backproof_spec.calculus.derivation import proof_file, text
from backproof_spec.calculus.theorems import THEOREMS
from backproof_spec.matrices import as_matrix
from backproof_spec.rounding.enclosure import Enclosure


def _fraction(value):
    sign, mantissa, exponent, _ = value._mpf_
    return Fraction(-int(mantissa) if sign else int(mantissa)) * Fraction(2) ** exponent


def _fractions(A):
    return [[_fraction(A[i, j]) for j in range(A.cols)] for i in range(A.rows)]


def _refused(enclosure, computed):
    values = np.asarray(computed)
    values = (values if values.ndim == 2 else values.reshape(enclosure.shape)).astype(np.float64).tolist()
    places = []
    with mp.workprec(10_000):
        for i, row in enumerate(values):
            for j, got in enumerate(row):
                exact, radius = enclosure.exact[i, j], enclosure.radius[i, j]
                if mp.isfinite(exact) and radius == mp.inf:
                    continue
                if mp.isnan(exact):
                    admitted = not np.isfinite(got)
                elif not mp.isfinite(exact) or not np.isfinite(got):
                    compensated = not mp.isfinite(exact) and radius == mp.inf and np.isnan(got)
                    admitted = exact == got or compensated
                else:
                    admitted = abs(mp.mpf(got) - exact) <= radius
                if not admitted:
                    places.append((i, j))
    return places


@pytest.fixture(scope="session")
def fractions():
    """The entries of an mpmath matrix as exact fractions, in nested lists."""
    return _fractions


@pytest.fixture(scope="session")
def refused():
    """The places at which an enclosure does not admit what was computed; uncertified entries admit everything."""
    return _refused


@pytest.fixture(scope="session")
def known():
    """An array (or nested lists) as an enclosure of radius 0."""
    return lambda values: Enclosure.exactly(as_matrix("test", values))


@pytest.fixture(scope="session")
def near():
    """Whether an mpmath matrix agrees with literal fractions to 100 digits: no float is in between."""

    def agrees(A, expected):
        with mp.workdps(110):
            wanted = [[mp.mpf(Fraction(x).numerator) / Fraction(x).denominator for x in row] for row in expected]
            same_shape = (A.rows, A.cols) == (len(wanted), len(wanted[0]))
            return same_shape and all(
                abs(A[i, j] - x) < mp.mpf(10) ** -100 for i, row in enumerate(wanted) for j, x in enumerate(row)
            )

    return agrees


@pytest.fixture(scope="session")
def derived():
    """Each derivation, made once."""
    return cache(lambda stem: THEOREMS[stem]())


@pytest.fixture(scope="session")
def files(derived):
    """Each proof file as data read back from its text."""
    return lambda stem: json.loads(text(proof_file(derived(stem))))


@pytest.fixture(scope="session")
def compiled(tmp_path_factory):
    """A folder with the prelude, compiled; what Coq says there of a file."""
    folder = tmp_path_factory.mktemp("coq")
    (folder / f"{PRELUDE}.v").write_text(source(PRELUDE), encoding="utf-8")
    assert check._compiled(PRELUDE, folder, check.LONG).returncode == 0

    def said(exported):
        (folder / f"{exported.theorem}.v").write_text(exported.text, encoding="utf-8")
        return check._judged("", check._compiled(exported.theorem, folder, check.LONG), exported.places, "")

    return said
