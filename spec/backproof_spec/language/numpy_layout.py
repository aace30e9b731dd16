"""Long lines of Python folded as formatters fold them: at the loosest operators, else within the last brackets."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence

WIDTH = 100
"""The longest line."""
_STEP = "    "


def folded(before: str, expression: str, indent: str, after: str = "") -> list[str]:
    """``before``, the expression and ``after`` as lines; ``before`` ends with ``= ``, ``return `` or the like."""
    line = f"{indent}{before}{expression}{after}"
    if len(line) <= WIDTH:
        return [line]
    terms = _terms(expression)
    if len(terms) > 1 and not _hugs(line[: -len(terms[-1][1] + after)], terms[-1][1]):
        return [f"{indent}{before}(", *_lines(terms, indent + _STEP), f"{indent}){after}"]
    opening = _last_group(expression)
    if opening is None:
        called, _, places = expression.rpartition(")[")
        return folded(before, f"{called})", indent, f"[{places}{after}") if called and "[" not in places else [line]
    inner = expression[opening + 1 : -1]
    items = _split(inner, (", ",))
    lines = [f"{indent}{before}{expression[: opening + 1]}"]
    if len(items) == 1:
        lines += _lines(_terms(inner), indent + _STEP)
    else:
        for _, item in items:
            lines += folded("", item, indent + _STEP, ",")
    return [*lines, f"{indent}{expression[-1]}{after}"]


def _terms(expression: str) -> list[tuple[str, str]]:
    """Its parts between the loosest operators that it has, of those at which a line may end."""
    for signs in ((" & ",), (" + ", " - "), ("/",)):
        terms = _split(expression, signs)
        if len(terms) > 1 and all(term for _, term in terms):
            return terms
    return terms


def _hugs(before: str, last: str) -> bool:
    """Is it the last term alone that has to be folded?"""
    opening = _last_group(last)
    return opening is not None and len(before) + opening < WIDTH // 2


def _lines(terms: Sequence[tuple[str, str]], indent: str) -> list[str]:
    """Terms within brackets, which need no brackets of their own, each with the sign before it."""
    return [part for sign, term in terms for part in folded(sign.lstrip(), term, indent)]


def _split(text: str, signs: tuple[str, ...]) -> list[tuple[str, str]]:
    """The parts between the signs that stand in no brackets, each with the sign before it."""
    found, depth, quoted, start, sign, k = list[tuple[str, str]](), 0, False, 0, "", 0
    while k < len(text):
        quoted ^= text[k] == '"'
        depth += (text[k] in "([") - (text[k] in ")]") if not quoted else 0
        here = next((each for each in signs if text.startswith(each, k)), "") if depth == 0 and not quoted else ""
        if here:
            found.append((sign, text[start:k]))
            sign, start, k = here, k + len(here), k + len(here) - 1
        k += 1
    return [*found, (sign, text[start:])]


def _last_group(text: str) -> int | None:
    """Where the round brackets open that close at the end."""
    depth = 0
    for k in range(len(text) - 1, -1, -1):
        depth += (text[k] in ")]") - (text[k] in "([")
        if depth == 0:
            return k if text[k] == "(" and text[-1] == ")" and k + 2 < len(text) else None
    return None


def comment(text: str, indent: str) -> list[str]:
    """A comment, folded before + and − where it can be; a second line of it is set in."""
    lines, first = list[str](), "# "
    for part in re.split(r" (?=[-+] )", text):
        if lines and len(lines[-1]) + 1 + len(part) <= WIDTH:
            lines[-1] += f" {part}"
        else:
            lines += textwrap.wrap(part, WIDTH, initial_indent=indent + first, subsequent_indent=f"{indent}#     ")
            first = "#     "
    return lines


def docstring(lines: Sequence[str], indent: str) -> list[str]:
    """A docstring of these lines; a line that begins with spaces is set in again where it is folded."""
    found: list[str] = []
    for k, each in enumerate(line.replace("\\", "\\\\").replace('"', '\\"') for line in lines):
        own = " " * (len(each) - len(each.lstrip()))
        first = f'{indent}"""' if k == 0 else indent + own
        further = indent + (f"{own}    " if own else "")
        found += textwrap.wrap(each.lstrip(), WIDTH, initial_indent=first, subsequent_indent=further) or [""]
    if len(found) == 1 and len(found[0]) <= WIDTH - len('"""'):
        return [f'{found[0]}"""']
    return [*found, f'{indent}"""']
