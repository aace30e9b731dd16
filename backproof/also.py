"""``computed also`` in a run: another way to compute a name is proved to give the same before a bound admits it."""

from __future__ import annotations

from collections.abc import Iterable

from backproof.prove import lacking
from backproof_impl.conventions import UsageError
from backproof_properties import remembered
from backproof_spec.calculus import limits
from backproof_spec.calculus.derivation import Derivation, proof_file
from backproof_spec.calculus.replay import Rejected, replay
from backproof_spec.calculus.tactics import Unproved
from backproof_spec.calculus.terms import Refused
from backproof_spec.calculus.values import Unsatisfied
from backproof_spec.language import ways
from backproof_spec.language.lowering import Beyond
from backproof_spec.language.proving import refuted_way
from backproof_spec.language.syntax import Definition
from backproof_spec.language.text import line
from backproof_spec.operation import Operation


def computed_also(operations: Iterable[Operation], *, afresh: bool) -> tuple[str, ...]:
    """The other ways to compute a name of these. Raises ``UsageError``: which is not proved, and what is missing."""
    return tuple(_proved(of, way, afresh=afresh) for of in operations for way in of.ways)


def _proved(of: Operation, way: Definition, *, afresh: bool) -> str:
    """What a way is, proved now or before, and replayed."""
    said = f"operation {of.name}: line {way.at[0]}, column {way.at[1]}: computed also {line(way)}"
    try:
        with limits.within(limits.SECONDS):
            if afresh or not _known(of, way):
                if refuted_way(of, way):
                    msg = f"{said}: this way gives something else (backproof prove shows values)"
                    raise UsageError(msg)
                found = ways.prove(of, way)
                replay(proof_file(found))
                remembered.keep(*ways.lowered(of, way), found)
    except Unproved as error:
        missing, hint = lacking(ways.lowered(of, way)[0], error)
        why = f"{missing}: {hint}"
    except (Beyond, limits.Stopped, Unsatisfied, Refused, Rejected, RecursionError) as error:
        why = str(error)
    else:
        return f"{line(way)} ({ways.stem(of, way)})"
    msg = f"{said}: not proved to give the same: {why}"
    raise UsageError(msg)


def _known(of: Operation, way: Definition) -> bool:
    """Is a proof remembered, and does it replay?"""
    found: Derivation | None = remembered.proof(*ways.lowered(of, way))
    if found is None or ways.not_supposed(found):
        return False
    try:
        replay(proof_file(found))
    except Rejected:
        return False
    return True
