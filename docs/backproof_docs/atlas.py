"""The atlas: a page an operation, that says all there is to say of it, and an index by family and by name.

What stands here is computed from the definition: nothing is written for one operation alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from importlib.util import find_spec
from itertools import groupby

from backproof_docs import defined
from backproof_docs.document import (
    Block,
    Claim,
    Code,
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
from backproof_docs.formulas import Notation, Writer
from backproof_docs.glossary import NAMES, in_matrices, variables
from backproof_docs.matrix_forms import in_whole
from backproof_docs.specimen import FORMATS, Specimen, graph, labelled, specimen
from backproof_impl.adapters import ADAPTERS, offered
from backproof_spec import library, proved
from backproof_spec.calculus.derivation import Derivation
from backproof_spec.calculus.terms import ZERO
from backproof_spec.calculus.theorems import THEOREMS
from backproof_spec.claims import NOTES
from backproof_spec.language import deriving, ways
from backproof_spec.language.functions import FUNCTIONS
from backproof_spec.language.kinds import KINDS
from backproof_spec.language.numpy_source import source
from backproof_spec.language.reverse import derived, missing
from backproof_spec.language.syntax import Apply, Bracket, Gradient, Node, Reduce, walk
from backproof_spec.language.text import line, text
from backproof_spec.language.using import forward
from backproof_spec.language.whole import is_whole
from backproof_spec.operation import Operation
from backproof_spec.rounding.formats import FORMATS as NUMBER_FORMATS

INDEX = "atlas"
"""The name of the index."""
Status = tuple[str, bool]
"""What came of checking, and whether that is good."""


def operations() -> dict[str, Operation]:
    """Every built-in one."""
    return {name: library.operation(name) for name in library.built_in()}


def theorems(operation: Operation) -> tuple[str, ...]:
    """The stems of what is proved of it: of the notes' operations by hand."""
    if operation.name in NOTES:
        return tuple(stem for stem in THEOREMS if stem.partition(".")[0] == operation.name)
    return tuple(proved.of(derived(operation)))


def families() -> dict[str, list[str]]:
    """The built-in operations of each family."""
    paths = sorted(library.built_in().values(), key=lambda path: (path.parent.name, path.stem))
    return {family: [path.stem for path in of] for family, of in groupby(paths, lambda path: path.parent.name)}


# --- a page -----------------------------------------------------------------------------------------------------------


def page(operation: Operation, notation: Notation, checked: Mapping[str, Status]) -> Document:
    """All there is to say of it; ``checked``: what came of checking each of its theorems."""
    it, whole = specimen(operation), derived(operation)
    stems = theorems(operation)
    blocks = [
        *_formulas(whole, notation),
        Section("Computation"),
        Picture(f"{operation.name}-graph", f"what {operation.name} computes from what", graph(operation)),
        *defined.definition(operation),
        *_shapes(operation),
        *_gradients(whole, notation),
        *(_jacobian(it) if it else ()),
        *(_accuracy(it) if it else ()),
        *_spellings(operation, it),
        *_kinks(operation),
        *_who(operation.name),
        Section("In NumPy"),
        Listing("python", source(operation).rstrip()),
        *_proofs(stems, checked),
        Section("Test vectors"),
        Text(
            (Code(f"backproof vectors {operation.name}"), " writes inputs, exact outputs and radii for any language.")
        ),
    ]
    passed = sum(checked[stem][1] for stem in stems)
    said = f"{passed} of {len(stems)} theorems about it check; the rest of this page is computed from the definition"
    return Document(operation.name, operation.name, (said, passed == len(stems)), tuple(blocks))


def _formulas(operation: Operation, notation: Notation) -> list[Block]:
    """The outputs as mathematicians write them, then the names that they rest on."""
    d, write = _writing(operation, operation.gradients[0], notation)
    wanted = {each.name for each in forward(operation)}
    rows = {each[1]: write.definition(*each[1:4]) for each in d.declarations if each[0] == "define"}
    others = [name for name in rows if name in wanted - {*operation.outputs}]
    meant = tuple(each for each in variables(d, notation) if _meant(each))
    formulas = tuple(rows[name] for name in (*operation.outputs, *others))
    return [Claim(formulas, (operation.title,)), *([Items(meant)] if meant else [])]


def _meant(variable: Line) -> bool:
    """Is something said of a variable beside its shape?"""
    return any(isinstance(part, str) and part.startswith((": ", "): ")) for part in variable)


