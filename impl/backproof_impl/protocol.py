"""The line protocol between Backproof and a program that hosts a target: one JSON object a line, question and answer.

``start`` → ``started``, ``call`` → ``result``, ``unsupported`` or ``error``, ``stop``. Numbers travel as decimal
strings that read back exactly; hexadecimal floats and JSON numbers are understood too. Nothing received is evaluated.
"""

from __future__ import annotations

import json
import math
import re
from binascii import unhexlify
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import ml_dtypes
import numpy as np
from numpy import array, errstate, frombuffer, iinfo

from backproof_impl.calling import LONGEST_SAID, REAL, Answer, Call, Unlike
from backproof_impl.conventions import Conventions, Limits, Unloadable, UsageError
from backproof_impl.memory import MEMORY
from backproof_impl.seen import Place, Seen, arrays, is_array, plain
from backproof_impl.target import FUNCTIONS, Signature, Signatures

PROTOCOL = 1
LARGEST_LINE = 2**26
"""Bytes in one message; the largest the suite sends has a thousandth of it."""
_DTYPES: dict[str, Any] = {name: np.dtype(ml_dtypes.bfloat16 if name == "bfloat16" else name) for name in REAL}
_INTEGERS = {name for name in REAL if "int" in name}


class Malformed(Exception):
    """A message is not what the protocol says."""


# --- arrays -----------------------------------------------------------------------------------------------------------


def encoded(value: Any, memory: str = "contiguous") -> Any:
    """An array, a list of them, or ``Unlike``, as JSON data; ``memory`` where it is not contiguous."""
    if isinstance(value, list):
        return [encoded(entry, memory) for entry in value]
    if isinstance(value, Unlike):
        return {"unlike": value.kind, **({"expected": value.expected} if value.expected else {})}
    if value.dtype.name not in _DTYPES:
        return {"unlike": f"array of {value.dtype}"}
    flat = value.ravel()
    with errstate(all="ignore"):  # of signalling NaN
        numbers = map(str, flat.tolist()) if value.dtype.kind in "iu" else map(repr, flat.astype(float).tolist())
    data = {"dtype": value.dtype.name, "shape": list(value.shape), "data": list(numbers)}
    return data if memory == "contiguous" else {**data, "memory": memory}


def exact(value: Any, memory: str = "contiguous") -> Any:
    """The same with the bytes of its numbers, as they lie in the memory of this machine: to and from our own host."""
    if isinstance(value, list):
        return [exact(entry, memory) for entry in value]
    if not is_array(value) or value.dtype.name not in _DTYPES or not value.dtype.isnative:
        return encoded(value) if isinstance(value, Unlike) else {"unlike": type(value).__name__}
    A = plain(value)
    data = {"dtype": A.dtype.name, "shape": A.shape, "bytes": A.tobytes().hex()}
    return data if memory == "contiguous" else {**data, "memory": memory}


def decoded(where: str, data: Any) -> Any:
    """The array, or list of arrays, that ``data`` stands for. Raises ``Malformed`` naming ``where``."""
    if isinstance(data, list):
        return [_array(f"{where}[{k}]", entry) for k, entry in enumerate(data)]
    return _array(where, data)


def _array(where: str, data: Any) -> Any:
    if not isinstance(data, Mapping):
        msg = f"{where} is {_brief(data)}, expected an array: an object with dtype, shape and data"
        raise Malformed(msg)
    if "unlike" in data:
        return Unlike(str(data["unlike"]), data.get("expected") and str(data["expected"]))
    dtype, shape, numbers = (data.get(key) for key in ("dtype", "shape", "data"))
    if not isinstance(dtype, str) or dtype not in _DTYPES:
        msg = f"{where}: dtype is {_brief(dtype)}, expected one of {', '.join(_DTYPES)}"
        raise Malformed(msg)
    if not isinstance(shape, list) or not all(map(_is_size, shape)) or len(shape) > _MOST_DIMENSIONS:
        msg = f"{where}: shape is {_brief(shape)}, expected a list of sizes"
        raise Malformed(msg)
    sizes = tuple(map(int, shape))
    if "bytes" in data:
        return _from_bytes(where, data["bytes"], _DTYPES[dtype], sizes)
    if not isinstance(numbers, list) or len(numbers) != math.prod(sizes):
        got = f"{len(numbers)} numbers" if isinstance(numbers, list) else _brief(numbers)
        msg = f"{where}: data holds {got}, expected a flat list of {math.prod(sizes)} for shape {sizes}"
        raise Malformed(msg)
    read = _whole(dtype) if dtype in _INTEGERS else _real
    values = [read(f"{where}.data[{k}]", x) for k, x in enumerate(numbers)]
    with errstate(all="ignore"):
        return array(values, dtype="int64" if dtype in _INTEGERS else "float64").astype(_DTYPES[dtype]).reshape(sizes)


