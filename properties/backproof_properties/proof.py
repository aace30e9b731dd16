"""definition ⊢ formula: what the other links try on many shapes is derived for all, and replayed step by step."""

from __future__ import annotations

from functools import cache, partial

from backproof_properties.arrays import Case
from backproof_properties.judge import Refuted
from backproof_properties.property import Property
from backproof_properties.results import Finding, Link, Observation
from backproof_properties.source import Source
from backproof_properties.subject import Domain, Subject
from backproof_spec.calculus import evaluate, values
from backproof_spec.calculus.coq.record import recorded
from backproof_spec.calculus.derivation import proof_file
from backproof_spec.calculus.replay import Rejected, replay
from backproof_spec.calculus.tactics import Unproved
from backproof_spec.calculus.terms import Refused
from backproof_spec.calculus.theorems import of_claim
from backproof_spec.claims import CLAIM_IDS
from backproof_spec.library import built_in


def nothing(_: Source, __: Domain) -> Case:
    """A proof has no examples."""
    return {}


def check(claim: str, _: Case, __: Subject) -> Observation:
    """A proof depends on nothing but its claim."""
    return proved(claim)


@cache
def proved(claim: str) -> Observation:
    """Every theorem of the claim is derived, replays from its file, and agrees with its definition in numbers.

    Once in a process. Raises ``Refuted`` with the name of the theorem of which that is not so. Coq is not run: whether
    it has accepted exactly these proofs is on record.
    """
    seen, files = Observation(), {}
    for stem, derive in of_claim(claim).items():
        try:
            derivation = derive()
            steps = proof_file(derivation)
            replay(steps)
            worst = evaluate.worst_deviation(derivation.theorem, values.example(derivation, derivation.theorem))
        except (Refused, Rejected, Unproved, values.Unsatisfied) as error:
            raise Refuted(Finding(f"{stem}: {error}", stem, {})) from error
        if not evaluate.agrees(worst):
            raise Refuted(Finding(f"{stem}: the two sides differ by {float(worst):.1g} in numbers", stem, {}))
        seen.add(Observation(entries=len(steps["steps"]), worst=float(worst)))
        files[stem] = steps
    accepted = [each.coq for each in recorded(files).values() if each.passed]
    seen.coq = accepted[0] if accepted and len(accepted) == len(files) else None
    return seen


PROPERTIES: tuple[Property, ...] = tuple(
    Property(claim, Link.PROOF, nothing, partial(check, claim))
    for claim in CLAIM_IDS
    if of_claim(claim) and claim.partition(".")[0] not in built_in()
)
"""Of the claims that are of no operation with a definition: of the others see ``checks``."""
