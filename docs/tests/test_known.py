"""known: what an entry accepts, when it is stale, and every way in which its file can be wrong."""

import pytest

from backproof.shown import Report
from backproof_docs.known import Known, load_known
from backproof_docs.report import KNOWN, apply_known
from backproof_impl.conventions import UsageError
from backproof_properties.results import Diagnosis, Finding, Link, Outcome, Verdict

LINKS = ("definition → Jacobian", "Jacobian → formula", "definition ⊢ formula", "formula → implementation")


def _outcome(verdict=Verdict.HOLDS, claim="relu.dZ", dtype="float64", cause=None, link=Link.IMPLEMENTATION):
    diagnosis = Diagnosis(cause, "a sentence") if cause else None
    return Outcome(claim, link, dtype, verdict, 5, finding=Finding("m", "dZ", {}, diagnosis=diagnosis))


def _applied(outcomes, *known):
    return apply_known(Report("t", {}, ("float64",), 5, 1, 0.5, tuple(outcomes)), known)


def _stale(report):
    return [str(each) for each in report.stale]


# --- what an entry accepts ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "narrower",
    [
        {},
        {"dtype": "float64"},
        {"link": "formula → implementation"},
        {"diagnosis": "strict_mask"},
        {"dtype": "float64", "link": "formula → implementation", "verdict": "refuted", "diagnosis": "strict_mask"},
    ],
)
def test_a_failure_that_is_as_described_does_not_fail_the_run(narrower):
    failure = _outcome(Verdict.REFUTED, cause="strict_mask")
    report = _applied([failure, _outcome(claim="linear.dW")], Known("relu.dZ", "issue 12", **narrower))
    assert report.passed
    assert (report.failures, report.known_failures, report.stale) == ((), (failure,), ())
    assert report.reason_known(failure) == "issue 12"
    assert [row.state for row in report.rows] == [KNOWN, "holds"]
    assert report.rows[0].verdict is Verdict.REFUTED
    assert report.raise_if_refuted() is None


def test_another_failure_still_fails_the_run():
    report = _applied([_outcome(Verdict.REFUTED), _outcome(Verdict.REFUTED, "linear.dW")], Known("relu.dZ", "r"))
    assert not report.passed
    assert [outcome.claim for outcome in report.failures] == ["linear.dW"]


def test_one_entry_accepts_every_dtype_and_one_dtype_is_not_another():
    outcomes = [_outcome(Verdict.REFUTED, dtype=dtype) for dtype in ("float32", "float64")]
    assert _applied(outcomes, Known("relu.dZ", "r")).passed
    report = _applied(outcomes, Known("relu.dZ", "r", dtype="float32"))
    assert [outcome.dtype for outcome in report.failures] == ["float64"]
    assert report.stale == ()


def test_a_row_whose_links_fail_in_known_and_in_other_ways_is_not_known():
    inside = Outcome("relu.dZ", Link.FORMULA, None, Verdict.REFUTED, 5, finding=Finding("m", "dZ", {}))
    report = _applied([inside, _outcome(Verdict.REFUTED)], Known("relu.dZ", "r", link=str(Link.FORMULA)))
    assert [row.state for row in report.rows] == ["refuted"]
    assert not report.passed


# --- when it is stale -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("verdict", [Verdict.HOLDS, Verdict.UNSUPPORTED])
def test_an_entry_whose_claim_no_longer_fails_fails_the_run(verdict):
    inside = _outcome(link=Link.FORMULA, dtype=None)
    report = _applied([inside, _outcome(verdict)], Known("relu.dZ", "r"))
    assert not report.passed
    assert report.failures == ()
    assert _stale(report) == [f"relu.dZ: now {verdict}: delete its entry from the file of known failures"]


@pytest.mark.parametrize(
    ("known", "failure", "problem"),
    [
        ({}, _outcome(Verdict.ERROR), "fails differently: error, known as refuted"),
        ({"verdict": "error"}, _outcome(Verdict.REFUTED), "fails differently: refuted, known as error"),
        ({"diagnosis": "a"}, _outcome(Verdict.REFUTED), "fails differently: refuted, known as refuted (a)"),
        (
            {"diagnosis": "a"},
            _outcome(Verdict.REFUTED, cause="b"),
            "fails differently: refuted (b), known as refuted (a)",
        ),
    ],
)
def test_an_entry_whose_claim_fails_differently_fails_the_run(known, failure, problem):
    report = _applied([failure], Known("relu.dZ", "r", **known))
    assert not report.passed
    assert report.failures == (failure,)
    assert _stale(report) == [f"relu.dZ: {problem}"]


