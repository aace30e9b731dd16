"""What a proof term may refer to: earlier lemmas, at what is in scope. Untrusted, as all that writes for Coq."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from backproof_spec.calculus.coq.gallina import Notation
from backproof_spec.calculus.terms import Formula, Index


class NotExported(Exception):
    """A step that is right, perhaps, but has no Coq term here."""


class NotWhole(Exception):
    """A whole gradient does not follow from what is known of one entry."""


@dataclass(frozen=True)
class Lemma:
    """What a step says, and about what."""

    name: str
    variables: list[str]
    indices: list[Index]
    hypotheses: list[Formula]
    conclusion: Formula
    whole: bool
    """Is its derivative a whole gradient?"""


@dataclass(frozen=True)
class Scope:
    """What a proof term may refer to: the proof of the range of each index, the proof of each hypothesis.

    ``whole``: is what is to be proved a whole gradient? ``gone`` collects indices that are used and not there,
    ``forgotten`` variables.
    """

    ranges: Mapping[Index, str]
    hypotheses: Mapping[Formula, str]
    variables: frozenset[str]
    whole: bool
    gone: set[Index] = field(default_factory=set)
    forgotten: set[str] = field(default_factory=set)

    def at(self, indices: Mapping[Index, str]) -> Scope:
        """With more indices."""
        return replace(self, ranges={**self.ranges, **indices})


Proof = Callable[[Scope], str]


class Premises:
    """How steps use what comes before them. ``write`` has the names of the file."""

    def __init__(self) -> None:
        """Nothing is declared."""
        self.write = Notation()

    # --- premises ---

    def _range(self, i: Index, scope: Scope) -> str:
        """The proof that a free index is in range."""
        if i not in scope.ranges:
            scope.gone.add(i)
        return scope.ranges.get(i) or self.write.its_range(i)

    def _ranged(self, indices: Iterable[Index], scope: Scope) -> str:
        """Indices and the proofs that they are in range, each after a space."""
        return "".join(f" {self.write.index(i)} {self._range(i, scope)}" for i in indices)

    def _all_in_range(self, indices: tuple[Index, ...], scope: Scope) -> str:
        if not indices:
            return "I"
        return f"(conj {self._range(indices[0], scope)} {self._all_in_range(indices[1:], scope)})"

    def _assumption(self, h: Formula, scope: Scope) -> str:
        """The proof of a hypothesis; of one that is missing a term that has another type, which Coq refuses."""
        return scope.hypotheses.get(h) or f"(fun missing : {self.write.hypothesis(h)} => missing)"

    def _use(self, premise: Lemma, scope: Scope, **instead: Mapping[Any, Any]) -> str:
        """A premise at what is in scope, or ``instead``: other values of variables, indices, proofs of hypotheses."""
        variables, places, proofs = (instead.get(key, {}) for key in ("variables", "indices", "proofs"))
        scope.forgotten.update(set(premise.variables) - scope.variables - set(variables))
        arguments = [
            *(variables.get(x) or self.write.name(x) for x in premise.variables),
            *(self._ranged([places.get(i, i)], scope).strip() for i in premise.indices),
            *(proofs.get(h) or self._assumption(h, scope) for h in premise.hypotheses),
        ]
        return f"({premise.name} {' '.join(arguments)})" if arguments else premise.name

    def _for_all(self, indices: Iterable[Index], scope: Scope, proof: Proof) -> str:
        """Λ i, i < n. proof."""
        taken = {i: self.write.its_range(i) for i in indices}
        binders = " ".join(f"{self.write.index(i)} {name}" for i, name in taken.items())
        inside = proof(scope.at(taken))
        return f"(fun {binders} => {inside})" if binders else inside

    def _premise_for_all(self, indices: Iterable[Index], premise: Lemma, scope: Scope) -> str:
        """Λ i, i < n. premise."""
        return self._for_all(indices, scope, lambda inner: self._use(premise, inner))

    def _derived(self, premise: Lemma, scope: Scope, **instead: Mapping[Any, Any]) -> str:
        """A premise; a derivative as the whole gradient or as the one entry that the scope asks for."""
        if premise.conclusion[0] != "deriv" or premise.whole == scope.whole:
            return self._use(premise, scope, **instead)
        if scope.whole:
            raise NotWhole
        gradient = self._use(premise, replace(scope, whole=True), **instead)
        _, name, by, e, d = premise.conclusion
        places = instead.get("indices", {})
        what = [self.write.function(name, e), self.write.name(name), self.write.over(by, d)]
        moved = ["_"] * len(what)  # at other indices or variables these are those of the gradient, which says them
        parts = moved if instead.keys() - {"proofs"} else what
        return self._d("of_D", name, tuple(places.get(i, i) for i in by), scope, *parts, "{k}", gradient)

    def _d(self, lemma: str, name: str, by: tuple[Index, ...], scope: Scope, *rest: str) -> str:
        """A lemma D_… or P_… of the prelude: the entry comes in its place, ``{k}``, where it is about one."""
        shape = self.write.shape(self.write.theory.dims(name))
        entry = [] if scope.whole else [self.write.place(by)]
        arguments = [part for each in rest for part in (entry if each == "{k}" else [each])]
        return f"({'D' if scope.whole else 'P'}_{lemma} {shape} {' '.join(arguments)})"
