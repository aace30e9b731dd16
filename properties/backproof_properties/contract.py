"""The contract of a call, whatever the values: inputs unchanged, exact structure, shape and dtype, no aliasing.

No broadcasting and no conversion is done for a target: what it returns is what is judged. Nor may it matter how
arguments lie in memory, or what was called before: see ``Usage``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, NoReturn

import numpy as np

from backproof_impl.calling import Answer, Call, Unlike, perform
from backproof_impl.target import FUNCTIONS, Signatures, Target
from backproof_properties.arrays import Array, Case
from backproof_properties.judge import Refuted
from backproof_properties.results import Finding

_LIKE: dict[str, dict[str, str]] = {
    "linear_vjp": {"dW": "W", "dY": "Y", "db": "b"},
    "relu": {"Y": "Z"},
    "relu_vjp": {"dZ": "Z"},
    "softmax": {"S": "Z"},
    "softmax_vjp": {"dZ": "Z"},
    "cross_entropy_vjp": {"dS": "S"},
    "softmax_cross_entropy_vjp": {"dZ": "Z"},
}
"""The argument whose dtype and shape an output has."""
_OF_NETWORKS = {"dX": "X", "dW": "weights", "db": "biases"}
"""Likewise, of a network."""


class Raised(Exception):
    """The target raised an exception instead of returning, or its process ended (``died``).

    ``overflow``: the exception is one that Python raises where a number overflows or is infinite.
    """

    def __init__(self, message: str, *, died: bool = False, overflow: bool = False) -> None:
        """Say what happened."""
        super().__init__(message)
        self.died, self.overflow = died, overflow


_OF_OVERFLOW = {"OverflowError", "FloatingPointError", "ValueError", "ZeroDivisionError"}
"""Raised by ``math.fsum``, NumPy under ``seterr(all="raise")``, ``math.log(0)``, 1/0, where others give inf or NaN."""


class Declined(Exception):
    """The target says that it does not handle this input."""


# --- usage ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Usage:
    """How a call is made: none of it may change the answer.

    ``memory`` is how the argument numbered ``argument`` lies in memory (all of them where there is no such number);
    ``integers`` hands that argument over as an array of int64. ``history`` makes other calls first, all or those
    numbered ``earlier``, ``stale`` the forward pass of other inputs; ``labels`` is the integer format of class numbers.
    """

    memory: str = "contiguous"
    argument: int = 0
    history: bool = False
    earlier: tuple[int, ...] | None = None
    labels: str = "int64"
    stale: bool = False
    integers: bool = False

    def concerned(self, function: str, signatures: Signatures = FUNCTIONS) -> tuple[str, ...]:
        """The arguments of ``function`` that ``memory`` and ``integers`` are about."""
        names = signatures[function].arguments
        return names[self.argument : self.argument + 1] or names

    def places(self, function: str, signatures: Signatures = FUNCTIONS) -> dict[str, str]:
        """How each argument of ``function`` lies in memory."""
        return dict.fromkeys(self.concerned(function, signatures), self.memory)

    def described(self, functions: tuple[str, ...], signatures: Signatures = FUNCTIONS) -> str | None:
        """In words, what is unusual about calls of these functions; None for the plain way."""
        arguments = [signatures[function].arguments for function in functions]
        given = {names[self.argument] for names in arguments if self.argument < len(names)}
        which = " and ".join(sorted(given)) or "every argument"
        labelled = any("P" in names for names in arguments)
        parts = [_IN_WORDS[self.memory].format(which)] if self.memory in _IN_WORDS else []
        parts += [f"{which} as int64"] if self.integers else []
        parts += [self._after()] if self.history else []
        parts += ["after a forward pass of other inputs"] if self.stale else []
        parts += [f"class numbers as {self.labels}"] if self.labels != "int64" and labelled else []
        return "; ".join(parts) or None

    def _after(self) -> str:
        every = "after calls with these and with other inputs"
        return every if self.earlier is None else in_words(len(self.earlier))


PLAIN = Usage()
_IN_WORDS = {
    "fortran": "{} in Fortran order",
    "strided": "{} a strided view",
    "reversed": "{} a view with negative strides",
    "read-only": "{} read-only",
    "broadcast": "{} with a stride of 0 where its values are equal",
    "shared": "one and the same array for equal arguments",
}


def in_words(number: int) -> str:
    """``after 2 earlier calls``; nothing after none."""
    return f"after {number} earlier call{'s' * (number != 1)}" if number else ""


def others(case: Case) -> Case:
    """Other inputs of the same shapes, just as valid: every array read backwards, and halved unless it holds labels."""

    def other(name: str, A: Any) -> Any:
        if not isinstance(A, np.ndarray):
            return A
        back: Any = (*(slice(None, None, -1) for _ in A.shape), ...)
        backwards = A[back]
        kept = name == "P" or A.dtype.kind in "iu"
        return backwards.copy() if kept else np.asarray(backwards * A.dtype.type(0.5), A.dtype)

    return {
        name: [other(name, A) for A in value] if isinstance(value, list) else other(name, value)
        for name, value in case.items()
    }


def calls(
    target: Target, function: str, case: Case, usage: Usage, other: Callable[[Case], Case] = others
) -> list[Call]:
    """The call, after those that usage asks for: forward and backward on these inputs and on ``other`` ones."""

    def one(name: str, inputs: Case) -> Call:
        signature = target.signatures[name]
        if signature.own:
            arguments = {each: inputs[each].copy() for each in signature.arguments}
            options = {each: _option(inputs[each]) for each in signature.options}
            return Call(name, arguments, usage.places(name, target.signatures), options=options)
        arguments = {each: target.arranged(each, inputs[each]) for each in signature.arguments}
        if target.conventions.labels == "index" and "P" in arguments:
            arguments["P"] = arguments["P"].astype(usage.labels)
        for each in usage.concerned(name) if usage.integers else ():
            arguments[each] = _as_integers(arguments[each])
        return Call(name, arguments, usage.places(name))

    forward = function.removesuffix("_vjp")
    alone = forward == function or forward in target.died or forward not in target.functions
    before = [] if alone else [forward]
    made = (
        [one(name, inputs) for inputs in (case, other(case)) for name in (*before, function)] if usage.history else []
    )
    if usage.earlier is not None:
        made = [made[k] for k in usage.earlier if k < len(made)]
    made += [one(name, other(case)) for name in before] if usage.stale else []
    return [*made, one(function, case)]


def _option(value: Any) -> float:
    """A parameter, as a target is given it."""
    return int(value) if value.denominator == 1 else float(value)


def _as_integers(value: Any) -> Any:
    return [_as_integers(entry) for entry in value] if isinstance(value, list) else value.astype(np.int64)


class Trace:
    """The calls that a check makes, in their order, and which of their arguments are outputs of earlier ones.

    ``like``: what the last one has to return, of an operation that is none of the notes'.
    """

    def __init__(self) -> None:
        """No call was made yet."""
        self.calls: list[Call] = []
        self.like: Like | None = None
        self._outputs: list[tuple[Any, tuple[int, str]]] = []

    def made(self, calls: list[Call], case: Case) -> None:
        """These calls were made, the last of them on ``case``."""
        taken = {name: place for name, value in case.items() for output, place in self._outputs if output is value}
        self.calls += [*calls[:-1], replace(calls[-1], taken=taken)]

    def returned(self, wanted: str, value: Any) -> None:
        """The last call returned this: who is given it is given an output."""
        self._outputs.append((value, (len(self.calls) - 1, wanted)))

    def after(self, number: int) -> list[Call]:
        """The calls, after so many others."""
        return [
            replace(call, taken={name: (k + number, output) for name, (k, output) in call.taken.items()})
            for call in self.calls
        ]


# --- the call ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Like:
    """The shape and dtype that an output must have, and what makes other inputs, as valid, of the same shapes."""

    shape: tuple[int, ...]
    dtype: Any
    other: Callable[[Case], Case]


def call(
    target: Target,
    function: str,
    case: Case,
    wanted: str,
    usage: Usage = PLAIN,
    trace: Trace | None = None,
    like: Like | None = None,
) -> Any:
    """The output ``wanted`` of ``function`` on ``case``, in canonical layout, after checking the contract of the call.

    ``like``: what it has to be, of an operation that is none of the notes'.
    For networks ``dW`` and ``db`` are lists. Returns None for an optional output that is not offered.
    Raises ``Refuted`` where the contract is broken, ``Raised`` where the target raised, ``Declined`` where it declines.
    """
    other = others if like is None else like.other
    made = calls(target, function, case, usage, other)
    last, answer = perform(target, made)
    if answer.died:
        target.died.add(last.function)
    elif usage.integers and (answer.raised or answer.declined):  # to refuse arrays of integers is no wrong answer
        return call(target, function, case, wanted, replace(usage, integers=False), trace, like)
    if last.function != function and (answer.raised or answer.breach):  # the forward pass is another claim's affair
        usage = replace(usage, history=False, stale=False)
        made = calls(target, function, case, usage, other)
        last, answer = perform(target, made)
    if trace is not None:
        trace.made(made, case)
        trace.like = like
    _require_answer(function, answer)
    _require_no_side_effects(function, wanted, answer)
    value = answer.outputs.get(wanted)
    if like is not None:
        return _own(f"{function}.{wanted}", wanted, value, like, number=wanted in target.signatures[function].numbers)
    if usage.integers:
        value = _unpromoted(value, case[FUNCTIONS[function].arguments[-1]].dtype)
    if wanted in {"L", "loss"}:
        return None if value is None else _number(f"{function}.{wanted}", value)
    expected = wanted_of(function, case, wanted)
    if isinstance(expected, list):
        return _layers(target, value, wanted, expected)
    if value is None and function == "network_gradients":
        return None
    return _array(target, f"{function}.{wanted}", wanted, value, expected.shape, expected.dtype)


def wanted_of(function: str, case: Case, wanted: str) -> Any:
    """An array of the shape and dtype that an output of the notes' functions has, or a list of them."""
    if wanted in {"L", "loss"}:
        return np.zeros((), case["P"].dtype)
    if function == "network_gradients":
        return case[_OF_NETWORKS[wanted]]
    if function == "linear":
        return np.zeros((case["W"].shape[0], case["Y"].shape[1]), case["W"].dtype)
    return case[_LIKE[function][wanted]]


