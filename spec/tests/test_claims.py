"""claims: the spine is consistent, and its ids are stable."""

from backproof_spec.claims import CLAIM_IDS, CLAIMS, NOTES


def test_ids_are_the_published_ones():
    assert CLAIM_IDS == (
        "kron.vec",
        "chain.scalar",
        "chain.rule",
        "linear.forward",
        "linear.dY",
        "linear.dW",
        "linear.db",
        "relu.forward",
        "relu.dZ",
        "softmax.forward",
        "softmax.dZ",
        "cross_entropy.forward",
        "cross_entropy.dS",
        "softmax_cross_entropy.forward",
        "softmax_cross_entropy.dZ",
        "network.forward",
        "network.dX",
        "network.dW",
        "network.db",
    )


def test_every_claim_is_of_an_operation_and_every_operation_is_claimed():
    assert {claim.operation for claim in CLAIMS} == NOTES.keys()


def test_every_note_is_covered_but_the_figures_and_the_notation():
    assert {claim.notes for claim in CLAIMS} == {"N1", "N2", "N3", "N5", "N6", "N7", "N8"}
