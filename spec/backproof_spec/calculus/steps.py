"""What is declared, and the rules applied: every step of a proof is taken here. Untrusted, as ``tactics`` is."""

from __future__ import annotations

from typing import Any

from backproof_spec.calculus.kernel import RULES, SCHEMES, Theorem
from backproof_spec.calculus.limits import WRITTEN_OUT, require, tick, written_out
from backproof_spec.calculus.notation import Expression, Map, Tensor
from backproof_spec.calculus.terms import Index, Names, Theory


class Steps:
    """A theory, and the rules applied in it."""

    def __init__(self) -> None:
        """Nothing is declared and nothing proved."""
        self.theory = Theory()
        self.declarations: list[tuple[Any, ...]] = []
        self.steps: list[tuple[str, tuple[Any, ...], Theorem]] = []
        self._number = 0

    # --- names ---

    def variable(self, name: str, *dims: str) -> Tensor:
        """Declare a tensor of which nothing is assumed."""
        self.theory.variable(name, dims)
        self.declarations.append(("variable", name, dims))
        return Tensor(name, dims)

    def map(self, name: str, inputs: Names, outputs: Names = ()) -> Map:
        """Declare a differentiable map."""
        self.theory.map(name, inputs, outputs)
        self.declarations.append(("map", name, inputs, outputs))
        return Map(name, inputs, outputs)

    def define(self, name: str, indices: tuple[Index, ...], body: Expression) -> Tensor:
        """name[indices] := body."""
        self.theory.define(name, indices, body.term)
        self.declarations.append(("define", name, indices, body.term))
        return Tensor(name, tuple(i[2] for i in indices))

    def fresh(self, *dims: str) -> tuple[Index, ...]:
        """Free indices that stand nowhere yet."""
        self._number += len(dims)
        return tuple(("index", f"_{self._number - k}", dim) for k, dim in enumerate(dims))

    # --- steps ---

    def __call__(self, name: str, *arguments: Any) -> Theorem:
        """Apply a rule, or a scheme to its premises and then its terms, and take note of it."""
        tick()
        if name == "ring":
            require(max(map(written_out, arguments)), WRITTEN_OUT, "multiplied out, a formula has")
        if name in SCHEMES:
            premises = tuple(each for each in arguments if isinstance(each, Theorem))
            name, arguments = "scheme", (name, premises, arguments[len(premises) :])
        theorem = RULES[name](self.theory, *arguments)
        self.steps.append((name, arguments, theorem))
        return theorem
