"""Operations of one's own in ``validate`` and ``check``: from an empty folder to four links, wrong targets, reports."""

import json
import re
import subprocess
import sys
import xml.etree.ElementTree as ET

import jsonschema
import numpy as np
import pytest
from few import few

import backproof
from backproof.cli import main
from backproof.defining import chosen
from backproof_docs.html import to_html
from backproof_docs.report import SCHEMA_PATH
from backproof_spec.claims import CLAIM_IDS

pytestmark = pytest.mark.usefixtures("unshrunk")

RMS_NORM = """\
# Normalisation of each row by its root mean square, with a gain.
operation rms_norm(X[s,i], g[i]; eps = 1e-6) -> Y
suppose size(i) > 0
suppose eps > 0
r[s] = 1/sqrt(mean_i X[s,i]^2 + eps)
Y[s,i] = g[i]*X[s,i]*r[s]
gradient by X[s,k] = r[s]*(g[k]*dY[s,k] - X[s,k]*r[s]^2*mean_i (g[i]*dY[s,i]*X[s,i]))
gradient by g[k] = sum_s dY[s,k]*X[s,k]*r[s]
"""
TARGET = """\
import numpy as np


def rms_norm(X, g, eps=1e-6):
    return g * X / np.sqrt((X * X).mean(axis=1, keepdims=True) + X.dtype.type(eps))


def rms_norm_vjp(X, g, dY, eps=1e-6):
    r = 1 / np.sqrt((X * X).mean(axis=1, keepdims=True) + X.dtype.type(eps))
    h = g * dY
    return r * (h - X * r * r * (h * X).mean(axis=1, keepdims=True)), (dY * X * r).sum(axis=0)
"""
TERM = "X[s,k]*r[s]^2*mean_i g[i]*dY[s,i]*X[s,i]"
WRONG = {
    "sign": ("h - X", "h + X", f"the sign of the term {TERM} is wrong"),
    "mean forgotten": (
        " - X * r * r * (h * X).mean(axis=1, keepdims=True)",
        "",
        f"the term {TERM} is left out",
    ),
    "sum for mean": ("(h * X).mean(", "(h * X).sum(", "mean_i g[i]*dY[s,i]*X[s,i] is taken as a sum, not a mean"),
    "gain forgotten": ("h = g * dY", "h = dY", "g is ignored: it is taken as 1"),
    "gain twice": ("return r * (h", "return g * r * (h", None),
    "a bit off": ("(dY * X * r).sum(axis=0)", "(dY * X * r).sum(axis=0) * 1.0001", None),
    "transposed": ("keepdims=True)), (dY * X * r).sum(axis=0)", "keepdims=True)).T, (dY * X * r).sum(axis=0)", None),
    "another axis": ("(dY * X * r).sum(axis=0)", "(dY * X * r).sum(axis=1)", None),
    "changes X": (
        "    h = g * dY\n",
        "    h = g * dY\n    X += 0\n    X *= 2\n    X /= 4\n",
        "an argument is changed in place",
    ),
    "added up": (
        "    return r * (h",
        "    global kept\n    kept = globals().get('kept', 0) + 1\n    return kept * r * (h",
        "adds the answer of the call before: something is not reset between calls",
    ),
}
FEW = ("--examples", "10", "--seed", "1", "-n", "1")


