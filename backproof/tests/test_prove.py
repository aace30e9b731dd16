"""``backproof prove``: what is printed and written, and what is refused."""

import json
import re
from contextlib import nullcontext
from dataclasses import replace

import pytest
from few import few

from backproof import prove, shares
from backproof.cli import main
from backproof_docs import proofs
from backproof_spec.calculus.coq.check import Judgement
from backproof_spec.calculus.terms import Refused


@pytest.fixture
def cli(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        with pytest.raises(SystemExit) as done:
            main([*arguments])
        out, err = capsys.readouterr()
        return done.value.code, out, err

    return run


def test_a_theorem_is_printed_with_what_was_checked(cli):
    status, out, err = cli("prove", "relu.dZ")
    assert (status, err) == (0, "")
    assert out.startswith("relu.dZ   δZ = δY∘1[Z ≥ 0]\n")
    assert "replayed in a fresh process" in out
    assert out.endswith("PASSED  1 of 1 proofs check\n")


@pytest.mark.no_cover
@pytest.mark.parametrize(
    ("name", "count"),
    few(
        [("linear", 6), ("kron", 3), ("network.dX", 3), ("network.2", 5), ("network.4.dW2", 1)],
        {("linear", 6), ("network.4.dW2", 1)}.__contains__,
    ),
)
def test_an_operation_a_claim_and_a_depth_name_theorems(cli, name, count):
    status, out, _ = cli("prove", name)
    assert (status, out.splitlines()[-1]) == (0, f"PASSED  {count} of {count} proofs check")


def test_pages_are_written(cli, tmp_path):
    status, out, _ = cli("prove", "chain", "--format", "md,json,html,pdf", "--format", "text", "--out", ".")
    assert (status, out) == (0, "PASSED  2 of 2 proofs check, written to .\n")
    endings = ("html", "json", "md", "pdf", "txt")
    names = {f"chain.{which}.{ending}" for which in ("rule", "scalar") for ending in endings}
    assert {path.name for path in tmp_path.iterdir()} == names
    assert json.loads((tmp_path / "chain.rule.json").read_text(encoding="utf-8"))["stem"] == "chain.rule"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("prove", "linear.dw"), "theorem 'linear.dw' is not known: did you mean linear.d"),
        (("prove", "rms_nrom"), "theorem 'rms_nrom' is not known: did you mean rms_norm"),
        (("prove", "xyzzy"), "theorem 'xyzzy' is not known; expected some of kron.vec, "),
        (
            ("prove", "network.2.dW3"),
            "theorem 'network.2.dW3' is not known: a network of 2 layers has network.2.dX, dW1 … dW2, db1 … db2",
        ),
        (
            ("prove", "network.01.dW1"),
            "theorem 'network.01.dW1' is not known: a network of 1 layer has network.1.dX, dW1, ",
        ),
        (
            ("prove", "network.-1.dX"),
            "theorem 'network.-1.dX' is not known: networks of 1 to 99 layers are derived here",
        ),
        (
            ("prove", "network.100.dX"),
            "theorem 'network.100.dX' is not known: networks of 1 to 99 layers are derived here; spec/coq/Network.v",
        ),
        (
            ("prove", "network.0.dW1"),
            "theorem 'network.0.dW1' is not known: networks of 1 to 99 layers are derived here; ",
        ),
        (("prove", "--format", "tex"), "--format 'tex': expected some of text, md, html, pdf, handout, json, coq"),
        (("prove", "--format", "md"), "--format md: expected --out DIR, where the pages are written"),
        (("prove", "--out", "/dev/null"), "--out /dev/null: File exists: expected a place that can be written to"),
        (("prove", "--statement", "nowhere.txt"), "--statement nowhere.txt: cannot be read: "),
        (("prove", "--statement", "/dev/zero"), "--statement /dev/zero: it has more than 1,000,000 characters"),
        (("prove", "--statement", "no\nwhere\x1b"), "--statement no\\nwhere\\x1b: cannot be read: "),
        (("prove", "linear", "--statement", "a.txt"), "prove: --statement FILE goes by itself"),
        (("prove", "--statement", "torn.txt", "--format", "pdf"), "--format pdf: expected --out DIR, where the pages"),
        (
            ("prove", "--statement", "torn.txt"),
            "torn.txt: line 1, column 7: read the end of the line, where an expression was expected",
        ),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, tuple) else "",
)
def test_a_request_that_cannot_be_run_is_one_line_and_status_2(cli, tmp_path, arguments, said):
    (tmp_path / "torn.txt").write_text("y = x*\ngradient y by x\n", encoding="utf-8")
    status, out, err = cli(*arguments)
    assert (status, out) == (2, "")
    assert err.startswith(f"backproof: {said}")
    assert err.count("\n") == 1


