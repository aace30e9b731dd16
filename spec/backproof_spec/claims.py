"""The spine: a row for each claim of the notes, and the claims of any operation. A claim's id is its stem, and stable.

``notes`` refers to the source notes' statements as the guide lists them (docs/guide/architecture.md).
"""

from __future__ import annotations

from dataclasses import dataclass

from backproof_spec.language.naming import shown
from backproof_spec.language.reverse import derived
from backproof_spec.language.syntax import Gradient
from backproof_spec.language.text import line, text
from backproof_spec.operation import Operation


@dataclass(frozen=True)
class Claim:
    """A statement the suite checks: ``operation.what``, its formula, and where the notes make it.

    ``names``: what the operation defines, a line for each name.
    """

    id: str
    formula: str
    notes: str
    names: tuple[str, ...] = ()

    @property
    def operation(self) -> str:
        """The stem before the dot."""
        return self.id.partition(".")[0]


NOTES: dict[str, tuple[str, str]] = {
    "linear": ("Z = W·Y + b·1ᵀ", "W (m, n), Y (n, p), b (m,)"),
    "relu": ("Y = max(Z, 0)", "Z (n, p)"),
    "softmax": ("S = exp Z / Σ exp Z, per column", "Z (n, p), n ≥ 1"),
    "cross_entropy": ("L = −Σ P·log S", "S (n, p), P (n, p), n ≥ 1"),
    "softmax_cross_entropy": ("L = −Σ P·log softmax(Z)", "Z (n, p), P (n, p), n ≥ 1"),
    "network": ("L = −Σ P·log softmax(W_k·ReLU(… W_1·X + b_1 …) + b_k)", "W_l (n_l, n_{l−1}), X (n_0, p)"),
    "chain": ("f ∘ g", "any composable f, g"),
    "kron": ("A ⊗ B", "A (m, n), X (n, q), B (q, r)"),
}
"""What the notes speak of: each with its definition, and the shapes of what goes in, as they write them."""

CLAIMS: tuple[Claim, ...] = (
    Claim("kron.vec", "vec(A·X·B) = (Bᵀ⊗A)·vec X", "N8"),
    Claim("chain.scalar", "(f∘g)′(x) = f′(g(x))·g′(x)", "N1"),
    Claim("chain.rule", "D(f∘g) = Df∘Dg", "N1"),
    Claim("linear.forward", "Z = W·Y + b·1ᵀ", "N8"),
    Claim("linear.dY", "δY = Wᵀ·δZ", "N8"),
    Claim("linear.dW", "δW = δZ·Yᵀ", "N8"),
    Claim("linear.db", "δb = δZ·1", "N8"),
    Claim("relu.forward", "Y = max(Z, 0)", "N7"),
    Claim("relu.dZ", "δZ = δY∘1[Z ≥ 0]", "N7"),
    Claim("softmax.forward", "S = exp Z / Σ exp Z", "N5"),
    Claim("softmax.dZ", "δZ = S∘(δS − 1·1ᵀ(S∘δS))", "N5"),
    Claim("cross_entropy.forward", "L = −Σ P·log S", "N5"),
    Claim("cross_entropy.dS", "δS = −P/S", "N5"),
    Claim("softmax_cross_entropy.forward", "L = −Σ P·log softmax(Z)", "N5"),
    Claim("softmax_cross_entropy.dZ", "δZ = S·ΣP − P (= S − P when ΣP = 1)", "N6"),
    Claim("network.forward", "Y_l = ReLU(W_l·Y_{l−1} + b_l·1ᵀ), and L", "N2"),
    Claim("network.dX", "δY_{l−1} = W_lᵀ·(δY_l∘1[Z_l ≥ 0])", "N2"),
    Claim("network.dW", "δW_l = δZ_l·Y_{l−1}ᵀ", "N3"),
    Claim("network.db", "δb_l = δZ_l·1", "N3"),
)


def claim_of(operation: Operation, gradient: Gradient | None) -> Claim:
    """The claim of a gradient of an operation, or of its value."""
    names = tuple(map(line, operation.definitions))
    if gradient is not None:
        said = "derived" if gradient.claimed is None else text(gradient.claimed)
        formula = f"{shown(f'd{gradient.name}', gradient.indices)} = {said}"
        return Claim(f"{operation.name}.d{gradient.name}", formula, "", names)
    lines = [line(each) for each in operation.definitions if each.name in operation.outputs]
    return Claim(f"{operation.name}.forward", "; ".join(lines), "", names)


def claims_of(operation: Operation) -> tuple[Claim, ...]:
    """Every claim of an operation: its value, and its gradient by each differentiated argument, claimed or derived."""
    whole = derived(operation)
    return tuple(claim_of(whole, each) for each in (None, *whole.gradients))


CLAIM_IDS: tuple[str, ...] = tuple(claim.id for claim in CLAIMS)
