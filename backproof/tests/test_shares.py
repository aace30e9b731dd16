"""Proofs settled by several processes at once: what one of them would have settled."""

import pickle

import pytest

from backproof import prove, shares
from backproof_docs.proofs import exported, to_json, to_text
from backproof_impl import launch
from backproof_spec import proved
from backproof_spec.calculus.coq.record import recorded

STEMS = ("linear.db", "gelu.dX", "relu.dZ", "sigmoid.dZ")


@pytest.fixture
def four(monkeypatch):
    """These are all that there are, here."""
    found = {stem: proved.every()[stem] for stem in STEMS}
    monkeypatch.setattr(proved, "every", lambda: found)
    return found


def _said(settled):
    found = exported({stem: result for stem, (_, result) in settled.items()})
    return {
        stem: (to_text(derivation, found[stem]), to_json(derivation), found[stem].exported)
        for stem, (derivation, _) in settled.items()
    }


@pytest.fixture
def here(monkeypatch):
    """The stems that are derived in this process; a share may be as small as one theorem."""
    found, real = [], shares._derived
    monkeypatch.setattr(shares, "_LEAST", 1)
    monkeypatch.setattr(shares, "_derived", lambda stem, *how: (found.append(stem), real(stem, *how))[1])
    return found


def test_several_settle_what_one_does(four, here):
    found = shares.settled_by(2, 600)
    assert here == [*STEMS[::2]]
    assert list(found) == [*STEMS]
    assert _said(found) == _said(shares.settled(four, recorded, 600))


@pytest.mark.usefixtures("four")
def test_what_a_process_leaves_is_what_it_has_settled(tmp_path, monkeypatch):
    monkeypatch.setattr(shares.tempfile, "tempdir", None)
    shares.main(str(tmp_path / "1"), "600", *STEMS[:2])
    left = pickle.loads((tmp_path / "1").read_bytes())  # noqa: S301 - our own
    assert _said(left).keys() == {*STEMS[:2]}
    assert [each.name for each in tmp_path.iterdir()] == ["1"]


@pytest.mark.usefixtures("four")
def test_all_are_proved_in_shares(here, monkeypatch, capsys):
    monkeypatch.setattr(prove, "cores", lambda: 2)
    assert prove.pages([], ["text"], None) == 0
    out = capsys.readouterr().out
    assert here == [*STEMS[::2]]
    assert [out.index(f"\n{stem} ") for stem in STEMS[1:]] == sorted(out.index(f"\n{stem} ") for stem in STEMS[1:])
    assert out.endswith("PASSED  4 of 4 proofs check\n")


def test_what_a_process_that_ends_has_not_done_is_done_in_this_one(four, here, monkeypatch, capsys):
    def command(module, *arguments, real=launch.command, **how):
        return real("no.such.module" if module == "backproof.shares" else module, *arguments, **how)

    monkeypatch.setattr(launch, "command", command)
    found = shares.settled_by(2, 600)
    assert here == [*STEMS[::2], *STEMS[1::2]]
    assert _said(found) == _said(shares.settled(four, recorded, 600))
    assert "a share of the theorems is proved again, as its process ended: " in capsys.readouterr().err


@pytest.mark.usefixtures("four", "here")
def test_why_there_is_no_proof_is_said_by_any_process():
    found = shares.settled_by(2, 1e-9)
    assert {stem: each.partition(":")[0] for stem, each in found.items()} == dict.fromkeys(STEMS, ", its derivation")
