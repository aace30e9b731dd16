"""Replay a proof file with nothing but the kernel: every step is taken again, and must say what the file says it says.

    python -I -m backproof_spec.calculus.replay [--seconds N] FILE…

``-I``: nothing of the folder or the environment is imported, whatever bears the name of a module that is needed.
Exit status 0: every file is a proof of its statement; 1: one is not, and the step is named, or took longer than
``--seconds``, 600 by default; 2: one cannot be read.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from backproof_spec.calculus.kernel import RULES, Theorem
from backproof_spec.calculus.limits import (
    LONG,
    PARTS,
    TOTAL,
    WRITTEN_OUT,
    OutOfTime,
    Stopped,
    own,
    require,
    size,
    tick,
    within,
    written_out,
)
from backproof_spec.calculus.terms import CHILDREN, Formula, Refused, Theory

FORMAT, KERNEL = 2, 3
"""Of proof files; of the rules of the kernel: a file says with which rules it was made."""


class Unreadable(Exception):
    """What was given is no proof file."""


class Rejected(Exception):
    """A proof file does not prove its statement."""


def replay(data: Any) -> Theorem:
    """The theorem that a proof file proves. Raises ``Rejected`` at the first step that is wrong, or ``OutOfTime``."""
    require_format(data)
    theory = Theory()
    for number, declaration in enumerate(_list(data, "declarations")):
        _attempt(f"declaration {number}", _declare, theory, declaration)
    terms, said = weigh(_list(data, "steps"))
    theorems: list[Theorem] = []
    for number, step in enumerate(data["steps"]):
        theorems.append(_attempt(f"step {number}", _step, theory, terms, theorems, step, said[number]))
    for number, line in enumerate(_list(data, "lines")):
        _attempt(f"line {number}", _line, theorems, line)
    last: Theorem = _attempt("statement", _line, theorems, data["lines"][-1] if data["lines"] else None)
    needed = _rests_on(data["steps"], data["lines"][-1]["step"])
    for number, line in enumerate(data["lines"]):
        if line["step"] not in needed:
            msg = f"line {number}: the last line does not rest on it"
            raise Rejected(msg)
        if not theorems[line["step"]].hypotheses <= last.hypotheses:
            msg = f"line {number}: it assumes what the last line does not"
            raise Rejected(msg)
    if json.dumps(stated(last)) != json.dumps(data.get("statement")):  # as text: true is not 1
        msg = "statement: the last line proves something else"
        raise Rejected(msg)
    if data.get("digest") != file_digest(data):
        msg = "digest: what the kernel does not read was changed: the title, the words, what is used or the witness"
        raise Rejected(msg)
    return last


def require_format(data: Any) -> None:
    """Refuse what is no proof file of this format and kernel."""
    versions = {"format": FORMAT, "kernel": KERNEL}
    if not isinstance(data, dict) or any(type(data.get(key)) is not int for key in versions):
        msg = f"expected a proof file: an object with format {FORMAT} and kernel {KERNEL}"
        raise Unreadable(msg)
    for key, expected in versions.items():
        if data[key] != expected:
            msg = f"{key} {data[key]}, expected a proof file of {key} {expected}"
            raise Unreadable(msg)


def file_digest(data: dict[str, Any]) -> str:
    """The SHA-256 of everything else in a proof file."""
    rest = {key: value for key, value in data.items() if key != "digest"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()


def _list(data: dict[str, Any], key: str) -> list[Any]:
    if not isinstance(data.get(key), list):
        msg = f"{key}: expected a list"
        raise Unreadable(msg)
    found: list[Any] = data[key]
    return found


def _attempt(where: str, what: Any, *arguments: Any) -> Any:
    try:
        tick()
        return what(*arguments)
    except Refused as refused:
        msg = f"{where}: {refused}"
    except OutOfTime as over:
        msg = f"{where}: {over}"
        raise OutOfTime(msg) from None
    except Stopped as stopped:
        msg = f"{where}: {stopped}"
    except (TypeError, ValueError, LookupError, AttributeError, RecursionError) as error:
        msg = f"{where}: {type(error).__name__}: {error}"
    raise Rejected(msg)


def _declare(theory: Theory, declaration: Any) -> None:
    kind, *arguments = declaration
    declare: dict[str, Callable[..., None]] = {
        "variable": theory.variable,
        "map": theory.map,
        "define": theory.define,
    }
    declare[kind](*decoded(arguments, [], []))


def weigh(steps: list[Any]) -> tuple[list[Formula], list[dict[str, Any]]]:
    """The terms of steps, and what each says. Refuses those that speak of too much, before any is taken."""
    sizes: list[int] = []
    gives: list[int] = []
    terms: list[Formula] = []
    whole, said = 0, []
    for number, step in enumerate(steps):
        whole = _attempt(f"step {number}", _weigh, sizes, gives, whole, step)
        said.append(_attempt(f"step {number}", says, terms, step))
        whole = _attempt(f"step {number}", _weigh_ring, terms, whole, step)
    return terms, said


def _weigh(sizes: list[int], gives: list[int], whole: int, step: Any) -> int:
    """How large all formulas so far are as trees, before any step is taken: a short file can speak of immense ones."""
    for op, *rest in step["terms"]:
        head = CHILDREN[op] - 1
        sizes.append(own(op, rest[:head]) + sum(sizes[_number(n)] for n in rest[head:]))
        require(sizes[-1], PARTS, "a formula has")
    gives.append(sum(sizes[_number(n)] for n in (step["gives"], *step["assumes"])))
    used = sum({"term": sizes, "step": gives}[kind][number] for kind, number in _referred(step["arguments"]))
    whole += gives[-1] + used
    require(whole, TOTAL, _SPOKEN)
    return whole


def _weigh_ring(terms: list[Formula], whole: int, step: Any) -> int:
    """The same with what a step multiplies out: in a line it asks for as much as in a page."""
    if step["rule"] == "ring":
        sides = [written_out(side) for side in decoded(step["arguments"], terms, [])]
        require(max(sides), WRITTEN_OUT, "multiplied out, a side has")
        whole += sum(sides) // _CHEAPER
        require(whole, TOTAL, _SPOKEN)
    return whole


_CHEAPER = 10
"""So many parts are multiplied out in the time in which one is compared with what the file says."""
_SPOKEN = "the steps up to here, sums and products multiplied out, speak of formulas of"


def _affordable(rule: str, arguments: tuple[Any, ...]) -> None:
    """Refuse a step that gives what is too large: terms put for many names."""
    if rule in {"specialise", "d_chain"}:
        theorem, *rest = arguments
        outer, inner = (rest[0], rest[-1]) if rule == "specialise" else (theorem.conclusion[1], rest[-1].conclusion[3])
        weights = {outer: size(inner)}
        whole = sum(size(each, weights) for each in (theorem.conclusion, *theorem.hypotheses))
        require(whole, 2 * PARTS, "what it gives has")


def _step(theory: Theory, terms: list[Formula], theorems: list[Theorem], step: Any, said: dict[str, Any]) -> Theorem:
    arguments = decoded(step["arguments"], terms, theorems)
    _affordable(step["rule"], arguments)
    theorem = RULES[step["rule"]](theory, *arguments)
    gives = json.dumps(stated(theorem))
    if gives != json.dumps(said) or digest(gives) != step["digest"]:
        msg = f"{step['rule']} gives another theorem than the file says"
        raise ValueError(msg)
    return theorem


def says(terms: list[Formula], step: Any) -> dict[str, Any]:
    """H ⊢ J as a step says it. The terms that it is the first to use join ``terms``."""
    for op, *rest in step["terms"]:
        head = CHILDREN[op] - 1
        terms.append((op, *decoded(rest[:head], terms, []), *(terms[_number(n)] for n in rest[head:])))
    return {
        "hypotheses": [terms[_number(n)] for n in step["assumes"]],
        "conclusion": terms[_number(step["gives"])],
    }


def _line(theorems: list[Theorem], line: Any) -> Theorem:
    if set(line) != {"step", "words"}:
        msg = "expected a step and words, and nothing else"
        raise ValueError(msg)
    return theorems[_number(line["step"])]


def _rests_on(steps: list[Any], last: int) -> set[int]:
    """The steps that a step needs, and itself."""
    needed, left = set[int](), [last]
    while left:
        number = left.pop()
        if number not in needed:
            needed.add(number)
            left += [place for kind, place in _referred(steps[number]["arguments"]) if kind == "step"]
    return needed


def _referred(value: Any) -> list[tuple[str, int]]:
    """The terms and steps that arguments refer to, by number."""
    if isinstance(value, list):
        return [found for each in value for found in _referred(each)]
    return [(kind, _number(number)) for kind, number in value.items()] if isinstance(value, dict) else []


def decoded(value: Any, terms: list[Formula], theorems: list[Any]) -> Any:
    """Lists as tuples, references to terms and steps as what those are."""
    if isinstance(value, dict):
        ((kind, number),) = value.items()
        return {"term": terms, "step": theorems}[kind][_number(number)]
    return tuple(decoded(each, terms, theorems) for each in value) if isinstance(value, list) else value


def _number(value: Any) -> int:
    if type(value) is not int or value < 0:
        msg = f"{value!r} is no number of a step or a term"
        raise ValueError(msg)
    return value


def stated(theorem: Any) -> dict[str, Any]:
    """H ⊢ J as data, the hypotheses in a fixed order."""
    return {"hypotheses": sorted(theorem.hypotheses, key=repr), "conclusion": theorem.conclusion}


def digest(text: str) -> str:
    """Sixteen hexadecimal digits of what a theorem says: they place an error, the kernel finds it."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object in which nothing is said twice: who reads it would see the one, and we the other."""
    found = dict(pairs)
    if len(found) < len(pairs):
        msg = f"one of {', '.join(sorted(found))} stands twice in an object"
        raise Unreadable(msg)
    return found


