"""The calls of a counterexample, made anew: exits 1 while what they return is wrong, 0 once it is as it should be.

This module is what every reproducer is made of, and is one itself. ``reproducer`` writes its source into the script,
with another counterexample between the two lines, and the source of ``backproof_impl.memory`` for ``placed``.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import types
import warnings
from collections.abc import Callable, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from backproof_impl.memory import placed

# --- the counterexample ---

Shape: TypeAlias = tuple[int, ...]

CLAIM = "relu.dZ"
TARGET = "backproof_impl.reference"
"""The target: a file or package.module, then perhaps :object."""
FOLDERS: list[str] = ["."]
"""Where it is: the first of these folders that has it, relative to this script or absolute."""
OUTPUTS: dict[str, tuple[str, ...]] = {"relu_vjp": ("dZ",)}
CALLS: list[tuple[str, dict[str, Any], dict[str, str], dict[str, float]]] = [
    ("relu_vjp", {"Z": ("float64", (1, 1), [0.0]), "dY": ("float64", (1, 1), [0.25])}, {}, {}),
]
"""(function, arguments, how they lie in memory unless contiguous, options), in their order; the last call is judged.

An argument is (dtype, shape, numbers), a list of those, or (number of an earlier call, name of its output).
"""
TRIES = 1
"""How often the calls are made: what depends on chance is wrong at times only."""
OUTPUT, LAYER = "dZ", None
"""What is judged, and for a list of arrays which."""
SHAPE: Shape | None = (1, 1)
DTYPE = "float64"
"""Empty where any but integers will do."""
EXPECTED: dict[tuple[Any, ...], tuple[str, str]] = {(0, 0): ("0.25", "0.0")}
"""(exact value, bound) of entries, or of the sum over places; none where a result is refused whatever its values."""

# --- the calls ---


def load(target: str, folders: list[str]) -> Any:
    """The object that ``target`` names."""
    try:
        importlib.import_module("backproof")
    except ImportError:  # a target may declare conventions, which only Backproof wants to know
        stub = types.ModuleType("backproof")
        stub.__dict__["__getattr__"] = lambda _: lambda *_, **__: None
        sys.modules["backproof"] = stub
    name, _, attribute = target.partition(":")
    places = [Path(globals().get("__file__", "")).resolve().parent / folder for folder in folders]
    if name.endswith(".py"):
        path = next((place / name for place in places if (place / name).is_file()), places[-1] / name)
        sys.path.insert(0, str(path.parent))
        spec = importlib.util.spec_from_file_location("_target", path)
        found: Any = importlib.util.module_from_spec(spec)  # type: ignore[arg-type]
        sys.modules["_target"] = found  # dataclasses look their module up
        spec.loader.exec_module(found)  # type: ignore[union-attr]
    else:
        sys.path[:0] = [*map(str, places), "."]
        found = importlib.import_module(name)
    for part in attribute.split(".") if attribute else []:
        found = found[part] if isinstance(found, Mapping) else getattr(found, part)
    return found


def function(target: Any, name: str) -> Callable[..., Any]:
    """The function of this name: an attribute or an item, of the target or of what it calls functions or TARGET."""
    for holder in ("TARGET", "TARGET.functions", "", "functions"):
        found = target
        for part in (*filter(None, holder.split(".")), name):
            found = found.get(part) if isinstance(found, Mapping) else getattr(found, part, None)
        if callable(found):
            return found  # type: ignore[no-any-return]
    if name.endswith("_vjp"):  # a library finds it: backproof.from_torch
        forward = [each for each in next(given for called, given, _, _ in CALLS if called == name) if each[0] != "d"]
        both: Any = function(target, name.removesuffix("_vjp"))
        return both.vjp(forward, OUTPUTS[name])  # type: ignore[no-any-return]
    msg = f"{TARGET} offers no {name}"
    raise SystemExit(msg)


def array(dtype: str, shape: Shape, numbers: list[float]) -> Any:
    """The array of these numbers."""
    if dtype == "bfloat16":
        dtype = importlib.import_module("ml_dtypes").bfloat16
    return np.array(numbers, dtype=float if "float" in str(dtype) else int).astype(dtype).reshape(shape)


def argument(value: Any, results: list[dict[str, Any]]) -> Any:
    """What ``CALLS`` says of an argument, as arrays."""
    if isinstance(value, list):
        return [argument(entry, results) for entry in value]
    return results[value[0]][value[1]] if isinstance(value[0], int) else array(*value)


def scalar(value: Any) -> Any:
    """A number as NumPy's arithmetic gives it, not as an array without axes."""
    return value[()] if isinstance(value, np.ndarray) and value.ndim == 0 else value


def arrays(value: Any) -> list[Any]:
    """The arrays in an argument or in an output."""
    return [np.asarray(A) for A in (value if isinstance(value, list | tuple) else [value])]


