"""⊗ on pairs of indices: entry ((i, k), (j, l)) of A⊗B is A[i, j]·B[k, l], and vec A at (i, j) is A[i, j].

That pairs of indices are places, k + i·p for A⊗B and i + j·m for vec, is tested: spec/tests/test_theorems_explicit.py.
"""

from __future__ import annotations

from backproof_spec.calculus.derivation import Derivation
from backproof_spec.calculus.notation import indices, total


def product() -> Derivation:
    """Row by row, vec(A·X·B) = (Bᵀ⊗A)·vec X."""
    d = Derivation("kron.vec", "vec(AXB) = (Bᵀ⊗A) vec X")
    A, X, B = d.variable("A", "m", "n"), d.variable("X", "n", "p"), d.variable("B", "p", "q")
    i, j, k, r = indices(i="m", j="n", k="p", r="q")
    AX = d.define("AX", (i, k), total(A[i, j] * X[j, k], j))
    T = d.define("B'", (r, k), B[k, r])
    K = d.define("K", (r, i, k, j), T[r, k] * A[i, j])
    left = total(AX[i, k] * B[k, r], k)
    d.begin(d("refl", left.term), "entry (i, r) of (AX)B, which is entry (i, r) of its vec")
    d.then(total(A[i, j] * X[j, k] * B[k, r], k, j), "the definition of AX, B taken into the sum", unfolding=["AX"])
    d.then(total(T[r, k] * A[i, j] * X[j, k], k, j), "Bᵀ is the transpose of B", unfolding=["B'", "AX"])
    d.then(total(K[r, i, k, j] * X[j, k], k, j), "row (i, r) of Bᵀ⊗A times vec X", unfolding=["K"])
    return d


def transpose() -> Derivation:
    """(A⊗B)ᵀ = Aᵀ⊗Bᵀ."""
    d = Derivation("kron.transpose", "(A⊗B)ᵀ = Aᵀ⊗Bᵀ")
    A, B = d.variable("A", "m", "n"), d.variable("B", "p", "q")
    i, j, k, r = indices(i="m", j="n", k="p", r="q")
    AT, BT = d.define("A'", (j, i), A[i, j]), d.define("B'", (r, k), B[k, r])
    K = d.define("K", (i, k, j, r), A[i, j] * B[k, r])
    d.begin(d("refl", K[i, k, j, r].term), "entry ((j, r), (i, k)) of the transpose of A⊗B")
    d.then(A[i, j] * B[k, r], "the definition of ⊗", unfolding=["K"])
    d.then(AT[j, i] * BT[r, k], "Aᵀ and Bᵀ are the transposes", unfolding=["A'", "B'"])
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
    d.begin(d("refl", left.term), "entry ((i, k), (u, w)) of (A⊗B)(C⊗D)")
    d.then(total(A[i, j] * B[k, v] * (C[j, u] * D[v, w]), j, v), "the definition of ⊗", unfolding=["K", "M"])
    d.then(total(A[i, j] * C[j, u], j) * total(B[k, v] * D[v, w], v), "factors without j, and without v, taken out")
    d.then(AC[i, u] * BD[k, w], "the definitions of AC and BD", unfolding=["AC", "BD"])
    return d
