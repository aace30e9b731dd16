"""PyTorch: torch.nn.functional under autograd. ReLU′(0) is 0; labels are distributions, normalised or not."""

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from backproof_impl.conventions import Conventions
from backproof_impl.target import FUNCTIONS

CONVENTIONS = Conventions(layout="batch-first", relu_at_zero=0)
FORWARD = {
    "linear": lambda W, Y, b: F.linear(Y, W, b),
    "relu": F.relu,
    "softmax": lambda Z: F.softmax(Z, dim=1),
    "cross_entropy": lambda S, P: -torch.special.xlogy(P, S).sum(),
    "softmax_cross_entropy": lambda Z, P: F.cross_entropy(Z, P, reduction="sum"),
}


def tensor(A: Any) -> Any:
    """The tensor of A; bfloat16 by way of float32, which torch and NumPy share."""
    return (torch.tensor(A.astype(np.float32)).bfloat16() if A.dtype.name == "bfloat16" else torch.tensor(A)).requires_grad_()


def arrays(tensors: Any, dtype: Any) -> list[Any]:
    """The arrays of the tensors."""
    return [(t.float() if t.dtype == torch.bfloat16 else t).detach().numpy().astype(dtype) for t in tensors]


def vjp(name: str, *args: Any) -> Any:
    """The gradients autograd finds: with respect to every input, or to the first where the output is the loss."""
    *x, g = [*map(tensor, args), None] if name.endswith("entropy") else map(tensor, args)
    grads = torch.autograd.grad(FORWARD[name](*x), x[:1] if g is None else x, g)
    found = arrays(grads, args[0].dtype)
    return found[0] if len(found) == 1 else tuple(found)


def network_gradients(weights: Any, biases: Any, X: Any, P: Any) -> dict[str, Any]:
    """A multi-layer perceptron, differentiated by autograd."""
    Ws, bs, x = [tensor(W) for W in weights], [tensor(b) for b in biases], tensor(X)
    Z = F.linear(x, Ws[0], bs[0])
    for W, b in zip(Ws[1:], bs[1:], strict=True):
        Z = F.linear(F.relu(Z), W, b)
    loss = F.cross_entropy(Z, tensor(P), reduction="sum")
    dX, *grads = arrays(torch.autograd.grad(loss, [x, *Ws, *bs]), X.dtype)
    return {"loss": loss.item(), "dX": dX, "dW": grads[: len(Ws)], "db": grads[len(Ws) :]}
