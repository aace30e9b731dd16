"""How many true statements, drawn at random, are not proved? And is a false one ever?

    python benchmarks/random_statements.py [--count 200] [--seed 1] [--family sums] [--show] [--seconds 20]

A formula of a family is drawn, differentiated here by the rules of a first course, and what comes of it is written in
another form: multiplied out, reordered, exp(a + b) taken apart, δ left in a sum or contracted. This is what is claimed.
It is supposed that denominators and what stands in step are not 0, and the arguments of logarithms positive. Each
statement has a false twin, in which a number, a sign or a name is another; that it is false is seen in floating-point
numbers, by difference quotients, which know nothing of the prover. Exit status 1 if a twin is proved.
"""

from __future__ import annotations

import argparse
import math
import random
import sys
import time
from collections import Counter

from backproof_spec.calculus import limits
from backproof_spec.calculus.statement import prove
from backproof_spec.calculus.tactics import Unproved
from backproof_spec.language.parsing import Malformed
from backproof_spec.language.statements import read

ONE, ZERO = ("num", 1), ("num", 0)
SHAPES = {"x": ("i",), "w": ("i",), "A": ("i", "j"), "v": ("j",), "a": (), "b": (), "c": ()}
"""Tensors, each with the dimensions of its indices; i, k, l are of one, j and m of another."""
DIMS = {"i": "n", "k": "n", "l": "n", "j": "m", "m": "m"}


# --- formulas: ("num", p), ("entry", name, indices), ("sum", index, f), ("delta", i, k), (operator, f, …) -------------


def written(f, level=0):
    """As the language of statements has it; ``level``: 0 of a sum, 1 of a product, 2 of a factor."""
    op, *of = f
    text, own = "", 2
    match op:
        case "num":
            text = str(of[0])
            own = 2 if of[0] >= 0 else 0
        case "entry":
            text = of[0] + (f"[{','.join(of[1])}]" if of[1] else "")
        case "delta":
            text = f"delta[{of[0]},{of[1]}]"
        case "sum":
            text, own = f"sum_{of[0]} {written(of[1], 1)}", 0
        case "add":
            text, own = f"{written(of[0])} + {written(of[1], 1)}", 0
        case "mul":
            text, own = f"{written(of[0], 1)}*{written(of[1], 2)}", 1
        case "div":
            text, own = f"{written(of[0], 1)}/{written(of[1], 2)}", 1
        case "pow":
            text = f"{written(of[0], 3)}^{of[1]}"
        case _:
            text = f"{op}({written(of[0])})"
    return f"({text})" if own < level else text


def add(a, b):
    return b if a == ZERO else a if b == ZERO else ("add", a, b)


def mul(a, b):
    return ZERO if ZERO in {a, b} else b if a == ONE else a if b == ONE else ("mul", a, b)


def minus(a):
    return mul(("num", -1), a)


def children(f):
    return [each for each in f[1:] if isinstance(each, tuple) and each and each[0] in OPERATORS]


OPERATORS = {"num", "entry", "delta", "sum", "add", "mul", "div", "pow", "exp", "log", "relu", "step"}


def rebuilt(f, change):
    return tuple(change(each) if isinstance(each, tuple) and each and each[0] in OPERATORS else each for each in f)


def parts(f):
    yield f
    for each in children(f):
        yield from parts(each)


def renamed(f, old, new):
    """Another index."""
    if f[0] in {"entry", "delta"}:
        names = tuple(tuple(new if i == old else i for i in each) if isinstance(each, tuple) else each for each in f)
        return tuple(new if each == old and f[0] == "delta" else each for each in names)
    return rebuilt(f, lambda each: renamed(each, old, new))


def slope(f, name, by):
    """∂f/∂name[by]."""
    op, *of = f
    match op:
        case "entry" if of[0] == name:
            found = ONE
            for i, k in zip(of[1], by, strict=True):
                found = mul(found, ("delta", i, k))
            return found
        case "num" | "entry" | "delta" | "step":
            return ZERO
        case "sum":
            return summed(of[0], slope(of[1], name, by))
        case "add":
            return add(*(slope(each, name, by) for each in of))
        case "mul":
            return add(mul(slope(of[0], name, by), of[1]), mul(of[0], slope(of[1], name, by)))
        case "div":
            top = add(mul(slope(of[0], name, by), of[1]), minus(mul(of[0], slope(of[1], name, by))))
            return ZERO if top == ZERO else ("div", top, ("pow", of[1], 2))
        case "pow":
            base, n = of
            inner = base if n == 2 else ("pow", base, n - 1)  # noqa: PLR2004
            return mul(mul(("num", n), inner), slope(base, name, by))
    outer = {"exp": f, "log": ("div", ONE, of[0]), "relu": ("step", of[0])}[op]
    return mul(outer, slope(of[0], name, by))


