"""From an expression to the Python that computes it with NumPy, as one would write it by hand.

Sums of products are ``np.einsum``; affine and looked-up places are gathered, 0 outside; [i ≤ j] compares ``np.arange``.
Numbers, sizes and parameters are numbers of Python, so that the dtype of the result is that of the arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import reduce
from typing import ClassVar

from backproof_spec.language.numpy_arrays import Array, Kind, Level, call, einsum, made, reduced, scalar, transposed
from backproof_spec.language.numpy_entries import Entries
from backproof_spec.language.syntax import (
    ONE,
    Add,
    Apply,
    Bracket,
    Divide,
    Entry,
    Index,
    Multiply,
    Negate,
    Node,
    Number,
    Power,
    Reduce,
    Size,
    free,
    operands,
    softmax_of,
    walk,
)
from backproof_spec.language.whole import is_whole

_PLAIN = {"exp", "log", "sqrt", "tanh", "sin", "cos"}
"""Functions that NumPy and Python's ``math`` have under the same name."""
_ARRAYS = {
    "sigmoid": "_sigmoid({})",
    "softplus": "np.logaddexp(0, {})",
    "erf": "_erf({})",
    "relu": "np.maximum({}, 0)",
    "abs": "np.abs({})",
    "max": "np.maximum({}, {})",
    "min": "np.minimum({}, {})",
}
_SCALARS = {
    "erf": "math.erf({})",
    "relu": "max({}, 0)",
    "step": "float(({}) >= 0)",
    "abs": "abs({})",
    "max": "max({}, {})",
    "min": "min({}, {})",
}

Terms = tuple[list[Node], list[Node]]
"""The factors above and below the line."""


