"""network: k layers as one operation, checked like any other; its targets by bounds that grow along the layers."""

from __future__ import annotations

from dataclasses import replace
from functools import cache, partial, reduce

import numpy as np

from backproof_properties import checks, sweep
from backproof_properties.arrays import Array, Case
from backproof_properties.contract import Raised
from backproof_properties.filter import certainly
from backproof_properties.kept import Latest, content
from backproof_properties.least import SURE, knows, of_network
from backproof_properties.property import Check, Property
from backproof_properties.regimes import ORDINARY, VALUES, dense
from backproof_properties.results import Link, Observation
from backproof_properties.sharper import centred
from backproof_properties.source import Source
from backproof_properties.strategies import NEAR, networks
from backproof_properties.subject import Domain, Subject
from backproof_spec.composition import network as defined
from backproof_spec.language.syntax import Gradient
from backproof_spec.matrices import Number
from backproof_spec.network import Network
from backproof_spec.operation import Operation
from backproof_spec.rounding import network as bounds
from backproof_spec.rounding.enclosure import Enclosure

_SMALL = 5


def _cases(source: Source, domain: Domain) -> Case:
    if domain.sweeps:  # no hidden Z is 0: there the fast way does not know which branch is right
        return networks(source, domain, (dense,))
    return networks(source, domain, source.of((ORDINARY, ORDINARY, ORDINARY, VALUES)))


def _ordinary_cases(source: Source, domain: Domain) -> Case:
    """Small ones: every entry is differentiated by every other."""
    return networks(source, replace(domain, largest=_SMALL), sizes_of_logits=NEAR)


_LATEST, _OF_AN_ENTRY = Latest[bounds.Gradients](), 100
"""What is known of an example serves all claims of one way to take ΣP and one factor; so much of each entry."""


def _bounded(case: Case, subject: Subject, *, fused: bool = False, factor: Number = 1) -> bounds.Gradients:
    """The bounds of an example, under a way to take ΣP, gradients times a factor."""
    arithmetic, at_zero = subject.arithmetic, subject.conventions.relu_at_zero

    def made() -> tuple[bounds.Gradients, int]:
        weights, biases, X, P = (case[name] for name in ("weights", "biases", "X", "P"))
        net = Network.of(weights, biases, X, P, relu_at_zero=at_zero, fused=fused)
        size = sum(A.size for A in (*weights, *biases, X, P))
        return bounds.gradients(net, arithmetic, factor), _OF_AN_ENTRY * size

    return _LATEST.get((content(case), arithmetic, at_zero, fused, factor), made)


# --- inside the spec --------------------------------------------------------------------------------------------------


def as_operation(case: Case) -> tuple[Operation, Case]:
    """The network of so many layers as an operation, and the example as one of it."""
    layers = [
        *((f"W{k}", W) for k, W in enumerate(case["weights"], 1)),
        *((f"b{k}", b) for k, b in enumerate(case["biases"], 1)),
    ]
    of = defined(len(case["weights"]))
    return of, {"X": case["X"], **dict(layers), "P": case["P"], "dL": np.ones(())}


def _gradients(of: Operation, kind: str) -> list[Gradient]:
    """Those of a kind, layer by layer."""
    return [each for each in of.gradients if each.name[0] == kind[1]]


def _definition_to_jacobian(kind: str, case: Case, subject: Subject) -> Observation:
    of, example = as_operation(case)
    seen = Observation()
    for each in _gradients(of, kind):
        seen.add(checks.definition_to_jacobian(of, each.name, example, subject))
    return seen


def _jacobian_to_formula(kind: str, case: Case, subject: Subject) -> Observation:
    """The backward recursion is Jᵀ·vec dL, and what the bounds lie around."""
    of, example = as_operation(case)
    seen = Observation()
    for each, enclosure in zip(_gradients(of, kind), _bounded(case, subject).of(kind), strict=True):
        agrees, formula = checks.jacobian_to_formula(of, each, example)
        seen.add(agrees)
        seen.add(centred(kind, enclosure, formula))
    return seen


# --- the implementation -----------------------------------------------------------------------------------------------


def _loss_bound(case: Case, subject: Subject) -> Enclosure:
    return subject.scaled("loss", _bounded(case, subject).loss, case["X"].shape[1], of_loss=True)


def _bounds(case: Case, subject: Subject, *kinds: str) -> list[Enclosure]:
    """The enclosures of these gradients, of each layer; under every way that is declared to take ΣP."""
    factor = subject.reduction(case["X"].shape[1])
    ways = [_bounded(case, subject, fused=fused, factor=factor) for fused in subject.fused]
    of_ways = ([bound for kind in kinds for bound in way.of(kind)] for way in ways)
    return [reduce(Enclosure.either, alike) for alike in zip(*of_ways, strict=True)]


def _raised(raised: Raised, case: Case, subject: Subject) -> Observation:
    """One call returns the loss and all gradients."""
    return subject.raised(raised, [_loss_bound(case, subject), *_bounds(case, subject, "dX", "dW", "db")])


def _surely(kind: str, computed: list[Array], case: Case, subject: Subject) -> Observation | None:
    """What is known if all of it is certainly within its bounds, and that is all that is asked; else None."""
    if not subject.swift:
        return None
    seen, fields = Observation(), cache(partial(of_network, case, subject, kind))
    for layer, array in enumerate(computed):
        inside = certainly(array, partial(lambda at: fields()[at], layer), SURE)
        if inside is None:
            return None
        seen.add(inside)
    return seen


def _loss(case: Case, subject: Subject) -> Observation | None:
    computed = subject.call("network_gradients", case, "loss")
    if isinstance(computed, Raised):
        return _raised(computed, case, subject)
    if computed is None:
        return None
    return _surely("loss", [computed], case, subject) or subject.judge(
        "network_gradients.loss", computed, _loss_bound(case, subject), None
    )


def _gradient(kind: str, case: Case, subject: Subject) -> Observation | None:
    computed = subject.call("network_gradients", case, kind)
    if isinstance(computed, Raised):
        return _raised(computed, case, subject)
    if computed is None:
        return None
    computed = [computed] if kind == "dX" else computed
    sure = _surely(kind, computed, case, subject)
    if sure is not None:
        return sure
    seen, expected = Observation(), _bounds(case, subject, kind)
    for layer, (array, bound) in enumerate(zip(computed, expected, strict=True)):
        name = f"network_gradients.{kind}" + ("" if kind == "dX" else f"[{layer}]")
        seen.add(subject.judge(name, array, bound, case["X"].shape[1]))
    return seen


def _of_target(kind: str, check: Check) -> Property:
    functions, sweeps = ("network_gradients",), sweep.OF_NETWORKS
    return Property(f"network.{kind}", Link.IMPLEMENTATION, _cases, check, functions, sweeps=sweeps, quick=knows)


def _properties(kind: str) -> tuple[Property, ...]:
    claim = f"network.{kind}"
    return (
        Property(claim, Link.JACOBIAN, _ordinary_cases, partial(_definition_to_jacobian, kind)),
        Property(claim, Link.FORMULA, _ordinary_cases, partial(_jacobian_to_formula, kind)),
        _of_target(kind, partial(_gradient, kind)),
    )


PROPERTIES: tuple[Property, ...] = (
    _of_target("forward", _loss),
    *_properties("dX"),
    *_properties("dW"),
    *_properties("db"),
)
