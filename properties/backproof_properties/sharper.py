"""The operations of the notes: what a target of them is held to beyond their definitions.

Bounds derived by hand (``rounding``), sharper than those that are read from a definition; inputs at which targets go
apart (masked classes, probabilities of 0); and what conventions make of an output. A row is one output of a function.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial, reduce

from mpmath import mp

from backproof_properties import judge
from backproof_properties.arrays import Case, enclosed
from backproof_properties.contract import Raised
from backproof_properties.fields import Field
from backproof_properties.filter import certainly
from backproof_properties.least import SURE, least
from backproof_properties.property import Cases
from backproof_properties.regimes import PROBABILITIES
from backproof_properties.results import Observation
from backproof_properties.source import Source
from backproof_properties.strategies import arrays, biases, cotangents, dimensions, labels, logits, masked
from backproof_properties.subject import Domain, Subject
from backproof_spec.language.evaluating import Place
from backproof_spec.language.functions import Number, real
from backproof_spec.matrices import from_entries
from backproof_spec.rounding import cross_entropy, linear, relu, softmax, softmax_cross_entropy
from backproof_spec.rounding.enclosure import Enclosure

Bound = Callable[[Case, Subject], Enclosure]


@dataclass(frozen=True)
class Output:
    """``bound`` encloses it as it is defined; ``declared``, unless it is that scaled, what conventions make of it."""

    claim: str
    function: str
    name: str
    cases: Cases
    bound: Bound
    declared: Bound | None = None
    of_loss: bool = False

    def expected(self, case: Case, subject: Subject) -> Enclosure:
        """What the target is held to."""
        if self.declared is not None:
            return self.declared(case, subject)
        return subject.scaled(self.name, self.bound(case, subject), _samples(case), of_loss=self.of_loss)

    def least(self, case: Case, subject: Subject) -> Field:
        """The least that this can be. Raises ``Doubt``."""
        return least(self.claim, case, subject, subject.factor(self.name, _samples(case), of_loss=self.of_loss))

    def check(self, case: Case, subject: Subject) -> Observation:
        """formula → implementation. An exception stands for all that the call would have returned."""
        computed = subject.call(self.function, case, self.name)
        if isinstance(computed, Raised):
            together = [each for each in OUTPUTS.values() if each.function == self.function]
            return subject.raised(computed, [each.expected(case, subject) for each in together])
        if subject.swift:
            flat = computed.reshape(-1, 1) if self.name == "db" else computed
            inside = certainly(flat, partial(self.least, case, subject), SURE)
            if inside is not None:
                return inside
        return subject.judge(f"{self.function}.{self.name}", computed, self.expected(case, subject), None)

    def centred(self, formula: Mapping[Place, Number], case: Case, subject: Subject) -> Observation:
        """The bound lies around the value of the formula: else a mistake that both share would pass."""
        return centred(self.name, self.bound(case, subject), formula)


def _samples(case: Case) -> int:
    samples: int = next(reversed(case.values())).shape[1]
    return samples


def centred(name: str, enclosure: Enclosure, formula: Mapping[Place, Number]) -> Observation:
    """The centre of a bound is the value of the formula; a vector is the column that it is."""
    with mp.workprec(judge.JUDGE_BITS):
        values = {(place[0], place[1] if place[1:] else 0): real(value) for place, value in formula.items()}
        return judge.centred(name, enclosure, from_entries(*enclosure.shape, values))


# --- inputs -----------------------------------------------------------------------------------------------------------


def _linear(source: Source, domain: Domain) -> Case:
    m, n, p = dimensions(source, domain, (0, 0, 0))
    return {
        "W": arrays(source, domain, (m, n)),
        "Y": arrays(source, domain, (n, p)),
        "b": biases(source, domain, (m,)),
        "dZ": cotangents(source, domain, (m, p)),
    }


def _relu(source: Source, domain: Domain) -> Case:
    n, p = dimensions(source, domain, (0, 0))
    return {"Z": arrays(source, domain, (n, p)), "dY": cotangents(source, domain, (n, p))}


def _softmax(source: Source, domain: Domain) -> Case:
    n, p = dimensions(source, domain, (1, 0))
    Z, dS = logits(source, domain, (n, p)), cotangents(source, domain, (n, p))
    return {"Z": masked(source, domain, Z), "dS": dS}


def _cross_entropy(source: Source, domain: Domain) -> Case:
    n, p = dimensions(source, domain, (1, 0))
    S, P = arrays(source, domain, (n, p), PROBABILITIES), labels(source, domain, (n, p))
    if source.of((False, False, True)):
        S[P == 0] = 0  # what softmax returns when every unlabelled class has underflowed
    return {"S": S, "P": P}


def _fused(source: Source, domain: Domain) -> Case:
    n, p = dimensions(source, domain, (1, 0))
    return {"Z": logits(source, domain, (n, p)), "P": labels(source, domain, (n, p))}


def _masked(source: Source, domain: Domain) -> Case:
    """For the gradient: of the loss, −Σ P·log S evaluated as it is written is 0·(−inf) at a masked class."""
    case = _fused(source, domain)
    return {**case, "Z": masked(source, domain, case["Z"], case["P"])}


# --- bounds -----------------------------------------------------------------------------------------------------------

PRODUCTS: dict[str, tuple[Callable[..., Enclosure], tuple[str, ...]]] = {
    "dW": (linear.dW, ("dZ", "Y")),
    "dY": (linear.dY, ("W", "dZ")),
    "db": (linear.db, ("dZ",)),
}
"""The bound of each gradient of the linear layer, and what it is the product of."""


def _product(name: str, case: Case, subject: Subject, scaled: str = "", factor: Number = 1) -> Enclosure:
    """The gradient's enclosure, where the operand ``scaled`` is multiplied by ``factor`` first."""
    bound, names = PRODUCTS[name]
    operands = {each: enclosed(case, each) for each in names}
    if scaled:
        operands[scaled] = operands[scaled].scaled(factor, subject.arithmetic)
    return bound(*operands.values(), subject.arithmetic)