@pytest.fixture
def cli(capsys, monkeypatch, tmp_path):
    """Run the command in a folder with an operation and a target: (status, standard output, standard error)."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    (tmp_path / "rms_norm.op").write_text(RMS_NORM, encoding="utf-8")
    (tmp_path / "my.py").write_text(TARGET, encoding="utf-8")

    def run(*arguments):
        with pytest.raises(SystemExit) as raised:
            main(list(arguments))
        return raised.value.code, *capsys.readouterr()

    return run


def _cells(out, claim):
    return next(line for line in out.splitlines() if f" {claim} " in line).split()


# --- from an empty folder ---------------------------------------------------------------------------------------------


@pytest.mark.no_cover
def test_an_operation_of_eight_lines_shows_four_links(cli, tmp_path):
    assert len(RMS_NORM.splitlines()) <= 8
    status, out, err = cli("validate", "my.py", "--operation", "rms_norm.op", "--json", "report.json", *FEW)
    assert (status, err) == (0, "")
    for claim in ("rms_norm.dX", "rms_norm.dg"):
        mark, _, jacobian, formula, proof, *_, computed, _, _ = _cells(out, claim)
        assert (mark, proof) == ("✓", "∎")
        assert 0 < float(computed) < 1
        assert all(said == "exact" or float(said) < 1e-100 for said in (jacobian, formula))
    assert _cells(out, "rms_norm.forward")[2:5] == ["—", "—", "—"]
    assert "PASSED  3 holds" in out
    report = _reported(tmp_path / "report.json")
    assert [each["id"] for each in report["claims"]] == ["rms_norm.forward", "rms_norm.dX", "rms_norm.dg"]
    assert report["claims"][2]["formula"] == "dg[k] = sum_s dY[s,k]*X[s,k]*r[s]"


def _target(text):
    found = {}
    exec(text, found)  # noqa: S102 - the text above
    return found


@pytest.mark.no_cover
@pytest.mark.parametrize("mistake", few(WRONG, {"sign", "a bit off", "changes X"}.__contains__))
def test_a_wrong_target_is_refuted_and_named(mistake):
    old, new, said = WRONG[mistake]
    assert old in TARGET
    report = backproof.check(_target(TARGET.replace(old, new)), operations=RMS_NORM, examples=10, seed=1)
    failures = [each for each in report.results if each.verdict == "refuted"]
    assert {each.claim for each in failures} <= {"rms_norm.dX", "rms_norm.dg"}
    assert failures
    named = failures[0].finding.diagnosis
    assert (named and named.sentence) == said
    assert re.search("eps = [12]e-06\n", str(report))  # the default, or twice that
    assert "\n  where     r[s] = 1/sqrt(mean_i X[s,i]^2 + eps)\n" in str(report)


@pytest.mark.no_cover
def test_the_command_that_repeats_a_failure_names_the_operation(cli, tmp_path):
    (tmp_path / "my.py").write_text(TARGET.replace("(dY * X * r)", "(2 * dY * X * r)"), encoding="utf-8")
    _, out, _ = cli("validate", "my.py", "--operation", "rms_norm.op", "--claim", "rms_norm.dg", "--no-isolate", *FEW)
    assert "again     backproof validate my.py --operation rms_norm.op --claim rms_norm.dg --seed 1" in out
    assert "rms_norm.dX" not in out


# --- which claims -----------------------------------------------------------------------------------------------------


def _reported(path):
    report = json.loads(path.read_text(encoding="utf-8"))
    jsonschema.validate(report, json.loads(SCHEMA_PATH.read_text(encoding="utf-8")))
    return report


def _listed(out):
    return [line.split()[1] for line in out.splitlines() if line[:2] in {"✓ ", "✗ ", "? ", "– "}]


def test_all_are_the_suites_claims_and_those_of_every_built_in_operation():
    claims = chosen(["all"], []).claims
    assert claims[: len(CLAIM_IDS)] == CLAIM_IDS
    assert {"cumsum.forward", "lstm_cell.dbo"} <= {*claims}
    assert chosen(None, []).claims == CLAIM_IDS


def test_a_claim_of_a_built_in_operation_is_of_ones_own_where_that_has_its_name():
    own = backproof.operation(RMS_NORM.replace("1e-6", "1e-3"))
    assert chosen([own, "rms_norm.dg"], []).operations == (own,)
    assert chosen(["rms_norm.dg"], [own]).claims == ("rms_norm.dg",)
    assert chosen(["rms_norm.dg"], []).operations == (backproof.operation("rms_norm"),)


@pytest.mark.no_cover
def test_claims_of_the_suite_are_judged_beside_where_they_are_named(cli, tmp_path):
    (tmp_path / "my.py").write_text(TARGET + "\n\ndef relu(Z):\n    return np.maximum(Z, 0)\n", encoding="utf-8")
    both = ("validate", "my.py", "--operation", "rms_norm.op", "--claim", "relu.forward,rms_norm.forward")
    assert _listed(cli(*both, *FEW)[1]) == ["relu.forward", "rms_norm.forward"]
    named = ("validate", "my.py", "--operation", "rms_norm.op", "--operation", "relu", "--require", "relu.dZ")
    status, out, _ = cli(*named, *FEW)
    assert _listed(out)[:2] == ["relu.forward", "relu.dZ"]
    assert status == 1
    assert "REQUIRED AND NOT JUDGED" in out


def test_a_file_may_name_its_operations(cli, tmp_path):
    text = f'OPERATIONS = ["rms_norm.op"]\n{TARGET}'
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner/rms_norm.op").write_text(RMS_NORM, encoding="utf-8")
    (tmp_path / "inner/mine.py").write_text(text, encoding="utf-8")
    (tmp_path / "rms_norm.op").unlink()
    assert _listed(cli("validate", "inner/mine.py", *FEW)[1]) == ["rms_norm.forward", "rms_norm.dX", "rms_norm.dg"]
    (tmp_path / "inner/mine.py").write_text(text.replace('["rms_norm.op"]', "list_of()"), encoding="utf-8")
    refused = "backproof: target inner/mine.py: OPERATIONS is list_of(), expected a list of names or files"
    assert cli("validate", "inner/mine.py", *FEW)[2].startswith(refused)


@pytest.mark.parametrize(("back", "listed"), [("", []), ("def relu_vjp(Z, dY):\n    return dY * (Z >= 0)\n", ["relu"])])
def test_a_function_of_the_notes_name_that_only_goes_forward_is_a_helper(cli, tmp_path, back, listed):
    helper = f"def relu(x):\n    return x * (x > 0)\n\n\n{back}"
    (tmp_path / "my.py").write_text(f'OPERATIONS = ["rms_norm.op"]\n{TARGET}\n\n{helper}', encoding="utf-8")
    out = cli("validate", "my.py", *FEW, "--json", "report.json")[1]
    assert _reported(tmp_path / "report.json")["not_judged"].get("helpers", []) == ([] if listed else ["relu"])
    assert {each.partition(".")[0] for each in _listed(out)} - {"kron", "chain"} == {"rms_norm", *listed}
    assert bool(listed) is ("kron.vec" in _listed(out))
    assert ("taken for helpers, not judged: relu\n" in out) is not bool(listed)


def test_what_a_target_lacks_is_unsupported(cli, tmp_path):
    (tmp_path / "my.py").write_text(TARGET.partition("\n\n\ndef rms_norm_vjp")[0], encoding="utf-8")
    _, out, _ = cli("validate", "my.py", "--operation", "rms_norm.op", *FEW)
    assert "PASSED  1 holds, 2 unsupported" in out
    assert "the target offers no rms_norm_vjp: rms_norm.dX, rms_norm.dg" in out


def test_known_failures_may_be_of_ones_own_operation(cli, tmp_path):
    entry = '[[known]]\nclaim = "rms_norm.forward"\nreason = "the gain is applied elsewhere"\n'
    (tmp_path / "my.py").write_text(TARGET.replace("return g * X", "return X"), encoding="utf-8")
    (tmp_path / "known.toml").write_text(entry, encoding="utf-8")
    chosen = ("--operation", "rms_norm.op", "--claim", "rms_norm.forward", "--known", "known.toml")
    assert "1 known" in cli("validate", "my.py", *chosen, *FEW)[1]


# --- what cannot be read ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ("operation f(X[i]) -> Y\nY[i] = sinus(X[i])\n", "bad.op: line 2, column 8: "),
        ("operation f(X[i]: logit) -> Y\nY[i] = X[i]\n", "bad.op: line 1, column 19: there is no kind logit"),
        ("operation relu(X[i]) -> Y\nY[i] = X[i]\n", "operation relu: the suite has that name already"),
        ("operation network_gradients(X[i]) -> Y\nY[i] = X[i]\n", "the suite has that name already"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_in_one_line(cli, tmp_path, file, said):
    (tmp_path / "bad.op").write_text(file, encoding="utf-8")
    status, out, err = cli("validate", "my.py", "--operation", "bad.op")
    assert (status, out) == (2, "")
    assert said in " ".join(err.split())


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("none.op", "none.op: cannot be read: No such file"),
        ("gelo", "there is no operation gelo: did you mean gelu or geglu?"),
    ],
)
def test_an_operation_that_there_is_not_is_refused(cli, name, said):
    status, _, err = cli("validate", "my.py", "--operation", name)
    assert status == 2
    assert said in " ".join(err.split())


# --- from Python ------------------------------------------------------------------------------------------------------

SQUARE = "operation square(X[i]) -> Y\nY[i] = X[i]^2\ngradient by X[i] = 2*X[i]*dY[i]\n"
LOSS = """\
operation squared_error(Y[i], T[i]: constant) -> L
L = sum_i (Y[i] - T[i])^2/2
gradient by Y[i] = dL*(Y[i] - T[i])
"""


def _verdicts(report):
    return {row.claim.id: str(row.verdict) for row in report.rows}


@pytest.mark.no_cover
def test_an_operation_may_be_given_as_a_text_or_as_it_was_read():
    functions = {"square": lambda X: X * X, "square_vjp": lambda X, dY: 2 * X * dY}
    for given in (SQUARE, backproof.operation(SQUARE)):
        report = backproof.check(functions, operations=[given], examples=10, seed=1)
        assert _verdicts(report) == {"square.forward": "holds", "square.dX": "holds"}
        assert "square.dX" in to_html(report)
    wrong = {**functions, "square_vjp": lambda X, dY: X * dY}
    report = backproof.check(wrong, operations=SQUARE, examples=10, seed=1)
    assert _verdicts(report)["square.dX"] == "refuted"
    assert "REFUTED square.dX" in str(report)
    assert "OPERATION" in str(report)
    assert "2*X[i]*dY[i]" in to_html(report)


def test_a_false_gradient_is_refuted_by_two_links():
    false = SQUARE.replace("= 2*X", "= 3*X")
    report = backproof.check(
        {"square_vjp": lambda X, dY: 2 * X * dY}, operations=[false, "square.dX"], seed=1, examples=10
    )
    links = {str(each.link): str(each.verdict) for each in report.results}
    assert links["definition → Jacobian"] == "holds"
    assert links["Jacobian → formula"] == links["definition ⊢ formula"] == "refuted"


@pytest.mark.no_cover
def test_a_loss_may_leave_out_its_cotangent():
    def loss(Y, T):
        return ((Y - T) ** 2).sum() / 2

    for vjp in (lambda Y, T: Y - T, lambda Y, T, dL: dL * (Y - T)):
        report = backproof.check(
            {"squared_error": loss, "squared_error_vjp": vjp}, operations=[LOSS], seed=1, examples=10
        )
        assert set(_verdicts(report).values()) == {"holds"}
    ignored = {"squared_error_vjp": lambda Y, T, dL: Y - T + 0 * dL}
    report = backproof.check(ignored, operations=[LOSS], seed=1, examples=10)
    assert _verdicts(report)["squared_error.dY"] == "refuted"


def test_parameters_are_tried_at_each_choice_if_they_are_taken():
    scaled = "operation scaled(X[i]; k in 2, 3, 1/2) -> Y\nY[i] = k*X[i]\ngradient by X[i] = k*dY[i]\n".replace(
        ", 1/2", ""
    )
    seen = set()

    def f(X, *, k):
        seen.add(k)
        return k * X

    report = backproof.check({"scaled": f}, operations=[scaled], seed=1, examples=10)
    assert _verdicts(report)["scaled.forward"] == "holds"
    assert seen == {2, 3}
    assert all(type(each) is int for each in seen)
    report = backproof.check({"scaled": lambda X: 2 * X}, operations=[scaled], seed=1, examples=10)
    assert _verdicts(report)["scaled.forward"] == "holds"
    report = backproof.check({"scaled": lambda X: 3 * X}, operations=[scaled], seed=1, examples=10)
    assert _verdicts(report)["scaled.forward"] == "refuted"


def test_several_outputs_and_gradients_are_tuples():
    text = """\
