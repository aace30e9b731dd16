"""Every command of the README and the guide prints what stands below it; every python block runs."""

import importlib.util
import re
import sys
from pathlib import Path

import pytest
from few import few

_SPEC = importlib.util.spec_from_file_location("refresh", Path(__file__).parents[1] / "refresh.py")
refresh = sys.modules.setdefault("refresh", importlib.util.module_from_spec(_SPEC))
_SPEC.loader.exec_module(refresh)

BLOCKS = [block for page in refresh.PAGES for block in refresh.blocks(page)]
WITHOUT_PYTORCH = [block for block in BLOCKS if not block.needs_pytorch]
WITH_PYTORCH = [block for block in BLOCKS if block.needs_pytorch]
NUMBER = re.compile(r"(?<![\w.])-?\d[\d.]*(e[+-]?\d+)?%?|\bexact\b(?! \()")

SIZES = re.compile(r"sizes tried:[\s\d–,]+")


def _comparable(text):
    """The lines without their numbers (which versions of NumPy and Hypothesis move) and without column widths."""
    one = SIZES.sub("sizes tried: #\n", text)
    return [" ".join(NUMBER.sub("#", line).split()) for line in one.splitlines()]


def _command(block):
    return block.command


QUICK = ("list claims", "prove linear", "validate my_layers.py --claim relu")
"""A list, a proof, and something that is refuted: the other commands are for a run of the slow."""


def _quick(block):
    return block.command.startswith(tuple(f"backproof {words}" for words in QUICK))


@pytest.mark.parametrize("block", few(WITHOUT_PYTORCH, _quick), ids=_command)
def test_a_command_prints_what_the_page_shows(block):
    runs = block.command.startswith(("backproof verify", "backproof validate"))
    fewer = ("-n", "1") if runs else ()  # what is printed is the same, and there are two or more of these tests at once
    if runs and "\nPASSED" in block.shown:
        fewer += ("--examples", "10")  # numbers are not compared, and what is refuted is shrunk as shown
    assert _comparable(block.shown) == _comparable(refresh.run(block, *fewer))


@pytest.mark.pytorch
@pytest.mark.parametrize("block", WITH_PYTORCH, ids=_command)
def test_a_command_that_needs_pytorch_prints_what_the_page_shows(block):
    pytest.importorskip("torch", reason="pip install 'backproof[pytorch]'")
    assert _comparable(block.shown) == _comparable(refresh.run(block))


@pytest.mark.no_cover
@pytest.mark.parametrize(
    "page", few(refresh.PAGES, lambda page: page.name not in {"your-code.md", "vectors.md"}), ids=lambda page: page.name
)
def test_python_blocks_run(page):
    for text in refresh.python_blocks(page):
        if not refresh.needs_pytorch(text):
            _run(text)


@pytest.mark.pytorch
def test_python_blocks_that_need_pytorch_run():
    pytest.importorskip("torch", reason="pip install 'backproof[pytorch]'")
    found = [each for page in refresh.PAGES for each in refresh.python_blocks(page) if refresh.needs_pytorch(each)]
    assert len(found) == 2
    for text in found:
        _run(text)


def _run(text):
    names = {}
    exec(text, names)  # noqa: S102 - our own page
    for name, value in names.items():
        if name.startswith("test_"):
            value()


def test_the_pages_show_commands():
    assert len(WITHOUT_PYTORCH) >= 3
    assert len(WITH_PYTORCH) >= 2
