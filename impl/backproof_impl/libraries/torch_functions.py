"""What PyTorch differentiates: functions that are not ours, and those of its own that are operations in files."""

import inspect
from collections.abc import Mapping, Sequence
from functools import partial, wraps
from typing import Any

import ml_dtypes
import numpy as np
import torch
import torch.nn.functional as F

from backproof_impl.adapters.autodiff import Differentiator, keywords


def vjp(function: Any, args: list[Any], cotangent: Any, by: tuple[int, ...]) -> Any:
    """The gradients that autograd finds: 0 where the value does not depend on an argument."""
    differentiated = [args[k].requires_grad_() for k in by]
    value = function(*args)
    pairs = zip(*([each] if isinstance(each, torch.Tensor) else each for each in (value, cotangent)), strict=True)
    depending = [(y, dy) for y, dy in pairs if y.requires_grad]
    if not depending:
        return [torch.zeros_like(x) for x in differentiated]
    outputs, cotangents = zip(*depending, strict=True)
    return torch.autograd.grad(outputs, differentiated, cotangents, allow_unused=True, materialize_grads=True)


# --- functions that are not ours --------------------------------------------------------------------------------------


def _tensor(A: Any) -> Any:
    """The tensor that lies where A does; NumPy's bfloat16 is one of two bytes that PyTorch reads as its own."""
    if any(step < 0 for step in A.strides):
        msg = "PyTorch has no tensors with negative strides"
        raise NotImplementedError(msg)
    short = A.dtype.name == "bfloat16"
    return torch.from_numpy(A.view(np.int16)).view(torch.bfloat16) if short else torch.from_numpy(A)


def _array(t: Any) -> Any:
    """The array that lies where a tensor does."""
    plain = t.detach().cpu()
    return plain.view(torch.int16).numpy().view(ml_dtypes.bfloat16) if t.dtype is torch.bfloat16 else plain.numpy()


def _own(function: Any) -> Any:
    """The ``torch.autograd.Function`` that a function is, or whose ``apply`` it is, if it is one."""
    found = getattr(function, "__self__", None) if getattr(function, "__name__", "") == "apply" else function
    return found if isinstance(found, type) and issubclass(found, torch.autograd.Function) else None


def _signature(function: Any) -> inspect.Signature:
    """Of a ``torch.autograd.Function`` that of its forward, without the context; of a module that of its own."""
    own = _own(function)
    if own is None:
        return inspect.signature(function.forward if isinstance(function, torch.nn.Module) else function)
    found, apart = inspect.signature(own.forward), own.setup_context is not torch.autograd.Function.setup_context
    return found if apart else found.replace(parameters=[*found.parameters.values()][1:])


def _called(function: Any, args: Sequence[Any], options: Mapping[str, float]) -> Any:
    """f(A, B, eps=…); ``apply`` takes no keywords: parameters stand in their places."""
    own = _own(function)
    if own is None:
        return keywords(function, args, options)
    given = _signature(own).bind(*args, **options)
    if options:
        given.apply_defaults()
    return own.apply(*given.args)


DIFFERENTIATOR = Differentiator(
    kind=torch.Tensor,
    name="torch.Tensor",
    tensor=_tensor,
    array=_array,
    vjp=vjp,
    called=_called,
    signature=_signature,
    applies=lambda each: _own(each) is not None,
    refused=("reversed",),
)


# --- ours -------------------------------------------------------------------------------------------------------------


def _where_taken(function: Any) -> Any:
    """The same; what PyTorch refuses to take, such as no entries or no room for a window, is declined."""

    @wraps(function)
    def called(*args: Any, **options: Any) -> Any:
        if not all(A.numel() for A in args):
            msg = "no entries"
            raise NotImplementedError(msg)
        try:
            return function(*args, **options)
        except RuntimeError as error:
            raise NotImplementedError(str(error).partition("\n")[0]) from None

    return called


def _since(version: str, function: Any) -> Any:
    """The same; a PyTorch before this version declines."""

    @wraps(function)
    def called(*args: Any, **options: Any) -> Any:
        try:
            return function(*args, **options)
        except (AttributeError, TypeError) as error:
            msg = f"PyTorch {torch.__version__} does not have it, {version} has"
            raise NotImplementedError(msg) from error

    return called


_ONE_LAYER = (True, 1, 0, False, False, False)
"""Of a recurrent network: with biases, one layer, no dropout, no training, one direction, time before the batch."""


def _lstm(w: Sequence[Any]) -> tuple[Any, ...]:
    """W, U and b of the four gates as PyTorch has them, which adds a second b."""
    W, U, b = (torch.cat(w[k : k + 4]) for k in (0, 4, 8))
    return W, U, b, torch.zeros_like(b)


def _gru(w: Sequence[Any]) -> tuple[Any, ...]:
    """W, U and b of a GRU's three as PyTorch has them: its second b is the c within the candidate alone."""
    *gates, c = w
    W, U, b = (torch.cat(gates[k : k + 3]) for k in (0, 3, 6))
    return W, U, b, torch.cat((torch.zeros_like(c), torch.zeros_like(c), c))


