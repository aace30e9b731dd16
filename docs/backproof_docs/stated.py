"""What a claim says under declared conventions: δZ = δY∘1[Z > 0] where ReLU′(0) is 0, L = (−Σ P·log S)/p for a mean.

A verdict is against what is declared, so what is shown beside it is too. p is the number of samples. Whatever the
target's layout, formulas are written as in the notes, where a column is a sample.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backproof_spec.claims import CLAIMS

_FORMULAS = {claim.id: claim.formula for claim in CLAIMS}
_OF_THE_LOSS = ("cross_entropy", "softmax_cross_entropy")


def stated(claim: str, declared: Mapping[str, Any]) -> str:
    """The formula of ``claim`` under these declarations (``Conventions.declared()``)."""
    formula = _FORMULAS[claim]
    operation, _, what = claim.partition(".")
    for Z in ("Z", "Z_l"):
        formula = formula.replace(f"1[{Z} ≥ 0]", _mask(Z, declared.get("relu_at_zero", 1)))
    if claim == "softmax_cross_entropy.dZ" and "unnormalised_labels" in declared:
        formula = "δZ = S − P"
    left, _, right = formula.partition(" = ")
    output = what if what.startswith("d") else "loss" if operation == "network" else left
    factor = declared.get("scale", {}).get(output, 1)
    mean = declared.get("reduction") == "mean" and operation in (*_OF_THE_LOSS, "network")
    if operation == "network" and output == "loss":
        return formula + (", the mean over the samples" if mean else "") + (f", times {factor}" if factor != 1 else "")
    divided = mean and operation in _OF_THE_LOSS
    if divided or factor != 1:
        right = right.partition(" (=")[0]  # S − P when ΣP = 1
    return f"{left} = {_times(factor, f'({right})/p' if divided else right)}"


def _mask(Z: str, at_zero: float) -> str:
    if at_zero in {0, 1}:
        return f"1[{Z} {'≥' if at_zero else '>'} 0]"
    return f"(1[{Z} > 0] + {at_zero}·1[{Z} = 0])"


def _times(factor: float | str, right: str) -> str:
    if factor == 1:
        return right
    if factor == "1/batch":
        return f"({right})/p"
    return f"{'p' if factor == 'batch' else '−' if factor == -1 else factor}·({right})".replace("−·", "−")