def summed(index, f):
    return ZERO if f == ZERO else ("sum", index, f)


def contracted(f):
    """Σ_i δ[i,k]·a = a at k, where the whole term is such a product."""
    f = rebuilt(f, contracted)
    if f[0] != "sum":
        return f
    _, index, body = f
    if body[0] == "add":
        return add(contracted(("sum", index, body[1])), contracted(("sum", index, body[2])))
    factors = flat(body)
    for each in factors:
        if each[0] == "delta" and index in each[1:]:
            other = each[2] if each[1] == index else each[1]
            left = ONE
            for factor in factors:
                left = left if factor is each else mul(left, factor)
            return renamed(left, index, other)
    return f


def flat(f):
    """The factors of a product."""
    if f[0] == "mul":
        return flat(f[1]) + flat(f[2])
    if f[0] == "div" and f[1] != ONE:
        return [*flat(f[1]), ("div", ONE, f[2])]
    return [f]


# --- the same in another form -----------------------------------------------------------------------------------------


def otherwise(f, draw):
    """One of the equations that hold of all values, applied here and there."""
    f = rebuilt(f, lambda each: otherwise(each, draw))
    if draw.random() > 0.35:  # noqa: PLR2004
        return f
    match f:
        case ("add" | "mul" as op, (same, a, b), c) if same == op:
            return (op, a, (op, b, c)) if draw.random() < 0.5 else (op, (op, c, a), b)  # noqa: PLR2004
        case ("mul", ("add", a, b), c) | ("mul", c, ("add", a, b)):
            return ("add", ("mul", a, c), ("mul", b, c))
        case ("add" | "mul" as op, a, b):
            return (op, b, a)
        case ("div", ("add", a, b), c):
            return ("add", ("div", a, c), ("div", b, c))
        case ("div", a, ("mul", b, c)):
            return ("div", ("div", a, b), c)
        case ("div", a, b):
            return ("mul", ("div", ONE, b), a)
        case ("pow", a, 2):
            return ("mul", a, a)
        case ("exp", ("add", a, b)):
            return ("mul", ("exp", a), ("exp", b))
        case ("exp", a):
            return ("div", ONE, ("exp", minus(a)))
        case ("sum", i, ("add", a, b)):
            return ("add", ("sum", i, a), ("sum", i, b))
        case ("step", a):
            return ("add", ONE, minus(("step", minus(a)))) if draw.random() < 0.5 else ("mul", f, f)  # noqa: PLR2004
        case ("relu", a):
            return ("mul", a, ("step", a))
    return f


# --- families ---------------------------------------------------------------------------------------------------------


