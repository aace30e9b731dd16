"""formed: mutants that share what their definitions come to give what each gives by itself, in NumPy and exactly."""

from contextlib import nullcontext, suppress
from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
from few import few

from backproof_properties import vectors
from backproof_properties.certified import outputs, seen
from backproof_properties.evidence import Seen
from backproof_properties.fields import Doubt
from backproof_properties.filter import Fast
from backproof_properties.formed import Formed
from backproof_properties.running import Uncertain
from backproof_properties.suspected import Mutated
from backproof_properties.vectors import functions_of
from backproof_spec.library import operation
from backproof_spec.rounding.formats import FORMATS, Arithmetic


def _answers(formula: Mutated, example: Seen):
    """In NumPy and exactly; None where neither can be said."""
    for ask in (formula.swiftly, formula._exact):
        found = None
        with suppress(Uncertain, ArithmeticError), np.errstate(all="ignore"):
            found = [(A.value.tolist(), A.error.tolist()) for A in ask(example)]
        yield found


@pytest.mark.no_cover
@pytest.mark.parametrize("name", few(["rms_norm", "attention", "lstm_cell"], {"rms_norm"}.__contains__))
def test_mutants_that_share_give_what_each_gives_by_itself(name):
    of, tried = functions_of(operation(name)), 0
    for group in of.properties.values():
        for each in group[:2]:
            formulas = [row[1] for row in vectors._rows(of, each) if isinstance(row[1], Mutated)][::5]
            for case in islice(vectors._drawn(each, "float64", 3, (7,)), 3, 5):
                shared = seen(each, case, "float64", outputs(each, case, "float64"))
                for formula in formulas:
                    alone = replace(shared)
                    assert repr([*_answers(formula, shared)]) == repr([*_answers(formula, alone)])
                    tried += 1
    assert tried > 50


PLAIN = """\
operation twice(X[s,i], A[i,j]) -> Y
where size(j) = size(i)
c[s,i] = X[s,i]*sum_j A[i,j]
Y[s,i] = c[s,i] + 1
"""
TWICE = operation(PLAIN)
OTHERS = {
    "the same": (operation(PLAIN), ["c", "Y"]),
    "another formula": (operation(PLAIN.replace("X[s,i]*sum", "2*X[s,i]*sum")), []),
    "another way": (operation(PLAIN.replace("Y[s,i] =", "computed also c[s,i] = sum_j X[s,i]*A[i,j]\nY[s,i] =")), []),
    "another sum over as many": (replace(TWICE, dimension={**TWICE.dimension, "j": TWICE.dimension["s"]}), []),
    "another that rests on it": (operation(PLAIN.replace("c[s,i] + 1", "c[s,i] - 1")), ["c"]),
}


@pytest.mark.parametrize("name", OTHERS)
def test_what_has_another_formula_way_or_size_is_not_taken_for_the_same(name):
    case = {name: np.ones((3, 3)) for name in ("X", "A", "dY")}
    other, same = OTHERS[name]
    formed, float64 = Formed(), FORMATS["float64"]
    for each, known in ((TWICE, []), (other, same)):
        at = Fast(each, case, Arithmetic(float64, float64, float64))
        with formed.shared(at):
            assert [*at.known] == known
            at.tensor("Y")


def test_what_comes_after_a_definition_that_fails_is_not_taken():
    text = "operation odd(X[s,i], A[s,k]) -> M, Y\nM[s] = {}\nc[s,k] = exp(A[s,k])\nY[s,k] = c[s,k]*c[s,k]\n"
    case = {"X": np.ones((2, 0)), "A": np.ones((2, 3)), "dM": np.ones(2), "dY": np.ones((2, 3))}
    formed, float64 = Formed(), FORMATS["float64"]
    fine, fails = (operation(text.format(body)) for body in ("sum_i X[s,i]", "max_i X[s,i]"))
    for each in (fine, fails, fine):
        at = Fast(each, case, Arithmetic(float64, float64, float64))
        with pytest.raises(Doubt) if each is fails else nullcontext(), formed.shared(at):
            at.tensor("Y")
