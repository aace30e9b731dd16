"""What the kernel has to refuse, and that each of its guards is needed: design §7.4.

Every attack is refused by the guard it names, and its twin, the same thing done rightly, is not. Then each guard is
taken away where it stands, and an attack has to get further; and so is each thing that a guard looks at.
"""

import ast
import copy
import inspect
import json
from collections import defaultdict
from random import Random

import pytest

from backproof_spec.calculus import evaluate, kernel, terms
from backproof_spec.calculus.derivation import steps_as_data
from backproof_spec.calculus.kernel import RULES, Theorem
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
    nonzero,
    positive,
    size,
    step,
    total,
)
from backproof_spec.calculus.replay import FORMAT, KERNEL, Rejected, file_digest, replay, stated
from backproof_spec.calculus.tactics import Proof
from backproof_spec.calculus.terms import MINUS_ONE, ONE, ZERO, Refused, Theory, close

i, j, k, l, r, s, t = indices(i="n", j="n", k="n", l="n", r="m", s="m", t="m")
X, Y, P = (Tensor(name, ("n",)) for name in "XYP")
S, W, A, B = Tensor("S", ("n",)), Tensor("W", ("m", "n")), Tensor("A", ("m", "m")), Tensor("B", ("m", "m"))
c = Tensor("c", ())
f, F = Map("f", ("n",), ()), Map("F", ("m", "n"), ("m",))


def declared():
    p = Proof()
    for tensor in (X, Y, P, W, A, B, c):
        p.variable(tensor.name, *tensor.dims)
    for each in (f, F):
        p.map(each.name, each.inputs, each.outputs)
    p.define("S", (i,), exp(X[i]))
    return p


# --- what the attacks are made of -------------------------------------------------------------------------------------


def assumed(p, judgement, *over):
    """∀ over. J ⊢ J."""
    return p("assume", always(judgement, *over), over)


def reflexive(p, term):
    return p("refl", term)


def by_X(p, at=i, by=k):
    return p("d_variable", "X", (at,), (by,))


def by_Y(p, at=j, by=k):
    return p("d_variable", "Y", (at,), (by,))


def nonneg(a):
    return ("nonneg", a.term)


def summed(body, index=i):
    """Σ of a body, whatever it is."""
    return ("sum", index[2], close(body, (index,)))


class Tuple(tuple):
    __slots__ = ()


class Text(str):
    __slots__ = ()


class Whole(int):
    __slots__ = ()


class Agreeable:
    """Equal to one thing, then to another."""

    __slots__ = ("seems",)

    def __init__(self, seems):
        self.seems = seems

    def __eq__(self, other):
        return other == self.seems

    def __hash__(self):
        return hash(self.seems)


class AgreeableList(list):
    __slots__ = ()
    __hash__ = None

    def __eq__(self, other):
        return True


class Subclass(Theorem):
    __slots__ = ()


class Alike(Theorem):
    """Equal to a theorem."""

    __slots__ = ("other",)

    def __init__(self, other):
        self.other = other

    def __eq__(self, other):
        return other is self.other

    def __hash__(self):
        return hash(self.other)


class Lookalike:
    conclusion, hypotheses = ("eq", ZERO, ONE), frozenset()


class Lenient(Theory):
    __slots__ = ()

    def depends(self, formula):
        del formula
        return frozenset()


class Turncoat:
    """A class that a theory can be given, and that gives it back when it is asked."""

    __slots__ = ("_declared",)
    kind, dims, rest = Theory.kind, Theory.dims, Theory.rest
    define, _declare = Theory.define, Theory._declare

    def depends(self, formula):
        del formula
        self.__class__ = Theory
        return frozenset()


def in_theory(theory, rule, *arguments):
    return RULES[rule](theory, *arguments)


def lenient(p, class_=Lenient):
    """The theory, in another class."""
    p.theory.__class__ = class_
    return p.theory


def agreeing(p):
    """A hypothesis that is one where that is asked, and a number where its indices are."""
    hostile = Agreeable("all")
    theorem = p("assume", (hostile, (), equal(c[()], 0)), ())
    hostile.seems = "num"
    theorem = p("specialise", theorem, "c", (), ONE)
    hostile.seems = "all"
    return p("cut", p("refl", ZERO), (), p("specialise", theorem, "c", (), ZERO))


def nested(depth):
    term = ZERO
    for _ in range(depth):
        term = ("exp", term)
    return term


def normalised(p):
    """ΣP = 1 ⊢ S·ΣP = S·1."""
    return p("cong_mul", p("refl", S[i].term), assumed(p, equal(total(P[j], j), 1)))


def witness(p, below):
    """Values at which both are true of c > 0 ⊢ 1[c ≥ 0] = 1 and −below > 0 ⊢ 1[below ≥ 0] = 0, that is 0 = 1 for c."""
    above = p("ind_nonneg", p("nonneg_weaken", assumed(p, positive(c[()]))))
    theorem = p("cong_add", above, p("ind_negative", assumed(p, positive(-below))))
    return evaluate.model(p, theorem.hypotheses, Random(1))


def file(p, edit):
    """A proof of 0 + X[i] = X[i] as data, in lists, edited, and replayed."""
    del p
    done = declared()
    arguments = (0 + X[i]).term, X[i].term
    theorem = done("ring", *arguments)
    data = {
        "format": FORMAT,
        "kernel": KERNEL,
        "declarations": [["variable", "X", ["n"]]],
        "steps": json.loads(json.dumps(steps_as_data([("ring", arguments, theorem)]))),
        "lines": [{"step": 0, "words": ""}],
        "statement": stated(theorem),
    }
    data["digest"] = file_digest(data)
    edit(data)
    return replay(data)


def retitled(data):
    """Another title, and the digest that goes with it."""
    data.update(title="another")
    data.update(digest=file_digest(data))


def as_S(p):
    """exp X[i] = S[i]."""
    return p("sym", p("unfold", "S", (i,)))


def as_c(p):
    """S[i] = c ⊢ exp X[i] = c."""
    return p("trans", as_S(p), assumed(p, equal(S[i], c[()])))


def X_is_Y(p, *over):
    """∀ over. X[i] = Y[i] ⊢ X[i] = Y[i]."""
    return assumed(p, equal(X[i], Y[i]), *over)


def off_the_kink(p, *over):
    """∀ over. X[i] ≠ 0 ⊢ ∂1[X[i] ≥ 0]/∂X[k] = 0."""
    return p("d_ind", by_X(p), assumed(p, nonzero(X[i]), *over))


def of_column(p, index):
    """∀ r, l. W[r, l] = 0 ⊢ W[r, index] = 0."""
    return p("assume", always(equal(W[r, l], 0), r, l), (r, index))


def slope_of_exp_X(p, equation):
    """exp X[i] = a ⊢ ∂(exp X[i])/∂X[k] = a·δ[i, k]."""
    return p("d_value", p("cong_mul", equation, p("refl", delta(i, k).term)), p("d_exp", by_X(p)))


def slope_of_X(p, *over):
    """P[k] = 0 ⊢ ∂X[i]/∂X[k] = δ[i, k] + P[k]."""
    added = p("cong_add", p("refl", delta(i, k).term), p("sym", assumed(p, equal(P[k], 0), *over)))
    return p("d_value", p("trans", p("ring", delta(i, k).term, (delta(i, k) + 0).term), added), by_X(p))


def exp_X_as_S(p):
    """∂S[i]/∂X[l]."""
    return p("d_function", as_S(p), p("d_exp", by_X(p, i, l)))


def through(p, outer_index=l, inner_index=i):
    """∂(exp X[i])/∂X[l] after X := λ j. Y[…]·Y[j]."""
    inner = p("d_mul", p("d_variable", "Y", (inner_index,), (k,)), by_Y(p))
    return p("d_chain", p("d_exp", by_X(p, i, outer_index)), (j,), inner)


# --- attacks, and their twins -----------------------------------------------------------------------------------------

ITEMS = (
    "capture",
    "an eigenvariable in the hypotheses",
    "moving an index-dependent factor out of a sum",
    "contracting a delta across dimensions",
    "empty ranges",
    "x/x = 1",
    "cancelling without ≠ 0",
    "log(ab) = log a + log b without positivity",
    "√(x²) = x",
    "any value for relu′(0)",
    "∂1[x ≥ 0] = 0 unconditionally",
    "a total product rule",
    "rewriting under ∂ with an inequality",
    "constants that are not constant",
    "tied variables",
    "dropped hypotheses",
    "transposed results",
    "contradictory hypotheses",
    "forged theorem",
    "mutated theorem",
    "hostile __eq__",
    "subclassed tuple",
    "bool or float as a number",
    "loose bound index",
    "an edited proof file",
)
"""What design §7.4 says must be refused."""

