"""Proof files: what is changed is rejected, what is none is said so; what replaying needs, and what is trusted."""

import graphlib
import json
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backproof_spec.calculus import evaluate
from backproof_spec.calculus import replay as replaying
from backproof_spec.calculus.derivation import Derivation, Line, proof_file
from backproof_spec.calculus.notation import always, equal, indices
from backproof_spec.calculus.replay import Rejected, Unreadable, digest, file_digest, main, replay
from backproof_spec.calculus.theorems import THEOREMS

CALCULUS = Path(evaluate.__file__).parent


def _places(value, path=()):
    """The path to every string and number in a proof file."""
    if isinstance(value, dict):
        return [found for key, child in value.items() for found in _places(child, (*path, key))]
    if isinstance(value, list):
        return [found for key, child in enumerate(value) for found in _places(child, (*path, key))]
    return [path]


@pytest.mark.no_cover
@pytest.mark.parametrize("stem", ["linear.dW", "relu.dZ", "softmax_cross_entropy.dZ.normalised"])
@given(data=st.data())
def test_a_file_with_anything_changed_is_rejected(stem, data, files):
    changed = files(stem)
    places = _places(changed)
    path = data.draw(st.sampled_from(places))
    inner = changed
    for key in path[:-1]:
        inner = inner[key]
    old = inner[path[-1]]
    others = st.sampled_from([0, 1, -1, 2, True, None, 1.5, "x", "", "eq", "mul", "sum", "n", "p", [], {}, {"step": 0}])
    inner[path[-1]] = data.draw(others.filter(lambda new: (type(new), new) != (type(old), old)))
    with pytest.raises((Rejected, Unreadable)) as rejected:
        replay(changed)
    where = str(rejected.value)
    if path[0] == "steps":
        assert where.startswith(f"step {path[1]}: ")
    assert where.startswith(("declaration ", "step ", "line ", "statement", "digest", "format", "kernel", "expected "))


def test_a_file_that_ends_before_its_statement_is_rejected(files):
    data = files("relu.dZ")
    data["lines"].pop()
    with pytest.raises(Rejected, match="statement: the last line proves something else"):
        replay(data)


def test_a_file_without_one_of_its_lines_is_rejected(files):
    data = files("relu.dZ")
    del data["lines"][0]
    with pytest.raises(Rejected, match=r"^digest: what the kernel does not read was changed"):
        replay(data)


def test_a_line_that_is_beside_the_point_is_rejected():
    derivation = THEOREMS["relu.dZ"]()
    derivation.lines.insert(0, Line(derivation("delta_same", ("index", "i", "n")), "true, and of no use here"))
    with pytest.raises(Rejected, match=r"^line 0: the last line does not rest on it"):
        replay(proof_file(derivation))


def test_a_line_that_assumes_more_than_the_statement_is_rejected():
    """Under A = B, A = B; then B is put to be A."""
    d = Derivation("cheat", "A = A")
    A, B = d.variable("A", "n"), d.variable("B", "n")
    (i,) = indices(i="n")
    same = always(equal(A[i], B[i]), i)
    line = d("assume", same, (i,))
    last = d("specialise", line, "B", (i,), A[i].term)
    d.lines += [Line(line, "as is well known"), Line(last, "so")]
    with pytest.raises(Rejected, match=r"^line 0: it assumes what the last line does not"):
        replay(proof_file(d))


def test_a_line_that_says_more_is_rejected(files):
    data = files("relu.dZ")
    data["lines"][0]["formula"] = "dZ = 7"
    data["digest"] = file_digest(data)
    with pytest.raises(Rejected, match=r"^line 0: ValueError: expected a step and words, and nothing else"):
        replay(data)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"format": 2, "kernel": 3, "format": 2}', "one of format, kernel stands twice in an object"),
        ('{"format": 1' + "0" * 5000 + "}", "cannot be read: Exceeds the limit"),
    ],
    ids=["twice", "digits"],
)
def test_a_text_that_says_two_things_or_cannot_be_read_is_none(text, said, tmp_path, capsys):
    (tmp_path / "it.json").write_text(text, encoding="utf-8")
    assert main([str(tmp_path / "it.json")]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    "data",
    [
        [],
        {},
        {"format": 1, "kernel": 1},
        {"format": 2, "kernel": 3},
        {"format": True, "kernel": 1},
        {"format": 2, "kernel": 1},
        {"format": 2, "kernel": 3, "declarations": 3},
    ],
    ids=str,
)
def test_what_is_no_proof_file_is_said_so(data):
    with pytest.raises(Unreadable, match="expected a"):
        replay(data)