def test_a_statement_of_ones_own_is_proved(cli, tmp_path):
    (tmp_path / "mine.txt").write_text("L = sum_i x[i]*x[i]\ngradient L by x[k] = 2*x[k]\n", encoding="utf-8")
    status, out, _ = cli("prove", "--statement", "mine.txt")
    assert status == 0
    assert "    = 2·x[k]\n" in out
    assert out.endswith("\nPROVED  for all sizes and values\n")


@pytest.mark.parametrize(
    ("written", "status", "verdict"),
    [
        ("suppose x > 0\ny = log(x)\ngradient y by x = 1/x", 0, "PROVED  for all sizes and values, under what is as"),
        pytest.param(
            "L = exp(exp(exp(x+2)))\ngradient L by x = L*exp(exp(x+2))*exp(x+2)",
            0,
            "PROVED  for all sizes and values",
            marks=pytest.mark.slow,
        ),
        ("y = 1/(1+exp(-x))\ngradient y by x = y*(1-y)", 0, "PROVED  for all sizes and values"),
        ("y = x*x\ngradient y by x", 0, "PROVED  for all sizes and values"),
        ("y = x*x\ngradient y by x = x", 1, "FALSE  ∂y/∂x = x"),
        ("y = log(x)\ngradient y by x = 1/x", 1, "NOT PROVED  no proof found that x > 0"),
        ("y = x/x\ngradient y by x = 0", 1, "NOT PROVED  no proof found that x ≠ 0"),
        ("y = x + 1/(b-b)\ngradient y by x = 1", 1, "NOT PROVED  no values were found at which both sides are defined"),
        ("suppose x > 0\nsuppose -x > 0\ny = exp(log(x))*log(-x)\ngradient y by x", 1, "NOT PROVED  no values were"),
    ],
)
def test_every_answer_has_a_verdict_that_its_status_says_too(cli, tmp_path, written, status, verdict):
    (tmp_path / "mine.txt").write_text(written + "\n", encoding="utf-8")
    found, out, err = cli("prove", "--statement", "mine.txt")
    assert (found, err) == (status, "")
    assert out.splitlines()[0 if status else -1].startswith(verdict), out


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        ({"replay": "step 3: no"}, "FAILED  the proof does not replay: step 3: no"),
        ({"digits": 38}, "FAILED  proved, but the two sides agree in numbers to 38 digits, and 40 digits"),
        ({"coq": Judgement("8.16.1", (), "line 1: no")}, "FAILED  proved, but Coq does not accept the proof"),
    ],
)
def test_a_check_that_fails_is_the_verdict(cli, tmp_path, monkeypatch, found, verdict):
    true = prove.checked

    def failing(*arguments):
        return {stem: replace(each, **found) for stem, each in true(*arguments).items()}

    monkeypatch.setattr(prove, "checked", failing)
    (tmp_path / "mine.txt").write_text("y = x\ngradient y by x = 1\n", encoding="utf-8")
    status, out, _ = cli("prove", "--statement", "mine.txt")
    assert (status, f"\n{verdict}" in out) == (1, True), out


