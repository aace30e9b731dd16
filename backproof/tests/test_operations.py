"""``backproof prove my.op``: what is proved, what is false, and what cannot be read."""

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest
from few import few
from typer.testing import CliRunner

import backproof
from backproof import operations
from backproof.cli import app
from backproof_docs.markdown import to_markdown
from backproof_impl.conventions import UsageError
from backproof_properties import remembered
from backproof_spec.calculus.replay import file_digest

RMS = """# Normalisation of each row by its root mean square, with a gain.
operation rms(X[s,i], g[i]; eps = 1e-6) -> Y
suppose size(i) > 0
suppose eps > 0
r[s] = 1/sqrt(mean_i X[s,i]^2 + eps)
Y[s,i] = g[i]*X[s,i]*r[s]
gradient by X[s,k] = r[s]*(g[k]*dY[s,k] - X[s,k]*r[s]^2*mean_i (g[i]*dY[s,i]*X[s,i]))
gradient by g[k] = sum_s dY[s,k]*X[s,k]*r[s]
"""


def proved(tmp_path: Path, text: str, *options: str) -> tuple[int, str]:
    path = tmp_path / "rms.op"
    path.write_text(text)
    result = CliRunner().invoke(app, ["prove", str(path), *options])
    return result.exit_code, result.output if result.exception is None or result.exit_code else str(result.exception)


def test_every_gradient_of_an_operation_is_proved_replayed_and_looked_at_in_numbers(tmp_path: Path) -> None:
    status, said = proved(tmp_path, RMS)
    assert status == 0
    assert said.count("PROVED  for all sizes and values") == 2
    assert said.count("replayed in a fresh process") == 2
    assert "rms.dX" in said
    assert "rms.dg" in said


def test_a_false_gradient_is_refuted_by_values_and_the_others_are_proved(tmp_path: Path) -> None:
    status, said = proved(tmp_path, RMS.replace("*X[s,k]*r[s]\n", "*X[s,k]\n"))
    assert status == 1
    assert "FALSE  rms.dg: the claimed gradient is not the derivative" in said
    assert said.count("PROVED  for all") == 1
    assert "  at         k = " in said


def test_a_gradient_that_is_not_claimed_is_derived(tmp_path: Path) -> None:
    status, said = proved(tmp_path, RMS[: RMS.index("gradient by g")])
    assert status == 0
    assert said.count("PROVED") == 2


def test_a_proof_that_is_too_deep_is_said_and_the_others_are_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    true = operations.prove

    def deep(of: Any, gradient: Any) -> Any:
        if gradient.name == "X":
            raise RecursionError
        return true(of, gradient)

    monkeypatch.setattr(operations, "prove", deep)
    status, said = proved(tmp_path, RMS, "--afresh")
    assert status == 1
    assert "NOT PROVED  rms.dX: a formula is nested too deeply: give a name to parts of it" in said
    assert said.count("PROVED  for all") == 1


def test_a_definition_that_is_too_large_for_the_kernel_is_said_in_a_line(tmp_path: Path) -> None:
    status, said = proved(tmp_path, "operation big(X[s]) -> Y\nY[s] = ((((X[s]^9 + X[s])^9)^9)^9 + 1)^9\n")
    assert status == 1
    expected = "NOT PROVED big.dX: line 2, column 8: as it is written this has up to "
    assert " ".join(said.split()).startswith(expected)
    assert " ".join(said.split()).endswith(" parts, where 20,000 are the most: define names for its parts")


def test_the_time_that_ends_while_terms_are_made_is_said_as_such(tmp_path: Path) -> None:
    status, said = proved(tmp_path, RMS, "--seconds", "1e-9")
    assert status == 1
    assert said.splitlines()[0] == "NOT PROVED  rms.dX: stopped after 1e-09 s: allow more --seconds"


