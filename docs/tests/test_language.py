"""The language reference: every example is read, holds in numbers and is proved; every row of the tables is there."""

import re
from pathlib import Path

import pytest

from backproof_spec.calculus import limits
from backproof_spec.language import ways
from backproof_spec.language.deriving import prove
from backproof_spec.language.functions import FUNCTIONS, REDUCTIONS
from backproof_spec.language.grammar import GRAMMAR
from backproof_spec.language.kinds import KINDS
from backproof_spec.language.proving import refuted, refuted_way
from backproof_spec.library import operation

PAGE = (Path(__file__).parents[1] / "guide" / "language.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```op\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


@pytest.mark.no_cover
@pytest.mark.parametrize("text", EXAMPLES, ids=lambda text: re.search(r"operation (\w+)", text)[1])
def test_an_example_holds_and_is_proved(text: str) -> None:
    of = operation(text)
    for gradient in of.gradients:
        assert refuted(of, gradient) is None
        with limits.within(60):
            assert prove(of, gradient).theorem.conclusion[1] == gradient.name
    for way in of.ways:
        assert refuted_way(of, way) is None
        assert ways.prove(of, way).theorem.conclusion[1][1] == way.name


def test_every_kind_stands_in_the_table_with_its_meaning() -> None:
    for kind in KINDS.values():
        row = next(line for line in PAGE.splitlines() if line.startswith(f"| {kind.name} |"))
        assert kind.meaning in row
        assert row.endswith(f"| {'yes' if kind.differentiated else 'no'} |")


def test_every_function_and_reduction_is_mentioned() -> None:
    written = " ".join(re.findall(r"`([^`\n]+)`", PAGE))
    for name in FUNCTIONS:
        assert re.search(rf"\b{name}\b", written), name
    for name in REDUCTIONS:
        assert f"{name}_i" in written, name


def test_the_grammar_is_that_of_the_reader() -> None:
    assert GRAMMAR.strip() in PAGE
