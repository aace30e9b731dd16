"""remembered: the same code finds the same again; a file that is torn, forged or cannot be written decides nothing."""

import json

import pytest

import backproof
from backproof_impl import reference as R
from backproof_properties import remembered, runner
from backproof_properties.results import Link, Remembered, Verdict

INSIDE = [link for link in Link if link is not Link.IMPLEMENTATION]


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    """An empty cache, and how often a link inside the spec has been run since."""
    ran, real = [], runner.run

    def run(task, target):
        ran.append((task.property.claim, task.property.link))
        return real(task, target)

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    monkeypatch.setattr("backproof_properties.processes.run", run)
    return ran


def _check(seed=1, examples=3, **options):
    return backproof.check(R, operations=["relu.dZ"], seed=seed, examples=examples, **options)


def _remembered(report):
    return [each.remembered for each in report.results]


def test_what_holds_inside_the_spec_is_found_again_without_running_it(cache):
    first, again = _check(), _check()
    assert cache == [*(("relu.dZ", link) for link in Link), ("relu.dZ", Link.IMPLEMENTATION)]
    assert first.results == again.results
    assert _remembered(first) == [None] * 4
    assert _remembered(again) == [Remembered(1, 3), Remembered(1, 3), Remembered(1, 1), None]
    links = again.to_dict()["claims"][0]["links"]
    assert [link["remembered"] for link in links[1:]] == [
        {"seed": 1, "examples": 3},
        {"seed": 1, "examples": 1},
        None,
    ]
    assert "remembered: 3 links inside the spec, of seed 1 (backproof verify runs them)\n" in str(again)


def test_a_seed_is_repeated_exactly_and_without_one_any_run_of_as_many_examples_will_do():
    _check(seed=1)
    assert _remembered(_check(seed=2))[0] is None
    assert _remembered(_check(seed=1, examples=2))[0] is None
    assert _remembered(_check(seed=None, examples=4))[0] is None
    assert _remembered(_check(seed=None, examples=3))[0] is not None


def test_afresh_runs_everything():
    _check()
    assert _remembered(_check(afresh=True)) == [None] * 4


def test_what_does_not_hold_is_not_remembered():
    (task,) = [each for each in runner.tasks(("relu.dZ",), ("float64",), 3, 1) if each.property.link is Link.FORMULA]
    remembered.remember([task], [task.outcome(Verdict.REFUTED, "r")])
    assert remembered.recall([task], exactly=True) == {}


@pytest.mark.parametrize(
    "torn",
    [
        lambda _: "",
        lambda text: text[:-9],
        lambda text: text.replace(remembered.digest(), "0" * 64),
        lambda text: text.replace('"entries": ', '"entries": -'),
        lambda text: text.replace('"worst": 0.0', '"worst": NaN'),
        lambda text: text.replace('"coq": "', '"coq": "\\u001b[31m'),
        lambda text: text.replace('"claim"', '"claims"'),
        lambda text: json.dumps(json.loads(text)["links"]),
        lambda _: "[" * 100_000,
    ],
)
def test_a_file_that_is_not_as_it_was_written_is_as_if_there_were_none(torn):
    _check()
    (path,) = remembered.folder().iterdir()
    path.write_text(torn(path.read_text(encoding="utf-8")), encoding="utf-8")
    assert _remembered(_check()) == [None] * 4
    assert _remembered(_check())[0] == Remembered(1, 3)


def test_a_cache_that_cannot_be_written_or_read_is_no_matter(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert [_remembered(_check()) for _ in range(2)] == [[None] * 4] * 2


def test_other_code_is_another_digest(monkeypatch):
    before = remembered.digest()
    monkeypatch.setattr(remembered, "version", lambda _: "0")
    assert remembered.digest.__wrapped__() != before
    assert len(before) == 64


def test_links_inside_the_spec_are_run_only_for_what_the_target_offers(cache):
    report = backproof.check(
        {"relu": R.relu, "relu_vjp": R.relu_vjp}, operations=["relu", "linear", "kron"], examples=2
    )
    assert {claim for claim, link in cache if link is Link.PROOF} == {"relu.dZ", "kron.vec"}
    assert [row.claim.id for row in report.rows][:2] == ["kron.vec", "linear.forward"]
    assert len(report.rows) == 7
    assert report.passed