def _require_answer(function: str, answer: Answer) -> None:
    if answer.declined is not None:
        raise Declined(answer.declined)
    if answer.raised is not None:
        msg = f"{function}: {'' if answer.died else 'raised '}{answer.raised}"
        overflow = answer.raised.partition(":")[0] in _OF_OVERFLOW and not answer.died
        raise Raised(msg, died=answer.died, overflow=overflow) from answer.error


def _unpromoted(value: Any, dtype: Any) -> Any:
    """Of integers and numbers of ``dtype`` NumPy makes a wider format: admitted, and rounded back to ``dtype``."""
    if isinstance(value, list):
        return [_unpromoted(entry, dtype) for entry in value]
    if isinstance(value, np.ndarray) and value.dtype.kind == "f" and np.can_cast(dtype, value.dtype):
        with np.errstate(all="ignore"):
            return value.astype(dtype)
    return value


def _refuse(message: str, wanted: str) -> NoReturn:
    raise Refuted(Finding(message, wanted, {}))


def _require_no_side_effects(function: str, wanted: str, answer: Answer) -> None:
    if answer.breach is not None:
        _refuse(f"{function}: {answer.breach}", wanted)
    for name in answer.changed:
        _refuse(f"{function}: changed its argument {name} in place; expected inputs to stay as they were", wanted)
    if wanted in answer.aliased:
        shared = f"shares memory with the argument {answer.aliased[wanted]}"
        _refuse(f"{function}.{wanted}: {shared}: who changes one changes the other; expected memory of its own", wanted)
    if wanted in answer.overwritten:
        kept = "an earlier call's result changed when it was called again"
        _refuse(f"{function}.{wanted}: {kept}; expected every result to have memory of its own", wanted)


