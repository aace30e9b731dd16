"""A standalone script for each failure: NumPy, the target, inputs and exact bounds; it exits 1 while it fails."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from backproof_docs.report import Report
from backproof_docs.stated import stated
from backproof_docs.wording import one_line
from backproof_impl.adapters import ADAPTERS
from backproof_impl.calling import Call
from backproof_impl.protocol import read_conventions
from backproof_impl.target import FUNCTIONS, Target
from backproof_properties.results import Finding, Judged, Outcome


def reproducers(report: Report) -> dict[str, str]:
    """A file name and a script for each failure that one function shows by itself, known failures included."""
    found = {}
    for outcome in (*report.failures, *report.known_failures):
        text = to_script(report, outcome)
        if text is not None:
            found[f"{outcome.claim}.{outcome.dtype}.py".replace(".dtype", "")] = text
    return found


def to_script(report: Report, outcome: Outcome) -> str | None:
    """The script; None where there is no counterexample, or several functions share in it."""
    finding = outcome.finding
    if finding is None or not finding.calls:
        return None
    last: Call = finding.calls[-1]
    target = Target(report.target, {}, read_conventions(report.target, report.conventions))
    output, layer = _judged_output(last.function, outcome.claim, finding)
    values = {
        "CLAIM": outcome.claim,
        "TARGET": _source(report.target),
        "OUTPUT": output,
        "LAYER": layer,
        "EXPECTED": _expected(target, output, finding.judged),
        "SHAPE": _shape(target, last, output, layer),
    }
    lines = [f"{name} = {value!r}" for name, value in values.items()]
    lines += ["CALLS = [", *map(_call, finding.calls), "]"]
    head = [f"{outcome.claim}: {stated(outcome.claim, report.conventions)}", "", one_line(finding.message)]
    head += ["", "Needs NumPy and the target, nothing else. Exits 1 while this is so, 0 once it is mended."]
    quoted = "\n".join(head).replace("\\", "\\\\").replace('"""', "'''")
    return f'"""{quoted}\n"""\n{_IMPORTS}\n' + "\n".join(lines) + _CODE


def _source(name: str) -> str:
    adapter = ADAPTERS.get(name.partition(":")[0])
    if adapter is None:
        return name
    variant = name.partition(":")[2]
    return f"{adapter.source.partition(':')[0]}:VARIANTS.{variant}" if variant else adapter.source


def _judged_output(function: str, claim: str, finding: Finding) -> tuple[str, int | None]:
    """The output that was judged, and for a list of arrays which."""
    name = finding.output.rpartition(".")[2]
    output, _, layer = name.partition("[")
    known = FUNCTIONS[function].outputs
    if output not in known:
        part = claim.partition(".")[2]
        output = part if part in known else known[0]
    return output, int(layer.rstrip("]")) if layer else None


def _expected(target: Target, output: str, judged: Judged | None) -> list[tuple[str, str]] | None:
    """(exact value, bound) of every entry, in the order of the target's own array; None where no array was judged."""
    if judged is None:
        return None
    pairs = [list(zip(*rows, strict=True)) for rows in zip(judged.exact, judged.radius, strict=True)]
    turned = [list(column) for column in zip(*pairs, strict=True)] if target.transposes(output) else pairs
    return [pair for row in turned for pair in row]


_LIKE = {"dW": "W", "dY": "Y", "db": "b", "dZ": "Z", "Y": "Z", "S": "Z", "dS": "S", "dX": "X"}
"""The argument whose shape an output has."""


def _shape(target: Target, call: Call, output: str, layer: int | None) -> tuple[int, ...] | None:
    """The shape that the output must have, in the target's own layout; None for a list of layers."""
    given = call.arguments
    if layer is not None:
        return tuple(given["weights" if output == "dW" else "biases"][layer].shape)
    if output in {"L", "loss"}:
        return ()
    if output not in {"Z", "dW", "db"} or "W" in given:
        return _of_one_function(target, given, output)
    return None  # all layers: their number is what is wrong


def _of_one_function(target: Target, given: Mapping[str, Any], output: str) -> tuple[int, ...]:
    if output != "Z":
        return tuple(given[_LIKE[output]].shape)
    outputs, samples = given["b"].size, given["Y"].shape[0 if target.transposes("Y") else 1]
    return (samples, outputs) if target.transposes("Z") else (outputs, samples)


def _call(call: Call) -> str:
    memory = {name: place for name, place in call.memory.items() if place != "contiguous"}
    arguments = ", ".join(f"{name!r}: {_literal(value)}" for name, value in call.arguments.items())
    return f"    ({call.function!r}, {{{arguments}}}, {memory!r}),"


def _literal(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_literal, value))}]"
    numbers = value.astype(np.float64).ravel().tolist() if value.dtype.kind not in "iu" else value.ravel().tolist()
    return f"array({value.dtype.name!r}, {value.shape!r}, {numbers!r})"


