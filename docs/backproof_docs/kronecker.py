"""The explicit Jacobian of a claim at a counterexample as a pattern of signs and blocks: how a Kronecker product looks.

The entries are the spec's own (``backproof_spec.operations``), computed on the inputs of the counterexample.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from mpmath import mp

from backproof_properties.arrays import NUMPY_DTYPES
from backproof_properties.results import Outcome
from backproof_spec import chain
from backproof_spec.matrices import EXACT_BITS, Matrix, as_matrix, kron, nonzeros, transpose
from backproof_spec.network import Network
from backproof_spec.network import jacobian as network_jacobian
from backproof_spec.operations import cross_entropy, linear, relu, softmax, softmax_cross_entropy

LARGEST = 64
"""A Jacobian with more rows or columns is not drawn."""
_DIGITS = 6


@dataclass(frozen=True)
class Pattern:
    """A Jacobian: its Kronecker formula, what its blocks are, and its non-zeros as (row, column) → (sign, value)."""

    formula: str
    blocks: str
    rows: int
    columns: int
    block_rows: int
    block_columns: int
    entries: Mapping[tuple[int, int], tuple[int, str]]


class NotDrawn(Exception):
    """Why there is no picture."""


@dataclass(frozen=True)
class _Drawing:
    """How a claim's Jacobian is computed, and the shape of one block: from the inputs as matrices."""

    formula: str
    blocks: str
    arguments: tuple[str, ...]
    jacobian: Callable[..., Matrix]
    block: Callable[..., tuple[int, int]]
    shape: Callable[..., tuple[int, int]]


_WYb = ("W", "Y", "b")
_DRAWINGS: dict[str, _Drawing] = {
    "kron.vec": _Drawing(
        "∂vec(A·X·B)/∂vec X = Bᵀ⊗A",
        "block (i, j) is B[j, i]·A",
        ("A", "X", "B"),
        lambda A, _, B: kron(transpose(B), A),
        lambda A, *_: (A.rows, A.cols),
        lambda A, _, B: (A.rows * B.cols, A.cols * B.rows),
    ),
    "chain.rule": _Drawing(
        "∂vec S/∂vec Y = D softmax · D relu · D linear",
        "one diagonal block for each sample: (diag s − s·sᵀ)·diag 1[z ≥ 0]·W",
        _WYb,
        lambda W, Y, b: chain.jacobian_Y(W, Y, b).value,
        lambda W, *_: (W.rows, W.cols),
        lambda W, Y, _: (W.rows * Y.cols, W.cols * Y.cols),
    ),
    "linear.dW": _Drawing(
        "∂vec Z/∂vec W = Yᵀ⊗I_m",
        "block (s, k) is Y[k, s]·I_m",
        _WYb,
        lambda *given: linear.jacobian_W(*given).value,
        lambda W, *_: (W.rows, W.rows),
        lambda W, Y, _: (W.rows * Y.cols, W.rows * W.cols),
    ),
    "linear.dY": _Drawing(
        "∂vec Z/∂vec Y = I_p⊗W",
        "W once for each sample, on the diagonal",
        _WYb,
        lambda *given: linear.jacobian_Y(*given).value,
        lambda W, *_: (W.rows, W.cols),
        lambda W, Y, _: (W.rows * Y.cols, W.cols * Y.cols),
    ),
    "linear.db": _Drawing(
        "∂vec Z/∂b = 1_p⊗I_m",
        "I_m once for each sample, stacked",
        _WYb,
        lambda *given: linear.jacobian_b(*given).value,
        lambda W, *_: (W.rows, W.rows),
        lambda W, Y, _: (W.rows * Y.cols, W.rows),
    ),
    "softmax.dZ": _Drawing(
        "∂vec S/∂vec Z = blockdiag(diag s − s·sᵀ)",
        "one block for each sample, its column s of S",
        ("Z",),
        lambda Z: softmax.jacobian(Z).value,
        lambda Z: (Z.rows, Z.rows),
        lambda Z: (Z.rows * Z.cols, Z.rows * Z.cols),
    ),
    "cross_entropy.dS": _Drawing(
        "∂L/∂vec S = −vec(P/S)ᵀ",
        "one block for each sample",
        ("S", "P"),
        lambda S, P: cross_entropy.jacobian(S, P).value,
        lambda S, _: (1, S.rows),
        lambda S, _: (1, S.rows * S.cols),
    ),
    "softmax_cross_entropy.dZ": _Drawing(
        "∂L/∂vec Z = −vec(P/S)ᵀ·blockdiag(diag s − s·sᵀ)",
        "one block for each sample",
        ("Z", "P"),
        lambda Z, P: softmax_cross_entropy.jacobian(Z, P).value,
        lambda Z, _: (1, Z.rows),
        lambda Z, _: (1, Z.rows * Z.cols),
    ),
}


def form(claim: str) -> tuple[str, str] | None:
    """The Jacobian of a claim as a Kronecker product, and what its blocks are; None where it has no such form."""
    drawing = _relu(1) if claim == "relu.dZ" else _DRAWINGS.get(claim) if claim != "chain.rule" else None
    return None if drawing is None else (drawing.formula, drawing.blocks)


