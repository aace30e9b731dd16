"""The rules of the kernel: each gives what its docstring says, and what they give together is true in numbers."""

from collections import defaultdict
from fractions import Fraction
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mpmath import mp

from backproof_spec.calculus import evaluate, kernel, terms
from backproof_spec.calculus.evaluate import Model
from backproof_spec.calculus.kernel import RULES, SCHEMES
from backproof_spec.calculus.notation import (
    Expression,
    Map,
    Tensor,
    always,
    delta,
    derivative,
    equal,
    exp,
    indices,
    log,
    nonzero,
    positive,
    size,
    step,
    total,
)
from backproof_spec.calculus.tactics import Proof
from backproof_spec.calculus.terms import (
    MINUS_ONE,
    ONE,
    ZERO,
    Refused,
    Theory,
    check,
    close,
    free_indices,
    number,
    open_,
    parts,
    polynomial,
)

i, j, k, l, r, s = indices(i="n", j="n", k="n", l="n", r="m", s="m")
X, Y, T = (Tensor(name, ("n",)) for name in "XYT")
W, c = Tensor("W", ("m", "n")), Tensor("c", ())
S, D = Tensor("S", ("n",)), Tensor("D", ())
f = Map("f", ("n",), ("m",))
VARIABLES = (X, Y, T, W, c)


@pytest.fixture
def p():
    return declared()


def declared():
    p = Proof()
    for tensor in VARIABLES:
        p.variable(tensor.name, *tensor.dims)
    p.map(f.name, f.inputs, f.outputs)
    p.define("S", (i,), X[i] * exp(c[()]))
    p.define("D", (), total(S[i] * Y[i], i))
    return p


# --- one rule at a time -----------------------------------------------------------------------------------------------


def inverse(a):
    return Expression(("inv", a.term))


def nonneg(a):
    return ("nonneg", a.term)


A, B, C, E = X[i], X[j], Y[i], W[r, i]
dA, dB = derivative(A, X[k], delta(i, k)), derivative(B, X[k], delta(j, k))
INSTANCES = {
    "refl": ((), (A,), equal(A, A)),
    "sym": ((equal(A, C),), (), equal(C, A)),
    "trans": ((equal(A, C), equal(C, E)), (), equal(A, E)),
    "cong_add": ((equal(A, B), equal(C, E)), (), equal(A + C, B + E)),
    "cong_mul": ((equal(A, B), equal(C, E)), (), equal(A * C, B * E)),
    "cong_inv": ((equal(A, B),), (), equal(inverse(A), inverse(B))),
    "cong_exp": ((equal(A, B),), (), equal(exp(A), exp(B))),
    "cong_log": ((equal(A, B),), (), equal(log(A), log(B))),
    "cong_ind": ((equal(A, B),), (), equal(step(A), step(B))),
    "pos_eq": ((equal(A, B), positive(A)), (), positive(B)),
    "nonneg_eq": ((equal(A, B), nonneg(A)), (), nonneg(B)),
    "nonzero_eq": ((equal(A, B), nonzero(A)), (), nonzero(B)),
    "exp_add": ((), (A, C), equal(exp(A + C), exp(A) * exp(C))),
    "exp_zero": ((), (), equal(exp(0), 1)),
    "log_exp": ((), (A,), equal(log(exp(A)), A)),
    "exp_log": ((positive(A),), (), equal(exp(log(A)), A)),
    "log_mul": ((positive(A), positive(C)), (), equal(log(A * C), log(A) + log(C))),
    "log_inv": ((positive(A),), (), equal(log(inverse(A)), -log(A))),
    "inv_mul": ((nonzero(A), nonzero(C)), (), equal(inverse(A * C), inverse(A) * inverse(C))),
    "inv_inv": ((nonzero(A),), (), equal(inverse(inverse(A)), A)),
    "cancel": ((nonzero(A),), (), equal(A / A, 1)),
    "ind_nonneg": ((nonneg(A),), (), equal(step(A), 1)),
    "ind_negative": ((positive(-A),), (), equal(step(A), 0)),
    "pos_exp": ((), (A,), positive(exp(A))),
    "pos_add": ((positive(A), nonneg(C)), (), positive(A + C)),
    "pos_mul": ((positive(A), positive(C)), (), positive(A * C)),
    "pos_inv": ((positive(A),), (), positive(inverse(A))),
    "nonneg_square": ((), (A,), nonneg(A * A)),
    "nonneg_mul": ((nonneg(A), nonneg(C)), (), nonneg(A * C)),
    "nonneg_weaken": ((positive(A),), (), nonneg(A)),
    "nonzero_weaken": ((positive(A),), (), nonzero(A)),
    "d_add": ((dA, dB), (), derivative(A + B, X[k], delta(i, k) + delta(j, k))),
    "d_mul": ((dA, dB), (), derivative(A * B, X[k], delta(i, k) * B + A * delta(j, k))),
    "d_exp": ((dA,), (), derivative(exp(A), X[k], exp(A) * delta(i, k))),
    "d_log": ((dA, positive(A)), (), derivative(log(A), X[k], inverse(A) * delta(i, k))),
    "d_inv": ((dA, nonzero(A)), (), derivative(inverse(A), X[k], -(inverse(A) * inverse(A)) * delta(i, k))),
    "d_ind": ((dA, nonzero(A)), (), derivative(step(A), X[k], 0)),
    "d_value": ((equal(delta(i, k), Y[k]), dA), (), derivative(A, X[k], Y[k])),
}


