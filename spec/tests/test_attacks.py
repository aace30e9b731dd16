"""Every attack on the kernel is refused by the guard it names, and its twin, the same done rightly, is not."""

import pytest
from attacks import ATTACKS, refusal

pytestmark = pytest.mark.no_cover  # see CONTRIBUTING

ITEMS = (
    "capture",
    "an eigenvariable in the hypotheses",
    "moving an index-dependent factor out of a sum",
    "contracting a delta across dimensions",
    "empty ranges",
    "x/x = 1",
    "cancelling without ≠ 0",
    "log(ab) = log a + log b without positivity",
    "√(x²) = x",
    "any value for relu′(0)",
    "∂1[x ≥ 0] = 0 unconditionally",
    "a total product rule",
    "rewriting under ∂ with an inequality",
    "constants that are not constant",
    "tied variables",
    "dropped hypotheses",
    "transposed results",
    "contradictory hypotheses",
    "forged theorem",
    "mutated theorem",
    "hostile __eq__",
    "subclassed tuple",
    "bool or float as a number",
    "loose bound index",
    "an edited proof file",
)
"""What design §7.4 says must be refused."""

every_attack = pytest.mark.parametrize("name", ATTACKS)


@every_attack
def test_an_attack_is_refused_by_the_guard_it_names(name):
    by, attack, _ = ATTACKS[name]
    assert refusal(attack) == by


@every_attack
def test_the_twin_of_an_attack_is_accepted(name):
    _, _, twin = ATTACKS[name]
    assert refusal(twin) is None


@pytest.mark.parametrize("item", ITEMS)
def test_every_item_of_the_design_is_attacked(item):
    assert [name for name in ATTACKS if name.startswith(item)]