def test_pages_are_written_in_every_format(tmp_path: Path) -> None:
    out = tmp_path / "out"
    status, said = proved(tmp_path, RMS, "--format", "md,json,text", "--out", str(out))
    assert status == 0
    assert f"2 of 2 written to {out}" in said
    assert {path.name for path in out.iterdir()} == {f"rms.d{x}.{end}" for x in "Xg" for end in ("md", "json", "txt")}


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (
            ["none.op"],
            (
                "none.op: cannot be read: No such file or directory; expected a file, or the name of a built-in one "
                "(backproof list operations)"
            ),
        ),
        (["gelu.dY"], "theorem 'gelu.dY' is not known: gelu has gelu.dX"),
        (["gelu", "linear"], "prove: gelu goes by itself, without linear"),
    ],
)
def test_what_cannot_be_proved_is_one_line(names: list[str], said: str) -> None:
    result = CliRunner().invoke(app, ["prove", *names])
    assert str(result.exception) == said


def test_what_cannot_be_read_says_where_and_what_was_expected(tmp_path: Path) -> None:
    path = tmp_path / "rms.op"
    path.write_text(RMS.replace("X[s,i]^2", "Z[s,i]^2"))
    result = CliRunner().invoke(app, ["prove", str(path)])
    assert str(result.exception).startswith(f"{path}: line 5, column 22: Z is not defined, where there are")


@pytest.mark.parametrize("name", ["linear", "softmax.dZ"])
def test_the_source_of_what_the_notes_define_is_written_too(name: str) -> None:
    result = CliRunner().invoke(app, ["prove", name, "--format", "numpy"])
    assert result.exit_code == 0
    assert f"def {name.partition('.')[0]}_vjp(" in result.output


def test_the_source_is_written_for_numpy(tmp_path: Path) -> None:
    status, said = proved(tmp_path, RMS, "--format", "numpy")
    assert status == 0
    names: dict[str, object] = {}
    exec(said, names)  # noqa: S102 - what the command has just written
    assert {"rms", "rms_vjp"} <= names.keys()


def test_the_source_is_written_beside_the_pages(tmp_path: Path) -> None:
    status, _ = proved(tmp_path, RMS, "--format", "numpy,md", "--out", str(tmp_path / "out"))
    assert status == 0
    assert (tmp_path / "out" / "rms.py").read_text().startswith("# Generated by backproof")


@pytest.mark.parametrize(
    "sums",
    few(["sum_" + " sum_".join("abcdefghijklmnop"), f"sum_{{{','.join('abcdefghijklmnop')}}}"], lambda row: "{" in row),
)
def test_sums_over_many_indices_stop_in_time_and_before_they_are_written_out(tmp_path: Path, sums: str) -> None:
    """Sixteen of them have up to 43 million terms at the sizes that are tried."""
    product = "*".join(f"X[{letter}]" for letter in "abcdefghijklmnop")
    text = f"operation deep(X[i]) -> Y\nY = {sums} {product}\n"
    start = time.monotonic()
    status, said = proved(tmp_path, text, "--seconds", "2")
    assert status == 1
    assert re.search(r"stopped after 2 s|a sum has up to [0-9,]+ parts, where 1,000,000 are the most", said)
    assert time.monotonic() - start < 60


# --- other ways, and proofs that are remembered -----------------------------------------------------------------------

WAY = "computed also r[s] = exp(-log(mean_i X[s,i]^2 + eps)/2)\n"


def test_another_way_is_a_line_with_its_theorem(tmp_path: Path) -> None:
    status, said = proved(tmp_path, RMS + WAY)
    assert status == 0
    assert "rms.r   Another way: r[s] = exp(-log(mean_i X[s,i]^2 + eps)/2)" in said
    assert said.count("PROVED  for all sizes and values") == 3
    assert re.search(r"    = exp\(−log\(.*/m \+ eps\)/2\)\n", said)


def test_a_false_way_is_refuted_by_values(tmp_path: Path) -> None:
    status, said = proved(tmp_path, RMS + WAY.replace("/2)", "/3)"))
    assert status == 1
    assert "FALSE  rms.r: line 9, column 1: this way gives something else" in said
    assert "\n  defined    " in said
    assert "\n  this way   " in said


