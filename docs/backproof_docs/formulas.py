"""Z_{is} = Σ_j W_{ij} Y_{js} + b_i: the kernel's formulas as a mathematician writes them, in any of three notations.

Indices run from 1. What a name looks like is said by a *display name*, the same for all notations: letters, then
perhaps ^{…}, then perhaps _{…}, as in ``δZ^{(1)}`` or ``n_{1}``. Two or more Latin letters in a row are one upright
word, or a Greek letter. The digits that end a name without a display name are a layer: W1 is W^{(1)}, the dimension n1
is n_{1}.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from itertools import chain, count, groupby

from backproof_spec.calculus.matching import parts
from backproof_spec.calculus.terms import FUNCTIONS, ONE, Formula, Index, Names, free_indices


class Notation(Enum):
    """Plain text for a terminal, LaTeX for Markdown on GitHub, or Typst; the value is the column of the table."""

    TEXT, LATEX, TYPST = range(3)


_TABLE = {
    # what            text                  LaTeX                                   Typst
    "gap":           ("",                   "",                                     " "),
    "upright":       ("%s",                 r"\mathrm{%s}",                         'upright("%s")'),
    "raised":        ("^(%s)",              "^{%s}",                                "^(%s)"),
    "lowered":       ("_%s",                "_{%s}",                                "_(%s)"),
    "places":        ("[%s]",               "_{%s}",                                "_(%s)"),
    "beside":        (",",                  "",                                     " "),
    "prime":         ("′",                  r"\prime ",                             "′"),
    "slot":          ("·",                  r"\cdot",                               "dot.c"),
    "minus":         ("−",                  "-",                                    "-"),
    "times":         ("·",                  r"\,",                                  " thin "),
    "times a number": ("·",                 r" \cdot ",                             " dot "),
    "over":          ("%s/%s",              r"\frac{%s}{%s}",                       "(%s)/(%s)"),
    "sum":           ("Σ_{%s=1..%s} %s",    r"\sum_{%s=1}^{%s} %s",                 "sum_(%s=1)^(%s) %s"),
    "max":           ("max_{%s=1..%s} %s",  r"\max_{%s=1}^{%s} %s",                 "max_(%s=1)^(%s) %s"),
    "exp":           ("exp",                r"\exp",                                "exp"),
    "log":           ("log",                r"\log",                                "log"),
    "ind":           ("1",                  r"\mathbf{1}",                          "bold(1)"),
    "sqrt":          ("√",                  r"\sqrt{%s}",                           "sqrt(%s)"),
    "tanh":          ("tanh",               r"\tanh",                               "tanh"),
    "sigmoid":       ("sigmoid",            r"\operatorname{sigmoid}",              'op("sigmoid")'),
    "softplus":      ("softplus",           r"\operatorname{softplus}",             'op("softplus")'),
    "erf":           ("erf",                r"\operatorname{erf}",                  'op("erf")'),
    "sin":           ("sin",                r"\sin",                                "sin"),
    "cos":           ("cos",                r"\cos",                                "cos"),
    "pi":            ("π",                  r"\pi",                                 "pi"),
    "maps to":       ("%s ↦ %s",            r"%s \mapsto %s",                       "%s |-> %s"),
    "slope":         ("(∂%s/∂%s)%s",        r"\frac{\partial %s}{\partial %s}%s",   "(partial %s)/(partial %s)%s"),
    "partial":       ("∂",                  r"\partial",                             "partial"),
    "eq":            ("%s = %s",            "%s = %s",                              "%s = %s"),
    "pos":           ("%s > 0",             "%s > 0",                               "%s > 0"),
    "nonneg":        ("%s ≥ 0",             r"%s \ge 0",                            "%s >= 0"),
    "nonzero":       ("%s ≠ 0",             r"%s \ne 0",                            "%s != 0"),
    "deriv":         ("∂%s/∂%s = %s",       r"\frac{\partial %s}{\partial %s} = %s", "(partial %s)/(partial %s) = %s"),
    "all":           ("for all %s: %s",     r"\text{for all } %s\colon\ %s",        '"for all" %s: %s'),
    "define":        ("%s := %s",           "%s := %s",                             "%s := %s"),
}  # fmt: skip
"""How each notation writes what formulas are made of; %s is where a part goes."""

_SPELT_OUT = ("alpha", "beta", "gamma", "kappa", "lambda", "rho", "sigma", "tau", "theta")
_GREEK = {name: (name, rf"{{\{name}}}", name) for name in _SPELT_OUT}
_GREEK |= {"eps": ("eps", r"{\varepsilon}", "epsilon.alt"), "lam": ("lam", r"{\lambda}", "lambda")}
"""Names of parameters that are letters; a terminal shows them as they are typed."""

_RAISED = str.maketrans("0123456789()+−∘′T", "⁰¹²³⁴⁵⁶⁷⁸⁹⁽⁾⁺⁻°′ᵀ")
_LOWERED = str.maketrans("0123456789()+−", "₀₁₂₃₄₅₆₇₈₉₍₎₊₋")
_LETTERS = "ijklrstuvabcghqwxyz"
_PLAIN, _SHORT = {"add", "mul", "num", "dim", "entry"}, 5
"""The exponent of e^{…} is made of these, and at most of so many."""

_PLACES = 15
"""Places of a decimal, at most."""

_ADD, _OPEN, _MUL, _ATOM, _BASE = range(5)
"""How tightly a text holds together: a + b; Σ_i a or log a, which would take in what follows; a·b; what needs no
brackets in a product; what can be raised to a power."""
_Text = tuple[str, int]


@dataclass(frozen=True)
class _Scope:
    """What free indices are written as, and those bound around a formula, innermost last; letters not to use again."""

    free: Mapping[Index, str]
    taken: frozenset[str]
    bound: tuple[str, ...] = ()

    def inside(self, names: Iterable[str]) -> _Scope:
        return replace(self, bound=(*self.bound, *names))

    def places(self, indices: Iterable[Index]) -> list[str]:
        return [self.free[i] if i[0] == "index" else self.bound[-1 - i[1]] for i in indices]


@dataclass(frozen=True)
class Writer:
    """Writes formulas in one notation: ``Writer(Notation.LATEX, {"dZ": "δZ"}, {"p": "srt"})(formula)``.

    ``names`` are display names; ``letters`` are those for the indices of a dimension, the first that is free is used.
    ``decimals``: 1/2 is 0.5, but 1/3 is 1/3.
    """

    notation: Notation = Notation.TEXT
    names: Mapping[str, str] = field(default_factory=dict)
    letters: Mapping[str, Sequence[str]] = field(default_factory=dict)
    decimals: bool = False

    def __call__(self, formula: Formula, free: Mapping[Index, str] | None = None) -> str:
        """A term, a judgement or a hypothesis. ``free``: from the method, to name indices alike in several formulas."""
        return self._write(formula, self._scope(formula, free))[0]

    def definition(self, name: str, indices: tuple[Index, ...], body: Formula) -> str:
        """name_{indices} := body."""
        left = ("entry", name, indices)
        scope = self._scope(("eq", left, body))
        return self._row("define") % (self._write(left, scope)[0], self._write(body, scope)[0])

    def free(self, *formulas: Formula) -> dict[Index, str]:
        """A name for each free index of the formulas: its own, or a letter if tactics made it or another has it."""
        indices = frozenset().union(*map(free_indices, formulas))
        taken = self._words(formulas)
        chosen: dict[Index, str] = {}
        for index in sorted(indices, key=lambda i: (i[1].startswith("_"), len(i[1]), i)):
            usable = re.fullmatch(r"[^\W\d_]+\d*", index[1]) and index[1] not in chosen.values()
            chosen[index] = index[1] if usable else self._fresh(index[2], taken.union(chosen.values()))
        return chosen

    # --- names ---

    def _row(self, what: str) -> str:
        return _TABLE[what][self.notation.value]

    def _scope(self, formula: Formula, free: Mapping[Index, str] | None = None) -> _Scope:
        chosen = self.free(formula) if free is None else free
        shown = {index: self._name(name, lowered=True)[0] for index, name in chosen.items()}
        return _Scope(shown, self._words(formula).union(chosen.values()))

    def _words(self, formula: Formula) -> frozenset[str]:
        """Every string in a formula, and what it looks like."""
        words = [part for part in formula if isinstance(part, str)]
        inside = (self._words(part) for part in formula if isinstance(part, tuple))
        return frozenset(words).union((self.names.get(word, word) for word in words), *inside)

    def _fresh(self, dim: str, taken: frozenset[str]) -> str:
        theirs = set(chain.from_iterable(self.letters.values()))
        ours = chain(self.letters.get(dim, ()), (c for c in _LETTERS if c not in theirs), (f"i{k}" for k in count(1)))
        return next(letter for letter in ours if letter not in taken and letter not in self.names)

    def _bind(self, dims: Names, scope: _Scope) -> tuple[list[str], _Scope]:
        """Names for the indices of a binder, and the scope inside it."""
        for dim in dims:
            letter = self._fresh(dim, scope.taken)
            scope = replace(scope, taken=scope.taken | {letter}).inside([self._name(letter, lowered=True)[0]])
        return list(scope.bound[len(scope.bound) - len(dims) :]), scope

    def _display(self, name: str, *, lowered: bool) -> tuple[str, str, str]:
        """The letters of a name, what is raised and what is lowered; ``lowered``: where a layer stands."""
        if name in self.names:
            base, _, below = self.names[name].partition("_")
            base, above, below = (part.strip("{}") for part in (*base.partition("^")[::2], below))
        else:
            stem = name.rstrip("°'")
            letters = stem.rstrip("0123456789")
            layer, marks = stem[len(letters) :], name[len(stem) :].replace("°", "∘").replace("'", "′")
            base, *tail = letters.split("_")  # y_hat is y with hat below it, W_1 is W with 1 below it
            lowered = lowered or bool(tail) or not layer
            above, below = (marks, ",".join(filter(None, [*tail, layer]))) if lowered else (f"({layer}){marks}", "")
        if not base.isalnum() or not re.fullmatch(r"([^\W_]|[()+−,∘′])*", above + below):
            msg = f"{name!r} cannot be shown: give it a display name, letters with ^{{…}} and _{{…}} after them"
            raise ValueError(msg)
        return base, above, below

    def _name(self, name: str, places: Sequence[str] = (), *, lowered: bool = False) -> _Text:
        """A tensor, map, dimension or index, with what stands in the places of its indices."""
        base, above, below = self._display(name, lowered=lowered)
        inside = self._joined(places)
        if inside and below and self.notation is not Notation.TEXT:
            inside, below = f"{self._letters(below)},{inside}", ""
        text = self._letters(base) + self._script("raised", above) + self._script("lowered", below)
        return text + (self._row("places") % inside if inside else ""), _ATOM if above else _BASE

    def _joined(self, places: Sequence[str]) -> str:
        return (self._row("beside") if all(len(each) == 1 for each in places) else ",").join(places)

    def _letters(self, text: str) -> str:
        tokens = re.findall(r"[A-Za-z]{2,}|\d+|\S", text)
        words = (self._word(each) if len(each) > 1 and each.isalpha() else each for each in tokens)
        return self._row("gap").join(words)

    def _word(self, text: str) -> str:
        greek = _GREEK.get(text)
        return greek[self.notation.value] if greek else self._row("upright") % text

    def _script(self, what: str, text: str) -> str:
        marks = _RAISED if what == "raised" else _LOWERED
        if self.notation is Notation.TEXT and all(ord(mark) in marks for mark in text):
            return text.translate(marks)
        return self._row(what) % self._letters(text).replace("′", self._row("prime")) if text else ""

    # --- formulas ---

    def _at(self, level: int, text: _Text) -> _Text:
        """The text, in brackets if it does not hold together as tightly as this."""
        return text if text[1] >= level else (self._bracket(text[0]), _BASE)

    def _bracket(self, inside: str, pair: str = "()") -> str:
        tall = self.notation is Notation.LATEX and re.search(r"\\(sum|frac)", inside)
        return rf"\left{pair[0]}{inside}\right{pair[1]}" if tall else pair[0] + inside + pair[1]

    def _write(self, formula: Formula, scope: _Scope) -> _Text:
        """A formula, and how tightly it holds together."""
        match formula:
            case ("num", p, _) if p >= 0:
                text = self._number(formula)
            case ("add" | "mul" | "inv" | "num", *_):
                text = self._add(_operands("add", formula), scope)
            case ("dim", dim):
                text = self._name(dim, lowered=True)
            case ("entry", name, places):
                text = self._name(name, scope.places(places))
            case ("delta", _, places):
                text = self._name("δ", scope.places(places))
            case ("sum" | "max", *_):
                text = self._sum(formula, scope)
            case ("pi",):
                text = self._row("pi"), _BASE
            case (op, _) if op in FUNCTIONS:
                text = self._function(formula, scope)
            case ("map" | "slope", *_):
                text = self._of_map(formula, scope)
            case _:
                text = self._judgement(formula, scope), _ADD
        return text

    def _judgement(self, formula: Formula, scope: _Scope) -> str:
        match formula:
            case ("all", (), judgement):
                return self._judgement(judgement, scope)
            case ("all", dims, judgement):
                shown, inner = self._bind(dims, scope)
                return self._row("all") % (", ".join(shown), self._judgement(judgement, inner))
            case ("deriv", name, by, e, d):
                above, below = self._at(_ATOM, self._write(e, scope)), self._name(name, scope.places(by))
                return self._row("deriv") % (above[0], below[0], self._write(d, scope)[0])
        return self._row(formula[0]) % tuple(self._write(each, scope)[0] for each in formula[1:])

    # --- arithmetic ---

    def _number(self, a: Formula) -> _Text:
        """2, 1/2 or 0.5."""
        _, p, q = a
        decimal = str(p) if q == 1 else self._decimal(a)
        return (decimal, _BASE) if decimal else self._over((str(p), _BASE), (str(q), _BASE))

    def _decimal(self, a: Formula) -> str:
        """0.5 for 1/2, where decimals are wanted and there are not too many; else ""."""
        _, p, q = a
        if not self.decimals or q == 1 or 10**_PLACES % q:
            return ""
        whole, rest = divmod(p * (10**_PLACES // q), 10**_PLACES)
        return f"{whole}.{rest:0{_PLACES}}".rstrip("0")

    def _add(self, terms: list[Formula], scope: _Scope) -> _Text:
        """a − b for a + (−1)·b."""
        shown, minus = "", self._row("minus")
        for term in terms:
            negative, body = self._product(term, scope)
            if len(terms) == 1 and not negative:
                return body
            sign = f" {minus if negative else '+'} " if shown else minus * negative
            shown += sign + self._at(_OPEN, body)[0]
        return shown, _ADD

    def _product(self, formula: Formula, scope: _Scope) -> tuple[bool, _Text]:
        """A product of numbers, terms and reciprocals: is there a minus sign before it, and what stands after that."""
        factors = _operands("mul", formula)
        above = [a for a in factors if a[0] != "inv"]
        below = [a[1] for a in factors if a[0] == "inv"]
        minus = next((k for k, a in enumerate(above) if a[0] == "num" and a[1] < 0), None)
        if minus is not None:
            _, p, q = above.pop(minus)
            above[minus:minus] = [] if above and (p, q) == (-1, 1) else [("num", -p, q)]
        if not below:
            return minus is not None, self._times(above, scope)
        numbers = [a for a in above if a[0] == "num"]
        numbers = [a for a in numbers if not self._decimal(a)]
        below = [("num", q, 1) for _, _, q in numbers if q != 1] + below
        above = [("num", a[1], 1) if a in numbers else a for a in above]
        above = [a for a in above if a != ONE] or [ONE]
        return minus is not None, self._over(self._times(above, scope), self._times(below, scope))

    def _times(self, factors: list[Formula], scope: _Scope) -> _Text:
        """a·b·…, equal neighbours as a power."""
        powers = [(a, len(list(group))) for a, group in groupby(factors)]
        shown, level = "", _BASE
        for place, (a, power) in enumerate(powers, 1):
            text = self._write(a, scope)
            if power > 1:
                text = self._at(_BASE, text)[0] + self._script("raised", str(power)), _ATOM
            if len(powers) == 1:
                return text
            text = self._at(_OPEN if place == len(powers) else _MUL, text)
            sign = self._row("times a number" if a[0] == "num" else "times") if shown else ""
            shown, level = shown + sign + text[0], min(text[1], _MUL)
        return shown, level

    def _over(self, a: _Text, b: _Text) -> _Text:
        """a/b."""
        if self.notation is not Notation.TEXT:
            return self._row("over") % (a[0], b[0]), _ATOM
        return self._row("over") % (self._at(_MUL, a)[0], self._at(_ATOM, b)[0]), _MUL

    # --- sums, functions and maps ---

    def _sum(self, formula: Formula, scope: _Scope) -> _Text:
        """Σ_{i,j=1}^n for sums over the same dimension, one inside the other; max likewise."""
        op, dim, body = formula
        dims = [dim]
        while body[:2] == (op, dim):
            dims, body = [*dims, dim], body[2]
        shown, inner = self._bind(tuple(dims), scope)
        text = self._at(_OPEN, self._write(body, inner))
        return self._row(op) % (",".join(shown), self._name(dim, lowered=True)[0], text[0]), _OPEN

    def _function(self, formula: Formula, scope: _Scope) -> _Text:
        """e^a where a is short, exp(a), log a, 1[a ≥ 0]."""
        op, a = formula
        text, level = self._write(a, scope)
        if op == "ind":
            return self._row("ind") + self._bracket(self._row("nonneg") % text, "[]"), _BASE
        if op == "sqrt":
            return self._root(text, level)
        if op == "log" and level >= _ATOM:
            return f"{self._row('log')} {text}", _OPEN
        inside = [part[0] for part, _ in parts(a)]
        if op == "exp" and set(inside) <= _PLAIN and len(inside) <= _SHORT and self.notation is not Notation.TEXT:
            return "e" + self._row("raised") % text, _ATOM
        return self._row(op) + self._bracket(text), _BASE

    def _root(self, text: str, level: int) -> _Text:
        """√a, √(a + b); elsewhere the sign reaches over what it is of."""
        if self.notation is not Notation.TEXT:
            return self._row("sqrt") % text, _ATOM
        return self._row("sqrt") + (text if level >= _BASE else self._bracket(text)), _ATOM

    def _of_map(self, formula: Formula, scope: _Scope) -> _Text:
        """f_i at λ j. a, and its slope there: ∂f_i/∂Z_k (Z) where the argument is a tensor Z, else ∂_k f_i(j ↦ a)."""
        op, name, indices, dims, argument = formula
        places = scope.places(indices)
        cut = len(places) - len(dims) * (op == "slope")
        f, by = self._name(name, places[:cut])[0], places[cut:]
        own = [("bound", len(dims) - 1 - k, dim) for k, dim in enumerate(dims)]
        tensor = argument[0] == "entry" and [i for i in argument[2] if i in own] == own
        if tensor and len(argument[2]) == len(dims):
            at = self._name(argument[1])[0]
        elif tensor or not dims:
            at = self._write(argument, scope.inside([self._row("slot")] * len(dims)))[0]
        else:
            shown, inner = self._bind(dims, scope)
            variables = shown[0] if len(shown) == 1 else self._bracket(",".join(shown))
            at = self._row("maps to") % (variables, self._write(argument, inner)[0])
        if op == "map":
            return f + self._bracket(at), _BASE
        if tensor:
            return self._row("slope") % (f, self._write(argument, scope.inside(by))[0], self._bracket(at)), _ATOM
        partial = self._row("partial") + (self._row("places") % self._joined(by) if by else "")
        return f"{partial} {f}{self._bracket(at)}", _ATOM


def _operands(op: str, formula: Formula) -> list[Formula]:
    """a, b, c of a + (b + c) or (a + b) + c."""
    return [a for part in formula[1:] for a in _operands(op, part)] if formula[0] == op else [formula]
