"""The pytest plugin: ``pytest --backproof-target my_layers.py`` adds one test for each claim that can be checked.

pytest loads this in every run, so it imports nothing of weight before the option is given.
"""

from __future__ import annotations

from typing import Any


def pytest_addoption(parser: Any) -> None:
    """The options, in a group of their own."""
    group = parser.getgroup("backproof", "gradients checked by Backproof")
    group.addoption("--backproof-target", metavar="TARGET", help="my_layers.py, package.module[:object], or an adapter")
    group.addoption("--backproof-claim", metavar="ID", action="append", help="a claim or an operation; repeatable")
    group.addoption("--backproof-dtype", metavar="NAME", action="append", help="a number format; repeatable")
    group.addoption("--backproof-declare", metavar="FIELD=VALUE", action="append", help="a convention; repeatable")
    group.addoption("--backproof-examples", metavar="N", type=int, default=100, help="examples a claim (100)")
    group.addoption("--backproof-seed", metavar="N", type=int, default=0, help="the seed (0: alike in every run)")


def pytest_collection_modifyitems(session: Any, config: Any, items: list[Any]) -> None:
    """Add the claims of the target to what was collected."""
    if config.getoption("backproof_target") is not None:
        from backproof_docs.plugin_items import collected  # noqa: PLC0415 - see above

        items.extend(collected(session, config))