class Drawn:
    """Formulas of one family."""

    def __init__(self, family, draw):
        self.family, self.draw, self.supposed = family, draw, []

    def pick(self, *among):
        return self.draw.choice(among)

    def scalar(self, within=()):
        """A number or an entry at indices that are bound around it."""
        names = ["a", "b", "c", *(["x", "w"] if "i" in within else []), *(["A"] if set("ij") <= set(within) else [])]
        names += ["x", "w"] if "i" in within else []
        names += ["v"] if "j" in within else []
        if self.draw.random() < 0.2:  # noqa: PLR2004
            return ("num", self.pick(1, 2, 3))
        name = self.pick(*names)
        return ("entry", name, SHAPES[name])

    def polynomial(self, within, depth):
        if depth == 0:
            return self.scalar(within)
        op = self.pick("add", "mul", "mul", "pow", "minus", "leaf")
        if op == "leaf":
            return self.scalar(within)
        if op == "pow":
            return ("pow", self.polynomial(within, depth - 1), self.pick(2, 2, 3))
        a, b = self.polynomial(within, depth - 1), self.polynomial(within, depth - 1)
        return ("add", a, minus(b)) if op == "minus" else (op, a, b)

    def sums(self):
        """Σ over one or two indices of polynomials, and squares of such sums."""
        kind = self.pick("one", "one", "two", "square", "product", "inner")
        if kind == "one":
            return ("sum", "i", self.polynomial("i", 2))
        if kind == "two":
            return ("sum", "i", ("sum", "j", self.polynomial("ij", 2)))
        if kind == "square":
            return ("pow", ("sum", "i", self.polynomial("i", 1)), 2)
        if kind == "product":
            return ("mul", ("sum", "i", self.polynomial("i", 1)), ("sum", "j", self.polynomial("j", 1)))
        inner = ("sum", "j", ("mul", ("entry", "A", ("i", "j")), ("entry", "v", ("j",))))
        return ("sum", "i", ("mul", self.scalar("i"), self.pick(inner, ("pow", inner, 2))))

    def around(self, within, functions):
        """A polynomial in which functions of polynomials stand."""
        f = self.function(self.pick(*functions), within)
        for _ in range(self.pick(0, 1, 1, 2)):
            other = self.pick(self.scalar(within), self.function(self.pick(*functions), within))
            f = (self.pick("add", "mul", "mul"), f, other)
        return f

    def function(self, name, within):
        a = self.polynomial(within, self.pick(1, 1, 2))
        if name == "log":
            a = self.pick(a, ("add", ONE, ("exp", self.polynomial(within, 1))), ("add", ONE, ("pow", a, 2)))
            self.suppose(a, "> 0")
            return ("log", a)
        if name == "div":
            below = self.pick(a, ("add", ONE, ("pow", self.scalar(within), 2)), ("add", self.scalar(within), a))
            below = self.pick(below, ("add", ONE, ("exp", self.scalar(within))))
            self.suppose(below, "!= 0")
            return ("div", self.pick(ONE, self.polynomial(within, 1)), below)
        if name in {"relu", "step"}:
            self.suppose(a, "!= 0")
        return (name, a)

    def suppose(self, a, relation):
        if any(part[0] == "entry" for part in parts(a)):
            self.supposed.append((a, relation))

    def formula(self):
        """What is differentiated."""
        if self.family == "sums":
            return self.sums()
        functions = {"exp and log": ("exp", "exp", "log"), "fractions": ("div", "div", "exp"), "kinks": KINKED}
        within = self.pick("", "i")
        f = self.around(within, functions[self.family])
        return ("sum", "i", f) if within else f


KINKED = ("relu", "relu", "step", "exp", "relu")
FAMILIES = ("sums", "exp and log", "fractions", "kinks")


def statement(family, draw):
    """(supposed, differentiated, by, claimed), all of it true."""
    while True:
        drawn = Drawn(family, draw)
        f = drawn.formula()
        named = sorted({part[1] for part in parts(f) if part[0] == "entry"})
        if not named:
            continue
        name = draw.choice(named)
        by = tuple({"i": "k", "j": "m"}[i] for i in SHAPES[name])
        d = slope(f, name, by)
        d = contracted(d) if draw.random() < 0.7 else d  # noqa: PLR2004
        if d == ZERO and draw.random() < 0.8:  # noqa: PLR2004
            continue
        for _ in range(draw.choice((0, 1, 1, 2))):
            d = otherwise(d, draw)
        supposed = [(otherwise(a, draw) if draw.random() < 0.5 else a, how) for a, how in drawn.supposed]  # noqa: PLR2004
        return supposed, f, (name, by), d


def text(supposed, f, by, claimed):
    """A file."""
    lines = list(dict.fromkeys(f"suppose {written(a)} {relation}" for a, relation in supposed))
    lines = [line.replace(" != 0", " != 0") for line in lines]
    what = written(("entry", *by))
    return "\n".join([*lines, f"L = {written(f)}", f"gradient L by {what} = {written(claimed)}"])


def twin(f, draw):
    """The same but for one number, sign, name or operator."""
    places = [part for part in parts(f) if part[0] in {"num", "entry", "add", "mul", "exp", "step", "pow"}]
    chosen = draw.choice(places or [f])
    match chosen:
        case ("num", p):
            new = ("num", p + draw.choice((1, -2)))
        case ("entry", name, at):
            others = [each for each, shape in SHAPES.items() if len(shape) == len(at) and each != name]
            others = [each for each in others if [DIMS[i] for i in SHAPES[each]] == [DIMS[i] for i in at]]
            new = ("entry", draw.choice(others), at) if others else minus(chosen)
        case ("add", a, b):
            new = ("add", a, minus(b))
        case ("pow", a, n):
            new = ("pow", a, n + 1)
        case _:
            new = minus(chosen)
    state = [False]

    def put(part):
        if part is chosen and not state[0]:
            state[0] = True
            return new
        return rebuilt(part, put)

    return put(f)


# --- in numbers -------------------------------------------------------------------------------------------------------


