"""terminal: 80 columns, plain where the console is, nothing of a target's read as markup, commands to paste."""

import io
import math
import shlex

import numpy as np
import pytest
from rich.console import Console

from backproof_docs.known import Known
from backproof_docs.phrases import number
from backproof_docs.report import Report, apply_known
from backproof_docs.terminal import print_report
from backproof_properties.arrays import plain
from backproof_properties.results import Declines, Diagnosis, Finding, Link, Observation, Outcome, Verdict
from backproof_spec.claims import CLAIMS


def _printed(report, width=80, **options):
    file = io.StringIO()
    print_report(report, Console(file=file, width=width, highlight=False, **options))
    return file.getvalue()


def _made(*results, **changes):
    return Report(**{"target": "t.py", "conventions": {}, "dtypes": ("float64",), "examples": 5, "seed": 1,
        "seconds": 0.5, "results": results, "command": "backproof validate t.py", **changes})  # fmt: skip


def _outcome(verdict=Verdict.HOLDS, claim="linear.dW", dtype="float64", **fields):
    return Outcome(claim, Link.IMPLEMENTATION, dtype, verdict, 5, **fields)


def _refuted(inputs=None, **fields):
    finding = Finding("dW[0, 0]: got 1.0, expected 2.0", "dW", inputs or {})
    return _outcome(Verdict.REFUTED, finding=finding, **fields)


def _again(text):
    """The command after ``again``, joined where the line was wrapped."""
    return " ".join(text.partition("again")[2].partition("\n\n")[0].replace("\\\n", "").split())


# --- numbers --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "—"),
        (math.inf, "—"),
        (math.nan, "—"),
        (0, "0"),
        (0.001, "0.001"),
        (0.00123, "0.0012"),
        (0.5, "0.5"),
        (0.456, "0.46"),
        (1, "1"),
        (42.0, "42"),
        (1e-16, "1e-16"),
        (1e-300, "1e-300"),
        (12345.0, "1e+04"),
    ],
)
def test_numbers_are_short(value, shown):
    assert number(value) == shown
    assert len(shown) <= 6


# --- the table ------------------------------------------------------------------------------------------------------


@pytest.mark.no_cover
@pytest.mark.parametrize("dtypes", [("float64",), ("float16", "bfloat16")])
@pytest.mark.parametrize("verdict", list(Verdict))
def test_the_whole_table_fits_eighty_columns(verdict, dtypes):
    inside = [Outcome(c.id, link, None, verdict, 100, Observation(1, worst=1e-100), "r")
              for c in CLAIMS for link in (Link.JACOBIAN, Link.FORMULA, Link.PROOF)]  # fmt: skip
    computed = [_outcome(verdict, c.id, d, reason="r", observation=Observation(1, 0, 0.5, [1e-16]))
                for c in CLAIMS for d in dtypes]  # fmt: skip
    lines = _printed(_made(*inside, *computed, dtypes=dtypes)).splitlines()
    assert max(len(line) for line in lines) <= 80
    for claim in CLAIMS:
        assert any(line[2:].startswith(f"{claim.id} ") for line in lines)
    for dtype in dtypes if len(dtypes) > 1 else ():
        assert sum(f" {dtype} " in line for line in lines) >= len(CLAIMS)


@pytest.mark.parametrize("kind", ["passing", "refuted", "unsupported", "error", "overflow", "networks", "dtypes"])
def test_every_kind_fits_eighty_columns_and_is_plain_without_a_terminal(reports, kind):
    text = _printed(reports[kind])
    assert max(len(line) for line in text.splitlines()) <= 80
    assert "\x1b" not in text


def test_colours_only_where_the_console_has_them(reports):
    assert "\x1b[" in _printed(reports["passing"], force_terminal=True, color_system="standard", _environ={})


def test_what_each_cell_says():
    inside = Outcome("linear.dW", Link.JACOBIAN, None, Verdict.HOLDS, 100, Observation(9))
    inexact = Outcome("linear.dW", Link.FORMULA, None, Verdict.HOLDS, 100, Observation(9, worst=2e-100))
    proof = Outcome("linear.dW", Link.PROOF, None, Verdict.HOLDS, 1, Observation(219, worst=6e-91))
    computed = _outcome(observation=Observation(9, 0, 0.25, [3e-16]))
    line = next(x for x in _printed(_made(inside, inexact, proof, computed)).splitlines() if "linear.dW" in x)
    assert line.split() == ["✓", "linear.dW", "exact", "2e-100", "∎", "0.25", "205", "3e-16"]


