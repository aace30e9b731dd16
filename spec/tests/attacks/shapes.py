"""Names that are not declared so, and terms, judgements and arguments that are none."""

from attacks.made_of import A, B, F, Turncoat, W, X, Y, assumed, c, f, i, in_theory, j, k, lenient, r, s, summed
from backproof_spec.calculus.notation import (
    Expression,
    Tensor,
    always,
    derivative,
    equal,
    exp,
    positive,
    size,
    total,
)
from backproof_spec.calculus.terms import ONE, ZERO, Theory

SHAPES = {
    # name: (what refuses it, attack, twin)
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
        lambda p: p("refl", ("cosh", ZERO)),
        lambda p: p("refl", ("exp", ZERO)),
    ),
    "π of something": (
        "terms",
        lambda p: p("refl", ("pi", ZERO)),
        lambda p: p("refl", ("pi",)),
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
        lambda p: p("instance", p("refl", X[i].term), 0, j),
        lambda p: p("instance", p("refl", X[i].term), i, j),
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
