"""The book of proofs: a page for each theorem, one of what is refused, and an index."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mpmath import mp

from backproof_docs import defined, graphs, kronecker
from backproof_docs.defined import Operations, operation_of
from backproof_docs.dependencies import dependencies
from backproof_docs.document import (
    Block,
    Claim,
    Code,
    Display,
    Document,
    Items,
    Line,
    Link,
    Listing,
    Math,
    Picture,
    Section,
    Steps,
    Table,
    Text,
)
from backproof_docs.folding import folded
from backproof_docs.formulas import Notation, Writer
from backproof_docs.glossary import NAMES, in_matrices, in_words, joined, signs, variables
from backproof_docs.proofs import Checked, page, status
from backproof_docs.titles import ranges, titled
from backproof_impl import reference
from backproof_properties.results import Link as ChainLink
from backproof_properties.suite import PROPERTIES
from backproof_spec.calculus import evaluate, values
from backproof_spec.calculus.coq.export import Exported
from backproof_spec.calculus.derivation import Derivation
from backproof_spec.calculus.falsehoods import Examined, examine, refusal
from backproof_spec.calculus.forged import FORGED
from backproof_spec.calculus.matching import parts
from backproof_spec.calculus.refused import REFUSED
from backproof_spec.calculus.stems import Stem, stem
from backproof_spec.calculus.terms import Formula, free_indices
from backproof_spec.claims import CLAIM_IDS
from backproof_spec.operation import Operation

_NONE: Operations = {}

INDEX, GALLERY = "index", "refused"
"""The names of the pages that are no theorem's."""

# --- a theorem --------------------------------------------------------------------------------------------------------


def _table(rows: Sequence[Sequence[str]], notation: Notation) -> str:
    """A matrix of numbers."""
    if notation is Notation.LATEX:
        return r"\begin{pmatrix}" + r" \\ ".join(" & ".join(row) for row in rows) + r"\end{pmatrix}"
    if notation is Notation.TYPST:
        return "mat(" + "; ".join(", ".join(row) for row in rows) + ")"
    return "[" + ", ".join(f"[{', '.join(row)}]" for row in rows) + "]"


def theorem(
    derivation: Derivation,
    found: Checked,
    notation: Notation,
    served: Sequence[str],
    operation: Operation | None = None,
) -> Document:
    """What is stated, from what, why, line by line; what of the suite it stands behind; numbers; and its status.

    ``operation``: that of which it is a gradient, if it was defined in a file.
    """
    shown = page(derivation, notation)
    said = f"{shown.left} = {shown.lines[-1].formula}"
    words, idea = defined.title(operation, derivation.stem) if operation else titled(derivation)
    own = derivation.own or operation is not None
    of = stem("" if own else derivation.stem)
    formulas = (said,) if own else (in_matrices(derivation.title, notation), said)
    blocks: list[Block] = [Claim(formulas, in_words(idea, notation)), *_network(of, graphs.backward)]
    blocks += defined.definition(operation) if operation else []
    blocks += [Section("Variables"), Items(variables(derivation, notation))]
    where: tuple[Line, ...] = (*((Math(each),) for each in shown.given), *signs(derivation, notation))
    where += tuple((each.replace("..", ", …, "),) for each in ranges(derivation))
    blocks += [Section("Where"), Items(where)] if where else []
    blocks += _network(of, graphs.forward)
    assumed = tuple((Math(each),) for each in shown.assumed)
    blocks += [Section("Assuming"), Items(assumed)] if assumed else []
    whys = [(*_linked(in_words(each.words, notation), derivation.uses), *_used(each.used)) for each in shown.lines]
    steps = tuple((each.left, each.formula, why) for each, why in zip(shown.lines, whys, strict=True))
    blocks += [Section("Derivation"), Steps(steps), *_form(of, notation)]
    blocks += [Section("For example"), *_example(derivation, notation)]
    blocks += defined.program(operation, derivation.stem) if operation else _program(of.claim)
    blocks += _coq(found) + _family(derivation.uses, served)
    return Document(derivation.stem, words, (status(found), found.passed), tuple(blocks))


def _used(hypotheses: Sequence[str]) -> Line:
    """Which hypotheses a line is the first to use."""
    return ("\n", "[", *joined(hypotheses, "; "), "]") if hypotheses else ()


def _linked(words: Line, stems: Sequence[str]) -> Line:
    """Words in which the names of theorems are links."""
    pattern = "|".join(re.escape(each) for each in sorted(stems, key=len, reverse=True)) or "(?!)"
    split = (re.split(f"({pattern})", part) if isinstance(part, str) else ["", part] for part in words)
    return tuple(
        Link(each) if k % 2 and isinstance(each, str) else each
        for pieces in split
        for k, each in enumerate(pieces)
        if each
    )