def test_the_replayer_runs_by_itself_and_names_what_is_wrong(tmp_path, files):
    good, bad, torn = (tmp_path / name for name in ("good.json", "bad.json", "torn.json"))
    data = files("linear.db")
    good.write_text(json.dumps(data), encoding="utf-8")
    data["steps"][3]["digest"] = "0" * 16
    bad.write_text(json.dumps(data), encoding="utf-8")
    torn.write_text('{"format": 2,\n "declarations": [', encoding="utf-8")
    names = [path.name for path in (good, bad, torn)]
    done = subprocess.run(
        [sys.executable, "-m", "backproof_spec.calculus.replay", *names],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stdout == f"good.json: proved in {len(data['steps'])} steps, under 0 hypotheses\n"
    first, second = done.stderr.splitlines()
    assert re.match(r"bad\.json: REJECTED at step 3: ", first)
    assert re.match(r"torn\.json: cannot be read: .*line 2 column", second)


def hostile(*steps):
    """A proof file of a tensor x and steps: (rule, arguments, terms, gives)."""
    keys = ("rule", "arguments", "terms", "gives")
    return {
        "format": 2, "kernel": 3, "stem": "it", "title": "it", "uses": [], "lines": [{"step": 0, "words": "so"}],
        "declarations": [["variable", "x", []], ["variable", "z", []]],
        "steps": [dict(zip(keys, step, strict=True)) | {"assumes": [], "digest": ""} for step in steps],
    }  # fmt: skip


def shared(times, op="mul"):
    """x·x, (x·x)·(x·x), …: twice as large each time."""
    return [["entry", "x", []], *([op, k, k] for k in range(times))]


@pytest.mark.parametrize("height", [16, 40, 10_000])
def test_a_short_file_that_speaks_of_immense_formulas_is_refused_at_once(height):
    rows = shared(height)
    data = hostile(("scheme", ["refl", [], [{"term": len(rows) - 1}]], rows, len(rows) - 1))
    with pytest.raises(Rejected, match=r"step 0: a formula has up to .* parts, where 20,000 are the most"):
        replay(data)


def test_a_step_that_would_multiply_out_too_much_is_refused_at_once():
    """(x + exp 1)·(x + exp 2)·…: a short product of 30 different sums."""
    rows = [["entry", "x", []]]
    for k in range(30):
        at = len(rows)
        rows += [["num", k, 1], ["exp", at], ["add", 0, at + 1]]
    sums = [3 * k for k in range(1, 31)]
    for each in sums:
        rows.append(["mul", each, len(rows) - 1])
    data = hostile(("ring", [{"term": len(rows) - 1}] * 2, [*rows, ["eq", len(rows) - 1, len(rows) - 1]], len(rows)))
    with pytest.raises(Rejected, match=r"step 0: multiplied out, a side has up to .* parts"):
        replay(data)


def test_a_step_that_puts_a_large_term_for_many_names_is_refused_at_once():
    rows = shared(12)
    top = len(rows) - 1
    refl = [*rows, ["eq", top, top]]
    steps = [("scheme", ["refl", [], [{"term": top}]], refl, top + 1)]
    steps += [("specialise", [{"step": 0}, "x", [], {"term": top}], [], top + 1)]
    data = hostile(*steps)
    term = ("entry", "x", ())
    for _ in range(12):
        term = ("mul", term, term)
    said = {"hypotheses": [], "conclusion": ("eq", term, term)}
    data["steps"][0]["digest"] = digest(json.dumps(said))
    with pytest.raises(Rejected, match=r"step 1: what it gives has up to .* parts"):
        replay(data)


def powers(count):
    """A proof file that multiplies (x + z)·(x + z)·… out again and again, each time within the limits of size."""
    rows = [["entry", "x", []], ["entry", "z", []], ["add", 0, 1]]
    rows += [["mul", k, 2] for k in range(2, 40)]
    rows.append(["eq", len(rows) - 1, len(rows) - 1])
    top = len(rows) - 2
    data = hostile(*[("ring", [{"term": top}] * 2, [] if n else rows, top + 1) for n in range(count)])
    product = ("add", ("entry", "x", ()), ("entry", "z", ()))
    whole = product
    for _ in range(2, 40):
        whole = ("mul", whole, product)
    for each in data["steps"]:
        each["digest"] = digest(json.dumps({"hypotheses": [], "conclusion": ("eq", whole, whole)}))
    return data


def test_a_file_that_multiplies_out_again_and_again_is_refused_before_any_step_is_taken():
    data = powers(3000)
    for step in data["steps"]:
        step["digest"] = "not looked at"
    with pytest.raises(Rejected, match=r"step \d+: the steps up to here, .* up to 6,.* parts, where 6,000,000 are"):
        replay(data)


def test_a_short_file_that_gives_large_theorems_again_and_again_is_refused_before_any_step_is_taken():
    """60 kB, x·…·x of 2,048 factors given 450 times: 6 million parts, and no two steps share one in memory."""
    rows = shared(11)
    top = len(rows) - 1
    steps = [("scheme", ["refl", [], [{"term": top}]], [*rows, ["eq", top, top]], top + 1)]
    steps += [("specialise", [{"step": 0}, "x", [], {"term": 0}], [], top + 1)] * 450
    data = hostile(*steps)
    assert len(json.dumps(data)) < 80_000
    with pytest.raises(Rejected, match=r"step \d\d\d: the steps up to here, .* up to 6,.* parts, where 6,000,000 are"):
        replay(data)


def test_a_file_that_takes_too_long_is_stopped_and_said_to_be_no_more_than_that(tmp_path, capsys):
    (tmp_path / "it.json").write_text(json.dumps(powers(400)), encoding="utf-8")
    began = time.perf_counter()
    assert main(["--seconds", "0.1", str(tmp_path / "it.json")]) == 1
    assert time.perf_counter() - began < 10
    out, err = capsys.readouterr()
    where = rf"{re.escape(str(tmp_path))}/it\.json: NOT REPLAYED step \d+: stopped after 0\.1 s: allow more --seconds\n"
    assert (out, bool(re.fullmatch(where, err))) == ("", True), err


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="needs /dev/zero")
def test_a_file_that_does_not_end_is_one_line(monkeypatch, capsys):
    monkeypatch.setattr(replaying, "_CHARACTERS", 1000)
    assert main(["/dev/zero"]) == 2
    assert capsys.readouterr().err == "/dev/zero: cannot be read: it has more than 1,000 characters\n"