def obtained(p, judgement):
    """∂X[i]/∂X[k] by its rule; any other judgement by assuming it."""
    if judgement[0] == "deriv":
        return p("d_variable", judgement[1], judgement[3][2], judgement[2])
    return p("assume", always(judgement), ())


@pytest.mark.parametrize("name", SCHEMES)
def test_a_scheme_gives_its_conclusion_under_what_its_premises_assume(name, p):
    premises, arguments, conclusion = INSTANCES[name]
    theorem = p(name, *(obtained(p, judgement) for judgement in premises), *(a.term for a in arguments))
    assumed = {always(judgement) for judgement in premises if judgement[0] != "deriv"}
    assert (theorem.conclusion, theorem.hypotheses) == (conclusion, assumed)


EQUATION = always(equal(X[i], Y[i]), i)
ABOVE = always(positive(X[i]), i)
NONEMPTY = always(positive(size("n")))


def equation(p):
    return p("assume", EQUATION, (i,))


def outer(p):
    return p("d_mul", p("d_variable", "X", (i,), (l,)), p("d_constant", "X", (l,), Y[i].term))


def inner(p):
    return p("d_exp", p("d_variable", "T", (j,), (k,)))


STEPS = {
    "ring": (
        lambda p: p("ring", (A * (C + 1) - A).term, (C * A).term),
        set(),
        equal(A * (C + 1) - A, C * A),
    ),
    "cong_sum": (
        lambda p: p("cong_sum", i, equation(p)),
        {EQUATION},
        equal(total(X[i], i), total(Y[i], i)),
    ),
    "cong_map": (
        lambda p: p("cong_map", f.at((r,), (j,), X[j]).term, (i,), equation(p)),
        {EQUATION},
        equal(f.at((r,), (i,), X[i]), f.at((r,), (i,), Y[i])),
    ),
    "cong_map, of the slope": (
        lambda p: p("cong_map", f.slope((r, i), (j,), X[j]).term, (i,), equation(p)),
        {EQUATION},
        equal(f.slope((r, i), (j,), X[j]), f.slope((r, i), (j,), Y[j])),
    ),
    "unfold": (
        lambda p: p("unfold", "S", (j,)),
        set(),
        equal(S[j], X[j] * exp(c[()])),
    ),
    "unfold, of what has no index": (
        lambda p: p("unfold", "D", ()),
        set(),
        equal(D[()], total(S[i] * Y[i], i)),
    ),
    "assume": (
        lambda p: p("assume", always(equal(W[r, i], total(X[j] * W[r, j], j) * X[i]), r, i), (s, j)),
        {always(equal(W[r, i], total(X[j] * W[r, j], j) * X[i]), r, i)},
        equal(W[s, j], total(X[i] * W[s, i], i) * X[j]),
    ),
    "cut": (
        lambda p: p("cut", p("pos_exp", X[i].term), (i,), p("assume", always(positive(exp(X[i])), i), (j,))),
        set(),
        positive(exp(X[j])),
    ),
    "instance": (
        lambda p: p("instance", p("assume", always(positive(total(W[r, i] * X[j], j))), ()), i, k),
        {always(positive(total(W[r, k] * X[j], j)))},
        positive(total(W[r, k] * X[j], j)),
    ),
    "specialise": (
        lambda p: p("specialise", p("assume", ABOVE, (j,)), "X", (k,), total(W[r, k] * Y[k], r).term),
        {always(positive(total(W[r, k] * Y[k], r)), k)},
        positive(total(W[r, j] * Y[j], r)),
    ),
    "specialise, under ∂": (
        lambda p: p("specialise", p("d_variable", "X", (i,), (k,)), "Y", (j,), T[j].term),
        set(),
        dA,
    ),
    "sum_add": (
        lambda p: p("sum_add", total(X[i] + W[r, i], i).term),
        set(),
        equal(total(X[i] + W[r, i], i), total(X[i], i) + total(W[r, i], i)),
    ),
    "sum_factor": (
        lambda p: p("sum_factor", total(total(Y[j], j) * X[i], i).term),
        set(),
        equal(total(total(Y[j], j) * X[i], i), total(Y[j], j) * total(X[i], i)),
    ),
    "sum_constant": (
        lambda p: p("sum_constant", total(Y[j], i).term),
        set(),
        equal(total(Y[j], i), size("n") * Y[j]),
    ),
    "sum_swap": (
        lambda p: p("sum_swap", total(W[r, i] * total(X[j] * W[r, j], j), r, i).term),
        set(),
        equal(
            total(W[r, i] * total(X[j] * W[r, j], j), r, i),
            total(W[r, i] * total(X[j] * W[r, j], j), i, r),
        ),
    ),
    "sum_delta": (
        lambda p: p("sum_delta", total(delta(i, j) * total(W[r, i], r), i).term),
        set(),
        equal(total(delta(i, j) * total(W[r, i], r), i), total(W[r, j], r)),
    ),
    "delta_same": (
        lambda p: p("delta_same", i),
        set(),
        equal(delta(i, i), 1),
    ),
    "pos_number": (
        lambda p: p("pos_number", ("num", 3, 4)),
        set(),
        positive(Fraction(3, 4)),
    ),
    "pos_sum": (
        lambda p: p("pos_sum", i, p("assume", ABOVE, (i,)), p("assume", NONEMPTY, ())),
        {ABOVE, NONEMPTY},
        positive(total(X[i], i)),
    ),
    "nonneg_sum": (
        lambda p: p("nonneg_sum", i, p("nonneg_square", X[i].term)),
        set(),
        nonneg(total(X[i] * X[i], i)),
    ),
    "d_variable": (
        lambda p: p("d_variable", "W", (r, i), (s, k)),
        set(),
        derivative(W[r, i], W[s, k], delta(r, s) * delta(i, k)),
    ),
    "d_variable, of what has no index": (
        lambda p: p("d_variable", "c", (), ()),
        set(),
        derivative(c[()], c[()], 1),
    ),
    "d_constant": (
        lambda p: p("d_constant", "T", (k,), D[()].term),
        set(),
        derivative(D[()], T[k], 0),
    ),
    "d_sum": (
        lambda p: p("d_sum", i, p("d_exp", p("d_variable", "X", (i,), (k,)))),
        set(),
        derivative(total(exp(X[i]), i), X[k], total(exp(X[i]) * delta(i, k), i)),
    ),
    "d_map": (
        lambda p: p("d_map", "f", (r,), "X", (k,)),
        set(),
        derivative(f.at((r,), (i,), X[i]), X[k], f.slope((r, k), (i,), X[i])),
    ),
    "d_chain": (
        lambda p: p("d_chain", outer(p), (j,), inner(p)),
        set(),
        derivative(
            exp(T[i]) * Y[i], T[k], total((delta(i, l) * Y[i] + exp(T[i]) * 0) * (exp(T[l]) * delta(l, k)), l)
        ),
    ),
    "d_chain, under hypotheses": (
        lambda p: p(
            "d_chain",
            p("d_log", p("d_variable", "X", (i,), (l,)), p("assume", ABOVE, (i,))),
            (j,),
            p("d_log", p("d_variable", "T", (j,), (k,)), p("assume", always(positive(T[i]), i), (j,))),
        ),
        {always(positive(log(T[i])), i), always(positive(T[i]), i)},
        derivative(
            log(log(T[i])), T[k], total(inverse(log(T[i])) * delta(i, l) * (inverse(T[l]) * delta(l, k)), l)
        ),
    ),
    "d_function": (
        lambda p: p("d_function", p("ring", A.term, (1 * A).term), p("d_variable", "X", (i,), (k,))),
        set(),
        derivative(1 * A, X[k], delta(i, k)),
    ),
}  # fmt: skip