def _scaled_product(name: str, case: Case, subject: Subject) -> Enclosure:
    """A declared factor may be applied to the result, or to either operand of the product before that is formed."""
    factor = subject.scale(name, case["Y"].shape[1])
    bound = _product(name, case, subject)
    if factor != 1:
        bound = bound.scaled(factor, subject.arithmetic)
        for operand in PRODUCTS[name][1]:
            bound = bound.either(_product(name, case, subject, operand, factor))
    return bound


def _of(bound: Callable[..., Enclosure], *names: str) -> Bound:
    return lambda case, subject: bound(*(enclosed(case, each) for each in names), subject.arithmetic)


def _relu_dZ(case: Case, subject: Subject) -> Enclosure:
    at_zero = subject.conventions.relu_at_zero
    return relu.dZ(enclosed(case, "Z"), enclosed(case, "dY"), subject.arithmetic, at_zero)


def _fused_dZ(case: Case, subject: Subject) -> Enclosure:
    """Under every way that is declared to take ΣP."""
    of, Z, P = softmax_cross_entropy.dZ, enclosed(case, "Z"), enclosed(case, "P")
    return reduce(Enclosure.either, (of(Z, P, subject.arithmetic, fused=way) for way in subject.fused))


_FUSED = "softmax_cross_entropy"
OUTPUTS: dict[str, Output] = {
    each.claim: each
    for each in (
        Output("linear.forward", "linear", "Z", _linear, _of(linear.forward, "W", "Y", "b")),
        *(
            Output(f"linear.{d}", "linear_vjp", d, _linear, partial(_product, d), partial(_scaled_product, d))
            for d in PRODUCTS
        ),
        Output("relu.forward", "relu", "Y", _relu, _of(relu.forward, "Z")),
        Output("relu.dZ", "relu_vjp", "dZ", _relu, _relu_dZ),
        Output("softmax.forward", "softmax", "S", _softmax, _of(softmax.forward, "Z")),
        Output("softmax.dZ", "softmax_vjp", "dZ", _softmax, _of(softmax.dZ, "Z", "dS")),
        Output(
            "cross_entropy.forward",
            "cross_entropy",
            "L",
            _cross_entropy,
            _of(cross_entropy.forward, "S", "P"),
            of_loss=True,
        ),
        Output(
            "cross_entropy.dS",
            "cross_entropy_vjp",
            "dS",
            _cross_entropy,
            _of(cross_entropy.dS, "S", "P"),
            of_loss=True,
        ),
        Output(f"{_FUSED}.forward", _FUSED, "L", _fused, _of(softmax_cross_entropy.forward, "Z", "P"), of_loss=True),
        Output(f"{_FUSED}.dZ", f"{_FUSED}_vjp", "dZ", _masked, _fused_dZ, of_loss=True),
    )
}
"""By their claims."""