def test_an_entry_for_several_dtypes_is_stale_when_none_fails_any_more():
    fixed, failing = _outcome(dtype="float32"), _outcome(Verdict.REFUTED)
    assert _applied([fixed, failing], Known("relu.dZ", "r")).passed
    assert not _applied([fixed, _outcome()], Known("relu.dZ", "r")).passed


@pytest.mark.parametrize("entry", [Known("linear.dW", "r"), Known("relu.dZ", "r", dtype="float32")])
def test_what_was_not_run_says_nothing_about_its_entries(entry):
    assert _applied([_outcome()], entry).passed


# --- the file -------------------------------------------------------------------------------------------------------


def _load(tmp_path, text):
    path = tmp_path / "known.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load_known(path)


def test_a_file_is_read(tmp_path):
    text = """
        # why the suite may fail
        [[known]]
        claim = "relu.dZ"
        reason = "issue 12"

        [[known]]
        claim = "softmax.dZ"
        dtype = "float16"
        link = "formula → implementation"
        verdict = "error"
        diagnosis = "softmax_diagonal"
        reason = "issue 9"
    """
    assert _load(tmp_path, text) == (
        Known("relu.dZ", "issue 12"),
        Known("softmax.dZ", "issue 9", "float16", "formula → implementation", "error", "softmax_diagonal"),
    )


def test_a_file_without_entries_is_legal(tmp_path):
    assert _load(tmp_path, "# nothing fails\n") == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[known]]\nreason = 'r'", 'entry 1: no claim, expected claim = "…"'),
        ("[[known]]\nclaim = 'relu.dZ'", 'entry 1: no reason, expected reason = "…"'),
        ("[[known]]\nclaim = 'relu.dZ'\nreason = ' '", "entry 1: reason is ' ', expected a few words"),
        (
            "[[known]]\nclaim = 'relu.dz'\nreason = 'r'",
            "entry 1: claim is 'relu.dz', expected a claim: did you mean relu",
        ),
        (
            "[[known]]\nclaim = 3\nreason = 'r'",
            "entry 1: claim is 3, expected a claim (backproof list claims shows all)",
        ),
        (
            "[[known]]\nclaim = 'relu.dZ'\nreason = 'r'\ntype = 'x'",
            "entry 1: unknown key 'type', expected some of claim,",
        ),
        (
            "[[known]]\nclaim = 'relu.dZ'\nreason = 'r'\ndtype = 'f4'",
            "entry 1: dtype is 'f4', expected one of float16, bfloat16, float32, float64",
        ),
        (
            "[[known]]\nclaim = 'relu.dZ'\nreason = 'r'\nlink = 'implementation'",
            f"entry 1: link is 'implementation', expected one of {', '.join(LINKS)}",
        ),
        (
            "[[known]]\nclaim = 'relu.dZ'\nreason = 'r'\nverdict = 'holds'",
            "entry 1: verdict is 'holds', expected one of uncertified, error, refuted",
        ),
        ("[[knwon]]\nclaim = 'relu.dZ'", "unknown key 'knwon', expected [[known]] entries only"),
        ("known = 'relu.dZ'", "known is not a list of tables, expected [[known]] entries"),
        ("[[known]\nclaim", "not TOML: "),
        (b"\xff\xfe", "not TOML: "),
        (
            "[[known]]\nclaim = 'relu.dZ'\nreason = 'a'\n[[known]]\nreason = 'b'\nclaim = 'relu.dZ'",
            "entries 1 and 2 describe the same failure, expected one",
        ),
    ],
)
def test_what_is_wrong_with_a_file_is_said_in_one_line(tmp_path, text, message):
    with pytest.raises(UsageError) as raised:
        _load(tmp_path, text)
    assert str(raised.value).startswith(f"known failures {tmp_path / 'known.toml'}: ")
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


def test_all_that_is_wrong_is_said_at_once(tmp_path):
    with pytest.raises(UsageError) as raised:
        _load(tmp_path, "top = 1\n[[known]]\nclaim = 'x'\n[[known]]\nreason = 'r'")
    assert [
        part in str(raised.value) for part in ("'top'", "entry 1: no reason", "entry 1: claim is 'x'", "entry 2: no c")
    ]


@pytest.mark.parametrize(("name", "reason"), [("nowhere.toml", "No such file or directory"), (".", "Is a directory")])
def test_a_file_that_cannot_be_read_is_refused(tmp_path, name, reason):
    with pytest.raises(UsageError, match=f"{reason}; expected a TOML file with"):
        load_known(tmp_path / name)
