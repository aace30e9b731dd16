"""PyTorch: torch.nn.functional under autograd. ReLU′(0) is 0; labels are distributions, normalised or not."""

from functools import partial
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from backproof_impl.conventions import Conventions

FORWARD: dict[str, Any] = {
    "linear": lambda W, Y, b: F.linear(Y, W, b),
    "relu": F.relu,
    "softmax": partial(F.softmax, dim=1),
    "cross_entropy": lambda S, P: -(P[P != 0] * S[P != 0].log()).sum(),  # xlogy's gradient at (0, 0) is nan
    "softmax_cross_entropy": partial(F.cross_entropy, reduction="sum"),
}


def tensor(A: Any) -> Any:
    """A as a leaf; bfloat16 by way of float32, which torch and NumPy share."""
    bfloat16 = A.dtype.name == "bfloat16"
    return (torch.tensor(A.astype(np.float32)).bfloat16() if bfloat16 else torch.tensor(A)).requires_grad_()


def array(t: Any, dtype: Any) -> Any:
    """The array of a tensor."""
    return (t.float() if t.dtype == torch.bfloat16 else t).detach().numpy().astype(dtype)


def forward(name: str, *args: Any) -> Any:
    """The value."""
    return array(FORWARD[name](*map(tensor, args)), args[0].dtype)


def vjp(name: str, *args: Any) -> Any:
    """The gradients autograd finds: of every input, or of the first where the output is the loss (no cotangent)."""
    *x, g = [*map(tensor, args), None] if name.endswith("entropy") else map(tensor, args)
    grads = torch.autograd.grad(FORWARD[name](*x), x[:1] if g is None else x, g)
    return array(grads[0], args[0].dtype) if len(grads) == 1 else tuple(array(t, args[0].dtype) for t in grads)


def network_gradients(weights: Any, biases: Any, X: Any, P: Any) -> dict[str, Any]:
    """A multi-layer perceptron, differentiated by autograd."""
    Ws, bs, x = [tensor(W) for W in weights], [tensor(b) for b in biases], tensor(X)
    Z = F.linear(x, Ws[0], bs[0])
    for W, b in zip(Ws[1:], bs[1:], strict=True):
        Z = F.linear(F.relu(Z), W, b)
    loss = F.cross_entropy(Z, tensor(P), reduction="sum")
    dX, *grads = [array(t, X.dtype) for t in torch.autograd.grad(loss, [x, *Ws, *bs])]
    return {"loss": array(loss, X.dtype), "dX": dX, "dW": grads[: len(Ws)], "db": grads[len(Ws) :]}


TARGET = {
    **{name: partial(forward, name) for name in FORWARD},
    **{f"{name}_vjp": partial(vjp, name) for name in FORWARD},
    "network_gradients": network_gradients,
    "CONVENTIONS": Conventions(layout="batch-first", relu_at_zero=0),
}
