"""Proofs settled by several processes at once: what one of them would have settled."""

import pytest

from backproof import shares
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


@pytest.mark.parametrize("processes", [2, 9])
def test_several_settle_what_one_does(four, processes):
    found = shares.settled_by(processes, 600)
    assert list(found) == list(STEMS)
    assert _said(found) == _said(shares.settled(four, recorded, 600))


def test_what_a_process_that_ends_has_not_done_is_done_in_this_one(four, monkeypatch):
    def command(module, *arguments, real=launch.command, **how):
        return real("no.such.module" if module == "backproof.shares" else module, *arguments, **how)

    monkeypatch.setattr(launch, "command", command)
    assert _said(shares.settled_by(2, 600)) == _said(shares.settled(four, recorded, 600))


@pytest.mark.usefixtures("four")
def test_why_there_is_no_proof_is_said_by_any_process():
    found = shares.settled_by(2, 1e-9)
    assert {stem: each.partition(":")[0] for stem, each in found.items()} == dict.fromkeys(STEMS, ", its derivation")