def _shapes(operation: Operation) -> list[Block]:
    rows: list[tuple[Line, ...]] = []
    for each in operation.arguments:
        kind = KINDS[each.kind]
        holds = f"whole numbers from 0, below the size of {each.below}" if each.below else kind.meaning
        differentiated = "yes" if kind.differentiated else "no"
        rows.append(((Code(labelled(operation, each)),), (each.kind,), (holds,), (differentiated,)))
    for parameter in operation.parameters:
        default, *others = map(_number, parameter.choices)
        holds = f"{default}, or {', '.join(others)}" if others else default
        rows.append(((Code(parameter.name),), ("parameter",), (holds,), ("no",)))
    outputs = [each for each in operation.definitions if each.name in operation.outputs]
    rows += [((Code(labelled(operation, each)),), ("output",), ("",), ("",)) for each in outputs]
    return [
        Section("Shapes"),
        Text(("Tensors with the same letter have the same size there.",)),
        Table(("", "kind", "holds", "differentiated"), tuple(rows)),
    ]


def _number(value: Fraction) -> str:
    return f"{float(value):g}"


def _gradients(operation: Operation, notation: Notation) -> list[Block]:
    """Each by the entry, and beside it of whole matrices where it is such; before them what they are written in."""
    d, write = _writing(operation, operation.gradients[0], notation)
    ahead = {each.name for each in forward(operation)}
    steps: list[tuple[str, str, Line]] = []
    for _, name, indices, body in (each for each in d.declarations if each[0] == "define" and each[1] not in ahead):
        left = ("entry", name, indices)
        free = write.free(left, body)
        steps.append((write(left, free), write(body, free), ()))
    return [
        Section("Gradients"),
        Steps((*steps, *(_gradient(operation, each, notation) for each in operation.gradients))),
    ]


def _gradient(operation: Operation, gradient: Gradient, notation: Notation) -> tuple[str, str, Line]:
    statement, (_, write) = deriving.lowered(operation, gradient), _writing(operation, gradient, notation)
    _, name, places = statement.by.term
    claimed = statement.claimed.term if statement.claimed else ZERO
    free = write.free(claimed, statement.by.term)
    whole = in_whole(operation, gradient)
    words: Line = ("in matrices ", Math(in_matrices(whole, notation))) if whole else ()
    return write(("entry", f"d{name}", places), free), write(claimed, free), words


def _writing(operation: Operation, gradient: Gradient, notation: Notation) -> tuple[Derivation, Writer]:
    """All names in the kernel's terms, and what writes formulas in them."""
    d = deriving.lowered(operation, gradient).derivation
    tensors = [*(each.name for each in operation.arguments), *(each.name for each in operation.definitions)]
    names = NAMES | {f"d{name}": f"δ{name}" for name in tensors if name.replace("_", "").isalpha()}
    return d, Writer(notation, names, {dim: list(each) for dim, each in d.letters.items()}, d.decimals)


def _jacobian(it: Specimen) -> list[Block]:
    name = it.operation.name
    settings = [f"{key} = {_number(value)}" for key, value in it.given.parameters.items()]
    said = (
        "Every entry of the explicit Jacobian at an example: rows are the entries of the output, columns those of each "
        "argument, both in the order of vec (columns stacked). Blue is positive, orange with a dash negative, blank 0"
    )
    words = said + (f"; here {', '.join(settings)}." if settings else ".")
    return [
        Section("Jacobian"),
        Text((words,)),
        Picture(f"{name}-jacobian", f"the Jacobian of {name} at an example", it.jacobian()),
    ]


def _accuracy(it: Specimen) -> list[Block]:
    """The rounding bounds at the example."""
    units = [f"{float(NUMBER_FORMATS[each].u):.1e}" for each in FORMATS]
    rows: list[tuple[Line, ...]] = [(("unit roundoff u",), *((each,) for each in units))]
    rows += [((Code(name),), *((cell,) for cell in cells)) for name, cells in it.accuracy()]
    said = (
        "How far a correct implementation may be from the exact value at the example above, relative to it: the median "
        "over the entries of the rounding bound that is read from the definition, of gradients from their formulas."
    )
    return [Section("Accuracy by number format"), Text((said,)), Table(("", *FORMATS), tuple(rows))]