def value(f, at, bound):
    op, *of = f
    match op:
        case "num":
            return float(of[0])
        case "entry":
            return at[of[0]][tuple(bound[i] for i in of[1])]
        case "delta":
            return float(bound[of[0]] == bound[of[1]])
        case "sum":
            return sum(value(of[1], at, {**bound, of[0]: i}) for i in range(at["size"][DIMS[of[0]]]))
        case "pow":
            return value(of[0], at, bound) ** of[1]
    a, *b = (value(each, at, bound) for each in of)
    match op:
        case "add":
            return a + b[0]
        case "mul":
            return a * b[0]
        case "div":
            return a / b[0]
        case "step":
            return float(a >= 0)
    return {"exp": math.exp, "log": math.log, "relu": lambda z: max(z, 0.0)}[op](a)


def false(supposed, f, by, claimed, draw):
    """Do the numbers say that it is false, at a place where all that is supposed holds by a margin?"""
    name, places = by
    for _ in range(40):
        size = {"n": draw.choice((1, 2)), "m": draw.choice((1, 2))}
        at = {"size": size}
        for each, shape in SHAPES.items():
            at[each] = {p: draw.uniform(-1.5, 1.5) for p in grid([size[DIMS[i]] for i in shape])}
        bound = {i: draw.randrange(size[DIMS[i]]) for i in places}
        try:
            if not all(margin(a, relation, at, size) for a, relation in supposed):
                continue
            slopes, said = [quotient(f, name, at, bound, places, h) for h in (1e-5, 1e-4)], value(claimed, at, bound)
        except (ArithmeticError, ValueError):
            continue
        derivative = slopes[0]
        noise = 1e-11 * abs(value(f, at, bound))
        smooth = abs(slopes[1] - derivative) + noise < 1e-4 * max(1.0, abs(derivative))
        if smooth and abs(derivative - said) > 1e-3 * max(1.0, abs(derivative), abs(said)):
            return True
    return False


def quotient(f, name, at, bound, places, h):
    """(f(x + h) − f(x − h))/2h."""
    place, ends = tuple(bound[i] for i in places), []
    for step in (h, -h):
        there = {**at, name: {**at[name], place: at[name][place] + step}}
        ends.append(value(f, there, bound))
    return (ends[0] - ends[1]) / (2 * h)


def grid(sizes):
    return [()] if not sizes else [(k, *rest) for k in range(sizes[0]) for rest in grid(sizes[1:])]


def margin(a, relation, at, size):
    """Does a hypothesis hold at all its indices, by a hundredth?"""
    indices = sorted({i for part in parts(a) if part[0] == "entry" for i in part[2]})
    for place in grid([size[DIMS[i]] for i in indices]):
        found = value(a, at, dict(zip(indices, place, strict=True)))
        if not (found > 0.01 if relation == "> 0" else abs(found) > 0.01):  # noqa: PLR2004
            return False
    return True


# --- the table --------------------------------------------------------------------------------------------------------


def proved(written_out, seconds):
    """Why not; nothing where it is."""
    try:
        with limits.within(seconds):
            prove(read(written_out))
    except (Unproved, Malformed, limits.Stopped) as error:
        return str(error)[:90]
    return ""


def main():
    """Print the table; the number of false statements that were proved."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--family", choices=FAMILIES, action="append")
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--show", action="store_true")
    options = parser.parse_args()
    wrong = 0
    print(f"seed {options.seed}: of true statements not proved; false ones proved; seconds")
    for family in options.family or FAMILIES:
        draw, began = random.Random(f"{options.seed} {family}"), time.perf_counter()  # noqa: S311 - examples
        seen, count, twins, accepted, why = set(), 0, 0, 0, Counter()
        while count < options.count:
            drawn = statement(family, draw)
            true = text(*drawn)
            if true in seen:
                continue
            seen.add(true)
            if false(*drawn, draw):
                print(f"the generator is wrong:\n{true}", file=sys.stderr)
                return 2
            count += 1
            reason = proved(true, options.seconds)
            why["not proved"] += bool(reason)
            if reason and options.show:
                print(f"--- {reason}\n{true}")
            other = (*drawn[:3], twin(drawn[3], draw))
            if false(*other, draw):
                twins += 1
                if not proved(text(*other), options.seconds):
                    accepted += 1
                    print(f"PROVED, and false:\n{text(*other)}", file=sys.stderr)
        wrong += accepted
        share = 100 * why["not proved"] / count
        spent = time.perf_counter() - began
        print(f"{family:<12} {why['not proved']:>4} of {count} = {share:.1f} %   {accepted} of {twins}   {spent:.0f} s")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
