"""A standalone script for each failure: NumPy, the target, the calls and exact bounds; it exits 1 while it fails.

A script is the source of ``replay`` with another counterexample in it.
"""

from __future__ import annotations

import ast
import importlib.util
import inspect
import os
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from backproof_docs import replay
from backproof_docs.phrases import one_line
from backproof_docs.report import Report
from backproof_impl import memory
from backproof_impl.adapters import ADAPTERS
from backproof_impl.calling import Call
from backproof_impl.protocol import read_conventions
from backproof_impl.target import FUNCTIONS, Target
from backproof_properties.results import Asked, Finding, Outcome

_NUMBERS = {"L", "loss"}
_CALLS = "# --- the calls ---\n"
"""Where in ``replay`` the counterexample ends."""


def reproducers(report: Report, folder: Path | None = None) -> dict[str, str]:
    """A file name and a script for each failure, known failures included; the scripts are to lie in ``folder``."""
    found = {}
    for outcome in (*report.failures, *report.known_failures):
        text = to_script(report, outcome, folder)
        if text is not None:
            found[f"{outcome.claim}.{outcome.dtype}.py"] = text
    return found


def to_script(report: Report, outcome: Outcome, folder: Path | None = None) -> str | None:
    """The script; None without a counterexample, or of a target that it could not load."""
    finding, source = outcome.finding, _source(report.target)
    if finding is None or not finding.calls or source is None:
        return None
    data = {"CLAIM": outcome.claim, "TARGET": source, "FOLDERS": _folders(folder), **_data(report, outcome, finding)}
    lines = [f"{name} = {value if name == 'CALLS' else repr(value)}" for name, value in data.items()]
    stated = report.stated(outcome.claim)
    head = [f"{outcome.claim}: {stated}" if stated else outcome.claim, "", one_line(finding.message)]
    head += ["", "Needs NumPy and the target, nothing else. Exits 1 while this is so, 0 once it is mended."]
    quoted = "\n".join(head).replace("\\", "\\\\").replace('"""', "'''")
    (imports, code), (others, placing) = _program(replay), _program(memory)
    imports += [line for line in others if line not in imports]
    return "".join((f'"""{quoted}\n"""\n', *imports, "\n", "\n".join(lines), "\n", *placing, *code))


def _program(module: ModuleType) -> tuple[list[str], list[str]]:
    """The lines of a module: its imports, and what follows them or the counterexample; without its docstring."""
    lines = inspect.getsource(module).splitlines(keepends=True)
    opening, *body = ast.parse("".join(lines)).body
    last = max(node.end_lineno or 0 for node in body if isinstance(node, ast.Import | ast.ImportFrom))
    imports = [line for line in lines[opening.end_lineno : last] if "backproof_impl" not in line]
    return imports, lines[lines.index(_CALLS) if _CALLS in lines else last :]


def _source(name: str) -> str | None:
    """A file or ``package.module:object`` that a script can load; None for an object, or a program of another kind."""
    adapter = ADAPTERS.get(name.partition(":")[0])
    if adapter is not None:
        variant = name.partition(":")[2]
        return f"{adapter.source.partition(':')[0]}:VARIANTS.{variant}" if variant else adapter.source
    module = name.partition(":")[0]
    if module.endswith(".py"):
        return name
    try:
        known = all(map(str.isidentifier, module.split("."))) and importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        known = False
    return name if known else None


def _folders(folder: Path | None) -> list[str]:
    """Where the target's name was understood: seen from the script's folder, then wherever the script is moved."""
    here = Path.cwd()
    try:
        return [os.path.relpath(here, folder or here), str(here)]
    except ValueError:  # another drive
        return [str(here)]


def _data(report: Report, outcome: Outcome, finding: Finding) -> dict[str, Any]:
    """The rest of what ``replay`` wants to know."""
    last: Call = finding.calls[-1]
    if finding.asked is not None:
        return _of_definition(outcome, finding, finding.asked)
    target = Target(report.target, {}, read_conventions(report.target, report.conventions))
    output, layer = _judged_output(last.function, outcome.claim, finding)
    return {
        "OUTPUTS": {call.function: FUNCTIONS[call.function].outputs for call in finding.calls},
        "CALLS": "[\n" + "".join(map(_call, finding.calls)) + "]",
        "TRIES": finding.tries,
        "OUTPUT": output,
        "LAYER": layer,
        "SHAPE": _shape(target, last, output, layer),
        "DTYPE": "" if _of_integers(last) else outcome.dtype,
        "EXPECTED": _expected(finding, transposed=target.transposes(output), vector=output in {"db", *_NUMBERS}),
    }