def _steps(found: tuple[Any, Any, Any]) -> tuple[Any, ...]:
    """Each step's output, and the last state, of what an LSTM returns."""
    outputs, _, state = found
    return *outputs.unbind(), state[0]


DEFINED: dict[str, Any] = {
    "absolute": torch.absolute,
    "add": torch.add,
    "attention": lambda *QKV: F.scaled_dot_product_attention(*(A[None] for A in QKV))[0],
    "avg_pool": _where_taken(lambda X, stride=2, k=2, pad=0: F.avg_pool1d(X, k, stride, pad)),
    "avg_pool2d": _where_taken(lambda X, stride=2, k=2, pad=0: F.avg_pool2d(X, k, stride, pad)),
    "batch_norm": _where_taken(  # its gradient is wrong where g is a strided view: docs/guide/findings.md
        lambda X, g, b, eps=1e-5: torch.batch_norm(X, g.clone(), b, None, None, True, 0, eps, False)  # noqa: FBT003
    ),
    "biased_attention": lambda Q, K, V, B: F.scaled_dot_product_attention(Q[None], K[None], V[None], B[None])[0],
    "bilinear": _where_taken(F.bilinear),
    "causal_attention": lambda *QKV: F.scaled_dot_product_attention(*(A[None] for A in QKV), is_causal=True)[0],
    "celu": F.celu,
    "concatenate": lambda A, B: torch.cat((A, B), dim=1),
    "conv1d": _where_taken(lambda X, W, z, stride=1, pad=0, dilation=1: F.conv1d(X, W, z, stride, pad, dilation)),
    "conv2d": _where_taken(
        lambda X, W, z, stride=1, pad=0, dilation=1: F.conv2d(X, W, z, stride, pad, dilation),
    ),
    "conv_transpose1d": _where_taken(lambda X, W, z, stride=1, pad=0: F.conv_transpose1d(X, W, z, stride, pad)),
    "conv_transpose2d": _where_taken(lambda X, W, z, stride=1, pad=0: F.conv_transpose2d(X, W, z, stride, pad)),
    "cos": torch.cos,
    "cumprod": partial(torch.cumprod, dim=1),
    "cumsum": partial(torch.cumsum, dim=1),
    "dense": F.linear,
    "depthwise_conv2d": _where_taken(
        lambda X, W, z, stride=1, pad=0: F.conv2d(X, W[:, None], z, stride, pad, groups=len(W))
    ),
    "elman_cell": lambda X, H, W, U, b: torch.rnn_tanh_cell(X, H, W, U, b, torch.zeros_like(b)),
    "elman_sequence": lambda X1, X2, X3, H, W, U, b: torch.rnn_tanh(
        torch.stack((X1, X2, X3)), H[None], (W, U, b, torch.zeros_like(b)), *_ONE_LAYER
    )[0].unbind(),
    "elu": F.elu,
    "embedding": lambda E, t: F.embedding(t, E),
    "exp": torch.exp,
    "expm1": torch.expm1,
    "flip": partial(torch.flip, dims=(1,)),
    "frobenius_norm": torch.linalg.matrix_norm,
    "gather": lambda X, t: X.gather(1, t[:, None])[:, 0],
    "gaussian_nll": lambda M, T, v: F.gaussian_nll_loss(M, T, v, eps=0, reduction="sum"),
    "gelu": F.gelu,
    "gelu_tanh": partial(F.gelu, approximate="tanh"),
    "glu": lambda A, B: F.glu(torch.cat((A, B), 1), 1),
    "group_norm": _where_taken(
        lambda X, g, b, eps=1e-5: torch.group_norm(X.flatten(1, 2), X.shape[1], g.flatten(), b.flatten(), eps).view_as(
            X
        )
    ),
    "grouped_conv2d": _where_taken(
        lambda X, W, z, stride=1, pad=0: F.conv2d(
            X.flatten(1, 2), W.flatten(0, 1), z.flatten(), stride, pad, groups=len(W)
        ).unflatten(1, W.shape[:2])
    ),
    "grouped_query_attention": _since(
        "2.5",
        lambda Q, K, V: F.scaled_dot_product_attention(Q.flatten(0, 1)[None], K[None], V[None], enable_gqa=True)[
            0
        ].unflatten(0, Q.shape[:2]),
    ),
    "gru_sequence": lambda X1, X2, H, *w: torch.gru(torch.stack((X1, X2)), H[None], _gru(w), *_ONE_LAYER)[0].unbind(),
    "hardshrink": lambda X, lam=0.5: F.hardshrink(X, lam),
    "hardswish": F.hardswish,
    "hardtanh": lambda X, low=-1, high=1: F.hardtanh(X, low, high),
    "huber": lambda Y, T, d=1: F.huber_loss(Y, T, reduction="sum", delta=d),
    "instance_norm": _where_taken(
        lambda X, g, b, eps=1e-5: torch.instance_norm(X, g, b, None, None, True, 0, eps, False)  # noqa: FBT003
    ),
    "l1_loss": F.l1_loss,
    "l1_norm": partial(torch.linalg.vector_norm, ord=1, dim=1),
    "l2_norm": partial(torch.linalg.vector_norm, dim=1),
    "l2_normalise": F.normalize,
    "layer_norm": lambda X, g, b, eps=1e-5: F.layer_norm(X, X.shape[1:], g, b, eps),
    "leaky_relu": lambda X, slope=0.01: F.leaky_relu(X, slope),
    "linear_cross_entropy": _since("2.13", lambda X, W, t: F.linear_cross_entropy(X, W, t, reduction="sum")),
    "log": torch.log,
    "log1p": torch.log1p,
    "log_softmax": partial(F.log_softmax, dim=1),
    "logit": torch.logit,
    "logsumexp": partial(torch.logsumexp, dim=1),
    "lstm_cell": lambda X, H, C, *w: torch.lstm_cell(X, (H, C), *_lstm(w)),
    "lstm_sequence": _where_taken(  # its gates are 0 in float32 where they are less than 2e-38: docs/guide/findings.md
        lambda X1, X2, H, C, *w: _steps(torch.lstm(torch.stack((X1, X2)), (H[None], C[None]), _lstm(w), *_ONE_LAYER))
    ),
    "masked_attention": lambda Q, K, V, M: F.scaled_dot_product_attention(Q[None], K[None], V[None], M[None] != 0)[0],
    "matmul": torch.matmul,
    "max_pool": _where_taken(lambda X, stride=2, k=2: F.max_pool1d(X, k, stride)),
    "max_pool2d": _where_taken(lambda X, stride=2, k=2: F.max_pool2d(X, k, stride)),
    "mish": F.mish,
    "mse_loss": F.mse_loss,
    "multiply": torch.mul,
    "nll_loss": lambda N, t: F.nll_loss(N, t, reduction="sum"),
    "outer": torch.outer,
    "pad": lambda X, before=1, after=2: F.pad(X, (before, after)),
    "poisson_nll": lambda X, y: F.poisson_nll_loss(X, y, reduction="sum"),
    "power": torch.pow,
    "prelu": F.prelu,
    "projection": F.linear,
    "reciprocal": torch.reciprocal,
    "reduce_max": partial(torch.amax, dim=1),
    "reduce_mean": partial(torch.mean, dim=1),
    "reduce_min": partial(torch.amin, dim=1),
    "reduce_sum": partial(torch.sum, dim=1),
    "relu6": F.relu6,
    "repeat_interleave": lambda X, times=2: X.repeat_interleave(times, dim=1),
    "reset_after_gru_cell": lambda X, H, *w: torch.gru_cell(X, H, *_gru(w)),
    "rms_norm": lambda X, g, eps=1e-6: F.rms_norm(X, X.shape[1:], g, eps),
    "roll": lambda X, shift=1: torch.roll(X, shift, dims=1),
    "rsqrt": torch.rsqrt,
    "scatter_add": lambda A, B, t: A.index_add(0, t, B),
    "segment_sum": lambda X, t, segments=3: X.new_zeros(segments, X.shape[1]).index_add(0, t, X),
    "select": lambda M, A, B: torch.where(M != 0, A, B),
    "selu": F.selu,
    "sigmoid": torch.sigmoid,
    "silu": F.silu,
    "sin": torch.sin,
    "smooth_l1": lambda Y, T, beta=1: F.smooth_l1_loss(Y, T, reduction="sum", beta=beta),
    "smoothed_cross_entropy": lambda Z, t, smooth=0.1: F.cross_entropy(Z, t, reduction="sum", label_smoothing=smooth),
    "softshrink": lambda X, lam=0.5: F.softshrink(X, lam),
    "softsign": F.softsign,
    "sparse_cross_entropy": lambda Z, t: F.cross_entropy(Z, t, reduction="sum"),
    "sqrt": torch.sqrt,
    "square": torch.square,
    "strided_slice": lambda X, start=1, stride=2: X[:, start::stride],
    "tanh": torch.tanh,
    "tanhshrink": F.tanhshrink,
    "threshold": lambda X, theta=0.5, value=-2: F.threshold(X, theta, value),
    "tile": lambda X, times=2: X.tile(1, times),
    "transpose": torch.t,
    "upsample_nearest": _where_taken(lambda X, factor=2: F.interpolate(X, scale_factor=factor)),
    "variance": lambda X, correction=1: X.var(dim=1, correction=correction),
    "weight_norm": _where_taken(  # no rows end the process: a division by zero, and backward a failed check
        lambda V, g: torch._weight_norm(V, g[:, None])  # noqa: SLF001 - what its module calls
    ),
    "weighted_cross_entropy": lambda Z, t, w, keep, smooth=0.1: F.cross_entropy(
        Z, t.where(keep != 0, -100), w, reduction="sum", label_smoothing=smooth
    ),
}