def test_a_proof_that_coq_has_accepted_says_so():
    proof = Outcome("linear.dW", Link.PROOF, None, Verdict.HOLDS, 1, Observation(219, worst=6e-91, coq="8.16.1"))
    report = _made(proof, _outcome())
    assert " ∎ Coq " in next(x for x in _printed(report).splitlines() if "linear.dW" in x)
    links = {each["link"]: each["coq"] for each in report.to_dict()["claims"][0]["links"]}
    assert links == {str(Link.PROOF): "8.16.1", str(Link.IMPLEMENTATION): None}


def test_a_proof_that_does_not_hold_is_no_proof():
    refuted = Outcome("linear.dW", Link.PROOF, None, Verdict.REFUTED, 2, finding=Finding("m", "linear.dW", {}))
    line = next(x for x in _printed(_made(refuted)).splitlines() if "linear.dW " in x)
    assert line.split() == ["✗", "linear.dW", "—", "—", "refuted", "—", "0", "—"]


@pytest.mark.parametrize(
    ("verdict", "cell", "mark"),
    [
        (Verdict.REFUTED, "refuted", "✗"),
        (Verdict.ERROR, "error", "✗"),
        (Verdict.UNCERTIFIED, "unclear", "?"),
        (Verdict.UNSUPPORTED, "absent", "–"),
    ],
)
def test_what_does_not_hold_is_marked(verdict, cell, mark):
    text = _printed(_made(_outcome(verdict, reason="the reason", observation=Observation(1, 0, 0.5, [1e-16]))))
    line = next(x for x in text.splitlines() if "linear.dW " in x)
    assert line.startswith(f"{mark} linear.dW")
    assert cell in line
    assert line.split()[-1] == "—"


def test_several_dtypes_have_a_column_and_one_has_not():
    one = _printed(_made(_outcome()))
    two = _printed(_made(_outcome(), _outcome(dtype="float32"), dtypes=("float64", "float32")))
    links = ["Jacobian", "formula", "proof", "computed"]
    assert one.splitlines()[0].split() == ["claim", *links, "tried", "detects"]
    assert two.splitlines()[0].split() == ["claim", "dtype", *links, "detects"]
    assert [x.split()[1:3] for x in two.splitlines()[1:3]] == [["linear.dW", "float64"], ["linear.dW", "float32"]]


# --- failures -------------------------------------------------------------------------------------------------------


def test_a_failure_shows_formula_finding_inputs_and_command():
    inputs = {"W": plain(np.array([[1.0, 2.0], [3.0, 4.0]])), "b": plain(np.array([0.5]))}
    lines = _printed(_made(_refuted(inputs), seed=7, examples=30)).splitlines()
    start = next(k for k, line in enumerate(lines) if line.startswith("REFUTED"))
    assert lines[start : start + 7] == [
        "REFUTED linear.dW  (formula → implementation, float64)",
        "  formula   δW = δZ·Yᵀ",
        "  found     dW[0, 0]: got 1.0, expected 2.0",
        "  inputs    W = [[1.0, 2.0], [3.0, 4.0]]  float64 (2, 2)",
        "            b = [0.5]  float64 (1,)",
        "  proof     backproof prove linear.dW  (docs/proofs/linear.dW.md)",
        "  again     backproof validate t.py --claim linear.dW --seed 7 --examples 30",
    ]


def test_a_failure_shows_usage_diagnosis_and_what_to_declare():
    diagnosis = Diagnosis("relu_at_zero", "matches ReLU′(0) = 0", "relu_at_zero=0")
    finding = Finding(
        "dZ[0]: got 0, expected 1", "dZ", {}, (0,), "1", "0", "∞", "8.4e+6", "Z read-only", None, diagnosis
    )
    text = _printed(_made(_outcome(Verdict.REFUTED, "relu.dZ", finding=finding)))
    assert "  error     ∞ × the rounding bound, 8.4e+6 ulps\n" in text
    assert "  usage     Z read-only\n" in text
    assert "  diagnosis matches ReLU′(0) = 0\n  declare   --declare relu_at_zero=0\n" in text


def test_what_is_not_known_of_a_failure_takes_no_line():
    text = _printed(_made(_refuted(claim="linear.forward")))
    assert not [label for label in ("error ", "usage", "diagnosis", "declare", "proof") if f"\n  {label}" in text]


