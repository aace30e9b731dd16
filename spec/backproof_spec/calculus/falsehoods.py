"""What a false theorem is shown by: it is refused, it is false in numbers, and something like it is true: design §7.4.

``examine(entry)`` computes all that a page shows of an entry of ``refused.REFUSED``, and ``refusal(entry)`` of one of
``forged.FORGED``. Nothing of it is written down beforehand, and each raises ``Accepted`` where it does not come about.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from random import Random
from typing import Any

from mpmath import mp

from backproof_spec.calculus.compiled import Place
from backproof_spec.calculus.derivation import Derivation
from backproof_spec.calculus.evaluate import AGREEMENT, DIGITS, Kink, Model
from backproof_spec.calculus.kernel import Theorem
from backproof_spec.calculus.matching import parts
from backproof_spec.calculus.normal import Normal
from backproof_spec.calculus.notation import Expression, Tensor, exp, indices, total
from backproof_spec.calculus.replay import Rejected
from backproof_spec.calculus.tactics import Proof, Unproved
from backproof_spec.calculus.terms import BINDERS, Formula, Index, Names, Refused, free_indices
from backproof_spec.calculus.values import Unsatisfied

# --- what the entries are about, where they do not say otherwise ------------------------------------------------------

_DIMS: dict[str, Names] = {
    **dict.fromkeys("xyz", ()),
    **dict.fromkeys("uv", ("n",)),
    **dict.fromkeys("ABWX", ("n", "n")),
    **dict.fromkeys(("Y", "dZ"), ("n", "p")),
}
x, y, z = (Tensor(name, _DIMS[name])[()] for name in "xyz")
u, v, A, B, W, X, Y, dZ = (Tensor(name, _DIMS[name]) for name in ("u", "v", "A", "B", "W", "X", "Y", "dZ"))


def declared() -> Derivation:
    """Numbers x, y, z; u and v of n entries; square matrices; N = Σ exp u; Z = W·Y, followed by L = Σ δZ∘Z."""
    d = Derivation("refused", "what is refused")
    for name, dims in _DIMS.items():
        d.variable(name, *dims)
    i, j, s = indices(i="n", j="n", s="p")
    d.define("N", (), total(exp(u[i]), i))
    Z = d.define("Z", (i, s), total(W[i, j] * Y[j, s], j))
    d.define("L", (), total(dZ[i, s] * Z[i, s], i, s))
    return d


# --- entries, and what examining them finds ---------------------------------------------------------------------------


class Accepted(Exception):
    """What must be refused is not, or what is called false is not found to be: a rule is wrong, or the entry is."""


@dataclass(frozen=True)
class Falsehood:
    """``assuming`` ⊢ ``statement``, which is false, and why it is believed.

    ``attempt`` is the proof that a careless system makes of it; None where no single step would do: then the tactics
    look for a proof. ``twin`` proves what is true instead. ``sizes``: of a counterexample, where not the usual ones.
    """

    stem: str
    group: str
    title: str
    statement: Formula
    why: str
    twin: Callable[[Derivation], Theorem]
    attempt: Callable[[Derivation], object] | None = None
    assuming: tuple[Formula, ...] = ()
    names: Callable[[], Derivation] = declared
    sizes: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Forgery:
    """An attack on Python instead of mathematics: there is no formula that would be false."""

    stem: str
    title: str
    attempt: Callable[[Derivation], object]
    why: str


@dataclass(frozen=True)
class Refusal:
    """Who refuses an attempt, and in which words."""

    by: str
    message: str


@dataclass(frozen=True)
class Counterexample:
    """Sizes and values of the variables (``model``), of the free indices, from 0, and of the two sides there.

    ``torn``: why the left side, a derivative, has no value; then it is None.
    """

    model: Model
    free: dict[Index, int]
    left: Any
    right: Any
    torn: str = ""


@dataclass(frozen=True)
class Examined:
    """All that a page shows of an entry; ``given``: the definitions used, each a name, its indices and its body."""

    entry: Falsehood
    given: tuple[tuple[str, tuple[Index, ...], Formula], ...]
    refusal: Refusal
    counterexample: Counterexample
    twin: Theorem


REFUSERS: dict[type[Exception], str] = {
    Refused: "the kernel",
    Unproved: "the tactics",
    Unsatisfied: "the check in numbers",
    Rejected: "the replayer",
    AttributeError: "Python",
}
"""Who refuses, by what is raised."""


def examine(entry: Falsehood) -> Examined:
    """The refusal, a counterexample and the twin."""
    d = entry.names()
    twin = entry.twin(d)
    used = d.theory.depends(entry.statement) | d.theory.depends(twin.conclusion)
    given = tuple((each[1], each[2], each[3]) for each in d.declarations if each[0] == "define" and each[1] in used)
    return Examined(entry, given, refusal(entry), counterexample(entry), twin)


def refusal(entry: Falsehood | Forgery) -> Refusal:
    """The attempt made, and refused."""
    d = entry.names() if isinstance(entry, Falsehood) else declared()
    try:
        if entry.attempt is not None:
            entry.attempt(d)
        elif isinstance(entry, Falsehood):
            proved(d, entry.statement, *entry.assuming)
    except tuple(REFUSERS) as error:
        return Refusal(REFUSERS[type(error)], str(error))
    msg = f"{entry.stem}: this was not refused"
    raise Accepted(msg)


def counterexample(entry: Falsehood) -> Counterexample:
    """Values that satisfy what is assumed, and at which the statement is false."""
    for model, free in cases(entry.names(), entry.statement, entry.assuming, entry.sizes):
        try:
            if model.deviation(entry.statement, free) > mp.mpf(10) ** -AGREEMENT:
                return Counterexample(model, free, *model.sides(entry.statement, free))
        except Kink as error:
            with mp.workdps(DIGITS):
                return Counterexample(model, free, None, model.value(entry.statement[-1], free), str(error))
    msg = f"{entry.stem}: no values were found at which this is false"
    raise Accepted(msg)


def proved(d: Derivation, judgement: Formula, *assuming: Formula) -> Theorem:
    """a = b or ∂e/∂X[k] = d, by the tactics, all definitions unfolded. Raises ``Unproved``."""
    d.suppose(*assuming)
    defined = frozenset(name for kind, name, *_ in d.declarations if kind == "define")
    if judgement[0] == "eq":
        return Normal(d, defined).equal(*judgement[1:])
    _, name, by, e, value = judgement
    d.begin(d.derivative(e, name, by), "the rules of differentiation")
    d.then(Expression(value), "both sides have one normal form", unfolding=defined)
    return d.last


# --- values at random -------------------------------------------------------------------------------------------------

SIZES = {"n": 2, "m": 2, "p": 1}
_ATTEMPTS = 2000


class Total(Model):
    """1/0 = 0, and log a = 0 for a ≤ 0: no rule says anything of them, and any other choice would do as well."""

    beyond = mp.mpf(0)

    @cached_property
    def operators(self) -> dict[str, Callable[..., Any]]:
        """Those of numbers, with some value everywhere."""
        inverse, logarithm = super().operators["inv"], super().operators["log"]
        return {
            **super().operators,
            "inv": lambda a: inverse(a) if a != 0 else self.beyond,
            "log": lambda a: logarithm(a) if a > 0 else self.beyond,
        }

    def sign(self, term: Formula, free: dict[Index, int], bound: Place = ()) -> int:
        """The sign of a value, which is computed from small whole numbers."""
        value = self.value(term, free, bound)
        return int(value > 0) - int(value < 0)


def cases(
    proof: Proof, judgement: Formula, assuming: Iterable[Formula] = (), sizes: Mapping[str, int] | None = None
) -> Iterator[tuple[Total, dict[Index, int]]]:
    """Small whole numbers for the variables, and all values of the free indices, that satisfy what is assumed."""
    theory, formulas = proof.theory, (judgement, *assuming)
    used = sorted(frozenset().union(*map(theory.depends, formulas)))
    variables = {name: theory.dims(name) for name in used if theory.kind(name) == "variable"}
    free = sorted(frozenset().union(*map(free_indices, formulas)))
    bound = {part[1] for each in formulas for part, _ in parts(each) if part[0] in BINDERS}
    dims = bound.union({i[2] for i in free}, *variables.values())
    chosen = {dim: size for dim, size in {**SIZES, **(sizes or {})}.items() if dim in dims}
    for seed in range(_ATTEMPTS):
        random, model = Random(seed), Total(theory, chosen, {}, {})  # noqa: S311 - examples, no secrets
        for name, shape in variables.items():
            model.values[name] = {place: mp.mpf(random.randint(-2, 3)) for place in model.places(shape)}
        for place in model.places(tuple(i[2] for i in free)):
            at = dict(zip(free, place, strict=True))
            if all(_holds(model, each, at) for each in assuming):
                yield model, at


def _holds(model: Model, hypothesis: Formula, free: dict[Index, int]) -> bool:
    """Is a hypothesis true at these values of its free indices? What has some is an equation."""
    if free_indices(hypothesis):
        return bool(model.deviation(hypothesis[2], free) == 0)
    with mp.workdps(DIGITS):
        return model.satisfies(hypothesis)
