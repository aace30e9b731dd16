"""Hypothesis profiles for every test: ``dev``, ``ci`` (derandomised; the default where CI is set), ``deep``.

pytest --hypothesis-profile deep properties/tests/test_suite.py

And shards, of which CI runs the next with every commit: ``pytest -m slow --shard 2/3``.
"""

import compileall
import functools
import gc
import os
import re
import tempfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

gc.set_threshold(100_000)  # as in processes of our own: what tests make has few cycles
settings.register_profile("dev", deadline=None, max_examples=20)
settings.register_profile("ci", deadline=None, max_examples=20, derandomize=True, database=None)
settings.register_profile("deep", deadline=None, max_examples=5000)
settings.load_profile("ci" if os.environ.get("CI") else "dev")
if "PYTEST_XDIST_WORKER" not in os.environ:  # the workers share it
    _CACHES = tempfile.TemporaryDirectory(prefix="backproof-caches-")
    os.environ["XDG_CACHE_HOME"] = _CACHES.name
"""What earlier runs of a user found decides nothing here; it goes when this run does."""


def _shard(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"(\d+)/(\d+)", text)
    which, of = map(int, found.groups()) if found else (0, 0)
    if not 1 <= which <= of:
        msg = f"--shard: got {text!r}, expected K/N with K from 1 to N, such as 2/3"
        raise pytest.UsageError(msg)
    return which, of


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--shard``."""
    said = "run the Kth of N shares of the tests: by their names, so that all N are all of them"
    parser.addoption("--shard", type=_shard, metavar="K/N", default=(1, 1), help=said)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the share that is asked for."""
    which, of = config.getoption("shard")
    left_out = [item for item in items if zlib.crc32(item.nodeid.encode()) % of != which - 1]
    if left_out:
        items[:] = [item for item in items if item not in set(left_out)]
        config.hook.pytest_deselected(items=left_out)


def pytest_collection_finish() -> None:
    """What is there now stays."""
    gc.freeze()


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Trace a worker of pytest-xdist once: pytest-cov 7.1 starts a measurement that it forgets, then a second one."""
    measuring = session.config.pluginmanager.getplugin("_cov")
    if not hasattr(session.config, "workerinput"):
        _compiled_once()
    elif getattr(measuring, "cov_controller", None):
        measuring.cov_controller.cov.stop()


def _compiled_once() -> None:
    """Tests start hundreds of processes: where PYTHONDONTWRITEBYTECODE is set each would compile all of ours."""
    for package in ("backproof", "spec", "impl", "properties", "docs"):
        compileall.compile_dir(Path(__file__).parent / package, quiet=2, rx=re.compile("tests"), optimize=[0, 1])


@pytest.fixture(scope="session", autouse=True)
def _proofs_are_checked_untraced(request: pytest.FixtureRequest) -> None:
    """A process checks a proof once: not traced in whichever test is the first to need it."""
    from backproof_properties import proof  # noqa: PLC0415 - what a conftest imports is not measured

    controller = getattr(request.config.pluginmanager.getplugin("_cov"), "cov_controller", None)
    traced = proof.proved.__wrapped__

    @functools.cache
    def untraced(claim: str) -> object:
        if not (controller and controller.started):
            return traced(claim)
        controller.pause()
        try:
            return traced(claim)
        finally:
            controller.resume()

    untraced.__wrapped__ = traced
    proof.proved = untraced


@pytest.fixture(autouse=True)
def _only_in_a_deep_run(request: pytest.FixtureRequest) -> None:
    from few import DEEP  # noqa: PLC0415 - as above

    if request.node.get_closest_marker("deep") and not DEEP:
        pytest.skip("run with --hypothesis-profile deep")


@pytest.fixture
def unshrunk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any counterexample will do: shrinking takes a third of the time of a refutation."""
    from backproof_properties.search import Search  # noqa: PLC0415 - as above

    monkeypatch.setattr(Search, "shrunk", Search.searched)


_COQC = """#!/bin/sh
for file; do :; done
case $file in
  --print-version) echo "8.16.1 4.13.1" ;;
  "$COQ_KILLED") kill -9 $$ ;;
  "$COQ_SLEEPS") exec sleep 60 ;;
  "$COQ_REFUSES")
    printf 'File "./%s", line %s, characters 0-9:\\nError:\\nThis is\\n  not so.\\n' "$file" "$COQ_LINE" >&2; exit 1 ;;
  *) printf 'Axioms:\\n%sReals.sig_forall_dec\\n  : forall P, P\\nclassic : P\\n' "$COQ_AXIOM" ;;
esac
"""
_COQCHK = """#!/bin/sh
cat >&2 <<END
CONTEXT SUMMARY

* Theory: Set is predicative

* Axioms:
    Coq.Reals.ClassicalDedekindReals.sig_forall_dec
    Coq.Logic.Classical_Prop.classic$COQCHK_AXIOM

* Constants/Inductives relying on type-in-type: ${COQCHK_ODD:-<none>}
END
exit ${COQCHK_STATUS:-0}
"""


@pytest.fixture
def fake_coq(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """A Coq that accepts everything in no time, but for what is asked for: COQ_REFUSES="relu_dZ.v", COQ_LINE="7", …"""
    folder: Path = tmp_path_factory.mktemp("fake-coq")
    for name, script in {"coqc": _COQC, "coqchk": _COQCHK}.items():
        (folder / name).write_text(script, encoding="utf-8")
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")

    def asked(**wanted: str) -> None:
        for name, value in wanted.items():
            monkeypatch.setenv(name, value)

    return asked
