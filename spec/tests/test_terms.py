"""Terms: what is one, opening and closing, polynomials, and what a formula depends on."""

import pytest
from declared import D, T, W, X, Y, declared, f, i, inverse, j, k, l, r, s

from backproof_spec.calculus.notation import (
    Expression,
    exp,
    number,
    total,
)
from backproof_spec.calculus.terms import (
    MINUS_ONE,
    ONE,
    ZERO,
    Theory,
    check,
    close,
    free_indices,
    open_,
    polynomial,
)

A, C = X[i], Y[i]


@pytest.fixture
def p():
    return declared()


@pytest.mark.parametrize(
    "term",
    [
        ("num", -3, 4),
        ("dim", "n"),
        ("entry", "W", (r, i)),
        ("entry", "S", (i,)),
        ("entry", "D", ()),
        ("add", ZERO, ONE),
        ("mul", ZERO, ONE),
        ("inv", ZERO),
        ("exp", ZERO),
        ("log", MINUS_ONE),
        ("ind", ZERO),
        ("delta", "n", (i, i)),
        ("sum", "n", ("sum", "m", ("entry", "W", (("bound", 0, "m"), ("bound", 1, "n"))))),
        ("map", "f", (r,), ("n",), ("entry", "W", (r, ("bound", 0, "n")))),
        ("slope", "f", (r, i), ("n",), ("sum", "m", ("entry", "W", (("bound", 0, "m"), ("bound", 1, "n"))))),
    ],
    ids=lambda term: term[0],
)
def test_what_is_written_as_the_docstring_says_is_a_term(term, p):
    check(p.theory, term)
    assert p("refl", term).conclusion == ("eq", term, term)


def test_opening_undoes_closing_at_any_depth():
    term = total(W[r, i] * f.at((s,), (j,), W[r, j] * X[i] * total(W[s, k], k)), l).term
    closed = close(term, (r, i))
    assert free_indices(closed) == {s}
    assert open_(closed, (r, i)) == term
    assert open_(closed, (s, k)) == total(W[s, k] * f.at((s,), (j,), W[s, j] * X[k] * total(W[s, i], i)), l).term


def test_a_polynomial_is_the_same_however_it_is_written():
    assert polynomial(((A + C) * (A - C)).term) == polynomial((A * A - C * C).term)
    assert polynomial((A - A).term) == {}
    assert polynomial((A * A).term) == {frozenset({(A.term, 2)}): 1}
    assert polynomial((A / 3 + exp(A)).term) == {
        frozenset({(A.term, 1), (inverse(Expression(number(3))).term, 1)}): 1,
        frozenset({(exp(A).term, 1)}): 1,
    }


def test_a_theory_knows_what_a_formula_depends_on():
    theory = declared().theory
    assert [theory.kind(name) for name in ("X", "f", "S", "Z", 3)] == ["variable", "map", "defined", None, None]
    assert (theory.dims("W"), theory.dims("S"), theory.rest("f")) == (("m", "n"), ("n",), ("m",))
    assert theory.depends(f.at((r,), (i,), D[()] * T[i]).term) == {"f", "D", "S", "X", "c", "Y", "T"}
    assert Theory().kind("X") is None
