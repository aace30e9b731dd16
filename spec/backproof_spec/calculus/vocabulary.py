"""The functions that a statement may use, those that it may not, and what may have been meant by a name."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

FUNCTIONS = ("exp", "log", "relu", "step")
NAME = r"[^\W\d_](?:[^\W_]|_(?=[^\W_]))*"
"""A letter, then letters and digits, and between them single underscores."""

WRITTEN = {
    "tanh": "tanh(x) = (exp(x)-exp(-x))/(exp(x)+exp(-x))",
    "sinh": "sinh(x) = (exp(x)-exp(-x))/2",
    "cosh": "cosh(x) = (exp(x)+exp(-x))/2",
    **dict.fromkeys(("sigmoid", "logistic"), "sigmoid(x) = 1/(1+exp(-x))"),
    **dict.fromkeys(("silu", "swish"), "silu(x) = x/(1+exp(-x))"),
    "softplus": "softplus(x) = log(1+exp(x))",
    "softmax": "softmax(x)[i] = exp(x[i])/sum_k exp(x[k])",
    "logsumexp": "logsumexp(x) = log(sum_k exp(x[k]))",
    "sum": "a sum is sum_i x[i]",
    "mean": "mean(x) = sum_i x[i]/size(i)",
    "sqrt": "sqrt(x) = exp(log(x)/2) where x > 0",
    "ln": "ln(x) = log(x)",
    "square": "x^2 is a square",
    "abs": "abs(x) = relu(x)+relu(-x)",
    "sign": "sign(x) = step(x)-step(-x)",
    "heaviside": "heaviside(x) = step(x)",
    "max": "max(x,y) = y+relu(x-y)",
    "min": "min(x,y) = y-relu(y-x)",
}
"""Functions that everybody knows and that are not there, by their names in small letters, and how each is written."""
ABSENT = frozenset(
    (
        *WRITTEN,
        *(
            "sin",
            "cos",
            "tan",
            "asin",
            "acos",
            "atan",
            "arcsin",
            "arccos",
            "arctan",
            "erf",
            "gelu",
            "elu",
            "leaky_relu",
        ),
        *("norm", "prod", "pow", "floor", "ceil", "round", "argmax", "argmin", "transpose", "trace", "det", "gamma"),
    )
)
"""The same, with those for which there is no short way to write them."""

_APPLIED = re.compile(rf"({NAME})(?=\s*(?:\[[^\]]*\]\s*)?\(|')")
_TORN = re.compile(r"([^\W\d_]\w*)\s*(?:\[[^\]]*\]\s*)?\([^()]*$")


def absent(line: str) -> tuple[int, str] | None:
    """The column, from 1, of a function that is not there, and what to write; a map may have any other name."""
    for found in _APPLIED.finditer(line.partition("#")[0]):
        name, known = found[1], found[1].lower()
        if name not in FUNCTIONS and known in {*ABSENT, *FUNCTIONS}:
            written = f": write {known}" if known in FUNCTIONS else f"; {WRITTEN[known]}" if known in WRITTEN else ""
            return found.start() + 1, f"there is no function {name}, only {_FUNCTIONS}{written}"
    return None


_HINTS = (
    (r"<|≤", ": write b > a for a < b, and b >= a for a <= b"),
    (r"(?<=\*)\*", ": a power is x^2"),
    (r"(?<=\^)[^\W\d]", ": a power is a whole number, as in x^2"),
    (r"(?<=\d)[eE][-+\d]|\.\d", ": numbers are written 0.5 and 0.00001"),
    (r"(?<=\d)[^\W\d]", ": a product is 2*x"),
)
"""What is said of signs, where a line cannot be read on, that are written otherwise here."""


def torn(before: str, after: str) -> str:
    """What to say of a line that cannot be read on after ``before``: f(x[i]), perhaps, or a sign that is not there."""
    for pattern, hint in _HINTS:
        if re.compile(pattern).match(before + after, len(before)):
            return hint
    found = _TORN.search(before)
    if found is None or found[1] in {*FUNCTIONS, "size"} or found[1].startswith("sum_"):
        return ""
    return f": {found[1]} is a map, of a whole tensor by its name, as in {found[1]}(Z); the functions are {_FUNCTIONS}"


_FUNCTIONS = f"{', '.join(FUNCTIONS[:-1])} and {FUNCTIONS[-1]}"


def meant(name: str, known: Iterable[str]) -> str:
    """Did you mean …?"""
    names = sorted(known)
    like = [each for each in names if each.lower() == name.lower()]
    like += [each for each in difflib.get_close_matches(name, names) if each not in like]
    return f": did you mean {' or '.join(like)}?" if like else f", where there are {', '.join(names) or 'no names'}"
