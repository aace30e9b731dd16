"""Proof files in which one thing is wrong, for Coq: each is refused at the step that is wrong, no earlier, no later."""

import json

import pytest
from test_coq_rules import every_function, every_law, proved, the_largest, the_largest_differentiated, weighted

from backproof_spec.calculus.coq.export import export
from backproof_spec.calculus.derivation import proof_file, text
from backproof_spec.calculus.replay import Rejected, decoded, replay, says
from backproof_spec.calculus.terms import CHILDREN
from backproof_spec.calculus.theorems import THEOREMS


def data(stem):
    return json.loads(text(proof_file(THEOREMS[stem]())))


# --- files, opened ----------------------------------------------------------------------------------------------------


class Opened:
    """A proof file whose steps say what they give in full, so that one of them can be changed."""

    def __init__(self, of):
        self.data, terms = data(of) if isinstance(of, str) else of, []
        self.said = [says(terms, step) for step in self.data["steps"]]
        self.arguments = [decoded(step["arguments"], terms, [{"step": k} for k in range(len(self.said))])
                          for step in self.data["steps"]]  # fmt: skip
        self.rules = [step["rule"] for step in self.data["steps"]]

    def find(self, rule, *, last=True):
        """The number of the last, or first, step that applies a rule, or a scheme of that name."""
        steps = range(len(self.rules))
        return next(k for k in (reversed(steps) if last else steps) if rule in (self.rules[k], *self.arguments[k][:1]))

    def conclude(self, rule, change):
        """Another conclusion of the last step that applies a rule; its number."""
        k = self.find(rule)
        before = self.said[k]["conclusion"]
        self.said[k]["conclusion"] = change(before)
        assert self.said[k]["conclusion"] != before
        return k

    def closed(self):
        """The file again."""
        rows, table = [], {}

        def number(formula):
            if formula not in table:
                start = CHILDREN[formula[0]]
                row = [*formula[:start], *map(number, formula[start:])]
                table[formula] = len(rows)
                rows.append(row)
            return table[formula]

        def encoded(value):
            if isinstance(value, tuple) and value and isinstance(value[0], str) and value[0] in CHILDREN:
                return {"term": number(value)}
            return list(map(encoded, value)) if isinstance(value, tuple) else value

        steps = []
        for k, (rule, arguments, said) in enumerate(zip(self.rules, self.arguments, self.said, strict=True)):
            before, given = len(rows), encoded(arguments)
            assumes, gives = list(map(number, said["hypotheses"])), number(said["conclusion"])
            digest = self.data["steps"][k]["digest"]
            steps.append({"rule": rule, "arguments": given, "terms": rows[before:], "assumes": assumes, "gives": gives,
                          "digest": digest})  # fmt: skip
        return json.loads(json.dumps({**self.data, "steps": steps}))


def test_a_file_opened_and_closed_is_the_same():
    assert Opened("relu.dZ").closed() == data("relu.dZ")


def last_part(change):
    """A judgement with its last term changed."""
    return lambda judgement: (*judgement[:-1], change(judgement[-1]))


def everywhere(change):
    """``change`` where it changes something, on the way down, once."""

    def changed(value):
        if not isinstance(value, tuple):
            return value
        new = change(value)
        return new if new is not None else tuple(map(changed, value))

    return changed


def negated(term):
    return ("mul", ("num", -1, 1), term)


def first_of(op, new):
    """The first term of this kind replaced."""
    done = []

    def change(value):
        if value[:1] == (op,) and not done:
            done.append(value)
            return new(value)
        return None

    return everywhere(change)


def transposed(judgement):
    """A derivative by X[k, l] as one by X[l, k]."""
    _, name, (k, other), e, d = judgement
    swap = {k: (*other[:2], k[2]), other: (*k[:2], other[2])}
    return ("deriv", name, (k, other), e, everywhere(swap.get)(d))


