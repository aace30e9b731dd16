"""Terms of the index calculus: formulas over tensors whose dimensions are symbols. Trusted, with ``kernel``.

A term is a tuple that starts with its operator. Indices are tuples too, and every index carries its dimension:

    ("num", 3, 4)                        3/4, in lowest terms, the denominator positive
    ("dim", "n")                         the dimension n, as a number
    ("entry", "W", (i, j))               W[i, j], each index of the dimension that W declares at its place
    ("pi",)                              π
    ("add", a, b)  ("mul", a, b)
    ("inv", a)  ("exp", a)  …            a function of ``FUNCTIONS`` at a; ("ind", a) is 1[a ≥ 0]
    ("delta", "n", (i, j))               1 where i = j, else 0
    ("sum", "n", a)  ("max", "n", a)     Σ a over an index of dimension n; the largest a
    ("map", "f", (i,), ("n",), a)        f[i] at λ j. a, for a differentiable map f of whole tensors
    ("slope", "f", (i, k), ("n",), a)    the derivative of f[i] by entry k of its argument, at λ j. a

    ("index", "i", "n")                  a free index: any number from 0 up to, not including, n
    ("bound", 0, "n")                    the index bound by the innermost Σ or λ around it; 1 by the next one out, …

A judgement is built of terms: ("eq", a, b), a = b; ("pos", a), a > 0; ("nonneg", a), a ≥ 0; ("nonzero", a), a ≠ 0;
("deriv", "X", (k,), e, d), e is differentiable in X and its derivative by X[k] is d. A hypothesis is
("all", ("n",), J): J for every index of dimension n, bound in J as by λ. All of this is exact tuples, strings and
integers, which cannot be changed, and formulas are equal where they are the same up to the names of bound indices.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

Formula = tuple[Any, ...]
"""A term, a judgement or a hypothesis."""
Index = tuple[Any, ...]
Names = tuple[str, ...]

MINUS_ONE, ZERO, ONE, TWO, PI = ("num", -1, 1), ("num", 0, 1), ("num", 1, 1), ("num", 2, 1), ("pi",)
_ABOVE_0, _NOT_0 = (("pos", "a"),), (("nonzero", "a"),)
FUNCTIONS: dict[str, tuple[Formula, tuple[Formula, ...]]] = {
    "inv": (("mul", MINUS_ONE, ("mul", ("inv", "a"), ("inv", "a"))), _NOT_0),
    "exp": (("exp", "a"), ()),
    "log": (("inv", "a"), _ABOVE_0),
    "ind": (ZERO, _NOT_0),
    "sqrt": (("inv", ("mul", TWO, ("sqrt", "a"))), _ABOVE_0),
    "tanh": (("add", ONE, ("mul", MINUS_ONE, ("mul", ("tanh", "a"), ("tanh", "a")))), ()),
    "sigmoid": (("mul", ("sigmoid", "a"), ("add", ONE, ("mul", MINUS_ONE, ("sigmoid", "a")))), ()),
    "softplus": (("sigmoid", "a"), ()),
    "erf": (("mul", ("mul", TWO, ("inv", ("sqrt", PI))), ("exp", ("mul", MINUS_ONE, ("mul", "a", "a")))), ()),
    "sin": (("cos", "a"), ()),
    "cos": (("mul", MINUS_ONE, ("sin", "a")), ()),
}
"""Functions of one number: {f: (f′(a), what has to be known of a for f to be differentiable there)}. ``kernel`` makes
the rules cong_f and d_f of these, and has the laws of each."""
ARITY = {"pi": 0, "add": 2, "mul": 2, **dict.fromkeys(FUNCTIONS, 1)}
CHILDREN = {
    **dict.fromkeys((*ARITY, "eq", "pos", "nonneg", "nonzero"), 1),
    **dict.fromkeys(("sum", "max", "dim", "all"), 2),
    **dict.fromkeys(("num", "entry", "delta", "deriv"), 3),
    **dict.fromkeys(("map", "slope"), 4),
}
"""Where in its tuple the formulas that an operator is applied to start."""
BINDERS = {"sum", "max"}
"""The operators that bind one index in one term."""
FACTS = {"eq": 2, "pos": 1, "nonneg": 1, "nonzero": 1}
"""The judgements that may be hypotheses, and of how many terms they are."""
INDEXED = {"entry", "delta", "map", "slope", "deriv"}
"""The operators whose third part is a tuple of indices."""


class Refused(Exception):
    """A guard of the kernel was not met; ``guard`` is its name."""

    def __init__(self, guard: str, message: str) -> None:
        """Keep which guard it was."""
        super().__init__(f"{guard}: {message}")
        self.guard = guard


def require(guard: str, condition: object, message: str, *values: object) -> None:
    """Refuse unless ``condition`` is True. Every refusal is made here; ``values`` are written into its message."""
    if condition is not True:
        raise Refused(guard, message.format(*values) if values else message)


# --- names ------------------------------------------------------------------------------------------------------------


class Theory:
    """The names that formulas may use, each declared once: tensors, differentiable maps, and defined tensors."""

    __slots__ = ("_declared",)

    def __init__(self) -> None:
        """Nothing is declared."""
        require("names", not hasattr(self, "_declared"), "a theory begins once")
        self._declared: dict[str, tuple[str, Names, tuple[Any, ...]]] = {}

    def variable(self, name: str, dims: Names) -> None:
        """A tensor about which nothing is assumed."""
        self._declare(name, "variable", dims, ())

    def map(self, name: str, inputs: Names, outputs: Names) -> None:
        """A map of tensors that is differentiable everywhere, and about which nothing else is assumed."""
        self._declare(name, "map", inputs, outputs)

    def define(self, name: str, indices: tuple[Index, ...], body: Formula) -> None:
        """name[indices] := body for all values of the indices; ``body`` holds no other free index."""
        require("theory", type(self) is Theory, "names are declared in a Theory")
        check(self, body)
        check_parameters(indices)
        require("definition", free_indices(body) <= set(indices), f"{name}: an index of the right is not on the left")
        self._declare(name, "defined", tuple(i[2] for i in indices), close(body, indices))

    def _declare(self, name: str, kind: str, dims: Names, rest: Formula) -> None:
        check_dims((name,))
        check_dims(dims)
        check_dims(rest if kind == "map" else ())
        require("names", name not in self._declared, f"{name} is declared already")
        self._declared[name] = (kind, dims, rest)

    def kind(self, name: str) -> str | None:
        """``variable``, ``map`` or ``defined``; None for what is not declared."""
        return self._declared[name][0] if type(name) is str and name in self._declared else None

    def dims(self, name: str) -> Names:
        """The dimensions of a tensor, or of the argument of a map."""
        return self._declared[name][1]

    def rest(self, name: str) -> tuple[Any, ...]:
        """The right-hand side of a definition, its indices bound; the dimensions of what a map returns."""
        return self._declared[name][2]

    def depends(self, formula: Formula) -> frozenset[str]:
        """Every name in the formula, in the definitions of those, and so on."""
        found, left = set[str](), list(names(formula))
        while left:
            name = left.pop()
            if name not in found:
                found.add(name)
                left += names(self.rest(name)) if self.kind(name) == "defined" else ()
        return frozenset(found)


# --- well-formed formulas ---------------------------------------------------------------------------------------------


def check(theory: Theory, term: Formula, bound: Names = ()) -> None:
    """Refuse what is no term. ``bound``: the dimensions of the indices bound around it, innermost first."""
    _plain(term)
    match term:
        case ("num", int(p), int(q)):
            plain = type(p) is int and type(q) is int
            require("numbers", plain and q > 0 and math.gcd(p, q) == 1, f"{term!r}: no fraction in lowest terms")
        case ("dim", str(dim)):
            check_dims((dim,))
        case ("entry", name, places):
            require("terms", theory.kind(name) in {"variable", "defined"}, f"{name!r} is no tensor")
            check_places(places, theory.dims(name), bound)
        case ("delta", str(dim), places):
            check_dims((dim,))
            check_places(places, (dim, dim), bound)
        case ("sum" | "max", str(dim), body):
            check_dims((dim,))
            check(theory, body, (dim, *bound))
        case ("map" | "slope", name, places, inputs, argument):
            require("terms", theory.kind(name) == "map", f"{name!r} is no map")
            check_dims(inputs)
            require("dimensions", inputs == theory.dims(name), f"{name} takes {theory.dims(name)}, got {inputs!r}")
            check_places(places, theory.rest(name) + (inputs if term[0] == "slope" else ()), bound)
            check(theory, argument, (*reversed(inputs), *bound))
        case (op, *terms):
            require("terms", ARITY.get(op) == len(terms), "{!r} is no term", term)
            for each in terms:
                check(theory, each, bound)


def check_dims(dims: Names) -> None:
    """Refuse what is not a tuple of names."""
    plain = type(dims) is tuple and all(type(each) is str for each in dims)
    require("plain", plain, "{!r}: expected a tuple of strings", dims)


def check_places(places: tuple[Index, ...], dims: Names, bound: Names = ()) -> None:
    """Refuse indices that are not of these dimensions, one each, or are bound by nothing."""
    whole = type(places) is tuple and len(places) == len(dims)
    require("dimensions", whole, "{!r}: expected {} indices, of dimensions {}", places, len(dims), ", ".join(dims))
    for index, dim in zip(places, dims, strict=True):
        _plain(index)
        require("terms", len(index) == len(("kind", "name", "dim")) and type(index[2]) is str, "{!r}: no index", index)
        if index[0] == "bound":
            require("loose", type(index[1]) is int and 0 <= index[1] < len(bound), "{!r} is bound by nothing", index)
            require("dimensions", bound[index[1]] == index[2], f"{index!r} is bound with dimension {bound[index[1]]}")
        else:
            require("terms", index[0] == "index" and type(index[1]) is str, "{!r} is no index", index)
        require("dimensions", index[2] == dim, "index {} has dimension {}, expected {}", *index[1:], dim)


def check_parameters(indices: tuple[Index, ...]) -> None:
    """Refuse what is not distinct free indices."""
    require("terms", type(indices) is tuple, f"{indices!r}: expected a tuple of indices")
    for each in indices:
        _plain(each)
        check_places((each,), (each[-1],))
    require("distinct", len(set(indices)) == len(indices), "an index stands twice")


def check_fact(theory: Theory, judgement: Formula, bound: Names = ()) -> None:
    """Refuse what cannot be a hypothesis."""
    _plain(judgement)
    op, *terms = judgement
    require("terms", FACTS.get(op) == len(terms), f"{judgement!r} is no judgement that can be assumed")
    for each in terms:
        check(theory, each, bound)


def _plain(value: object) -> None:
    plain = type(value) is tuple and len(value) > 0 and type(value[0]) is str
    require("plain", plain, "{!r}: expected a tuple that starts with a string", value)


# --- indices and names in formulas ------------------------------------------------------------------------------------


def binders(formula: Formula) -> int:
    """How many indices an operator binds in the formulas in it."""
    op = formula[0]
    return 1 if op in BINDERS else len(formula[3]) if op in {"map", "slope"} else len(formula[1]) if op == "all" else 0


def every(formula: Formula) -> Iterator[Formula]:
    """The formula and every formula in it."""
    left = [formula]
    while left:
        here = left.pop()
        yield here
        left += here[CHILDREN[here[0]] :]


def names(formula: Formula) -> frozenset[str]:
    """The tensors and maps in a formula."""
    return frozenset(part[1] for part in every(formula) if part[0] in {"entry", "map", "slope", "deriv"})


def free_indices(formula: Formula) -> frozenset[Index]:
    """The free indices in a formula."""
    return frozenset(i for part in every(formula) if part[0] in INDEXED for i in part[2] if i[0] == "index")


def reindex(formula: Formula, change: Callable[[Index, int], Index], depth: int = 0) -> Formula:
    """The formula with every index i, under d binders, replaced by change(i, d)."""
    op, head = formula[0], formula[: CHILDREN[formula[0]]]
    if op in INDEXED:
        head = (*head[:2], tuple(change(i, depth) for i in head[2]), *head[3:])
    inner = depth + binders(formula)
    return (*head, *(reindex(child, change, inner) for child in formula[len(head) :]))


def close(formula: Formula, indices: tuple[Index, ...]) -> Formula:
    """The formula with free indices bound by binders about to be put around it, the last one innermost."""
    level = {index: len(indices) - 1 - k for k, index in enumerate(indices)}
    return reindex(formula, lambda i, depth: ("bound", level[i] + depth, i[2]) if i in level else i)


def open_(formula: Formula, places: tuple[Index, ...]) -> Formula:
    """The inverse of ``close``: its outermost bound indices replaced by ``places``, which may be bound further out."""

    def change(index: Index, depth: int) -> Index:
        if index[0] == "index" or index[1] < depth:
            return index
        place = places[len(places) - 1 - (index[1] - depth)]
        return ("bound", place[1] + depth, place[2]) if place[0] == "bound" else place

    return reindex(formula, change)


def substitute(formula: Formula, name: str, body: Formula) -> Formula:
    """The formula with every name[i, …] replaced by ``body``, its bound indices opened with i, …"""
    if formula[0] == "entry":
        return open_(body, formula[2]) if formula[1] == name else formula
    start = CHILDREN[formula[0]]
    return (*formula[:start], *(substitute(child, name, body) for child in formula[start:]))


# --- arithmetic -------------------------------------------------------------------------------------------------------


def polynomial(term: Formula) -> dict[frozenset[tuple[Formula, int]], Fraction]:
    """The term as a polynomial in what is neither a number, a sum of two terms nor a product: {powers: coefficient}."""
    if term[0] == "num":
        return {frozenset(): Fraction(term[1], term[2])} if term[1] else {}
    if term[0] not in {"add", "mul"}:
        return {frozenset({(term, 1)}): Fraction(1)}
    left, right = polynomial(term[1]), polynomial(term[2])
    terms = (*left.items(), *right.items())
    if term[0] == "mul":
        terms = tuple((_times(p, q), a * b) for p, a in left.items() for q, b in right.items())
    total: dict[frozenset[tuple[Formula, int]], Fraction] = {}
    for powers, coefficient in terms:
        total[powers] = total.get(powers, Fraction(0)) + coefficient
    return {powers: coefficient for powers, coefficient in total.items() if coefficient}


def _times(p: frozenset[tuple[Formula, int]], q: frozenset[tuple[Formula, int]]) -> frozenset[tuple[Formula, int]]:
    powers = dict(p)
    for atom, power in q:
        powers[atom] = powers.get(atom, 0) + power
    return frozenset(powers.items())
