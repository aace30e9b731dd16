"""Test vectors as JSON (schema: vectors.schema.json): one file an operation, one line a case, keys in a fixed order.

Numbers of the formats are hexadecimal floats, as C's ``strtod`` and Python's ``float.fromhex`` read them; whole numbers
are decimal, and what is not finite is ``inf`` or ``-inf``. A program without a JSON library finds its way by the keys.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from mpmath import mp

from backproof_impl.conventions import Conventions
from backproof_properties.arrays import Array
from backproof_properties.certified import Bound, Output
from backproof_properties.vectors import Functions, Mistake, Vector
from backproof_spec.claims import NOTES
from backproof_spec.language.text import written

SCHEMA_PATH = Path(__file__).with_name("vectors.schema.json")
_RADIUS_DIGITS = 3
_DECLARED = ("layout", "weights", "reduction", "labels", "relu_at_zero", "unnormalised_labels")
"""The conventions that say what the notes' functions compute."""


def to_json(of: Functions, found: Sequence[Vector], seed: int, version: str) -> str:
    """The file of an operation."""
    mistakes = list(dict.fromkeys(mistake for each in found for mistake in each.catches))
    numbers = {mistake: number for number, mistake in enumerate(mistakes)}
    head = {
        "schema": "backproof-vectors-1",
        "backproof": version,
        "seed": seed,
        "operation": of.name,
        "definition": written(of.operation) if of.operation else " with ".join(NOTES[of.name]),
        "conventions": {name: getattr(Conventions(), name) for name in _DECLARED} if of.name in NOTES else {},
        "functions": [_function(of, function) for function in of.properties],
    }
    rows = [
        *(f"{_compact(name)}: {_compact(value)}" for name, value in head.items()),
        f'"mistakes": {_lines(_mistake(each) for each in mistakes)}',
        f'"cases": {_lines(_case(of, each, numbers) for each in found)}',
    ]
    return "{\n" + ",\n".join(rows) + "\n}\n"


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _lines(values: Iterable[Any]) -> str:
    return "[\n" + ",\n".join(map(_compact, values)) + "\n]"


def _function(of: Functions, function: str) -> dict[str, Any]:
    signature = of.signature(function)
    return {
        "name": function,
        "arguments": list(signature.arguments),
        "parameters": list(signature.options),
        "outputs": list(signature.outputs),
    }


def _mistake(each: Mistake) -> dict[str, str]:
    return {"claim": each.claim, "cause": each.cause, "words": each.words}


def _case(of: Functions, each: Vector, numbers: dict[Mistake, int]) -> dict[str, Any]:
    parameters = {name: value for name, value in each.case.items() if isinstance(value, Fraction)}
    given = {name: value for name, value in each.case.items() if name not in parameters}
    outputs: dict[str, Any] = {}
    for output in each.outputs:
        name, layer, _ = output.name.partition("[")
        outputs[name] = [*outputs.get(name, []), _output(output)] if layer else _output(output)
    return {
        "function": each.function,
        "dtype": each.dtype,
        "flags": list(each.flags),
        "catches": sorted(numbers[mistake] for mistake in each.catches),
        "parameters": {name: _hex(value) for name, value in parameters.items()},
        "arguments": {name: _argument(value) for name, value in given.items()},
        "outputs": {name: outputs[name] for name in of.signature(each.function).outputs},
    }


def _argument(value: Any) -> Any:
    return [_array(A) for A in value] if isinstance(value, list) else _array(value)


def _array(A: Array) -> dict[str, Any]:
    data = [str(x) if A.dtype.kind == "i" else _hex(x) for x in A.ravel()]
    return {"dtype": A.dtype.name, "shape": list(A.shape), "data": data}


def _hex(x: Any) -> str:
    """The shortest hexadecimal float: 0x1.8p+1."""
    mantissa, p, exponent = float(x).hex().partition("p")
    return (mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa) + p + exponent


def _output(each: Output) -> dict[str, Any]:
    bounds = {name: _bounds(of) for name, of in each.bounds.items()}
    return {"shape": list(each.shape), "exact": list(each.digits), "bounds": bounds}


def _bounds(of: tuple[Bound | None, ...]) -> dict[str, Any]:
    return {
        "radius": [bound and str(mp.nstr(bound.radius, _RADIUS_DIGITS)).removesuffix(".0") for bound in of],
        "low": [bound and _hex(bound.low) for bound in of],
        "high": [bound and _hex(bound.high) for bound in of],
    }
