"""Rules, and places of them, that no theorem of the table needs: they too are written for Coq, and Coq accepts them."""

import json

import pytest

from backproof_spec.calculus.coq.export import export
from backproof_spec.calculus.derivation import steps_as_data
from backproof_spec.calculus.notation import (
    always,
    cos,
    delta,
    equal,
    erf,
    exp,
    indices,
    nonzero,
    positive,
    sigmoid,
    sin,
    softplus,
    sqrt,
    tanh,
    total,
)
from backproof_spec.calculus.replay import FORMAT, KERNEL, file_digest, replay, stated
from backproof_spec.calculus.tactics import Proof
from backproof_spec.calculus.terms import MINUS_ONE, ONE, ZERO

i, j, k, l = indices(i="n", j="n", k="n", l="n")


def proved(build):
    """The proof file of what ``build`` proves of a proof with vectors X and Y."""
    p = Proof()
    theorem = build(p, p.variable("X", "n"), p.variable("Y", "n"))
    data = {
        "format": FORMAT,
        "kernel": KERNEL,
        "stem": "a.rule",
        "title": "a rule",
        "declarations": [list(each) for each in p.declarations],
        "steps": steps_as_data(p.steps),
        "lines": [{"step": len(p.steps) - 1, "words": "so"}],
        "statement": stated(theorem),
    }
    return json.loads(json.dumps({**data, "digest": file_digest(data)}))


def by_X(p, at=i, by=k):
    return p("d_variable", "X", (at,), (by,))


def at_itself(p, X, Y):
    """∂X[k]²/∂X[k] = 2·X[k]: k is in what is differentiated."""
    del Y
    one = p("d_value", p("delta_same", k), p("instance", by_X(p), i, k))
    square = p("d_mul", one, one)
    return p("d_value", p("ring", square.conclusion[-1], (2 * X[k]).term), square)


def elsewhere(p, X, Y):
    """∂X[i]/∂X[l], from ∂X[i]/∂X[k]."""
    del X, Y
    return p("instance", by_X(p), k, l)


def specialised(p, X, Y):
    """∂(X[i]·Y[i])/∂X[k] where Y[j] = 1: the whole gradient."""
    product = p("d_mul", by_X(p), p("d_constant", "X", (k,), Y[i].term))
    p.variable("Z", "n")
    del X
    return p("specialise", product, "Y", (j,), ("num", 1, 1))


def specialised_at_the_index(p, X, Y):
    """The same where Y[j] = Z[k]: k is in what is differentiated."""
    del X
    Z = p.variable("Z", "n")
    product = p("d_mul", by_X(p), p("d_constant", "X", (k,), Y[i].term))
    return p("specialise", product, "Y", (j,), Z[k].term)


def an_index_gone(p, X, Y):
    """0 = 0·Y[j] = 0: neither j nor Y is left, and n > 0 is assumed."""
    del X
    nothing = p("ring", (0 * Y[j]).term, ZERO)
    return p("trans", p("sym", nothing), nothing)


def a_gradient_of_which_one_entry_is_known(p, X, Y):
    """X[i] + Y[k] − Y[k] = X[i], differentiated by X[k]: nothing is left of k, but one entry is all that is known."""
    constant = p("d_constant", "X", (k,), (Y[k] - Y[k]).term)
    slope = p("d_add", by_X(p), constant)
    return p("d_function", p("ring", slope.conclusion[3], X[i].term), slope)


def what_is_not_0(p, X, Y):
    """−X[i]·1/Y[i] is not 0, and its square positive, where X[i] is not 0 and Y[i] negative."""
    negative = p("nonzero_factor", p("nonzero_weaken", p("assume", always(positive(-Y[j]), j), (i,))))
    minus_one = p.nonzero(("num", -1, 1))
    above = p("nonzero_mul", minus_one, p("assume", always(nonzero(X[j]), j), (i,)))
    whole = p("nonzero_mul", above, p("nonzero_inv", negative))
    square = p("nonneg_square", whole.conclusion[1])
    return p("pos_nonneg", square, p("nonzero_mul", whole, whole))


def steps_the_other_way(p, X, Y):
    """1[−X[i]]·1[−X[i] + exp Y[i]] = 1 − 1[X[i]] = 1 − 1[eʸ·X[i]] where X[i] is not 0."""
    both = p("ind_implied", p("nonneg_weaken", p("pos_exp", Y[i].term)), (-X[i]).term)
    turned = p("trans", both, p("ind_negate", p("assume", always(nonzero(X[j]), j), (i,))))
    scaled = p("sym", p("ind_scale", p("pos_exp", Y[i].term), X[i].term))
    minus = p("cong_mul", p("refl", MINUS_ONE), scaled)
    return p("trans", turned, p("cong_add", p("refl", ONE), minus))


def every_function(p, X, Y):
    """The derivative of a sum of all functions."""
    del Y
    x = X[i]
    whole = sqrt(exp(x)) + tanh(x) + sigmoid(x) + softplus(x) + erf(x) + sin(x) + cos(x)
    return p.derivative(whole.term, "X", (k,))


