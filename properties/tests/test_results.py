"""results and arrays: the order of verdicts, merged observations, arrays as JSON data that reads back the same."""

import pickle

import ml_dtypes
import numpy as np
import pytest

from backproof_properties.arrays import NUMPY_DTYPES, decimal, enclosed, matrix, plain
from backproof_properties.results import Finding, Link, Observation, Outcome, Verdict, worst_verdict

HOLDS, UNSUPPORTED, UNCERTIFIED, ERROR, REFUTED = (
    Verdict.HOLDS,
    Verdict.UNSUPPORTED,
    Verdict.UNCERTIFIED,
    Verdict.ERROR,
    Verdict.REFUTED,
)


def test_the_worst_verdict_wins():
    order = [HOLDS, UNSUPPORTED, UNCERTIFIED, ERROR, REFUTED]
    for place, verdict in enumerate(order):
        assert worst_verdict(order[: place + 1]) is worst_verdict(order[place::-1]) is verdict
    assert worst_verdict([]) is UNSUPPORTED


def test_verdicts_and_links_print_as_the_design_names_them():
    assert [str(v) for v in Verdict] == ["holds", "unsupported", "uncertified", "not run", "error", "refuted"]
    assert [str(link) for link in Link] == [
        "definition → Jacobian",
        "Jacobian → formula",
        "definition ⊢ formula",
        "formula → implementation",
    ]


def test_observations_add_up_and_keep_the_worst():
    seen = Observation(entries=2, uncertified=1, worst=0.5, thresholds=[0.25])
    seen.add(Observation(entries=3, uncertified=4, worst=0.125, thresholds=[1.0, 0.5]))
    assert seen == Observation(entries=5, uncertified=5, worst=0.5, thresholds=[0.25, 1.0, 0.5])
    seen.add(Observation(worst=0.75))
    assert seen.worst == 0.75


def test_the_threshold_is_the_median_of_the_arrays():
    assert Observation().threshold is None
    assert Observation(thresholds=[8.0, 1.0, 2.0]).threshold == 2.0


def test_the_uncertified_share():
    def share(entries, uncertified):
        return Outcome("linear.dW", Link.FORMULA, None, HOLDS, 1, Observation(entries, uncertified)).uncertified_share

    assert (share(3, 1), share(0, 2), share(0, 0)) == (0.25, 1.0, 0.0)


def test_outcomes_travel_between_processes():
    finding = Finding("m", "dW", {"W": plain(np.eye(2))}, (0, 1), "1.0", "2.0", "3.0")
    outcome = Outcome("linear.dW", Link.IMPLEMENTATION, "float64", REFUTED, 7, Observation(1), None, finding)
    assert pickle.loads(pickle.dumps(outcome)) == outcome  # noqa: S301 - our own bytes


# --- arrays ---------------------------------------------------------------------------------------------------------

_BITS = {"float16": np.uint16, "bfloat16": np.uint16, "float32": np.uint32, "float64": np.uint64}


@pytest.mark.parametrize("name", list(NUMPY_DTYPES))
def test_decimals_read_back_as_the_same_number_of_the_format(name):
    dtype = NUMPY_DTYPES[name]
    codes = np.random.default_rng(1).integers(0, np.iinfo(_BITS[name]).max, 300, dtype=_BITS[name], endpoint=True)
    values = codes.view(dtype)
    with np.errstate(invalid="ignore"):  # signalling NaNs are among them
        values = values[np.isfinite(values)]
    assert len(values) > 200
    read = np.array([float(text) for text in plain(values)["data"]]).astype(dtype)
    assert read.tobytes() == values.tobytes()


@pytest.mark.parametrize("name", list(NUMPY_DTYPES))
def test_special_values_are_written_as_numpy_reads_them(name):
    found = plain(np.array([0.0, -0.0, 0.25, np.inf, -np.inf, np.nan]).astype(NUMPY_DTYPES[name]))
    assert (found["dtype"], found["shape"]) == (name, [6])
    assert [float(text) for text in found["data"][:5]] == [0.0, 0.0, 0.25, np.inf, -np.inf]
    assert (found["data"][1][0], found["data"][5]) == ("-", "nan")


def test_bfloat16_is_its_own_shortest_decimal():
    assert decimal(ml_dtypes.bfloat16(0.1)) == "0.100098"
    assert decimal(np.float32(0.1)) == "0.1"
    assert decimal(np.float64(0.1)) == "0.1"
    assert decimal(np.int64(3)) == "3"


def test_lists_of_arrays_and_other_values_are_plain_data():
    A = np.array([[1.0, 2.0], [3.0, 4.0]]).T
    expected = {"dtype": "float64", "shape": [2, 2], "data": ["1.0", "3.0", "2.0", "4.0"]}
    assert plain([A, "tanh"]) == [expected, "tanh"]
    assert plain(0.5) == "0.5"


def test_arrays_become_exact_matrices_and_vectors_columns():
    case = {"b": np.array([0.1, 2.0]).astype(ml_dtypes.bfloat16), "W": np.array([[0.1]], dtype=np.float32)}
    assert (matrix(case, "b").rows, matrix(case, "b").cols) == (2, 1)
    assert matrix(case, "b")[0, 0] == 0.10009765625
    assert enclosed(case, "W").exact[0, 0] == 0.100000001490116119384765625
    assert enclosed(case, "W").radius[0, 0] == 0
