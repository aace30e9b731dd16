"""The mutation score of every operation: mutants of its definition, as NumPy source, must be refuted.

    python docs/mutants.py            compute what is not up to date, and write it to docs/mutants.json and the page

Of each claim an even selection of the mutants that differ from what is right is tried. What was computed is kept with a
digest of the definition and of the rules: what has changed is computed anew.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import os
import re
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import replace
from fractions import Fraction
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from mpmath import mp

from backproof_impl.loading import as_target
from backproof_impl.target import FUNCTIONS
from backproof_properties import checks, runner, suspected
from backproof_properties.mutations import Mutant, formula
from backproof_properties.results import Link
from backproof_properties.rewriting import RULES
from backproof_properties.suspected import Mutated
from backproof_spec.language import exact
from backproof_spec.language.functions import real
from backproof_spec.language.numpy_source import source
from backproof_spec.language.reverse import derived
from backproof_spec.language.sizes import sizes
from backproof_spec.language.syntax import Entry, Index, Node
from backproof_spec.language.text import written
from backproof_spec.library import built_in, operation
from backproof_spec.operation import Operation

ROOT = Path(__file__).resolve().parent
RECORD, PAGE = ROOT / "mutants.json", ROOT / "guide" / "planted.md"
SEED, EXAMPLES, MOST = 1, (20, 100), 8
"""So many mutants of a claim are tried, each on so many examples; and on as many as usual, where it survives those."""
_BITS = 200
_BEGIN, _END = "<!-- mutants -->\n", "<!-- end of mutants -->\n"

Score: TypeAlias = dict[str, Any]
"""``digest``, and for each claim how many mutants were tried, and the words of those that survive."""


def digest(given: Operation) -> str:
    """Of the definition, and of what is done to it."""
    rules = [(kind.__name__, *rule[:2]) for kind, rules in RULES.items() for rule in rules]
    return hashlib.sha256(repr((written(given), rules, SEED, EXAMPLES, MOST)).encode()).hexdigest()[:16]


def claims(given: Operation) -> dict[str, str | None]:
    """The arguments by which there are gradients, and None for the value, by the claims about them."""
    names = [each.name for each in derived(given).gradients]
    return {f"{given.name}.forward": None, **{f"{given.name}.d{name}": name for name in names}}


def chosen(given: Operation, argument: str | None, *, declining: bool = True) -> list[tuple[str, Mutant]]:
    """Mutants of a claim, with their words: those that differ from what is right, evenly selected.

    ``declining``: also those that have no value anywhere.
    """
    rows = list(suspected.of_forward(given) if argument is None else suspected.of_gradient(given, argument))
    step = max(1, len(rows) // MOST)
    right = Mutated(Mutant("", "", derived(given)), argument).identity
    formulas = [(words, formula) for _, words, formula in rows[::step][:MOST] if isinstance(formula, Mutated)]
    different = [(words, formula) for words, formula in formulas if formula.identity != right]
    return [(words, formula.mutant) for words, formula in different if declining or any(formula.identity)]


def survives(given: Operation, claim: str, mutant: Mutant, *, rounded: bool = False) -> bool:
    """Is nothing found against the mutant, as NumPy source, or as exact values that are ``rounded`` once?"""
    offered = of_values(mutant.operation) if rounded else _of_source(mutant.operation)
    table = {**checks.signatures(given), **{name: row for name, row in FUNCTIONS.items() if name in offered}}
    functions = {name: _taking(offered[name], len(row.arguments)) for name, row in table.items() if name in offered}
    place, each = next(
        (place, each)
        for place, each in enumerate(checks.properties(given))
        if (each.claim, each.link) == (claim, Link.IMPLEMENTATION)
    )
    each, target = replace(each, sweeps=0), as_target(functions, None, table)  # found without a look at all sizes
    return not any(runner.refutes(runner.Task(place, "float64", count, SEED, each), target) for count in EXAMPLES)


def _of_source(given: Operation) -> dict[str, Any]:
    found: dict[str, Any] = {}
    exec(source(given), found)  # noqa: S102 - written from the definition
    return {name: found[name] for name in checks.signatures(given) if name in found}


def _taking(function: Any, count: int) -> Any:
    """The function of so many arguments: a loss of the notes takes no cotangent, which is 1."""
    code = getattr(function, "__code__", None)
    takes = code.co_argcount - len(function.__defaults__ or ()) if code else count
    return function if takes <= count else lambda *given: function(*given, *[given[0].dtype.type(1)] * (takes - count))


def of_values(given: Operation) -> dict[str, Any]:
    """The functions of an operation by its exact values; where there are none they decline."""
    forward, backward = checks.signatures(given)
    names = [each.name for each in given.arguments]
    values = {name: (given.shapes[name], Entry(name, tuple(map(Index, given.shapes[name])))) for name in given.outputs}
    gradients = {each.name: (each.indices, formula(each)) for each in given.gradients}

    def rounded(wanted: Mapping[str, tuple[tuple[str, ...], Node]], *arrays: Any, **options: float) -> Any:
        parameters = {each.name: Fraction(options.get(each.name, each.choices[0])) for each in given.parameters}
        case = dict(zip((*names, *given.cotangents), arrays, strict=False))
        case |= {name: np.ones(()) for name in given.cotangents if name not in case}
        results = []
        try:
            with mp.workprec(_BITS):
                tensors = {name: {at: Fraction(float(A[at])) for at in np.ndindex(A.shape)} for name, A in case.items()}
                found = sizes(given, {name: case[name].shape for name in names}, parameters)
                at = exact.evaluation(given, tensors, parameters, found)
                for indices, body in wanted.values():
                    shape = tuple(map(at.size, indices))
                    entries = [float(real(each)) for each in at.entries(body, indices).values()]
                    results.append(np.array(entries, np.result_type(*arrays)).reshape(shape))
        except ArithmeticError as error:
            raise NotImplementedError(str(error)) from error
        return results[0] if len(results) == 1 else tuple(results)

    found = {forward: partial(rounded, values), backward: partial(rounded, gradients)}
    options = [inspect.Parameter(each.name, inspect.Parameter.KEYWORD_ONLY) for each in given.parameters]
    for each in found.values():  # by which parameters are handed over
        each.__signature__ = inspect.Signature(
            [inspect.Parameter("arrays", inspect.Parameter.VAR_POSITIONAL), *options]
        )
    return found


def score(name: str) -> Score:
    """Of an operation."""
    given = operation(name)
    found: Score = {"digest": digest(given), "claims": {}}
    right = Mutant("", "", derived(given))
    for claim, argument in claims(given).items():
        rounded = not survives(given, claim, right)
        tried = chosen(given, argument, declining=not rounded)
        left = [words for words, mutant in tried if survives(given, claim, mutant, rounded=rounded)]
        found["claims"][claim] = {"tried": len(tried), "survive": left}
    return found


# --- the page ---------------------------------------------------------------------------------------------------------


def recorded() -> dict[str, Score]:
    """What was computed."""
    found: dict[str, Score] = json.loads(RECORD.read_text(encoding="utf-8")) if RECORD.exists() else {}
    return found


def section(record: dict[str, Score]) -> str:
    """The part of the page."""
    rows = [(claim, row) for each in record.values() for claim, row in each["claims"].items()]
    tried, left = sum(row["tried"] for _, row in rows), sum(len(row["survive"]) for _, row in rows)
    lines = [
        f"| {name} | {sum(row['tried'] for row in each['claims'].values())} | {_survivors(each)} |"
        for name, each in record.items()
    ]
    return f"""{_BEGIN}## Mutants of the definitions

