"""PyTorch: torch.nn.functional under autograd. ReLU′(0) is 0, but 1/2 or 1 in other spellings."""

from functools import partial

import torch
import torch.nn.functional as F

from backproof_impl.adapters.autodiff import Library
from backproof_impl.conventions import Conventions, Limits
from backproof_impl.libraries.torch_functions import DEFINED, vjp
from backproof_impl.wrapping.differentiable import every

LIBRARY = Library(
    tensor=lambda A: torch.tensor(A.astype(float)).to(getattr(torch, A.dtype.name)),  # torch reads no NumPy bfloat16
    array=lambda t: t.detach().double().numpy().astype(str(t.dtype)[len("torch.") :]),
    vjp=vjp,
    forward={
        "linear": lambda W, Y, b: F.linear(Y, W, b),
        "relu": F.relu,
        "softmax": partial(F.softmax, dim=1),
        "cross_entropy": lambda S, P: -(P[P != 0] * S[P != 0].log()).sum(),  # torch.xlogy's gradient at (0, 0) is nan
        "softmax_cross_entropy": partial(F.cross_entropy, reduction="sum"),
    },
)
declared = partial(Conventions, layout="batch-first", relu_at_zero=0)
TARGET = {**LIBRARY.target(declared()), **every("pytorch", DEFINED)}
safe = declared(limits=Limits(dtypes=("float64",), logit=350))  # beyond gaps of 708 e^(z − max z) underflows: log 0
VARIANTS = {
    "maximum": LIBRARY.target(declared(relu_at_zero=0.5), relu=lambda Z: Z.maximum(torch.zeros_like(Z))),
    "clamp": LIBRARY.target(declared(relu_at_zero=1), relu=partial(torch.clamp, min=0)),
    "where": LIBRARY.target(declared(), relu=lambda Z: Z.where(Z > 0, 0)),
    "index": LIBRARY.target(declared(labels="index", reduction="mean"), softmax_cross_entropy=F.cross_entropy),
    "unfused": LIBRARY.target(safe, softmax_cross_entropy=lambda Z, P: -(P * Z.softmax(1).log()).sum()),
}
