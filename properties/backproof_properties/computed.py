"""formula → implementation, of any operation: the contract of the call, and every number against its derived bound.

No bound of ``language.rounding`` has been validated by a campaign yet, so that nothing is said to hold. Refuted is what
is further off than a calculation with half of the format's digits could be, and what is not finite although it, and all
before it, can be.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from itertools import product
from typing import Any

import numpy as np
from mpmath import mp

from backproof_properties.arrays import NUMPY_DTYPES, Array, Case
from backproof_properties.contract import Like, Raised, others
from backproof_properties.inputs import admitted, evaluation
from backproof_properties.judge import Refuted, shown, ulps
from backproof_properties.results import Finding, Observation
from backproof_properties.subject import Subject
from backproof_spec.language import exact
from backproof_spec.language.evaluating import Evaluation, Place
from backproof_spec.language.functions import Number
from backproof_spec.language.kinds import KINDS
from backproof_spec.language.rounding import BITS, Rounded, rounded
from backproof_spec.language.syntax import Gradient, Node
from backproof_spec.operation import Operation

Bounds = Mapping[Place, Rounded | None]
"""Of each entry its bound; None where nothing is known."""


def forward(operation: Operation, case: Case, subject: Subject) -> Observation:
    """Every output of f."""
    seen, given = Observation(), evaluation(operation, case)
    with mp.workprec(BITS):
        bounds = rounded(given, subject.arithmetic)
        for output in operation.outputs:
            places = product(*(range(given.sizes[dim]) for dim in operation.shapes[output]))
            shape = tuple(given.sizes[dim] for dim in operation.shapes[output])
            computed = subject.call(operation.name, case, output, _like(operation, subject, shape))
            try:
                expected: Bounds = bounds.tensor(output)
            except ArithmeticError:
                expected = dict.fromkeys(places)
            seen.add(subject.bounded(f"{operation.name}.{output}", computed, expected, _judged))
    return seen


def vjp(operation: Operation, gradient: Gradient, kinks: bool, case: Case, subject: Subject) -> Observation:  # noqa: FBT001
    """One output of f_vjp; ``kinks``: no formula was claimed, so that at a kink any derivative is right."""
    given, name = evaluation(operation, case), f"d{gradient.name}"
    with mp.workprec(BITS):
        shape, function = case[gradient.name].shape, f"{operation.name}_vjp"
        computed = subject.call(function, case, name, _like(operation, subject, shape))
        expected = formula_bounds(given, gradient, subject)
        if kinks and _is_kink(given):
            expected = dict.fromkeys(expected)
        return subject.bounded(f"{function}.{name}", computed, expected, _judged)


def _is_kink(given: Evaluation[Number]) -> bool:
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


def formula_bounds(given: Evaluation[Number], gradient: Gradient, subject: Subject) -> dict[Place, Rounded | None]:
    """The bounds of a gradient, by its formula."""
    found: dict[Place, Rounded | None] = {}
    of: Callable[[Mapping[str, int]], Rounded] | None = None
    for place in given.values[gradient.name]:
        try:
            of = of or rounded(given, subject.arithmetic).compiled(claimed(gradient))
            found[place] = of(dict(zip(gradient.indices, place, strict=True)))
        except ArithmeticError:
            found[place] = None
    return found


def coarse(subject: Subject) -> Number:
    """How much coarser half of the format's digits are."""
    return mp.ldexp(mp.mpf(1), subject.arithmetic.output.precision // 2)


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


def _judged(name: str, computed: Any, expected: Bounds, subject: Subject) -> Observation:
    """What is certain of an output: see the module's docstring."""
    if isinstance(computed, Raised):
        if all(each is not None and each.fine for each in expected.values()):
            raise computed
        return Observation(uncertified=len(expected), raised=1)
    seen, margin = Observation(), coarse(subject)
    worst: tuple[Number, Place, Rounded] | None = None
    for place, each in expected.items():
        if each is None or not each.fine or not mp.isfinite(each.error):
            seen.uncertified += 1
            continue
        seen.entries += 1
        ratio = _ratio(float(computed[place]), each)
        if each.value:
            seen.thresholds.append(float(2 * margin * each.error / abs(each.value)))
        if ratio <= margin:
            seen.worst = max(seen.worst, float(ratio))
        elif worst is None or ratio > worst[0]:
            worst = ratio, place, each
    if worst is not None:
        raise Refuted(_finding(name, *worst, computed))
    return seen


def _ratio(got: float, each: Rounded) -> Number:
    """|got − exact| in bounds."""
    if not np.isfinite(got):
        return mp.inf
    error = abs(mp.mpf(got) - each.value)
    return mp.mpf(0) if error == 0 else error / each.error if each.error else mp.inf


def _finding(name: str, ratio: Number, place: Place, each: Rounded, computed: Array) -> Finding:
    got, where = computed[place], f"{name}[{', '.join(map(str, place))}]" if place else name
    if not np.isfinite(float(got)):
        said = "the exact value is finite and every intermediate can be"
    elif mp.isfinite(ratio):
        said = f"off by {mp.nstr(ratio, 3)} × the rounding bound {mp.nstr(each.error, 3)}"
    else:
        said = "nothing is rounded here: equality is demanded"
    wanted, bounds = shown(each.value), str(mp.nstr(ratio, 3)) if mp.isfinite(ratio) else "∞"
    off = ulps(float(got), each.value, computed.dtype.name)
    message = f"{where}: got {got!s}, expected {wanted}: {said}"
    return Finding(message, name, {}, place, wanted, str(got), bounds, off, bound=shown(each.error))
