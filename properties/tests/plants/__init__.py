"""The suite tests itself: copies of the reference implementation with exactly one thing changed.

``mistakes``  each must be refused, at the claims named; one file per operation, ``arguments`` and ``usage``
``unusual``   each is correct though unlike the reference, and must be accepted under its own declaration

A plant is a list of edits of the source of ``reference.py``; each old text must stand there exactly once, so a plant
cannot go stale in silence. The result is a file like any user's: it imports NumPy, and ``backproof`` to declare.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from backproof_impl import reference
from backproof_impl.target import FUNCTIONS

Edit = tuple[str, str]


@dataclass(frozen=True)
class Plant:
    """A changed copy of the reference: its name, what was done, the edits, the claims that must refuse it, and why.

    ``cause`` is what the diagnosis must name at the first of those claims; where it can name none ``unnamed`` says why.
    ``examples`` and ``dtype`` are what it takes to find it there. ``largest`` is the most numbers its counterexample
    may hold, zeros and labels included: more than the usual 16 only where fewer cannot show it. A ``slow`` one, whose
    kind others show faster, is left to the deep run of the tests.
    """

    name: str
    what: str
    edits: tuple[Edit, ...]
    refused: tuple[str, ...] = ()
    cause: str = ""
    unnamed: str = ""
    examples: int = 20
    dtype: str = "float64"
    largest: int = 16
    slow: bool = False

    def source(self) -> str:
        """The text of the changed copy. Raises ``ValueError`` where an edit no longer fits the reference."""
        text = _reference()
        for old, new in self.edits:
            if text.count(old) != 1:
                msg = f"planted {self.name}: {old!r} stands {text.count(old)} times in reference.py, expected once"
                raise ValueError(msg)
            text = text.replace(old, new)
        return text

    def touched(self) -> frozenset[str]:
        """The functions of a target that run anything changed: the others cannot tell the copy from the reference."""
        before, after = _definitions(_reference()), _definitions(self.source())
        changed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
        return frozenset(name for name in FUNCTIONS if "" in changed or _reached(name, after) & changed)


def _reference() -> str:
    return Path(reference.__file__).read_text(encoding="utf-8")


def _definitions(text: str) -> dict[str, str]:
    """The source of each function; under the empty name what stands outside them and decides how all are read."""
    found: dict[str, str] = {"": ""}
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef):
            found[node.name] = ast.unparse(node)
        elif isinstance(node, ast.Assign) and "CONVENTIONS" in ast.unparse(node.targets[0]):
            found[""] += ast.unparse(node)
    return found


def _reached(name: str, definitions: Mapping[str, str]) -> set[str]:
    """``name`` and every function it calls, directly or not."""
    reached, waiting = set(), [name]
    while waiting:
        current = waiting.pop()
        reached.add(current)
        names = {node.id for node in ast.walk(ast.parse(definitions[current])) if isinstance(node, ast.Name)}
        waiting += (names & definitions.keys()) - reached
    return reached


SHAPES_SHOWN = "the message gives the shapes"
RAISE_SHOWN = "the exception is shown"
CANCELLED = "what is left of a cancellation follows no formula"

# --- what the edits replace -------------------------------------------------------------------------------------------

IMPORT = "import numpy as np\n"
PRODUCT = "return (A @ B).astype(np.result_type(A, B), copy=False)"
LINEAR = "return _product(W, Y) + b[:, None]"
LINEAR_VJP = "return _product(dZ, Y.T), _product(W.T, dZ), dZ.sum(axis=1)"
RELU = "return np.maximum(Z, 0)"
RELU_VJP = "return dY * (Z >= 0)"
SOFTMAX = "E = np.exp(Z - Z.max(axis=0))\n    return E / E.sum(axis=0)"
ONLINE = (
    "top, total = Z[0], np.ones_like(Z[0])\n"
    "    for row in Z[1:]:\n"
    "        higher = np.maximum(top, row)\n"
    "        total = total * np.exp(top - higher) + np.exp(row - higher)\n"
    "        top = higher\n"
    "    return np.exp(Z - top) / total"
)
"""Softmax in one pass over the classes; (−inf) − (−inf) where the first two are masked."""
SOFTMAX_VJP = "S = softmax(Z)\n    return S * (dS - (S * dS).sum(axis=0))"
LOSS = (
    'labelled = P != 0\n    with np.errstate(divide="ignore"):\n'
    "        return -(P[labelled] * np.log(S[labelled])).sum()"
)
LOSS_VJP = (
    'with np.errstate(divide="ignore", over="ignore"):\n'
    "        return -np.divide(P, S, out=np.zeros_like(S), where=P != 0)"
)
LOG_SOFTMAX = "shifted = Z - Z.max(axis=0)\n    log_S = shifted - np.log(np.exp(shifted).sum(axis=0))"
FUSED_LOSS = "labelled = P != 0\n    return -(P[labelled] * log_S[labelled]).sum()"
FUSED = "return softmax(Z) * P.sum(axis=0) - P"
FORWARD_STEP = "Zs.append(linear(W, Ys[-1], b))\n        Ys.append(relu(Zs[-1]))"
BACKWARD_START = "dZ = softmax_cross_entropy_vjp(Zs[-1], P)"
BACKWARD_LINEAR = "dW, dY, db = linear_vjp(weights[layer], Ys[layer], biases[layer], dZ)"
BACKWARD_STEP = "if layer > 0:\n            dZ = relu_vjp(Zs[layer - 1], dY)"
RESULT = 'return {"loss": softmax_cross_entropy(Zs[-1], P), "dX": dY, "dW": dWs[::-1], "db": dbs[::-1]}'


def lines(*text: str) -> str:
    """Lines of a function's body, as they stand in the reference."""
    return "\n    ".join(text)


def top(*text: str) -> Edit:
    """Lines at the top of the file."""
    return (IMPORT, "\n".join((IMPORT, *text, "")))


def linear_vjp(
    *before: str, dW: str = "_product(dZ, Y.T)", dY: str = "_product(W.T, dZ)", db: str = "dZ.sum(axis=1)"
) -> Edit:
    """The vjp of the linear layer with lines before it, or with another expression for an output."""
    return (LINEAR_VJP, lines(*before, f"return {dW}, {dY}, {db}"))


def declared(arguments: str) -> Edit:
    """A declaration of conventions, at the top of the file."""
    return top("import backproof", "", f"CONVENTIONS = backproof.Conventions({arguments})")


_ONE_HOT = "P = np.eye(len({0}), dtype={0}.dtype)[:, P]"
CLASS_NUMBERS: tuple[Edit, ...] = (
    (LOSS, lines(_ONE_HOT.format("S"), LOSS)),
    (LOSS_VJP, lines(_ONE_HOT.format("S"), LOSS_VJP)),
    (LOG_SOFTMAX, lines(_ONE_HOT.format("Z"), LOG_SOFTMAX)),
)
"""The losses take class numbers for labels; their fused gradient is left to the plant."""
