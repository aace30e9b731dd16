"""MyGrad: mygrad.nnet. ReLU′(0) is 0; labels are class numbers and losses means over the batch."""

from functools import partial
from typing import Any

import mygrad as mg
from mygrad import nnet

from backproof_impl.adapters.autodiff import Library
from backproof_impl.conventions import Conventions, Limits


def vjp(function: Any, args: list[Any], cotangent: Any, by: tuple[int, ...]) -> Any:
    """The gradients that backward leaves in the arguments."""
    function(*args).backward(cotangent)
    return [args[k].grad for k in by]


FORWARD: dict[str, Any] = {
    "linear": lambda W, Y, b: mg.matmul(Y, W.T) + b,
    "relu": nnet.relu,
    "softmax": nnet.softmax,
    "cross_entropy": lambda S, P: -mg.log(S[range(len(P)), P.data]).mean(),
    "softmax_cross_entropy": nnet.softmax_crossentropy,
}
NLL = {"softmax_cross_entropy": lambda Z, P: nnet.negative_log_likelihood(nnet.logsoftmax(Z), P)}
LIBRARY = Library(mg.tensor, mg.asarray, vjp, FORWARD)
declared = partial(Conventions, layout="batch-first", labels="index", reduction="mean", relu_at_zero=0)
limits = partial(Limits, dtypes=("float64", "float32", "float16"), batch=1)
safe = limits(logit=8)  # logsoftmax is z − logsumexp z, off by u·max|z|: that drowns log Σ where every z is large
double = limits(dtypes=("float64",), logit=8)  # negative_log_likelihood and mg.maximum(Z, 0) are float64 whatever Z is
TARGET = LIBRARY.target(declared(limits=safe))
VARIANTS = {
    "softmax": LIBRARY.target(declared(limits=limits()), softmax=nnet.softmax),
    "nll": LIBRARY.target(declared(limits=double), **NLL),
    "maximum": LIBRARY.target(declared(limits=double), relu=lambda Z: mg.maximum(Z, 0)),
}
