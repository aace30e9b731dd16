"""quotients: an operation of which one entry moves is what it is when all of it is evaluated anew, and is put back."""

from fractions import Fraction

import pytest
from few import few, telling
from mpmath import mp

from backproof_impl.conventions import Conventions
from backproof_properties import checks
from backproof_properties.drawing import drawn
from backproof_properties.inputs import evaluation
from backproof_properties.property import Property
from backproof_properties.quotients import Moving, Quotients
from backproof_properties.results import Link
from backproof_properties.subject import Domain
from backproof_properties.tasks import Task
from backproof_spec import library
from backproof_spec.language.evaluating import Evaluation
from backproof_spec.language.exact import Exact
from backproof_spec.language.reading import read

OPERATIONS = sorted(library.built_in())
H = Fraction(1, 2**100)


def _examples(operation, number):
    each: Property = next(one for one in checks.properties(operation) if one.link is Link.JACOBIAN)
    cases = drawn(each, Domain("float64", Conventions()), Task(0, "float64", number, 1, each))
    return [evaluation(operation, case) for case, _ in cases]


def _anew(given, argument, at, step):
    values = {**given.values, argument: {**given.values[argument], at: given.values[argument][at] + step}}
    return Evaluation(given.operation, given.sizes, given.parameters, values, Exact())


def _all(evaluation_):
    of = evaluation_.operation.outputs
    return {(output, place): value for output in of for place, value in evaluation_.tensor(output).items()}


@pytest.mark.parametrize("name", few(OPERATIONS, telling))
def test_what_moves_is_what_is_evaluated_anew_and_the_rest_stays(name):
    with mp.workprec(300):
        for given in _examples(library.operation(name), 3):
            try:
                before = _all(given)
            except ArithmeticError:
                continue
            moving = Moving(given)
            for argument in (each.name for each in given.operation.differentiated):
                for at in list(given.values[argument])[:5]:
                    for step in (H, -H):
                        assert {**before, **moving.moved(argument, at, step)} == _all(_anew(given, argument, at, step))
                    assert _all(moving) == before


def test_a_factor_that_was_not_read_as_the_first_was_0_is_read_when_that_moves():
    of = read("operation f(A[i], B[i]) -> Y\nY[i] = A[i]*B[i]")
    given = Evaluation(of, {"i": 1}, {}, {"A": {(0,): Fraction(0)}, "B": {(0,): Fraction(3)}}, Exact())
    moving = Moving(given)
    assert moving.moved("B", (0,), H) in ({}, {("Y", (0,)): 0})
    assert moving.moved("A", (0,), H) == {("Y", (0,)): 3 * H}
    assert Quotients(moving, "A", (0,)).of(100, "Y", (0,))[0] == 3
    assert Quotients(moving, "B", (0,)).of(100, "Y", (0,))[0] == 0


def test_an_entry_that_nothing_reads_has_a_quotient_of_0_and_a_slope_there_is_refused():
    of = read("operation f(A[i]) -> y\ny = sum_i [i = 0] * A[i]")
    given = Evaluation(of, {"i": 2}, {}, {"A": {(0,): Fraction(1), (1,): Fraction(2)}}, Exact())
    quotients = Quotients(Moving(given), "A", (1,))
    assert quotients.of(100, "y", ()) == (0, 1)
    assert quotients.deviation("y", (), Fraction(0)) == 0
    assert quotients.deviation("y", (), Fraction(1, 2**90)) is None


def test_a_move_that_is_interrupted_while_it_is_put_back_is_put_back_by_the_next():
    (given,) = _examples(library.operation("rms_norm"), 1)
    with mp.workprec(300):
        moving, fresh = Moving(given), Moving(given)
        argument, at = "X", next(iter(given.values["X"]))
        written, tensor = 0, moving._tensors["X"]

        class Interrupted(type(tensor)):
            def __setitem__(self, place, value):
                nonlocal written
                written += 1
                if written == 2:
                    raise KeyboardInterrupt
                super().__setitem__(place, value)

        tensor.__class__ = Interrupted
        with pytest.raises(KeyboardInterrupt):
            moving.moved(argument, at, H)
        assert tensor[at] != given.values["X"][at]
        assert moving.moved(argument, at, -H) == fresh.moved(argument, at, -H)
        assert dict(tensor) == given.values["X"]
        assert _all(moving) == _all(fresh)
