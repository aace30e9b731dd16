"""The formula that is shown is that of the declared conventions."""

import pytest

from backproof_docs.stated import stated
from backproof_impl.conventions import Conventions
from backproof_spec.claims import CLAIMS


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.id)
def test_under_the_conventions_of_the_notes_it_is_that_of_the_notes(claim):
    assert stated(claim.id, Conventions().declared()) == claim.formula


@pytest.mark.parametrize(
    ("claim", "declared", "formula"),
    [
        ("relu.dZ", {"relu_at_zero": 0}, "δZ = δY∘1[Z > 0]"),
        ("relu.dZ", {"relu_at_zero": 0.5}, "δZ = δY∘(1[Z > 0] + 0.5·1[Z = 0])"),
        ("network.dX", {"relu_at_zero": 0}, "δY_{l−1} = W_lᵀ·(δY_l∘1[Z_l > 0])"),
        ("softmax_cross_entropy.dZ", {"unnormalised_labels": "fused"}, "δZ = S − P"),
        ("softmax_cross_entropy.dZ", {"reduction": "mean"}, "δZ = (S·ΣP − P)/p"),
        ("softmax_cross_entropy.dZ", {"reduction": "mean", "unnormalised_labels": "fused"}, "δZ = (S − P)/p"),
        ("cross_entropy.forward", {"reduction": "mean"}, "L = (−Σ P·log S)/p"),
        ("cross_entropy.dS", {"reduction": "mean", "scale": {"dS": -1}}, "δS = −((−P/S)/p)"),
        (
            "network.forward",
            {"reduction": "mean"},
            "Y_l = ReLU(W_l·Y_{l−1} + b_l·1ᵀ), and L, the mean over the samples",
        ),
        ("network.forward", {"scale": {"loss": 2}}, "Y_l = ReLU(W_l·Y_{l−1} + b_l·1ᵀ), and L, times 2"),
        ("network.dW", {"scale": {"dW": -1}}, "δW_l = −(δZ_l·Y_{l−1}ᵀ)"),
        ("linear.dW", {"scale": {"dW": "1/batch"}}, "δW = (δZ·Yᵀ)/p"),
        ("linear.db", {"scale": {"db": "batch"}}, "δb = p·(δZ·1)"),
        ("linear.forward", {"scale": {"Z": 0.5}}, "Z = 0.5·(W·Y + b·1ᵀ)"),
        ("linear.db", {"scale": {"dW": -1}, "reduction": "mean", "relu_at_zero": 0}, "δb = δZ·1"),
    ],
)
def test_under_other_conventions(claim, declared, formula):
    assert stated(claim, Conventions(**declared).declared()) == formula
