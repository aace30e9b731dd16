"""What the attacks on the kernel are made of: a theory, the steps that attacks share, and hostile objects."""

import json
from random import Random

from backproof_spec.calculus import values
from backproof_spec.calculus.derivation import steps_as_data
from backproof_spec.calculus.kernel import RULES, Theorem
from backproof_spec.calculus.notation import (
    Map,
    Tensor,
    always,
    delta,
    equal,
    exp,
    indices,
    nonzero,
    positive,
    total,
)
from backproof_spec.calculus.replay import FORMAT, KERNEL, file_digest, replay, stated
from backproof_spec.calculus.tactics import Proof
from backproof_spec.calculus.terms import ONE, ZERO, Theory, close

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


def nonzero_square(p):
    """⊢ exp X[i]·exp X[i] ≠ 0."""
    fact = p("nonzero_weaken", p("pos_exp", X[i].term))
    return p("nonzero_mul", fact, fact)


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
    return p("specialise", theorem, "c", (), ZERO)


def nested(depth):
    term = ZERO
    for _ in range(depth):
        term = ("exp", term)
    return term


def normalised(p):
    """ΣP = 1 ⊢ S·ΣP = S·1."""
    return p("cong_mul", p("refl", S[i].term), assumed(p, equal(total(P[j], j), 1)))


def winning(p, above=None, one=P, over=(i,), a=X):
    """What P has to satisfy to be 1 where a is largest; ``above``: that it is strictly so, ``over`` for which i."""
    above = above or positive(P[i] - a[i] + total(P[j] * a[j], j))
    squares = assumed(p, equal(P[i] * P[i], P[i]), *over)
    return squares, assumed(p, above, *over), assumed(p, equal(total(one[j], j), 1))


LEAST, FACT, SOME = nonneg(X[i]), positive(Y[i]), positive(total(X[i], i))


def weighted(p, least=LEAST, fact=FACT, some=SOME, over=((i,), (i,))):
    """That X ≥ 0, Y > 0 and Σ X > 0, or other facts; ``over``: for which i the first two are assumed."""
    return assumed(p, least, *over[0]), assumed(p, fact, *over[1]), assumed(p, some)


def witness(p, below):
    """Values at which both are true of c > 0 ⊢ 1[c ≥ 0] = 1 and −below > 0 ⊢ 1[below ≥ 0] = 0, that is 0 = 1 for c."""
    above = p("ind_nonneg", p("nonneg_weaken", assumed(p, positive(c[()]))))
    theorem = p("cong_add", above, p("ind_negative", assumed(p, positive(-below))))
    return values.model(p, theorem.hypotheses, Random(1))


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
