"""What pages show of operations that are defined in files: the definition, its source in NumPy, and a table of all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from backproof_docs.document import Block, Code, Line, Link, Listing, Section, Table, Text
from backproof_docs.proofs import Checked
from backproof_docs.titles import Title
from backproof_spec import library, proved
from backproof_spec.claims import claims_of
from backproof_spec.language.numpy_source import source
from backproof_spec.language.text import relation, written
from backproof_spec.operation import Operation

Operations = Mapping[str, Operation]
"""Those that have pages, by name."""


def operation_of(stem: str, operations: Operations) -> Operation | None:
    """The operation of which something is claimed."""
    found = operations.get(stem.partition(".")[0])
    return found if found and stem in proved.of(found) else None


def title(operation: Operation, stem: str) -> Title:
    """``layer_norm: the gradient by X``, and the operation's own title."""
    what = stem.removeprefix(f"{operation.name}.")
    gradient = what in {f"d{each.name}" for each in operation.gradients}
    said = f"the gradient by {what[1:]}" if gradient else f"another way to compute {what.partition('.')[0]}"
    return Title(f"{operation.name}: {said}", operation.title)


def definition(operation: Operation) -> list[Block]:
    """What was defined: the file of a built-in operation, and what is read in any other."""
    text = library.built_in()[operation.name].read_text("utf-8") if _built_in(operation) else written(operation)
    return [Section("Definition"), Listing("text", text.rstrip())]


def _built_in(operation: Operation) -> bool:
    name = operation.name
    return name in library.built_in() and operation in (library.operation(name), proved.operations().get(name))


def program(operation: Operation, stem: str) -> list[Block]:
    """The source that the definition gives, and what runs the suite on it."""
    blocks: list[Block] = [Section("In NumPy"), Listing("python", source(operation).rstrip())]
    if not _built_in(operation) or stem not in {each.id for each in claims_of(operation)}:
        return blocks
    said: Line = (
        Code(f"backproof verify {stem}"),
        " runs the four links of this claim on the reference implementation.",
    )
    return [*blocks, Section("Tested by"), Text(said)]


def table(stems: Iterable[str], found: Mapping[str, Checked], operations: Operations) -> list[Block]:
    """A row for each operation: its theorems, what it supposes, and how they were checked."""
    given = {*stems}
    proofs = {name: [stem for stem in proved.of(each) if stem in given] for name, each in operations.items()}
    rows = tuple(_row(operations[name], theirs, found) for name, theirs in proofs.items() if theirs)
    head = ("operation", "theorems", "supposing", "steps", "Coq")
    return [Section("Operations in files"), Table(head, rows)] if rows else []


def _row(operation: Operation, stems: Sequence[str], found: Mapping[str, Checked]) -> tuple[Line, ...]:
    checked = [found[each] for each in stems]
    supposed = [Code(relation(each)) for each in operation.suppositions]
    return (
        (Code(operation.name), ": ", operation.title.rstrip(".")),
        _between([Link(each) for each in stems], " "),
        _between(supposed, "\n") or ("nothing",),
        (str(sum(each.steps for each in checked)),),
        (accepted(checked),),
    )


def _between(parts: Sequence[Code | Link], between: str) -> Line:
    return tuple(each for k, part in enumerate(parts) for each in ((between, part) if k else (part,)))


def accepted(found: Sequence[Checked]) -> str:
    """What Coq said of proofs, in a word."""
    if any(each.coq is not None and not each.coq.passed for each in found):
        return "REFUSED"
    return "accepted" if found and all(each.coq is not None for each in found) else "—"