Every operation that is defined in a file is changed in one place at a time by the rules of `rewriting.py`: a term, a
factor or a sum is left out, a mean stands for a sum, a sign is wrong, an index is off by one. The NumPy source of each
mutant (where what is right would overflow in it: its exact values, rounded once) is offered as a target, and must be
refuted at the claim that the change reaches, within {EXAMPLES[-1]} examples. Of each claim an even selection is
tried, at most {MOST}: {tried} mutants in all, of which {tried - left} are refuted (`python docs/mutants.py`). What
survives is equal to what is right: everywhere, as a sum of [u = s] over u is 1 and log(−S) has the derivative of
log S, or but at kinks and ties, where there is no derivative.

| operation | mutants | survive |
| --- | --- | --- |
{chr(10).join(lines)}

{_END}"""


def _survivors(each: Score) -> str:
    rows = (f"{claim}: {words}" for claim, row in each["claims"].items() for words in row["survive"])
    return "; ".join(rows).replace("|", "\\|") or "none"


def with_section(page: str, record: dict[str, Score]) -> str:
    """The page with this part in it, before what is unusual."""
    without = re.sub(f"{re.escape(_BEGIN)}.*{re.escape(_END)}\n?", "", page, flags=re.DOTALL)
    return without.replace("## Unusual, and accepted\n", f"{section(record)}\n## Unusual, and accepted\n")


def stale(record: dict[str, Score]) -> Iterator[str]:
    """The operations of which nothing is recorded, or something else."""
    return (name for name in built_in() if record.get(name, {}).get("digest") != digest(operation(name)))


def main() -> None:
    """Compute what is not up to date."""
    record = recorded()
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
        running = {pool.submit(score, name): name for name in stale(record)}
        for done in as_completed(running):
            record[running[done]] = done.result()
            kept = {each: record[each] for each in built_in() if each in record}
            RECORD.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    PAGE.write_text(with_section(PAGE.read_text(encoding="utf-8"), recorded()), encoding="utf-8")


if __name__ == "__main__":
    main()
