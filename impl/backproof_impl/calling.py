"""Calling a target's functions, and seeing what a call does besides returning.

Arguments lie in memory as asked. Noticed are arguments changed in place, outputs that share memory with an argument,
and outputs of earlier calls that a later call overwrites: see ``seen``. What is looked at is memory: of an array of any
class the numbers that lie there, by functions taken from NumPy before any target was loaded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias
from warnings import catch_warnings, simplefilter

import numpy as np
from numpy import asarray, errstate
from numpy.ma import MaskedArray, is_masked

from backproof_impl.memory import placed
from backproof_impl.seen import Kept, Ledger, Seen, is_array, native, plain
from backproof_impl.target import Signature, Target

Array: TypeAlias = np.ndarray[Any, Any]

REAL = ("float16", "float32", "float64", "int64", "int32", "uint8", "bfloat16")
"""The dtypes that are read, in either byte order."""
_LARGEST, _MOST_DIMENSIONS = 2**21, 8


@dataclass(frozen=True)
class Call:
    """A function's name, its arguments by name in the target's own layout, and how they lie in memory (contiguous).

    ``taken`` says of an argument that was an output of an earlier call of the same sequence which: (call, output).
    ``options`` are numbers, handed over by keyword.
    """

    function: str
    arguments: Mapping[str, Any]
    memory: Mapping[str, str] = field(default_factory=dict)
    taken: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    options: Mapping[str, float] = field(default_factory=dict)

    def placed(self) -> dict[str, Any]:
        """The arguments as fresh arrays, each in memory as asked."""
        return placed(self.arguments, self.memory)


@dataclass(frozen=True)
class Unlike:
    """What came where an array was expected, and what that was where the contract alone does not say it, in words."""

    kind: str
    expected: str | None = None

    def against(self, contract: str) -> str:
        """``returned list, expected …``: what the contract asks for, unless something else was expected."""
        return f"returned {self.kind}, expected {self.expected or contract}"


@dataclass(frozen=True)
class Answer:
    """What one call gave: outputs by name (arrays, lists of arrays, or ``Unlike``), or why there are none.

    ``breach`` says how the result as a whole breaks the contract, ``raised`` what the target raised instead of
    returning (``error``, where that was in this process), ``declined`` its reason not to answer. ``died`` is true when
    it hung or its process ended. ``seen`` is what lay where after the call, until it is ``judged``.
    """

    outputs: Mapping[str, Any] = field(default_factory=dict)
    changed: tuple[str, ...] = ()
    aliased: Mapping[str, str] = field(default_factory=dict)
    overwritten: tuple[str, ...] = ()
    breach: str | None = None
    raised: str | None = None
    declined: str | None = None
    died: bool = False
    error: BaseException | None = None
    seen: Seen | None = None

    def judged(self, sent: Call, ledger: Ledger) -> Answer:
        """The same with what the call did to memory, by what was sent and came back."""
        if self.seen is None:
            return self
        changed, aliased, overwritten = ledger.judged(sent.arguments, self.outputs, self.seen)
        return replace(self, changed=changed, aliased=aliased, overwritten=overwritten, seen=None)


def perform(target: Target, calls: Sequence[Call]) -> tuple[Call, Answer]:
    """Make the calls in their order: the last and its answer, or the first that gave none."""
    kept, ledger = Kept(), Ledger()

    def here(each: Call, *, keep: bool) -> Answer:  # noqa: ARG001 - a sequence of its own: all of it is kept
        return call(target, each, kept).judged(each, ledger)

    each, answer = calls[0], Answer()
    for number, each in enumerate(calls):
        answer = (target.elsewhere or here)(each, keep=number > 0)
        target.made.append(each)
        if answer.raised is not None or answer.breach is not None or answer.declined is not None:
            break
    return each, answer


def call(target: Target, each: Call, kept: Kept) -> Answer:
    """One call. Whatever the target raises, ``SystemExit`` and a test framework's skip included, is an answer.

    ``NotImplementedError`` is how a Python function says that it does not handle these inputs.
    """
    arguments = each.placed()
    try:
        with errstate(all="ignore"), catch_warnings():
            simplefilter("ignore")
            result = target.functions[each.function](*map(_scalar, arguments.values()), **each.options)
            outputs = _named(each.function, target.signatures[each.function], result)
    except KeyboardInterrupt:
        raise
    except _Breach as breach:
        return Answer(breach=str(breach))
    except NotImplementedError as error:
        return Answer(declined=words(error) or "NotImplementedError")
    except BaseException as error:  # noqa: BLE001 - see above
        return Answer(raised=described(error), error=error)
    seen = kept.seen(arguments, outputs)
    return Answer({name: _native(value) for name, value in outputs.items()}, seen=seen)


def _scalar(value: Any) -> Any:
    """A number as NumPy's arithmetic gives it, not as an array without axes."""
    return value[()] if is_array(value) and value.ndim == 0 else value