STEPS = {
    # what is wrong: (theorem, the rule whose step is changed, what is changed in what it gives)
    "a sign, in the last step": ("linear.dW", "d_value", last_part(negated)),
    "a sign, in arithmetic": ("softmax.dZ", "ring", last_part(negated)),
    "a transposed result": ("linear.dW", "d_value", transposed),
    "a transposed Kronecker factor": ("kron.vec", "unfold", first_of("entry", lambda e: (*e[:2], e[2][::-1]))),
    "the mask dropped": ("relu.dZ", "d_value", last_part(first_of("ind", lambda _: ("num", 1, 1)))),
    "the mask dropped in a network": ("network.step", "d_value", last_part(first_of("ind", lambda _: ("num", 1, 1)))),
    "the mask inverted": ("relu.dZ", "d_value", last_part(first_of("ind", lambda a: ("ind", negated(a[1]))))),
    "a wrong index": ("linear.dY", "sum_delta", last_part(first_of("entry", lambda e: (*e[:2], (e[2][0],) * 2)))),
    "a sum over another dimension": ("kron.vec", "sum_swap", last_part(lambda a: ("sum", a[2][1], a[2]))),
    "sums swapped one way only": ("kron.vec", "sum_swap", lambda j: ("eq", j[1], ("sum", j[2][1], j[1][2]))),
    "a sum dropped": ("linear.db", "d_value", last_part(first_of("sum", lambda _: ("num", 1, 1)))),
    "the factor of a sum lost": ("cross_entropy.dS", "sum_factor", last_part(lambda a: a[2])),
    "a sum of sums halved": ("softmax.dZ", "sum_add", last_part(lambda a: a[1])),
    "a constant summed once": ("layer_norm.dZ", "sum_constant", last_part(lambda a: a[2])),
    "a delta contracted to the wrong entry": ("linear.db", "sum_delta", last_part(negated)),
    "exp for its slope": ("softmax.dZ", "d_exp", last_part(lambda a: a[1])),
    "log differentiated as log": ("cross_entropy.dS", "d_log", last_part(lambda a: ("mul", ("log", a[1][1]), a[2]))),
    "1/a differentiated as −1/a": ("softmax.dZ", "d_inv", last_part(lambda a: ("mul", a[1][1], a[2]))),
    "the product rule without its second half": ("linear.dW", "d_mul", last_part(lambda a: a[1])),
    "the chain rule without the inner slope": ("chain.scalar", "d_chain", last_part(lambda a: a[1])),
    "the slope of f at another point": ("residual.dX", "d_map", last_part(negated)),
    "S − P with + for −": (
        "softmax_cross_entropy.dZ.normalised",
        "d_value",
        last_part(lambda a: ("add", a[1], a[2][2])),
    ),
    "ΣP forgotten": ("softmax_cross_entropy.dZ", "d_value", last_part(first_of("sum", lambda _: ("num", 1, 1)))),
    "P/S for −P/S": ("cross_entropy.dS", "d_value", last_part(lambda a: a[2])),
    "dS − ΣS∘dS for S∘(dS − ΣS∘dS)": ("softmax.dZ", "d_value", last_part(lambda a: a[2])),
    "a definition unfolded to something else": ("softmax.dZ", "unfold", last_part(negated)),
    "positive for negative": ("softmax.dZ", "pos_exp", lambda j: ("pos", negated(j[1]))),
    "congruence at another sum": ("linear.dW", "cong_sum", last_part(negated)),
    "a mean added for one taken off": ("layer_norm.dZ", "d_value", last_part(negated)),
}


def _drop(opened, rule):
    k = opened.find(rule, last=False)
    opened.said[k]["hypotheses"] = []
    return k


def _swap(opened, rule):
    k = opened.find(rule)
    name, premises, *rest = opened.arguments[k]
    opened.arguments[k] = (name, premises[::-1], *rest)
    return k


def _premise(opened, rule, other):
    k = opened.find(rule)
    name, (first, *_), *rest = opened.arguments[k]
    opened.arguments[k] = (name, (first, {"step": opened.find(other, last=False)}), *rest)
    return k


def _rule(opened, rule, other):
    k = opened.find(rule)
    if opened.rules[k] == "scheme":
        opened.arguments[k] = (other, *opened.arguments[k][1:])
    else:
        opened.rules[k] = other
    return k


def _places(opened, rule):
    k = opened.find(rule)
    name, places, *rest = opened.arguments[k]
    opened.arguments[k] = (name, places[::-1], *rest)
    return k