@pytest.mark.parametrize("rule", STEPS)
def test_a_rule_gives_its_conclusion_and_carries_its_hypotheses(rule, p):
    proof, hypotheses, conclusion = STEPS[rule]
    theorem = proof(p)
    assert (theorem.conclusion, theorem.hypotheses) == (conclusion, hypotheses)


def test_every_rule_and_every_scheme_is_stated_here():
    assert {name.partition(",")[0] for name in STEPS} == RULES.keys() - {"scheme"}
    assert INSTANCES.keys() == SCHEMES.keys()


NOTHING = (0 * X[i]).term
"""Nothing, said with an index."""


def zero_by_X(p):
    """0 = X[i], X[i] = c ⊢ 0 = c."""
    return p("trans", p("assume", always(equal(0, X[i])), ()), p("assume", always(equal(X[i], c[()])), ()))


LAST_INDEX = {
    "scheme": (lambda p: p("trans", p("ring", ZERO, NOTHING), p("ring", NOTHING, ZERO)), equal(0, 0)),
    "assume": (lambda p: p("assume", always(equal(0, 1), i), (i,)), equal(0, 1)),
    "cut": (
        lambda p: p(
            "cut",
            p("ring", ZERO, NOTHING),
            (),
            p("trans", p("assume", always(("eq", ZERO, NOTHING)), ()), p("ring", NOTHING, ZERO)),
        ),
        equal(0, 0),
    ),
    "specialise": (lambda p: p("specialise", p("ring", NOTHING, ZERO), "X", (j,), ONE), equal(Expression(ZERO) * 1, 0)),
    "d_chain": (
        lambda p: p(
            "d_chain",
            p("d_function", p("ring", ZERO, NOTHING), p("d_constant", "X", (l,), ZERO)),
            (j,),
            p("d_variable", "c", (), ()),
        ),
        derivative(0 * c[()], c[()], total(Expression(ZERO) * 1, l)),
    ),
    "d_function": (
        lambda p: p("d_function", p("ring", NOTHING, ZERO), p("d_constant", "c", (), NOTHING)),
        derivative(0, c[()], 0),
    ),
    "scheme, of one premise": (
        lambda p: p(
            "d_ind",
            p("d_value", p("ring", ONE, ("add", ONE, NOTHING)), p("d_variable", "c", (), ())),
            p("assume", always(nonzero(c[()])), ()),
        ),
        derivative(step(c[()]), c[()], 0),
    ),
    "specialise, in a hypothesis": (lambda p: p("specialise", zero_by_X(p), "X", (j,), ONE), equal(0, c[()])),
    "d_chain, in a hypothesis": (
        lambda p: p(
            "d_chain",
            p("d_value", zero_by_X(p), p("d_constant", "X", (l,), ZERO)),
            (j,),
            p("d_constant", "c", (), ONE),
        ),
        derivative(0, c[()], total(c[()] * 0, l)),
    ),
}


