"""A proof file as Coq proof terms: a lemma for each step, over spec/coq/Prelude.v. Untrusted: Coq checks every lemma.

Nothing is checked here. A lemma says what its step says in the file, about all variables and free indices in it, and is
proved by the prelude's lemma of the rule, at explicit terms: where a guard of the kernel would have refused, Coq does.

    H ⊢ J, about variables X, …, and indices i, …    forall X …, forall i, (i < n)%nat -> …, H -> J

A derivative by X[k] is a whole gradient where k stands in nothing but its value; else k is one of the indices, and the
lemma is about one entry. The ring rule is a lemma about numbers, which ``ring`` proves, at what the two polynomials are
made of. An index or a variable of a premise of which nothing is left in the conclusion is chosen: 0, which is in range
where n > 0 is assumed, and the tensor of zeros.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from backproof_spec.calculus.coq.premises import Lemma, NotExported, NotWhole, Proof, Scope
from backproof_spec.calculus.coq.rules import RULES, Rules
from backproof_spec.calculus.limits import LONG, Stopped, tick, within
from backproof_spec.calculus.replay import Rejected, Unreadable, decoded, require_format, says
from backproof_spec.calculus.terms import Formula, Index, Refused, free_indices


@dataclass(frozen=True)
class Exported:
    """A Coq file, the place in the proof file of each of its lines, the name of its theorem, and what that says.

    ``statement``: the lines that declare and define what the theorem is about, and its own.
    """

    text: str
    places: list[str]
    theorem: str
    statement: tuple[str, ...]


def export(data: Any) -> Exported:
    """The Coq file of a proof file. Raises ``Unreadable``, ``Rejected`` where no lemma can be made, ``NotExported``."""
    require_format(data)
    return _Exporter().exported(data)


def exports(files: Iterable[Any], seconds: float = LONG) -> dict[str, Exported | str]:
    """Proof files, by their stems; why not, where one is malformed, takes too long, or a step has no Coq term here.

    ``seconds``: in which each is written. Theorems are files of one project: of two whose names are the same in Coq,
    or but for capitals, the first has it.
    """
    found: dict[str, Exported | str] = {}
    owners: dict[str, str] = {}
    for data in files:
        stem = data["stem"]
        try:
            with within(seconds):
                written = export(data)
        except Stopped as stopped:
            found[stem] = f"it could not be written for Coq: {stopped}: allow more --seconds"
            continue
        except (NotExported, Rejected, Unreadable) as error:
            found[stem] = f"it could not be written for Coq: {error}"
            continue
        owner = owners.setdefault(written.theorem.casefold(), stem)
        taken = f"it could not be written for Coq: its name there, {written.theorem}, is that of {owner}"
        found[stem] = written if owner == stem else taken
    return found


class _Exporter(Rules):
    def __init__(self) -> None:
        super().__init__()
        self.terms: list[Formula] = []
        self.lemmas: list[Lemma] = []

    # --- the file ---

    def exported(self, data: Any) -> Exported:
        places: list[str] = []

        def written(place: str, build: Callable[[Any], None], item: Any) -> None:
            try:
                build(item)
            except NotExported as error:
                msg = f"{place}: {error}"
                raise NotExported(msg) from None
            except (Refused, TypeError, ValueError, LookupError, AttributeError, RecursionError) as error:
                msg = f"{place}: {type(error).__name__}: {error}"
                raise Rejected(msg) from error
            places.extend([place] * (len(self.out) - len(places)))

        missing = [key for key in ("declarations", "steps", "lines", "statement", "stem", "title") if key not in data]
        if missing:
            msg = f"expected a proof file with {missing[0]}"
            raise Unreadable(msg)
        for k, declaration in enumerate(data["declarations"]):
            written(f"declaration {k}", self._declare, declaration)
        for k, step in enumerate(data["steps"]):
            written(f"step {k}", self._step, step)
        name = self.write.theorem(data["stem"])
        written("statement", lambda _: self._theorem(name, data), data)
        dims = " ".join(map(self.write.dim, self.write.dims))
        sizes = [f"Variables {dims} : nat."] if dims else []
        head = [
            _comment(f"{data['stem']}: {data['title']}"),
            "From Backproof Require Import Prelude.",
            "Section Proof.",
            *sizes,
        ]
        tail = ["End Proof.", f"Print Assumptions {name}.", ""]
        whole = ["the file"] * len(head) + places + ["statement"] * len(tail)
        theorem = self.lemmas[-1]
        about = frozenset[str]().union(*map(self.write.theory.depends, (theorem.conclusion, *theorem.hypotheses)))
        needed = {f"declaration {k}" for k, (_, name, *_) in enumerate(data["declarations"]) if name in about}
        declared = (line for line, place in zip(self.out, places, strict=True) if place in needed)
        statement = (*sizes, *declared, self.out[-2])
        return Exported("\n".join([*head, *self.out, *tail]), whole, name, statement)

    def _declare(self, declaration: Any) -> None:
        self.out += self.write.declare(*decoded(declaration, [], []))

    def _step(self, step: Any) -> None:
        tick()
        said = says(self.terms, step)
        proof = RULES[step["rule"]](self, *decoded(step["arguments"], self.terms, self.lemmas))
        self._lemma("Lemma", f"s{len(self.lemmas)}", said, proof)

    def _theorem(self, name: str, data: Any) -> None:
        """What the whole file says that it proves."""
        last = self.lemmas[data["lines"][-1]["step"]]
        said = decoded(data["statement"]["conclusion"], [], [])
        hypotheses = decoded(data["statement"]["hypotheses"], [], [])
        whole = {"hypotheses": hypotheses, "conclusion": said}
        self._lemma("Theorem", name, whole, lambda scope: self._derived(last, scope))

    def _lemma(self, kind: str, name: str, said: Mapping[str, Any], proof: Proof) -> None:
        """Write a lemma: of a whole gradient where that can be proved."""
        conclusion, hypotheses = said["conclusion"], list(said["hypotheses"])
        by = set(conclusion[2]) if conclusion[0] == "deriv" else set()
        whole = conclusion[0] == "deriv" and len(by) == len(conclusion[2])
        whole = whole and not by & _free(conclusion[3], *hypotheses)
        shown, variables = _free(conclusion, *hypotheses), self.write.variables(conclusion, *hypotheses)
        lemma = Lemma(name, variables, sorted(shown - by), hypotheses, conclusion, whole=True)
        try:
            text = self._proved(lemma, proof) if whole else ""
        except NotWhole:
            text = ""
        if not text:
            lemma = replace(lemma, indices=sorted(shown), whole=False)
            text = self._proved(lemma, proof)
        self.out += [f"{kind} {name} : {self._said(lemma)}.", f"Proof. exact {text}. Qed."]
        self.lemmas.append(lemma)

    def _proved(self, lemma: Lemma, proof: Proof) -> str:
        """The proof term of a lemma."""
        write, proofs = self.write, {h: f"h{k}" for k, h in enumerate(lemma.hypotheses)}
        ranges = {i: write.its_range(i) for i in lemma.indices}
        scope = Scope(ranges, proofs, frozenset(lemma.variables), lemma.whole)
        inner = proof(scope)
        for x in sorted(scope.forgotten, key=write.order.index):
            dims = write.theory.dims(x)
            zero = f"(fun {' '.join('_' * len(dims))} => 0)" if dims else "0"
            inner = f"((fun {write.typed([x])} => {inner}) {zero})"
        for i in sorted(scope.gone):
            place = f"{write.index(i)} ({write.its_range(i)} : {write.in_range(i)})"
            inner = f"((fun {place} => {inner}) {self._some(i[2], scope)})"
        indices = (part for i in lemma.indices for part in (write.index(i), write.its_range(i)))
        taken = " ".join([*map(write.name, lemma.variables), *indices, *proofs.values()])
        return f"(fun {taken} => {inner})" if taken else inner

    def _some(self, dim: str, scope: Scope) -> str:
        """Some index of this dimension, and that it is in range."""
        for i, proof in scope.ranges.items():
            if i[2] == dim:
                return f"{self.write.index(i)} {proof}"
        positive = ("all", (), ("pos", ("dim", dim)))
        if scope.whole and positive not in scope.hypotheses:
            raise NotWhole
        return f"0%nat (dim_pos {self.write.dim(dim)} {self._assumption(positive, scope)})"

    def _said(self, lemma: Lemma) -> str:
        """The statement of a lemma."""
        return (
            (f"forall {self.write.typed(lemma.variables)}, " if lemma.variables else "")
            + "".join(f"forall {self.write.index(i)}, {self.write.in_range(i)} -> " for i in lemma.indices)
            + "".join(f"{self.write.hypothesis(h)} -> " for h in lemma.hypotheses)
            + self.write.judgement(lemma.conclusion, whole=lemma.whole)
        )


def _comment(text: str) -> str:
    """A comment of Coq, which the text can neither end nor open anew: it may be anybody's."""
    plain = (
        " ".join(text.encode(errors="replace").decode().split())
        .replace('"', "''")
        .replace("(*", "( *")
        .replace("*)", "* )")
    )
    return f"(** {plain} *)"


def _free(*formulas: Formula) -> frozenset[Index]:
    return frozenset[Index]().union(*map(free_indices, formulas))