def _from_bytes(where: str, text: Any, dtype: Any, sizes: tuple[int, ...]) -> Any:
    try:
        return frombuffer(unhexlify(text), dtype).reshape(sizes).copy()
    except (TypeError, ValueError) as error:
        msg = f"{where}: bytes are not those of shape {sizes}: {error}"
        raise Malformed(msg) from None


_MOST_DIMENSIONS = 8
_LARGEST_SIZE = 2**31
_WHOLE = re.compile(r"-?[0-9]+", re.ASCII)
_REAL = re.compile(
    r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?|[+-]?(nan|inf|infinity)", re.ASCII | re.IGNORECASE
)
_HEXADECIMAL = re.compile(r"[+-]?0x[0-9a-f]*\.?[0-9a-f]*(p[+-]?[0-9]+)?", re.ASCII | re.IGNORECASE)


def _is_size(size: Any) -> bool:
    """A whole number; some languages write every number as 2.0."""
    return type(size) in {int, float} and 0 <= size < _LARGEST_SIZE and size == int(size)


def _whole(dtype: str) -> Callable[[str, Any], int]:
    least, largest = int(iinfo(dtype).min), int(iinfo(dtype).max)

    def read(where: str, x: Any) -> int:
        x = _integer(x)
        if type(x) is int or (isinstance(x, str) and len(x) < _LONGEST and _WHOLE.fullmatch(x)):
            value = int(x)
            if least <= value <= largest:
                return value
        msg = f"{where} is {_brief(x)}, expected a whole number from {least} to {largest}"
        raise Malformed(msg)

    return read


def _integer(x: Any) -> Any:
    """2 for 2.0: JSON knows one kind of number."""
    return int(x) if type(x) is float and x.is_integer() else x


def _real(where: str, x: Any) -> float:
    try:
        if type(x) in {int, float}:
            return float(x)
        if isinstance(x, str) and _REAL.fullmatch(x):
            return float(x)
        if isinstance(x, str) and _HEXADECIMAL.fullmatch(x):
            return float.fromhex(x)
    except (ValueError, OverflowError):
        pass  # 0x without digits; larger than any float64
    msg = f"{where} is {_brief(x)}, expected a number as a decimal string, nan, inf or -inf"
    raise Malformed(msg)


_LONGEST = 60


def _brief(value: Any) -> str:
    try:
        text = repr(value) if isinstance(value, str) else json.dumps(value)  # null and true, as in the message
    except RecursionError:
        text = "nested too deeply"
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


# --- messages ---------------------------------------------------------------------------------------------------------

_WRITER, _READER = json.JSONEncoder(ensure_ascii=True, separators=(",", ":")), json.JSONDecoder()
"""Made before any target is loaded: what a target makes of ``json`` is its own affair."""


def line(message: Mapping[str, Any]) -> bytes:
    """A message as one line."""
    return _WRITER.encode(message).encode() + b"\n"


def read(text: bytes) -> dict[str, Any]:
    """The message on a line. Raises ``Malformed``."""
    try:
        message = _READER.decode(text.decode())
    except (ValueError, RecursionError):
        msg = f"{_brief(text.decode('utf-8', 'replace').rstrip())} is not a JSON object on one line"
        raise Malformed(msg) from None
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        msg = f"{_brief(message)}: expected an object with a type, such as result"
        raise Malformed(msg)
    return message


def call_message(seq: int, call: Call, *, keep: bool, write: Callable[..., Any] = encoded) -> dict[str, Any]:
    """``call``: arrays with their place in memory, and whether the results of the calls before it must survive it."""
    found = {name: write(value, call.memory.get(name, "contiguous")) for name, value in call.arguments.items()}
    message = {"type": "call", "seq": seq, "function": call.function, "arrays": found}
    if call.options:
        message["options"] = {name: repr(value) for name, value in call.options.items()}
    return {**message, "keep": True} if keep else message