def _network(of: Stem, drawn: Callable[[int], str]) -> list[Block]:
    """The graph of a network's forward or backward propagation."""
    return [_picture(of.depth, drawn)] if of.depth else []


def _picture(layers: int, drawn: Callable[[int], str]) -> Picture:
    counted = f"{layers} layer{'s' if layers > 1 else ''}"
    name = drawn.__name__
    return Picture(f"{name}-{layers}", f"{name} propagation through {counted}", drawn(layers))


def _form(of: Stem, notation: Notation) -> list[Block]:
    """The Kronecker form of what a theorem proves."""
    form = kronecker.form(of.claim) if of.claim in CLAIM_IDS else None
    if form is not None:
        formula, about = form
        return [Section("Kronecker form"), Text((Math(in_matrices(formula, notation)), f": {about}."))]
    if not of.depth:
        return []
    formula, masks = kronecker.network_form(of.depth, f"{of.what}{of.layer or ''}")
    where: Line = (", where ", Math(in_matrices(masks, notation))) if masks else ()
    told = Text(("The Jacobians of the operations from the loss back, multiplied", *where, "."))
    return [Section("Kronecker form"), Display(in_matrices(formula, notation)), told]


def _program(claim: str) -> list[Block]:
    """The NumPy code and the property of the claim that a theorem proves."""
    if claim not in CLAIM_IDS:
        return []
    blocks: list[Block] = []
    (tested,) = (each for each in PROPERTIES if each.claim == claim and each.link is ChainLink.FORMULA)
    code = next((each for each in PROPERTIES if each.claim == claim and each.link is ChainLink.IMPLEMENTATION), None)
    if code is not None and len(code.functions) == 1:
        blocks += [Section("In NumPy"), Listing("python", _source(code.functions[0]))]
    module = getattr(tested.check, "func", tested.check).__module__.replace(".", "/")
    command = Code(f"backproof verify --claim {claim}")
    line: Line = ("The property of this claim stands in ", Code(f"properties/{module}.py"), "; ", command, " runs it.")
    return [*blocks, Section("Tested by"), Text(line)]


def _source(function: str) -> str:
    """A function of the reference, after those that only the reference itself calls."""
    source = re.sub(r"  # noqa.*", "", inspect.getsource(getattr(reference, function)).rstrip())
    helpers = dict.fromkeys(re.findall(r"(?<![\w.])(?<!def )_\w+(?=\()", source))
    return "\n\n\n".join([*map(_source, helpers), source])


_FOLDED = 100
"""Characters in a line of Coq."""


def _coq(found: Checked) -> list[Block]:
    """The theorem in the words of Coq, and what Coq says of it."""
    if not isinstance(found.exported, Exported):
        return [Section("In Coq"), Text((found.exported,))] if found.exported else []
    listing = Listing("coq", "\n".join(line for each in found.exported.statement for line in _folded_coq(each)))
    said: Line = ("Every step of the derivation, written for Coq over ", Code("spec/coq/Prelude.v"), ", proves")
    if found.coq is None or not found.coq.passed:
        return [Section("In Coq"), Text((*said, " this, if Coq accepts it:")), listing]
    rests: Line = (f"Coq {found.coq.coq} and coqchk accept it. It rests on the axioms ", *_coded(found.coq.axioms), ".")
    return [Section("In Coq"), Text((*said, " this:")), listing, Text(rests)]


def _folded_coq(line: str) -> list[str]:
    """A line of Coq; a long one is broken where its parts begin, and where they are long, too."""
    if len(line) <= _FOLDED:
        return [line]
    pieces = re.sub(r"( :=|^Theorem \w+ :) | (?=Grad \[)", r"\1\n  ", line).split("\n")
    whole = [re.sub(r"\([\w' ]+ : [^()]*\)( : R :=)?", lambda it: it[0].replace(" ", "\0"), piece) for piece in pieces]
    return [each for piece in whole for each in folded(piece, _FOLDED, 4, whole=True)]


def _coded(names: Sequence[str]) -> Line:
    return tuple(part for k, each in enumerate(names) for part in ((", ",) if k else ()) + (Code(each),))


def _family(used: Sequence[str], served: Sequence[str]) -> list[Block]:
    """What a theorem uses, and what uses it."""
    rows = (("Uses", used), ("Used by", served))
    return [
        part
        for title, stems in rows
        if stems
        for part in (Section(title), Items(tuple((Link(each),) for each in stems)))
    ]


