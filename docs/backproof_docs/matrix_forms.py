"""dW[i,j] = sum_s dZ[i,s]*Y[j,s] as δW = δZ·Yᵀ: formulas of entries as formulas of whole matrices, where they are such.

∘ and / are entry by entry, 1 is the column of ones, diag(v) scales rows or columns. Vectors are columns.
"""

from __future__ import annotations

from collections.abc import Sequence

from backproof_spec.language.syntax import (
    Add,
    Apply,
    Divide,
    Entry,
    Gradient,
    Index,
    Multiply,
    Negate,
    Node,
    Number,
    Reduce,
    free,
    operands,
)
from backproof_spec.language.text import numeral
from backproof_spec.operation import Operation

_Places = tuple[str, ...]
_MOST = 2
"""Indices of a matrix."""


class _None(Exception):
    """There is no such form."""


def in_whole(operation: Operation, gradient: Gradient) -> str | None:
    """The gradient of whole matrices; None where an index stands for more than a row or a column."""
    if gradient.claimed is None or len(gradient.indices) > _MOST:
        return None
    try:
        return f"{_named(f'd{gradient.name}')} = {_Form(operation).sum(gradient.claimed, gradient.indices)}"
    except _None:
        return None


def _named(name: str) -> str:
    """dZ is δZ; a name of several letters would be read as a product."""
    letter = name.removeprefix("d") or name
    if len(letter) > 1:
        raise _None
    return f"δ{letter}" if letter != name else name


class _Form:
    """Formulas over the indices of one operation; what holds together less than a product stands in brackets."""

    def __init__(self, operation: Operation) -> None:
        """``operation``: what the names are of."""
        self.operation = operation

    def sum(self, node: Node, at: _Places) -> str:
        """a + b − c."""
        text = ""
        for term in operands(node) if isinstance(node, Add) else [node]:
            signed = self.product(term, at)
            size = signed.removeprefix("−")
            text += (" − " if size != signed else " + ") + size if text else signed
        return text

    def product(self, node: Node, at: _Places) -> str:
        """The sign and numbers first, then diag(v) of the rows, matrices entry by entry, and diag(v) of the columns."""
        if isinstance(node, Divide) and not node.whole:
            return f"{self.product(node.left, at)}/{self.factor(node.right, at)}"
        parts = operands(node) if isinstance(node, Multiply) else [node]
        negative = sum(isinstance(each, Negate) for each in parts) % 2
        factors = [each.argument if isinstance(each, Negate) else each for each in parts]
        if len(parts) == 1 and negative:
            return f"−{self.product(factors[0], at)}"
        if isinstance(factors[-1], Reduce):  # it takes all that follows
            numbers = [self.factor(each, ()) for each in factors[:-1]]
            return "−" * negative + "·".join([*numbers, self.contraction(factors[-1], at)])
        return "−" * negative + "·".join(self._factors(factors, at))

    def _factors(self, factors: Sequence[Node], at: _Places) -> list[str]:
        """``at`` two indices: vectors along them scale rows and columns, and there is a matrix to be scaled."""
        numbers = [self.factor(each, ()) for each in factors if not free(each)]
        along = (at, at[:1], at[1:]) if len(at) == _MOST else (at, (), ())
        whole, rows, columns = (
            [form(each, place) for each in factors if free(each) and free(each) == set(place)]
            for form, place in zip((self.factor, self.sum, self.sum), along, strict=True)
        )
        if len(numbers) + len(rows) + len(whole) + len(columns) < len(factors) or (not whole and (rows or columns)):
            raise _None
        scaled = [[f"diag({each})" for each in vectors] for vectors in (rows, columns)]
        return [*numbers, *scaled[0], *(["∘".join(whole)] if whole else []), *scaled[1]]

    def contraction(self, node: Reduce, at: _Places) -> str:
        """Σ_k A[i,k]·B[k,j] is A·B, Σ_k A[i,k]·v[k] is A·v, and Σ_k A[i,k] is A·1."""
        if node.reduction != "sum" or len(node.indices) != 1 or not at:
            raise _None
        (k,), factors = node.indices, operands(node.body) if isinstance(node.body, Multiply) else [node.body]
        left = [each for each in factors if at[0] in free(each)]
        right = [each for each in factors if each not in left]
        if len(at) == 1 and not right:
            return f"{self._side(left, (at[0], k))}·1"
        return f"{self._side(left, (at[0], k))}·{self._side(right, (k, *at[1:]))}"

    def _side(self, factors: Sequence[Node], at: _Places) -> str:
        """One side of a product of matrices, or the transpose of what is shorter to write."""
        if not any(free(each) >= set(at) for each in factors):
            raise _None
        plain, turned = ("·".join(self._factors(factors, each)) for each in (at, at[::-1]))
        if len(factors) == 1:
            return plain
        return f"({plain})" if plain.count("ᵀ") <= turned.count("ᵀ") else f"({turned})ᵀ"

    def factor(self, node: Node, at: _Places) -> str:
        """What holds together as tightly as a name."""
        match node:
            case Number(value) if value >= 0:
                return numeral(value, decimal=node.decimal)
            case Entry(name, places):
                return self._entry(name, places, at)
            case Apply(function, (argument,)) if function != "step":
                return f"{function}({self.sum(argument, at)})"
            case Apply("step", (argument,)):
                return f"1[{self.sum(argument, at)} ≥ 0]"
            case Add() | Negate():
                return f"({self.sum(node, at)})"
        raise _None

    def _entry(self, name: str, places: Sequence[Node], at: _Places) -> str:
        argument = self.operation.argument(name)
        if argument is not None and argument.kind == "index":
            raise _None
        if self.operation.parameter(name) is not None:
            return name
        indices = tuple(each.name for each in places if isinstance(each, Index))
        if len(indices) < len(places) or sorted(indices) != sorted(at):
            raise _None
        return _named(name) + ("" if indices == at else "ᵀ")