def test_numbers_that_cannot_be_computed_are_the_verdict(cli, tmp_path, monkeypatch):
    def failing(*_):
        raise ZeroDivisionError

    monkeypatch.setattr(prove, "checked", failing)
    (tmp_path / "mine.txt").write_text("y = x\ngradient y by x = 1\n", encoding="utf-8")
    status, out, _ = cli("prove", "--statement", "mine.txt")
    assert (status, out) == (1, "FAILED  proved, but its numbers cannot be computed: 1/0\n")


@pytest.mark.parametrize("error", [RecursionError(), Refused("ring", "not so")], ids=["depth", "kernel"])
def test_a_proof_that_breaks_off_is_not_proved(cli, tmp_path, monkeypatch, error):
    def failing(_):
        raise error

    monkeypatch.setattr(prove, "prove", failing)
    (tmp_path / "mine.txt").write_text("y = x\ngradient y by x = 1\n", encoding="utf-8")
    status, out, _ = cli("prove", "--statement", "mine.txt")
    assert (status, out.startswith("NOT PROVED  ")) == (1, True)


def test_a_proof_that_stops_shows_where(cli, tmp_path):
    (tmp_path / "mine.txt").write_text(
        "suppose x != 0\ny = relu(x)*step(x^3)\ngradient y by x = step(x)\n", encoding="utf-8"
    )
    status, out, _ = cli("prove", "--statement", "mine.txt")
    assert status == 1
    assert out == (
        "NOT PROVED  the two sides have different normal forms\n"
        "  derived    ∂y/∂x = 1[x ≥ 0]·1[x³ ≥ 0]\n"
        "  simplified 1[x ≥ 0]·1[x³ ≥ 0]\n"
        "  claimed    1[x ≥ 0]\n"
        "  no counterexample was found: it may need a line 'suppose …', or be beyond\n"
        "    these rules\n"
    )


@pytest.mark.no_cover
def test_where_a_proof_stops_is_folded_and_not_endless(cli, tmp_path):
    squared, other = (f"({'+'.join(f'{letter}[{i}]' for letter in 'abcdegh')})^2" for i in "ij")
    (tmp_path / "mine.txt").write_text(
        f"suppose x[i] != 0\nL = sum_i relu(x[i])*step(x[i]^3)*{squared}\ngradient L by x[j] = step(x[j])*{other}\n",
        encoding="utf-8",
    )
    _, out, _ = cli("prove", "--statement", "mine.txt")
    lines = out.splitlines()
    assert max(map(len, lines)) <= 80
    assert [line.split()[-2:] for line in lines if "… and" in line] == [["lines", "more"]] * 2
    assert len(lines) < 40


def test_a_false_statement_has_a_counterexample(cli, tmp_path):
    (tmp_path / "mine.txt").write_text("L = sum_i x[i]*x[i]\ngradient L by x[k] = x[k]\n", encoding="utf-8")
    status, out, _ = cli("prove", "--statement", "mine.txt")
    assert status == 1
    first, *rest = out.splitlines()
    assert first == "FALSE  ∂L/∂x[k] = x[k]"
    assert [line.split()[0] for line in rest] == ["sizes", "x", "at", "derivative", "claimed"]
    assert float(rest[-2].split()[1]) == 2 * float(rest[-1].split()[1])


def test_a_counterexample_says_what_a_function_was(cli, tmp_path):
    (tmp_path / "mine.txt").write_text("y[i] = x[i]*x[i]\nL = f(y)\ngradient L by x[k] = f'[k](y)\n", encoding="utf-8")
    status, out, _ = cli("prove", "--statement", "mine.txt")
    assert status == 1
    assert re.search(r"\n  f          -?[\d.]+·X\[1\]( [+−] [\d.]+·X\[\d\])* \+ \(.*\)²/2\n", out)


def test_a_file_may_start_with_a_byte_order_mark(cli, tmp_path):
    (tmp_path / "mine.txt").write_text("\ufeffy = x^2\ngradient y by x = 2*x\n", encoding="utf-8")
    assert cli("prove", "--statement", "mine.txt")[0] == 0


