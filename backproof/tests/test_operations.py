"""``backproof prove my.op``: what is proved, what is false, and what cannot be read."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from backproof.cli import app

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


def test_pages_are_written_in_every_format(tmp_path: Path) -> None:
    out = tmp_path / "out"
    status, said = proved(tmp_path, RMS, "--format", "md,json,text", "--out", str(out))
    assert status == 0
    assert f"2 of 2 written to {out}" in said
    assert {path.name for path in out.iterdir()} == {f"rms.d{x}.{end}" for x in "Xg" for end in ("md", "json", "txt")}


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["none.op"], "none.op: cannot be read: No such file or directory"),
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
