"""tanh, sigmoid, softplus and √ by exp and log: a second attempt, where normal forms differ. Untrusted, as tactics are.

Different spellings of one function, x·sigmoid(x) and x/(1 + exp(−x)), have one normal form then.
"""

from __future__ import annotations

from functools import partial

from backproof_spec.calculus.kernel import Theorem
from backproof_spec.calculus.matching import parts
from backproof_spec.calculus.rational import Rational
from backproof_spec.calculus.roots import as_exponential
from backproof_spec.calculus.tactics import Proof, Unproved, right_side
from backproof_spec.calculus.terms import Formula, Theory

LAWS = {"tanh": "tanh_exp", "sigmoid": "sigmoid_exp", "softplus": "softplus_log"}
"""What a function is by exp and log."""


def by_exponentials(p: Proof, term: Formula) -> Theorem | None:
    """term = the same with exp and log for tanh, sigmoid, softplus, and √a where a > 0 is proved; else None."""
    whole = _one(p, term)
    return p.chain(whole, p.inside(right_side(whole) if whole else term, partial(by_exponentials, p)))


def occur(theory: Theory, *terms: Formula) -> bool:
    """Does one of these functions stand in a term, or in the definition of a name in it?"""
    names = frozenset[str]().union(*map(theory.depends, terms))
    rests = [theory.rest(name) for name in names if theory.kind(name) == "defined"]
    return any(part[0] in {*LAWS, "sqrt"} for each in (*terms, *rests) for part, _ in parts(each))


def _one(p: Proof, term: Formula) -> Theorem | None:
    if term[0] in LAWS:
        return p(LAWS[term[0]], term[1])
    if term[0] != "sqrt":
        return None
    try:
        return as_exponential(p, term[1])
    except Unproved:
        return None


class Exponentials(Rational):
    """Normal forms in which tanh, sigmoid and softplus are written by exp and log; so are roots of what is positive."""

    def __call__(self, term: Formula) -> Theorem | None:
        """term = its normal form."""
        written = _one(self.proof, term) if term not in self._known and term not in self.by else None
        if written:
            self._known[term] = self._then(written)
        return super().__call__(term)
