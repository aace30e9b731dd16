"""Is the target right under another declaration? Conventions that are meant, and declarations that are wrong.

A declaration is advised only where the property holds under it on every example of the evidence and on as many again,
drawn as it admits them: every kind of labels, zeros, ties, sizes. The advice says what is then no longer checked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from typing import TypeAlias

import numpy as np

from backproof_impl.conventions import Conventions, declarations, declare
from backproof_properties.arrays import Case, arrays_of
from backproof_properties.contract import PLAIN, Declined, Raised, Usage
from backproof_properties.declines import empty
from backproof_properties.evidence import Seen, record
from backproof_properties.judge import Refuted
from backproof_properties.property import Property
from backproof_properties.results import Diagnosis
from backproof_properties.subject import Subject

Further: TypeAlias = Callable[[Conventions], Iterator[Case]]
"""Further examples under given conventions, of all sizes."""

_CONFIRMED = 48
"""Under a convention to be declared the property must hold on this many further examples, drawn as it admits them."""


def _declarations(claim: str, conventions: Conventions) -> Iterator[tuple[str, str, str, str]]:
    """(cause, what it would mean, declaration, what is no longer checked) for each field that could be meant."""
    output = claim.partition(".")[2]
    for value in (0, 0.5, 1):
        if value != conventions.relu_at_zero:
            strict = ("mask-strict", "the mask is Z > 0: ReLU′(0) is 0")
            cause, words = ("kink", f"ReLU′(0) is {value}") if value else strict
            yield (
                cause,
                words,
                f"relu_at_zero={value}",
                f"at Z = 0 gradients are only checked against ReLU′(0) = {value}",
            )
    reduction = {"sum": "mean", "mean": "sum"}[conventions.reduction]
    over = f"the loss is the {reduction} over the samples"
    counts = "the factor 1/batch counts as right" if reduction == "mean" else ""
    yield f"{reduction}-for-{conventions.reduction}", over, f"reduction={reduction}", counts
    for labels, formula in (("fused", "S − P"), ("derivative", "S·ΣP − P")):
        if conventions.unnormalised_labels != labels:
            unchecked = f"where ΣP is not 1 gradients are only checked against {formula}"
            words = f"the gradient is {formula} whatever ΣP is"
            yield "unnormalised-labels", words, f"unnormalised_labels={labels}", unchecked
    if output.startswith("d"):
        declared = conventions.scale.get(output, 1)
        for factor, cause, words in _FACTORS:
            if factor != declared:
                yield cause, words, f"scale={output}={factor}", "" if factor == 1 else "that factor counts as right"
    flipped = {"features-first": "batch-first", "batch-first": "features-first"}[conventions.layout]
    yield "layout", f"one {'row' if flipped == 'batch-first' else 'column'} is one sample", f"layout={flipped}", ""
    turned = {"out-in": "in-out", "in-out": "out-in"}[conventions.weights]
    yield "weights", f"weights are {turned}", f"weights={turned}", ""
    if conventions.arithmetic == "ieee":
        flushed = "subnormal numbers may be anything down to 0"
        yield "subnormals", "subnormal numbers are flushed to zero", "arithmetic=flush-to-zero", flushed


_FACTORS: tuple[tuple[int | str, str, str], ...] = (
    (-1, "sign", "minus the gradient is returned"),
    (1, "scale", "the gradient itself is returned"),
    ("1/batch", "mean-for-sum", "the gradient is divided by the number of samples: the mean instead of the sum"),
    ("batch", "sum-for-mean", "the gradient is multiplied by the number of samples: the sum instead of the mean"),
)


def convention(
    each: Property, subject: Subject, failing: list[Seen], passing: list[Seen], further: Further
) -> Diagnosis | None:
    """The declaration under which everything is right, and wrong without it."""
    for cause, words, declaration, unchecked in _declarations(each.claim, subject.conventions):
        conventions = declare(subject.conventions, [declaration])
        meant = replace(subject, target=replace(subject.target, conventions=conventions))
        if not all(_right(each, meant, seen.case) for seen in failing + passing):
            continue
        moved = {_moved(each, meant, seen) for seen in failing}
        if False in moved or True not in moved:
            continue
        if all(_right(each, meant, case) for case in islice(further(conventions), _CONFIRMED)):
            field, _, value = declaration.partition("=")
            was = _declared(subject.conventions, field, value.partition("=")[0])
            sentence = f"{was} is declared, but {words}" if was else words
            return Diagnosis(cause, sentence + (f"; declared, {unchecked}" if unchecked else ""), declaration)
    return _ignored(each, subject, failing, further)


def _ignored(each: Property, subject: Subject, failing: list[Seen], further: Further) -> Diagnosis | None:
    """Is it S − P, and 0 where a sample has no labels? That is no derivative of one loss of any ΣP, but is meant."""
    if subject.conventions.unnormalised_labels != "derivative" or "P" not in failing[0].case:
        return None
    ignored, fused = (replace(subject.conventions, unnormalised_labels=labels) for labels in ("ignored", "fused"))
    meant = replace(subject, target=replace(subject.target, conventions=fused))
    masses = [[float(mass) for mass in np.unique(seen.case["P"].astype(np.float64).sum(axis=0))] for seen in failing]
    labelled = [seen for seen, of in zip(failing, masses, strict=True) if 0 not in of]
    if any({*of} <= {0, 1} for of in masses) or not labelled:
        return None
    if not all(_right(each, meant, seen.case) and _moved(each, meant, seen) for seen in labelled):
        return None
    if not all(_right(each, subject, case) for case in islice(further(ignored), _CONFIRMED)):
        return None
    words = "the gradient is S − P, and 0 where ΣP is 0; declared, labels of any other sum than 1 and 0 are not tried"
    return Diagnosis("ignored-samples", words, "unnormalised_labels=ignored")


def of_empty(
    each: Property, subject: Subject, counterexample: tuple[Case, Usage], further: Further
) -> Diagnosis | None:
    """What is to be said of a target that raises where an array has no entries, and is right elsewhere."""
    conventions = declare(subject.conventions, [_NOT_EMPTY])
    meant = replace(subject, target=replace(subject.target, conventions=conventions))
    cases = list(islice(further(conventions), _CONFIRMED)) if empty(counterexample) else []
    if not cases or not all(_right(each, meant, case) for case in cases):
        return None
    words = f"raises where an array has no entries, and is right on {len(cases)} examples where none is empty"
    return Diagnosis("empty", f"{words}: declare it if that is meant", _NOT_EMPTY)


_NOT_EMPTY = "limits=empty=no"


def _declared(conventions: Conventions, field: str, output: str) -> str | None:
    """The declaration of this field (and output), where it is not the default."""
    start = f"{field}={output}=" if field == "scale" else f"{field}="
    return next((line for line in declarations(conventions.declared()) if line.startswith(start)), None)


def _right(each: Property, subject: Subject, case: Case) -> bool:
    try:
        each.check(case, replace(subject, usage=PLAIN))
    except (Refuted, Raised):
        return False
    except (Declined, ZeroDivisionError):  # a mean over no samples
        return True
    return True


def _moved(each: Property, meant: Subject, seen: Seen) -> bool | None:
    """Is what is right another thing under the convention? None where it claims nothing of the entries refuted.

    Wider bounds alone explain nothing.
    """
    other = record(each, meant, seen.case, PLAIN)
    if other is None:
        return False
    if meant.conventions.arithmetic != seen.subject.conventions.arithmetic:
        normal = seen.rounding.smallest_normal
        numbers = [seen.got, seen.exact, *(A.astype(np.longdouble) for A in arrays_of(seen.case))]
        return any(bool(np.any((A != 0) & (abs(A) < normal))) for A in numbers)
    if not np.array_equal(other.got, seen.got, equal_nan=True):
        return True  # arrays were passed in another layout
    settled = seen.refuted & (np.isfinite(other.radius) | ~np.isfinite(other.exact))
    if not settled.any():
        return None
    finite = np.isfinite(seen.exact) & np.isfinite(other.exact)
    wider = (other.exact == seen.exact) | (np.isnan(other.exact) & ~np.isfinite(seen.exact))
    apart = np.where(finite, np.abs(other.exact - seen.exact) > seen.radius + other.radius, ~wider)
    return bool((apart & settled).any())