@pytest.mark.parametrize("rule", LAST_INDEX)
def test_where_the_last_index_of_a_dimension_goes_it_is_assumed_not_to_be_empty(rule, p):
    proof, conclusion = LAST_INDEX[rule]
    theorem = proof(p)
    assert theorem.conclusion == conclusion
    assert NONEMPTY in theorem.hypotheses


def test_an_index_may_go_while_another_of_its_dimension_is_left(p):
    left = p("trans", p("ring", (0 * X[j]).term, NOTHING), p("ring", NOTHING, ZERO))
    assert (left.conclusion, left.hypotheses) == (equal(0 * X[j], 0), frozenset())


# --- terms ------------------------------------------------------------------------------------------------------------


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


# --- all of them at once, in numbers ----------------------------------------------------------------------------------

KINDS = ("eq", "pos", "nonneg", "nonzero", "deriv")
FREE = {"n": (i, j, k), "m": (r, s)}


class Search:
    """Rules applied at random to terms and to theorems that they gave before."""

    def __init__(self, random):
        self.p, self.random = declared(), random
        self.theorems = defaultdict(list)
        self.lemmas = {}

    def step(self):
        """A rule, and the theorem that it gives, where it gives one."""
        name = self.random.choice([*MOVES, *RARE, *(name for name in SCHEMES if name not in MOVES)])
        try:
            theorem = self.p(name, *(MOVES[name](self) if name in MOVES else self.premises(name)))
        except (Refused, Missing):
            return None
        self.theorems[theorem.conclusion[0]].append(theorem)
        return name, theorem

    def slips(self):
        """Now and then a step is tried that has to be refused."""
        return self.random.random() < 0.1

    # --- terms ---

    def term(self, depth=2):
        """A term, or a part of what is proved already."""
        pick = self.random.random
        known = self.known()
        if known and pick() < 0.3:
            return self.random.choice(known)
        if depth == 0 or pick() < 0.2:
            return self.leaf()
        op = self.random.choice(["add", "mul", "mul", "sum", "sum", "inv", "exp", "log", "ind", "map", "slope"])
        if op == "sum":
            return self.sum(self.term(depth - 1))
        if op in {"map", "slope"}:
            (at,) = self.places(("m",))
            places = (at, self.index("n")) if op == "slope" else (at,)
            return (op, "f", places, ("n",), close(self.term(depth - 1), (self.index("n"),)))
        return (op, *(self.term(depth - 1) for _ in range(2 if op in {"add", "mul"} else 1)))

    def known(self):
        """The terms of some theorem that stand under no Σ and no λ."""
        whole = [side for theorem in self.any() for side in sides(theorem.conclusion)]
        return [part for side in whole for part, depth in parts(side) if not depth]

    def leaf(self):
        kind = self.random.choice(["num", "dim", "delta", "entry", "entry", "entry", "entry"])
        if kind == "num":
            return self.number()
        dim = self.random.choice("nm")
        if kind == "dim":
            return ("dim", dim)
        if kind == "delta":
            return ("delta", dim, (self.index(dim), self.index(dim)))
        tensor = self.random.choice((*VARIABLES, X, S, D))
        return ("entry", tensor.name, self.places(tensor.dims))

    def number(self):
        return number(Fraction(self.random.choice([-1, 0, 0, 1, 1, 2, 3]), self.random.choice([1, 1, 2])))

    def index(self, dim=None):
        """Seldom the last of its dimension, by which X is differentiated."""
        *usual, last = FREE[dim or self.random.choice("nnm")]
        return last if self.slips() else self.random.choice(usual)

    def places(self, dims):
        return tuple(self.index(dim) for dim in dims)

    def sum(self, body):
        index = self.index()
        return ("sum", index[2], close(body, (index,)))

    def summed(self, op):
        """A sum of what a rule of sums may be about."""
        a, b = self.term(1), self.term(1)
        op = self.random.choice(["add", "mul", "sum"]) if self.slips() else op
        if op == "sum":
            return self.sum(self.sum(a))
        if op == "delta":
            index = self.index()
            return ("sum", index[2], close(("mul", ("delta", index[2], (index, self.index(index[2]))), a), (index,)))
        return self.sum(a if op is None else (op, a, b))

    def rearranged(self, a):
        """The same term in another way, mostly."""
        if a[0] in {"add", "mul"} and self.random.random() < 0.7:
            return (a[0], self.rearranged(a[2]), self.rearranged(a[1]))
        ways = [("mul", ONE, a), ("add", a, ZERO), ("add", ("mul", ZERO, self.term(1)), a), self.term(1)]
        return self.random.choice(ways)

    # --- theorems ---

    def any(self, *kinds):
        known = [theorem for kind in kinds or KINDS for theorem in self.theorems[kind]]
        return [self.random.choice(known)] if known else []

    def theorem(self, *kinds):
        for theorem in self.any(*(() if self.slips() else kinds)):
            return theorem
        raise Missing

    def premises(self, name):
        """Theorems that fit a scheme, if need be made for it, and its terms."""
        patterns, conclusion = SCHEMES[name]
        meant, found = defaultdict(self.term), []
        for pattern in patterns:
            fits = [th for th in self.theorems[pattern[0]] if kernel._matches(pattern, th.conclusion, dict(meant))]
            found.append(self.random.choice(fits) if fits and self.random.random() < 0.8 else self.made(pattern, meant))
            kernel._matches(pattern, found[-1].conclusion, meant)
        letters = dict.fromkeys(kernel._letters(conclusion))
        return *found, *(self.term() for letter in letters if letter not in meant)

    def made(self, pattern, meant):
        if pattern[0] == "deriv":
            return self.derivative()
        return self.assumed(kernel._filled(pattern, meant))

    def derivative(self):
        return self.p(*self.random.choice([
            ("d_variable", *self.differentiated("variable")),
            ("d_constant", *self.differentiated("constant")),
        ]))  # fmt: skip

    def assumed(self, judgement):
        """∀ i. J at some i, where J may be proved for arbitrary i already."""
        over = tuple(index for index in sorted(free_indices(judgement)) if self.random.random() < 0.5)
        return self.p("assume", always(judgement, *over), over)

    def lemma(self):
        lemma = self.theorem("eq", "pos", "nonneg", "nonzero")
        over = tuple(index for index in sorted(free_indices(lemma.conclusion)) if self.random.random() < 0.5)
        hypothesis = always(lemma.conclusion, *over)
        self.lemmas[hypothesis] = (lemma, over)
        return hypothesis, self.places(hypothesis[1])

    def cut(self):
        known = [theorem for theorems in self.theorems.values() for theorem in theorems]
        ready = [(each, theorem) for theorem in known for each in self.lemmas if each in theorem.hypotheses]
        if not ready:
            raise Missing
        hypothesis, theorem = self.random.choice(ready)
        lemma, over = self.lemmas[hypothesis]
        return self.theorem() if self.slips() else lemma, over, theorem

    def arbitrary(self, kind):
        theorem = self.theorem(kind)
        free = sorted(free_indices(theorem.conclusion)) or [self.index()]
        return self.random.choice(free), theorem

    def mapped(self):
        index, theorem = self.arbitrary("eq")
        op, places = self.random.choice([("map", (r,)), ("slope", (r, self.index("n")))])
        return (op, "f", places, ("n",), close(sides(theorem.conclusion)[0], (index,))), (index,), theorem

    def renamed(self):
        index, theorem = self.arbitrary(self.random.choice(KINDS))
        return theorem, index, self.index(index[2])

    def valued(self):
        tensor = self.variable(*VARIABLES)
        return self.theorem(), tensor.name, self.over(tensor.dims), self.term()

    def chained(self):
        outer, name = self.theorem("deriv"), self.random.choice("XTTc")
        inner = self.random.choice([th for th in self.theorems["deriv"] if th.conclusion[1] == name] or [outer])
        return outer, self.over(*(tensor.dims for tensor in VARIABLES if tensor.name == outer.conclusion[1])), inner

    def over(self, dims=()):
        """The indices of a λ."""
        return tuple(self.random.choice(FREE[dim]) if self.slips() else FREE[dim][0] for dim in dims)

    def equated(self, side):
        """A derivative, and an equation of what is differentiated or of what it is."""
        derivative = self.theorem("deriv")
        term = sides(derivative.conclusion)[side]
        known = [theorem for theorem in self.theorems["eq"] if theorem.conclusion[1] == term]
        if self.slips() or (known and self.random.random() < 0.5):
            return self.random.choice(known or [self.theorem("eq")]), derivative
        if self.random.random() < 0.5:
            return self.p("ring", term, self.rearranged(term)), derivative
        return self.assumed(("eq", term, self.term(1))), derivative

    def ring(self):
        a = self.term()
        return a, self.rearranged(a)

    def variable(self, *among):
        return self.random.choice((S, D) if self.slips() else among or (X, X, X, T, c))

    def by(self, tensor):
        """Mostly one index for each tensor, so that derivatives fit together."""
        usual = tuple(FREE[dim][-1 if tensor == X else 1] for dim in tensor.dims)
        return self.places(tensor.dims) if self.slips() else usual

    def differentiated(self, what):
        tensor = self.variable()
        by = self.by(tensor)
        if what == "variable":
            return tensor.name, self.places(tensor.dims), by
        return (tensor.name, by, self.term()) if what == "constant" else ("f", self.places(("m",)), tensor.name, by)