def every_function_at_the_index(p, X, Y):
    """The same by X[i] itself: one entry."""
    return p("instance", every_function(p, X, Y), k, i)


def every_law(p, X, Y):
    """Sums of both sides of the laws."""
    x, y = X[i].term, Y[i].term
    least = p("nonneg_square", y)
    laws = [
        p("sqrt_square", least),
        p("square_sqrt", p("nonneg_sqrt", least)),
        p("cong_sqrt", p("sqrt_square", p("nonneg_weaken", p("pos_sqrt", p("pos_pi"))))),
        p("cong_tanh", p("sigmoid_exp", x)),
        p("cong_sigmoid", p("tanh_exp", x)),
        p("cong_softplus", p("erf_negate", x)),
        p("cong_erf", p("softplus_log", x)),
        p("cong_sin", p("cos_negate", x)),
        p("cong_cos", p("sin_negate", x)),
        p("trans", p("sin_cos", x), p("sym", p("cancel", p("nonzero_weaken", p("pos_softplus", y))))),
    ]
    whole = laws[0]
    for law in laws[1:]:
        whole = p("cong_add", whole, law)
    return whole


def winning(p, X, j):
    """X[j] is larger than any other entry: what δ[i, j] has to satisfy."""
    w = delta(i, j)
    facts = [equal(w * w, w), positive(w - X[i] + total(delta(l, j) * X[l], l))]
    one = p("assume", always(equal(total(w, i), 1)), ())
    return i, *(p("assume", always(fact, i), (i,)) for fact in facts), one


def the_largest(p, X, Y):
    """max_i X[i] = Σ_i δ[i, j]·X[i], and max_i X[i] = max_i Y[i] where these are equal."""
    same = p("cong_max", i, p("assume", always(equal(X[i], Y[i]), i), (i,)))
    return p("trans", p("sym", p("max_wins", *winning(p, X, j))), same)


def weighted(p, X, Y):
    """X ≥ 0, Σ X > 0, Y > 0 ⊢ Σ X·Y > 0."""
    facts = (("nonneg", X[i].term), positive(Y[i]))
    some = p("assume", always(positive(total(X[i], i))), ())
    return p("pos_weighted", i, *(p("assume", always(fact, i), (i,)) for fact in facts), some)


def the_largest_differentiated(p, X, Y):
    """∂(max_i X[i])/∂X[k]."""
    del Y
    return p("d_max", *winning(p, X, j), by_X(p))


def the_largest_differentiated_where_it_is(p, X, Y):
    """∂(max_i X[i])/∂X[j], X[j] being the largest: j is in what is assumed."""
    del Y
    return p("d_max", *winning(p, X, k), by_X(p))


CASES = {
    "the largest": (the_largest, "sum n (fun j1 => delta j1 j * X j1) = maximum n (fun j1 => Y j1)"),
    "the largest, differentiated": (the_largest_differentiated, "Grad [n] (fun X => maximum n (fun j1 => X j1)) X"),
    "the largest, differentiated where it is": (
        the_largest_differentiated_where_it_is,
        "Partial [n] (fun X => maximum n (fun j1 => X j1)) X (k, tt)",
    ),
    "a weighted sum": (weighted, "(0 < sum n (fun j1 => X j1)) -> 0 < sum n (fun j1 => X j1 * Y j1)"),
    # what is proved: (how, what its statement has)
    "the square of an entry, by that entry": (at_itself, "Partial [n] (fun X => X k * X k) X (k, tt) (2 * X k)"),
    "a gradient at another index": (elsewhere, "Grad [n] (fun X => X i) X (fun l => delta i l)"),
    "another variable in a gradient": (specialised, "Grad [n] (fun X => X i * 1) X"),
    "another variable that makes it one entry": (
        specialised_at_the_index,
        "Partial [n] (fun X => X i * Z k) X (k, tt)",
    ),
    "an index and a variable of which nothing is left": (an_index_gone, "(0 < INR n) -> 0 = 0"),
    "what is not 0": (what_is_not_0, "-> 0 < (-1) * X i * / Y i * ((-1) * X i * / Y i)"),
    "steps the other way": (
        steps_the_other_way,
        "ind ((-1) * X i) * ind ((-1) * X i + exp (Y i)) = 1 + (-1) * ind (exp (Y i) * X i)",
    ),
    "every function": (every_function, "+ 2 * / sqrt PI * exp ((-1) * (X i * X i)) * delta i k"),
    "every function, by its own entry": (
        every_function_at_the_index,
        "Partial [n] (fun X => sqrt (exp (X i)) + tanh (X i)",
    ),
    "every law": (every_law, "erf (softplus (X i)) "),
    "one entry of a gradient": (a_gradient_of_which_one_entry_is_known, "Partial [n] (fun X => X i) X (k, tt)"),
}


@pytest.mark.parametrize("name", CASES)
def test_it_replays_and_is_written_for_coq(name):
    build, said = CASES[name]
    data = proved(build)
    replay(data)
    assert said in export(data).statement[-1]


@pytest.mark.coq
@pytest.mark.parametrize("name", CASES)
def test_coq_accepts_it(name, compiled):
    assert compiled(export(proved(CASES[name][0]))).refusal == ""
