"""Test vectors of an operation: few examples that show every mistake and every flag that any drawn one shows.

Examples are drawn as the suite draws them: at random, and one of each size of each dimension, the others small. What
may be returned is the judge's (``certified``), the mistakes are the diagnosis's: one is caught where its value is
farther from the exact one than any bound, by more than its own rounding.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np

from backproof_impl.conventions import Conventions
from backproof_impl.target import Signature
from backproof_properties import checks, suspected, sweep
from backproof_properties.arrays import Case, arrays_of
from backproof_properties.certified import Output, outputs, seen, with_digits
from backproof_properties.diagnosis import formulas_of
from backproof_properties.drawing import drawn
from backproof_properties.evidence import Formula, would_show
from backproof_properties.network import as_operation
from backproof_properties.property import Property
from backproof_properties.results import Link
from backproof_properties.source import Unfit
from backproof_properties.subject import Domain
from backproof_properties.suite import PROPERTIES
from backproof_properties.suspected import Mutated, Row
from backproof_properties.tasks import Task
from backproof_properties.telling import at_kink, flags
from backproof_spec.library import built_in, operation
from backproof_spec.operation import Operation

EXAMPLES, LARGEST = 40, 5
"""So many examples are drawn at random, of sizes up to that."""
SIZES, OF_A_SIZE = (7, 8, 9, 15, 17, 33), 2
"""Of each dimension so many examples are drawn of each of these, where blocks of 4 to 32 are whole, or have a rest."""
A_LARGE_ONE = (9,)
"""Of each dimension, where sizes are not gone through."""
OF_A_CAUSE = 6
"""So many mistakes of a cause are tried in each claim, evenly selected: many differ in a number alone."""
MOST = 300
"""What has more entries, inputs and outputs together, is not kept."""
_EMPTY, _SHORT, _LONG = 400, 40, 120
"""About so many characters a vector takes without entries, and an entry that is exact, or is not."""


@dataclass(frozen=True)
class Functions:
    """What there are test vectors of: the properties of each function; the operation, where it is one.

    ``arguments``: those that are differentiated.
    """

    name: str
    properties: dict[str, tuple[Property, ...]]
    arguments: tuple[str, ...]
    operation: Operation | None

    def signature(self, function: str) -> Signature:
        """What a function takes and gives."""
        return self.properties[function][0].signatures[function]


def functions_of(given: Operation | str) -> Functions:
    """The functions of an operation, or of one of the notes by its name; none where it has none of its own."""
    name, table = (given, PROPERTIES) if isinstance(given, str) else (given.name, checks.properties(given))
    own = [each for each in table if each.link is Link.IMPLEMENTATION and len(each.functions) == 1]
    of = [each for each in own if each.claim.startswith(f"{name}.")]
    found = {function: tuple(group) for function, group in groupby(of, lambda each: each.functions[0])}
    defined = given if isinstance(given, Operation) else operation(name) if name in built_in() else None
    arguments = tuple(each.name for each in defined.differentiated) if defined else ("weights", "biases", "X")
    return Functions(name, found, arguments, defined)


@dataclass(frozen=True)
class Mistake:
    """What is wrong with what a claim is about: the cause and the words of the diagnosis."""

    claim: str
    cause: str
    words: str


@dataclass(frozen=True)
class Vector:
    """An example: inputs, outputs, flags, and the mistakes that it catches."""

    function: str
    dtype: str
    case: Case
    outputs: tuple[Output, ...]
    flags: tuple[str, ...]
    catches: tuple[Mistake, ...] = ()


def vectors(of: Functions, function: str, dtype: str, seed: int, *, sized: bool = True) -> list[Vector]:
    """Those of a function in a format, the shortest first; ``sized``: of every size of every dimension, too."""
    rows = [row for each in of.properties[function] for row in _rows(of, each)]
    wanted, kept = set[Hashable](), list[_Candidate]()
    for each in sorted(_candidates(of, function, dtype, seed, sized=sized), key=lambda each: each.cost):
        left = [k for k in range(len(rows)) if k not in wanted]
        new = each.features | set(each.caught(rows, left))
        if not new <= wanted:
            wanted |= new
            kept.append(each)
    shown = [each.features | set(each.caught(rows, range(len(rows)))) for each in kept]
    found = []
    for k in sorted(_cover(shown, [each.cost for each in kept])):
        mistakes = [mistake for row, (mistake, _) in enumerate(rows) if row in shown[k]]
        found.append(replace(kept[k].certified(), catches=tuple(dict.fromkeys(mistakes))))
    return found


def _cover(shown: list[set[Hashable]], costs: list[int]) -> list[int]:
    """The numbers of few of them that show all: the next is the one that shows the most that is new for its length."""
    left, chosen = set().union(*shown), list[int]()
    while left:
        best = max(range(len(shown)), key=lambda k: len(shown[k] & left) / costs[k])
        chosen.append(best)
        left -= shown[best]
    return chosen


_Row = tuple[Mistake, Formula]


def _rows(of: Functions, each: Property) -> Iterator[_Row]:
    """What is tried of a claim; of the notes' the mutants of its definition, too."""
    of_cause: dict[str, list[_Row]] = {}
    further = _mutants(of.operation, each) if of.operation and each.mistakes is None else ()
    for cause, words, formula in (*formulas_of(each), *further):
        of_cause.setdefault(cause, []).append((Mistake(each.claim, cause, words), formula))
    for rows in of_cause.values():
        yield from rows[:: -(-len(rows) // OF_A_CAUSE)]


def _mutants(of: Operation, each: Property) -> Iterator[Row]:
    _, _, argument = each.claim.partition(".d")
    return suspected.of_gradient(of, argument) if argument else suspected.of_forward(of)


def _swift(formula: Formula) -> Formula:
    """A mutant over whole arrays; where that does not say what it gives, it is not caught."""
    return formula.swiftly if isinstance(formula, Mutated) else formula


# --- candidates -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Candidate:
    """A vector whose mistakes are not known yet, all that was drawn for it, and its outputs by property."""

    vector: Vector
    drawn: Case
    judged: list[tuple[Property, list[Output]]]
    sized: bool

    @property
    def cost(self) -> int:
        """About how many characters it takes."""
        vector = self.vector
        given = sum(len(float(x).hex()) for A in arrays_of(vector.case) for x in A.ravel())
        bounds = [bound for each in vector.outputs for bound in each.own]
        return _EMPTY + given + sum(_SHORT if bound is None or bound.radius == 0 else _LONG for bound in bounds)

    @property
    def features(self) -> set[Hashable]:
        """Its flags, and which argument has which of the sizes that are gone through."""
        case = self.vector.case
        sizes = ((name, *pair) for name in case for A in arrays_of(case, [name]) for pair in enumerate(A.shape))
        return {*self.vector.flags, *(each for each in sizes if self.sized and each[-1] in SIZES)}

    def certified(self) -> Vector:
        """With the digits of its exact values."""
        of = self.vector
        parts = (with_digits(each, self.drawn, of.dtype, found) for each, found in self.judged)
        return replace(of, outputs=tuple(output for part in parts for output in part))

    def caught(self, rows: list[_Row], numbers: Iterable[int]) -> Iterator[int]:
        """Which of these rows differ from what is right."""
        at = {each.claim: seen(each, self.drawn, self.vector.dtype, found) for each, found in self.judged}
        return (k for k in numbers if would_show(_swift(rows[k][1]), at[rows[k][0].claim]))


def _candidates(of: Functions, function: str, dtype: str, seed: int, *, sized: bool) -> Iterator[_Candidate]:
    """What is drawn, is small enough, and has a value of which something is claimed."""
    properties, taken = of.properties[function], of.signature(function)
    unsaid = dict.fromkeys(of.operation.cotangents, np.ones(())) if of.operation else {}
    for given in _drawn(properties[0], dtype, seed, SIZES if sized else A_LARGE_ONE):
        drawn_ = {**{name: one for name, one in unsaid.items() if name not in given}, **given}
        case = {name: drawn_[name] for name in (*taken.arguments, *taken.options)}
        try:
            judged = [(each, outputs(each, drawn_, dtype)) for each in properties]
        except (Unfit, ArithmeticError):
            continue
        defined = (of.operation, drawn_) if of.operation else as_operation(drawn_)
        found = tuple(output for _, part in judged for output in part)
        bounds = [bound for output in found for bound in output.own]
        if bounds and not any(bounds):
            continue
        if sum(A.size for A in arrays_of(case)) + sum(len(output.exact) for output in found) <= MOST:
            said = flags(case, found, dtype, of.arguments, kink=at_kink(*defined))
            yield _Candidate(Vector(function, dtype, case, found, tuple(said)), drawn_, judged, sized)


def _drawn(each: Property, dtype: str, seed: int, sizes: tuple[int, ...]) -> Iterator[Case]:
    """Small examples, and some of each of these sizes of each dimension."""
    domain = Domain(dtype, Conventions(), LARGEST, signatures=each.signatures)
    plain = replace(each, functions=())
    yield from (case for case, _ in drawn(plain, domain, Task(0, dtype, EXAMPLES, seed, plain)))
    for number in (sweep.number_of(size, lead, each.sweeps) for size in sizes for lead in range(each.sweeps)):
        of_size = replace(domain, swept=number, few=True)
        yield from (case for case, _ in drawn(plain, of_size, Task(0, dtype, OF_A_SIZE, seed, plain)))
