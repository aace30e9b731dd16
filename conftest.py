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