def main(arguments: list[str]) -> int:
    """Replay the files, a line for each."""
    status, seconds, paths = 0, LONG, arguments
    if arguments[:1] == ["--seconds"]:
        said, *paths = arguments[1:] or [""]
        seconds = _positive(said)
    if not paths or not seconds > 0:
        print("expected: [--seconds N] FILE…, with N a number above 0", file=sys.stderr)
        return 2
    for file in paths:
        path = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in file)  # a line of ours is one line
        try:
            data = json.loads(_text(file), object_pairs_hook=_each_once)
            with within(seconds):
                theorem = replay(data)
        except (OSError, ValueError, RecursionError, Unreadable) as error:
            print(f"{path}: cannot be read: {error}", file=sys.stderr)
            status = 2
        except Rejected as rejected:
            print(f"{path}: REJECTED at {rejected}", file=sys.stderr)
            status = max(status, 1)
        except OutOfTime as over:
            print(f"{path}: {NOT_REPLAYED} {over}{MORE}", file=sys.stderr)
            status = max(status, 1)
        else:
            assumed = len(theorem.hypotheses)
            print(f"{path}: proved in {len(data['steps'])} steps, under {assumed} hypotheses")
    return status


NOT_REPLAYED, MORE = "NOT REPLAYED", ": allow more --seconds"
"""What is said of a file that takes too long, before where it was and after: it may be a proof."""


_CHARACTERS = 100_000_000
"""Of a file that is read: what says more says more than is looked at, or does not end, as /dev/zero."""


def _text(path: str) -> str:
    with Path(path).open(encoding="utf-8") as file:
        found = file.read(_CHARACTERS + 1)
    if len(found) > _CHARACTERS:
        msg = f"it has more than {_CHARACTERS:,} characters"
        raise Unreadable(msg)
    return found


def _positive(text: str) -> float:
    """The number that a text is; 0 where it is none."""
    try:
        return float(text)
    except ValueError:
        return 0.0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
