"""Python against the kernel: forged and changed objects, subclasses, bools for numbers, edited files."""

import copy

from attacks.made_of import (
    Agreeable,
    AgreeableList,
    Alike,
    Lookalike,
    Subclass,
    Text,
    Tuple,
    W,
    Whole,
    X,
    agreeing,
    assumed,
    by_X,
    c,
    declared,
    f,
    file,
    i,
    in_theory,
    j,
    k,
    nested,
    r,
    retitled,
)
from backproof_spec.calculus.kernel import Theorem
from backproof_spec.calculus.notation import (
    always,
    equal,
    exp,
    positive,
    total,
)
from backproof_spec.calculus.replay import Rejected
from backproof_spec.calculus.terms import ONE, ZERO

HOST_LANGUAGE = {
    # name: (what refuses it, attack, twin)
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
}
