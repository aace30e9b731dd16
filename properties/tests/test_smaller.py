"""smaller: rows, columns, layers and entries that are not needed go, all arrays stay consistent, tries are bounded."""

import numpy as np
import pytest

import backproof
from backproof_impl.conventions import Limits
from backproof_properties.smaller import smaller

LAYER = {"W": np.ones((4, 70)), "Y": np.full((70, 6), 0.3), "b": np.ones(4), "dZ": np.ones((4, 6))}


def _network(*sizes, samples):
    pairs = list(zip(sizes[1:], sizes, strict=False))
    P = np.zeros((sizes[-1], samples))
    P[-1] = 1
    return {
        "weights": [np.full(shape, 0.3) for shape in pairs],
        "biases": [np.ones(rows) for rows, _ in pairs],
        "X": np.ones((sizes[0], samples)),
        "P": P,
    }


def _shapes(case):
    return {name: [A.shape for A in v] if isinstance(v, list) else v.shape for name, v in case.items()}


def test_a_size_goes_from_all_arrays_down_to_what_fails():
    found = smaller(LAYER, Limits(), lambda case: case["Y"].shape[0] > 64 and case["dZ"].shape[1] >= 2, 200)
    assert _shapes(found) == {"W": (1, 65), "Y": (65, 2), "b": (1,), "dZ": (1, 2)}


def test_what_blocks_leave_over_stays_left_over():
    found = smaller(
        LAYER | {"W": np.ones((39, 70)), "b": np.ones(39), "dZ": np.ones((39, 6))}, Limits(), _of_seven, 200
    )
    assert _shapes(found) == {"W": (7, 1), "Y": (1, 1), "b": (7,), "dZ": (7, 1)}


def _of_seven(case):
    return case["W"].shape[0] % 8 == 7


def test_the_column_that_matters_stays():
    Y = LAYER["Y"].copy()
    Y[:, 4] = 7
    found = smaller({**LAYER, "Y": Y}, Limits(), lambda case: bool((case["Y"] == 7).any()), 200)
    assert found["Y"].tolist() == [[7.0]]


def test_sizes_that_have_to_be_equal_go_together():
    square = {"W": np.ones((5, 5)), "Y": np.ones((5, 3)), "b": np.ones(5), "dZ": np.ones((5, 3))}
    found = smaller(square, Limits(), lambda case: len(set(case["W"].shape)) == 1 and case["W"].size > 1, 200)
    assert _shapes(found) == {"W": (2, 2), "Y": (2, 1), "b": (2,), "dZ": (2, 1)}


def test_a_network_loses_samples_and_layers_and_keeps_the_label_mass():
    found = smaller(_network(3, 3, 3, 3, samples=65), Limits(), lambda case: case["X"].shape[1] >= 3, 200)
    assert _shapes(found) == {"weights": [(1, 1)], "biases": [(1,)], "X": (1, 3), "P": (1, 3)}
    assert found["P"].tolist() == [[1.0, 1.0, 1.0]]
    assert (found["weights"][0].tolist(), found["biases"][0].tolist()) == ([[0.0]], [0.0])


def test_limits_are_kept():
    limits = Limits(batch=2, width=(3, None), depth=2, magnitude=(0.1, 0.5), biases=True)
    found = smaller(_network(4, 4, 4, samples=9), limits, lambda _: True, 200)
    assert _shapes(found)["X"] == (3, 2)
    assert set(np.concatenate([W.ravel() for W in found["weights"]])) <= {0.0, 0.3}
    exactly = smaller(_network(4, 4, 4, samples=9), Limits(depth=(2, 2)), lambda _: True, 200)
    assert len(exactly["weights"]) == 2
    logits = smaller(_network(4, 4, samples=9), Limits(logit=1.0), lambda _: True, 200)
    assert _shapes(logits)["X"] == (4, 1)  # fewer terms may make a larger sum


def test_what_was_shrunk_keeps_its_entries_where_nothing_can_go():
    case = {"Z": np.array([[0.3]]), "dY": np.array([[0.7]])}
    assert smaller(case, Limits(), lambda _: True, 200) is case
    found = smaller(case, Limits(), lambda _: True, 200, shrunk=False)
    assert (found["Z"].tolist(), found["dY"].tolist()) == ([[0.0]], [[0.0]])


def test_inputs_that_are_not_known_and_more_tries_than_allowed_end_it():
    tried = []
    case = {"A": np.ones((9, 9))}
    assert smaller(case, Limits(), lambda _: True, 200) is case
    smaller(LAYER, Limits(), lambda case: tried.append(case) is not None, 7)
    assert len(tried) == 7


@pytest.mark.slow
def test_what_is_left_of_a_counterexample_is_not_all_that_a_diagnosis_must_explain():
    """With one 1 in the last column alone, the first column alone is what the target gives."""

    def left_over(W, Y, b, dZ):  # noqa: ARG001 - the contract
        return dZ @ Y.T, W.T @ dZ, (dZ if dZ.shape[1] % 8 != 7 else dZ[:, :-1]).sum(axis=1)

    (found,) = backproof.check({"linear_vjp": left_over}, operations=["linear.db"], seed=3).of_target
    assert (tuple(found.finding.inputs["dZ"]["shape"]), found.finding.diagnosis) == ((1, 7), None)