ATTACKS = {
    # name: (what refuses it, attack, twin)
    "capture: ∂ΣY[i]/∂Y[i] = n": (
        "eigenvariable",
        lambda p: p("d_sum", i, by_Y(p, i, i)),
        lambda p: p("d_sum", i, by_Y(p, i, k)),
    ),
    "capture: j becomes the i under Σ_i": (
        "loose",
        lambda p: p("instance", p("refl", summed((X[i] * Y[j]).term)), j, ("bound", 0, "n")),
        lambda p: p("instance", p("refl", summed((X[i] * Y[j]).term)), j, i),
    ),
    "capture: the index of the chain rule's sum stands in the inner function": (
        "capture",
        lambda p: through(p, l, l),
        lambda p: through(p, l, i),
    ),
    "capture: ∂Y[j]/∂Y[j] for arbitrary j": (
        "eigenvariable",
        lambda p: p("d_chain", by_X(p), (j,), by_Y(p, j, j)),
        lambda p: p("d_chain", by_X(p), (j,), by_Y(p, j, l)),
    ),
    "an eigenvariable in the hypotheses": (
        "eigenvariable",
        lambda p: p("cong_sum", i, assumed(p, equal(X[i], Y[i]))),
        lambda p: p("cong_sum", i, assumed(p, equal(X[i], Y[i]), i)),
    ),
    "an eigenvariable in the hypotheses of a map's argument": (
        "eigenvariable",
        lambda p: p("cong_map", f.at((), (i,), X[i]).term, (i,), assumed(p, equal(X[i], Y[i]))),
        lambda p: p("cong_map", f.at((), (i,), X[i]).term, (i,), assumed(p, equal(X[i], Y[i]), i)),
    ),
    "an eigenvariable in the hypotheses of a lemma": (
        "eigenvariable",
        lambda p: p("cut", assumed(p, positive(X[i])), (i,), assumed(p, positive(X[j]), j)),
        lambda p: p("cut", assumed(p, positive(X[i]), i), (i,), assumed(p, positive(X[j]), j)),
    ),
    "an eigenvariable in the hypotheses of a positive term": (
        "eigenvariable",
        lambda p: p("pos_sum", i, assumed(p, positive(X[i])), assumed(p, positive(size("n")))),
        lambda p: p("pos_sum", i, assumed(p, positive(X[i]), i), assumed(p, positive(size("n")))),
    ),
    "an eigenvariable in the hypotheses of a term at least 0": (
        "eigenvariable",
        lambda p: p("nonneg_sum", i, assumed(p, nonneg(X[i]))),
        lambda p: p("nonneg_sum", i, assumed(p, nonneg(X[i]), i)),
    ),
    "an eigenvariable in the hypotheses of the derivative of a term": (
        "eigenvariable",
        lambda p: p("d_sum", i, off_the_kink(p)),
        lambda p: p("d_sum", i, off_the_kink(p, i)),
    ),
    "an eigenvariable in the hypotheses of the outer derivative": (
        "eigenvariable",
        lambda p: p("d_chain", slope_of_X(p), (j,), by_Y(p, j, l)),
        lambda p: p("d_chain", slope_of_X(p, k), (j,), by_Y(p, j, l)),
    ),
    "an eigenvariable in the hypotheses of the inner derivative": (
        "eigenvariable",
        lambda p: p("d_chain", by_X(p, i, l), (j,), p("d_log", by_Y(p), assumed(p, positive(Y[j])))),
        lambda p: p("d_chain", by_X(p, i, l), (j,), p("d_log", by_Y(p), assumed(p, positive(Y[j]), j))),
    ),
    "an eigenvariable in what the outer derivative is of": (
        "eigenvariable",
        lambda p: p("d_chain", by_X(p, l, l), (j,), by_Y(p)),
        lambda p: p("d_chain", by_X(p, i, l), (j,), by_Y(p)),
    ),
    "moving an index-dependent factor out of a sum": (
        "factor",
        lambda p: p("sum_factor", summed((X[i] * Y[i]).term)),
        lambda p: p("sum_factor", summed((X[j] * Y[i]).term)),
    ),
    "moving an index-dependent factor out of a sum: all of it": (
        "constant term",
        lambda p: p("sum_constant", summed(X[i].term)),
        lambda p: p("sum_constant", summed(X[j].term)),
    ),
    "moving an index-dependent factor out of a sum: twice it": (
        "factor",
        lambda p: p("sum_factor", summed((2 * X[i] * Y[i]).term)),
        lambda p: p("sum_factor", summed((2 * X[j] * Y[i]).term)),
    ),
    "moving an index-dependent factor out of a sum: a sum": (
        "factor",
        lambda p: p("sum_factor", summed((total(W[r, i], r) * Y[i]).term)),
        lambda p: p("sum_factor", summed((total(W[r, j], r) * Y[i]).term)),
    ),
    "moving an index-dependent factor out of a sum: a sum of sums": (
        "factor",
        lambda p: p("sum_factor", summed((total(total(W[r, i] * X[j], j), r) * Y[i]).term)),
        lambda p: p("sum_factor", summed((total(total(W[r, k] * X[j], j), r) * Y[i]).term)),
    ),
    "moving an index-dependent factor out of a sum: a map": (
        "factor",
        lambda p: p("sum_factor", summed((F.at((r,), (s, j), W[s, i]) * Y[i]).term)),
        lambda p: p("sum_factor", summed((F.at((r,), (s, j), W[s, j]) * Y[i]).term)),
    ),
    "moving an index-dependent factor out of a sum: a slope": (
        "factor",
        lambda p: p("sum_factor", summed((f.slope((k,), (j,), X[i]) * Y[i]).term)),
        lambda p: p("sum_factor", summed((f.slope((k,), (j,), X[j]) * Y[i]).term)),
    ),
    "contracting a delta across dimensions": (
        "dimensions",
        lambda p: p("sum_delta", summed(("mul", ("delta", "n", (i, r)), X[i].term))),
        lambda p: p("sum_delta", summed(("mul", ("delta", "n", (i, j)), X[i].term))),
    ),
    "contracting a delta of one index": (
        "delta",
        lambda p: p("sum_delta", summed((delta(i, i) * X[i]).term)),
        lambda p: p("sum_delta", summed((delta(i, j) * X[i]).term)),
    ),
    "contracting a delta of two others": (
        "delta",
        lambda p: p("sum_delta", summed((delta(j, k) * X[i]).term)),
        lambda p: p("sum_delta", summed((delta(i, k) * X[i]).term)),
    ),
    "contracting what is no delta": (
        "delta",
        lambda p: p("sum_delta", summed(("mul", ("slope", "f", (i,), ("n",), ZERO), X[i].term))),
        lambda p: p("sum_delta", summed((delta(i, k) * X[i]).term)),
    ),
    "contracting what is no delta: a matrix": (
        "delta",
        lambda p: p("sum_delta", summed((A[r, s] * B[r, t]).term, r)),
        lambda p: p("sum_delta", summed((delta(r, s) * B[r, t]).term, r)),
    ),
    "contracting a delta that is added": (
        "sum",
        lambda p: p("sum_delta", summed((delta(i, j) + X[i]).term)),
        lambda p: p("sum_delta", summed((delta(i, j) * X[i]).term)),
    ),
    "empty ranges: Σ exp X > 0 without n > 0": (
        "empty",
        lambda p: p("pos_sum", i, p("pos_exp", X[i].term), assumed(p, positive(size("m")))),
        lambda p: p("pos_sum", i, p("pos_exp", X[i].term), assumed(p, positive(size("n")))),
    ),
    "empty ranges: Σ exp X > 0 where n ≥ 0": (
        "premise",
        lambda p: p("pos_sum", i, p("pos_exp", X[i].term), assumed(p, nonneg(size("n")))),
        lambda p: p("pos_sum", i, p("pos_exp", X[i].term), assumed(p, positive(size("n")))),
    ),
    "x/x = 1": (
        "ring",
        lambda p: p("ring", (X[i] / X[i]).term, ONE),
        lambda p: p("ring", (X[i] / Y[i] * Y[i]).term, (X[i] * Y[i] / Y[i]).term),
    ),
    "x + y = x": (
        "ring",
        lambda p: p("ring", (X[i] + Y[i]).term, X[i].term),
        lambda p: p("ring", (X[i] + Y[i]).term, (Y[i] + X[i]).term),
    ),
    "x + x = x": (
        "ring",
        lambda p: p("ring", (X[i] + X[i]).term, X[i].term),
        lambda p: p("ring", (X[i] + X[i]).term, (2 * X[i]).term),
    ),
    "x·x = x": (
        "ring",
        lambda p: p("ring", (X[i] * X[i]).term, X[i].term),
        lambda p: p("ring", (X[i] * X[i] * Y[i]).term, (X[i] * (Y[i] * X[i])).term),
    ),
    "1 = 0": (
        "ring",
        lambda p: p("ring", ONE, ZERO),
        lambda p: p("ring", (X[i] - X[i]).term, ZERO),
    ),
    "cancelling without ≠ 0": (
        "premise",
        lambda p: p("cancel", assumed(p, nonneg(X[i]))),
        lambda p: p("cancel", assumed(p, nonzero(X[i]))),
    ),
    "log(ab) = log a + log b without positivity": (
        "premise",
        lambda p: p("log_mul", assumed(p, nonzero(X[i])), assumed(p, nonzero(Y[i]))),
        lambda p: p("log_mul", assumed(p, positive(X[i])), assumed(p, positive(Y[i]))),
    ),
    "√(x²) = x, which is exp(log(x·x)/2)": (
        "premise",
        lambda p: p("log_mul", p("nonneg_square", X[i].term), p("nonneg_square", X[i].term)),
        lambda p: p("log_mul", p("pos_exp", X[i].term), p("pos_exp", X[i].term)),
    ),
    "any value for relu′(0)": (
        "premise",
        lambda p: p("d_ind", by_X(p), assumed(p, equal(X[i], 0))),
        lambda p: p("d_ind", by_X(p), assumed(p, nonzero(X[i]))),
    ),
    "any value for relu′(0): 1, since 1[0 ≥ 0] = 1 there": (
        "neighbourhood",
        lambda p: p(
            "d_function",
            p("cong_mul", p("refl", X[i].term), p("sym", p("ind_nonneg", assumed(p, nonneg(X[i]))))),
            p("d_mul", by_X(p), p("d_constant", "X", (k,), ONE)),
        ),
        lambda p: p(
            "d_function",
            p("cong_mul", p("refl", X[i].term), p("sym", p("ind_nonneg", assumed(p, nonneg(Y[i]))))),
            p("d_mul", by_X(p), p("d_constant", "X", (k,), ONE)),
        ),
    ),
    "∂1[x ≥ 0] = 0 unconditionally": (
        "premise",
        lambda p: p("d_ind", by_X(p)),
        lambda p: p("d_ind", by_X(p), assumed(p, nonzero(X[i]))),
    ),
    "∂1[x ≥ 0] = 0 unconditionally: off the kink of another": (
        "premise",
        lambda p: p("d_ind", by_X(p), assumed(p, nonzero(Y[i]))),
        lambda p: p("d_ind", by_X(p), p("nonzero_weaken", assumed(p, positive(X[i])))),
    ),
    "1[x ≥ 0] = 0 where x − 1 > 0": (
        "premise",
        lambda p: p("ind_negative", assumed(p, ("pos", ("add", MINUS_ONE, X[i].term)))),
        lambda p: p("ind_negative", assumed(p, ("pos", ("mul", MINUS_ONE, X[i].term)))),
    ),
    "a total product rule": (
        "premise",
        lambda p: p("d_mul", by_X(p), p("refl", step(X[i]).term)),
        lambda p: p("d_mul", by_X(p), p("d_ind", by_X(p), assumed(p, nonzero(X[i])))),
    ),
    "a total product rule: by two variables": (
        "premise",
        lambda p: p("d_mul", by_X(p), by_Y(p)),
        lambda p: p("d_mul", by_X(p), p("d_constant", "X", (k,), Y[j].term)),
    ),
    "rewriting under ∂ with an inequality": (
        "premise",
        lambda p: p("d_function", assumed(p, positive(X[i])), by_X(p)),
        lambda p: p("d_function", p("ring", X[i].term, (X[i] + 0).term), by_X(p)),
    ),
    "rewriting under ∂ with an inequality: the sum of what is not 0": (
        "premise",
        lambda p: p("nonneg_sum", i, assumed(p, nonzero(X[i]), i)),
        lambda p: p("nonneg_sum", i, p("nonneg_weaken", assumed(p, positive(X[i]), i))),
    ),
    "rewriting under ∂ with an equation of something else": (
        "premise",
        lambda p: p("d_function", p("ring", Y[i].term, (Y[i] + 0).term), by_X(p)),
        lambda p: p("d_function", p("ring", X[i].term, (X[i] + 0).term), by_X(p)),
    ),
    "rewriting under ∂ with an equation at one point": (
        "neighbourhood",
        lambda p: p("d_function", assumed(p, equal(X[i], Y[i])), by_X(p)),
        lambda p: p("d_function", assumed(p, equal(Y[i], c[()])), p("d_constant", "X", (k,), Y[i].term)),
    ),
    "rewriting under ∂ with an equation at one point, in a definition": (
        "neighbourhood",
        lambda p: p("d_function", assumed(p, equal(Y[i], S[i])), p("d_constant", "X", (k,), Y[i].term)),
        lambda p: p("d_function", assumed(p, equal(Y[i], c[()])), p("d_constant", "X", (k,), Y[i].term)),
    ),
    "constants that are not constant": (
        "constant",
        lambda p: p("d_constant", "X", (k,), X[i].term),
        lambda p: p("d_constant", "Y", (k,), X[i].term),
    ),
    "constants that are not constant: a definition": (
        "constant",
        lambda p: p("d_constant", "X", (k,), S[i].term),
        lambda p: p("d_constant", "Y", (k,), S[i].term),
    ),
    "constants that are not constant: the argument of a map": (
        "constant",
        lambda p: p("d_constant", "X", (k,), f.slope((i,), (j,), total(W[r, j] * X[j], r)).term),
        lambda p: p("d_constant", "Y", (k,), f.slope((i,), (j,), total(W[r, j] * X[j], r)).term),
    ),
    "constants that are not constant: what is called like a dimension": (
        "constant",
        lambda p: p("d_constant", "n", (), p.variable("n")[()].term),
        lambda p: p("d_constant", p.variable("n").name, (), size("n").term),
    ),
    "tied variables": (
        "tied",
        lambda p: p("specialise", p("d_constant", "X", (k,), Y[i].term), "Y", (j,), X[j].term),
        lambda p: p("specialise", p("d_constant", "X", (k,), Y[i].term), "Y", (j,), P[j].term),
    ),
    "tied variables: by a definition": (
        "tied",
        lambda p: p("specialise", p("d_constant", "X", (k,), Y[i].term), "Y", (j,), S[j].term),
        lambda p: p("specialise", p("refl", Y[i].term), "Y", (j,), S[j].term),
    ),
    "tied variables: what is differentiated by": (
        "tied",
        lambda p: p("specialise", by_X(p), "X", (j,), Y[j].term),
        lambda p: p("specialise", by_X(p), "Y", (j,), P[j].term),
    ),
    "tied variables: the outer function knows Y in another way": (
        "tied",
        lambda p: p("d_chain", p("d_mul", by_X(p, i, l), p("d_constant", "X", (l,), Y[i].term)), (j,), by_Y(p)),
        lambda p: p("d_chain", p("d_mul", by_X(p, i, l), p("d_constant", "X", (l,), P[i].term)), (j,), by_Y(p)),
    ),
    "a definition that hides what is put in": (
        "hidden",
        lambda p: p("specialise", p("unfold", "S", (i,)), "X", (j,), ZERO),
        lambda p: p("specialise", p("unfold", "S", (i,)), "Y", (j,), ZERO),
    ),
    "a definition that hides what is put in, in the chain rule": (
        "hidden",
        lambda p: p("d_chain", exp_X_as_S(p), (j,), by_Y(p)),
        lambda p: p("d_chain", p("d_exp", by_X(p, i, l)), (j,), by_Y(p)),
    ),
    "a definition that hides what is put in, in a hypothesis": (
        "hidden",
        lambda p: p("specialise", as_c(p), "X", (j,), Y[j].term),
        lambda p: p("specialise", as_c(p), "Y", (j,), P[j].term),
    ),
    "a definition that hides what is put in, in the outer derivative": (
        "hidden",
        lambda p: p("d_chain", slope_of_exp_X(p, as_S(p)), (j,), by_Y(p, j, l)),
        lambda p: p("d_chain", slope_of_exp_X(p, p("refl", exp(X[i]).term)), (j,), by_Y(p, j, l)),
    ),
    "a definition that hides what is put in, in the hypotheses of the outer derivative": (
        "hidden",
        lambda p: p("d_chain", slope_of_exp_X(p, as_c(p)), (j,), by_Y(p, j, l)),
        lambda p: p("d_chain", slope_of_exp_X(p, assumed(p, equal(exp(X[i]), c[()]))), (j,), by_Y(p, j, l)),
    ),
    "dropped hypotheses: S − P without ΣP = 1": (
        "premise",
        lambda p: p("cut", p("refl", total(P[j], j).term), (), normalised(p)),
        lambda p: p("cut", assumed(p, equal(total(P[j], j), 1)), (), normalised(p)),
    ),
    "dropped hypotheses: of another column": (
        "premise",
        lambda p: p("cut", of_column(p, k), (r,), p("instance", assumed(p, equal(W[r, i], 0), r), i, j)),
        lambda p: p("cut", of_column(p, j), (r,), p("instance", assumed(p, equal(W[r, i], 0), r), i, j)),
    ),
    "dropped hypotheses: of a lemma": (
        "eigenvariable",
        lambda p: p("cong_sum", i, p("cut", X_is_Y(p), (), p("sym", X_is_Y(p)))),
        lambda p: p("cong_sum", i, p("cut", X_is_Y(p, i), (), p("sym", X_is_Y(p)))),
    ),
    "dropped hypotheses: beside the lemma": (
        "eigenvariable",
        lambda p: p("cong_sum", i, p("cut", X_is_Y(p, i), (), p("trans", X_is_Y(p), assumed(p, equal(Y[i], 0))))),
        lambda p: p("cong_sum", i, p("cut", X_is_Y(p, i), (), p("trans", X_is_Y(p), assumed(p, equal(Y[i], 0), i)))),
    ),
    "dropped hypotheses: of what is put in under ∂": (
        "eigenvariable",
        lambda p: p("d_sum", i, p("d_function", assumed(p, equal(Y[i], 0)), p("d_constant", "X", (k,), Y[i].term))),
        lambda p: p("d_sum", i, p("d_function", assumed(p, equal(Y[i], 0), i), p("d_constant", "X", (k,), Y[i].term))),
    ),
    "dropped hypotheses: of the derivative where something is put in under ∂": (
        "eigenvariable",
        lambda p: p("d_sum", i, p("d_function", p("refl", step(X[i]).term), off_the_kink(p))),
        lambda p: p("d_sum", i, p("d_function", p("refl", step(X[i]).term), off_the_kink(p, i))),
    ),
    "transposed results: δW = YδZᵀ": (
        "dimensions",
        lambda p: p("refl", ("entry", "W", (i, r))),
        lambda p: p("refl", ("entry", "W", (r, i))),
    ),
    "transposed results: δW = YδZᵀ where all are square": (
        "ring",
        lambda p: p("ring", total(A[r, t] * B[s, t], t).term, total(B[r, t] * A[s, t], t).term),
        lambda p: p("cong_sum", t, p("ring", (A[r, t] * B[s, t]).term, (B[s, t] * A[r, t]).term)),
    ),
    "transposed results: vec(AXB) = (A⊗Bᵀ)vec X where all are square": (
        "ring",
        lambda p: p("ring", (A[r, s] * B[t, r]).term, (A[s, r] * B[r, t]).term),
        lambda p: p("ring", (A[r, s] * B[t, r]).term, (B[t, r] * A[r, s]).term),
    ),
    "transposed results: a map of Wᵀ": (
        "dimensions",
        lambda p: p("refl", ("map", "F", (r,), ("m", "n"), ("entry", "W", (("bound", 0, "m"), ("bound", 1, "n"))))),
        lambda p: p("refl", ("map", "F", (r,), ("m", "n"), ("entry", "W", (("bound", 1, "m"), ("bound", 0, "n"))))),
    ),
    "transposed results: ∀ entries of Wᵀ": (
        "dimensions",
        lambda p: p(
            "assume", ("all", ("m", "n"), ("pos", ("entry", "W", (("bound", 0, "m"), ("bound", 1, "n"))))), (r, i)
        ),
        lambda p: p(
            "assume", ("all", ("m", "n"), ("pos", ("entry", "W", (("bound", 1, "m"), ("bound", 0, "n"))))), (r, i)
        ),
    ),
    "contradictory hypotheses": (
        evaluate.Unsatisfied,
        lambda p: witness(p, c[()]),
        lambda p: witness(p, -c[()]),
    ),
    # the host language
    "forged theorem": (
        "forged",
        lambda p: p("sym", Theorem()),
        lambda p: p("sym", p("refl", ZERO)),
    ),
    "forged theorem: a copy": (
        "forged",
        lambda p: p("sym", copy.copy(p("refl", ZERO))),
        lambda p: p("sym", p("refl", ZERO)),
    ),
    "forged theorem: of a subclass": (
        "forged",
        lambda p: p("sym", Subclass()),
        lambda p: p("sym", p("refl", ZERO)),
    ),
    "forged theorem: equal to one": (
        "forged",
        lambda p: in_theory(p.theory, "scheme", "sym", (Alike(p("refl", ZERO)),), ()),
        lambda p: in_theory(p.theory, "scheme", "sym", (p("refl", ZERO),), ()),
    ),
    "forged theorem: of another class": (
        "forged",
        lambda p: in_theory(p.theory, "scheme", "sym", (Lookalike(),), ()),
        lambda p: in_theory(p.theory, "scheme", "sym", (p("refl", ZERO),), ()),
    ),
    "forged theorem: of another theory, where S is another": (
        "theory",
        lambda p: p("trans", p("unfold", "S", (i,)), declared()("refl", exp(X[i]).term)),
        lambda p: p("trans", p("unfold", "S", (i,)), p("refl", exp(X[i]).term)),
    ),
    "mutated theorem": (
        AttributeError,
        lambda p: setattr(p("refl", ZERO), "conclusion", ("eq", ZERO, ONE)),
        lambda p: p("refl", ZERO).conclusion,
    ),
    "mutated theorem: by a list of its indices": (
        "dimensions",
        lambda p: p("d_map", "f", (), "X", [k]),
        lambda p: p("d_map", "f", (), "X", (k,)),
    ),
    "hostile __eq__: a hypothesis that is none": ("terms", agreeing, lambda p: assumed(p, equal(c[()], 0))),
    "hostile __eq__: indices that are like all others": (
        "dimensions",
        lambda p: p("d_add", by_X(p, i, j), p("d_map", "f", (), "X", AgreeableList([k]))),
        lambda p: p("d_add", by_X(p, i, k), p("d_map", "f", (), "X", (k,))),
    ),
    "hostile __eq__: a number": (
        "terms",
        lambda p: p("ring", ("num", Agreeable(0), 1), ZERO),
        lambda p: p("ring", ("num", 0, 1), ZERO),
    ),
    "subclassed tuple: a term": (
        "plain",
        lambda p: p("refl", Tuple(ZERO)),
        lambda p: p("refl", ZERO),
    ),
    "subclassed tuple: an index": (
        "plain",
        lambda p: p("refl", ("entry", "X", (Tuple(i),))),
        lambda p: p("refl", ("entry", "X", (i,))),
    ),
    "subclassed tuple: indices": (
        "dimensions",
        lambda p: p("refl", ("entry", "X", Tuple([i]))),
        lambda p: p("refl", ("entry", "X", (i,))),
    ),
    "subclassed tuple: what is arbitrary": (
        "terms",
        lambda p: p("cong_map", f.at((), (i,), X[i]).term, [i], p("refl", X[i].term)),
        lambda p: p("cong_map", f.at((), (i,), X[i]).term, (i,), p("refl", X[i].term)),
    ),
    "subclassed tuple: dimensions": (
        "plain",
        lambda p: p.theory.variable("Q", Tuple(["n"])),
        lambda p: p.theory.variable("Q", ("n",)),
    ),
    "subclassed tuple: a hypothesis": (
        "terms",
        lambda p: p("assume", Tuple(always(positive(c[()]))), ()),
        lambda p: p("assume", always(positive(c[()])), ()),
    ),
    "subclassed tuple: what is assumed": (
        "plain",
        lambda p: p("assume", ("all", (), Tuple(positive(c[()]))), ()),
        lambda p: p("assume", ("all", (), positive(c[()])), ()),
    ),
    "subclassed tuple: for which indices it is assumed": (
        "plain",
        lambda p: p("assume", ("all", Tuple(["n"]), positive(c[()])), (i,)),
        lambda p: p("assume", ("all", ("n",), positive(c[()])), (i,)),
    ),
    "subclassed tuple: the dimensions of a map": (
        "plain",
        lambda p: p("refl", ("map", "f", (), Tuple(["n"]), ZERO)),
        lambda p: p("refl", ("map", "f", (), ("n",), ZERO)),
    ),
    "subclassed tuple: the dimensions that a map returns": (
        "plain",
        lambda p: p.theory.map("g", (), Tuple(["n"])),
        lambda p: p.theory.map("g", (), ("n",)),
    ),
    "subclassed tuple: premises": (
        "premise",
        lambda p: in_theory(p.theory, "scheme", "sym", [p("refl", ZERO)], ()),
        lambda p: in_theory(p.theory, "scheme", "sym", (p("refl", ZERO),), ()),
    ),
    "subclassed tuple: terms": (
        "terms",
        lambda p: in_theory(p.theory, "scheme", "refl", (), [ZERO]),
        lambda p: in_theory(p.theory, "scheme", "refl", (), (ZERO,)),
    ),
    "subclassed str: a dimension": (
        "plain",
        lambda p: p("refl", ("dim", Text("n"))),
        lambda p: p("refl", ("dim", "n")),
    ),
    "subclassed str: the dimension of a delta": (
        "plain",
        lambda p: p("refl", ("delta", Text("n"), (i, j))),
        lambda p: p("refl", ("delta", "n", (i, j))),
    ),
    "subclassed str: the dimension of a sum": (
        "plain",
        lambda p: p("refl", ("sum", Text("n"), ZERO)),
        lambda p: p("refl", ("sum", "n", ZERO)),
    ),
    "subclassed str: a name": (
        "plain",
        lambda p: p.theory.variable(Text("Q"), ("n",)),
        lambda p: p.theory.variable("Q", ("n",)),
    ),
    "subclassed str: the dimension of an index": (
        "terms",
        lambda p: p("refl", ("entry", "X", (("index", "i", Text("n")),))),
        lambda p: p("refl", ("entry", "X", (("index", "i", "n"),))),
    ),
    "subclassed str: the name of a tensor": (
        "terms",
        lambda p: p("refl", ("entry", Text("X"), (i,))),
        lambda p: p("refl", ("entry", "X", (i,))),
    ),
    "subclassed str: the name of an index": (
        "terms",
        lambda p: p("refl", ("entry", "X", (("index", Text("i"), "n"),))),
        lambda p: p("refl", ("entry", "X", (("index", "i", "n"),))),
    ),
    "subclassed str: a scheme": (
        "terms",
        lambda p: in_theory(p.theory, "scheme", Text("exp_zero"), (), ()),
        lambda p: in_theory(p.theory, "scheme", "exp_zero", (), ()),
    ),
    "subclassed str: an operator": (
        "plain",
        lambda p: p("refl", (Text("exp"), ZERO)),
        lambda p: p("refl", ("exp", ZERO)),
    ),
    "bool or float as a number: True": (
        "numbers",
        lambda p: p("ring", ("num", True, 1), ONE),
        lambda p: p("ring", ("num", 1, 1), ONE),
    ),
    "bool or float as a number: /True": (
        "numbers",
        lambda p: p("ring", ("num", 1, True), ONE),
        lambda p: p("ring", ("num", 1, 1), ONE),
    ),
    "bool or float as a number: 1.0": (
        "terms",
        lambda p: p("ring", ("num", 1.0, 1), ONE),
        lambda p: p("ring", ("num", 1, 1), ONE),
    ),
    "bool or float as a number: of a subclass": (
        "numbers",
        lambda p: p("refl", ("num", Whole(1), 1)),
        lambda p: p("refl", ("num", 1, 1)),
    ),
    "bool or float as a number: 2/4": (
        "numbers",
        lambda p: p("refl", ("num", 2, 4)),
        lambda p: p("refl", ("num", 1, 2)),
    ),
    "bool or float as a number: on the right": (
        "numbers",
        lambda p: p("ring", ONE, ("num", True, 1)),
        lambda p: p("ring", ONE, ("num", 1, 1)),
    ),
    "bool or float as a number: in the argument of a map": (
        "numbers",
        lambda p: p("refl", ("map", "f", (), ("n",), ("num", 2, 4))),
        lambda p: p("refl", ("map", "f", (), ("n",), ("num", 1, 2))),
    ),
    "bool or float as a number: in a hypothesis": (
        "numbers",
        lambda p: p("assume", ("all", (), ("pos", ("num", 2, 4))), ()),
        lambda p: p("assume", ("all", (), ("pos", ("num", 1, 2))), ()),
    ),
    "bool or float as a number: in the place of a variable": (
        "numbers",
        lambda p: p("specialise", p("refl", X[i].term), "X", (i,), ("num", 2, 4)),
        lambda p: p("specialise", p("refl", X[i].term), "X", (i,), ("num", 1, 2)),
    ),
    "bool or float as a number: a constant": (
        "numbers",
        lambda p: p("d_constant", "X", (k,), ("num", 2, 4)),
        lambda p: p("d_constant", "X", (k,), ("num", 1, 2)),
    ),
    "bool or float as a number: 1/0": (
        "numbers",
        lambda p: p("refl", ("num", 1, 0)),
        lambda p: p("refl", ("num", 0, 1)),
    ),
    "bool or float as a number: 1/−2": (
        "numbers",
        lambda p: p("pos_number", ("num", 1, -2)),
        lambda p: p("pos_number", ("num", 1, 2)),
    ),
    "bool or float as a number: a bound index": (
        "loose",
        lambda p: p("refl", ("sum", "n", ("entry", "X", (("bound", False, "n"),)))),
        lambda p: p("refl", ("sum", "n", ("entry", "X", (("bound", 0, "n"),)))),
    ),
    "loose bound index": (
        "loose",
        lambda p: p("refl", ("entry", "X", (("bound", 0, "n"),))),
        lambda p: p("refl", ("sum", "n", ("entry", "X", (("bound", 0, "n"),)))),
    ),
    "loose bound index: under Σ": (
        "loose",
        lambda p: p("sum_factor", ("sum", "n", ("mul", ("entry", "X", (("bound", 1, "n"),)), ONE))),
        lambda p: p("sum_factor", ("sum", "n", ("mul", ("entry", "X", (i,)), ONE))),
    ),
    "loose bound index: in the argument of a map": (
        "loose",
        lambda p: p("refl", (*f.at((), (j,), X[j]).term[:4], ("entry", "X", (("bound", 1, "n"),)))),
        lambda p: p("refl", total(f.at((), (j,), W[r, j]), r).term),
    ),
    "loose bound index: counted from the other end": (
        "loose",
        lambda p: p("refl", ("sum", "n", ("entry", "X", (("bound", -1, "n"),)))),
        lambda p: p("refl", ("sum", "n", ("entry", "X", (("bound", 0, "n"),)))),
    ),
    "loose bound index: what is arbitrary": (
        "loose",
        lambda p: p("cong_sum", ("bound", 0, "n"), p("refl", X[i].term)),
        lambda p: p("cong_sum", i, p("refl", X[i].term)),
    ),
    "loose bound index: what another takes the place of": (
        "loose",
        lambda p: p("instance", p("refl", X[i].term), ("bound", 0, "n"), i),
        lambda p: p("instance", p("refl", X[i].term), i, j),
    ),
    "loose bound index: in a delta": (
        "loose",
        lambda p: p("delta_same", ("bound", 0, "n")),
        lambda p: p("delta_same", i),
    ),
    "loose bound index: of another dimension": (
        "dimensions",
        lambda p: p("refl", ("sum", "m", ("entry", "X", (("bound", 0, "n"),)))),
        lambda p: p("refl", ("sum", "n", ("entry", "X", (("bound", 0, "n"),)))),
    ),
    "loose bound index: of another dimension, in a slope": (
        "dimensions",
        lambda p: p("refl", ("sum", "m", ("slope", "f", (("bound", 0, "n"),), ("n",), ZERO))),
        lambda p: p("refl", ("sum", "n", ("slope", "f", (("bound", 0, "n"),), ("n",), ZERO))),
    ),
    "an edited proof file: a step": (
        Rejected,
        lambda p: file(p, lambda data: data["steps"][0]["arguments"].reverse()),
        lambda p: file(p, lambda data: data["steps"][0].update(rule="ring")),
    ),
    "an edited proof file: its statement": (
        Rejected,
        lambda p: file(p, lambda data: data.update(statement={"hypotheses": [], "conclusion": ["eq", ZERO, ONE]})),
        lambda p: file(p, retitled),
    ),
    "deep recursion": (
        RecursionError,
        lambda p: p("refl", nested(100_000)),
        lambda p: p("refl", nested(100)),
    ),
    # names
    "a name declared twice": (
        "names",
        lambda p: p.define("S", (i,), Expression(ZERO)),
        lambda p: p.define("S′", (i,), Expression(ZERO)),
    ),
    "a theory that begins again, to define S as something else": (
        "names",
        lambda p: p.theory.__init__(),
        lambda p: p.theory.variable("Q", ()),
    ),
    "a definition with an index from outside": (
        "definition",
        lambda p: p.define("Q", (i,), X[j]),
        lambda p: p.define("Q", (i,), X[i]),
    ),
    "a definition of itself": (
        "terms",
        lambda p: p.define("Q", (), Tensor("Q", ())[()] + 1),
        lambda p: p.define("Q", (), c[()] + 1),
    ),
    "a theory of a subclass": (
        "theory",
        lambda p: in_theory(lenient(p), "d_constant", "c", (), c[()].term),
        lambda p: in_theory(p.theory, "d_constant", "c", (), X[i].term),
    ),
    "a theory that changes its class": (
        "theory",
        lambda p: in_theory(lenient(p, Turncoat), "d_constant", "c", (), c[()].term),
        lambda p: in_theory(lenient(p, Theory), "d_constant", "c", (), X[i].term),
    ),
    "a theory that changes its class and defines": (
        "theory",
        lambda p: lenient(p, Turncoat).define("Q", (), c[()].term),
        lambda p: lenient(p, Theory).define("Q", (), c[()].term),
    ),
    "a definition with an index from outside, beside that of a sum": (
        "definition",
        lambda p: p.define("Q", (r,), total(W[s, i], i)),
        lambda p: p.define("Q", (r,), total(W[r, i], i)),
    ),
    "what is not defined": (
        "definition",
        lambda p: p.map("g", ("n",), ("dim", "n")) and p("unfold", "g", (i,)),
        lambda p: p("unfold", "S", (i,)),
    ),
    "what is not defined: a variable": (
        "definition",
        lambda p: p("unfold", "X", (i,)),
        lambda p: p("unfold", "S", (i,)),
    ),
    # shapes of terms, judgements and arguments
    "a tensor that is not declared": (
        "terms",
        lambda p: p("refl", ("entry", "Q", (i,))),
        lambda p: p("refl", ("entry", "S", (i,))),
    ),
    "a tensor that is a map": (
        "terms",
        lambda p: p("refl", ("entry", "f", (i,))),
        lambda p: p("refl", ("map", "f", (), ("n",), ("entry", "X", (("bound", 0, "n"),)))),
    ),
    "a map that is none": (
        "terms",
        lambda p: p("refl", ("map", "X", (), ("n",), ZERO)),
        lambda p: p("refl", ("map", "f", (), ("n",), ZERO)),
    ),
    "a map of another argument": (
        "dimensions",
        lambda p: p("refl", ("map", "f", (), ("m",), ZERO)),
        lambda p: p("refl", ("map", "f", (), ("n",), ZERO)),
    ),
    "an operator that is none": (
        "terms",
        lambda p: p("refl", ("sqrt", ZERO)),
        lambda p: p("refl", ("exp", ZERO)),
    ),
    "an operator of two terms": (
        "terms",
        lambda p: p("refl", ("exp", ZERO, ONE)),
        lambda p: p("refl", ("add", ZERO, ONE)),
    ),
    "an index too many": (
        "dimensions",
        lambda p: p("refl", ("entry", "X", (i, i))),
        lambda p: p("refl", ("entry", "X", (i,))),
    ),
    "an index too many: of a map": (
        "dimensions",
        lambda p: p("refl", ("map", "f", (i,), ("n",), ZERO)),
        lambda p: p("refl", ("slope", "f", (i,), ("n",), ZERO)),
    ),
    "an index too few: of a map": (
        "dimensions",
        lambda p: p("refl", F.at((), (r, i), W[r, i]).term),
        lambda p: p("refl", F.at((s,), (r, i), W[r, i]).term),
    ),
    "an index too many: of a map in an equation": (
        "dimensions",
        lambda p: p("cong_map", ("map", "f", (j,), ("n",), ZERO), (i,), p("refl", ZERO)),
        lambda p: p("cong_map", ("map", "f", (), ("n",), ZERO), (i,), p("refl", ZERO)),
    ),
    "an index too many: of a map that is differentiated": (
        "dimensions",
        lambda p: p("d_map", "f", (i,), "X", (k,)),
        lambda p: p("d_map", "f", (), "X", (k,)),
    ),
    "a map of a tensor of another shape": (
        "dimensions",
        lambda p: p("d_map", "F", (r,), "X", (k,)),
        lambda p: p("d_map", "F", (r,), "W", (s, k)),
    ),
    "an index of another dimension: of a definition": (
        "dimensions",
        lambda p: p("unfold", "S", (r,)),
        lambda p: p("unfold", "S", (i,)),
    ),
    "an index of another dimension: of a hypothesis": (
        "dimensions",
        lambda p: p("assume", always(positive(X[i]), i), (r,)),
        lambda p: p("assume", always(positive(X[i]), i), (j,)),
    ),
    "an index of another dimension: of what takes the place of a variable": (
        "dimensions",
        lambda p: p("specialise", p("refl", X[i].term), "X", (r,), A[r, s].term),
        lambda p: p("specialise", p("refl", X[i].term), "X", (j,), Y[j].term),
    ),
    "an index of another dimension: of a variable": (
        "dimensions",
        lambda p: p("d_variable", "X", (r,), (k,)),
        lambda p: p("d_variable", "X", (i,), (k,)),
    ),
    "an index of another dimension: by which a variable is differentiated": (
        "dimensions",
        lambda p: p("d_variable", "X", (i,), (r,)),
        lambda p: p("d_variable", "X", (i,), (k,)),
    ),
    "an index of another dimension: by which a constant is differentiated": (
        "dimensions",
        lambda p: p("d_constant", "X", (r,), ONE),
        lambda p: p("d_constant", "X", (k,), ONE),
    ),
    "an index that is none": (
        "plain",
        lambda p: p("cong_sum", 0, p("refl", X[i].term)),
        lambda p: p("cong_sum", i, p("refl", X[i].term)),
    ),
    "an index without a dimension": (
        "terms",
        lambda p: p("refl", ("entry", "X", (("index", "i"),))),
        lambda p: p("refl", ("entry", "X", (("index", "i", "n"),))),
    ),
    "an index with more than a dimension": (
        "terms",
        lambda p: p("refl", ("entry", "X", (("index", "i", "n", "m"),))),
        lambda p: p("refl", ("entry", "X", (("index", "i", "n"),))),
    ),
    "an index of another kind": (
        "terms",
        lambda p: p("refl", ("entry", "X", (("place", "i", "n"),))),
        lambda p: p("refl", ("entry", "X", (("index", "i", "n"),))),
    ),
    "an index that stands twice": (
        "distinct",
        lambda p: p("specialise", p("refl", A[r, s].term), "A", (r, r), B[r, s].term),
        lambda p: p("specialise", p("refl", A[r, s].term), "A", (r, s), B[r, s].term),
    ),
    "an index that stands twice, in a definition": (
        "distinct",
        lambda p: p.define("Q", (i, i), X[i]),
        lambda p: p.define("Q", (i, j), X[i]),
    ),
    "a hypothesis that is a derivative": (
        "terms",
        lambda p: p("assume", always(derivative(X[i], X[k], 0)), ()),
        lambda p: p("assume", always(equal(X[i], 0)), ()),
    ),
    "a hypothesis that is a term": (
        "terms",
        lambda p: p("assume", always(exp(X[i]).term), ()),
        lambda p: p("assume", always(positive(X[i])), ()),
    ),
    "a hypothesis that does not say for which indices": (
        "terms",
        lambda p: p("assume", positive(X[i]), ()),
        lambda p: p("assume", always(positive(X[i])), ()),
    ),
    "a hypothesis that is a sum": (
        "terms",
        lambda p: p("assume", ("sum", *always(positive(X[i]))[1:]), ()),
        lambda p: p("assume", ("all", *always(positive(X[i]))[1:]), ()),
    ),
    "a hypothesis that says more": (
        "terms",
        lambda p: p("assume", (*always(positive(X[i])), ONE), ()),
        lambda p: p("assume", always(positive(X[i])), ()),
    ),
    "a scheme that is none": (
        "terms",
        lambda p: in_theory(p.theory, "scheme", "false", (), ()),
        lambda p: in_theory(p.theory, "scheme", "exp_zero", (), ()),
    ),
    "a term too many": (
        "terms",
        lambda p: p("refl", ZERO, ONE),
        lambda p: p("refl", ZERO),
    ),
    "a premise of another kind": (
        "premise",
        lambda p: p("cong_sum", i, p("pos_exp", X[i].term)),
        lambda p: p("cong_sum", i, p("refl", X[i].term)),
    ),
    "a premise of another kind: the sum of what is at least 0": (
        "premise",
        lambda p: p("pos_sum", i, p("nonneg_square", X[i].term), assumed(p, positive(size("n")))),
        lambda p: p("pos_sum", i, p("pos_exp", X[i].term), assumed(p, positive(size("n")))),
    ),
    "a map of another term than the equation's": (
        "premise",
        lambda p: p("cong_map", f.at((), (i,), Y[i]).term, (i,), p("refl", X[i].term)),
        lambda p: p("cong_map", f.at((), (i,), X[i]).term, (i,), p("refl", X[i].term)),
    ),
    "a slope at another term than the equation's": (
        "premise",
        lambda p: p("cong_map", f.slope((k,), (i,), Y[i]).term, (i,), p("refl", X[i].term)),
        lambda p: p("cong_map", f.slope((k,), (i,), X[i]).term, (i,), p("refl", X[i].term)),
    ),
    "a sum of products as a sum of sums": (
        "sum",
        lambda p: p("sum_add", summed((X[i] * Y[i]).term)),
        lambda p: p("sum_add", summed((X[i] + Y[i]).term)),
    ),
    "a sum of sums as a sum of products": (
        "sum",
        lambda p: p("sum_factor", summed((Y[j] + X[i]).term)),
        lambda p: p("sum_factor", summed((Y[j] * X[i]).term)),
    ),
    "a sum of slopes as a sum of sums": (
        "sum",
        lambda p: p("sum_swap", summed((X[i] * Y[i]).term)),
        lambda p: p("sum_swap", summed(total(W[r, i], r).term)),
    ),
    "a product as a sum": (
        "sum",
        lambda p: p("sum_constant", (X[i] * Y[i]).term),
        lambda p: p("sum_constant", summed(Y[j].term)),
    ),
    "a number that is not positive": (
        "positive",
        lambda p: p("pos_number", ZERO),
        lambda p: p("pos_number", ONE),
    ),
    "a definition as a variable": (
        "variable",
        lambda p: p("specialise", p("unfold", "S", (i,)), "S", (i,), ZERO),
        lambda p: p("specialise", p("refl", X[i].term), "X", (i,), ZERO),
    ),
    "a derivative by a definition": (
        "variable",
        lambda p: p("d_variable", "S", (i,), (k,)),
        lambda p: p("d_variable", "X", (i,), (k,)),
    ),
    "a derivative by a definition, of a constant": (
        "variable",
        lambda p: p("d_constant", "S", (k,), X[i].term),
        lambda p: p("d_constant", "X", (k,), Y[i].term),
    ),
    "a derivative by a definition, of a map": (
        "variable",
        lambda p: p("d_map", "f", (), "S", (k,)),
        lambda p: p("d_map", "f", (), "X", (k,)),
    ),
}
every_attack = pytest.mark.parametrize("name", ATTACKS)


