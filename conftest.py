"""Hypothesis profiles for every test: ``dev``, ``ci`` (derandomised; the default where CI is set), ``deep``.

pytest --hypothesis-profile deep properties/tests/test_suite.py
"""

import os

import pytest
from hypothesis import settings

settings.register_profile("dev", deadline=None, max_examples=20)
settings.register_profile("ci", deadline=None, max_examples=20, derandomize=True, database=None)
settings.register_profile("deep", deadline=None, max_examples=5000)
settings.load_profile("ci" if os.environ.get("CI") else "dev")


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Trace a worker of pytest-xdist once: pytest-cov 7.1 starts a measurement that it forgets, then a second one."""
    measuring = session.config.pluginmanager.getplugin("_cov")
    if hasattr(session.config, "workerinput") and getattr(measuring, "cov_controller", None):
        measuring.cov_controller.cov.stop()


@pytest.fixture(scope="session", autouse=True)
def _proofs_are_checked_untraced(request: pytest.FixtureRequest) -> None:
    """A process checks a proof once: here in seconds, and not traced in whichever test is the first to need it."""
    from backproof_properties.proof import proved  # noqa: PLC0415 - what a conftest imports is not measured
    from backproof_spec.claims import CLAIM_IDS  # noqa: PLC0415 - neither

    measuring = request.config.pluginmanager.getplugin("_cov")
    controller = getattr(measuring, "cov_controller", None)
    if hasattr(request.config, "workerinput") and controller:
        controller.pause()
        for claim in CLAIM_IDS:
            proved(claim)
        controller.resume()
