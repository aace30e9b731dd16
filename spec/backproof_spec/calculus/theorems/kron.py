"""⊗ on pairs of indices: entry ((i, k), (j, l)) of A⊗B is A[i, j]·B[k, l], and vec A at (i, j) is A[i, j].

That pairs of indices are places, k + i·p for A⊗B and i + j·m for vec, is tested: spec/tests/test_theorems_explicit.py.
"""

from __future__ import annotations

from dataclasses import dataclass

from backproof_spec.calculus.derivation import Derivation
from backproof_spec.calculus.kernel import Theorem
from backproof_spec.calculus.normal import Normal
from backproof_spec.calculus.notation import Expression, Tensor, indices, total
from backproof_spec.calculus.terms import Formula, Index

# --- vec(A·X·B) = (Bᵀ⊗A)·vec X ----------------------------------------------------------------------------------------


def product() -> Derivation:
    """Row by row, vec(A·X·B) = (Bᵀ⊗A)·vec X."""
    d = Derivation("kron.vec", "vec(AXB) = (Bᵀ⊗A) vec X")
    A, X, B = d.variable("A", "m", "n"), d.variable("X", "n", "p"), d.variable("B", "p", "q")
    i, j, k, r = indices(i="m", j="n", k="p", r="q")
    T = d.define("B'", (r, k), B[k, r])
    K = d.define("K", (r, i, k, j), T[r, k] * A[i, j])
    left, right = _sides(A, X, B, (i, j, k, r))
    d.begin(d("refl", left))
    words = "entry (i, r) of $(AX)B$, and so of its vec: $B$ is taken into the sum over $j$"
    d.follows(Normal(d).equal(left, right), words)
    d.then(total(T[r, k] * A[i, j] * X[j, k], k, j), "$Bᵀ$ is the transpose of $B$", unfolding=["B'"])
    d.then(total(K[r, i, k, j] * X[j, k], k, j), "row (i, r) of $Bᵀ⊗A$ times $vec X$", unfolding=["K"])
    return d


def _sides(A: Tensor, X: Tensor, B: Tensor, at: tuple[Index, ...]) -> tuple[Formula, Formula]:
    """Entry (i, r) of (A·X)·B, and row (i, r) of Bᵀ⊗A times vec X."""
    i, j, k, r = at
    left = total(total(A[i, j] * X[j, k], j) * B[k, r], k)
    return left.term, total(B[k, r] * A[i, j] * X[j, k], k, j).term


@dataclass(frozen=True)
class Matrix:
    """λ indices. value, which holds no other free index."""

    indices: tuple[Index, Index]
    value: Expression

    def transposed(self) -> Matrix:
        """λ j, i. value."""
        return Matrix((self.indices[1], self.indices[0]), self.value)


def vec(d: Derivation, A: Matrix, X: Matrix, B: Matrix) -> Theorem:
    """⊢ Σ_k (Σ_j A[i, j]·X[j, k])·B[k, r] = Σ_k Σ_j B[k, r]·A[i, j]·X[j, k].

    That is ``kron.vec``, proved of any three matrices of these dimensions, and then taken at these three.
    """
    given, mark = {"A": A, "X": X, "B": B}, "°"
    while d.theory.kind(f"A{mark}") is not None:
        mark += "°"
    any_A, any_X, any_B = (d.variable(name + mark, *(i[2] for i in each.indices)) for name, each in given.items())
    found = Normal(d).equal(*_sides(any_A, any_X, any_B, (*A.indices, *B.indices)))
    for name, each in given.items():
        found = d("specialise", found, name + mark, each.indices, each.value.term)
    return found


def unfolded(d: Derivation, term: Formula, name: str) -> Theorem | None:
    """The term = the same with one definition replaced by what it says, and nothing else changed."""
    if term[:2] == ("entry", name):
        return d("unfold", name, term[2])
    return d.inside(term, lambda part: unfolded(d, part, name))


def times_vec(d: Derivation, K: Expression, A: Matrix, X: Matrix, B: Matrix) -> Theorem:
    """⊢ Σ_k Σ_j K·X[j, k] = Σ_k (Σ_j A[i, j]·X[j, k])·B[k, r] by ``vec``, where K is defined as B[k, r]·A[i, j]."""
    j, k = X.indices
    named = unfolded(d, total(K * X.value, k, j).term, K.term[1])
    return d("trans", named, d("sym", vec(d, A, X, B)))


# --- ⊗ by itself ------------------------------------------------------------------------------------------------------


def transpose() -> Derivation:
    """(A⊗B)ᵀ = Aᵀ⊗Bᵀ."""
    d = Derivation("kron.transpose", "(A⊗B)ᵀ = Aᵀ⊗Bᵀ")
    A, B = d.variable("A", "m", "n"), d.variable("B", "p", "q")
    i, j, k, r = indices(i="m", j="n", k="p", r="q")
    AT, BT = d.define("A'", (j, i), A[i, j]), d.define("B'", (r, k), B[k, r])
    K = d.define("K", (i, k, j, r), A[i, j] * B[k, r])
    d.begin(d("refl", K[i, k, j, r].term))
    words = "entry ((j, r), (i, k)) of the transpose of $A⊗B$: the definition of ⊗"
    d.then(A[i, j] * B[k, r], words, unfolding=["K"])
    d.then(AT[j, i] * BT[r, k], "$Aᵀ$ and $Bᵀ$ are the transposes", unfolding=["A'", "B'"])
    return d


def mixed() -> Derivation:
    """(A⊗B)(C⊗D) = (A·C)⊗(B·D)."""
    d = Derivation("kron.mixed", "(A⊗B)(C⊗D) = AC⊗BD")
    A, B = d.variable("A", "m", "n"), d.variable("B", "p", "q")
    C, D = d.variable("C", "n", "r"), d.variable("D", "q", "t")
    i, j, u, k, v, w = indices(i="m", j="n", u="r", k="p", v="q", w="t")
    K = d.define("K", (i, k, j, v), A[i, j] * B[k, v])
    M = d.define("M", (j, v, u, w), C[j, u] * D[v, w])
    AC = d.define("AC", (i, u), total(A[i, j] * C[j, u], j))
    BD = d.define("BD", (k, w), total(B[k, v] * D[v, w], v))
    left = total(K[i, k, j, v] * M[j, v, u, w], j, v)
    d.begin(d("refl", left.term))
    words = "entry ((i, k), (u, w)) of $(A⊗B)(C⊗D)$: the definition of ⊗"
    d.then(total(A[i, j] * B[k, v] * (C[j, u] * D[v, w]), j, v), words, unfolding=["K", "M"])
    d.then(total(A[i, j] * C[j, u], j) * total(B[k, v] * D[v, w], v), "factors without $j$, and without $v$, taken out")
    d.then(AC[i, u] * BD[k, w], "the definitions of $AC$ and $BD$", unfolding=["AC", "BD"])
    return d