def test_what_is_neither_proved_nor_refuted_says_so(cli, tmp_path):
    (tmp_path / "mine.txt").write_text("y = log(x)\ngradient y by x = 1/x\n", encoding="utf-8")
    status, out, _ = cli("prove", "--statement", "mine.txt")
    assert status == 1
    assert out == (
        "NOT PROVED  no proof found that x > 0\n"
        "  not at     what is differentiated has no value there: the logarithm of what is\n"
        "             not positive\n"
        "  sizes      none\n"
        "  x          x = 0.0\n"
        "  no counterexample was found: a line 'suppose x > 0' may be what it needs\n"
    )


def test_a_dimension_is_called_by_the_index_that_was_written(cli, tmp_path):
    softmax = "S[i] = exp(Z[i])/sum_k exp(Z[k])\ngradient S[i] by Z[j] = "
    (tmp_path / "mine.txt").write_text(f"{softmax}S[i]*(delta[i,j]-S[j])\n", encoding="utf-8")
    _, out, _ = cli("prove", "--statement", "mine.txt")
    assert out == (
        "NOT PROVED  no proof found that size(i) > 0\n"
        "  no counterexample was found: a line 'suppose size(i) > 0' may be what it needs\n"
    )
    (tmp_path / "mine.txt").write_text(f"suppose size(i) > 0\n{softmax}0\n", encoding="utf-8")
    _, out, _ = cli("prove", "--statement", "mine.txt")
    assert "\n  sizes      size(i) = " in out


def test_a_derivative_that_is_0_is_shown_as_0(cli, tmp_path):
    (tmp_path / "mine.txt").write_text("y = exp(3*x)*exp(-3*x)\ngradient y by x = 1\n", encoding="utf-8")
    _, out, _ = cli("prove", "--statement", "mine.txt")
    assert out.endswith("  derivative 0\n  claimed    1.0\n")


@pytest.mark.parametrize(
    ("statement", "status", "shown"),
    [
        ("L = (y_hat - y)*W_1\ngradient L by y_hat = W_1\n", 0, "  ∂L/∂y_hat\n"),
        ("L = x*sum_i 1\ngradient L by x = size(i)\n", 0, "    = n\n"),
        ("L = x*sum_i 1\ngradient L by x = 1\n", 1, "FALSE  ∂L/∂x = 1\n"),
        ("y = x - x\ngradient y by x = 0\n", 0, "    = 0\n"),
        ("suppose x > 0\nsuppose -x > 0\ny = log(x)\ngradient y by x = 2/x\n", 1, "NOT PROVED  no values were found"),
        ("y = log(x)\ngradient y by x = 2/x\n", 1, "FALSE  ∂y/∂x = 2/x\n"),
        ("y = x__y\ngradient y by x\n", 2, ""),
    ],
    ids=[
        "underscores",
        "sizes-no-tensor-has",
        "and-false",
        "gradient-0",
        "contradiction",
        "undefined-somewhere",
        "name",
    ],
)
def test_statements_that_once_ended_in_a_traceback(cli, tmp_path, statement, status, shown):
    (tmp_path / "mine.txt").write_text(statement, encoding="utf-8")
    found, out, err = cli("prove", "--statement", "mine.txt")
    assert (found, shown in out) == (status, True), out + err


SQUARES = """\
# half the squares of what a layer misses
Z[i,s] = sum_j W[i,j]*Y[j,s] + b[i]
L = 0.5*sum_{i,s} (Z[i,s]-T[i,s])^2
gradient L by W[a,c] = sum_s (Z[a,s]-T[a,s])*Y[c,s]
gradient L by b[a]
"""


def test_a_file_may_hold_several_gradients_and_a_title(cli, tmp_path):
    (tmp_path / "mine.txt").write_text(SQUARES, encoding="utf-8")
    status, out, _ = cli("prove", "--statement", "mine.txt")
    assert status == 0
    assert out.startswith("statement.dW   half the squares of what a layer misses; ")
    assert "    = Σ_{s=1..m} (Z[a,s] − T[a,s])·Y[c,s]\n" in out
    assert "\nstatement.db   half the squares" in out
    assert out.count("PROVED  for all sizes and values\n") == 2


