"""Values that satisfy equations, at sizes at which these say something."""

from random import Random

import pytest

from backproof_spec.calculus import values
from backproof_spec.calculus.statement import counterexample
from backproof_spec.language.statements import read

SUPPOSED = {
    "symmetric": "suppose A[i,j] = A[j,i]",
    "antisymmetric": "suppose A[i,j] = -A[j,i]",
    "symmetric and positive": "suppose A[i,j] = A[j,i]\nsuppose A[i,j] > 0",
    "all are c": "suppose x[i] = c",
    "c is all": "suppose c = x[i]",
    "an affine function": "suppose 2*c = x[i] + 1",
    "rows that sum to 1": "suppose sum_j A[i,j] = 1",
    "rows and columns that sum to 1": "suppose sum_j A[i,j] = 1\nsuppose sum_i A[i,j] = 1",
    "positive rows that sum to 1": "suppose sum_j A[i,j] = 1\nsuppose A[i,j] > 0",
    "centred": "suppose sum_i x[i] = 0\nsuppose sum_i x[i]*b = c",
    "a product that is 1": "suppose c*b = 1",
    "a logarithm": "suppose exp(c) = b",
    "the inverse of a matrix": "suppose sum_k A[i,k]*B[k,j] = delta[i,j]",
    "a product of matrices": "suppose B[i,j] = sum_k A[i,k]*A[j,k]",
}
REST = "L = sum_{i,j} x[i]*(A[i,j]+B[i,j])*x[j]*c*b\ngradient L by x[k] = x[k]\n"


def models(supposed, count=12):
    """So many, of those that are found."""
    derivation, random, found = read(f"{supposed}\n{REST}").derivation, Random(1), []
    for _ in range(count):
        try:
            found.append(values.model(derivation, frozenset(derivation.hypotheses), random))
        except values.Unsatisfied:
            continue
    return derivation, found


@pytest.mark.parametrize("name", SUPPOSED)
def test_values_satisfy_what_is_supposed_at_sizes_above_1(name):
    derivation, found = models(SUPPOSED[name])
    assert max(each.sizes["n"] for each in found) > 1
    assert all(each.satisfies(hypothesis) for each in found for hypothesis in derivation.hypotheses)


def test_what_is_free_stays_random():
    _, found = models(SUPPOSED["symmetric"])
    large = next(each for each in found if each.sizes["n"] == 3)
    assert len(set(large.values["A"].values())) > 3


def test_a_contradiction_has_no_values():
    assert models("suppose c = 1\nsuppose c = 2")[1] == []


def test_a_statement_of_symmetric_matrices_that_is_false_has_a_counterexample():
    found = read("suppose A[i,j] = A[j,i]\nL = sum_{i,j} x[i]*A[i,j]*x[j]\ngradient L by x[k] = sum_j A[k,j]*x[j]\n")
    model, _ = counterexample(found)
    A = model.values["A"]
    assert all(A[i, j] == A[j, i] for i, j in A)


def test_equations_of_many_entries_are_left_alone():
    """More than can be solved at once: what was drawn stays, and does not satisfy them."""
    derivation = read("suppose T[i,j,k,l] = T[j,i,k,l]\nL = sum_{i,j,k,l} T[i,j,k,l]*x\ngradient L by x = x").derivation
    with pytest.raises(values.Unsatisfied):
        values.model(derivation, frozenset(derivation.hypotheses), Random(1), {"n": 4, "m": 4, "p": 4})