_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def network_form(layers: int, output: str) -> tuple[str, str]:
    """∂L/∂vec of X, W_l or b_l, where ``output`` is dX, dW1, db1, …: one factor an operation; and what D_l is in it."""
    kind, last = output[1], int(output[2:] or 1)

    def at(name: str, layer: int) -> str:
        return f"{name}⁽{layer}⁾".translate(_RAISED) if layer else "X"

    by = {"X": "vec X", "W": f"vec {at('W', last)}", "b": at("b", last)}[kind]
    inner = {"X": "I⊗W⁽¹⁾", "W": f"{at('Y', last - 1)}ᵀ⊗I", "b": "1⊗I"}[kind]
    passed = [f"(I⊗{at('W', layer)})·{at('D', layer - 1)}" for layer in range(layers, last, -1)]
    formula = f"∂L/∂{by} = {'·'.join(['vec(S − P)ᵀ', *passed, f'({inner})'])}"
    return formula, "D⁽ˡ⁾ = diag(vec 1[Z⁽ˡ⁾ ≥ 0])" if passed else ""


def pattern(outcome: Outcome, conventions: Mapping[str, Any]) -> Pattern | None:
    """The Jacobian at the counterexample; None for a claim that has none. Raises ``NotDrawn`` with the reason."""
    if outcome.finding is None:
        return None
    given, at_zero = outcome.finding.inputs, conventions.get("relu_at_zero", 1)
    try:
        if outcome.claim.startswith("network.d"):
            return _network(outcome.claim, outcome.finding.output, given, at_zero)
        drawing = _relu(at_zero) if outcome.claim == "relu.dZ" else _DRAWINGS.get(outcome.claim)
        return None if drawing is None else _drawn(drawing, [_matrix(name, given[name]) for name in drawing.arguments])
    except KeyError as error:
        msg = f"the counterexample holds no {error.args[0]}"
        raise NotDrawn(msg) from error
    except ValueError as error:  # the spec's word for an argument it cannot use
        raise NotDrawn(str(error)) from error


def _relu(at_zero: float) -> _Drawing:
    return _Drawing(
        "∂vec Y/∂vec Z = diag(vec 1[Z ≥ 0])",
        "one block for each sample" + ("" if at_zero == 1 else f"; {at_zero} where Z = 0, as declared"),
        ("Z",),
        lambda Z: relu.jacobian(Z, at_zero).value,
        lambda Z: (Z.rows, Z.rows),
        lambda Z: (Z.rows * Z.cols, Z.rows * Z.cols),
    )


def _drawn(drawing: _Drawing, operands: list[Matrix]) -> Pattern:
    rows, columns = drawing.shape(*operands)
    _require_small(rows, columns)
    return _pattern(drawing.formula, drawing.blocks, drawing.jacobian(*operands), drawing.block(*operands))


def _require_small(rows: int, columns: int) -> None:
    if max(rows, columns) > LARGEST:
        msg = f"it has {rows} × {columns} entries, and is drawn up to {LARGEST} × {LARGEST}"
        raise NotDrawn(msg)


def _pattern(formula: str, blocks: str, J: Matrix, block: tuple[int, int]) -> Pattern:
    with mp.workprec(EXACT_BITS):
        entries = {(i, j): (1 if value > 0 else -1, mp.nstr(value, _DIGITS)) for i, j, value in nonzeros(J)}
    return Pattern(formula, blocks, J.rows, J.cols, *block, entries)


_LAYER = re.compile(r"\[(\d+)\]$")


def _network(claim: str, output: str, given: Mapping[str, Any], at_zero: float) -> Pattern | None:
    """The row ∂L/∂vec of one parameter of a network: the product of explicit Jacobians from the loss backwards."""
    wanted = claim.rpartition(".")[2]
    layer = _LAYER.search(output)
    if wanted != "dX" and layer is None:
        return None  # the list itself was refused, not one layer's gradient
    weights, biases = ([_matrix(name, each) for each in given[name]] for name in ("weights", "biases"))
    net = Network.of(weights, biases, _matrix("X", given["X"]), _matrix("P", given["P"]), relu_at_zero=at_zero)
    k = int(layer.group(1)) if layer else 0
    parameter = {"dX": [net.X], "dW": net.weights, "db": net.biases}[wanted][k]
    for A in (*net.weights, net.X, net.P):  # every factor of the product is formed
        _require_small(A.rows, A.cols)
    _require_small(1, parameter.rows * parameter.cols)
    row_X, rows_W, rows_b = network_jacobian(net)
    row = row_X if wanted == "dX" else (rows_W if wanted == "dW" else rows_b)[k]
    name = "X" if wanted == "dX" else f"{wanted[1:]}_{k + 1}"
    formula = f"∂L/∂{'' if wanted == 'db' else 'vec '}{name}, the product of the Jacobians from the loss back to {name}"
    return _pattern(formula, f"one block for each column of {name}", row, (1, parameter.rows))


def _matrix(name: str, value: Any) -> Matrix:
    """An array of a finding, exactly: read in its own format; a vector as a column."""
    entries = np.array([float(entry) for entry in value["data"]])
    return as_matrix(name, entries.astype(NUMPY_DTYPES.get(value["dtype"], np.float64)).reshape(value["shape"]))