def test_of_several_gradients_each_is_answered_and_one_that_is_false_fails_the_run(cli, tmp_path):
    (tmp_path / "mine.txt").write_text(SQUARES.replace("*Y[c,s]", ""), encoding="utf-8")
    status, out, _ = cli("prove", "--statement", "mine.txt", "--format", "md", "--out", "pages")
    assert status == 1
    assert out.startswith("FALSE  ∂L/∂W[a,c] = ")
    assert out.endswith("PROVED  for all sizes and values\n1 of 2 written to pages\n")
    assert [path.name for path in (tmp_path / "pages").iterdir()] == ["mine.db.md"]


FORMATS = "text,md,html,pdf,handout,json"


def test_a_statement_is_written_in_every_format(cli, tmp_path):
    (tmp_path / "linear.txt").write_text(SQUARES, encoding="utf-8")
    status, out, _ = cli("prove", "--statement", "linear.txt", "--format", FORMATS, "--out", ".")
    assert (status, out.splitlines()[-1]) == (0, "2 of 2 written to .")
    endings = ("txt", "md", "html", "pdf", "json")
    pages = {f"linear.{by}.{ending}" for by in ("dW", "db") for ending in endings}
    assert {path.name for path in tmp_path.iterdir()} == {*pages, "handout.pdf", "linear.txt"}
    page = (tmp_path / "linear.dW.md").read_text(encoding="utf-8")
    assert page.startswith("# half the squares of what a layer misses\n")
    assert "0.5 " in page
    assert "In NumPy" not in page  # its name is that of one of our theorems, and it is none