def refusal(attack):
    """What refuses an attack: the name of a guard, or the class of another exception; None where nothing does."""
    try:
        attack(declared())
    except Refused as refused:
        return refused.guard
    except Exception as error:  # noqa: BLE001 - whatever it is is compared
        return type(error)
    return None


@pytest.mark.no_cover
@every_attack
def test_an_attack_is_refused_by_the_guard_it_names(name):
    by, attack, _ = ATTACKS[name]
    assert refusal(attack) == by


@pytest.mark.no_cover
@every_attack
def test_the_twin_of_an_attack_is_accepted(name):
    _, _, twin = ATTACKS[name]
    assert refusal(twin) is None


@pytest.mark.parametrize("item", ITEMS)
def test_every_item_of_the_design_is_attacked(item):
    assert [name for name in ATTACKS if name.startswith(item)]


# --- every guard is needed, and everything that a guard looks at ------------------------------------------------------

CHECKS = {
    "require", "check", "check_dims", "check_places", "check_parameters", "check_fact",
    "_plain", "_arbitrary", "_check_value",
}  # fmt: skip
"""What refuses, and returns nothing."""
TAKES = {"_facts", "_take", "_sum_of"}
"""What refuses, and returns what it has looked at."""


def first_line(function):
    """Of a definition, its decorators included, as its code has it."""
    return min(node.lineno for node in (function, *function.decorator_list))


