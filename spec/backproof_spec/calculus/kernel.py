"""The kernel: theorems H ⊢ J of the index calculus, made by nothing but the rules below. Trusted, with ``terms``.

A theorem says: for all dimensions (zero included), all values of the free indices and of the variables, and all maps
for which every hypothesis in H holds, J holds. ("deriv", "X", (k,), e, d) says that e, a function of the tensor X with
everything else held fixed, is differentiable at X (in Fréchet's sense: in all entries at once), and that entry k of its
derivative is d. Where a denominator is 0 or the argument of a logarithm is not positive, inv and log have some value,
of which no rule says anything. Each rule checks its guards with ``require``, and is refused where one is not met.

Objects cannot be made private in Python. What guarantees a proof is that it is replayed from its file, in a fresh
process, by ``replay``, which needs nothing but this module and ``terms``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

from backproof_spec.calculus.terms import (
    BINDERS,
    FUNCTIONS,
    MINUS_ONE,
    ONE,
    PI,
    ZERO,
    Formula,
    Index,
    Theory,
    check,
    check_dims,
    check_fact,
    check_parameters,
    check_places,
    close,
    free_indices,
    names,
    open_,
    polynomial,
    require,
    substitute,
)

Hypotheses = frozenset[Formula]
Places = tuple[Index, ...]


class Theorem:
    """H ⊢ J. A handle: what it says is kept by the kernel, where it cannot be changed."""

    __slots__ = ("__weakref__",)

    @property
    def hypotheses(self) -> Hypotheses:
        """H."""
        return _facts(self)[1]

    @property
    def conclusion(self) -> Formula:
        """J."""
        return _facts(self)[2]


_ISSUED: WeakKeyDictionary[Theorem, tuple[Theory, Hypotheses, Formula]] = WeakKeyDictionary()


def _facts(theorem: Theorem) -> tuple[Theory, Hypotheses, Formula]:
    require("forged", type(theorem) is Theorem and theorem in _ISSUED, "this is no theorem of the kernel")
    return _ISSUED[theorem]


def _issue(theory: Theory, h: Hypotheses, conclusion: Formula, used: frozenset[Index] = frozenset()) -> Theorem:
    """``used``: the free indices of the premises. A dimension of which none is left is assumed to be positive."""
    gone = {i[2] for i in used} - {i[2] for i in _free(conclusion, *h)}
    theorem = Theorem()
    _ISSUED[theorem] = (theory, h | {("all", (), ("pos", ("dim", dim))) for dim in gone}, conclusion)
    return theorem


def _free(*formulas: Formula) -> frozenset[Index]:
    return frozenset().union(*map(free_indices, formulas))


def _take(theory: Theory, theorem: Theorem, kind: str | None = None) -> tuple[Hypotheses, Formula]:
    """The hypotheses and the judgement of a premise."""
    known, hypotheses, judgement = _facts(theorem)
    require("theory", known is theory, "a premise is of another theory")
    require("premise", kind in {None, judgement[0]}, f"a premise is of kind {judgement[0]}, expected {kind}")
    return hypotheses, judgement


def _arbitrary(indices: Places, *formulas: Formula) -> None:
    """The eigenvariable condition: what is proved for arbitrary indices assumes nothing of them."""
    check_parameters(indices)
    used = _free(*formulas) & set(indices)
    require("eigenvariable", not used, f"not arbitrary: {', '.join(sorted(i[1] for i in used))}")


RULES: dict[str, Callable[..., Theorem]] = {}
"""Every rule by its name; the first argument is the theory."""


def rule(function: Callable[..., Theorem], name: str = "") -> Callable[..., Theorem]:
    """Register a rule."""

    def applied(theory: Theory, *arguments: Any) -> Theorem:
        require("theory", type(theory) is Theory, "names are declared in a Theory")
        return function(theory, *arguments)

    applied.__doc__ = function.__doc__
    RULES[name or function.__name__] = applied
    return applied


# --- rules that are schemes -------------------------------------------------------------------------------------------

_A, _B, _NOT_A = ("nonzero", "a"), ("nonzero", "b"), ("mul", MINUS_ONE, "a")
_AB, _EXP, _OVER, _SUM = ("eq", "a", "b"), ("exp", "a"), ("exp", _NOT_A), ("sum", "n", "a")
_TANH = ("mul", ("add", _EXP, ("mul", MINUS_ONE, _OVER)), ("inv", ("add", _EXP, _OVER)))
_DA, _DB = ("deriv", "X", "k", "a", "da"), ("deriv", "X", "k", "b", "db")

SCHEMES: dict[str, tuple[tuple[Formula, ...], Formula]] = {
    # equality
    "refl": ((), ("eq", "a", "a")),
    "sym": ((_AB,), ("eq", "b", "a")),
    "trans": ((_AB, ("eq", "b", "c")), ("eq", "a", "c")),
    **{f"cong_{op}": ((_AB, ("eq", "c", "d")), ("eq", (op, "a", "c"), (op, "b", "d"))) for op in ("add", "mul")},
    **{f"cong_{f}": ((_AB,), ("eq", (f, "a"), (f, "b"))) for f in FUNCTIONS},
    **{f"{fact}_eq": ((_AB, (fact, "a")), (fact, "b")) for fact in ("pos", "nonneg", "nonzero")},
    # functions
    "inv_mul": ((_A, _B), ("eq", ("inv", ("mul", "a", "b")), ("mul", ("inv", "a"), ("inv", "b")))),
    "inv_inv": ((_A,), ("eq", ("inv", ("inv", "a")), "a")),
    "cancel": ((_A,), ("eq", ("mul", "a", ("inv", "a")), ONE)),
    "exp_add": ((), ("eq", ("exp", ("add", "a", "b")), ("mul", ("exp", "a"), ("exp", "b")))),
    "exp_zero": ((), ("eq", ("exp", ZERO), ONE)),
    "log_exp": ((), ("eq", ("log", ("exp", "a")), "a")),
    "exp_log": ((("pos", "a"),), ("eq", ("exp", ("log", "a")), "a")),
    "log_mul": ((("pos", "a"), ("pos", "b")), ("eq", ("log", ("mul", "a", "b")), ("add", ("log", "a"), ("log", "b")))),
    "log_inv": ((("pos", "a"),), ("eq", ("log", ("inv", "a")), ("mul", MINUS_ONE, ("log", "a")))),
    "ind_nonneg": ((("nonneg", "a"),), ("eq", ("ind", "a"), ONE)),
    "ind_negative": ((("pos", _NOT_A),), ("eq", ("ind", "a"), ZERO)),
    "ind_negate": ((_A,), ("eq", ("ind", _NOT_A), ("add", ONE, ("mul", MINUS_ONE, ("ind", "a"))))),
    "ind_scale": ((("pos", "a"),), ("eq", ("ind", ("mul", "a", "b")), ("ind", "b"))),
    "ind_implied": ((("nonneg", "b"),), ("eq", ("mul", ("ind", "a"), ("ind", ("add", "a", "b"))), ("ind", "a"))),
    "sqrt_square": ((("nonneg", "a"),), ("eq", ("sqrt", ("mul", "a", "a")), "a")),
    "square_sqrt": ((("nonneg", "a"),), ("eq", ("mul", ("sqrt", "a"), ("sqrt", "a")), "a")),
    "tanh_exp": ((), ("eq", ("tanh", "a"), _TANH)),
    "sigmoid_exp": ((), ("eq", ("sigmoid", "a"), ("inv", ("add", ONE, _OVER)))),
    "softplus_log": ((), ("eq", ("softplus", "a"), ("log", ("add", ONE, _EXP)))),
    "sin_cos": ((), ("eq", ("add", ("mul", ("sin", "a"), ("sin", "a")), ("mul", ("cos", "a"), ("cos", "a"))), ONE)),
    **{f"{f}_negate": ((), ("eq", (f, _NOT_A), ("mul", MINUS_ONE, (f, "a")))) for f in ("erf", "sin")},
    "cos_negate": ((), ("eq", ("cos", _NOT_A), ("cos", "a"))),
    # order
    **{f"pos_{f}": ((), ("pos", (f, "a"))) for f in ("exp", "softplus")},
    **{f"{fact}_inv": (((fact, "a"),), (fact, ("inv", "a"))) for fact in ("pos", "nonzero")},
    **{f"{fact}_sqrt": (((fact, "a"),), (fact, ("sqrt", "a"))) for fact in ("pos", "nonneg")},
    "pos_pi": ((), ("pos", PI)),
    "pos_add": ((("pos", "a"), ("nonneg", "b")), ("pos", ("add", "a", "b"))),
    "pos_nonneg": ((("nonneg", "a"), _A), ("pos", "a")),
    "nonneg_square": ((), ("nonneg", ("mul", "a", "a"))),
    **{f"{fact}_weaken": ((("pos", "a"),), (fact, "a")) for fact in ("nonneg", "nonzero")},
    **{f"{fact}_mul": (((fact, "a"), (fact, "b")), (fact, ("mul", "a", "b"))) for fact in ("pos", "nonneg", "nonzero")},
    "nonzero_factor": ((("nonzero", ("mul", "b", "a")),), _A),
    # derivatives
    "d_add": ((_DA, _DB), ("deriv", "X", "k", ("add", "a", "b"), ("add", "da", "db"))),
    "d_mul": ((_DA, _DB), ("deriv", "X", "k", ("mul", "a", "b"), ("add", ("mul", "da", "b"), ("mul", "a", "db")))),
    **{
        f"d_{f}": ((_DA, *needed), ("deriv", "X", "k", (f, "a"), ZERO if slope == ZERO else ("mul", slope, "da")))
        for f, (slope, needed) in FUNCTIONS.items()
    },
    "d_value": ((("eq", "da", "b"), _DA), ("deriv", "X", "k", "a", "b")),
}
"""The rules that hold of all terms: {name: (premises, conclusion)}, with letters for terms. One that stands in no
premise is an argument of the rule, in the order in which the conclusion names them."""
_WINS = (
    ("eq", ("mul", "w", "w"), "w"),
    ("pos", ("add", ("add", "w", _NOT_A), ("sum", "n", ("mul", "w", "a")))),
    ("eq", ("sum", "n", "w"), ONE),
)
"""What w, which is 1 at one index and 0 at all others, has to satisfy for a to be larger there than anywhere else."""
BINDING: dict[str, tuple[tuple[Formula, ...], Formula]] = {
    **{f"cong_{op}": ((_AB,), ("eq", (op, "n", "a"), (op, "n", "b"))) for op in ("sum", "max")},
    "delta_same": ((), ("eq", ("delta", "n", "i,i"), ONE)),
    "pos_sum": ((("pos", "a"), ("pos", ("dim", "n"))), ("pos", _SUM)),
    "pos_weighted": ((("nonneg", "a"), ("pos", "b"), ("pos", _SUM)), ("pos", ("sum", "n", ("mul", "a", "b")))),
    "nonneg_sum": ((("nonneg", "a"),), ("nonneg", _SUM)),
    "d_sum": ((_DA,), ("deriv", "X", "k", _SUM, ("sum", "n", "da"))),
    "max_wins": (_WINS, ("eq", ("max", "n", "a"), ("sum", "n", ("mul", "w", "a")))),
    "d_max": ((*_WINS, _DA), ("deriv", "X", "k", ("max", "n", "a"), ("sum", "n", ("mul", "w", "da")))),
}
"""The same of rules whose premises are proved for an arbitrary index, of dimension n, that they bind."""


@rule
def scheme(theory: Theory, name: str, premises: tuple[Theorem, ...], terms: tuple[Formula, ...]) -> Theorem:
    """An instance of one of ``SCHEMES``."""
    require("terms", type(name) is str and name in SCHEMES, f"{name!r} is no scheme")
    return _applied(theory, *SCHEMES[name], premises, terms)


for _name, _row in BINDING.items():
    rule(lambda theory, i, *premises, row=_row: _applied(theory, row[0], row[1], premises, (), (i,)), _name)


def _applied(theory: Theory, patterns: Any, conclusion: Any, premises: Any, terms: Any, over: Places = ()) -> Theorem:
    """What premises and terms give; ``over``: an index for which the premises are proved, and which is bound."""
    whole = type(premises) is tuple and len(premises) == len(patterns)
    require("premise", whole, f"expected a tuple of {len(patterns)} premises")
    meant: dict[str, Any] = {"n": over[0][2], "i,i": over * 2} if over else {}
    hypotheses = used = frozenset[Formula]()
    for premise, pattern in zip(premises, patterns, strict=True):
        h, judgement = _take(theory, premise, pattern[0])
        hypotheses, used = hypotheses | h, used | free_indices(judgement)
        require("premise", _matches(pattern, judgement, meant, over), "expected {} of a premise", pattern)
    _arbitrary(over, *hypotheses, ("deriv", "X", meant.get("k", ()), ZERO, ZERO))
    missing = [letter for letter in dict.fromkeys(_letters(conclusion)) if letter not in meant]
    require("terms", type(terms) is tuple and len(terms) == len(missing), f"expected a tuple of {len(missing)}")
    for letter, term in zip(missing, terms, strict=True):
        check(theory, term)
        meant[letter] = term
    return _issue(theory, hypotheses, _filled(conclusion, meant, over), used - set(over))


def _matches(pattern: Any, formula: Any, meant: dict[str, Any], over: Places = ()) -> bool:
    """Does each letter of the pattern stand for one formula, and only for one?"""
    if type(pattern) is str:
        return bool(meant.setdefault(pattern, formula) == formula)
    if type(pattern) is int or pattern[0] in BINDERS:
        return bool(_filled(pattern, meant, over) == formula)
    same = len(pattern) == len(formula) and pattern[0] == formula[0]
    return same and all(_matches(p, f, meant, over) for p, f in zip(pattern[1:], formula[1:], strict=True))


def _letters(pattern: Any) -> list[str]:
    if type(pattern) is str:
        return [pattern]
    return [] if type(pattern) is int else [letter for part in pattern[1:] for letter in _letters(part)]


def _filled(pattern: Any, meant: dict[str, Any], over: Places = ()) -> Any:
    if type(pattern) is str:
        return meant[pattern]
    if type(pattern) is int:
        return pattern
    filled = [_filled(part, meant, over) for part in pattern[1:]]
    return (pattern[0], *filled[:-1], close(filled[-1], over)) if pattern[0] in BINDERS else (pattern[0], *filled)


# --- equality ---------------------------------------------------------------------------------------------------------


@rule
def ring(theory: Theory, a: Formula, b: Formula) -> Theorem:
    """⊢ a = b where both are the same polynomial in the same terms."""
    check(theory, a)
    check(theory, b)
    require("ring", polynomial(a) == polynomial(b), "the two sides are not the same polynomial")
    return _issue(theory, frozenset(), ("eq", a, b))


@rule
def cong_map(theory: Theory, like: Formula, indices: Places, equation: Theorem) -> Theorem:
    """a = b for arbitrary j ⊢ f[i; λ j. a] = f[i; λ j. b], or the same for its slope: ``like`` is the left side."""
    h, (_, a, b) = _take(theory, equation, "eq")
    _arbitrary(indices, *h)
    check(theory, like)
    shown = like[0] in {"map", "slope"} and like[3:] == (tuple(i[2] for i in indices), close(a, indices))
    require("premise", shown, "expected a map of the left side of the equation")
    return _issue(theory, h, ("eq", like, (*like[:4], close(b, indices))))


@rule
def unfold(theory: Theory, name: str, places: Places) -> Theorem:
    """⊢ S[i] = the right-hand side of the definition of S, at i."""
    require("definition", theory.kind(name) == "defined", f"{name!r} is not defined")
    check_places(places, theory.dims(name))
    return _issue(theory, frozenset(), ("eq", ("entry", name, places), open_(theory.rest(name), places)))


# --- hypotheses; arbitrary indices and variables ----------------------------------------------------------------------


@rule
def assume(theory: Theory, hypothesis: Formula, places: Places) -> Theorem:
    """∀ i. J ⊢ J at i = places."""
    shaped = type(hypothesis) is tuple and len(hypothesis) == len(("all", "dims", "J")) and type(hypothesis[0]) is str
    require("terms", shaped and hypothesis[0] == "all", f"{hypothesis!r} is no hypothesis")
    check_dims(hypothesis[1])
    check_fact(theory, hypothesis[2], tuple(reversed(hypothesis[1])))
    check_places(places, hypothesis[1])
    return _issue(theory, frozenset({hypothesis}), open_(hypothesis[2], places), frozenset(places))


@rule
def instance(theory: Theory, theorem: Theorem, i: Index, place: Index) -> Theorem:
    """H ⊢ J gives the same with another index of the same dimension for the free index i."""
    h, judgement = _take(theory, theorem)
    check_parameters((i,))
    check_places((place,), (i[2],))
    at, *hypotheses = (open_(close(each, (i,)), (place,)) for each in (judgement, *h))
    return _issue(theory, frozenset(hypotheses), at)


@rule
def specialise(theory: Theory, theorem: Theorem, name: str, indices: Places, value: Formula) -> Theorem:
    """H ⊢ J, where X is a variable, gives the same with λ i. value for X."""
    h, judgement = _take(theory, theorem)
    _check_value(theory, name, indices, value, (judgement, *h))
    tied = judgement[0] == "deriv" and judgement[1] in theory.depends(value) | {name}
    require("tied", not tied, f"{name} is differentiated by, or would depend on what is")
    at, *hypotheses = (substitute(each, name, close(value, indices)) for each in (judgement, *h))
    return _issue(theory, frozenset(hypotheses), at, _free(judgement, *h))


def _check_value(theory: Theory, name: str, indices: Places, value: Formula, formulas: tuple[Formula, ...]) -> None:
    """May λ indices. value take the place of the variable ``name`` in these formulas?"""
    require("variable", theory.kind(name) == "variable", f"{name!r} is no variable")
    check_parameters(indices)
    check_places(indices, theory.dims(name))
    check(theory, value)
    hidden = any(name in theory.depends(("entry", n, ())) for each in formulas for n in names(each) - {name})
    require("hidden", not hidden, f"{name} stands in the definition of a name")


# --- sums and deltas --------------------------------------------------------------------------------------------------


@rule
def sum_add(theory: Theory, term: Formula) -> Theorem:
    """⊢ Σ_i (a + b) = Σ_i a + Σ_i b."""
    dim, (_, a, b) = _sum_of(theory, term, "add")
    return _issue(theory, frozenset(), ("eq", term, ("add", ("sum", dim, a), ("sum", dim, b))))


@rule
def sum_factor(theory: Theory, term: Formula) -> Theorem:
    """⊢ Σ_i c·a = c·Σ_i a, where c does not depend on i."""
    dim, (_, c, a) = _sum_of(theory, term, "mul")
    require("factor", open_(c, (("index", "i", dim),)) == c, "the factor depends on the index of the sum")
    return _issue(theory, frozenset(), ("eq", term, ("mul", c, ("sum", dim, a))))


@rule
def sum_constant(theory: Theory, term: Formula) -> Theorem:
    """⊢ Σ_i c = n·c, where c does not depend on i, whose dimension is n."""
    dim, c = _sum_of(theory, term)
    require("constant term", open_(c, (("index", "i", dim),)) == c, "the term depends on the index of the sum")
    return _issue(theory, frozenset(), ("eq", term, ("mul", ("dim", dim), c)))


@rule
def sum_swap(theory: Theory, term: Formula) -> Theorem:
    """⊢ Σ_i Σ_j a = Σ_j Σ_i a."""
    outer, (_, inner, a) = _sum_of(theory, term, "sum")
    swapped = open_(a, (("bound", 0, outer), ("bound", 1, inner)))
    return _issue(theory, frozenset(), ("eq", term, ("sum", inner, ("sum", outer, swapped))))


@rule
def sum_delta(theory: Theory, term: Formula) -> Theorem:
    """⊢ Σ_i δ[i, j]·a = a at i = j."""
    dim, (_, delta, a) = _sum_of(theory, term, "mul")
    shaped = delta[0] == "delta" and delta[2][0] == ("bound", 0, dim) and delta[2][1][0] == "index"
    require("delta", shaped, "expected δ[i, j], where i is that of the sum and j another")
    return _issue(theory, frozenset(), ("eq", term, open_(a, (delta[2][1],))))


def _sum_of(theory: Theory, term: Formula, op: str | None = None) -> tuple[Any, ...]:
    """The dimension and the body of a sum, after checking that it is one."""
    check(theory, term)
    require("sum", term[0] == "sum" and op in {None, term[2][0]}, f"expected Σ of {op or 'a term'}")
    return term[1:]


@rule
def pos_number(theory: Theory, a: Formula) -> Theorem:
    """⊢ p/q > 0 for a positive number."""
    check(theory, a)
    require("positive", a[0] == "num" and a[1] > 0, "expected a positive number")
    return _issue(theory, frozenset(), ("pos", a))


# --- derivatives ------------------------------------------------------------------------------------------------------


@rule
def d_variable(theory: Theory, name: str, places: Places, by: Places) -> Theorem:
    """⊢ ∂X[i, …]/∂X[k, …] = δ[i, k]·…"""
    require("variable", theory.kind(name) == "variable", f"{name!r} is no variable")
    dims = theory.dims(name)
    check_places(places, dims)
    check_places(by, dims)
    slope: Formula = ONE
    for dim, i, k in reversed(list(zip(dims, places, by, strict=True))):
        delta: Formula = ("delta", dim, (i, k))
        slope = delta if slope == ONE else ("mul", delta, slope)
    return _issue(theory, frozenset(), ("deriv", name, by, ("entry", name, places), slope))


@rule
def d_constant(theory: Theory, name: str, by: Places, a: Formula) -> Theorem:
    """⊢ ∂a/∂X[k] = 0, where a does not depend on X, nor do the definitions of the names in it."""
    require("variable", theory.kind(name) == "variable", f"{name!r} is no variable")
    check_places(by, theory.dims(name))
    check(theory, a)
    require("constant", name not in theory.depends(a), f"the term depends on {name}")
    return _issue(theory, frozenset(), ("deriv", name, by, a, ZERO))


@rule
def d_map(theory: Theory, name: str, places: Places, variable: str, by: Places) -> Theorem:
    """⊢ ∂f[i; X]/∂X[k] = the slope of f at X, entry [i, k]."""
    require("variable", theory.kind(variable) == "variable", f"{variable!r} is no variable")
    dims = theory.dims(variable)
    check_places(by, dims)
    argument = ("entry", variable, tuple(("bound", len(dims) - 1 - k, dim) for k, dim in enumerate(dims)))
    value, slope = ("map", name, places, dims, argument), ("slope", name, (*places, *by), dims, argument)
    check(theory, value)
    return _issue(theory, frozenset(), ("deriv", variable, by, value, slope))


@rule
def d_chain(theory: Theory, outer: Theorem, indices: Places, inner: Theorem) -> Theorem:
    """∂e/∂X[k] = d for arbitrary k, ∂g/∂T[l] = h for arbitrary j ⊢ ∂e(X := λ j. g)/∂T[l] = Σ_k d(X := λ j. g)·h(k).

    h(k) is h with k for j. e depends on T through X alone.
    """
    h, (_, name, by, e, d) = _take(theory, outer, "deriv")
    k, (_, variable, places, g, dg) = _take(theory, inner, "deriv")
    _check_value(theory, name, indices, g, (e, d, *h))
    _arbitrary(by, e, *h)
    _arbitrary(indices, ("deriv", variable, places, ZERO, ZERO), *k)
    require("capture", not free_indices(inner.conclusion) & set(by), "an index of the sum stands in what is summed")
    require("tied", variable not in theory.depends(e), f"the outer function depends on {variable} in another way, too")
    value = close(g, indices)
    slope: Formula = ("mul", substitute(d, name, value), open_(close(dg, indices), by))
    for index in reversed(by):
        slope = _sum(index, slope)
    assumed = frozenset(substitute(each, name, value) for each in h)
    used = (_free(outer.conclusion, *h) - set(by)) | (_free(inner.conclusion) - set(indices))
    return _issue(theory, assumed | k, ("deriv", variable, places, substitute(e, name, value), slope), used)


def _sum(i: Index, a: Formula) -> Formula:
    return ("sum", i[2], close(a, (i,)))


@rule
def d_function(theory: Theory, equation: Theorem, derivative: Theorem) -> Theorem:
    """e = f whatever X is, ∂e/∂X[k] = d ⊢ ∂f/∂X[k] = d."""
    h, (_, e, f) = _take(theory, equation, "eq")
    k, (_, name, by, same, d) = _take(theory, derivative, "deriv")
    require("premise", e == same, "the left side of the equation is not what is differentiated")
    require("neighbourhood", not any(name in theory.depends(each) for each in h), f"what is assumed depends on {name}")
    return _issue(theory, h | k, ("deriv", name, by, f, d), free_indices(e))