def _spellings(operation: Operation, it: Specimen | None) -> list[Block]:
    """The other ways to compute a name, and by how much each widens a bound."""
    if not operation.ways:
        return []
    rows: list[tuple[Line, ...]] = [
        (
            (Code(line(each)),),
            (Link(ways.stem(operation, each)),),
            (f"× {it.cost(each):.3g}" if it else "—",),
        )
        for each in operation.ways
    ]
    said = "Each is proved to give the same, and admitted: what it loses is by how much a bound of float64 grows there."
    return [Section("Other spellings"), Text((said,)), Table(("computed also", "proof", "loses"), tuple(rows))]


def _kinks(operation: Operation) -> list[Block]:
    """Where there is no derivative, and what is taken for it."""
    found = dict.fromkeys(
        kink for each in forward(operation) for node in walk(each.body) if (kink := _kink(operation, node))
    )
    if not found:
        return []
    tied = any("tie" in where for _, where in found)
    shared = "entries that tie may share one in any way, and their sum is judged" if tied else "nothing is judged"
    unclaimed = f"; where none is claimed, {shared}" if missing(operation) else ""
    rule = f"Exactly there a gradient is what its formula gives{unclaimed}."
    items: tuple[Line, ...] = tuple((Code(node), f": {where}") for node, where in found)
    declared: list[Block] = (
        [Text(("A target declares another value as ", Code("relu_at_zero"), "."))] if operation.name == "relu" else []
    )
    return [Section("Kinks and conventions"), Items(items), Text((rule,)), *declared]


def _kink(operation: Operation, node: Node) -> tuple[str, str] | None:
    if isinstance(node, Apply) and FUNCTIONS[node.function].kink:
        first, *others = map(text, node.arguments)
        return text(node), f"no derivative where {first} = {others[0] if others else 0}"
    if isinstance(node, Reduce) and node.reduction in {"max", "min"}:
        return text(node), "no derivative where two entries tie"
    if isinstance(node, Bracket) and not (is_whole(node.left, operation) and is_whole(node.right, operation)):
        return text(node), "jumps where both sides are equal"
    return None


def _who(name: str) -> list[Block]:
    """The adapters that have it, and what each calls."""
    rows: list[tuple[Line, ...]] = []
    own = name in library.built_in() and find_spec(f"backproof_impl.operations.{name}")
    if own or name in NOTES:
        module = f"operations.{name}" if own else "reference"
        rows.append((("reference",), (Code(f"backproof_impl.{module}"), ", written by hand in NumPy")))
    for adapter in ADAPTERS:
        words = offered(adapter).get(name) if name in library.built_in() else None
        rows += [((adapter,), (Code(" ".join(words.split())),))] if words else []
    return [Section("Who computes it"), Table(("adapter", "by"), tuple(rows))] if rows else []


def _proofs(stems: Sequence[str], checked: Mapping[str, Status]) -> list[Block]:
    rows = tuple(((Link(stem),), (checked[stem][0].removeprefix("checked: "),)) for stem in stems)
    return [Section("Proofs"), Table(("theorem", "checked"), rows)]


# --- the index --------------------------------------------------------------------------------------------------------


def index(names: Collection[str]) -> Document:
    """Every one of these operations, by its family, and by its name."""
    titles = {name: library.operation(name).title.rstrip(".") for name in names}
    blocks: list[Block] = [Text((_ABOUT,)), Section("By name"), Table(("", "operations"), tuple(_by_letter(names)))]
    for family, members in families().items():
        rows = tuple(((Link(name),), (titles[name],)) for name in members if name in titles)
        blocks += [Section(titled(family)), Table(("operation", "what it is"), rows)]
    said = f"{len(names)} operations in {len(families())} families"
    return Document(INDEX, "Atlas of operations", (said, True), tuple(blocks))


_ABOUT = """\
A page an operation: its definition, shapes and gradients, the pattern of its Jacobian, how accurately it can be \
computed in each number format, who computes it and how, NumPy code, and proofs for all shapes."""
_FAMILIES = {"notes": "Of the lecture notes", "gated": "Gated units", "windows": "Convolutions and pooling"}
"""What families are called, where their folders say it shorter."""


def titled(family: str) -> str:
    """What a family is called."""
    return _FAMILIES.get(family, family.capitalize())


def _by_letter(names: Iterable[str]) -> Iterator[tuple[Line, ...]]:
    for letter, of in groupby(sorted(names), lambda name: name[0]):
        links = [Link(name) for name in of]
        yield (letter,), tuple(part for k, each in enumerate(links) for part in ((", ",) if k else ()) + (each,))
