"""network: the backward recursion against the product of explicit Jacobians, and that against differentiation."""

from __future__ import annotations

from functools import partial, reduce
from typing import Any

from hypothesis import assume
from hypothesis import strategies as st
from mpmath import mp

from backproof_properties import judge
from backproof_properties.arrays import Case
from backproof_properties.contract import Raised
from backproof_properties.property import Property
from backproof_properties.regimes import VALUES
from backproof_properties.results import Link, Observation
from backproof_properties.strategies import NEAR, networks
from backproof_properties.subject import Domain, Subject
from backproof_spec.differentiation import PRECISION_BITS, jacobian, quotient_error, step
from backproof_spec.matrices import (
    TRANSCENDENTAL_BITS,
    Matrix,
    Number,
    as_matrix,
    constant,
    nonzeros,
    transpose,
    unvec,
    vec,
)
from backproof_spec.network import Network, activations, forward, gradients
from backproof_spec.network import jacobian as explicit_jacobian
from backproof_spec.operations import linear
from backproof_spec.rounding import network as bounds
from backproof_spec.rounding.enclosure import Enclosure


def _cases(domain: Domain) -> st.SearchStrategy[Case]:
    return st.one_of(*[networks(domain)] * 3, networks(domain, VALUES))


def _ordinary_cases(domain: Domain) -> st.SearchStrategy[Case]:
    return networks(domain, sizes_of_logits=NEAR)


def _network(case: Case, subject: Subject | None = None, *, fused: bool = False) -> Network:
    declared: dict[str, Any] = {}
    if subject is not None:
        declared = {"relu_at_zero": subject.conventions.relu_at_zero, "fused": fused}
    return Network.of(case["weights"], case["biases"], case["X"], case["P"], **declared)


# --- inside the spec --------------------------------------------------------------------------------------------------


def _parameters(net: Network, kind: str) -> list[Matrix]:
    return {"dX": [net.X], "dW": list(net.weights), "db": list(net.biases)}[kind]


def _replaced(net: Network, kind: str, layer: int, value: Matrix) -> Network:
    if kind == "dX":
        return Network(net.weights, net.biases, value, net.P)
    changed = [value if k == layer else A for k, A in enumerate(_parameters(net, kind))]
    weights, biases = (changed, net.biases) if kind == "dW" else (net.weights, changed)
    return Network(tuple(weights), tuple(biases), net.X, net.P)


def _loss_at(net: Network, kind: str, layer: int, value: Matrix) -> Matrix:
    return as_matrix("L", [[forward(_replaced(net, kind, layer, value))]])


def _growth(net: Network) -> Number:
    """Bounds |Z_k| and every |∂Z_k/∂parameter|: the forward pass with |·| + 1 for every entry.

    A polynomial with non-negative coefficients satisfies f(t + 1) ≥ f′(t).
    """

    def enlarged(A: Matrix) -> Matrix:
        return as_matrix("A", [[abs(A[i, j]) + 1 for j in range(A.cols)] for i in range(A.rows)])

    Y = enlarged(net.X)
    for W, b in zip(net.weights, net.biases, strict=True):
        Y = linear.forward(enlarged(W), Y, enlarged(b))
    return max((abs(value) for _, _, value in nonzeros(Y)), default=mp.mpf(1))


def _explicit(net: Network, kind: str) -> list[Matrix]:
    row_X, rows_W, rows_b = explicit_jacobian(net)
    return {"dX": [row_X], "dW": rows_W, "db": rows_b}[kind]


def _definition_to_jacobian(kind: str, case: Case, _: Subject) -> Observation:
    """Off the kinks L is smooth in each parameter: |L‴| ≤ 8G³·Σ|P| with |∂Z_k/∂parameter| ≤ G (a third cumulant)."""
    net, seen = _network(case), Observation()
    with mp.workprec(PRECISION_BITS):
        G = _growth(net)
        hidden = activations(net)[1][:-1]
        assume(all(abs(Z[i, j]) > step() * G for Z in hidden for i in range(Z.rows) for j in range(Z.cols)))
        mass = sum((abs(value) for _, _, value in nonzeros(net.P)), mp.mpf(0))
        size = mass * (2 * G + net.P.rows + 4)
        error = quotient_error(8 * G**3 * mass, size, 2 * net.P.rows * net.P.cols + 4)
        for layer, (found, parameter) in enumerate(zip(_explicit(net, kind), _parameters(net, kind), strict=True)):
            quotient = jacobian(partial(_loss_at, net, kind, layer), parameter)
            seen.add(judge.agree(f"∂L/∂vec {kind[1:]}", found, quotient, error, constant(found, G * mass)))
    return seen


