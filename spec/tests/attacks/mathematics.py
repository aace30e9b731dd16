"""What is false of numbers, functions and derivatives, or does not follow."""

from attacks.made_of import (
    A,
    B,
    P,
    S,
    W,
    X,
    Y,
    as_c,
    as_S,
    assumed,
    by_X,
    by_Y,
    c,
    exp_X_as_S,
    f,
    i,
    j,
    k,
    l,
    nonneg,
    nonzero_square,
    off_the_kink,
    r,
    s,
    slope_of_exp_X,
    t,
    weighted,
    winning,
    witness,
)
from backproof_spec.calculus import values
from backproof_spec.calculus.notation import (
    equal,
    exp,
    nonzero,
    positive,
    size,
    step,
    total,
)
from backproof_spec.calculus.terms import MINUS_ONE, ONE, ZERO

MATHEMATICS = {
    # name: (what refuses it, attack, twin)
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
    "√(x·x) = x, whatever x is": (
        "premise",
        lambda p: p("sqrt_square", assumed(p, nonzero(X[i]))),
        lambda p: p("sqrt_square", assumed(p, nonneg(X[i]))),
    ),
    "√x·√x = x, where x may be negative": (
        "premise",
        lambda p: p("square_sqrt", assumed(p, nonzero(X[i]))),
        lambda p: p("square_sqrt", assumed(p, nonneg(X[i]))),
    ),
    "√x > 0, where x may be 0": (
        "premise",
        lambda p: p("pos_sqrt", assumed(p, nonneg(X[i]))),
        lambda p: p("pos_sqrt", assumed(p, positive(X[i]))),
    ),
    "∂√x, where x may be 0": (
        "premise",
        lambda p: p("d_sqrt", by_X(p), assumed(p, nonneg(X[i]))),
        lambda p: p("d_sqrt", by_X(p), assumed(p, positive(X[i]))),
    ),
    "∂√x, where something else is positive": (
        "premise",
        lambda p: p("d_sqrt", by_X(p), p("pos_exp", X[i].term)),
        lambda p: p("d_sqrt", p("d_exp", by_X(p)), p("pos_exp", X[i].term)),
    ),
    "the largest is one that nothing exceeds: any of two": (
        "premise",
        lambda p: p("d_max", i, *winning(p, nonneg(P[i] - X[i] + total(P[j] * X[j], j))), by_X(p)),
        lambda p: p("d_max", i, *winning(p), by_X(p)),
    ),
    "the largest of X, since Y is largest there": (
        "premise",
        lambda p: p("max_wins", i, *winning(p, positive(P[i] - X[i] + total(P[j] * Y[j], j)))),
        lambda p: p("max_wins", i, *winning(p)),
    ),
    "the largest of X, by weights of which others sum to 1": (
        "premise",
        lambda p: p("max_wins", i, *winning(p, one=Y)),
        lambda p: p("max_wins", i, *winning(p)),
    ),
    "the largest of X, by weights that may be ½ each": (
        "premise",
        lambda p: p("max_wins", i, p("refl", (P[i] * P[i]).term), *winning(p)[1:]),
        lambda p: p("max_wins", i, *winning(p)),
    ),
    "the derivative of another than is largest": (
        "premise",
        lambda p: p("d_max", i, *winning(p, a=Y), by_X(p)),
        lambda p: p("d_max", i, *winning(p, a=X), by_X(p)),
    ),
    "a square is positive, whatever it is of": (
        "premise",
        lambda p: p("pos_nonneg", p("nonneg_square", X[i].term), p("nonneg_square", X[i].term)),
        lambda p: p("pos_nonneg", p("nonneg_square", exp(X[i]).term), nonzero_square(p)),
    ),
    "a·b ≠ 0 where one of them may be 0": (
        "premise",
        lambda p: p("nonzero_mul", assumed(p, nonzero(X[i])), p("nonneg_square", Y[i].term)),
        lambda p: p("nonzero_mul", assumed(p, nonzero(X[i])), assumed(p, nonzero(Y[i]))),
    ),
    "1/a ≠ 0 where a may be 0": (
        "premise",
        lambda p: p("nonzero_inv", p("nonneg_square", X[i].term)),
        lambda p: p("nonzero_inv", assumed(p, nonzero(X[i]))),
    ),
    "a ≠ 0 since a·b ≥ 0": (
        "premise",
        lambda p: p("nonzero_factor", assumed(p, nonneg(X[i] * Y[i]))),
        lambda p: p("nonzero_factor", assumed(p, nonzero(X[i] * Y[i]))),
    ),
    "a ≠ 0 since a + b ≠ 0": (
        "premise",
        lambda p: p("nonzero_factor", assumed(p, nonzero(X[i] + Y[i]))),
        lambda p: p("nonzero_factor", assumed(p, nonzero(Y[i] * X[i]))),
    ),
    "1[a]·1[a + b] = 1[a] where b may be negative": (
        "premise",
        lambda p: p("ind_implied", assumed(p, nonzero(Y[i])), X[i].term),
        lambda p: p("ind_implied", assumed(p, nonneg(Y[i])), X[i].term),
    ),
    "a ≠ 0 since −a ≥ 0": (
        "premise",
        lambda p: p("nonzero_factor", assumed(p, nonneg(-X[i]))),
        lambda p: p("nonzero_factor", assumed(p, nonzero(-X[i]))),
    ),
    "1[a·b] = 1[b] where a may be 0": (
        "premise",
        lambda p: p("ind_scale", p("nonneg_square", X[i].term), Y[i].term),
        lambda p: p("ind_scale", p("pos_exp", X[i].term), Y[i].term),
    ),
    "1[−a] = 1 − 1[a] at 0": (
        "premise",
        lambda p: p("ind_negate", p("nonneg_square", X[i].term)),
        lambda p: p("ind_negate", assumed(p, nonzero(X[i]))),
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
    "Σ a·b > 0, where a may be negative: (−1, 2)·(5, 1) = −3": (
        "premise",
        lambda p: p("pos_weighted", i, *weighted(p, nonzero(X[i]))),
        lambda p: p("pos_weighted", i, *weighted(p)),
    ),
    "Σ a·b > 0, where b may be 0 wherever a is not": (
        "premise",
        lambda p: p("pos_weighted", i, *weighted(p, fact=nonneg(Y[i]))),
        lambda p: p("pos_weighted", i, *weighted(p)),
    ),
    "Σ a·b > 0, where a may be 0 everywhere": (
        "premise",
        lambda p: p("pos_weighted", i, *weighted(p, some=nonneg(total(X[i], i)))),
        lambda p: p("pos_weighted", i, *weighted(p)),
    ),
    "Σ a·b > 0, as Σ b > 0": (
        "premise",
        lambda p: p("pos_weighted", i, *weighted(p, some=positive(total(Y[i], i)))),
        lambda p: p("pos_weighted", i, *weighted(p)),
    ),
    "Σ a·b > 0, as a > 0 at one index": (
        "premise",
        lambda p: p("pos_weighted", i, *weighted(p, some=positive(X[j]))),
        lambda p: p("pos_weighted", i, *weighted(p)),
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
        values.Unsatisfied,
        lambda p: witness(p, c[()]),
        lambda p: witness(p, -c[()]),
    ),
}
