"""MyGrad: mygrad.nnet. ReLU′(0) is 0; labels are class numbers and losses means over the batch."""

from functools import partial
from typing import Any

import mygrad as mg
from mygrad import nnet

from backproof_impl.adapters.autodiff import Library
from backproof_impl.conventions import Conventions, Limits


def vjp(function: Any, args: list[Any], cotangent: Any) -> tuple[Any, Any]:
    """The value, and the gradients that backward leaves in its arguments."""
    value = function(*args)
    value.backward(cotangent)
    return value, [x.grad for x in args]


FORWARD: dict[str, Any] = {
    "linear": lambda W, Y, b: mg.matmul(Y, W.T) + b,
    "relu": nnet.relu,
    "softmax": nnet.softmax,
    "cross_entropy": lambda S, P: -mg.log(S[range(len(P)), P.data]).mean(),
    "softmax_cross_entropy": nnet.softmax_crossentropy,
}
LIBRARY = Library(mg.tensor, mg.asarray, vjp, FORWARD)
declared = partial(Conventions, layout="batch-first", labels="index", reduction="mean", relu_at_zero=0)
LIMITS = Limits(batch=1, logit=8)
TARGET = LIBRARY.target(declared(limits=LIMITS))
VARIANTS = {
    "softmax": LIBRARY.target(declared(limits=Limits(batch=1)), softmax=nnet.softmax),
    "maximum": LIBRARY.target(declared(limits=LIMITS), relu=lambda Z: mg.maximum(Z, 0)),
    "nll": LIBRARY.target(declared(limits=LIMITS), softmax_cross_entropy=lambda Z, P: nnet.negative_log_likelihood(nnet.logsoftmax(Z), P)),
}