def living():
    """The functions of the kernel, by module and first line. A rule stands behind ``applied``, one for each."""
    found = defaultdict(list)
    for module in (terms, kernel):
        classes = [each for each in vars(module).values() if inspect.isclass(each)]
        members = [getattr(member, "fget", member) for each in classes for member in vars(each).values()]
        functions = [each for each in (*vars(module).values(), *members) if inspect.isfunction(each)]
        for each in functions:
            if each.__module__ == module.__name__:
                for function in filter(inspect.isfunction, (each, *inspect.getclosurevars(each).nonlocals.values())):
                    found[module, function.__code__.co_firstlineno].append(function)
    return found


LIVING = living()
NAMED = {function.__name__: function for functions in LIVING.values() for function in functions}


def definitions():
    """(module, the definition that is compiled, the one in it that lives) of each function of the kernel."""
    for module in (terms, kernel):
        top = ast.parse(inspect.getsource(module)).body
        for outer in (*top, *(each for node in top if isinstance(node, ast.ClassDef) for each in node.body)):
            if isinstance(outer, ast.FunctionDef):
                inner = [node for node in ast.walk(outer) if isinstance(node, ast.FunctionDef)]
                yield module, outer, [node for node in inner if (module, first_line(node)) in LIVING][-1]


def recompiled(module, outer, function, place, new):
    """The code of ``function`` with ``new`` in a place, which is (node, field, number in it)."""
    node, field, number = place
    old = getattr(node, field)
    setattr(node, field, new if number is None else [*old[:number], new, *old[number + 1 :]])
    codes = [compile(ast.fix_missing_locations(ast.Module([outer], [])), module.__file__, "exec")]
    setattr(node, field, old)
    for code in codes:
        if code.co_name == function.name and code.co_firstlineno == first_line(function):
            return code
        codes += filter(inspect.iscode, code.co_consts)
    raise AssertionError(function.name)