ARGUMENTS = {
    # what is wrong: (theorem, what is done to a step, which is returned)
    "the hypothesis Z ≠ 0 dropped where it is used": ("relu.dZ", lambda it: _drop(it, "assume")),
    "the hypothesis n > 0 dropped where it is used": ("softmax.dZ", lambda it: _drop(it, "pos_sum")),
    "the hypothesis ΣP = 1 dropped where it is used": (
        "softmax_cross_entropy.dZ.normalised",
        lambda it: _drop(it, "assume"),
    ),
    "transitivity the wrong way round": ("linear.dW", lambda it: _swap(it, "trans")),
    "the slope of a product with its factors exchanged": ("linear.dW", lambda it: _swap(it, "d_mul")),
    "log differentiated where something else is positive": (
        "softmax_cross_entropy.dZ",
        lambda it: _premise(it, "d_log", "pos_inv"),
    ),
    "what is at least 0 is not 0": ("layer_norm.dZ", lambda it: _rule(it, "nonneg_weaken", "nonzero_weaken")),
    "a sum swapped where it has to be factored": (
        "cross_entropy.dS",
        lambda it: _rule(it, "sum_factor", "sum_constant"),
    ),
    "an entry at transposed places": ("kron.vec", lambda it: _places(it, "unfold")),
}


@pytest.mark.coq
@pytest.mark.parametrize("name", [*STEPS, *ARGUMENTS])
def test_coq_refuses_a_corrupted_step_at_that_step(name, compiled):
    stem, *how = {**STEPS, **ARGUMENTS}[name]
    opened = Opened(stem)
    k = opened.conclude(*how) if name in STEPS else how[0](opened)
    changed = opened.closed()
    assert changed != data(stem)
    with pytest.raises(Rejected, match=rf"^step {k}: "):
        replay(changed)
    assert compiled(export(changed)).refusal.startswith(f"step {k}: ")


MADE = {
    **{f"d_{f}": every_function for f in ("exp", "sqrt", "tanh", "sigmoid", "softplus", "erf", "sin", "cos")},
    **dict.fromkeys(
        (
            "sqrt_square",
            "square_sqrt",
            "tanh_exp",
            "sigmoid_exp",
            "softplus_log",
            "sin_cos",
            "erf_negate",
            "sin_negate",
        ),
        every_law,
    ),
    **dict.fromkeys(("cos_negate", "pos_sqrt", "nonneg_sqrt", "pos_pi", "pos_softplus", "cong_erf"), every_law),
    **dict.fromkeys(("cong_max", "max_wins"), the_largest),
    "d_max": the_largest_differentiated,
    "pos_weighted": weighted,
}
"""Rules that no theorem of the table needs, and what is proved by them."""


@pytest.mark.coq
@pytest.mark.parametrize("rule", MADE)
def test_coq_refuses_a_rule_with_another_sign(rule, compiled):
    opened = Opened(proved(MADE[rule]))
    k = opened.conclude(rule, last_part(negated))
    changed = opened.closed()
    with pytest.raises(Rejected, match=rf"^step {k}: "):
        replay(changed)
    assert compiled(export(changed)).refusal.startswith(f"step {k}: ")


STATEMENTS = {
    "S − P without ΣP = 1": (
        "softmax_cross_entropy.dZ.normalised",
        lambda said: {**said, "hypotheses": [h for h in said["hypotheses"] if h[2][0] != "eq"]},
    ),
    "softmax over no classes": ("softmax.dZ", lambda said: {**said, "hypotheses": []}),
    "the other sign": ("linear.db", lambda said: {**said, "conclusion": [*said["conclusion"][:-1], ["num", 0, 1]]}),
    "another variable": ("linear.dW", lambda said: {**said, "conclusion": ["deriv", "Y", *said["conclusion"][2:]]}),
}


@pytest.mark.coq
@pytest.mark.parametrize("name", STATEMENTS)
def test_coq_refuses_a_statement_that_is_not_what_was_proved(name, compiled):
    stem, change = STATEMENTS[name]
    changed = data(stem)
    changed["statement"] = change(changed["statement"])
    assert compiled(export(changed)).refusal.startswith("statement: ")


@pytest.mark.coq
def test_coq_accepts_what_was_not_corrupted(compiled):
    for stem in sorted({stem for stem, *_ in (*STEPS.values(), *ARGUMENTS.values(), *STATEMENTS.values())}):
        assert compiled(export(data(stem))).passed, stem
