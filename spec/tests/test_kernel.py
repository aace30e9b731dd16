"""The rules of the kernel, one at a time: each gives what its docstring says."""

from fractions import Fraction

import pytest
from declared import D, S, T, W, X, Y, c, declared, f, i, inverse, j, k, l, r, s

from backproof_spec.calculus.kernel import RULES, SCHEMES
from backproof_spec.calculus.notation import (
    Expression,
    always,
    cos,
    delta,
    derivative,
    equal,
    erf,
    exp,
    log,
    maximum,
    nonzero,
    pi,
    positive,
    sigmoid,
    sin,
    size,
    softplus,
    sqrt,
    step,
    tanh,
    total,
)
from backproof_spec.calculus.terms import (
    ONE,
    ZERO,
)


@pytest.fixture
def p():
    return declared()


# --- one rule at a time -----------------------------------------------------------------------------------------------


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
    "cong_sqrt": ((equal(A, B),), (), equal(sqrt(A), sqrt(B))),
    "cong_tanh": ((equal(A, B),), (), equal(tanh(A), tanh(B))),
    "cong_sigmoid": ((equal(A, B),), (), equal(sigmoid(A), sigmoid(B))),
    "cong_softplus": ((equal(A, B),), (), equal(softplus(A), softplus(B))),
    "cong_erf": ((equal(A, B),), (), equal(erf(A), erf(B))),
    "cong_sin": ((equal(A, B),), (), equal(sin(A), sin(B))),
    "cong_cos": ((equal(A, B),), (), equal(cos(A), cos(B))),
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
    "ind_negate": ((nonzero(A),), (), equal(step(-A), 1 - step(A))),
    "ind_scale": ((positive(A),), (C,), equal(step(A * C), step(C))),
    "ind_implied": ((nonneg(C),), (A,), equal(step(A) * step(A + C), step(A))),
    "sqrt_square": ((nonneg(A),), (), equal(sqrt(A * A), A)),
    "square_sqrt": ((nonneg(A),), (), equal(sqrt(A) * sqrt(A), A)),
    "tanh_exp": ((), (A,), equal(tanh(A), (exp(A) - exp(-A)) / (exp(A) + exp(-A)))),
    "sigmoid_exp": ((), (A,), equal(sigmoid(A), inverse(1 + exp(-A)))),
    "softplus_log": ((), (A,), equal(softplus(A), log(1 + exp(A)))),
    "sin_cos": ((), (A,), equal(sin(A) * sin(A) + cos(A) * cos(A), 1)),
    "erf_negate": ((), (A,), equal(erf(-A), -erf(A))),
    "sin_negate": ((), (A,), equal(sin(-A), -sin(A))),
    "cos_negate": ((), (A,), equal(cos(-A), cos(A))),
    "pos_exp": ((), (A,), positive(exp(A))),
    "pos_softplus": ((), (A,), positive(softplus(A))),
    "pos_sqrt": ((positive(A),), (), positive(sqrt(A))),
    "nonneg_sqrt": ((nonneg(A),), (), nonneg(sqrt(A))),
    "pos_pi": ((), (), positive(pi)),
    "pos_add": ((positive(A), nonneg(C)), (), positive(A + C)),
    "pos_mul": ((positive(A), positive(C)), (), positive(A * C)),
    "pos_inv": ((positive(A),), (), positive(inverse(A))),
    "pos_nonneg": ((nonneg(A), nonzero(A)), (), positive(A)),
    "nonneg_square": ((), (A,), nonneg(A * A)),
    "nonneg_mul": ((nonneg(A), nonneg(C)), (), nonneg(A * C)),
    "nonneg_weaken": ((positive(A),), (), nonneg(A)),
    "nonzero_weaken": ((positive(A),), (), nonzero(A)),
    "nonzero_mul": ((nonzero(A), nonzero(C)), (), nonzero(A * C)),
    "nonzero_factor": ((nonzero(C * A),), (), nonzero(A)),
    "nonzero_inv": ((nonzero(A),), (), nonzero(inverse(A))),
    "d_add": ((dA, dB), (), derivative(A + B, X[k], delta(i, k) + delta(j, k))),
    "d_mul": ((dA, dB), (), derivative(A * B, X[k], delta(i, k) * B + A * delta(j, k))),
    "d_exp": ((dA,), (), derivative(exp(A), X[k], exp(A) * delta(i, k))),
    "d_log": ((dA, positive(A)), (), derivative(log(A), X[k], inverse(A) * delta(i, k))),
    "d_inv": ((dA, nonzero(A)), (), derivative(inverse(A), X[k], -(inverse(A) * inverse(A)) * delta(i, k))),
    "d_ind": ((dA, nonzero(A)), (), derivative(step(A), X[k], 0)),
    "d_sqrt": ((dA, positive(A)), (), derivative(sqrt(A), X[k], inverse(2 * sqrt(A)) * delta(i, k))),
    "d_tanh": ((dA,), (), derivative(tanh(A), X[k], (1 - tanh(A) * tanh(A)) * delta(i, k))),
    "d_sigmoid": ((dA,), (), derivative(sigmoid(A), X[k], sigmoid(A) * (1 - sigmoid(A)) * delta(i, k))),
    "d_softplus": ((dA,), (), derivative(softplus(A), X[k], sigmoid(A) * delta(i, k))),
    "d_erf": ((dA,), (), derivative(erf(A), X[k], 2 / sqrt(pi) * exp(-(A * A)) * delta(i, k))),
    "d_sin": ((dA,), (), derivative(sin(A), X[k], cos(A) * delta(i, k))),
    "d_cos": ((dA,), (), derivative(cos(A), X[k], -sin(A) * delta(i, k))),
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
WEIGHTED = (always(nonneg(W[r, i]), i), ABOVE, always(positive(total(W[r, j], j))))
"""Row r of W is nowhere negative, X is positive, and the row sums to what is."""


def equation(p):
    return p("assume", EQUATION, (i,))


WON = {
    always(equal(Y[i] * Y[i], Y[i]), i),
    always(positive(Y[i] - W[r, i] + total(Y[j] * W[r, j], j)), i),
    always(equal(total(Y[i], i), 1)),
}
"""Y is 1 at one index, and there row r of W is larger than anywhere else."""


def won(p):
    return [p("assume", fact, (i,) if fact[1] else ()) for fact in sorted(WON, key=lambda fact: (not fact[1], fact[2]))]


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
    "cong_max": (
        lambda p: p("cong_max", i, equation(p)),
        {EQUATION},
        equal(maximum(X[i], i), maximum(Y[i], i)),
    ),
    "max_wins": (
        lambda p: p("max_wins", i, *won(p)),
        WON,
        equal(maximum(W[r, i], i), total(Y[i] * W[r, i], i)),
    ),
    "d_max": (
        lambda p: p("d_max", i, *won(p), p("d_variable", "W", (r, i), (s, k))),
        WON,
        derivative(maximum(W[r, i], i), W[s, k], total(Y[i] * (delta(r, s) * delta(i, k)), i)),
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
    "pos_weighted": (
        lambda p: p("pos_weighted", i, *(p("assume", fact, (i,) if fact[1] else ()) for fact in WEIGHTED)),
        {*WEIGHTED},
        positive(total(W[r, i] * X[i], i)),
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