def _array(target: Target, name: str, kind: str, value: Any, expected: tuple[int, ...], dtype: Any) -> Any:
    """``value`` in canonical layout, if it is an array of the expected shape and dtype."""
    transposed = target.transposes(kind)
    wanted = expected[::-1] if transposed else expected
    if isinstance(value, Unlike | list):
        unlike = value if isinstance(value, Unlike) else Unlike("list")
        _refuse(f"{name}: {unlike.against(f'a NumPy array of {dtype}, shape {wanted}')}", name)
    if value.shape != wanted:
        hint = ": is the result transposed?" if value.shape == wanted[::-1] else ""
        like = f" = shape of {kind[1:]}" if kind.startswith("d") else ""
        _refuse(f"{name}: shape {value.shape}, expected {wanted}{like}{hint}", name)
    if value.dtype != dtype:
        _refuse(f"{name}: dtype {value.dtype}, expected {dtype}, that of the inputs", name)
    return value.T if transposed else value


def _own(name: str, wanted: str, value: Any, like: Like, *, number: bool) -> Any:
    """``value`` if it is what an output of an operation has to be; one that is one number may have any format."""
    if number:
        return _number(name, value, wanted)
    expected = f"a NumPy array of {like.dtype}, shape {like.shape}"
    if isinstance(value, Unlike | list):
        unlike = value if isinstance(value, Unlike) else Unlike("list")
        _refuse(f"{name}: {unlike.against(expected)}", wanted)
    if value.shape != like.shape:
        hint = ": is the result transposed?" if value.shape == like.shape[::-1] else ""
        _refuse(f"{name}: shape {value.shape}, expected {like.shape}{hint}", wanted)
    if value.dtype != like.dtype:
        _refuse(f"{name}: dtype {value.dtype}, expected {like.dtype}, that of the inputs", wanted)
    return value


def _number(name: str, value: Any, wanted: str = "L") -> Any:
    """A loss as an array of shape (): one real number."""
    got = value.kind if isinstance(value, Unlike) else "list" if isinstance(value, list) else f"shape {value.shape}"
    if not isinstance(value, np.ndarray) or value.shape != ():
        _refuse(f"{name}: {got}, expected one real number{': the loss' * (wanted == 'L')}", wanted)
    return value


def _layers(target: Target, value: Any, wanted: str, originals: list[Array]) -> list[Any]:
    name = f"network_gradients.{wanted}"
    if not isinstance(value, list) or len(value) != len(originals):
        got = f"{len(value)} entries" if isinstance(value, list) else getattr(value, "kind", "one array")
        _refuse(f"{name}: got {got}, expected a list of {len(originals)} arrays, one for each layer", wanted)
    return [
        _array(target, f"{name}[{k}]", wanted, entry, original.shape, original.dtype)
        for k, (entry, original) in enumerate(zip(value, originals, strict=True))
    ]
