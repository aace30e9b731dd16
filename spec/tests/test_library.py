"""Every built-in operation: its claims hold in numbers, and what is claimed wrongly is refuted."""

import pytest

from backproof_spec.calculus import limits
from backproof_spec.language.deriving import prove
from backproof_spec.language.proving import refuted
from backproof_spec.language.reverse import derived
from backproof_spec.language.syntax import Gradient, Multiply, Negate, Number
from backproof_spec.library import built_in, operation

CLAIMS = [
    (name, gradient) for name in built_in() for gradient in operation(name).gradients if gradient.claimed is not None
]


@pytest.mark.parametrize(("name", "gradient"), CLAIMS, ids=lambda each: each if isinstance(each, str) else each.name)
def test_a_claim_holds_and_its_false_twins_do_not(name: str, gradient: Gradient) -> None:
    """−g, and 2·g, are refuted at values at which the gradient is not 0."""
    assert refuted(operation(name), gradient) is None
    for twin in (Negate(gradient.claimed), Multiply(Number(2), gradient.claimed)):
        found = refuted(operation(name), Gradient(gradient.name, gradient.indices, twin))
        assert found is not None
        assert found.derivative != found.claimed


UNPROVED = {("max_pool", "X"), ("causal_attention", "Q"), ("causal_attention", "K")}
"""What the kernel has no rules for yet: a largest entry, and Σ M·exp A > 0 for a mask M."""


@pytest.mark.parametrize(
    ("name", "gradient"),
    [
        (name, gradient)
        for name in built_in()
        for gradient in derived(operation(name)).gradients
        if (name, gradient.name) not in UNPROVED
    ],
    ids=lambda each: each if isinstance(each, str) else each.name,
)
def test_a_gradient_is_proved_for_all_shapes(name: str, gradient: Gradient) -> None:
    """Within the steps of the definitions."""
    with limits.within(60):
        derivation = prove(derived(operation(name)), gradient)
    assert derivation.theorem.conclusion[0] == "deriv"
    assert derivation.theorem.conclusion[1] == gradient.name