_IMPORTS = """
import importlib
import importlib.util
import sys
import types
from fractions import Fraction

import numpy as np

nan, inf = float("nan"), float("inf")


def array(dtype, shape, numbers):
    if dtype == "bfloat16":
        import ml_dtypes

        dtype = ml_dtypes.bfloat16
    return np.array(numbers, dtype=float if "float" in str(dtype) else int).astype(dtype).reshape(shape)

"""

_CODE = '''


def load(source):
    """The target: a file or package.module, then perhaps :object; its functions are attributes, or items of a dict."""
    try:
        import backproof  # noqa: F401
    except ImportError:  # only its declarations are wanted, and only by Backproof
        stub = types.ModuleType("backproof")
        stub.__getattr__ = lambda name: lambda *args, **kwargs: None
        sys.modules["backproof"] = stub
    name, _, attribute = source.partition(":")
    sys.path.insert(0, ".")
    if name.endswith(".py"):
        spec = importlib.util.spec_from_file_location("target", name)
        found = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(found)
    else:
        found = importlib.import_module(name)
    for part in attribute.split(".") if attribute else []:
        found = found[part] if isinstance(found, dict) else getattr(found, part)
    return found


def placed(A, how):
    """A fresh array with these values, lying in memory as it did."""
    if isinstance(A, list):
        return [placed(entry, how) for entry in A]
    back = (slice(None, None, -1),) * A.ndim
    if how == "fortran":
        return A.copy(order="F")
    if how == "reversed":
        return A[back].copy()[back]
    if how == "strided":
        view = np.zeros([2 * size for size in A.shape], dtype=A.dtype)[(slice(None, None, 2),) * A.ndim]
        view[...] = A
        return view
    A = A.copy(order="C")
    A.flags.writeable = how != "read-only"
    return A


def arrays(value):
    return [np.asarray(A) for A in (value if isinstance(value, (list, tuple)) else [value])]


def within(got, exact, bound):
    got = float(got)
    if bound == "+inf" and exact not in ("nan", "+inf", "-inf"):
        return True  # nothing is certain here
    if exact == "nan":
        return not np.isfinite(got)
    if exact in ("+inf", "-inf"):
        return got == float(exact) or (bound == "+inf" and np.isnan(got))
    if not np.isfinite(got):
        return False
    return got == float(exact) or abs(Fraction(got) - Fraction(exact)) <= Fraction(bound)


NAMES = {
    "linear": ["Z"],
    "linear_vjp": ["dW", "dY", "db"],
    "relu": ["Y"],
    "relu_vjp": ["dZ"],
    "softmax": ["S"],
    "softmax_vjp": ["dZ"],
    "cross_entropy": ["L"],
    "cross_entropy_vjp": ["dS"],
    "softmax_cross_entropy": ["L"],
    "softmax_cross_entropy_vjp": ["dZ"],
}


def main():
    target = load(TARGET)
    kept = []
    for function, arguments, memory in CALLS:
        inputs = {name: placed(A, memory.get(name)) for name, A in arguments.items()}
        result = (target[function] if isinstance(target, dict) else getattr(target, function))(*inputs.values())
        for name, A in inputs.items():
            if [a.tobytes() for a in arrays(arguments[name])] != [a.tobytes() for a in arrays(A)]:
                return f"{function} changes its argument {name}"
        for name, A, before in kept:
            if A.tobytes() != before:
                return f"a later call overwrites {name}"
        names = NAMES.get(function)
        outputs = dict(result) if names is None else dict(zip(names, result if names[1:] else [result], strict=True))
        kept += [(name, A, A.tobytes()) for name, value in outputs.items() for A in arrays(value)]
    layers = len(arguments.get("weights", []))
    if layers and OUTPUT in ("dW", "db") and len(outputs.get(OUTPUT) or []) != layers:
        return f"{OUTPUT} is not a list of {layers} arrays, one for each layer"
    got = outputs[OUTPUT] if LAYER is None else outputs[OUTPUT][LAYER]
    if SHAPE and not isinstance(got, np.ndarray):
        return f"{OUTPUT} is {type(got).__name__}, expected an array"
    got = np.asarray(got)
    if any(got.size and np.may_share_memory(got, A) for value in inputs.values() for A in arrays(value)):
        return f"{OUTPUT} shares memory with an argument"
    dtype = next(A for value in inputs.values() for A in arrays(value) if A.dtype.kind not in "iu").dtype
    if got.shape != SHAPE or (SHAPE and got.dtype != dtype):
        return f"{OUTPUT} has shape {got.shape} and dtype {got.dtype}, expected {SHAPE} and {dtype}"
    for place, (value, (exact, bound)) in enumerate(zip(got.ravel(), EXPECTED or [], strict=False)):
        if not within(value, exact, bound):
            index = tuple(map(int, np.unravel_index(place, got.shape)))
            return f"{OUTPUT}{list(index)} is {value}, expected {exact} to within {bound}"
    return None


if __name__ == "__main__":
    with np.errstate(all="ignore"):
        problem = main()
    print(f"{CLAIM}: {problem or 'as it should be'}")
    sys.exit(1 if problem else 0)
'''