def _of_definition(outcome: Outcome, finding: Finding, asked: Asked) -> dict[str, Any]:
    """The same of an operation that is a definition: its arrays stand as they do there."""
    name, known = finding.output.rpartition(".")[2], asked.outputs[finding.calls[-1].function]
    expected: dict[tuple[Any, ...], tuple[str, str]] = {}
    at = finding.together or finding.index
    if at is not None and finding.expected is not None and finding.bound is not None:
        expected = {at: (finding.expected, finding.bound)}
    return {
        "OUTPUTS": dict(asked.outputs),
        "CALLS": "[\n" + "".join(map(_call, finding.calls)) + "]",
        "TRIES": finding.tries,
        "OUTPUT": name if name in known else known[0],
        "LAYER": None,
        "SHAPE": asked.shape,
        "DTYPE": outcome.dtype,
        "EXPECTED": expected,
    }


def _of_integers(call: Call) -> bool:
    """Are there integers where numbers of the format stand otherwise? They may be promoted."""
    return any(A.dtype.kind in "iu" for name, A in call.arguments.items() if name != "P" and not isinstance(A, list))


def _judged_output(function: str, claim: str, finding: Finding) -> tuple[str, int | None]:
    """The output that was judged, and for a list of arrays which."""
    name = finding.output.rpartition(".")[2]
    output, _, layer = name.partition("[")
    known = FUNCTIONS[function].outputs
    if output not in known:
        part = claim.partition(".")[2]
        output = part if part in known else known[0]
    return output, int(layer.rstrip("]")) if layer else None


def _expected(finding: Finding, *, transposed: bool, vector: bool) -> dict[tuple[int, ...], tuple[str, str]]:
    """(exact value, bound) by index in the target's own layout, of every entry or, of many, of the worst."""
    if finding.judged is not None:
        rows = [zip(*row, strict=True) for row in zip(finding.judged.exact, finding.judged.radius, strict=True)]
        found: dict[tuple[int, ...], tuple[str, str]] = {
            (i, j): pair for i, row in enumerate(rows) for j, pair in enumerate(row)
        }
    elif finding.index is not None and finding.expected is not None and finding.bound is not None:
        exact = "nan" if finding.expected == "a non-finite value" else finding.expected
        found = {(*finding.index, 0, 0)[:2]: (exact, finding.bound)}
    else:
        return {}
    if vector:
        return {index[:1] if finding.index else (): pair for index, pair in found.items()}
    return {index[::-1] if transposed else index: pair for index, pair in found.items()}


def _shape(target: Target, call: Call, output: str, layer: int | None) -> tuple[int, ...] | None:
    """The shape that the output must have, in the target's own layout; None for a list of layers."""
    given = call.arguments
    if layer is not None:
        return tuple(given["weights" if output == "dW" else "biases"][layer].shape)
    if output in _NUMBERS:
        return ()
    if output == "Z":
        outputs, samples = given["b"].size, given["Y"].shape[0 if target.transposes("Y") else 1]
        return (samples, outputs) if target.transposes("Z") else (outputs, samples)
    like = output[1:] if output.startswith("d") else "Z"
    return tuple(given[like].shape) if like in given else None  # all layers: their number is what is wrong


def _call(call: Call) -> str:
    places = {name: place for name, place in call.memory.items() if place != "contiguous"}
    arguments = (f"{name!r}: {call.taken.get(name) or _literal(value)}" for name, value in call.arguments.items())
    return f"    ({call.function!r}, {{{', '.join(arguments)}}}, {places!r}, {dict(call.options)!r}),\n"


def _literal(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_literal, value))}]"
    numbers = value.astype(np.float64).ravel().tolist() if value.dtype.kind not in "iu" else value.ravel().tolist()
    listed = ", ".join(repr(x) if np.isfinite(x) else f"float('{x}')" for x in numbers)
    return f"({value.dtype.name!r}, {value.shape!r}, [{listed}])"