def _jacobian_to_formula(kind: str, case: Case, subject: Subject) -> Observation:
    """The backward recursion equals the product of the explicit Jacobians to working precision."""
    net, seen = _network(case), Observation()
    with mp.workprec(TRANSCENDENTAL_BITS):
        G, mass = _growth(net), sum((abs(value) for _, _, value in nonzeros(net.P)), mp.mpf(0))
        # Every gradient is a sum of products S·ΣP·∂Z_k/∂parameter; each meets at most this many roundings, both ways.
        roundings = 2 * sum(W.rows + W.cols + net.X.cols + 4 for W in net.weights) + 8 * (net.P.rows + 4)
        error = 4 * judge.working_error(roundings) * G * mass
        found = gradients(net)
        recursion = {"dX": [found.dX], "dW": list(found.dW), "db": list(found.db)}[kind]
        bound = bounds.gradients(net, subject.arithmetic)
        enclosures = [bound.dX] if kind == "dX" else getattr(bound, kind)
        for formula, row, enclosure in zip(recursion, _explicit(net, kind), enclosures, strict=True):
            seen.add(judge.centred(kind, enclosure, formula))
            explicit = unvec(vec(transpose(row)), formula.rows, formula.cols)
            seen.add(judge.agree(kind, formula, explicit, error, constant(formula, G * mass)))
    return seen


# --- the implementation -----------------------------------------------------------------------------------------------


def _loss_bound(case: Case, subject: Subject) -> Enclosure:
    return subject.scaled(
        "loss", bounds.loss(_network(case, subject), subject.arithmetic), case["X"].shape[1], of_loss=True
    )


def _bounds(case: Case, subject: Subject) -> dict[str, list[Enclosure]]:
    """The enclosures of dX, and of each layer's dW and db; under every way that is declared to take ΣP."""
    factor, ways = subject.reduction(case["X"].shape[1]), []
    for fused in subject.fused:
        found = bounds.gradients(_network(case, subject, fused=fused), subject.arithmetic, factor)
        ways.append({"dX": [found.dX], "dW": found.dW, "db": found.db})
    return {
        kind: [reduce(Enclosure.either, bound) for bound in zip(*(way[kind] for way in ways), strict=True)]
        for kind in ways[0]
    }


def _raised(raised: Raised, case: Case, subject: Subject) -> Observation:
    """One call returns the loss and all gradients."""
    gradients_of = _bounds(case, subject).values()
    return subject.raised(raised, [_loss_bound(case, subject), *(each for found in gradients_of for each in found)])


def _loss(case: Case, subject: Subject) -> Observation | None:
    computed = subject.call("network_gradients", case, "loss")
    if isinstance(computed, Raised):
        return _raised(computed, case, subject)
    if computed is None:
        return None
    return subject.judge("network_gradients.loss", computed, _loss_bound(case, subject), None)


def _gradient(kind: str, case: Case, subject: Subject) -> Observation | None:
    computed = subject.call("network_gradients", case, kind)
    if isinstance(computed, Raised):
        return _raised(computed, case, subject)
    if computed is None:
        return None
    computed, expected = [computed] if kind == "dX" else computed, _bounds(case, subject)[kind]
    seen = Observation()
    for layer, (array, bound) in enumerate(zip(computed, expected, strict=True)):
        name = f"network_gradients.{kind}" + ("" if kind == "dX" else f"[{layer}]")
        seen.add(subject.judge(name, array, bound, case["X"].shape[1]))
    return seen


def _properties(kind: str) -> tuple[Property, ...]:
    claim = f"network.{kind}"
    return (
        Property(claim, Link.JACOBIAN, _ordinary_cases, partial(_definition_to_jacobian, kind)),
        Property(claim, Link.FORMULA, _ordinary_cases, partial(_jacobian_to_formula, kind)),
        Property(claim, Link.IMPLEMENTATION, _cases, partial(_gradient, kind), ("network_gradients",)),
    )


PROPERTIES: tuple[Property, ...] = (
    Property("network.forward", Link.IMPLEMENTATION, _cases, _loss, ("network_gradients",)),
    *_properties("dX"),
    *_properties("dW"),
    *_properties("db"),
)
