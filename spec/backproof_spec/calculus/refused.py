"""False theorems that a careless system proves: each is attempted, refused, and false in numbers: design §7.4.

An entry says what is false, why it is believed, the steps that would prove it, and how what is true instead is proved;
``examine`` takes the steps. Indices r count up to m, s and t up to p, all others up to n.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from backproof_spec.calculus import values
from backproof_spec.calculus.derivation import Derivation
from backproof_spec.calculus.falsehoods import A, B, Falsehood, W, X, Y, dZ, proved, u, v, x, y, z
from backproof_spec.calculus.kernel import Theorem
from backproof_spec.calculus.notation import (
    Expression,
    Tensor,
    always,
    delta,
    derivative,
    equal,
    exp,
    indices,
    log,
    maximum,
    nonzero,
    positive,
    size,
    step,
    total,
)
from backproof_spec.calculus.terms import ONE, Formula, close
from backproof_spec.calculus.theorems import cross_entropy

a, c, i, j, k, l, r, s, t = indices(a="n", c="n", i="n", j="n", k="n", l="n", r="m", s="p", t="p")
S, P, Z = (Tensor(name, ("n", "p")) for name in "SPZ")
L, N = (Tensor(name, ())[()] for name in "LN")
over_n = Expression(("inv", ("dim", "n")))
half, over_x = Expression(("num", 1, 2)), Expression(("inv", x.term))
sign, exp_u = 2 * step(x) - 1, total(exp(u[k]), k)
x_not_negative, y_not_negative = ("nonneg", x.term), ("nonneg", y.term)
inner = ("bound", -1, "n")
"""Seen from outside of a sum, the index of the sum."""
delta_r = ("sum", "n", close(("mul", ("delta", "n", (i, r)), y.term), (i,)))

# --- proofs, of what is true if the fact that they are given is -------------------------------------------------------


def _true(judgement: Formula, *assuming: Formula) -> Callable[[Derivation], Theorem]:
    """What the tactics prove."""
    return lambda d: proved(d, judgement, *assuming)


def _assumed(d: Derivation, judgement: Formula) -> Theorem:
    """J ⊢ J."""
    return d("assume", always(judgement), ())


def _by_x(d: Derivation) -> Theorem:
    """∂x/∂x = 1."""
    return d("d_variable", "x", (), ())


def _tidy(d: Derivation, theorem: Theorem) -> Theorem:
    """A derivative without the zeros that the rules leave."""
    d.begin(theorem, "without zeros")
    return d.last


def _captured(d: Derivation) -> Theorem:
    """∂(Σ_i u_i)/∂u_i = Σ_i δ_ii = n."""
    ones = proved(d, equal(total(delta(i, i), i), size("n")))
    return d("d_value", ones, d("d_sum", i, d("d_variable", "u", (i,), (i,))))


def _softmax(d: Derivation, fact: Theorem) -> Theorem:
    """Σ_i exp u_i/Σ exp u = Σ exp u/Σ exp u = 1."""
    out = proved(d, equal(total(exp(u[i]) / exp_u, i), exp_u / exp_u))
    filled = d("pos_sum", i, d("pos_exp", u[i].term), fact)
    return d("trans", out, d("cancel", d("nonzero_weaken", filled)))


def _divided(d: Derivation, fact: Theorem) -> Theorem:
    """x·y = x·z ⊢ y = 1/x·(x·y) = 1/x·(x·z) = z."""
    cancelled = d("cancel", fact)
    ends = []
    for b in (y, z):
        one = d("cong_mul", cancelled, d("refl", b.term))
        whole = d("trans", d("ring", (over_x * (x * b)).term, (x * over_x * b).term), one)
        ends.append(d("trans", whole, d("ring", (1 * b).term, b.term)))
    same = d("cong_mul", d("refl", over_x.term), _assumed(d, equal(x * y, x * z)))
    return d("trans", d("trans", d("sym", ends[0]), same), ends[1])


def _root(d: Derivation, fact: Theorem) -> Theorem:
    """exp(½·log(x·x)) = exp(½·(log x + log x)) = exp(log x) = x."""
    both = d("cong_mul", d("refl", half.term), d("log_mul", fact, fact))
    halved = d("trans", both, d("ring", (half * (log(x) + log(x))).term, log(x).term))
    return d("trans", d("cong_exp", halved), d("exp_log", fact))


def _relu_is_x(d: Derivation) -> Theorem:
    """x ≥ 0 ⊢ x·1 = relu x, and so ∂(relu x)/∂x = ∂(x·1)/∂x = 1."""
    one = d("sym", d("ind_nonneg", _assumed(d, x_not_negative)))
    slope = _tidy(d, d.derivative((x * 1).term, "x", ()))
    return d("d_function", d("cong_mul", d("refl", x.term), one), slope)


def _relu_above_0(d: Derivation) -> Theorem:
    """x > 0 ⊢ ∂(relu x)/∂x = 1[x ≥ 0] = 1."""
    slope = proved(d, derivative(x * step(x), x, step(x)), always(positive(x)))
    return d("d_value", d("ind_nonneg", d("nonneg_weaken", _assumed(d, positive(x)))), slope)


def _shared(d: Derivation) -> tuple[Theorem, ...]:
    """Of the weights 1/n: that they sum to 1, and exceed u_i − Σ u/n where all u_i are x; but they are not 0 or 1."""
    above = positive(over_n - u[i] + total(over_n * u[j], j))
    n_over_n = d("cancel", d("nonzero_weaken", _assumed(d, positive(size("n")))))
    one = d("trans", d("sum_constant", total(over_n, i).term), n_over_n)
    return d("refl", (over_n * over_n).term), d("assume", always(above, i), (i,)), one


def _normaliser_held(d: Derivation) -> Theorem:
    """∂(exp u_i·1/N)/∂u_k = exp u_i·δ_ik·1/N + exp u_i·0."""
    above = d("d_exp", d("d_variable", "u", (i,), (k,)))
    return _tidy(d, d("d_mul", above, d("d_constant", "u", (k,), ("inv", N.term))))


def _one_is_zero(d: Derivation) -> Theorem:
    """x > 0, −x > 0 ⊢ 1 = 1[x ≥ 0] = 0, and then evaluated where x > 0 and −x > 0."""
    one = d("ind_nonneg", d("nonneg_weaken", _assumed(d, positive(x))))
    theorem = d("trans", d("sym", one), d("ind_negative", _assumed(d, positive(-x))))
    values.model(d, theorem.hypotheses, Random(1))  # noqa: S311 - examples, no secrets
    return theorem


# --- the gallery ------------------------------------------------------------------------------------------------------

REFUSED: tuple[Falsehood, ...] = (
    Falsehood(
        stem="index-captured-by-a-derivative",
        group="indices",
        title="The sum of all entries is differentiated by one of them, and both indices are called i",
        statement=derivative(total(u[i], i), u[i], size("n")),
        why="Every term seems to have the derivative 1, and there are n of them. But the index of the sum is another "
        "than that of the entry: only one term of the sum is that entry, and the derivative is 1.",
        attempt=_captured,
        twin=_true(derivative(total(u[i], i), u[k], 1)),
    ),
    Falsehood(
        stem="index-captured-by-a-sum",
        group="indices",
        title="What holds for every j is used for j = i, inside of a sum over i",
        statement=equal(total(delta(i, i), i), 1),
        why="The sum of δ over its first index is 1 for every second index j, so why not for i? Under the sum i is "
        "taken: put there, j would run along with it.",
        attempt=lambda d: d("instance", proved(d, equal(total(delta(i, j), i), 1)), j, inner),
        twin=lambda d: d("instance", proved(d, equal(total(delta(k, j), k), 1)), j, i),
    ),
    Falsehood(
        stem="one-index-for-all",
        group="indices",
        title="Two vectors agree at i, so their sums agree",
        assuming=(always(equal(u[i], v[i])),),
        statement=equal(total(u[i], i), total(v[i], i)),
        why="Nothing is said of i but that u and v agree there, and that is enough to make it special. What is summed "
        "has to be equal at every index.",
        attempt=lambda d: d("cong_sum", i, _assumed(d, equal(u[i], v[i]))),
        twin=_true(equal(total(u[i], i), total(v[i], i)), always(equal(u[i], v[i]), i)),
    ),
    Falsehood(
        stem="factor-with-the-index",
        group="sums",
        title="A factor that depends on the index is taken out of the sum",
        statement=equal(total(u[i] * v[i], i), u[i] * total(v[i], i)),
        why="A factor that all terms have in common can be taken out of a sum. This one is another number in every "
        "term.",
        attempt=lambda d: d("sum_factor", total(u[i] * v[i], i).term),
        twin=_true(equal(total(u[j] * v[i], i), u[j] * total(v[i], i))),
    ),
    Falsehood(
        stem="delta-across-dimensions",
        group="sums",
        title="A δ is contracted although its indices are of different dimensions",
        statement=("eq", delta_r, y.term),
        why="Of a sum with a δ the term is left in which both indices are equal. If r counts further than i does, "
        "there may be no such term, and the sum is 0; that n = m in the case at hand is no reason.",
        attempt=lambda d: d("sum_delta", delta_r),
        twin=_true(equal(total(delta(i, j) * y, i), y)),
        sizes={"n": 1},
    ),
    Falsehood(
        stem="sum-over-nothing",
        group="sums",
        title="The entries of softmax sum to 1, however many there are",
        statement=equal(total(exp(u[i]) / exp_u, i), 1),
        why="A sum of exponentials cancels with itself, since it is positive. It is positive if there is at least "
        "one: over no class at all both sums are 0.",
        attempt=lambda d: _softmax(d, d("pos_number", ONE)),
        twin=lambda d: _softmax(d, _assumed(d, positive(size("n")))),
        sizes={"n": 0},
    ),
    Falsehood(
        stem="x-over-x",
        group="division and logarithms",
        title="x/x = 1",
        statement=equal(x / x, 1),
        why="Algebra systems simplify this without a word, in the middle of a long formula. At x = 0 it is false: "
        "whatever 1/0 is taken to be, 0 times that is 0.",
        attempt=lambda d: d("ring", (x / x).term, ONE),
        twin=lambda d: d("cancel", _assumed(d, nonzero(x))),
    ),
    Falsehood(
        stem="divided-by-zero",
        group="division and logarithms",
        title="Both sides are divided by something that may be 0",
        assuming=(always(equal(x * y, x * z)),),
        statement=equal(y, z),
        why="Dividing by x leaves y = z. If x is 0, then the equation was 0 = 0 and said nothing of y and z; all that "
        "is known of x here is that its square is not negative.",
        attempt=lambda d: _divided(d, d("nonneg_square", x.term)),
        twin=lambda d: _divided(d, _assumed(d, nonzero(x))),
    ),
    Falsehood(
        stem="logarithm-of-a-product",
        group="division and logarithms",
        title="log(xy) = log x + log y, unless x or y is negative",
        assuming=(always(x_not_negative), always(y_not_negative)),
        statement=equal(log(x * y), log(x) + log(y)),
        why="The rule is for positive numbers, and a probability that underflows is 0. There it would say log 0 = log "
        "0 + log y, which makes the logarithm of every y zero, whatever log 0 is taken to be.",
        attempt=lambda d: d("log_mul", _assumed(d, x_not_negative), _assumed(d, y_not_negative)),
        twin=lambda d: d("log_mul", _assumed(d, positive(x)), _assumed(d, positive(y))),
    ),
    Falsehood(
        stem="root-of-a-square",
        group="division and logarithms",
        title="√(x²) = x, the root written as exp(½ log(x²))",
        statement=equal(exp(half * log(x * x)), x),
        why="Half of log(x²) is log x, if x has a logarithm. For a negative x the root of its square is −x.",
        attempt=lambda d: _root(d, d("nonneg_square", x.term)),
        twin=lambda d: _root(d, _assumed(d, positive(x))),
    ),
    Falsehood(
        stem="relu-at-zero",
        group="kinks",
        title="relu′(0) = 1, as the formula 1[x ≥ 0] says",
        assuming=(always(equal(x, 0)),),
        statement=derivative(x * step(x), x, step(x)),
        why="Programs have to return something at 0, and return 0, ½ or 1. To the left of 0 the slope is 0 and to the "
        "right it is 1: there is no derivative, and every value is a convention and no theorem.",
        attempt=lambda d: _tidy(d, d("d_mul", _by_x(d), d("d_ind", _by_x(d), _assumed(d, equal(x, 0))))),
        twin=_true(derivative(x * step(x), x, step(x)), always(nonzero(x))),
    ),
    Falsehood(
        stem="step-is-flat",
        group="kinks",
        title="The derivative of 1[x ≥ 0] is 0",
        statement=derivative(step(x), x, 0),
        why="The step is flat to the left of 0 and to the right. At 0 it jumps, and its difference quotients grow "
        "beyond all bounds.",
        attempt=lambda d: d("d_ind", _by_x(d), d("nonneg_square", x.term)),
        twin=_true(derivative(step(x), x, 0), always(nonzero(x))),
    ),
    Falsehood(
        stem="gradient-shared-at-a-tie",
        group="kinks",
        title="Where all entries are equally large, the gradient of the largest is shared between them",
        assuming=(always(equal(u[i], x), i), always(positive(size("n")))),
        statement=derivative(maximum(u[i], i), u[k], over_n),
        why="Libraries split the gradient of a maximum evenly where entries tie, or give all of it to the first. If "
        "one of them grows, the maximum grows with it; if it shrinks, another is left: there is no derivative, and "
        "what is passed on is a convention. One entry has to be larger than all others.",
        attempt=lambda d: d("d_max", i, *_shared(d), d("d_variable", "u", (i,), (k,))),
        twin=_true(
            derivative(maximum(u[i], i), u[k], v[k]),
            always(equal(v[i] * v[i], v[i]), i),
            always(equal(total(v[i], i), 1)),
            always(positive(total(v[j] * u[j], j) - u[i] + v[i]), i),
        ),
    ),
    Falsehood(
        stem="product-rule-for-everything",
        group="kinks",
        title="The product rule for |x| = x sign x, although sign x has no derivative at 0",
        statement=derivative(x * sign, x, sign),
        why="With sign x = 2·1[x ≥ 0] − 1, whose derivative is 0 almost everywhere, the product rule gives |x| the "
        "slope 1 at 0. It is a rule for two factors that both have a derivative, and this has to be proved first.",
        attempt=lambda d: d("d_mul", _by_x(d), d("refl", sign.term)),
        twin=_true(derivative(x * sign, x, sign), always(nonzero(x))),
    ),
    Falsehood(
        stem="rewritten-by-an-inequality",
        group="kinks",
        title="Where x ≥ 0, relu x is x, so its derivative is 1",
        assuming=(always(x_not_negative),),
        statement=derivative(x * step(x), x, 1),
        why="The two have the same values where x ≥ 0. A derivative also asks for the values nearby, and next to 0 "
        "there are numbers at which they differ.",
        attempt=_relu_is_x,
        twin=_relu_above_0,
    ),
    Falsehood(
        stem="rewritten-by-a-constraint",
        group="derivatives",
        title="The entries sum to 1, which is constant, so the derivative of their sum is 0",
        assuming=(always(equal(total(u[i], i), 1)),),
        statement=derivative(total(u[i], i), u[k], 0),
        why="A partial derivative changes one entry and holds the others, and then they no longer sum to 1. Under a "
        "derivative by another variable the constraint may be used.",
        attempt=lambda d: d(
            "d_function", d("sym", _assumed(d, equal(total(u[i], i), 1))), d("d_constant", "u", (k,), ONE)
        ),
        twin=_true(derivative(total(u[i], i) * y, y, 1), always(equal(total(u[i], i), 1))),
    ),
    Falsehood(
        stem="constant-that-is-none",
        group="derivatives",
        title="Softmax is differentiated as if its denominator N were constant",
        statement=derivative(exp(u[i]) / N, u[k], exp(u[i]) * delta(i, k) / N),
        why="N is a name of its own, in which no u is to be seen. Its definition mentions u, and a term is constant "
        "only if no definition that it uses does.",
        attempt=_normaliser_held,
        twin=_true(
            derivative(exp(u[i]) / N, u[k], exp(u[i]) / N * (delta(i, k) - exp(u[k]) / N)), always(positive(size("n")))
        ),
    ),
    Falsehood(
        stem="tied-variables",
        group="derivatives",
        title="The derivative of xy by x is y, now let y be x",
        statement=derivative(x * x, x, x),
        why="What holds for every y should hold for y = x, but the derivative was taken with y held fixed. Weights "
        "that are used twice, as in a recurrent network, get the sum of both contributions.",
        attempt=lambda d: d("specialise", proved(d, derivative(x * y, x, y)), "y", (), x.term),
        twin=_true(derivative(x * x, x, x + x)),
    ),
    Falsehood(
        stem="labels-that-do-not-sum-to-one",
        group="hypotheses",
        title="S − P is the gradient of cross-entropy after softmax, whatever P is",
        statement=derivative(L, Z[j, t], S[j, t] - P[j, t]),
        why="It is where the labels of every sample sum to 1; with two labels for a sample, or none, it is S·ΣP − P. "
        "Here no step is refused: a proof is sought, and none is found.",
        twin=_true(derivative(L, Z[j, t], S[j, t] - P[j, t]), always(equal(total(P[i, s], i), 1), s)),
        names=cross_entropy.dZ,
    ),
    Falsehood(
        stem="contradictory-hypotheses",
        group="hypotheses",
        title="A theorem whose hypotheses contradict each other",
        statement=equal(1, 0),
        why="From x > 0 and −x > 0 the kernel does prove 1 = 0, and rightly, since no x satisfies both: it is a "
        "theorem about nothing. Of each theorem the hypotheses have to be true of some numbers.",
        attempt=_one_is_zero,
        twin=lambda d: d("ind_nonneg", d("nonneg_weaken", _assumed(d, positive(x)))),
    ),
    Falsehood(
        stem="weight-gradient-transposed",
        group="transposes",
        title="δW = Y·δZᵀ, since the shapes fit",
        statement=derivative(L, W[a, c], total(Y[a, s] * dZ[c, s], s)),
        why="Where W is square, δZ·Yᵀ and its transpose have the same shape; where it is not, this could not even be "
        "written. Here no step is refused: a proof is sought, and none is found.",
        twin=_true(derivative(L, W[a, c], total(dZ[a, s] * Y[c, s], s))),
    ),
    Falsehood(
        stem="kronecker-factors-exchanged",
        group="transposes",
        title="vec(AXB) = (A⊗Bᵀ) vec X, since the shapes fit",
        statement=equal(total(A[i, j] * X[j, k] * B[k, l], k, j), total(A[l, k] * B[j, i] * X[j, k], k, j)),
        why="That is the formula where vec goes row by row; column by column, as in these proofs, it is (Bᵀ⊗A) vec X. "
        "Here no step is refused: a proof is sought, and none is found.",
        twin=_true(equal(total(A[i, j] * X[j, k] * B[k, l], k, j), total(B[k, l] * A[i, j] * X[j, k], k, j))),
    ),
)