def places(function):
    """Where every node in a function stands: {node: (parent, field, number in it)}."""
    found = {}
    for node in ast.walk(function):
        for field, value in ast.iter_fields(node):
            several = isinstance(value, list)
            for number, child in enumerate(value if several else [value]):
                if isinstance(child, ast.AST):
                    found[child] = node, field, number if several else None
    return found


def called(node, among):
    """The name of the function that a node calls, where it is among these."""
    name = node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else None
    return name if name in among else None


def distinct(name, among):
    """The name, with a number where it is taken."""
    same = sum(each.partition(" #")[0] == name for each in among)
    return f"{name} #{same + 1}" if same else name


def guards():
    """The guards: {id: (where the function lives, its code without the guard, the name of the guard if it is one)}.

    What is given to a guard is computed all the same.
    """
    found = {}
    for module, outer, function in definitions():
        for node, place in places(function).items():
            if isinstance(node, ast.Expr) and called(node.value, CHECKS):
                guard = node.value.args[0].value if called(node.value, {"require"}) else None
                name = distinct(f"{function.name}: {guard or node.value.func.id}", found)
                code = recompiled(module, outer, function, place, ast.Expr(ast.Tuple(node.value.args, ast.Load())))
                found[name] = (module, first_line(function)), code, guard
    return found


