"""A proof term for each rule of the kernel: the prelude's lemma of that name, at terms that are written out.

Here are no guards and no conclusions: what is proved is what the file says, if Coq accepts the term.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from backproof_spec.calculus.coq.gallina import require_whole, signed
from backproof_spec.calculus.coq.premises import Lemma, NotExported, NotWhole, Premises, Proof, Scope
from backproof_spec.calculus.kernel import RULES as KERNEL_RULES
from backproof_spec.calculus.kernel import SCHEMES
from backproof_spec.calculus.terms import FUNCTIONS, Formula, Index, close, free_indices, open_, substitute

DERIVATIVES = {
    "d_add": "plus",
    "d_mul": "mult",
    "d_value": "value",
    **{f"d_{f}": f for f in FUNCTIONS},
    "d_log": "ln",
}
"""The lemmas of the rules of differentiation, after D_ or P_. Other lemmas have the names of their rules."""


class Rules(Premises):
    """A proof for each rule, from what the file gives as its arguments. ``out`` is the Coq file so far."""

    def __init__(self) -> None:
        """Nothing is written."""
        super().__init__()
        self.rings: dict[str, str] = {}
        self.out: list[str] = []

    # --- rules that are schemes ---

    def _scheme(self, name: str, premises: tuple[Lemma, ...], terms: tuple[Formula, ...]) -> Proof:
        patterns, conclusion = SCHEMES[name]
        meant: dict[str, Any] = {}
        for premise, pattern in zip(premises, patterns, strict=True):
            _meanings(pattern, premise.conclusion, meant)
        missing = [letter for letter in dict.fromkeys(_letters(conclusion)) if letter not in meant]
        meant.update(zip(missing, terms, strict=True))
        if conclusion[0] == "deriv":
            return lambda scope: self._derivative(name, premises, meant, scope)
        arguments = [self.write.argument(meant[letter]) for letter in sorted(meant)]
        return lambda scope: f"({' '.join([name, *arguments, *(self._use(each, scope) for each in premises)])})"

    def _derivative(self, name: str, premises: tuple[Lemma, ...], meant: Mapping[str, Any], scope: Scope) -> str:
        """A rule of differentiation that is a scheme: functions, where, slopes, premises."""
        x, by = meant["X"], meant["k"]
        value = name == "d_value"  # da = b for arbitrary k, and b is a slope
        functions = [self.write.function(x, meant[each]) for each in ("a", "b")[: 1 if value else 2] if each in meant]
        slopes = [self._slope(by, meant[each], scope) for each in ("da", "b" if value else "db") if each in meant]
        used = []
        for each in premises:
            if value and scope.whole and each.conclusion[0] == "eq":
                used.append(self._premise_for_all(by, each, scope))
            else:
                used.append(self._derived(each, scope))
        return self._d(DERIVATIVES[name], x, by, scope, *functions, self.write.name(x), "{k}", *slopes, *used)

    def _slope(self, by: tuple[Index, ...], d: Formula, scope: Scope) -> str:
        return self.write.over(by if scope.whole else (), d)

    # --- equality ---

    def _ring(self, a: Formula, b: Formula) -> Proof:
        atoms: dict[Formula, str] = {}

        def abstract(term: Formula) -> tuple[str, int]:
            if term[0] in {"add", "mul"}:
                return signed(term[0], map(abstract, term[1:]))
            if term[0] == "num":
                return f"({self.write.term(term)})", 0
            return atoms.setdefault(term, f"x{len(atoms)}"), 0

        sides = f"{abstract(a)[0]} = {abstract(b)[0]}"
        statement = f"forall {' '.join(atoms.values())} : R, {sides}" if atoms else sides
        if statement not in self.rings:
            self.rings[statement] = f"ring{len(self.rings)}"
            tactic = "field" if "/" in sides else "ring"
            self.out.append(f"Lemma {self.rings[statement]} : {statement}. Proof. intros. {tactic}. Qed.")
        proof = " ".join([self.rings[statement], *map(self.write.argument, atoms)])
        return lambda _: f"({proof})"

    def _cong_sum(self, i: Index, equation: Lemma) -> Proof:
        return self._ext("sum", i, equation)

    def _cong_max(self, i: Index, equation: Lemma) -> Proof:
        return self._ext("max", i, equation)

    def _ext(self, op: str, i: Index, equation: Lemma) -> Proof:
        _, a, b = equation.conclusion
        sides = f"{self.write.over((i,), a)} {self.write.over((i,), b)}"
        return lambda scope: f"({op}_ext {self.write.dim(i[2])} {sides} {self._premise_for_all((i,), equation, scope)})"

    def _cong_map(self, like: Formula, indices: tuple[Index, ...], equation: Lemma) -> Proof:
        op, f, places, dims, _ = like
        _, a, b = equation.conclusion
        outputs = len(self.write.theory.rest(f))
        sides = f"{self.write.over(indices, a)} {self.write.over(indices, b)}"

        def proof(scope: Scope) -> str:
            same, entry = self._premise_for_all(indices, equation, scope), self._ranged(places[outputs:], scope)
            return f"(cong_{op} {self.write.shape(dims)} {self._map(f, places[:outputs], scope, sides)} {same}{entry})"

        return proof

    def _map(self, f: str, outputs: tuple[Index, ...], scope: Scope, where: str) -> str:
        """f, its slope, ``where`` they are looked at, and the proof that that is its slope."""
        name, at, ranged = self.write.name(f), self.write.at(outputs), self._ranged(outputs, scope)
        return f"({name}{at}) ({name}'{at}) {where} ({name}''{ranged})"

    def _unfold(self, name: str, places: tuple[Index, ...]) -> Proof:
        return lambda _: f"(refl {self.write.argument(('entry', name, places))})"

    # --- hypotheses; other indices and variables ---

    def _assume(self, hypothesis: Formula, places: tuple[Index, ...]) -> Proof:
        return lambda scope: f"({self._assumption(hypothesis, scope)}{self._ranged(places, scope)})"

    def _instance(self, theorem: Lemma, i: Index, place: Index) -> Proof:
        def proof(scope: Scope) -> str:
            moved = {h: open_(close(h, (i,)), (place,)) for h in theorem.hypotheses}
            proofs = {h: self._assumption(now, scope) for h, now in moved.items()}
            return self._derived(theorem, scope, indices={i: place}, proofs=proofs)

        return proof

    def _specialise(self, theorem: Lemma, name: str, indices: tuple[Index, ...], value: Formula) -> Proof:
        body = close(value, indices)

        def proof(scope: Scope) -> str:
            proofs = {h: self._assumption(substitute(h, name, body), scope) for h in theorem.hypotheses}
            return self._derived(theorem, scope, variables={name: self.write.over(indices, value)}, proofs=proofs)

        return proof

    # --- sums and deltas ---

    def _sum_add(self, term: Formula) -> Proof:
        _, dim, (_, a, b) = term
        return lambda _: f"(sum_add {self.write.dim(dim)} {self._body(dim, a)} {self._body(dim, b)})"

    def _sum_factor(self, term: Formula) -> Proof:
        _, dim, (_, c, a) = term
        factor = self.write.argument(open_(c, (("index", "_0", dim),)))
        return lambda _: f"(sum_factor {self.write.dim(dim)} {factor} {self._body(dim, a)})"

    def _sum_constant(self, term: Formula) -> Proof:
        _, dim, c = term
        constant = self.write.argument(open_(c, (("index", "_0", dim),)))
        return lambda _: f"(sum_constant {self.write.dim(dim)} {constant})"

    def _sum_swap(self, term: Formula) -> Proof:
        _, outer, (_, inner, a) = term
        i, j = ("index", "_0", outer), ("index", "_00", inner)
        body = self.write.over((i, j), open_(a, (i, j)))
        return lambda _: f"(sum_swap {self.write.dim(outer)} {self.write.dim(inner)} {body})"

    def _sum_delta(self, term: Formula) -> Proof:
        _, dim, (_, (_, _, (_, j)), a) = term
        return lambda scope: (
            f"(sum_delta {self.write.dim(dim)} {self.write.index(j)} {self._body(dim, a)} {self._range(j, scope)})"
        )

    def _delta_same(self, i: Index) -> Proof:
        return lambda _: f"(delta_same {self.write.index(i)})"

    def _body(self, dim: str, body: Formula) -> str:
        """λ j. body, whose outermost bound index is j."""
        i = ("index", "_0", dim)
        return self.write.over((i,), open_(body, (i,)))

    # --- the largest ---

    def _max_wins(self, i: Index, squares: Lemma, above: Lemma, one: Lemma) -> Proof:
        _, (_, (_, w, (_, _, a)), _) = above.conclusion
        terms = f"{self.write.dim(i[2])} {self.write.over((i,), w)} {self.write.over((i,), a)}"
        return lambda scope: f"(max_wins {terms} {self._won(i, squares, above, one, scope)})"

    def _won(self, i: Index, squares: Lemma, above: Lemma, one: Lemma, scope: Scope) -> str:
        """That the weights w are those of an index that wins."""
        facts = [self._premise_for_all((i,), each, scope) for each in (squares, above)]
        return " ".join([*facts, self._use(one, scope)])

    def _d_max(self, i: Index, squares: Lemma, above: Lemma, one: Lemma, derivative: Lemma) -> Proof:
        _, (_, (_, w, _), _) = above.conclusion
        _, name, by, a, da = derivative.conclusion
        x, weights = self.write.name(name), self.write.over((i,), w)
        function = f"(fun {self.write.index(i)} {x} => {self.write.term(a)})"

        def proof(scope: Scope) -> str:
            if scope.whole and set(by) & free_indices(above.conclusion):
                raise NotWhole
            slope = self._slope((i, *by), da, scope) if scope.whole else self.write.over((i,), da)
            won = self._won(i, squares, above, one, scope)
            inside = self._for_all((i,), scope, lambda inner: self._derived(derivative, inner))
            dim = self.write.dim(i[2])
            return self._d("max", name, by, scope, dim, weights, function, x, "{k}", slope, won, inside)

        return proof

    # --- order ---

    def _pos_number(self, a: Formula) -> Proof:
        _, p, q = a
        require_whole(p, q)
        return lambda _: f"(pos_integer ({p}) eq_refl)" if q == 1 else f"(pos_number ({p}) {q} eq_refl eq_refl)"

    def _pos_sum(self, i: Index, fact: Lemma, nonempty: Lemma) -> Proof:
        def proof(scope: Scope) -> str:
            body, facts = self.write.over((i,), fact.conclusion[1]), self._premise_for_all((i,), fact, scope)
            return f"(pos_sum {self.write.dim(i[2])} {body} {facts} {self._use(nonempty, scope)})"

        return proof

    def _pos_weighted(self, i: Index, least: Lemma, fact: Lemma, some: Lemma) -> Proof:
        a, b = (self.write.over((i,), each.conclusion[1]) for each in (least, fact))

        def proof(scope: Scope) -> str:
            facts = " ".join(self._premise_for_all((i,), each, scope) for each in (least, fact))
            return f"(pos_weighted {self.write.dim(i[2])} {a} {b} {facts} {self._use(some, scope)})"

        return proof

    def _nonneg_sum(self, i: Index, fact: Lemma) -> Proof:
        body = self.write.over((i,), fact.conclusion[1])
        return lambda scope: f"(nonneg_sum {self.write.dim(i[2])} {body} {self._premise_for_all((i,), fact, scope)})"

    # --- derivatives ---

    def _d_variable(self, name: str, places: tuple[Index, ...], by: tuple[Index, ...]) -> Proof:
        x, entry = self.write.name(name), self.write.place(places)
        return lambda scope: self._d("var", name, by, scope, entry, x, "{k}", self._all_in_range(places, scope))

    def _d_constant(self, name: str, by: tuple[Index, ...], a: Formula) -> Proof:
        return lambda scope: self._d("cst", name, by, scope, self.write.argument(a), self.write.name(name), "{k}")

    def _d_sum(self, i: Index, derivative: Lemma) -> Proof:
        _, name, by, a, da = derivative.conclusion
        x, dim = self.write.name(name), self.write.dim(i[2])
        function = f"(fun {self.write.index(i)} {x} => {self.write.term(a)})"

        def proof(scope: Scope) -> str:
            slope = self._slope((i, *by), da, scope) if scope.whole else self.write.over((i,), da)
            inside = self._for_all((i,), scope, lambda inner: self._derived(derivative, inner))
            return self._d("sum", name, by, scope, dim, function, x, "{k}", slope, inside)

        return proof

    def _d_map(self, f: str, places: tuple[Index, ...], variable: str, by: tuple[Index, ...]) -> Proof:
        def proof(scope: Scope) -> str:
            x = self.write.name(variable) + ("" if scope.whole else f" {self.write.place(by)}")
            return self._d("map", variable, by, scope, self._map(f, places, scope, x))

        return proof

    def _d_chain(self, outer: Lemma, indices: tuple[Index, ...], inner: Lemma) -> Proof:
        _, name, by, e, d = outer.conclusion
        _, variable, places, g, dg = inner.conclusion
        value = close(g, indices)
        if not outer.whole:
            msg = "a chain rule whose outer function depends on the index by which it is differentiated"
            raise NotExported(msg)

        def proof(scope: Scope) -> str:
            write, at = self.write, self.write.over(indices, g)
            proofs = {h: self._assumption(substitute(h, name, value), scope) for h in outer.hypotheses}
            first = self._use(outer, replace(scope, whole=True), variables={name: at}, proofs=proofs)
            second = self._for_all(indices, scope, lambda more: self._derived(inner, more))
            shapes = " ".join(write.shape(write.theory.dims(x)) for x in (name, variable))
            point = f"(fun {write.name(variable)} => {at})"
            gradient = f"((fun {write.name(name)} => {write.over(by, d)}) {at})"
            slopes = write.over((*indices, *places) if scope.whole else indices, dg)
            x = write.name(variable) + ("" if scope.whole else f" {write.place(places)}")
            lemma = "D_comp" if scope.whole else "P_comp"
            return f"({lemma} {shapes} {write.function(name, e)} {point} {x} {gradient} {slopes} {first} {second})"

        return proof

    def _d_function(self, equation: Lemma, derivative: Lemma) -> Proof:
        _, e, f = equation.conclusion
        _, name, by, _, d = derivative.conclusion
        x, sides = self.write.name(name), (self.write.function(name, e), self.write.function(name, f))

        def proof(scope: Scope) -> str:
            same, slope = f"(fun {x} => {self._use(equation, scope)})", self._slope(by, d, scope)
            return self._d("function", name, by, scope, *sides, x, "{k}", slope, same, self._derived(derivative, scope))

        return proof


RULES: dict[str, Callable[..., Proof]] = {name: getattr(Rules, f"_{name}") for name in KERNEL_RULES}
"""What proves a step, by the rule of the kernel that it applies."""


def _meanings(pattern: Any, formula: Any, meant: dict[str, Any]) -> None:
    """What the letters of a pattern stand for, where they stand first."""
    if isinstance(pattern, str):
        meant.setdefault(pattern, formula)
    elif isinstance(pattern, tuple):
        for part, at in zip(pattern[1:], formula[1:], strict=True):
            _meanings(part, at, meant)


def _letters(pattern: Any) -> list[str]:
    if isinstance(pattern, str):
        return [pattern]
    return [letter for part in pattern[1:] for letter in _letters(part)] if isinstance(pattern, tuple) else []
