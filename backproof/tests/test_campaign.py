"""campaign: a run in blocks that are kept; one that was stopped goes on, repeats nothing, and ends the same."""

import json
import pickle
import sqlite3
import subprocess
import sys
import time
from collections import Counter

import numpy as np
import pytest
from few import few

import backproof
from backproof import UsageError
from backproof.campaigns import again, kept
from backproof.cli import main
from backproof_docs import phrases
from backproof_properties import campaign as campaigns
from backproof_properties import processes
from backproof_properties.campaign import Campaign, merged
from backproof_properties.results import Declines, Link, Observation, Outcome, Verdict

pytestmark = pytest.mark.usefixtures("unshrunk")

LAYERS = "def relu(Z):\n    return Z * (Z > 0)\n\n\ndef relu_vjp(Z, dY):\n    return dY * (Z > 0)\n"


@pytest.fixture
def layers(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(campaigns, "BLOCK", 3)
    path = tmp_path / "layers.py"
    path.write_text(LAYERS)
    return "layers.py"


@pytest.fixture
def opened(tmp_path):
    """Opens a campaign file as a run does; all are closed in the end."""
    found = []

    def open_(name="c.db"):
        while found:
            found.pop().close()
        found.append(Campaign(tmp_path / name))
        return found[-1]

    yield open_
    while found:
        found.pop().close()


def _check(layers, campaign, **options):
    return backproof.check(
        layers, **{"operations": ["relu"], "examples": 8, "seed": 5, "campaign": campaign, **options}
    )


def _held(opened):
    """The report of what the file holds of its one target."""
    campaign = opened()
    return kept(campaign, *campaign.targets)


def _again(opened, more):
    campaign = opened()
    return again(campaign, *campaign.targets, more)


def _blocks(opened):
    campaign = opened()
    return campaign.kept(*campaign.targets)


def _said(report):
    """A report but for its time, and for where the links inside the spec come from."""
    said = {name: value for name, value in report.to_dict().items() if name not in {"seconds", "interrupted"}}
    for link in (link for claim in said["claims"] for link in claim["links"]):
        del link["remembered"]
    return said


@pytest.mark.parametrize("stops", few([((2, 1, 1),), ((1,),), ((4, 3),)], lambda row: len(row[0]) == 3))
def test_a_run_that_is_stopped_goes_on_repeats_nothing_and_ends_the_same(layers, opened, monkeypatch, stops):
    whole, judged = _said(_check(layers, opened("whole.db"))), Counter()
    original = processes.run

    def counted(task, target):
        judged[campaigns.block_key(task)] += 1
        return original(task, target)

    monkeypatch.setattr(processes, "run", counted)
    for stop in stops:
        left = iter([None] * stop)

        def cut(_, outcome, left=left):
            if outcome is not None and next(left, outcome) is outcome:
                raise KeyboardInterrupt

        with pytest.raises(backproof.Interrupted):
            _check(layers, opened(), progress=cut)
    assert _said(_check(layers, opened())) == whole
    assert set(judged.values()) == {1}
    assert len(judged) == 2 * 3  # blocks of 3, 3 and 2 of each of two claims; the spec's links are remembered


def test_blocks_are_runs_of_their_own_and_the_first_is_the_run_without_a_campaign(layers, opened):
    plain = backproof.check(layers, operations=["relu.forward"], examples=3, seed=5)
    block = _check(layers, opened(), operations=["relu.forward"])
    (first, *_) = [each for key, each in _blocks(opened).items() if key[3] == 0]
    assert first.examples == plain.of_target[0].examples
    assert block.of_target[0].examples > plain.of_target[0].examples


@pytest.mark.slow
def test_what_a_block_refuted_is_repeated_by_its_own_seed(layers, opened):
    report = _check(layers, opened(), operations=["relu.dZ"])
    (failed,) = report.failures
    command = phrases.again(report, failed)
    assert f"--seed {failed.block.seed}" in command
    assert f"--examples {failed.block.examples}" in command
    once = backproof.check(
        layers, operations=["relu.dZ"], seed=failed.block.seed, examples=failed.block.examples, conventions=None
    )
    assert [each.finding.message for each in once.failures] == [failed.finding.message]


@pytest.mark.slow
def test_more_examples_are_added_and_what_is_there_can_be_shown_without_the_target(layers, opened, tmp_path):
    before = _check(layers, opened())
    shown = _held(opened)
    assert _said(shown) == _said(before)
    target, options = _again(opened, 4)
    after = backproof.check(target, campaign=opened(), **options)
    assert after.examples == 12
    assert after.of_target[0].examples > before.of_target[0].examples
    (tmp_path / "layers.py").unlink()
    assert _said(_held(opened)) == _said(after)


def test_what_is_not_done_is_shown_as_not_run(layers, opened):
    def stop(_, outcome):
        if outcome is not None and outcome.link is Link.IMPLEMENTATION:
            raise KeyboardInterrupt

    with pytest.raises(backproof.Interrupted):
        _check(layers, opened(), operations=["relu.forward"], progress=stop)
    (outcome,) = _held(opened).of_target
    assert (outcome.verdict, outcome.reason) == (Verdict.NOT_RUN, "1 of 3 blocks were judged: not yet")


@pytest.mark.parametrize(
    ("changes", "said"),
    few(
        [
            ({"operations": ["linear"]}, "operations was ['relu'], now it is ['linear']"),
            ({"seed": 6}, "seed was 5, now it is 6"),
            ({"dtypes": ["float32"]}, "dtypes was None, now it is ['float32']"),
            ({"declare": ["relu_at_zero=0"]}, "declare was [], now it is ['relu_at_zero=0']"),
        ],
        lambda row: "seed" in row[0],
    ),
)
def test_another_request_is_another_campaign(layers, opened, changes, said):
    _check(layers, opened())
    with pytest.raises(UsageError, match=r"expected the same, or another file for the campaign") as raised:
        _check(layers, opened(), **changes)
    assert said in str(raised.value)


@pytest.mark.slow
def test_another_file_of_the_target_is_too(layers, opened, tmp_path):
    _check(layers, opened())
    (tmp_path / "layers.py").write_text(LAYERS + "\n")
    with pytest.raises(UsageError, match="the target's file is not what it was"):
        _check(layers, opened())


@pytest.mark.slow
def test_no_seed_is_the_seed_that_it_has(layers, opened):
    assert _check(layers, opened(), seed=None).seed == _check(layers, opened(), seed=None).seed


# --- the file ---------------------------------------------------------------------------------------------------------


def test_one_run_at_a_time_has_it_open(opened, tmp_path):
    opened()
    with pytest.raises(UsageError, match="another run has it open: wait for its end"):
        Campaign(tmp_path / "c.db")


class _Evil:
    def __init__(self, function, *arguments):
        self.called = function, arguments

    def __reduce__(self):
        return self.called


EVIL = {
    "a function": (pickle.dumps(_Evil(print, "run")), r"builtins\.print is nothing that a campaign holds"),
    "an array over memory": (
        pickle.dumps(_Evil(np.ndarray, (1,), np.dtype("O"), b"A" * 8)),
        r"expected a file of --campaign",
    ),
    "the state of a class": (
        b"cbackproof_properties.results\nOutcome\n(N(dVexamples\nI123\nstb.",
        r"a state of <class",
    ),
    "something else": (pickle.dumps(3), r"a int where a Outcome was"),
    "half of it": (pickle.dumps(["x"] * 9)[:-4], r"expected a file of --campaign"),
}


@pytest.mark.parametrize("kind", EVIL)
def test_nothing_in_a_file_is_run_or_changes_what_is_ours(layers, opened, tmp_path, kind):
    packed, said = EVIL[kind]
    _check(layers, opened(), operations=["relu.forward"])
    opened().close()
    file = sqlite3.connect(tmp_path / "c.db")
    with file:
        file.execute("UPDATE block SET outcome = ?", (packed,))
    file.close()
    with pytest.raises(UsageError, match=said):
        _check(layers, opened(), operations=["relu.forward"])
    assert Outcome.examples == 0


def test_a_file_starts_no_program(opened, tmp_path):
    opened().begin("x", {"target": ["touch", str(tmp_path / "started")], "seed": 1}, 3)
    assert kept(opened(), "x") is None
    with pytest.raises(UsageError, match="x is a program, which no file starts"):
        again(opened(), "x", 5)


def test_a_database_of_something_else_is_left_alone(tmp_path):
    file = sqlite3.connect(tmp_path / "c.db")
    with file:
        file.execute("CREATE TABLE places (name TEXT)")
    file.close()
    before = (tmp_path / "c.db").read_bytes()
    with pytest.raises(UsageError, match="a database of something else"):
        Campaign(tmp_path / "c.db")
    assert (tmp_path / "c.db").read_bytes() == before


def test_what_a_lost_worker_was_to_judge_is_not_kept(layers, opened, monkeypatch):
    original = processes.run
    monkeypatch.setattr(processes, "run", lambda task, _: processes._lost(task))
    assert {each.verdict for each in _check(layers, opened()).of_target} == {Verdict.ERROR}
    monkeypatch.setattr(processes, "run", original)
    assert {each.verdict for each in _check(layers, opened()).of_target} == {Verdict.HOLDS, Verdict.REFUTED}


def test_a_file_is_one_target_by_whatever_path(layers, opened, tmp_path):
    _check(layers, opened())
    _check(str(tmp_path / "." / "layers.py"), opened())
    assert len(opened().targets) == 1


def test_what_cannot_be_loaded_is_not_begun(opened, tmp_path):
    with pytest.raises(UsageError, match="no such file"):
        backproof.check(str(tmp_path / "nowhere.py"), examples=3, seed=1, isolate=True, campaign=opened())
    assert opened().targets == ()
    (tmp_path / "torn.py").write_text("def relu(Z)\n")
    assert backproof.check(str(tmp_path / "torn.py"), examples=3, seed=1, isolate=True, campaign=opened()).unloadable
    assert opened().targets == ()


def _cli(capsys, *arguments):
    with pytest.raises(SystemExit) as raised:
        main([*map(str, arguments)])
    out, err = capsys.readouterr()
    return raised.value.code, out, err


def test_the_commands_show_go_on_and_refuse_in_one_line(layers, capsys, tmp_path):
    run = ("--claim", "relu.forward", "--campaign", "c.db", "--examples", "4", "--seed", "2", "-n", "1")
    assert _cli(capsys, "validate", layers, *run)[0] == 0
    status, out, _ = _cli(capsys, "campaign", "c.db", "--json", "r.json")
    assert status == 0
    assert "4 examples a link · seed 2" in out
    assert json.loads((tmp_path / "r.json").read_text())["examples"] == 4
    assert "7 examples a link" in _cli(capsys, "campaign", "c.db", "--more", "3", "-n", "1")[1]
    (tmp_path / "text").write_text("no database, and long enough to be read as one" * 50)
    for arguments, said in (
        (("campaign", "nowhere.db"), "campaign nowhere.db: no such file"),
        (("campaign", "text"), "campaign text: file is not a database, expected a file of --campaign"),
        (("campaign", "c.db", "--more", "-1"), "campaign --more -1: expected a whole number of examples"),
        (("validate", layers, "--campaign", tmp_path), "Is a directory"),
    ):
        status, out, err = _cli(capsys, *arguments)
        assert (status, out, err.count("\n")) == (2, "", 1)
        assert said in err


@pytest.mark.slow
def test_a_run_that_is_killed_goes_on(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "layers.py").write_text(LAYERS)
    words = ("validate", "layers.py", "--claim", "relu.forward", "--examples", "300", "--seed", "4", "-n", "2")
    for _ in range(3):
        process = subprocess.Popen([sys.executable, "-m", "backproof", *words, "--campaign", "c.db"])
        time.sleep(8)
        process.kill()
        process.wait()
    whole, parts = (
        _cli(capsys, *words, "--campaign", name, "--json", f"{name}.json")
        and json.loads((tmp_path / f"{name}.json").read_text())
        for name in ("whole.db", "c.db")
    )
    del whole["seconds"], parts["seconds"]
    assert parts == whole


# --- several outcomes of one ------------------------------------------------------------------------------------------


def _outcome(verdict, examples, **fields):
    return Outcome("relu.dZ", Link.IMPLEMENTATION, "float64", verdict, examples, **fields)


def test_blocks_together_say_the_worst_and_count_all():
    found = merged(
        [
            _outcome(Verdict.HOLDS, 3, observation=Observation(entries=7, worst=0.5)),
            _outcome(Verdict.REFUTED, 1, observation=Observation(entries=2, worst=0.1), reason="first"),
            _outcome(Verdict.REFUTED, 2, reason="second"),
        ]
    )
    assert (found.verdict, found.reason, found.examples) == (Verdict.REFUTED, "first", 6)
    assert (found.observation.entries, found.observation.worst) == (9, 0.5)


def test_declines_are_shares_of_everything_drawn():
    declined = Declines(2, 4, "no zeros", {})
    found = merged([_outcome(Verdict.HOLDS, 10), _outcome(Verdict.HOLDS, 2, declined=declined)])
    assert (found.declined.count, found.declined.drawn) == (2, 14)