RARE = ("cut", "specialise", "d_chain", "d_chain", "d_function")
"""Rules whose premises seldom fit."""


def sides(judgement):
    """The terms that a judgement is about."""
    return judgement[3 if judgement[0] == "deriv" else 1 :]


class Missing(Exception):
    """There is no theorem yet of the kind that a rule needs."""


MOVES = {
    "ring": Search.ring,
    "cong_sum": lambda g: g.arbitrary("eq"),
    "cong_map": Search.mapped,
    "unfold": lambda g: g.random.choice([("S", g.places(("n",))), ("D", ())]),
    "assume": Search.lemma,
    "cut": Search.cut,
    "instance": Search.renamed,
    "specialise": Search.valued,
    "sum_add": lambda g: (g.summed("add"),),
    "sum_factor": lambda g: (g.summed("mul"),),
    "sum_constant": lambda g: (g.summed(None),),
    "sum_swap": lambda g: (g.summed("sum"),),
    "sum_delta": lambda g: (g.summed("delta"),),
    "delta_same": lambda g: (g.index(),),
    "pos_number": lambda g: (g.number(),),
    "pos_sum": lambda g: (*g.arbitrary("pos"), g.assumed(("pos", ("dim", g.random.choice("nm"))))),
    "nonneg_sum": lambda g: g.arbitrary("nonneg"),
    "d_variable": lambda g: g.differentiated("variable"),
    "d_constant": lambda g: g.differentiated("constant"),
    "d_sum": lambda g: g.arbitrary("deriv"),
    "d_map": lambda g: g.differentiated("map"),
    "d_chain": Search.chained,
    "d_function": lambda g: g.equated(0),
    "d_value": lambda g: g.equated(-1),
}


