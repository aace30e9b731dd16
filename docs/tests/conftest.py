"""What the tests of reports share: a report of every kind, made by the suite itself on a few examples."""

import numpy as np
import pytest

import backproof
from backproof_impl import reference as R

EXAMPLES = 20


def _raises(_):
    msg = "bad [red]markup[/red] \x1b[31m<&> \x00\nsecond line"
    raise ValueError(msg)


def _report(target, *claims, **options):
    return backproof.check(target, operations=claims, **{"examples": EXAMPLES, "seed": 1, **options})


@pytest.fixture(scope="session")
def report():
    """Make a report of a target on some claims."""
    return _report


@pytest.fixture(scope="session")
def reports():
    """One report of each kind, by name."""
    return {
        "passing": _report(R, "relu", "kron", examples=5),
        "refuted": _report({"relu_vjp": lambda Z, dY: dY * (Z > 0)}, "relu.dZ"),
        "unsupported": _report({"relu": R.relu}, "linear.dW"),
        "error": _report({"relu": _raises}, "relu.forward"),
        "overflow": _report({"relu": lambda Z: np.full_like(Z, np.nan)}, "relu.forward"),
        "networks": _report({"network_gradients": lambda *_: {"dW": []}}, "network.dW", "network.forward", examples=2),
        "dtypes": _report(R, "relu.dZ", "softmax.forward", dtypes=["float16", "bfloat16"], examples=5),
    }