@pytest.mark.no_cover
@pytest.mark.parametrize("columns", [60, 80, 140])
def test_a_proof_is_as_wide_as_the_terminal(cli, tmp_path, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    (tmp_path / "mine.txt").write_text(SQUARES, encoding="utf-8")
    _, out, _ = cli("prove", "--statement", "mine.txt")
    assert columns - 20 < max(map(len, out.splitlines())) <= columns


# --- time -------------------------------------------------------------------------------------------------------------


def test_a_derivation_that_takes_too_long_is_one_line_that_says_what_to_do(cli):
    status, out, err = cli("prove", "network.9.dX", "--seconds", "0.001")
    assert (status, err) == (1, "")
    first, last = " ".join(out.split()).split(" FAILED ")
    assert first == (
        "NOT PROVED network.9.dX, its derivation: stopped after 0.001 s: ask for fewer layers, or allow more --seconds"
    )
    assert last == "0 of 1 proofs check"


def test_numbers_that_take_too_long_are_one_line_and_no_page(cli, monkeypatch, tmp_path):
    derived = replace_within(monkeypatch)
    status, out, _ = cli("prove", "relu.dZ", "linear.db", "--seconds", "0.0001", "--format", "md", "--out", "pages")
    assert (status, derived) == (1, ["relu.dZ", "linear.db"])
    said = " ".join(out.split())
    for stem in derived:
        assert f"NOT PROVED {stem}, its numbers: stopped after 0.0001 s: ask for fewer layers, or allow" in said
    assert said.endswith("FAILED 0 of 2 proofs check, written to pages")
    assert not list((tmp_path / "pages").glob("*.db.md"))


def test_a_replay_that_takes_too_long_is_one_line(cli, monkeypatch):
    monkeypatch.setattr(proofs, "_replaying", lambda paths, _: nullcontext(lambda: {str(each): LATE for each in paths}))
    status, out, _ = cli("prove", "relu.dZ")
    first, last = " ".join(out.split()).split(" FAILED ")
    advice = "ask for fewer layers, or allow more --seconds"
    assert first == f"NOT PROVED relu.dZ, its replay: step 5: stopped after 600 s: {advice}"
    assert (status, last) == (1, "0 of 1 proofs check")


LATE = "NOT REPLAYED step 5: stopped after 600 s: allow more --seconds"


def replace_within(monkeypatch):
    """Of deriving no time is kept: the names of what was derived."""
    derived = []

    def unlimited(stem, derive, _):
        derived.append(stem)
        return derive()

    monkeypatch.setattr(shares, "_derived", unlimited)
    return derived


@pytest.mark.parametrize("seconds", ["0", "-1", "nan"])
def test_no_time_at_all_is_refused(cli, seconds):
    status, out, err = cli("prove", "relu.dZ", "--seconds", seconds)
    assert (status, out) == (2, "")
    assert err == f"backproof: prove --seconds {float(seconds):g}: expected a number above 0\n"


def test_the_time_of_a_statement_is_that_of_its_replay_too(cli, tmp_path, monkeypatch):
    given = []
    true = proofs._replaying

    def replayed(paths, seconds):
        given.append(seconds)
        return true(paths, seconds)

    monkeypatch.setattr(proofs, "_replaying", replayed)
    (tmp_path / "mine.txt").write_text("y = x*x\ngradient y by x = 2*x\n", encoding="utf-8")
    assert cli("prove", "--statement", "mine.txt", "--seconds", "50")[0] == 0
    assert 0 < given[0] < 50


# --- Coq --------------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("fake_coq")
def test_coq_checks_a_theorem_too(cli):
    status, out, err = cli("prove", "relu.dZ", "--coq")
    assert (status, err) == (0, "")
    assert "           accepted by Coq 8.16.1 and coqchk\n           on the axioms classic, sig_forall_dec\n" in out
    assert out.endswith(
        "PASSED  1 of 1 proofs check\n"
        "Coq 8.16.1 and coqchk accept 7 of 7\n"
        "on classic, sig_forall_dec:\n"
        "  relu.dZ, spec/coq/Frechet.v, spec/coq/Chain.v, spec/coq/Linear.v,\n"
        "  spec/coq/Relu.v, spec/coq/Softmax.v, spec/coq/Network.v\n"
    )


def test_a_proof_that_coq_refuses_does_not_check(cli, fake_coq):
    fake_coq(COQ_REFUSES="relu_dZ.v", COQ_LINE="1")
    status, out, _ = cli("prove", "relu.dZ", "--coq")
    assert status == 1
    assert "REFUSED by Coq 8.16.1 and coqchk: the file: This is not so." in out
    assert "FAILED  0 of 1 proofs check\nCoq 8.16.1 and coqchk accept 6 of 7\nREFUSED relu.dZ  the file: This" in out


def test_a_theory_that_coq_refuses_fails_the_run(cli, fake_coq):
    fake_coq(COQ_REFUSES="Chain.v", COQ_LINE="3")
    status, out, _ = cli("prove", "relu.dZ", "--coq")
    assert (status, "REFUSED spec/coq/Chain.v  line 3: This is not so." in out) == (1, True)


@pytest.mark.usefixtures("fake_coq")
def test_coq_checks_a_statement_too(cli, tmp_path):
    (tmp_path / "mine.txt").write_text("L = sum_i X[i]*X[i]\ngradient L by X[j] = 2*X[j]\n", encoding="utf-8")
    status, out, _ = cli("prove", "--statement", "mine.txt", "--coq")
    assert (status, "accepted by Coq 8.16.1 and coqchk" in out) == (0, True)


def test_a_missing_coq_names_its_packages_and_nothing_else_needs_it(cli, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    status, out, err = cli("prove", "relu.dZ", "--coq")
    assert (status, out) == (2, "")
    assert err == (
        "backproof: prove --coq: coqc is not installed: "
        "apt-get install coq libcoq-coquelicot (Debian), or opam install coq coq-coquelicot\n"
    )
    assert cli("prove", "relu.dZ")[0] == 0


def test_a_coq_project_is_written_without_coq(cli, tmp_path):
    status, _, _ = cli("prove", "relu", "--format", "coq", "--out", ".")
    assert status == 0
    project = (tmp_path / "_CoqProject").read_text(encoding="utf-8").split("\n")
    assert project[0] == "-Q . Backproof"
    assert (
        {"Prelude.v", "Relu.v", "relu_dZ.v"}
        <= {path.name for path in tmp_path.iterdir()}
        == {*project[1:-1], "_CoqProject"}
    )
