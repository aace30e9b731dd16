"""The four links of any claim of an operation, written once.

definition → Jacobian: each partial derivative against central difference quotients of steps h = 2⁻²⁰⁰ and h/2, at 1000
bits. A quotient's error falls by 4 with the step, h²·f‴/6 + O(h⁴), so that the finer one is off by a third of what the
two differ by; demanded is all of that (assumed: f‴ is much the same within h of x), and 2⁻⁴⁰⁰ of the values for what is
rounded, which is far more than 1000 bits leave unless much cancels: what is refuted at 1000 bits is tried at more. What
is rational is computed exactly. At a kink nothing is demanded; nor of a slope that is less, as its quotient is, than
what rounding leaves of them at the most bits: log(1 + e^(−10⁶)) is 0 there, its slope is not.

Jacobian → formula: what is claimed equals Jᵀ·vec dY, exactly where both are rational, else to 200 of 400 bits.

definition ⊢ formula: tried in numbers, proved by the kernel, replayed.

formula → implementation: see ``computed``.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from fractions import Fraction
from functools import partial

from mpmath import mp

from backproof_impl.target import Signature
from backproof_properties import computed, proof, suspected
from backproof_properties.arrays import Case
from backproof_properties.computed import claimed
from backproof_properties.inputs import BITS, Inputs, admitted, evaluation
from backproof_properties.judge import Refuted, shown
from backproof_properties.kept import Kept
from backproof_properties.proof import nothing
from backproof_properties.property import Cases, Check, Mistakes, Property, Unsettled
from backproof_properties.quotients import Moving, Quotients
from backproof_properties.results import Finding, Link, Observation
from backproof_properties.sharper import OUTPUTS
from backproof_properties.source import Unfit
from backproof_properties.subject import Subject
from backproof_spec.calculus import evaluate, limits, values
from backproof_spec.calculus.coq.record import recorded
from backproof_spec.calculus.derivation import proof_file
from backproof_spec.calculus.replay import Rejected, replay
from backproof_spec.calculus.tactics import Unproved
from backproof_spec.calculus.terms import Refused
from backproof_spec.claims import claim_of
from backproof_spec.differentiation import STEP_BITS
from backproof_spec.language import exact, proving
from backproof_spec.language.deriving import prove
from backproof_spec.language.evaluating import Place, Tensor
from backproof_spec.language.exact import Kink
from backproof_spec.language.functions import Number, real
from backproof_spec.language.lowering import Beyond
from backproof_spec.language.reverse import derived, missing, swept
from backproof_spec.language.syntax import Gradient
from backproof_spec.operation import Operation


def signatures(operation: Operation) -> dict[str, Signature]:
    """What a target offers of an operation: f(A, B; eps) → Y, and f_vjp(A, B, dY; eps) → (dA, dB).

    A loss alone may leave out its cotangent.
    """
    arguments = tuple(each.name for each in operation.arguments)
    options = tuple(each.name for each in operation.parameters)
    given = {f"d{each.name}": each.name for each in operation.differentiated}
    scalars = {name for name, indices in operation.shapes.items() if not indices}
    loss = len(operation.outputs) == 1 and operation.outputs[0] in scalars
    cotangents = tuple(operation.cotangents)
    return {
        operation.name: Signature(
            arguments,
            operation.outputs,
            options,
            numbers=tuple(each for each in operation.outputs if each in scalars),
            own=True,
        ),
        f"{operation.name}_vjp": Signature(
            (*arguments, *cotangents),
            tuple(given),
            options,
            optional=cotangents if loss else (),
            numbers=tuple(each for each, name in given.items() if name in scalars),
            own=True,
        ),
    }


def properties(given: Operation) -> tuple[Property, ...]:
    """Every link of every claim, in the order of the arguments, and within a claim in that of the chain of trust.

    What is derived by hand stands in place of what is read from the definition: bounds (``sharper``) and theorems.
    """
    operation, sweep, about, unclaimed = derived(given), swept(given), repr(given), missing(given)
    table = signatures(operation)
    forward, backward = table
    letters = {each.name: operation.shapes[each.name] for each in operation.arguments}
    dimensions = len({dim for each in operation.arguments for dim in operation.shapes[each.name]})
    letters |= {name: operation.shapes[output] for name, output in operation.cotangents.items()}
    tame, drawn, given_back = (
        Inputs(operation, name, tame=tame) for name, tame in ((backward, True), (forward, False), (backward, False))
    )
    read = partial(
        Property,
        link=Link.IMPLEMENTATION,
        signatures=table,
        letters=letters,
        admits=partial(admitted, operation),
    )

    def of_target(claim: str, function: str, cases: Cases, check: Check, mistakes: Mistakes) -> Property:
        known = OUTPUTS.get(claim)
        if known is not None:
            return Property(claim, Link.IMPLEMENTATION, known.cases, known.check, (known.function,), sweeps=dimensions)
        return read(claim, cases=cases, check=check, functions=(function,), mistakes=mistakes, sweeps=dimensions)

    of_value = partial(suspected.of_forward, operation)
    found = [of_target(claim_of(operation, None).id, forward, drawn, partial(computed.forward, operation), of_value)]
    for each in operation.gradients:
        claim = claim_of(operation, each).id
        of_spec = partial(Property, claim, about=about, signatures=table)
        by_hand = partial(proof.check, claim) if claim in OUTPUTS else None
        ways = [(operation, each)]
        ways += [(sweep, other) for other in sweep.gradients if other.name == each.name and each.name not in unclaimed]
        check = partial(computed.vjp, ways, each.name in unclaimed)
        mistakes = partial(suspected.of_gradient, given, each.name)
        found += [
            of_spec(Link.JACOBIAN, tame, partial(definition_to_jacobian, operation, each.name)),
            of_spec(Link.FORMULA, tame, partial(_jacobian_to_formula, operation, each)),
            of_spec(Link.PROOF, nothing, by_hand or partial(_proved, operation, each)),
            of_target(claim, backward, given_back, check, mistakes),
        ]
    returned = {each.claim.rpartition(".")[2]: each.check for each in found if each.functions == (backward,)}
    return tuple(
        replace(each, beside={name: check for name, check in returned.items() if check is not each.check})
        if each.functions == (backward,)
        else each
        for each in found
    )


def _refuse(name: str, place: Place, got: Number | str, wanted: Number, said: str) -> None:
    """A counterexample."""
    said_, expected = got if isinstance(got, str) else shown(got), shown(wanted)
    where = f"{name}[{', '.join(map(str, place))}]" if place else name
    raise Refuted(Finding(f"{where}: {said_}, expected {expected}: {said}", name, {}, place, expected, said_))


_JETS = Kept(lambda operation, case, _: exact.jets(evaluation(operation, case), strict=True), slopes=True)
_MOVING = Kept(lambda operation, case, _: Moving(evaluation(operation, case)), slopes=True)
"""The Jacobian by all arguments serves the claims of them all, and so does what is moved."""

# --- definition → Jacobian --------------------------------------------------------------------------------------------

QUOTIENT_BITS = (1000, 4000, 16000)


def definition_to_jacobian(operation: Operation, argument: str, case: Case, _: Subject) -> Observation:
    """∂Y/∂A, entry by entry, is what the difference quotients approach.

    What a precision refutes is tried at more: at 1000 bits log(1 + e⁻⁷⁰⁹) is 0.
    """
    for bits in QUOTIENT_BITS[:-1]:
        with suppress(Refuted):
            return _differentiated(operation, argument, case, bits)
    return _differentiated(operation, argument, case, QUOTIENT_BITS[-1])


def _differentiated(operation: Operation, argument: str, case: Case, bits: int) -> Observation:
    seen = Observation()
    with mp.workprec(bits):
        try:
            along, moving = _JETS(operation, case), _MOVING(operation, case)
            slopes = [(output, *entry) for output in operation.outputs for entry in along.tensor(output).items()]
            for at in moving.values[argument]:
                quotients = Quotients(moving, argument, at)
                for output, place, jet in slopes:
                    slope = jet.slopes.get((argument, at), Fraction(0))
                    deviation = quotients.deviation(output, place, slope)
                    if deviation is None:
                        fine, _ = quotients.of(STEP_BITS + 1, output, place)
                        left = mp.ldexp(1, 2 * STEP_BITS - bits)
                        if bits == QUOTIENT_BITS[-1] and max(abs(real(fine)), abs(real(slope))) < left:
                            msg = f"∂{output}/∂{argument} is less than what rounding leaves of its quotient"
                            raise Unfit(msg)
                        _refuse(f"∂{output}/∂{argument}", (*place, *at), slope, fine, "the difference quotient")
                    seen.entries += 1
                    seen.worst = max(seen.worst, deviation or 0.0)
        except Kink as kink:
            raise Unfit(str(kink)) from None
        except ArithmeticError as error:
            raise Unfit(str(error)) from None
    return seen


# --- Jacobian → formula -----------------------------------------------------------------------------------------------


def _jacobian_to_formula(operation: Operation, gradient: Gradient, case: Case, subject: Subject) -> Observation:
    seen, formula = jacobian_to_formula(operation, gradient, case)
    by_hand = OUTPUTS.get(claim_of(operation, gradient).id)
    if by_hand is not None:
        seen.add(by_hand.centred(formula, case, subject))
    return seen


def jacobian_to_formula(operation: Operation, gradient: Gradient, case: Case) -> tuple[Observation, Tensor[Number]]:
    """Jᵀ·vec dY equals what is claimed; and the values of that."""
    seen, formula = Observation(), dict[Place, Number]()
    with mp.workprec(BITS):
        given = evaluation(operation, case)
        try:
            wanted = exact.vjp(given, gradient.name, _JETS(operation, case))
        except ArithmeticError as error:  # a kink, or no value at all
            raise Unfit(str(error)) from None
        of = given.compiled(claimed(gradient))
        for place, derivative in wanted.items():
            try:
                said = of(dict(zip(gradient.indices, place, strict=True)))
            except ArithmeticError as error:
                _refuse(f"d{gradient.name}", place, f"no value ({error or '1/0'})", derivative, "Jᵀ·vec dY")
            if not proving.equal(said, derivative):
                _refuse(f"d{gradient.name}", place, said, derivative, "Jᵀ·vec dY")
            seen.entries += 1
            formula[place] = said
            off, size = abs(real(said) - real(derivative)), max(abs(real(derivative)), 1)
            seen.worst = max(seen.worst, float(off / size))
    return seen, formula


# --- definition ⊢ formula ---------------------------------------------------------------------------------------------


def _proved(operation: Operation, gradient: Gradient, _: Case, __: Subject) -> Observation:
    """Tried in numbers, proved for all sizes, replayed from its file, and tried in numbers again."""
    stem = f"{operation.name}.d{gradient.name}"
    try:
        false = proving.refuted(operation, gradient)
        if false is not None:
            with mp.workprec(BITS):
                _refuse(f"d{gradient.name}", false.place, false.claimed, false.right, "the derivative in numbers")
        with limits.within(limits.SECONDS):
            derivation = prove(operation, gradient)
            steps = proof_file(derivation)
            replay(steps)
            worst = evaluate.worst_deviation(derivation.theorem, values.example(derivation, derivation.theorem))
    except Unproved as error:
        said = "a fact that it needs was not proved, which a line suppose … could say" if error.missing else str(error)
        msg = f"not proved: {said}{'; backproof prove shows both' if error.sides else ''}"
        raise Unsettled(msg) from None
    except (Beyond, limits.Stopped, values.Unsatisfied) as error:
        msg = f"not proved: {error}"
        raise Unsettled(msg) from None
    except (Refused, RecursionError) as error:
        said = "nested too deeply" if isinstance(error, RecursionError) else "beyond the functions of the kernel"
        msg = f"not proved: {said}"
        raise Unsettled(msg) from None
    except Rejected as error:
        raise Refuted(Finding(f"{stem}: the proof does not replay: {error}", stem, {})) from error
    if not evaluate.agrees(worst):
        raise Refuted(Finding(f"{stem}: the two sides differ by {float(worst):.1g} in numbers", stem, {}))
    by_coq = recorded({stem: steps}).get(stem)
    return Observation(entries=len(steps["steps"]), worst=float(worst), coq=by_coq.coq if by_coq else None)
