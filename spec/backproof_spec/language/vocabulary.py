"""The letters that names are of, the functions that there are not, and what may have been meant by a name."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator

from backproof_spec.language.functions import FUNCTIONS, REDUCTIONS

_LETTERS = "A-Za-zΑ-Ωα-ωϑϕϖϰϱϵ"
NAME = rf"[{_LETTERS}](?:[{_LETTERS}0-9]|_(?=[{_LETTERS}0-9]))*"
"""A letter, ASCII or Greek, then letters and ASCII digits, and between them single underscores."""
_ALIKE = str.maketrans("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧινκορυϑϕϖϰϱϵς", "ABEZHIKMNOPTYXivkopuθφπκρεσ")
"""Letters that read as another one: the same shape in common fonts, or the same letter in another."""
_REDUCTION = re.compile(rf"\b({'|'.join(REDUCTIONS)})_")

WRITTEN = {
    "tan": "tan(x) = sin(x)/cos(x)",
    "sinh": "sinh(x) = (exp(x)-exp(-x))/2",
    "cosh": "cosh(x) = (exp(x)+exp(-x))/2",
    "logistic": "logistic(x) = sigmoid(x)",
    **dict.fromkeys(("silu", "swish"), "silu(x) = x*sigmoid(x)"),
    "gelu": "gelu(x) = x*(1+erf(x/sqrt(2)))/2",
    "elu": "elu(x) = relu(x)+exp(-relu(-x))-1",
    "leaky_relu": "leaky_relu(x) = relu(x)-a*relu(-x)",
    **{name: f"it is over an index, {name}_i x[i]" for name in ("sum", "mean", "softmax", "logsumexp")},
    "norm": "norm(x) = sqrt(sum_i x[i]^2)",
    "ln": "ln(x) = log(x)",
    **dict.fromkeys(("square", "pow"), "a power is x^2"),
    "heaviside": "heaviside(x) = step(x)",
    "transpose": "an entry of the transpose is X[j,i]",
    "trace": "trace(X) = sum_i X[i,i]",
    **dict.fromkeys(("asin", "acos", "atan", "arcsin", "arccos", "arctan", "floor", "ceil", "round"), ""),
    **dict.fromkeys(("prod", "argmax", "argmin", "det", "gamma"), ""),
}
"""Functions that everybody knows and that are not there, in small letters, and how each is written where it can be."""


def instead(name: str) -> str:
    """What to write for a function that is not there."""
    if WRITTEN.get(name.lower()):
        return f": {WRITTEN[name.lower()]}"
    near = meant(name, FUNCTIONS)
    return near if near.startswith(":") else f"{near}; a map of a statement is of a whole tensor, {name}(Z)"


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
    """Every name in every line, the indices of sums and their like too."""
    for number, line in enumerate(lines, 1):
        for found in re.finditer(NAME, _REDUCTION.sub(lambda each: " " * len(each[0]), line.partition("#")[0])):
            yield number, found.start() + 1, found[0]


_HINTS = (
    (r"(?<=\*)\*", ": a power is x^2"),
    (r"\.\d", ": numbers are written 0.5 and 1e-5"),
    (r"(?<=\d)[^\W\d]", ": a product is 2*x"),
)
"""What is said of signs, where a line cannot be read on, that are written otherwise here."""


def torn(before: str, after: str) -> str:
    """What to say of a line that cannot be read on after ``before``: of a sign that is not there."""
    return next((hint for pattern, hint in _HINTS if re.compile(pattern).match(before + after, len(before))), "")


def meant(name: str, known: Iterable[str]) -> str:
    """Did you mean …?"""
    names = sorted(known)
    like = [each for each in names if each.lower() == name.lower()]
    like += [each for each in difflib.get_close_matches(name, names) if each not in like]
    return f": did you mean {' or '.join(like)}?" if like else f", where there are {', '.join(names) or 'no names'}"
