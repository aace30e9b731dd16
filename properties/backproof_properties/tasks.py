"""What a run consists of: a task for each property and number format."""

from __future__ import annotations

from dataclasses import dataclass

from backproof_impl.target import Target
from backproof_properties import checks
from backproof_properties.choices import unsupported
from backproof_properties.property import Property
from backproof_properties.results import Link, Outcome, Verdict
from backproof_properties.subject import Domain
from backproof_properties.suite import PROPERTIES
from backproof_spec.operation import Operation


@dataclass(frozen=True)
class Task:
    """One property to run: by its place in the suite, so that it can be sent; or one that is ``own`` to a run.

    ``beside``: another number format, in which fewer examples are judged, if the target keeps to it. ``block``: which
    of several runs of the same property it is.
    """

    place: int
    dtype: str | None
    examples: int
    seed: int
    own: Property | None = None
    beside: str | None = None
    block: int = 0

    @property
    def about(self) -> tuple[str, str | None]:
        """The operation and the format: what a target compiles for one claim serves the others."""
        return self.property.claim.partition(".")[0], self.dtype

    @property
    def key(self) -> tuple[str, Link, str | None]:
        """What tells its outcome from all others of a run."""
        return self.property.claim, self.property.link, self.dtype

    def outcome(self, verdict: Verdict, reason: str) -> Outcome:
        """What is to be said of it where it was not run to its end."""
        return Outcome(*self.key, verdict, reason=reason)

    @property
    def property(self) -> Property:
        """The property itself."""
        return self.own or PROPERTIES[self.place]

    def draws(self, domain: Domain) -> str:
        """What decides which examples are drawn: all claims of an operation have the same ones."""
        operation, dtype = self.about
        sizes = f"{domain.least}-{domain.largest}/{domain.long}/{domain.swept}"
        return f"{self.seed}/{operation}/{self.property.link}/{dtype}/{sizes}"


def tasks(
    claims: tuple[str, ...],
    dtypes: tuple[str, ...],
    examples: int,
    seed: int,
    operations: tuple[Operation, ...] = (),
    beside: str | None = None,
) -> list[Task]:
    """Everything to run for these claims: the links inside the spec once, the implementation in each dtype.

    A proof is for all shapes: one run of it says all there is to say. ``operations``: those that are none of the
    suite's; ``beside``: a number format that is tried a little, too.
    """
    tables = [(None, PROPERTIES), *((operation, checks.properties(operation)) for operation in operations)]
    return [
        Task(place, dtype, 1 if each.link is Link.PROOF else examples, seed, each if operation else None, beside)
        for operation, table in tables
        for place, each in enumerate(table)
        if each.claim in claims
        for dtype in (dtypes if each.link is Link.IMPLEMENTATION else (None,))
    ]


def offered(planned: list[Task], target: Target) -> list[Task]:
    """Without the notes' claims of which the target offers nothing: where it names operations, these are asked for.

    A function of the notes' name that only goes forward, as a softmax on which a loss rests, is a helper of theirs.
    """
    of_target = [each for each in planned if each.own is None and each.property.link is Link.IMPLEMENTATION]
    there = [each for each in of_target if target.functions.keys() >= {*each.property.functions}]
    back = {each.about[0] for each in there if not each.property.claim.endswith(".forward")}
    found = {each.property.claim for each in there if each.about[0] in back}
    alone = {each.property.claim for each in planned} - {each.property.claim for each in of_target} if found else set()
    return [each for each in planned if each.own is not None or each.property.claim in found | alone]


def needed(planned: list[Task], target: Target) -> list[Task]:
    """All but the links inside the spec of claims of which the target offers nothing in any format."""
    computed = [each for each in planned if each.property.link is Link.IMPLEMENTATION]
    offered = {each.property.claim for each in computed if unsupported(each.property, each.dtype, target) is None}
    absent = {each.property.claim for each in computed} - offered
    return [each for each in planned if each.property.link is Link.IMPLEMENTATION or each.property.claim not in absent]
