"""Attacks on the host language: theorems made or changed by other means than the rules, each refused: design §7.4."""

from __future__ import annotations

import json
from typing import Any

from backproof_spec.calculus.derivation import Derivation, proof_file, text
from backproof_spec.calculus.falsehoods import Forgery, declared, x
from backproof_spec.calculus.kernel import Theorem
from backproof_spec.calculus.notation import equal
from backproof_spec.calculus.replay import replay
from backproof_spec.calculus.terms import ONE, ZERO


class _Tuple(tuple[Any, ...]):
    """It could say one thing when it is checked and another when it is used."""

    __slots__ = ()


class _Agreeable:
    """Equal to everything."""

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 0

    def __repr__(self) -> str:
        return "agreeable"


def _edited(d: Derivation) -> Theorem:
    """A proof of 0 + x = x in a file, the statement edited, and replayed."""
    d.begin(d("ring", (0 + x).term, x.term), "adding 0")
    data = json.loads(text(proof_file(d)))
    data["statement"]["conclusion"] = equal(0, 1)
    return replay(data)


FORGED: tuple[Forgery, ...] = (
    Forgery(
        stem="theorem-made-by-hand",
        title="A theorem that no rule has made",
        attempt=lambda d: d("sym", Theorem()),
        why="Anybody can make an object of the class Theorem. The kernel keeps what its theorems say to itself, and "
        "of this one it knows nothing.",
    ),
    Forgery(
        stem="theorem-changed-afterwards",
        title="A theorem that is given another conclusion",
        attempt=lambda d: object.__setattr__(d("refl", ZERO), "conclusion", equal(0, 1)),
        why="A theorem is only a handle: what it says is not stored in it, and cannot be changed there.",
    ),
    Forgery(
        stem="theorem-of-another-theory",
        title="A theorem about another x",
        attempt=lambda d: d("trans", d("refl", x.term), declared()("refl", x.term)),
        why="Names mean what they were declared as. A theorem of another theory may be about a name that is defined "
        "differently here.",
    ),
    Forgery(
        stem="equal-to-everything",
        title="A number that is equal to every other",
        attempt=lambda d: d("ring", ("num", _Agreeable(), 1), ZERO),
        why="An object decides for itself what == answers. So terms are made of plain integers and strings, and of "
        "nothing that only behaves like them.",
    ),
    Forgery(
        stem="subclass-of-tuple",
        title="A term that only looks like a tuple",
        attempt=lambda d: d("refl", _Tuple(ZERO)),
        why="A subclass could show one thing when it is checked and another when it is used.",
    ),
    Forgery(
        stem="truth-for-a-number",
        title="True in the place of 1",
        attempt=lambda d: d("ring", ("num", True, 1), ONE),
        why="To Python True is 1. In a file they are different, and two terms that are equal and not the same are one "
        "too many.",
    ),
    Forgery(
        stem="float-for-a-number",
        title="0.1 in the place of 1/10",
        attempt=lambda d: d("ring", ("num", 0.1, 1), ("num", 1, 10)),
        why="0.1 is a number close to 1/10 and not that number. Terms hold fractions of integers.",
    ),
    Forgery(
        stem="index-bound-by-nothing",
        title="An index that belongs to a sum which is not there",
        attempt=lambda d: d("refl", ("entry", "u", (("bound", 0, "n"),))),
        why="It would be caught by the next sum that is put around it.",
    ),
    Forgery(
        stem="edited-proof-file",
        title="A proof of 0 + x = x whose file says 0 = 1",
        attempt=_edited,
        why="A file is believed in nothing: the replayer takes every step again, and compares what comes out with "
        "what the file says.",
    ),
)