DIGITS, H, TINY, SMALL = 120, mp.mpf(10) ** -40, mp.mpf(10) ** -60, mp.mpf(10) ** -20
VALUES = [mp.mpf(value) / 2 for value in (-3, -2, -1, 0, 0, 1, 2, 2, 4)]


class Unknown(Exception):
    """A value is too large to be compared."""


def exponential(a):
    if abs(a) > 12:
        raise Unknown
    return mp.exp(a)


TOTAL = {
    "exp": exponential,
    "inv": lambda a: 1 / a if abs(a) > TINY else mp.mpf(7),
    "log": lambda a: mp.log(a) if a > TINY else a + 3,
    "ind": lambda a: mp.mpf(int(a > -TINY)),
}
"""The operators with some value everywhere, and with nothing within rounding of 0 taken to be anything else."""


@pytest.fixture(scope="module", autouse=True)
def every_value_is_defined():
    with pytest.MonkeyPatch.context() as patch:
        for op, function in TOTAL.items():
            patch.setitem(evaluate._OPERATORS, op, function)
        yield


class World(Model):
    """Dimensions, values and maps, and which judgements hold of them."""

    @classmethod
    def drawn(cls, theory, random):
        world = cls(theory, {dim: random.choice([0, 1, 1, 2, 2, 3]) for dim in FREE}, {}, {})
        for name, dims in ((tensor.name, tensor.dims) for tensor in VARIABLES):
            world.values[name] = {place: random.choice(VALUES) for place in world.places(dims)}
        world.maps["f"] = {
            place: {k: (random.choice(VALUES), random.choice(VALUES)) for k in world.places(f.inputs)}
            for place in world.places(f.outputs)
        }
        return world

    def holds(self, judgement, free, bound=()):
        op, *rest = judgement
        if op == "all":
            return all(self.holds(rest[1], free, tuple(reversed(place))) for place in self.places(rest[0]))
        if op == "deriv":
            name, by, e, d = rest
            return self.differentiates(name, tuple(free[index] for index in by), e, d, free)
        a, *b = (self.value(term, free, bound) for term in rest)
        if op == "eq":
            return near(a, *b)
        return bool({"pos": a > TINY, "nonneg": a > -TINY, "nonzero": abs(a) > TINY}[op])

    def differentiates(self, name, place, e, d, free):
        """Is d the limit of the difference quotients from above and from below?"""
        here, values = self.value(e, free), self.values[name]
        old, wanted = values[place], self.value(d, free)
        try:
            for h in (H, -H):
                values[place] = old + h
                if not near((self.value(e, free) - here) / h, wanted):
                    return False
        finally:
            values[place] = old
        return True