def test_a_way_that_is_not_proved_says_what_is_missing(tmp_path: Path) -> None:
    status, said = proved(tmp_path, (RMS + WAY).replace("suppose eps > 0\n", ""))
    assert status == 1
    assert "NOT PROVED  rms.r: line 8, column 1: r[s] = exp(" in said
    assert "no proof found that" in " ".join(said.split())


def test_a_run_refuses_a_way_that_is_not_proved() -> None:
    target = {"rms": lambda X, g, eps: X * g / eps}
    for text, why in (
        ((RMS + WAY).replace("/2)", "/3)"), "line 9, column 1: .* gives something else"),
        ((RMS + WAY).replace("suppose eps > 0\n", ""), "line 8, column 1: .* not proved to give the same: no proof"),
    ):
        with pytest.raises(UsageError, match=why) as raised:
            backproof.check(target, operations=[text], examples=1, seed=1)
        assert "\n" not in str(raised.value)


def test_a_run_says_which_ways_it_admits() -> None:
    report = backproof.check({"rms": lambda X, g, eps: X * g / eps}, operations=[RMS + WAY], examples=1, seed=1)
    assert report.also == ("r[s] = exp(-log(mean_i X[s,i]^2 + eps)/2) (rms.r)",)
    assert "computed also, as proved: r[s] = exp(" in str(report)
    assert "computed also" in to_markdown(report)


@pytest.fixture
def found_anew(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """An empty cache, and the theorems that are looked for from then on."""
    found: list[str] = []
    real = operations.prove

    def prove(of: Any, gradient: Any) -> Any:
        found.append(gradient.name)
        return real(of, gradient)

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    monkeypatch.setattr(operations, "prove", prove)
    return found


@pytest.mark.no_cover
def test_a_proof_is_found_once_and_replayed_each_time(tmp_path: Path, found_anew: list[str]) -> None:
    first, again = (proved(tmp_path, RMS) for _ in range(2))
    assert first == again
    assert first[1].count("replayed in a fresh process") == 2
    assert found_anew == ["X", "g"]
    proved(tmp_path, RMS, "--afresh")
    assert found_anew == ["X", "g", "X", "g"]


@pytest.mark.no_cover
def test_what_is_remembered_is_of_this_statement_alone(tmp_path: Path, found_anew: list[str]) -> None:
    proved(tmp_path, RMS)
    proved(tmp_path, RMS.replace("X[s,i]^2", "2*X[s,i]^2").replace("r[s]^2*mean", "2*r[s]^2*mean"))
    proved(tmp_path, RMS.replace("suppose eps > 0\n", "suppose eps > 0\nsuppose size(s) > 0\n"))
    assert found_anew == ["X", "g"] * 3


@pytest.mark.slow
def test_a_file_that_is_torn_or_proves_nothing_is_as_if_there_were_none(tmp_path: Path, found_anew: list[str]) -> None:
    expected = proved(tmp_path, RMS)
    kept = sorted((tmp_path / "caches").rglob("proofs/*.json"))
    assert len(kept) == 2
    swapped = [json.loads(path.read_text()) for path in kept]
    torn = [dict(each) for each in swapped]
    for each in torn:
        each["steps"] = [dict(step) for step in each["steps"]]
        each["steps"][0]["rule"] = "refl"
        each["digest"] = file_digest(each)
    for first, second in (
        ("", "{"),
        ("[]", '{"format": 2, "kernel": 3}'),
        *((json.dumps(a), json.dumps(b)) for a, b in ((swapped[1], swapped[0]), torn)),
    ):
        kept[0].write_text(first)
        kept[1].write_text(second)
        found_anew.clear()
        assert proved(tmp_path, RMS) == expected
        assert found_anew == ["X", "g"]
    assert [json.loads(path.read_text()) for path in kept] == swapped


def test_a_cache_that_cannot_be_written_is_no_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert proved(tmp_path, RMS)[0] == 0


def test_so_many_proofs_are_kept(tmp_path: Path, found_anew: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembered, "_PROOFS", 1)
    proved(tmp_path, RMS)
    assert len(list((tmp_path / "caches").rglob("proofs/*.json"))) == 1
    assert found_anew == ["X", "g"]
