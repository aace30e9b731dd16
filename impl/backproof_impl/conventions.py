"""How an implementation says it differs from the notes: a declaration, never a guess.

Every field has the notes' convention as its default. A verdict is always against what is declared.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, fields, replace
from typing import Any

DTYPES = ("float16", "bfloat16", "float32", "float64")
MEMORY = ("contiguous", "fortran", "strided", "reversed", "read-only", "broadcast", "shared")
"""How an argument may lie in memory: broadcast has strides of 0, shared is one array for equal arguments."""


class UsageError(Exception):
    """A request that cannot be run: unknown name, missing file, missing optional dependency. Exit status 2."""


class Unloadable(UsageError):
    """A target that is there and cannot be loaded: importing it raises, or it needs a library that is not installed."""


@dataclass(frozen=True)
class Field:
    """What one convention may be: its values (default first; empty where any number is meant), and what it means."""

    values: tuple[str, ...]
    meaning: str


FIELDS: dict[str, Field] = {
    "layout": Field(("features-first", "batch-first"), "is a sample a column or a row"),
    "weights": Field(("out-in", "in-out"), "is W (outputs, inputs) or its transpose"),
    "reduction": Field(("sum", "mean"), "is the loss the sum over the samples or their mean"),
    "labels": Field(
        ("distribution", "one-hot", "index"), "what P holds: distributions, one-hot columns, class numbers"
    ),
    "relu_at_zero": Field((), "ReLU′(0): 1 by default, any number in Clarke's [0, 1] is legitimate"),
    "unnormalised_labels": Field(
        ("derivative", "fused", "unsupported", "rounding", "ignored"),
        "for ΣP ≠ 1: S·ΣP − P, S − P, not a valid input, valid (and either formula) by rounding alone, or a sample "
        "without labels alone (whose gradient is 0)",
    ),
    "accumulator": Field(
        ("dtype", *DTYPES), "the format sums are kept in: the dtype itself, or wider (narrower ones are ignored)"
    ),
    "intermediates": Field(
        ("dtype", *DTYPES),
        "the format of all between arguments and what is returned: the dtype itself, or wider, as in fused kernels "
        "(narrower ones are ignored)",
    ),
    "arithmetic": Field(("ieee", "flush-to-zero"), "are subnormal numbers kept, or replaced by zero"),
    "scale": Field((), "factor on an output, as dW=-1, dW=batch or dW=1/batch (batch is the number of samples)"),
    "limits": Field(
        (),
        "dtypes, depth, width, batch (2..8, ..8 or 2..), empty, biases (no), magnitude, logit, memory, seconds, "
        "integers (no), infinite (no): outside them unsupported",
    ),
}
"""The conventions, one row each; ``backproof list conventions`` prints this table."""

SCALES = ("batch", "1/batch")
OUTPUTS = ("Z", "Y", "S", "L", "loss", "dW", "dY", "db", "dZ", "dS", "dX")
"""What functions return, and a scale may be declared for."""


def _is_number(value: Any) -> bool:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # an integer larger than any float
        return False


@dataclass(frozen=True)
class Limits:
    """What an implementation does not claim to handle. ``None`` means no limit; outside them is unsupported, not wrong.

    ``depth`` and ``width`` are the most linear layers and the most rows or columns; ``batch`` the fewest samples; each
    may be a pair of the least and the most, ``depth=(3, 3)`` for exactly three. Without ``empty`` no size is 0; without
    ``biases`` every b is 0 and db is not asked for. ``magnitude`` is the least and the largest size of an entry that is
    not 0, labels and probabilities aside; ``logit`` the largest of an entry of Z. ``memory`` lists how arguments may
    lie in memory (some of ``MEMORY``); ``seconds`` is how long a call may take in a process of its own; without
    ``integers`` no argument is an array of whole numbers, and without ``infinite`` no entry of Z is −inf, as a mask is.
    """

    dtypes: tuple[str, ...] = DTYPES
    depth: int | tuple[int, int | None] | None = None
    width: int | tuple[int, int | None] | None = None
    batch: int | tuple[int, int | None] = 0
    logit: float | None = None
    memory: tuple[str, ...] = MEMORY
    seconds: float | None = None
    empty: bool = True
    biases: bool = True
    magnitude: tuple[float, float] | None = None
    integers: bool = True
    infinite: bool = True

    def __post_init__(self) -> None:
        """Raise ``UsageError`` naming every limit that cannot be."""
        problems = []
        for name, known in _LISTED.items():
            if isinstance(getattr(self, name), list):
                object.__setattr__(self, name, tuple(getattr(self, name)))
            names = getattr(self, name)
            listed = isinstance(names, tuple) and len(names) > 0
            unknown = [each for each in names if each not in known] if listed else [names]
            problems += [f"{name}: {each!r}, expected some of {', '.join(known)}" for each in unknown]
        for name, floor in _FLOORS.items():
            value = getattr(self, name)
            ends = value if isinstance(value, tuple) else (value, None)
            if not (value is None and name != "batch") and not _is_range(ends, floor):
                expected = f"a whole number of at least {floor}, or a pair: the least and the most"
                problems.append(f"{name}: {value!r}, expected {expected}")
        problems += [
            f"{name}: {getattr(self, name)!r}, expected True or False"
            for name in _SWITCHES
            if not isinstance(getattr(self, name), bool)
        ]
        if self.magnitude is not None and not _is_magnitude(self.magnitude):
            expected = "a pair of positive numbers: the least and the largest entry that is not 0"
            problems.append(f"magnitude: {self.magnitude!r}, expected {expected}")
        for name in ("logit", "seconds"):
            value = getattr(self, name)
            if value is not None and not (_is_number(value) and value >= 0):
                problems.append(f"{name}: {value!r}, expected a number of at least 0")
        if problems:
            raise UsageError("limits: " + "; ".join(problems))

    def sizes(self, name: str) -> tuple[int, int | None]:
        """The least and the most that ``depth``, ``width`` or ``batch`` may be."""
        value, floor = getattr(self, name), 1 if name == "depth" or not self.empty else 0
        if isinstance(value, tuple):
            return max(value[0], floor), value[1]
        return (max(value, floor), None) if name == "batch" else (floor, value)


_LISTED = {"dtypes": DTYPES, "memory": MEMORY}
_FLOORS, _SWITCHES = {"depth": 1, "width": 1, "batch": 0}, ("empty", "biases", "integers", "infinite")


def _is_range(ends: Any, floor: int) -> bool:
    if len(ends) != len(("least", "most")):
        return False
    least, most = ends[0], ends[0] if ends[1] is None else ends[1]
    whole = all(isinstance(n, int) and not isinstance(n, bool) for n in (least, most))
    return whole and floor <= least <= most


def _is_magnitude(ends: Any) -> bool:
    pair = isinstance(ends, tuple) and len(ends) == len(("least", "largest"))
    return pair and all(map(_is_number, ends)) and 0 < ends[0] <= ends[1]


@dataclass(frozen=True)
class Conventions:
    """The declaration ``CONVENTIONS = backproof.Conventions(...)`` of a target. See ``FIELDS`` for every field."""

    layout: str = "features-first"
    weights: str = "out-in"
    reduction: str = "sum"
    labels: str = "distribution"
    relu_at_zero: float = 1
    unnormalised_labels: str = "derivative"
    accumulator: str = "dtype"
    intermediates: str = "dtype"
    arithmetic: str = "ieee"
    scale: Mapping[str, float | str] = field(default_factory=dict, hash=False)
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        """Raise ``UsageError`` naming every field that cannot be."""
        problems = [
            f"{name} is {getattr(self, name)!r}, expected one of {', '.join(row.values)}"
            for name, row in FIELDS.items()
            if row.values and getattr(self, name) not in row.values
        ]
        if not _is_number(self.relu_at_zero) or not 0 <= self.relu_at_zero <= 1:
            problems.append(f"relu_at_zero is {self.relu_at_zero!r}, expected a number in Clarke's [0, 1]")
        if not isinstance(self.scale, Mapping):
            problems.append(f"scale is {self.scale!r}, expected a dict such as {{'dW': -1}}")
        else:
            problems += [
                f"scale of {output} is {factor!r}, expected a number, batch or 1/batch, of one of {', '.join(OUTPUTS)}"
                for output, factor in self.scale.items()
                if output not in OUTPUTS or not (factor in SCALES or _is_number(factor))
            ]
            problems += [
                f"scale of {output} is 0, expected another factor: 0 makes every implementation right"
                for output, factor in self.scale.items()
                if factor == 0
            ]
        if not isinstance(self.limits, Limits):
            problems.append(f"limits is {self.limits!r}, expected backproof.Limits(...)")
        if problems:
            raise UsageError("conventions: " + "; ".join(problems))

    def declared(self) -> dict[str, Any]:
        """The fields that differ from the notes, as plain data."""
        changed = _changed(self, Conventions())
        if "limits" in changed:
            changed["limits"] = _changed(self.limits, Limits())
        if "scale" in changed:
            changed["scale"] = dict(self.scale)
        return changed


def _changed(record: Any, plain: Any) -> dict[str, Any]:
    pairs = ((f.name, getattr(record, f.name), getattr(plain, f.name)) for f in fields(record))
    return {name: list(value) if isinstance(value, tuple) else value for name, value, usual in pairs if value != usual}


def declarations(declared: Mapping[str, Any]) -> list[str]:
    """What ``Conventions.declared`` gives, each as ``declare`` takes it: ``limits=batch=2..8``."""
    return [line for name, value in declared.items() for line in _lines(name, value)]


def _lines(name: str, value: Any) -> list[str]:
    if isinstance(value, Mapping):
        return [f"{name}={line}" for inner, each in value.items() for line in _lines(inner, each)]
    if isinstance(value, list):
        apart = "," if name in _LISTED else ".."
        return [f"{name}={apart.join('' if each is None else str(each) for each in value)}"]
    return [f"{name}={('no', 'yes')[value] if isinstance(value, bool) else value}"]


def declare(conventions: Conventions, declarations: list[str]) -> Conventions:
    """``conventions`` with ``FIELD=VALUE`` declarations applied, as the command line takes them."""
    for declaration in declarations:
        name, equals, text = declaration.partition("=")
        if not equals or name not in FIELDS:
            msg = f"--declare {declaration!r}: expected FIELD=VALUE with FIELD one of {', '.join(FIELDS)}"
            raise UsageError(msg)
        changes: dict[str, Any]
        if name == "scale":
            output, _, factor = text.partition("=")
            number = factor if factor in SCALES else _number(declaration, factor)
            changes = {"scale": {**conventions.scale, output: number}}
        elif name == "limits":
            changes = {"limits": _limits(conventions.limits, text)}
        else:
            changes = {name: text if FIELDS[name].values else _number(declaration, text)}
        conventions = replace(conventions, **changes)
    return conventions


def _limits(limits: Limits, text: str) -> Limits:
    name, equals, value = text.partition("=")
    known = [f.name for f in fields(Limits)]
    if not equals or name not in known:
        msg = f"--declare limits={text}: expected limits=NAME=VALUE with NAME one of {', '.join(known)}"
        raise UsageError(msg)
    if name in _LISTED:
        listed: dict[str, Any] = {name: tuple(value.split(","))}
        return replace(limits, **listed)
    changes: dict[str, Any]
    if name in _SWITCHES:
        changes = {name: {"yes": True, "no": False}.get(value, value)}
    elif ".." in value:
        least, most = (_number(f"limits={text}", end) if end else None for end in value.split("..", 1))
        changes = {name: (_FLOORS.get(name, 0) if least is None else least, most)}
    else:
        changes = {name: _number(f"limits={text}", value)}
    return replace(limits, **changes)


def _number(declaration: str, text: str) -> float:
    with suppress(ValueError):
        return int(text)
    try:
        value = float(text)
    except ValueError:
        msg = f"--declare {declaration}: {text!r} is not a number"
        raise UsageError(msg) from None
    return int(value) if value.is_integer() else value
