"""A run on a cluster is a run here, on a real one of two workers, even where one is lost; what goes wrong is said."""

import functools
import signal
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

import backproof
from backproof_impl.conventions import UsageError
from backproof_properties import cluster, remembered
from backproof_properties.campaign import Campaign
from backproof_properties.results import Verdict

distributed = pytest.importorskip("distributed")

WRONG = """
import numpy as np

def relu(Z):
    return np.maximum(Z, 0)

def relu_vjp(Z, dY):
    return dY * (Z > 0) if Z.shape[0] != 4 else dY

def softmax(Z):
    E = np.exp(Z - Z.max(axis=0))
    return E / E.sum(axis=0)
"""


@pytest.fixture(scope="module")
def address():
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as local:
        yield local.scheduler_address


@pytest.fixture
def target(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("layers.py").write_text(WRONG, encoding="utf-8")
    return "layers.py"


checked = functools.partial(backproof.check, examples=10, seed=1, afresh=True)


@pytest.mark.slow
def test_the_report_of_a_cluster_is_that_of_a_run_here(address, target):
    there = checked(target, operations=["relu", "softmax"], cluster=address)
    here = checked(target, operations=["relu", "softmax"])
    assert replace(there, seconds=0.0) == replace(here, seconds=0.0)
    assert {each.verdict for each in there.of_target} == {Verdict.HOLDS, Verdict.REFUTED, Verdict.UNSUPPORTED}


@pytest.mark.slow
def test_of_a_campaign_the_same_blocks_are_judged(address, target, tmp_path):
    reports = []
    for name, where in (("there", {"cluster": address}), ("here", {})):
        campaign = Campaign(tmp_path / f"{name}.db")
        reports.append(checked(target, operations=["relu.forward"], examples=250, campaign=campaign, **where))
        campaign.close()
    assert replace(reports[0], seconds=0.0) == replace(reports[1], seconds=0.0)
    assert reports[0].of_target[0].examples > 250


def test_an_operation_of_ones_own_goes_with_its_task(address, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("own.py").write_text(
        "def twice(X):\n    return X + X\n\ndef twice_vjp(X, dY):\n    return dY\n", encoding="utf-8"
    )
    own = backproof.operation("operation twice(X[i]) -> Y\nY[i] = 2*X[i]\n")
    report = checked("own.py", operations=[own], cluster=address)
    assert {each.claim: each.verdict for each in report.of_target} == {
        "twice.forward": Verdict.HOLDS,
        "twice.dX": Verdict.REFUTED,
    }


@pytest.mark.slow
def test_a_worker_that_is_killed_changes_nothing(target):
    with ExitStack() as running:
        _, workers, address = started(running, 2)
        seen = []

        def one_dies(_, outcome):
            seen.append(outcome)
            if len(seen) == 3:
                workers[0].kill()

        there = checked(target, operations=["relu", "softmax"], cluster=address, progress=one_dies)
        assert workers[0].wait(timeout=10) == -signal.SIGKILL
        here = checked(target, operations=["relu", "softmax"])
        assert replace(there, seconds=0.0) == replace(here, seconds=0.0)


@pytest.mark.slow
def test_a_lost_scheduler_leaves_what_was_found(target):
    with ExitStack() as running:
        scheduler, _, address = started(running, 1)

        def it_dies(_, outcome):
            if outcome is not None:
                scheduler.kill()

        report = checked(target, operations=["relu", "softmax"], cluster=address, progress=it_dies)
    assert (report.interrupted, report.passed) == (True, False)
    assert any(each.verdict is Verdict.HOLDS for each in report.results)
    assert {each.reason for each in report.not_run} == {f"the scheduler at {address} was lost"}


def started(running, many):
    """A scheduler and workers, processes each, as its address and theirs are started by hand."""

    def process(*words):
        command = [sys.executable, "-m", *words, "--no-dashboard"]
        one = running.enter_context(subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE))
        running.callback(one.kill)
        return one

    scheduler = process("distributed.cli.dask_scheduler", "--port", "0", "--host", "127.0.0.1")
    said = b""
    while b"Scheduler at:" not in said:
        said = scheduler.stderr.readline()
    address = said.split()[-1].decode()
    workers = [process("distributed.cli.dask_worker", address, "--nthreads", "1", "--no-nanny") for _ in range(many)]
    with distributed.Client(address) as client:
        client.wait_for_workers(many, timeout=60)
    return scheduler, workers, address


# --- bad input --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wrong", ["tcp://127.0.0.1:1", "nowhere", "tcp://127.0.0.1:99999", "http://127.0.0.1:1"])
def test_no_scheduler_there(wrong, monkeypatch):
    monkeypatch.setattr(cluster, "_ANSWER_SECONDS", 1)
    with pytest.raises(UsageError, match=rf"^--cluster {wrong}: no scheduler answers \(.*\), expected the address"):
        checked("reference", operations=["relu"], cluster=wrong)


def test_no_address_starts_no_cluster():
    with pytest.raises(UsageError, match=r"^--cluster is empty, expected the address"):
        checked("reference", operations=["relu"], cluster="")


def test_processes_here_or_there():
    with pytest.raises(UsageError, match=r"^workers=2 and cluster='tcp://a:1': expected one of them$"):
        checked("reference", operations=["relu"], workers=2, cluster="tcp://a:1")


@pytest.mark.slow
def test_a_cluster_without_workers():
    with (
        distributed.LocalCluster(n_workers=0, dashboard_address=":0") as local,
        pytest.raises(UsageError, match="it has no workers, expected some that dask worker"),
    ):
        checked("reference", operations=["relu"], cluster=local.scheduler_address)


@pytest.mark.slow
def test_workers_of_another_version(address, monkeypatch):
    monkeypatch.setattr(remembered, "digest", lambda: "another")
    with pytest.raises(UsageError, match=r"a worker has another version of Backproof.*: install what is here"):
        checked("reference", operations=["relu"], cluster=address)


def test_without_dask(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(UsageError, match=r"needs Dask: pip install 'backproof\[cluster\]'"):
        checked("reference", operations=["relu"], cluster="tcp://127.0.0.1:1")


def test_a_target_that_no_file_or_name_stands_for(address):
    with pytest.raises(UsageError, match="processes load a target by its path or a name, this is a dict"):
        checked({"relu": abs}, operations=["relu"], cluster=address)