def read_call(message: Mapping[str, Any], signatures: Signatures = FUNCTIONS) -> Call:
    """The call in a message. Raises ``Malformed``."""
    function, found = message.get("function", ""), message.get("arrays")
    if function not in signatures or not isinstance(found, Mapping):
        msg = f"call of {_brief(function)}: expected one of {', '.join(signatures)}, and arrays"
        raise Malformed(msg)
    names = signatures[function].arguments
    missing = [name for name in names if name not in found]
    if missing:
        msg = f"call of {function}: the array {missing[0]} is missing"
        raise Malformed(msg)
    arguments = {name: decoded(name, found[name]) for name in names}
    options = {name: _option(name, value) for name, value in message.get("options", {}).items()}
    return Call(function, arguments, {name: _memory(found[name]) for name in arguments}, options=options)


def _option(name: str, value: Any) -> float:
    """A whole number where it is written as one."""
    return int(value) if isinstance(value, str) and _WHOLE.fullmatch(value) else _real(name, value)


def _memory(data: Any) -> str:
    first = data[0] if isinstance(data, list) and data else data
    asked = first.get("memory", "contiguous") if isinstance(first, Mapping) else "contiguous"
    return asked if asked in MEMORY else "contiguous"


def answer_message(seq: int, answer: Answer) -> dict[str, Any]:
    """The message that an answer of a Python target is sent as."""
    if answer.raised is not None:
        return {"type": "error", "seq": seq, "message": answer.raised}
    if answer.declined is not None:
        return {"type": "unsupported", "seq": seq, "reason": answer.declined}
    if answer.breach is not None:
        return {"type": "breach", "seq": seq, "message": answer.breach}
    if answer.seen is None:
        return {"type": "result", "seq": seq, "arrays": {name: encoded(A) for name, A in answer.outputs.items()}}
    seen = {
        "given": {name: exact(value) for name, value in answer.seen.given.items()},
        "places": answer.seen.places,
        "returned": answer.seen.returned,
        "kept": [exact(A) for A in answer.seen.kept],
    }
    return {
        "type": "result",
        "seq": seq,
        "arrays": {name: exact(A) for name, A in answer.outputs.items()},
        "seen": seen,
    }


def read_answer(seq: int, function: str, message: Mapping[str, Any], signatures: Signatures = FUNCTIONS) -> Answer:
    """The answer in a message. Raises ``Malformed``."""
    if message.get("seq") != seq:
        msg = f"seq is {_brief(message.get('seq'))}, expected {seq}, that of the call"
        raise Malformed(msg)
    kind = message["type"]
    if kind in {"error", "breach", "unsupported"}:
        key = "reason" if kind == "unsupported" else "message"
        said = " ".join(str(message.get(key, f"no {key} given"))[:LONGEST_SAID].split())
        fields: dict[str, Any] = {{"error": "raised", "breach": "breach", "unsupported": "declined"}[kind]: said}
        return Answer(**fields)
    found = message.get("arrays")
    if kind != "result" or not isinstance(found, Mapping):
        expected = "expected result with arrays, unsupported with reason, or error with message"
        msg = f"answer of type {_brief(kind)}: {expected}"
        raise Malformed(msg)
    names = signatures[function].outputs
    optional = {"loss", "dX"} if function == "network_gradients" else set()
    missing = [name for name in names if name not in found and name not in optional]
    if missing:
        held = _brief(", ".join(found)) if found else "nothing"
        msg = f"result of {function} holds {held}, expected {', '.join(names)}"
        raise Malformed(msg)
    return Answer({name: decoded(name, found[name]) for name in names if name in found})


def read_seen(message: Mapping[str, Any], sent: Iterable[str], outputs: Mapping[str, Any], earlier: int) -> Seen:
    """What our own host saw after a call, complete: of all that was ``sent``, came back now and ``earlier``."""
    try:
        seen = message["seen"]
        given = {name: decoded(name, seen["given"][name]) for name in sent}
        places = {name: [_place(each) for each in seen["places"][name]] for name in given}
        returned = {name: [_place(each) for each in seen["returned"][name]] for name in outputs}
        kept = [decoded(f"kept[{k}]", each) for k, each in enumerate(seen["kept"])]
    except (TypeError, LookupError, ValueError) as error:
        msg = f"what the host saw cannot be read: {type(error).__name__}: {error}"
        raise Malformed(msg) from None
    counted = [len(kept) == earlier, *(len(returned[name]) == len(arrays(outputs[name])) for name in outputs)]
    if not all(counted) or any(len(places[name]) != len(arrays(given[name])) for name in given):
        msg = "what the host saw is not complete: does the target change backproof_impl?"
        raise Malformed(msg)
    return Seen(given, places, returned, kept)


