"""coverage: every regime is drawn at default settings, for every claim that it concerns; and is told rightly."""

import numpy as np
import pytest
from few import few

from backproof_impl.conventions import Conventions
from backproof_properties.contract import Usage
from backproof_properties.coverage import REGIMES, held
from backproof_properties.drawing import drawn
from backproof_properties.results import Link
from backproof_properties.subject import Domain
from backproof_properties.suite import PROPERTIES
from backproof_properties.tasks import Task
from backproof_spec.rounding.formats import FORMATS

LINKS = [each for each in PROPERTIES if each.link is Link.IMPLEMENTATION]
DOMAIN = Domain("float64", Conventions())


@pytest.mark.no_cover
@pytest.mark.parametrize(
    "each",
    few(LINKS, lambda each: each.claim in {"relu.dZ", "softmax_cross_entropy.dZ", "network.dX"}),
    ids=lambda each: each.claim,
)
def test_every_regime_is_drawn_at_default_settings(each):
    examples = drawn(each, DOMAIN, Task(PROPERTIES.index(each), "float64", 100, 1))
    found = {name for case, usage in examples for name in held(each.claim, case, usage, DOMAIN.format)}
    assert [regime.name for regime in REGIMES if regime.concerns(each.claim) and regime.name not in found] == []


def test_every_regime_concerns_a_claim_and_has_a_name_of_its_own():
    assert len({regime.name for regime in REGIMES}) == len(REGIMES)
    assert [regime.name for regime in REGIMES if not any(regime.concerns(each.claim) for each in LINKS)] == []


def _held(claim, usage=None, form="float64", **case):
    return set(held(claim, {name: np.array(A) for name, A in case.items()}, usage or Usage(), FORMATS[form]))


LOGITS = {
    "logits equal": [[2.0], [2.0]],
    "gap of 11 to 20": [[-6.0], [5.0]],
    "gap of 88 to 110": [[0.0], [100.0]],
    "gap of 700 to 1000": [[750.0], [0.0]],
    "gap of 10⁴ to 10²⁰": [[1e15], [0.0]],
    "gap of 10²⁰ and more": [[1e30], [0.0]],
    "common offset": [[1e15], [1e15 + 1]],
}


@pytest.mark.parametrize("name", LOGITS)
def test_logits(name):
    found = _held("softmax.dZ", Z=LOGITS[name], dS=[[1.0], [2.0]])
    assert found & LOGITS.keys() == {name}


def test_masks():
    found = _held("softmax.forward", Z=[[-np.inf], [1.0]])
    assert found & {"−inf", "near overflow"} == {"−inf"}
    for claim in ("relu.forward", "relu.dZ", "softmax_cross_entropy.forward"):
        assert "−inf" not in _held(claim, Z=[[-np.inf]], dY=[[1.0]], P=[[1.0]])


def test_values_sizes_and_usages():
    plain = _held("relu.dZ", Z=[[1.0, 2.0]], dY=[[3.0, 4.0]])
    assert plain == set()
    assert _held("relu.dZ", Z=[[0.0]], dY=[[-0.0]]) == {"+0", "−0", "one sample"}
    assert _held("relu.dZ", Z=[[1.0, 1.0]], dY=[[5e-324, 1e308]]) == {"ties", "subnormal", "near overflow"}
    assert "subnormal" in _held("relu.dZ", form="float16", Z=[[1e-7, 1.0]], dY=[[3.0, 4.0]])
    assert _held("relu.dZ", Z=np.ones((0, 3)), dY=np.ones((0, 3))) == {"a size of 0"}
    many = np.arange(1.0, 101.0)[None]
    assert _held("relu.dZ", Z=many, dY=many) == {"65 to 127 samples", "a size of 64 and more"}
    usage = Usage("broadcast", 1, history=True, stale=True, integers=True)
    said = {"stride of 0", "after other calls", "stale forward pass", "integers"}
    assert _held("relu.dZ", usage, Z=[[1.0, 2.0]], dY=[[3.0, 4.0]]) == said


def test_labels_and_layers():
    labels = {"one-hot", "ΣP = 1, soft", "ΣP ≠ 1", "ΣP = 0"}
    for name, P in {
        "one-hot": [[1.0], [0.0]],
        "ΣP = 1, soft": [[0.5], [0.5]],
        "ΣP ≠ 1": [[2.0], [0.0]],
        "ΣP = 0": [[0.0], [0.0]],
    }.items():
        assert _held("cross_entropy.dS", S=[[0.5], [0.5]], P=P) & labels == {name}
    case = {"weights": [np.eye(2)] * 5, "biases": [np.ones(2)] * 5, "X": np.ones((2, 3)), "P": np.ones((2, 3))}
    found = set(held("network.dW", case, Usage("shared"), FORMATS["float64"]))
    assert {"4 layers and more", "one array twice", "logits equal", "ties"} <= found
    assert not {"1 layer", "2 layers", "3 layers"} & found