def described(error: BaseException) -> str:
    """``ValueError: no such shape``."""
    said = words(error)
    return f"{type(error).__name__}: {said}"[:LONGEST_SAID] if said else type(error).__name__


def words(error: BaseException) -> str:
    """What an exception says, on one line; it may not even be able to."""
    try:
        return " ".join(str(error)[:LONGEST_SAID].split())
    except Exception:  # noqa: BLE001 - its __str__ is the target's
        return "(what it says cannot be read)"


LONGEST_SAID = 1000


class _Breach(Exception):
    """The result as a whole has not the structure of the contract."""


def _named(function: str, signature: Signature, result: Any) -> dict[str, Any]:
    """The outputs by name; of a network's those that are offered."""
    names, numbers = signature.outputs, signature.numbers
    if function == "network_gradients":
        if not isinstance(result, Mapping):
            msg = f"returned {type(result).__name__}, expected a dict with dW, db and perhaps loss, dX"
            raise _Breach(msg)
        found = {name: result.get(name) for name in names}
        offered = {name: value for name, value in found.items() if value is not None or name in {"dW", "db"}}
        return {
            name: _read_list(v) if name in {"dW", "db"} else _read(v, number=name in numbers)
            for name, v in offered.items()
        }
    if len(names) == 1:
        return {names[0]: _read(result, number=names[0] in numbers)}
    if not isinstance(result, tuple | list) or len(result) != len(names):
        got = f"{len(result)} values" if isinstance(result, tuple | list) else type(result).__name__
        msg = f"returned {got}, expected a tuple: {', '.join(names)}"
        raise _Breach(msg)
    return {name: _read(value, number=name in numbers) for name, value in zip(names, result, strict=True)}


def _read_list(value: Any) -> Any:
    if not isinstance(value, list | tuple):
        return Unlike(type(value).__name__)
    return [_read(entry, number=False) for entry in value]


def _read(value: Any, *, number: bool) -> Any:
    """The numbers that lie in the memory of ``value``, if it is an array of them; a loss may be any one real number."""
    if issubclass(type(value), MaskedArray) and is_masked(value):
        return Unlike("an array with masked entries")
    if number:
        try:
            value = asarray(value)
        except Exception as error:  # noqa: BLE001 - a target's object may raise anything
            return Unlike(f"{type(value).__name__} that NumPy cannot read ({type(error).__name__})")
    if not is_array(value):
        return value if isinstance(value, Unlike) else Unlike(type(value).__name__)
    A = plain(value)
    if A.dtype.name not in REAL:
        return Unlike(f"array of {A.dtype}")
    if A.size > _LARGEST or A.ndim > _MOST_DIMENSIONS:
        return Unlike(f"array of shape {A.shape}")
    return A


def _native(value: Any) -> Any:
    return (
        [_native(entry) for entry in value] if isinstance(value, list) else native(value) if is_array(value) else value
    )
