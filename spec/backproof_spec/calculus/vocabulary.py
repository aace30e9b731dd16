"""The functions that a statement may use, those that it may not, and what may have been meant by a name."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator

FUNCTIONS = ("exp", "log", "relu", "step")
_LETTERS = "A-Za-zΑ-Ωα-ωϑϕϖϰϱϵ"
NAME = rf"[{_LETTERS}](?:[{_LETTERS}0-9]|_(?=[{_LETTERS}0-9]))*"
"""A letter, ASCII or Greek, then letters and ASCII digits, and between them single underscores."""
_ALIKE = str.maketrans("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧινκορυϑϕϖϰϱϵς", "ABEZHIKMNOPTYXivkopuθφπκρεσ")
"""Letters that read as another one: the same shape in common fonts, or the same letter in another."""

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


def unreadable(line: str) -> tuple[int, str] | None:
    """The column, from 1, of a character that reads as another or as none, and what to write."""
    for column, sign in enumerate(line, 1):
        kind, digit = unicodedata.category(sign), unicodedata.digit(sign, None)
        called = f"{sign!a}, {unicodedata.name(sign, 'a control character').lower()}"
        if kind in {"Cf", "Cc", "Zl", "Zp"} and sign != "\t":
            return column, f"{called}, is not seen: leave it out"
        if "#" in line[:column] or kind[0] not in "LNM" or re.match(rf"[{_LETTERS}0-9]", sign):
            continue
        if digit is not None:
            return column, f"{sign} is no digit here: write x^{digit} for the power x{sign}, and x{digit} for a name"
        return column, f"{sign}  ({called}): names are of the letters A-Z, a-z, Α-Ω, α-ω, without marks, 0-9 and _"
    return None


def confusable(lines: Iterable[str]) -> tuple[int, int, str] | None:
    """The line and column, from 1, of a name that reads as one before it, and what to do."""
    alike: defaultdict[str, list[str]] = defaultdict(list)
    for number, column, name in _named(lines):
        before = alike[name.translate(_ALIKE)]
        if name not in before and before:
            letters = next((a, b) for a, b in zip(name, before[0], strict=True) if a != b)
            this, other = (f"{each} is {unicodedata.name(each).lower()}" for each in letters)
            return number, column, f"{name} reads as {before[0]}, which is another name: {this}, {other}; rename one"
        before.append(name)
    return None


def _named(lines: Iterable[str]) -> Iterator[tuple[int, int, str]]:
    """Every name in every line, the indices of sums too."""
    for number, line in enumerate(lines, 1):
        for found in re.finditer(NAME, re.sub(r"\bsum_", "    ", line.partition("#")[0])):
            yield number, found.start() + 1, found[0]


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