# --- numbers ----------------------------------------------------------------------------------------------------------


def _number(value: Any, notation: Notation) -> str:
    """Five digits; 0 for what is 0 as far as can be seen."""
    digits, _, exponent = f"{0 if evaluate.agrees(abs(value)) else float(value):.5g}".partition("e")
    power = {Notation.LATEX: r"%s \cdot 10^{%d}", Notation.TYPST: "%s dot 10^(%d)", Notation.TEXT: "%se%d"}[notation]
    return power % (digits, int(exponent)) if exponent else digits


def _tabulated(model: evaluate.Model, term: Formula, indices: Sequence[Any], notation: Notation) -> str:
    """The values of a term over at most two indices: a number, a column or a matrix."""
    sizes = [model.sizes[i[2]] for i in indices] + [1] * (2 - len(indices))
    with mp.workdps(evaluate.DIGITS):
        rows = [
            [_number(model.value(term, dict(zip(indices, (i, j), strict=False))), notation) for j in range(sizes[1])]
            for i in range(sizes[0])
        ]
    return rows[0][0] if not indices else _table(rows, notation)


def _example(derivation: Derivation, notation: Notation) -> list[Block]:
    """The tensors of the formula at small sizes, what it gives, and what difference quotients give."""
    theorem = derivation.theorem
    model = values.example(derivation, theorem)
    write = Writer(notation, NAMES)
    value = theorem.conclusion[-1]
    lines: list[Line] = []
    for name in _exemplified(derivation):
        at = tuple(("index", f"_{k}", dim) for k, dim in enumerate(derivation.theory.dims(name)))
        shown = _tabulated(model, ("entry", name, at), at, notation)
        lines.append((Math(f"{write(('entry', name, ()))} = {shown}"),))
    said, maps = (
        theorem.conclusion,
        [write(("entry", name, ())) for kind, name, *_ in derivation.declarations if kind == "map"],
    )
    if maps:
        are = "is a quadratic function" if len(maps) == 1 else "are quadratic functions"
        lines.append((*joined(maps, " and "), f" {are} with random coefficients"))
    by = said[2] if said[0] == "deriv" else ()
    free = [*sorted(i for i in free_indices(said) if i not in by), *by]
    if len(free) <= _SHOWN:
        result: Line = ("the formula gives ", Math(_tabulated(model, value, free, notation)))
    else:
        first = next(each for each in model.assignments(said) if model.sides(said, each)[1])
        place = ", ".join(f"{write.free(said)[i]} = {k + 1}" for i, k in first.items())
        result = (f"at {place} the formula gives ", Math(_number(model.sides(said, first)[1], notation)))
    digits = evaluate.digits(evaluate.worst_deviation(theorem, model))
    other = "difference quotients of the definition give" if by or said[0] == "deriv" else "the left side is"
    return [Items((*lines, (*result, f", and {other} the same, to {digits} digits")))]


def _exemplified(derivation: Derivation) -> tuple[str, ...]:
    """The tensors of the formula; of an identity, and where they are too large to be shown, the variables behind it."""
    said, theory, found = derivation.theorem.conclusion, derivation.theory, dict[str, None]()

    def entries(formula: Formula) -> list[str]:
        return [part[1] for part, _ in parts(formula) if part[0] == "entry"]

    def variables(name: str) -> list[str]:
        inside = entries(theory.rest(name)) if theory.kind(name) == "defined" else None
        return [name] if inside is None else [each for part in inside for each in variables(part)]

    for name in entries(said):
        if said[0] == "eq" or len(theory.dims(name)) > _SHOWN:
            found.update(dict.fromkeys(variables(name)))
    if said[0] == "deriv":
        found.update(dict.fromkeys(entries(said[-1])))
    return tuple(name for name in found if len(theory.dims(name)) <= _SHOWN)


_SHOWN = 2
"""Tensors of more dimensions are not shown."""


# --- what is refused --------------------------------------------------------------------------------------------------


_REFUSED = """\
Each statement below is false, and each would be proved by a system that forgets one thing. It was attempted here: what
refuses it, and the numbers at which it is false, were computed with this page."""