@pytest.mark.parametrize(("claim", "theorem"), [("linear.db", "linear.db"), ("network.dW", "network.2.dW1")])
def test_a_refuted_claim_names_its_proof(claim, theorem):
    text = _printed(_made(_refuted(claim=claim)))
    assert f"\n  proof     backproof prove {theorem}  (docs/proofs/{theorem}.md)\n" in text


@pytest.mark.parametrize(
    ("shape", "shown"),
    [((0, 2), "[]"), ((2, 0), "[[], []]"), ((0,), "[]"), ((3, 4), "0.0]]"), ((13, 1), "0.0, …]")],
)
def test_arrays_of_any_shape_are_shown_and_long_ones_cut(shape, shown):
    text = _printed(_made(_refuted({"W": plain(np.array(0.0).repeat(math.prod(shape)).reshape(shape))})), width=120)
    line = next(x for x in text.splitlines() if "inputs" in x)
    assert shown in line
    assert line.endswith(f"float64 {shape}")
    assert line.count("0.0") == min(math.prod(shape), 12)


def test_weights_are_shown_layer_by_layer():
    text = _printed(_made(_refuted({"weights": [plain(np.array([[1.0]])), plain(np.array([[2.0]]))]})))
    assert "inputs    weights[0] = [[1.0]]  float64 (1, 1)\n            weights[1] = [[2.0]]  float64 (1, 1)\n" in text


def test_the_command_that_repeats_a_failure():
    text = _printed(_made(_refuted(), command="backproof validate 'my layers.py' --declare relu_at_zero=0"))
    expected = "backproof validate 'my layers.py' --declare relu_at_zero=0 --claim linear.dW --seed 1 --examples 5"
    assert _again(text) == expected


def test_the_command_names_another_dtype():
    text = _printed(_made(_refuted(dtype="bfloat16"), dtypes=("bfloat16",)), width=200)
    assert _again(text) == "backproof validate t.py --claim linear.dW --seed 1 --examples 5 --dtype bfloat16"


def test_a_long_command_is_broken_before_options_and_can_be_pasted():
    long = _refuted(claim="softmax_cross_entropy.forward", dtype="bfloat16")
    command = "backproof validate 'my layers.py' --declare relu_at_zero=0 --declare layout=batch-first"
    text = _printed(_made(long, dtypes=("bfloat16",), seed=4294967295, command=command))
    assert text.partition("  again     ")[2].partition("\n\n")[0].split("\n") == [
        "backproof validate 'my layers.py' --declare relu_at_zero=0 \\",
        "              --declare layout=batch-first \\",
        "              --claim softmax_cross_entropy.forward --seed 4294967295 \\",
        "              --examples 5 --dtype bfloat16",
    ]
    pasted = shlex.split(text.partition("  again     ")[2].partition("\n\n")[0].replace("\\\n", " "))
    assert pasted == [*shlex.split(command), "--claim", "softmax_cross_entropy.forward", "--seed", "4294967295",
        "--examples", "5", "--dtype", "bfloat16"]  # fmt: skip


@pytest.mark.parametrize("kind", ["passing", "refuted", "unsupported", "error", "networks", "dtypes"])
def test_no_line_ends_in_blanks_where_it_is_not_a_terminal(reports, kind):
    assert not [line for line in _printed(reports[kind]).split("\n") if line != line.rstrip()]


def test_nothing_of_a_targets_is_read_as_markup_or_as_a_terminal_command(reports):
    text = _printed(reports["error"], width=200)
    assert "relu: raised ValueError: bad [red]markup[/red] " in text
    assert " second line\n" in text
    assert "\x1b" not in text
    assert "\x00" not in text


@pytest.mark.parametrize("hostile", ["\x1b[31m", "\x07", "\u202e", "\u2028", "\x9b"])
def test_no_word_of_a_targets_reaches_the_terminal_as_it_is(hostile):
    finding = Finding(f"m{hostile}", "dW", {"W": hostile}, usage=hostile, diagnosis=Diagnosis("c", hostile, hostile))
    text = _printed(_made(
        _outcome(Verdict.REFUTED, finding=finding),
        _outcome(Verdict.UNSUPPORTED, "linear.db", reason=f"r{hostile}"),
        _outcome(Verdict.ERROR, "relu.dZ", finding=finding),
        target=hostile, command=f"backproof validate '{hostile}'", conventions={"scale": {"dW": hostile}},
        known=(Known("relu.dZ", f"k{hostile}", verdict="error"), Known("linear.dY", hostile)),
    ))  # fmt: skip
    assert hostile not in text
    assert text.count("\N{REPLACEMENT CHARACTER}") >= 10