def state(value: Any) -> list[tuple[Any, Shape, bytes]]:
    """What they hold."""
    return [(A.dtype, A.shape, A.tobytes()) for A in arrays(value)]


def named(name: str, result: Any) -> tuple[dict[str, Any], str | None]:
    """The outputs by name, and what is wrong with the result as a whole."""
    names = OUTPUTS[name]
    if name == "network_gradients":
        known = isinstance(result, Mapping)
        return (dict(result), None) if known else ({}, f"{name} returned {type(result).__name__}, expected a dict")
    if len(names) == 1:
        return {names[0]: result}, None
    if not isinstance(result, tuple | list) or len(result) != len(names):
        return {}, f"{name} returned {type(result).__name__}, expected a tuple: {', '.join(names)}"
    return dict(zip(names, result, strict=True)), None


def problem() -> str | None:
    """What is wrong now; None once it is mended."""
    target, judged = load(TARGET, FOLDERS), CALLS[-1][0]
    results: list[dict[str, Any]] = []
    kept: list[tuple[Any, list[tuple[Any, Shape, bytes]]]] = []
    for name, given, memory, options in CALLS:
        values = {key: argument(value, results) for key, value in given.items()}
        inputs, before = placed(values, memory), {key: state(A) for key, A in values.items()}
        try:
            result = function(target, name)(*map(scalar, inputs.values()), **options)
        except NotImplementedError:
            return None  # it says that these inputs are not for it
        except Exception as error:  # noqa: BLE001 - whatever it is
            refused: str | None = f"{name} raised {type(error).__name__}: {error}"
            outputs: dict[str, Any] = {}
        else:
            outputs, refused = named(name, result)
        if refused and name == judged:  # the others are held against other claims
            return refused
        if any(state(A) != was for A, was in kept):
            return f"a later call overwrites {OUTPUT}"
        results.append(outputs)
        kept += [(outputs[OUTPUT], state(outputs[OUTPUT]))] if OUTPUT in outputs else []
    for key, A in inputs.items():
        if state(A) != before[key]:
            return f"{judged} changes its argument {key}"
    return wrong(outputs, inputs)


def wrong(outputs: dict[str, Any], inputs: Mapping[str, Any]) -> str | None:
    """What is wrong with the output that is judged."""
    got = outputs.get(OUTPUT)
    layers = len(inputs.get("weights", []))
    if layers and OUTPUT in {"dW", "db"}:
        if not isinstance(got, list | tuple) or len(got) != layers:
            return f"{OUTPUT} is not a list of {layers} arrays, one for each layer"
        got = got[LAYER or 0]
    if SHAPE and not isinstance(got, np.ndarray):
        return f"{OUTPUT} is {type(got).__name__}, expected an array"
    found = np.asarray(got)
    if any(found.size and np.may_share_memory(found, A) for value in inputs.values() for A in arrays(value)):
        return f"{OUTPUT} shares memory with an argument"
    of_format = found.dtype.name == DTYPE if DTYPE else found.dtype.kind not in "iu"
    if SHAPE is not None and (found.shape != SHAPE or (SHAPE and not of_format)):
        return (
            f"{OUTPUT} has shape {found.shape} and dtype {found.dtype}, expected {SHAPE} and {DTYPE or 'no integers'}"
        )
    for at, (exact, bound) in EXPECTED.items():
        places = at if at and isinstance(at[0], tuple) else (at,)
        if not within([float(found[place]) for place in places], exact, bound):
            where = f"{OUTPUT}{list(places[0])}"
            where += f" and {len(places) - 1} more add up to" if places[1:] else " is"
            what = sum(float(found[place]) for place in places) if places[1:] else found[places[0]]
            return f"{where} {what}, expected {exact} to within {bound}"
    return None


def within(got: list[float], exact: str, bound: str) -> bool:
    """Is the sum of these within its bound, or the infinity that is demanded?"""
    if bound == "+inf" and exact not in {"nan", "+inf", "-inf"}:
        return True  # nothing is certain here
    finite = all(map(np.isfinite, got))
    if exact == "nan":
        return not finite
    if exact in {"+inf", "-inf"}:
        return sum(got) == float(exact) or (bound == "+inf" and np.isnan(sum(got)))
    return finite and (got == [float(exact)] or abs(sum(map(Fraction, got)) - Fraction(exact)) <= Fraction(bound))


def main() -> None:
    """Say what is wrong, if anything is."""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = next(filter(None, (problem() for _ in range(TRIES))), None)
    print(f"{CLAIM}: {found or 'as it should be'}")  # noqa: T201 - a script's own words
    raise SystemExit(1 if found else 0)


if __name__ == "__main__":
    main()
