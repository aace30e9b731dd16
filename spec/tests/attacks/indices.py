"""What is false of indices: capture, eigenvariables, sums, deltas and empty ranges."""

from attacks.made_of import (
    A,
    B,
    F,
    W,
    X,
    Y,
    assumed,
    by_X,
    by_Y,
    f,
    i,
    j,
    k,
    l,
    nonneg,
    off_the_kink,
    r,
    s,
    slope_of_X,
    summed,
    t,
    through,
    weighted,
    winning,
)
from backproof_spec.calculus.notation import (
    delta,
    equal,
    positive,
    size,
    total,
)
from backproof_spec.calculus.terms import ZERO

INDICES = {
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
    "an eigenvariable in the hypotheses, which was another": (
        "eigenvariable",
        lambda p: p("cong_sum", j, p("instance", assumed(p, equal(X[i], Y[i])), i, j)),
        lambda p: p("cong_sum", j, p("instance", assumed(p, equal(X[i], Y[i]), i), i, j)),
    ),
    "an eigenvariable in the hypotheses of a map's argument": (
        "eigenvariable",
        lambda p: p("cong_map", f.at((), (i,), X[i]).term, (i,), assumed(p, equal(X[i], Y[i]))),
        lambda p: p("cong_map", f.at((), (i,), X[i]).term, (i,), assumed(p, equal(X[i], Y[i]), i)),
    ),
    "an eigenvariable in the hypotheses of what wins": (
        "eigenvariable",
        lambda p: p("max_wins", i, *winning(p, over=())),
        lambda p: p("max_wins", i, *winning(p)),
    ),
    "an eigenvariable by which the largest is differentiated": (
        "eigenvariable",
        lambda p: p("d_max", i, *winning(p), by_X(p, i, i)),
        lambda p: p("d_max", i, *winning(p), by_X(p, i, k)),
    ),
    "an eigenvariable in the hypotheses of what is largest": (
        "eigenvariable",
        lambda p: p("cong_max", i, assumed(p, equal(X[i], Y[i]))),
        lambda p: p("cong_max", i, assumed(p, equal(X[i], Y[i]), i)),
    ),
    "an eigenvariable in the hypotheses of a positive term": (
        "eigenvariable",
        lambda p: p("pos_sum", i, assumed(p, positive(X[i])), assumed(p, positive(size("n")))),
        lambda p: p("pos_sum", i, assumed(p, positive(X[i]), i), assumed(p, positive(size("n")))),
    ),
    "an eigenvariable in the hypotheses of a weight": (
        "eigenvariable",
        lambda p: p("pos_weighted", i, *weighted(p, over=((), (i,)))),
        lambda p: p("pos_weighted", i, *weighted(p)),
    ),
    "an eigenvariable in the hypotheses of what is weighted": (
        "eigenvariable",
        lambda p: p("pos_weighted", i, *weighted(p, over=((i,), ()))),
        lambda p: p("pos_weighted", i, *weighted(p)),
    ),
    "capture: Σ_j X[i] = n·X[i] for Σ_i X[i]": (
        "premise",
        lambda p: p("pos_weighted", i, *weighted(p, some=positive(total(X[i], j)))),
        lambda p: p("pos_weighted", i, *weighted(p)),
    ),
    "a sum of weights over another dimension": (
        "premise",
        lambda p: p("pos_weighted", i, *weighted(p, some=positive(total(X[i], r)))),
        lambda p: p("pos_weighted", i, *weighted(p)),
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
        "premise",
        lambda p: p("pos_sum", i, p("pos_exp", X[i].term), assumed(p, positive(size("m")))),
        lambda p: p("pos_sum", i, p("pos_exp", X[i].term), assumed(p, positive(size("n")))),
    ),
    "empty ranges: Σ exp X > 0 where n ≥ 0": (
        "premise",
        lambda p: p("pos_sum", i, p("pos_exp", X[i].term), assumed(p, nonneg(size("n")))),
        lambda p: p("pos_sum", i, p("pos_exp", X[i].term), assumed(p, positive(size("n")))),
    ),
}