# --- known failures -------------------------------------------------------------------------------------------------


def test_known_failures_are_shown_and_do_not_fail_the_run():
    report = apply_known(_made(_refuted(), _outcome(claim="linear.db")), (Known("linear.dW", "issue 12"),))
    text = _printed(report)
    (line,) = [line for line in text.splitlines() if line.startswith("~ linear.dW")]
    assert line.split() == ["~", "linear.dW", "—", "—", "—", "known", "5", "—"]
    assert "\nKNOWN\n  linear.dW (formula → implementation, float64): issue 12\n    dW[0, 0]: got 1.0, " in text
    assert "REFUTED" not in text
    assert "\nPASSED  1 holds, 1 known · target t.py · float64\n" in text


def test_stale_entries_are_shown_and_fail_the_run():
    text = _printed(apply_known(_made(_outcome()), (Known("linear.dW", "issue 12"),)))
    assert "\nSTALE\n  linear.dW: now holds: delete its entry from the file of known failures\n" in text
    assert "\nFAILED  1 holds, 1 stale · target t.py · float64\n" in text


# --- the end --------------------------------------------------------------------------------------------------------


def test_uncertified_and_unsupported_lines():
    text = _printed(_made(
        _outcome(Verdict.UNCERTIFIED, "relu.dZ", reason="9 of 10 examples show nothing certain"),
        _outcome(Verdict.UNSUPPORTED, reason="the target offers no linear_vjp"),
        _outcome(claim="linear.db", observation=Observation(entries=30, uncertified=10)),
    ))  # fmt: skip
    assert "\nUNSUPPORTED\n  the target offers no linear_vjp: linear.dW\n" in text
    assert "UNCERTIFIED relu.dZ" in text
    assert "found     9 of 10 examples show nothing certain" in text
    assert text.splitlines()[-1] == ("not judged: 2 of 3 claims, 25.0% of the computed entries (overflow or kinks)")
    raised = _printed(_made(_outcome(observation=Observation(entries=30, raised=4))))
    assert raised.splitlines()[-1] == "not judged: 4 calls that raised where a result overflows"


def test_what_was_declined_is_told_whatever_the_verdict():
    declined = Declines(1, 100, "no zeros", {"Z": plain(np.array([[0.0]]))}, "Z read-only", "limits=width=..4")
    for verdict in (Verdict.HOLDS, Verdict.UNCERTIFIED, Verdict.UNSUPPORTED):
        text = _printed(_made(_outcome(verdict, "relu.dZ", declined=declined, reason="r"), _outcome()))
        assert (
            "\nDECLINED\n"
            "  relu.dZ (formula → implementation, float64): 1 of 100 inputs drawn (1.0%):\n"
            "    no zeros; --declare limits=width=..4 would say so\n"
            "    such as Z = [[0.0]]  float64 (1, 1)\n"
            "    called with Z read-only\n"
        ) in text
        assert "1.0% of the inputs drawn (declined)" in text.splitlines()[-1]


def test_what_is_required_and_a_run_that_judged_nothing_are_told():
    unsupported = _outcome(Verdict.UNSUPPORTED, reason="the target offers no linear_vjp")
    text = _printed(_made(unsupported, _outcome(claim="linear.db"), required=("linear.dW", "linear.db")))
    assert "\nREQUIRED AND NOT JUDGED\n  the target offers no linear_vjp: linear.dW\n" in text
    assert "\nFAILED  1 holds, 1 unsupported, 1 required and not judged · target t.py" in text
    text = _printed(_made(unsupported))
    assert "\nWHAT TO DO\n  nothing of the target was judged: offer a function under its name" in text
    assert "\nNOTHING OF THE TARGET WAS JUDGED  1 unsupported · target t.py" in text
    assert text.splitlines()[-1] == "not judged: 1 of 1 claims"


def test_the_summary():
    passed = _printed(_made(_outcome(), _outcome(claim="linear.db"), conventions={"layout": "batch-first"}))
    assert passed.splitlines()[-4:] == [
        "PASSED  2 holds · target t.py · float64",
        "5 examples a link · seed 1 · 0.5 s",
        "declared: layout=batch-first",
        "everything asked was judged",
    ]
    assert "\nFAILED  1 refuted · target t.py · float64\n" in _printed(_made(_refuted()))