def _place(data: Any) -> Place:
    at, item, shape, strides = data
    return int(at), int(item), tuple(map(int, shape)), tuple(map(int, strides))


def start_message(source: str | None, further: Signatures) -> dict[str, Any]:
    """``start``: the functions of operations that the notes do not have, where there are any."""
    message: dict[str, Any] = {"type": "start", "protocol": PROTOCOL}
    if source is not None:
        message["source"] = source
    if further:
        message["operations"] = {
            name: {key: list(getattr(each, key)) for key in _SAID if getattr(each, key) or key in _SAID[:2]}
            for name, each in further.items()
        }
    return message


_SAID = ("arguments", "outputs", "options", "optional", "numbers")
"""What is said of a function."""


def read_further(message: Mapping[str, Any]) -> dict[str, Signature]:
    """The functions that ``start`` names."""
    return {
        name: Signature(own=True, **{key: tuple(data.get(key, ())) for key in _SAID})
        for name, data in message.get("operations", {}).items()
    }


def started_message(
    name: str, functions: list[str], conventions: Conventions, signatures: Signatures = FUNCTIONS
) -> dict[str, Any]:
    """The answer to ``start``."""
    declared = conventions.declared()
    message = {"type": "started", "protocol": PROTOCOL, "name": name, "functions": functions, "conventions": declared}
    own = {each: signatures[each] for each in functions if signatures[each].own}
    takes = {each: [*row.arguments, *row.options] for each, row in own.items()}
    return {**message, "takes": takes} if takes else message


def read_takes(who: str, message: Mapping[str, Any], further: Signatures) -> dict[str, Signature]:
    """What each function takes that ``start`` named: all its arguments and no option, where nothing else is said."""
    takes = message.get("takes", {})
    if not isinstance(takes, Mapping) or not all(
        name in further and isinstance(said, list) and all(isinstance(each, str) for each in said)
        for name, said in takes.items()
    ):
        msg = f"target {who}: takes is {_brief(takes)}, expected names of arguments and options for some functions"
        raise UsageError(msg)
    return {name: each.taken(takes.get(name, each.arguments)) for name, each in further.items()}


def read_started(
    who: str, message: Mapping[str, Any], table: Signatures = FUNCTIONS
) -> tuple[str, list[str], Conventions]:
    """Name, functions and conventions. Raises ``UsageError`` for what is of no use, else ``Malformed``."""
    if message["type"] == "refused":
        raise (Unloadable if message.get("unloadable") else UsageError)(str(message.get("message")))
    if message["type"] != "started":
        msg = f"the first answer is of type {_brief(message['type'])}, expected started"
        raise Malformed(msg)
    if message.get("protocol") != PROTOCOL:
        msg = f"target {who}: speaks protocol {_brief(message.get('protocol'))}, expected {PROTOCOL}"
        raise UsageError(msg)
    functions = message.get("functions", [])
    if not isinstance(functions, list):
        msg = f"target {who}: functions is {_brief(functions)}, expected a list of names"
        raise UsageError(msg)
    unknown = [name for name in functions if not isinstance(name, str) or name not in table]
    if unknown or not functions:
        offered = f"offers {_brief(unknown[0])}" if unknown else "offers no functions"
        msg = f"target {who}: {offered}, expected some of {', '.join(table)}"
        raise UsageError(msg)
    return str(message.get("name", who)), functions, read_conventions(who, message.get("conventions", {}))


def read_conventions(who: str, data: Any) -> Conventions:
    """The conventions declared as JSON data. Raises ``UsageError`` naming what is unknown or cannot be."""
    if not isinstance(data, Mapping):
        msg = f"target {who}: conventions is {_brief(data)}, expected an object"
        raise UsageError(msg)
    limits = data.get("limits", {})
    if not isinstance(limits, Mapping):
        msg = f"target {who}: conventions.limits is {_brief(limits)}, expected an object"
        raise UsageError(msg)
    for found, known in ((data, Conventions()), (limits, Limits())):
        unknown = [name for name in found if name not in vars(known)]
        if unknown:
            what = "limit" if found is limits else "convention"
            msg = f"target {who}: {_brief(unknown[0])} is no {what}; expected some of {', '.join(vars(known))}"
            raise UsageError(msg)
    tuples: dict[str, Any] = {
        name: tuple(map(_integer, value)) if isinstance(value, list) else _integer(value)
        for name, value in limits.items()
    }
    try:
        return Conventions(**{**data, "limits": Limits(**tuples)})
    except UsageError as error:
        msg = f"target {who}: {error}"
        raise UsageError(msg) from None