GUARDS = guards()
BACKED = {"check_parameters: _plain": TypeError}
"""Where something else fails without the guard: 0 has no last part."""


def instead(monkeypatch, where, code):
    """Let the functions that live there run other code."""
    for function in LIVING[where]:
        monkeypatch.setattr(function, "__code__", code)


def test_every_guard_has_an_attack():
    assert {guard for *_, guard in GUARDS.values()} - {None} == {by for by, _, _ in ATTACKS.values() if type(by) is str}


@pytest.mark.no_cover
@pytest.mark.parametrize("name", GUARDS)
def test_without_a_guard_an_attack_succeeds(name, monkeypatch):
    where, code, guard = GUARDS[name]
    instead(monkeypatch, where, code)
    left = {refusal(attack) for by, attack, _ in ATTACKS.values() if by == guard or (guard is None and type(by) is str)}
    assert BACKED.get(name) in left
    assert (None in left) == (name not in BACKED)


BINDS = ast.Assign | ast.AnnAssign | ast.For


def looked_at(function):
    """What the guards in a function look at, and what that is computed from."""
    given = [pair for node in ast.walk(function) if isinstance(node, BINDS) for pair in bindings(node)]
    left = [node for node in ast.walk(function) if called(node, CHECKS | TAKES)]
    left = [node.args[1] if called(node, {"require"}) else node for node in left]
    found = {}
    while left:
        node = left.pop()
        if node not in found:
            found[node] = None
            left += ast.iter_child_nodes(node)
            left += [value for names, value in given if isinstance(node, ast.Name) and node.id in names]
    return found