def gallery(notation: Notation) -> Document:
    """False theorems: why each is believed, who refuses it and in which words, where it is false, and what is true."""
    write = Writer(notation, NAMES)
    blocks: list[Block] = [Text((_REFUSED,))]
    for entry in REFUSED:
        blocks += _refused(examine(entry), write)
    blocks += [Section("Forged theorems"), Text(("These attack the program instead of the mathematics.",))]
    for forgery in FORGED:
        who = refusal(forgery)
        blocks.append(Items(((f"{forgery.title}. {forgery.why} {who.by.capitalize()}: ", Code(who.message)),)))
    said = f"checked: {len(REFUSED)} false statements and {len(FORGED)} forgeries, each attempted and refused"
    return Document(GALLERY, "What is refused", (said, True), tuple(blocks))


def _refused(found: Examined, write: Writer) -> list[Block]:
    entry = found.entry
    lines: list[Line] = [("where ", Math(write.definition(*each))) for each in found.given]
    lines += [("assuming ", Math(write(each))) for each in sorted(entry.assuming, key=repr)]
    case = found.counterexample
    model, free = case.model, write.free(entry.statement, *entry.assuming)
    tables: list[Line] = []
    for name, held in model.values.items():
        at = tuple(("index", f"_{k}", dim) for k, dim in enumerate(entry.names().theory.dims(name)))
        if held and len(at) <= _SHOWN:
            shown = _tabulated(model, ("entry", name, at), at, write.notation)
            tables.append((Math(f"{write(('entry', name, ()))} = {shown}"),))
    place = [f"{free[index]} = {k + 1}" for index, k in case.free.items()]
    sizes = [f"{dim} = {size}" for dim, size in model.sizes.items()]
    where = f"False{' at ' if place or sizes else ''}{', '.join([*sizes, *place])}: "
    left: Line = (f"{case.torn}; the right side is ",)
    if not case.torn:
        left = ("the left side is ", Math(_number(case.left, write.notation)), ", the right side ")
    twin = [write(each) for each in sorted(found.twin.hypotheses, key=repr)]
    return [
        Section(entry.title),
        Display(write(entry.statement)),
        *([Items(tuple(lines))] if lines else []),
        Text((entry.why,)),
        Text((f"Refused by {found.refusal.by}: ", Code(found.refusal.message))),
        Text((where, *left, Math(_number(case.right, write.notation)), ".")),
        *([Items(tuple(tables))] if tables else []),
        Text(("True is" + (", assuming " if twin else ""), *joined(twin), ":")),
        Display(write(found.twin.conclusion)),
    ]


# --- the index --------------------------------------------------------------------------------------------------------

_DEPTH = 3
"""Layers of the network whose graphs the index shows."""


def index(
    derivations: Sequence[Derivation],
    found: Mapping[str, Checked],
    notation: Notation,
    operations: Operations = _NONE,
) -> Document:
    """All theorems, what they assume and how they were checked; what rests on what; the network's two graphs.

    ``operations``: those that were defined in files, each in one row.
    """
    rows = []
    by_hand = [each for each in derivations if operation_of(each.stem, operations) is None]
    for each in by_hand:
        assumed = page(each, notation).assumed
        row: tuple[Line, ...] = (
            (Link(each.stem),),
            (Math(in_matrices(each.title, notation)),),
            joined(assumed, "\n") or ("nothing",),
            (str(found[each.stem].steps),),
            (defined.accepted([found[each.stem]]),),
        )
        rows.append(row)
    passed = sum(each.passed for each in found.values())
    said = (
        f"checked: {passed} of {len(derivations)} proofs by the kernel, by a replay in a fresh process, and in numbers"
    )
    accepted = [each.coq.coq for each in found.values() if each.coq and each.coq.passed]
    said += f"; {len(accepted)} by Coq {accepted[0]} and coqchk" if accepted else ""
    uses: dict[str, Sequence[str]] = {
        stem(each.stem).any_depth: tuple(stem(used).any_depth for used in each.uses) for each in by_hand
    }
    uses |= {each.stem.partition(".")[0]: () for each in derivations if each not in by_hand}
    blocks: list[Block] = [
        Text(
            (
                "Every line of every page is a theorem of a small kernel, for all shapes. Beside it: ",
                Link(GALLERY),
                ", the false statements that the kernel refuses.",
            )
        ),
        Table(("theorem", "in matrices", "assuming", "steps", "Coq"), tuple(rows)),
        *defined.table([each.stem for each in derivations], found, operations),
        Section("What rests on what"),
        Picture("dependencies", "which theorem uses which", dependencies(uses)),
        Section(f"A network of {_DEPTH} layers"),
        Text(("Information flows forward, gradients flow backward; on each edge a quantity and its shape.",)),
        _picture(_DEPTH, graphs.forward),
        _picture(_DEPTH, graphs.backward),
    ]
    return Document(INDEX, "Proofs", (said, passed == len(derivations)), tuple(blocks))