class Expressions(Entries):
    """What expressions are in Python."""

    def value(self, node: Node) -> Array:
        """The expression as an array of numbers, or of truth values where it can be nothing else."""
        rule = self._RULES.get(type(node))
        return rule(self, node) if rule else self._combined(node, self.value)

    def _index(self, node: Index) -> Array:
        return Array(self._range(node.name, number=True), axes=(node.name,))

    def _multiply(self, node: Multiply) -> Array:
        arrays = [self.value(each) for each in operands(node)]
        chosen = any(each.kind is Kind.BOOL for each in arrays)
        return self._product(arrays) if chosen else self._combined(node, self.value)

    def _product(self, arrays: Sequence[Array]) -> Array:
        """A product; where it holds truth values, these choose between the product of the others and 0."""
        holds = [each for each in arrays if each.kind is Kind.BOOL]
        values = [each for each in arrays if each.kind is not Kind.BOOL]
        if not holds or not any(each.kind is Kind.FLOAT for each in values):
            return reduce(self._scaled, arrays)
        parts = reduce(self._both, holds), reduce(self._scaled, values)
        return made(
            lambda axes: call("np.where", *(each.beside(axes, Level.COMPARED) for each in parts), "0"),
            self._sorted(*(each.axes for each in parts)),
        )

    def _both(self, a: Array, b: Array) -> Array:
        return made(
            lambda axes: f"{a.beside(axes, Level.ATOM)} & {b.beside(axes, Level.ATOM)}",
            self._sorted(a.axes, b.axes),
            Level.COMPARED,
            Kind.BOOL,
        )

    def _divide(self, node: Divide) -> Array:
        if not node.whole:
            return self._combined(node, self.value)
        found = self.whole(node)
        return found if found.kind is Kind.SCALAR else self.number(found)

    def _reduce(self, node: Reduce) -> Array:
        return self._REDUCTIONS[node.reduction](self, node)

    def _power(self, node: Power) -> Array:
        base, exponent = (self.number(self.value(each)) for each in (node.base, node.exponent))
        both = base.kind is exponent.kind is Kind.SCALAR
        return made(
            lambda axes: f"{base.beside(axes, Level.ATOM)}**{exponent.beside(axes, Level.SIGNED)}",
            self._sorted(base.axes, exponent.axes),
            Level.POWER,
            Kind.SCALAR if both else Kind.FLOAT,
        )

    def _bracket(self, node: Bracket) -> Array:
        whole = is_whole(node.left, self.operation) and is_whole(node.right, self.operation)
        a, b = (self.whole(each) if whole else self.number(self.value(each)) for each in (node.left, node.right))
        sign = "==" if node.relation == "=" else node.relation
        if a.kind is b.kind is Kind.SCALAR:
            return scalar(call("float", f"{a.at_least(Level.SUM)} {sign} {b.at_least(Level.SUM)}"))
        return made(
            lambda axes: f"{a.beside(axes)} {sign} {b.beside(axes)}",
            self._sorted(a.axes, b.axes),
            Level.COMPARED,
            Kind.BOOL,
        )

    def _apply(self, node: Apply) -> Array:
        if node.function == "pi":
            return scalar("np.pi")
        if node.function == "sign":  # 1 at 0
            return self.value(Add(Multiply(Number(Fraction(2)), Apply("step", node.arguments)), Negate(ONE)))
        of = softmax_of(node)
        if of and {*of.indices} <= free(of.body):
            return self._softmaxed("_log_softmax", of)
        arguments = [self.number(self.value(each)) for each in node.arguments]
        axes = self._sorted(*(each.axes for each in arguments))
        numbers = all(each.kind is Kind.SCALAR for each in arguments)
        if node.function == "step" and not numbers:
            return made(lambda axes: f"{arguments[0].beside(axes)} >= 0", axes, Level.COMPARED, Kind.BOOL)
        form = _form(node.function, numbers=numbers)
        found = made(lambda axes: form.format(*(each.beside(axes, Level.COMPARED) for each in arguments)), axes)
        return replace(found, kind=Kind.SCALAR) if numbers else found

    # --- reductions ---

    def _sum(self, node: Reduce) -> Array:
        """Σ: what is not summed over stands before it, each term of a sum of products for itself."""
        if isinstance(node.body, Negate):
            return self._minus(self._sum(replace(node, body=node.body.argument)))
        if isinstance(node.body, Add) and any(self._contracts(each) for each in operands(node.body)):
            return self._combined(
                Add(_inward(node, node.body.left), _inward(node, node.body.right)),
                self.value,
            )
        return self._outside(node, self._total)

    def _mean(self, node: Reduce) -> Array:
        node = replace(node, indices=tuple(i for i in node.indices if i in free(node.body)))
        return self._outside(node, self._average) if node.indices else self.number(self.value(node.body))

    def _contracts(self, term: Node) -> bool:
        """Is it a product of which no factor has all axes?"""
        above, below = factors(term)
        return not below and len(above) > 1 and not any(free(each) == free(term) for each in above)

    def _outside(self, node: Reduce, core: Callable[[Reduce, list[Node]], Array]) -> Array:
        """The reduction, with the factors that are the same everywhere before it."""
        above, below = factors(node.body)
        bound = {*node.indices} & free(node.body)
        inner = [each for each in above if free(each) & bound]
        lower = [each for each in below if free(each) & bound]
        found = core(node, [_fraction(inner, lower)] if lower else inner) if lower or inner else scalar("1")
        if core == self._total:
            found = reduce(self._scaled, [self.size(index) for index in node.indices if index not in bound], found)
        before = [self.value(each) for each in above if not free(each) & bound]
        found = self._product([*before, found])
        for each in (each for each in below if not free(each) & bound):
            found = self._two("/", found, self.value(each), Level.PRODUCT)
        return found

    def _scaled(self, a: Array, b: Array) -> Array:
        one = scalar("1")
        return a if b == one else b if a == one else self._two("*", a, b, Level.PRODUCT)

    def _operands(self, inner: Sequence[Node]) -> list[tuple[str, tuple[str, ...]]]:
        """Arrays with their axes, at least one of them of numbers; tensors as they are, in whatever order of axes."""
        arrays = [self._naturally(each) for each in inner]
        if not any(each.kind is Kind.FLOAT for each in arrays):
            arrays[0] = self.number(arrays[0])
        return [(array.text, array.axes) for array in arrays]

    def _naturally(self, node: Node) -> Array:
        """The expression with its axes in the order in which its largest tensor has them."""
        order, largest = self.order, max(_tensors(node), key=lambda each: len(free(each)), default=node)
        letters = [part.name for part in walk(largest) if isinstance(part, Index)]
        self.order = [*dict.fromkeys([*letters, *order])]
        try:
            return self.value(node)
        finally:
            self.order = order

    def _reduced(self, name: str, body: Node, over: Sequence[str]) -> Array:
        """``np.sum(a, axis=1)`` and its like."""
        found = reduced(name, self.number(self._naturally(body)), over)
        return transposed(found, self._sorted(found.axes))

    def _total(self, node: Reduce, inner: list[Node]) -> Array:
        if len(inner) == 1:
            return self._reduced("np.sum", inner[0], node.indices)
        operands = self._operands(inner)
        axes = tuple(axis for axis in self._sorted(*(own for _, own in operands)) if axis not in node.indices)
        return Array(einsum(operands, axes), axes=axes)

    def _average(self, node: Reduce, inner: list[Node]) -> Array:
        whole = _fraction(inner, [])
        if len(inner) == 1 or any(free(each) == free(whole) for each in inner):
            return self._reduced("np.mean", whole, node.indices)
        count = reduce(self._scaled, map(self.size, node.indices))
        return self._two("/", self._total(node, inner), count, Level.PRODUCT)

    def _largest(self, node: Reduce) -> Array:
        if not {*node.indices} & free(node.body):
            return self.number(self.value(node.body))
        return self._reduced(f"np.{node.reduction}", node.body, node.indices)

    def _softmax(self, node: Reduce) -> Array:
        """What is the same along an axis is shared evenly."""
        share, along = scalar("1"), {*node.indices} & free(node.body)
        for index in node.indices:
            if index not in along:
                share = self._two("/", share, self.size(index), Level.PRODUCT)
        if not along:
            body = self.number(self.value(node.body))
            full = Array(call("np.full_like", body.text, share.text), axes=body.axes)
            return share if body.kind is Kind.SCALAR else full
        return self._scaled(share, self._softmaxed("_softmax", node))

    def _softmaxed(self, name: str, node: Reduce) -> Array:
        """``_softmax(a, axis=1)``, over the axes that there are."""
        body = self.number(self.value(node.body))
        positions = [k for k, axis in enumerate(body.axes) if axis in node.indices]
        axis = positions[0] if len(positions) == 1 else tuple(positions)
        return Array(call(name, body.text, axis=axis), axes=body.axes)

    def _logsumexp(self, node: Reduce) -> Array:
        bound = {*node.indices} & free(node.body)
        found = self._reduced("_logsumexp", node.body, node.indices) if bound else self.number(self.value(node.body))
        for index in node.indices:
            if index not in bound:
                found = self._two(" + ", found, scalar(call("math.log", self.size(index).text)), Level.SUM)
        return found

    _REDUCTIONS: ClassVar[dict[str, Callable[..., Array]]] = {
        "sum": _sum,
        "mean": _mean,
        "max": _largest,
        "min": _largest,
        "softmax": _softmax,
        "logsumexp": _logsumexp,
    }
    _RULES: ClassVar[dict[type[Node], Callable[..., Array]]] = {
        Number: Entries.constant,
        Size: Entries.constant,
        Index: _index,
        Entry: Entries.entry,
        Apply: _apply,
        Reduce: _reduce,
        Bracket: _bracket,
        Power: _power,
        Multiply: _multiply,
        Divide: _divide,
    }


def _form(function: str, *, numbers: bool) -> str:
    """How a function is called, of numbers of Python or of arrays."""
    if function in _PLAIN:
        return f"{'math' if numbers else 'np'}.{function}({{}})"
    return _SCALARS.get(function, f"float({_ARRAYS.get(function, '')})") if numbers else _ARRAYS[function]


def _tensors(node: Node) -> list[Entry]:
    return [part for part in walk(node) if isinstance(part, Entry) and part.places]


def factors(node: Node) -> Terms:
    """What is multiplied, and by what it is divided."""
    match node:
        case Multiply(left, right):
            (a, b), (c, d) = factors(left), factors(right)
            return [*a, *c], [*b, *d]
        case Divide(left, right, False):
            (a, b), (c, d) = factors(left), factors(right)
            return [*a, *d], [*b, *c]
    return [node], []


def _fraction(above: list[Node], below: list[Node]) -> Node:
    found = reduce(Multiply, above or [ONE])
    return Divide(found, reduce(Multiply, below)) if below else found


def _inward(node: Reduce, term: Node) -> Node:
    """Σ of one term."""
    if isinstance(term, Negate):
        return Negate(replace(node, body=term.argument))
    return replace(node, body=term)