def bindings(node):
    """(names, what they are given) of an assignment or a loop; each name its own where both sides are written out."""
    target = node.targets[0] if isinstance(node, ast.Assign) else node.target
    both = target, node.iter if isinstance(node, ast.For) else node.value
    pairs = zip(target.elts, both[1].elts, strict=True) if all(isinstance(each, ast.Tuple) for each in both) else [both]
    for to, what in pairs:
        yield {each.id for each in ast.walk(to) if isinstance(each, ast.Name)}, what


def within(function):
    """All that a function computes."""
    left = list(function.body)
    for node in left:
        left += [each for each in ast.iter_child_nodes(node) if each is not getattr(node, "annotation", None)]
    return left


def operands():
    """[(module, outer, function, nodes)]: what the guards of a function look at, and all of a function that is asked.

    Asked are those called there, and those that they call, as far as they make no formula: what a rule gives is held
    against what it has to give in ``test_kernel``.
    """
    found = {function.name: (module, outer, function, looked_at(function)) for module, outer, function in definitions()}
    left = [node for *_, nodes in found.values() for node in nodes if isinstance(node, ast.Call)]
    asked = set()
    for node in left:
        name = getattr(node.func, "id", getattr(node.func, "attr", None))
        if name in found.keys() - asked - CHECKS - TAKES:
            asked.add(name)
            _, _, function, nodes = found[name]
            if ast.unparse(function.returns) not in {"Formula", "Any", "Theorem"}:
                nodes.update(dict.fromkeys(within(function)))
                left += [each for each in nodes if isinstance(each, ast.Call)]
    return list(found.values())


