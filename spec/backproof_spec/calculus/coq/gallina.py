"""Formulas of the index calculus as Coq's terms over spec/coq/Prelude.v, and names that mean one thing in a file.

W[i, s]                             W i s
S[i, s], where S is defined         S Z i s: what S depends on comes first
f[i] at λ j. a, its slope by k      f i (fun j => a),  f' i (fun j => a) k
Σ_i a, max_i a, δ[i, k], n          sum n (fun i => a),  maximum n (fun i => a),  delta i k,  INR n
∀ i. J                              forall i, (i < n)%nat -> J
∂e/∂X[k] = d                        Grad [n] (fun X => e) X (fun k => d)
the same for one k                  Partial [n] (fun X => e) X (k, tt) d
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from itertools import groupby
from typing import Any

from backproof_spec.calculus.coq.theory import lemmas
from backproof_spec.calculus.terms import Formula, Index, Names, Theory

# --- signs, with the levels of Coq's grammar: what binds more loosely than its place allows stands in parentheses -----

_ATOM, _APPLIED, _INVERSE, _TIMES, _PLUS, _FACT = 0, 10, 35, 40, 50, 70
SIGNS: dict[str, tuple[str, int, tuple[int, ...]]] = {
    "add": ("{} + {}", _PLUS, (_PLUS, _TIMES)),
    "mul": ("{} * {}", _TIMES, (_TIMES, _INVERSE)),
    "inv": ("/ {}", _INVERSE, (_INVERSE,)),
    "exp": ("exp {}", _APPLIED, (_ATOM,)),
    "log": ("ln {}", _APPLIED, (_ATOM,)),
    **{
        f: (f"{f} {{}}", _APPLIED, (_ATOM,))
        for f in ("ind", "sqrt", "tanh", "sigmoid", "softplus", "erf", "sin", "cos")
    },
    "pi": ("PI", _ATOM, ()),
    "eq": ("{} = {}", _FACT, (_PLUS, _PLUS)),
    "pos": ("0 < {}", _FACT, (_PLUS,)),
    "nonneg": ("0 <= {}", _FACT, (_PLUS,)),
    "nonzero": ("{} <> 0", _FACT, (_PLUS,)),
}
"""What an operator looks like, how tightly it binds, and how tightly its operands have to."""
_WORDS = """\
Axiom CoFixpoint Definition Fixpoint Hypothesis Parameter Prop SProp Set Theorem Type Variable as at by cofix else end
exists exists2 fix for forall fun if in let match mod return then using where with I R
INR IZR Prelude Frechet Chain Linear Relu Softmax Network conj cong_map cong_slope eq_refl exp ln nat nil number tt
sqrt tanh sin cos PI"""
TAKEN = frozenset(_WORDS.split())
"""What a name may not be in Coq: its own words, what is referred to here, and the files of spec/coq."""
_KEPT = re.compile(r"[hjs]\d+|ring\d+|[DP]_.+|(pos|nonneg|nonzero|cong|exp|log|inv|sum|ind)_.+")


def require_whole(*numbers: Any) -> None:
    """Refuse what would stand in a Coq file and is no whole number, but text that ends a lemma and begins another."""
    for each in numbers:
        if type(each) is not int:
            msg = f"{each!r} is no whole number"
            raise TypeError(msg)


def signed(op: str, operands: Iterable[tuple[str, int]]) -> tuple[str, int]:
    """An operator at its operands, and its level."""
    sign, level, most = SIGNS[op]
    shown = (f"({text})" if its > limit else text for (text, its), limit in zip(operands, most, strict=True))
    return sign.format(*shown), level


class Notation:
    """What is declared in a proof file, and the names and formulas of its Coq file."""

    def __init__(self) -> None:
        """Nothing is declared."""
        self.theory = Theory()
        self.dims: list[str] = []
        self.order: list[str] = []
        self._names: dict[Any, str] = {}
        self._behind: dict[str, str] = {}
        self._written: dict[tuple[int, int], tuple[Formula, tuple[str, int]]] = {}

    # --- names ---

    def _unique(self, key: Any, wanted: str) -> str:
        if key not in self._names:
            name = re.sub(r"\W", "", wanted.replace("°", "_at"), flags=re.ASCII).lstrip("_") or "v"
            name = f"i{name}" if name[0].isdigit() else name
            name = f"v{name}" if name in TAKEN | lemmas() or _KEPT.fullmatch(name) else name
            while name in self._names.values():
                name += "_"
            self._names[key] = name
        return self._names[key]

    def dim(self, dim: str) -> str:
        """A dimension, a number of type nat."""
        if dim not in self.dims:
            self.dims.append(dim)
        return self._unique((dim,), dim)

    def name(self, name: str) -> str:
        """A tensor or a map."""
        return self._unique(name, name)

    def theorem(self, stem: str) -> str:
        """A theorem, which is the name of its file too."""
        return self._unique(("theorem", stem), re.sub(r"\W", "_", stem))

    def index(self, i: Index) -> str:
        """A free index."""
        return self._unique(i, i[1])

    def in_range(self, i: Index) -> str:
        """That it is in range."""
        return f"({self.index(i)} < {self.dim(i[2])})%nat"

    def its_range(self, i: Index) -> str:
        """The name of the proof of that."""
        return f"{self.index(i)}'"

    def variables(self, *formulas: Formula) -> list[str]:
        """The variables that formulas are about, in the order of their declarations."""
        found = frozenset[str]().union(*map(self.theory.depends, formulas))
        return [x for x in self.order if x in found]

    def _applied(self, name: str) -> str:
        """The variables that a defined tensor is a function of, each after a space; what it is defined by stays."""
        if name not in self._behind:
            about = self.variables(self.theory.rest(name)) if self.theory.kind(name) == "defined" else []
            self._behind[name] = "".join(f" {self.name(x)}" for x in about)
        return self._behind[name]

    # --- terms ---

    def shape(self, dims: Names) -> str:
        """The dimensions of a tensor, as a list."""
        return f"[{'; '.join(map(self.dim, dims))}]"

    def type_of(self, variable: str) -> str:
        """The type of a tensor."""
        return "nat -> " * len(self.theory.dims(variable)) + "R"

    def typed(self, variables: Iterable[str]) -> str:
        """Binders of variables."""
        groups = groupby(variables, self.type_of)
        return " ".join(f"({' '.join(map(self.name, group))} : {of_type})" for of_type, group in groups)

    def at(self, places: Iterable[Index], depth: int = 0) -> str:
        """Indices, each after a space; bound ones are j1, …, that of the innermost binder the last."""
        return "".join(f" j{depth - i[1]}" if i[0] == "bound" else f" {self.index(i)}" for i in places)

    def term(self, a: Formula, depth: int = 0) -> str:
        """A term, or a judgement that is no derivative, under binders j1, …"""
        return self._leveled(a, depth)[0]

    def argument(self, a: Formula, depth: int = 0) -> str:
        """The same, as an argument of a function: in parentheses where it needs them."""
        text, level = self._leveled(a, depth)
        return f"({text})" if level > _ATOM else text

    def _leveled(self, a: Formula, depth: int) -> tuple[str, int]:
        """A term and its level; a part that stands in many lemmas is written once."""
        key = id(a), depth
        if key not in self._written:
            self._written[key] = a, self._anew(a, depth)  # which keeps it, and with that what its id is of
        return self._written[key][1]

    def _anew(self, a: Formula, depth: int) -> tuple[str, int]:
        if a[0] in SIGNS:
            return signed(a[0], [self._leveled(each, depth) for each in a[1:]])
        level = _APPLIED
        match a:
            case ("num", p, q):
                require_whole(p, q)
                whole = f"({p})" if p < 0 else str(p)
                text, level = (whole, _ATOM) if q == 1 else (f"{whole} / {q}", _TIMES)
            case ("dim", dim):
                text = f"INR {self.dim(dim)}"
            case ("entry", name, places):
                inside = self._applied(name) + self.at(places, depth)
                text, level = self.name(name) + inside, level if inside else _ATOM
            case ("delta", _, places):
                text = f"delta{self.at(places, depth)}"
            case ("sum" | "max" as op, dim, body):
                name = "sum" if op == "sum" else "maximum"
                text = f"{name} {self.dim(dim)} (fun j{depth + 1} => {self.term(body, depth + 1)})"
            case (kind, name, places, dims, argument):
                outputs, inner = len(self.theory.rest(name)), depth + len(dims)
                binders = " ".join(f"j{depth + 1 + k}" for k in range(len(dims)))
                tensor = f"(fun {binders} => {self.term(argument, inner)})" if dims else self.argument(argument, inner)
                prime = "'" if kind == "slope" else ""
                ends = self.at(places[:outputs], depth), self.at(places[outputs:], depth)
                text = f"{self.name(name)}{prime}{ends[0]} {tensor}{ends[1]}"
            case _:
                msg = f"{a!r} is no term"
                raise ValueError(msg)
        return text, level

    def over(self, indices: Iterable[Index], a: Formula) -> str:
        """λ indices. a, as an argument."""
        binders = " ".join(map(self.index, indices))
        return f"(fun {binders} => {self.term(a)})" if binders else self.argument(a)

    def function(self, name: str, e: Formula) -> str:
        """e as a function of a variable."""
        return f"(fun {self.name(name)} => {self.term(e)})"

    def place(self, indices: tuple[Index, ...]) -> str:
        """The place of an entry of a tensor."""
        return f"({self.index(indices[0])}, {self.place(indices[1:])})" if indices else "tt"

    # --- statements ---

    def hypothesis(self, h: Formula) -> str:
        """∀ i. J, in parentheses."""
        _, dims, judgement = h
        ranges = "".join(f"forall j{k + 1}, (j{k + 1} < {self.dim(dim)})%nat -> " for k, dim in enumerate(dims))
        return f"({ranges}{self.term(judgement, len(dims))})"

    def judgement(self, j: Formula, *, whole: bool) -> str:
        """J; of a derivative either the whole gradient or one entry."""
        if j[0] != "deriv":
            return self.term(j)
        _, name, by, e, d = j
        what = f"{self.shape(self.theory.dims(name))} {self.function(name, e)} {self.name(name)}"
        return f"Grad {what} {self.over(by, d)}" if whole else f"Partial {what} {self.place(by)} {self.argument(d)}"

    # --- declarations ---

    def declare(self, kind: str, name: str, *rest: Any) -> list[str]:
        """The lines that declare a map or define a tensor; variables stand where they are needed."""
        declare: dict[str, Callable[..., None]] = {
            "variable": self.theory.variable,
            "map": self.theory.map,
            "define": self.theory.define,
        }
        declare[kind](name, *rest)
        if kind == "variable":
            self.order.append(name)
            return []
        if kind == "define":
            indices, body = rest
            places = f"({' '.join(map(self.index, indices))} : nat)" if indices else ""
            arguments = [self.typed(self.variables(body)), places]
            return [f"Definition {' '.join([self.name(name), *filter(None, arguments)])} : R := {self.term(body)}."]
        inputs, outputs = rest
        shape, f = self.shape(inputs), self.name(name)
        entry = [("index", f"o{k}", dim) for k, dim in enumerate(outputs)]
        given = "".join(f"forall {self.index(i)}, {self.in_range(i)} -> " for i in entry)
        to, at = "nat -> " * len(outputs), self.at(entry)
        applied = [f"({f}{prime}{at})" if at else f"{f}{prime}" for prime in ("", "'")]
        return [
            f"Variable {f} : {to}tensor {shape} -> R.",
            f"Variable {f}' : {to}tensor {shape} -> tensor {shape}.",
            f"Hypothesis {f}'' : {given}Smooth {shape} {' '.join(applied)}.",
        ]
