"""Backproof: is this gradient right, for every shape and every input, and how do you know?

Names are imported when they are first used: a target that declares its conventions need not load the judge.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from backproof.checking import check as check
    from backproof.defining import operation as operation
    from backproof.grading import grade as grade
    from backproof.shown import Interrupted as Interrupted
    from backproof.shown import Refutation as Refutation
    from backproof.shown import Report as Report
    from backproof_impl.conventions import Conventions as Conventions
    from backproof_impl.conventions import Limits as Limits
    from backproof_impl.conventions import UsageError as UsageError
    from backproof_impl.isolation import Program as Program
    from backproof_impl.wrapping.bias_shape import bias_shape as bias_shape
    from backproof_impl.wrapping.differentiable import from_jax as from_jax
    from backproof_impl.wrapping.differentiable import from_torch as from_torch
    from backproof_impl.wrapping.forward_backward import from_forward_backward as from_forward_backward
    from backproof_impl.wrapping.per_sample import per_sample as per_sample
    from backproof_impl.wrapping.update import from_update as from_update

__version__ = "0.1.0"

_HOME = {
    "Conventions": "backproof_impl.conventions",
    "Interrupted": "backproof.shown",
    "Limits": "backproof_impl.conventions",
    "Program": "backproof_impl.isolation",
    "Refutation": "backproof.shown",
    "Report": "backproof.shown",
    "UsageError": "backproof_impl.conventions",
    "bias_shape": "backproof_impl.wrapping.bias_shape",
    "check": "backproof.checking",
    "from_forward_backward": "backproof_impl.wrapping.forward_backward",
    "from_jax": "backproof_impl.wrapping.differentiable",
    "from_torch": "backproof_impl.wrapping.differentiable",
    "from_update": "backproof_impl.wrapping.update",
    "grade": "backproof.grading",
    "operation": "backproof.defining",
    "per_sample": "backproof_impl.wrapping.per_sample",
}
__all__ = tuple(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        msg = f"module 'backproof' has no attribute {name!r}; it has {', '.join(_HOME)}"
        raise AttributeError(msg)
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return [*_HOME, "__version__"]
