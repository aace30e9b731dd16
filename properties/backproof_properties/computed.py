"""formula → implementation, of any operation: the contract of the call, and every number against its derived bound.

A gradient may be computed by its formula, or by the reverse sweep over the definitions: what either may give is
admitted. Most verdicts are the filter's; the exact path decides the others, and it alone refutes.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from functools import cache, partial, reduce
from typing import Any

import numpy as np
from mpmath import mp

from backproof_properties import ties
from backproof_properties.arrays import NUMPY_DTYPES, Case
from backproof_properties.contract import Like, Raised, others
from backproof_properties.fields import Field
from backproof_properties.filter import detected, faint, known, of_gradient, of_output, surely, within
from backproof_properties.inputs import admitted, evaluation
from backproof_properties.judge import entries
from backproof_properties.kept import Kept
from backproof_properties.results import Observation
from backproof_properties.subject import Subject
from backproof_properties.ties import Bounds, Ties
from backproof_spec.language import exact
from backproof_spec.language.evaluating import Entries, Evaluation, Place
from backproof_spec.language.functions import FUNCTIONS, Number
from backproof_spec.language.kinds import KINDS
from backproof_spec.language.rounding import BITS, Rounded, RoundedEvaluation, either, rounded
from backproof_spec.language.syntax import Apply, Bracket, Gradient, Node, Reduce, walk
from backproof_spec.operation import Operation

_DIGITS = BITS // 3
"""What is smaller than its bound by so many bits is 0, but for the precision at which it is computed."""
_ROUNDED = Kept(lambda operation, case, arithmetic: rounded(evaluation(operation, case), arithmetic))


def forward(operation: Operation, case: Case, subject: Subject) -> Observation:
    """Every output of f."""
    seen = Observation()
    with mp.workprec(max(BITS, mp.prec)):
        bounds = _ROUNDED(operation, case, subject.arithmetic)
        for output in operation.outputs:
            shape = tuple(bounds.sizes[dim] for dim in operation.shapes[output])
            computed = subject.call(operation.name, case, output, _like(operation, subject, shape))
            fast = partial(of_output, operation, output, case, subject.arithmetic)
            exact = partial(output_bounds, bounds, output)
            seen.add(
                subject.bounded(f"{operation.name}.{output}", computed, exact, partial(_judged, fast, subject.swift))
            )
    return seen


def output_bounds(bounds: RoundedEvaluation, output: str) -> Bounds:
    """The bounds of an output."""
    shape = [bounds.sizes[dim] for dim in bounds.operation.shapes[output]]
    return Entries(_known(lambda place: bounds.arithmetic.returned(bounds.tensor(output)[place])), shape)


def _known(of: Callable[[Place], Rounded]) -> Callable[[Place], Rounded | None]:
    """The same; None where there is no value."""

    def found(place: Place) -> Rounded | None:
        try:
            return of(place)
        except ArithmeticError:
            return None

    return found


Way = tuple[Operation, Gradient]
"""A formula of a gradient, and the definitions that it rests on."""


def vjp(ways: Sequence[Way], kinks: bool, case: Case, subject: Subject) -> Observation:  # noqa: FBT001
    """One output of f_vjp, in any of these ways; ``kinks``: none is claimed, so that there shares are judged alone."""
    operation, gradient = ways[0]
    given, name = evaluation(operation, case), f"d{gradient.name}"
    with mp.workprec(max(BITS, mp.prec)):
        shape, function = case[gradient.name].shape, f"{operation.name}_vjp"
        computed = subject.call(function, case, name, _like(operation, subject, shape))
        fast = cache(partial(_fast_bounds, ways, case, subject))
        exact: Callable[[], Bounds] = cache(partial(_gradient_bounds, ways, case, subject, shape))
        judged = partial(_judged, fast, subject.swift)
        if kinks and (is_kink(given) or ties.share_unseen(given, gradient)):
            tied = ties.of(given, gradient)
            judged = partial(_shared, tied, fast, exact, subject)
            exact = partial(tied.without, exact)
        return subject.bounded(f"{function}.{name}", computed, exact, judged)


def _shared(
    tied: Ties,
    fast: Callable[[], Field],
    bounds: Callable[[], Bounds],
    subject: Subject,
    name: str,
    computed: Any,
    exact: Callable[[], Bounds],
) -> Observation:
    """What ties by its sums, what does not as everything else."""
    if isinstance(computed, Raised):
        return _judged(None, subject.swift, name, computed, partial(tied.shared, bounds, subject.arithmetic.output))
    seen = _judged(lambda: tied.certain(fast()), subject.swift, name, computed, exact)
    seen.add(tied.judge(name, computed, fast, bounds, subject.arithmetic.output))
    return seen


def _fast_bounds(ways: Sequence[Way], case: Case, subject: Subject) -> Field:
    found = (of_gradient(operation, each, claimed(each), case, subject.arithmetic) for operation, each in ways)
    return reduce(Field.either, found)


def _gradient_bounds(ways: Sequence[Way], case: Case, subject: Subject, shape: tuple[int, ...]) -> Bounds:
    found = [formula_bounds(_ROUNDED(operation, case, subject.arithmetic), each) for operation, each in ways]

    def entry(place: Place) -> Rounded | None:
        each = [bounds[place] for bounds in found]
        return None if None in each else reduce(either, filter(None, each))

    return Entries(entry, shape)


def is_kink(given: Evaluation[Number]) -> bool:
    """Has no output a derivative there?"""
    bodies = [part for each in given.operation.definitions for part in walk(each.body)]
    if not any(FUNCTIONS[each.function].kink for each in bodies if isinstance(each, Apply)) and not any(
        isinstance(each, Bracket) or (isinstance(each, Reduce) and each.reduction in {"max", "min"}) for each in bodies
    ):
        return False
    one_way = exact.jets(given, strict=True, along=True)
    try:
        for output in given.operation.outputs:
            one_way.tensor(output)
    except ArithmeticError:
        return True
    return False


def claimed(gradient: Gradient) -> Node:
    """Its formula."""
    if gradient.claimed is None:
        msg = f"nothing is claimed of the gradient by {gradient.name}"
        raise TypeError(msg)
    return gradient.claimed


def formula_bounds(bounds: RoundedEvaluation, gradient: Gradient) -> Bounds:
    """The bounds of a gradient, by its formula."""
    of = cache(lambda: bounds.compiled(claimed(gradient)))  # which may have no value
    returned = bounds.arithmetic.returned
    shape = [bounds.sizes[dim] for dim in bounds.operation.shapes[gradient.name]]
    return Entries(_known(lambda place: returned(of()(dict(zip(gradient.indices, place, strict=True))))), shape)


def _like(operation: Operation, subject: Subject, shape: tuple[int, ...]) -> Like:
    return Like(shape, NUMPY_DTYPES[subject.dtype], partial(_other, operation))


def _other(operation: Operation, case: Case) -> Case:
    """Other inputs, just as valid, of the same shapes; the same ones where no others are known."""
    drawn = {each.name: KINDS[each.kind].drawn for each in operation.arguments}
    kept = {name: A for name, A in case.items() if drawn.get(name, "real") not in {"real", "logits"}}
    found = {**others(case), **{name: _backwards(A) for name, A in kept.items()}}
    return found if admitted(operation, found) else case


def _backwards(A: Any) -> Any:
    back: Any = (*(slice(None, None, -1) for _ in getattr(A, "shape", ())), ...)
    return A[back].copy() if isinstance(A, np.ndarray) else A


def _judged(
    fast: Callable[[], Field] | None,
    swift: bool,  # noqa: FBT001
    name: str,
    computed: Any,
    exact: Callable[[], Bounds],
) -> Observation:
    """What is certain of an output: see the module's docstring."""
    if isinstance(computed, Raised):
        expected = exact()
        if all(each is not None and each.fine for each in expected.values()):
            raise computed
        return Observation(uncertified=len(expected), raised=1)
    field = known(fast) if fast else None
    sure, seen, thresholds = surely(computed, field), Observation(), list[float]()
    if field is not None and sure.any():
        sure &= swift | ~faint(field)
        seen, thresholds = within(computed, field, sure), [] if swift else detected(field, sure)
    if not sure.all():
        places = map(tuple, np.argwhere(~sure).tolist())
        thresholds += entries(name, computed, places, partial(_bound, exact()), _normal, seen)
    seen.thresholds += [statistics.median(thresholds)] if thresholds else []
    return seen


def _bound(expected: Bounds, place: Place) -> tuple[Number, Number] | None:
    """An exact value and a radius; None where nothing is certain."""
    each = expected[place]
    return None if each is None or not each.fine or not mp.isfinite(each.error) else (each.value, each.error)


def _normal(value: Number, error: Number) -> bool:
    return bool(abs(value) > mp.ldexp(error, -_DIGITS))