def near(a, b):
    return bool(abs(a - b) <= SMALL * max(abs(a), abs(b), 1))


def counterexample(theorem, theory, random):
    """Values at which every hypothesis holds and the conclusion does not; None where none are found."""
    free = sorted(free_indices(theorem.conclusion).union(*map(free_indices, theorem.hypotheses)))
    for world in [World.drawn(theory, random) for _ in range(9 if theorem.hypotheses else 3)]:
        places = list(world.places(tuple(dim for _, _, dim in free)))
        for place in random.sample(places, min(len(places), 3)):
            at = dict(zip(free, place, strict=True))
            try:
                holds = all(world.holds(each, at) for each in theorem.hypotheses)
                if holds and not world.holds(theorem.conclusion, at):
                    return world.sizes, world.values, at
            except Unknown:
                continue
    return None


def falsehood(random, steps):
    """A rule, the theorem that it gave, and values at which that is false; None where none is found."""
    search = Search(random)
    with mp.workdps(DIGITS):
        for name, theorem in filter(None, (search.step() for _ in range(steps))):
            found = counterexample(theorem, search.p.theory, random)
            if found:
                return name, theorem.hypotheses, theorem.conclusion, found
    return None


@pytest.mark.no_cover
@given(st.randoms(use_true_random=True))
def test_what_is_proved_by_steps_at_random_is_true_in_numbers(random):
    assert falsehood(random, 150) is None


@pytest.mark.no_cover
@pytest.mark.parametrize("guard", ["constant", "eigenvariable", "empty", "neighbourhood", "positive", "ring", "tied"])
def test_a_rule_without_its_guard_is_found_out(guard, monkeypatch):
    def require(name, condition, message):
        if name != guard:
            complete(name, condition, message)

    complete = terms.require
    for module in (terms, kernel):
        monkeypatch.setattr(module, "require", require)
    assert any(falsehood(Random(seed), 150) for seed in range(60))


@pytest.mark.parametrize("name", kernel.RULES)
def test_a_rule_leads_to_nothing_but_itself(name):
    assert not hasattr(kernel.RULES[name], "__wrapped__")
