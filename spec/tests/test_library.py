"""Every built-in operation: its claims hold in numbers, and what is claimed wrongly is refuted."""

import pytest

from backproof_spec.language.proving import refuted
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