operation both(X[i], a) -> Y, Z
Y[i] = a*X[i]
Z[i] = X[i]^2
gradient by X[i] = a*dY[i] + 2*X[i]*dZ[i]
gradient by a = sum_i dY[i]*X[i]
"""
    functions = {
        "both": lambda X, a: (a * X, X * X),
        "both_vjp": lambda X, a, dY, dZ: (a * dY + 2 * X * dZ, (dY * X).sum()),
    }
    report = backproof.check(functions, operations=[text], seed=1, examples=10)
    assert set(_verdicts(report).values()) == {"holds"}
    swapped = {"both_vjp": lambda X, a, dY, dZ: (a * dZ + 2 * X * dY, (dY * X).sum())}
    assert _verdicts(backproof.check(swapped, operations=[text], seed=1, examples=10))["both.dX"] == "refuted"
    alone = {"both_vjp": lambda X, a, dY, dZ: a * dY + 2 * X * dZ}
    report = backproof.check(alone, operations=[text], seed=1, examples=10)
    assert "expected a tuple: dX, da" in str(report)


@pytest.mark.no_cover
def test_built_in_operations_have_a_name():
    def embedding_vjp(E, t, dY):
        dE = np.zeros_like(E)
        np.add.at(dE, t, dY)
        return dE

    def last_wins(E, t, dY):
        dE = np.zeros_like(E)
        dE[t] = dY
        return dE

    report = backproof.check(
        {"embedding": lambda E, t: E[t], "embedding_vjp": embedding_vjp}, operations="embedding", seed=1, examples=20
    )
    assert _verdicts(report) == {"embedding.forward": "holds", "embedding.dE": "holds"}
    report = backproof.check({"embedding_vjp": last_wins}, operations="embedding", seed=1, examples=20)
    assert _verdicts(report)["embedding.dE"] == "refuted"


@pytest.mark.slow
def test_every_format_of_a_report_is_written(cli, tmp_path):
    (tmp_path / "my.py").write_text(TARGET.replace("h - X", "h + X"), encoding="utf-8")
    files = ("--junit", "r.xml", "--html", "r.html", "--markdown", "r.md", "--reproducers", "scripts")
    chosen = ("--operation", "rms_norm.op", "--claim", "rms_norm.dX", "--dtype", "float32", "--no-isolate")
    cli("validate", "my.py", *chosen, *files, *FEW)
    assert "rms_norm.dX" in {case.get("classname") for case in ET.parse(tmp_path / "r.xml").iter("testcase")}  # noqa: S314
    page, summary = ((tmp_path / name).read_text(encoding="utf-8") for name in ("r.html", "r.md"))
    assert "rms_norm.dX" in page
    assert "REFUTED" in summary.upper()
    for text in (page, summary, (tmp_path / "r.xml").read_text(encoding="utf-8")):
        assert "r[s] = 1/sqrt(mean_i X[s,i]^2 + eps)" in text
    assert {path.name for path in (tmp_path / "scripts").iterdir()} >= {"rms_norm.dX.float32.py"}


@pytest.mark.slow
def test_a_script_adds_up_what_entries_that_tie_share(cli, tmp_path):
    right = "(X == X.max(1, keepdims=True)) / (X == X.max(1, keepdims=True)).sum(1, keepdims=True)"
    text = f"import numpy as np\n\n\ndef reduce_max_vjp(X, dY):\n    return ({right} * dY[:, None]).astype(X.dtype)\n"
    wrong = text.replace(f"{right} *", "(X == X.max(1, keepdims=True)) *")
    target, scripts = tmp_path / "my.py", tmp_path / "scripts"
    target.write_text(wrong, encoding="utf-8")
    chosen = ("--operation", "reduce_max", "--claim", "reduce_max.dX", "--reproducers", "scripts", "--json", "r.json")
    assert "tie and share a gradient: their sum" in " ".join(cli("validate", "my.py", *chosen, *FEW)[1].split())
    report = _reported(tmp_path / "r.json")
    found = next(each["counterexample"] for each in report["claims"][0]["links"] if each["counterexample"])
    assert (found["index"], found["together"]) == (None, [[0, 0], [0, 1]])
    (script,) = scripts.iterdir()
    added_up = "dX[0, 0] and 1 more add up to 2.0, expected 1.0"
    for source, status, said in ((wrong, 1, added_up), (text, 0, "as it should be")):
        target.write_text(source, encoding="utf-8")
        done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False)
        assert (done.returncode, said in done.stdout) == (status, True), done.stdout