def test_the_name_of_a_file_cannot_end_a_line(tmp_path, capsys):
    name = "a.json: proved in 3 steps, under 0 hypotheses\n\x1b[2Jb.json"
    (tmp_path / name).write_text("{}", encoding="utf-8")
    assert main([str(tmp_path / name)]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n"), "\x1b" in err) == ("", 1, False)


@pytest.mark.parametrize("arguments", [[], ["--seconds"], ["--seconds", "x", "a"], ["--seconds", "0", "a"]])
def test_what_the_replayer_expects_is_one_line(arguments, capsys):
    assert main(arguments) == 2
    assert capsys.readouterr().err == "expected: [--seconds N] FILE…, with N a number above 0\n"


# --- what is trusted --------------------------------------------------------------------------------------------------


def test_the_trusted_modules_have_at_most_600_lines():
    trusted = [(CALCULUS / name).read_text(encoding="utf-8") for name in ("terms.py", "kernel.py")]
    assert sum(1 for source in trusted for line in source.splitlines() if line.strip()) <= 600


def test_replaying_loads_nothing_but_the_kernel_and_the_standard_library():
    code = "import sys; old = set(sys.modules); import backproof_spec.calculus.replay; print(*(set(sys.modules) - old))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    foreign = {name for name in done.stdout.split() if name.partition(".")[0] not in sys.stdlib_module_names}
    package = {"backproof_spec", "backproof_spec.calculus"}
    assert foreign == package | {f"backproof_spec.calculus.{name}" for name in ("terms", "kernel", "limits", "replay")}


def test_theorems_rest_on_others_that_there_are_and_never_in_a_circle():
    """Each derived here, where tests are traced: in ``test_theorems`` they are not."""
    rests = {stem: set(derive().uses) for stem, derive in THEOREMS.items()}
    assert {*graphlib.TopologicalSorter(rests).static_order()} == {*THEOREMS}