def without_one(node):
    """(what is left out, the rest) for everything that an expression is still one without."""
    match node:
        case ast.BoolOp(values=several):
            for each in several:
                first, *others = (other for other in several if other is not each)
                yield each, but(node, values=[first, *others]) if others else first
        case ast.Compare(left, [first, *others, last], several):
            yield left, ast.Compare(several[0], [*others, last], several[1:])
            yield several[-1], ast.Compare(left, [first, *others], several[:-1])
        case ast.BinOp(one, ast.BitOr() | ast.BitAnd() | ast.Add(), other) | ast.IfExp(_, one, other):
            yield one, other
            yield other, one
        case ast.BinOp(one, ast.Sub(), other):
            yield other, one
        case ast.GeneratorExp(generators=several) | ast.DictComp(generators=several):
            for each in several:
                for condition in each.ifs:
                    rest = but(each, ifs=[other for other in each.ifs if other is not condition])
                    yield condition, but(node, generators=[rest if other is each else other for other in several])
        case _:
            yield from without_an_element(node)


def without_an_element(node):
    """The same of what is listed. A tuple that starts with a string is a formula, and one thing."""
    match node:
        case ast.Tuple([ast.Constant(), *_]):
            pass
        case ast.Tuple(several) | ast.List(several) | ast.Set(several):
            for each in several:
                yield each, but(node, elts=[other for other in several if other is not each])
        case ast.Call(function, several):
            for number, each in enumerate(several):
                if isinstance(each, ast.Starred) or number >= needed(node):
                    yield each, but(node, args=[other for other in several if other is not each])
            if len(several) == 1 and not isinstance(several[0], ast.Starred) and not called(node, CHECKS | TAKES):
                yield function, several[0]  # what it is applied to


def but(node, **fields):
    """The same with other fields."""
    new = copy.copy(node)
    for field, value in fields.items():
        setattr(new, field, value)
    return new


def needed(call):
    """How many arguments a function of the kernel has to be given; of another function, all."""
    if not called(call, NAMED):
        return len(call.args)
    parameters = inspect.signature(NAMED[call.func.id]).parameters.values()
    return sum(each.default is each.empty and each.kind != each.VAR_POSITIONAL for each in parameters)


def mutants():
    """The guards without one operand: {id: (where the function lives, its code without it, out of what it is left)}."""
    found = {}
    for module, outer, function, nodes in operands():
        source, stands = inspect.getsource(module), places(function)
        expressions = [each for each in nodes if isinstance(each, ast.expr) and each in stands]
        for node in sorted(expressions, key=lambda each: (each.lineno, each.col_offset, -each.end_col_offset)):
            if not isinstance(getattr(node, "ctx", None), ast.Store):
                for gone, rest in without_one(node):
                    code = recompiled(module, outer, function, stands[node], rest)
                    name = distinct(f"{function.name} without {segment(source, gone)}", found)
                    found[name] = (module, first_line(function)), code, segment(source, node)
    return found


def segment(source, node):
    """An expression as it is written, on one line."""
    return " ".join((ast.get_source_segment(source, node) or "").split())


MUTANTS = mutants()
ZIPPED = "where the numbers differ, zip(strict=True) raises ValueError"
THREE_PARTS = "no judgement but an equation has three parts to unpack"
FIVE_PARTS = "no judgement but a derivative has five parts to unpack"
NO_VARIABLE = "a map is no variable and has no definition, and only variables are looked for"
EQUAL = "1 equals Fraction(1), and 0 + q is q"
A_BOOL = "formulas, names and numbers that have been checked compare to a bool"
REDUNDANT = {
    "_plain without len(value) > 0": "() has no first part: IndexError",
    "check_places without len(places) == len(dims)": ZIPPED,
    "check_places without len(bound)": "a bound index too high is not in the list of binders: IndexError",
    'names without "map"': NO_VARIABLE,
    'names without "slope"': NO_VARIABLE,
    'names without "deriv"': "what a derivative is taken by is a variable, and hides no other",
    "kind without name in self._declared": "what is not declared is not in the table: KeyError",
    "depends without frozenset": "a set answers the same",
    "polynomial without Fraction": EQUAL,
    "polynomial without Fraction #2": EQUAL,
    "polynomial without tuple": "the terms are gone through once",
    "_facts without theorem in _ISSUED": "what is not issued is not in the table: KeyError",
    "scheme without name in SCHEMES": "a scheme that is none is not in the table: KeyError",
    "scheme without len(premises) == len(patterns)": ZIPPED,
    "scheme without len(terms) == len(missing)": ZIPPED,
    "scheme without pattern[0]": "the pattern is then matched, and that starts with its operator",
    "_matches without len(pattern) == len(formula)": "an operator has one number of parts",
    "_matches without bool": A_BOOL,
    "_matches without bool #2": A_BOOL,
    'cong_sum without "eq"': THREE_PARTS,
    'cong_map without "eq"': THREE_PARTS,
    'cong_map without like[0] in {"map", "slope"}': "no other term has five parts, of which the last two are compared",
    'specialise without judgement[0] == "deriv"': "the first part of any other judgement is a term, and no name",
    'pos_number without a[0] == "num"': "the first part of any other term has no order with 0: TypeError",
    'd_sum without "deriv"': FIVE_PARTS,
    'd_chain without "deriv"': FIVE_PARTS,
    'd_chain without "deriv" #2': FIVE_PARTS,
    'd_function without "eq"': THREE_PARTS,
    'd_function without "deriv"': FIVE_PARTS,
}
"""What a guard can do without, and why nothing gets further then."""


def noticed():
    """Does an attack succeed, or a twin fail?"""
    tried = [(attack, twin) for by, attack, twin in ATTACKS.values() if type(by) is str]
    return any(refusal(attack) is None for attack, _ in tried) or any(refusal(twin) is not None for _, twin in tried)


def test_of_the_kernel_as_it_is_nothing_is_noticed():
    assert not noticed()


@pytest.mark.no_cover
@pytest.mark.parametrize("name", MUTANTS)
def test_without_an_operand_of_a_guard_an_attack_succeeds_or_a_twin_fails(name, monkeypatch):
    where, code, text = MUTANTS[name]
    instead(monkeypatch, where, code)
    assert noticed() == (name not in REDUNDANT), text


def test_what_is_redundant_is_an_operand_of_a_guard():
    assert REDUNDANT.keys() <= MUTANTS.keys()
