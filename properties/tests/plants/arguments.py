"""Arguments changed in place, results that share memory with arguments or with each other."""

from __future__ import annotations

from plants import (
    FUSED,
    LINEAR,
    LOG_SOFTMAX,
    LOSS,
    RELU,
    RELU_VJP,
    RESULT,
    SOFTMAX,
    Plant,
    linear_vjp,
    lines,
    top,
)

_DIVIDED = "return E / E.sum(axis=0)"

IN_PLACE: tuple[Plant, ...] = (
    Plant(
        "logits_shifted_in_place",
        "softmax subtracts the maximum from its argument itself",
        ((SOFTMAX, lines("Z -= Z.max(axis=0)", "E = np.exp(Z)", _DIVIDED)),),
        ("softmax.forward",),
        "changes-input",
    ),
    Plant(
        "logits_of_the_loss_shifted_in_place",
        "the fused loss subtracts the maximum from its argument itself",
        ((LOG_SOFTMAX, LOG_SOFTMAX.replace("shifted = Z - Z.max(axis=0)", "Z -= Z.max(axis=0)\n    shifted = Z")),),
        ("softmax_cross_entropy.forward",),
        "changes-input",
    ),
    Plant(
        "logits_of_the_gradient_shifted_in_place",
        "the fused gradient subtracts the maximum from its argument itself",
        ((FUSED, lines("Z -= Z.max(axis=0)", FUSED)),),
        ("softmax_cross_entropy.dZ",),
        "changes-input",
    ),
    Plant(
        "cotangent_masked_in_place",
        "relu_vjp writes zeros into dY itself and returns a copy",
        ((RELU_VJP, lines("dY[Z < 0] = 0", "return dY.copy()")),),
        ("relu.dZ", "chain.rule"),
        "changes-input",
    ),
    Plant(
        "weights_decayed_in_place",
        "linear_vjp applies weight decay to W itself",
        (linear_vjp("W *= W.dtype.type(0.999)"),),
        ("linear.dW",),
        "changes-input",
    ),
    Plant(
        "bias_reshaped_in_place",
        "linear turns b itself into a column",
        ((LINEAR, lines("b.shape = (b.size, 1)", "return _product(W, Y) + b")),),
        ("linear.forward", "network.forward"),
        "changes-input",
    ),
    Plant(
        "input_rectified_in_place",
        "linear applies ReLU to Y itself, taking it for a pre-activation",
        ((LINEAR, lines("np.maximum(Y, 0, out=Y)", LINEAR)),),
        ("linear.forward",),
        "changes-input",
    ),
    Plant(
        "loss_scale_undone_in_place",
        "linear_vjp divides dZ itself by the loss scale of mixed precision",
        (linear_vjp("dZ /= 1024", db="dZ.sum(axis=1) * 1024"),),
        ("linear.db",),
        "changes-input",
    ),
    Plant(
        "probabilities_raised_in_place",
        "the loss replaces zeros in S itself by the smallest normal number",
        ((LOSS, lines("S[S == 0] = np.finfo(S.dtype).smallest_normal", LOSS)),),
        ("cross_entropy.forward",),
        "changes-input",
    ),
    Plant(
        "labels_overwritten",
        "the fused gradient is computed in the memory of the labels",
        ((FUSED, lines("np.subtract(softmax(Z) * P.sum(axis=0), P, out=P)", "return P.copy()")),),
        ("softmax_cross_entropy.dZ", "network.dX"),
        "changes-input",
    ),
    Plant(
        "descent_in_the_list",
        "network_gradients takes the step of gradient descent too, in the list of weights it was given",
        ((RESULT, lines("weights[:] = [W - 0.1 * dW for W, dW in zip(weights, dWs[::-1])]", RESULT)),),
        ("network.dW",),
        "changes-input",
    ),
    Plant(
        "biases_decayed_in_place",
        "network_gradients applies weight decay to the biases themselves",
        ((RESULT, lines("for b in biases:", "    b *= 0.999", RESULT)),),
        ("network.db",),
        "changes-input",
    ),
    Plant(
        "dx_written_into_x",
        "dX is computed in the memory of X",
        ((RESULT, lines("X[...] = dY", RESULT.replace('"dX": dY', '"dX": X.copy()'))),),
        ("network.dX",),
        "changes-input",
    ),
)

SHARED: tuple[Plant, ...] = (
    Plant(
        "db_is_a_view_of_dz",
        "for one sample db is a column of dZ, not a copy of it",
        (linear_vjp(db="dZ[:, 0] if dZ.shape[1] == 1 else dZ.sum(axis=1)"),),
        ("linear.db",),
        "aliasing",
    ),
    Plant(
        "relu_returns_its_input",
        "relu returns Z itself where nothing is negative",
        ((RELU, lines("if (Z >= 0).all():", "    return Z", RELU)),),
        ("relu.forward",),
        "aliasing",
    ),
    Plant(
        "softmax_in_a_kept_buffer",
        "softmax writes into a buffer kept for each shape: a second call overwrites the first result",
        (
            top("_BUFFERS = {}"),
            (
                SOFTMAX,
                lines(
                    "E = np.exp(Z - Z.max(axis=0))",
                    "kept = _BUFFERS.setdefault((Z.shape, Z.dtype), np.empty(Z.shape, Z.dtype))",
                    "return np.divide(E, E.sum(axis=0), out=kept)",
                ),
            ),
        ),
        ("softmax.forward",),
        "reused-buffer",
    ),
    Plant(
        "dw_in_a_kept_buffer",
        "dW is written into a buffer kept for each shape: layers of equal shape overwrite each other's",
        (
            top("_BUFFERS = {}"),
            linear_vjp(
                "kept = _BUFFERS.setdefault((W.shape, dZ.dtype), np.empty(W.shape, dZ.dtype))",
                "kept[...] = _product(dZ, Y.T)",
                dW="kept",
            ),
        ),
        ("linear.dW", "network.dW"),
        "reused-buffer",
    ),
)

MISTAKES: tuple[Plant, ...] = (*IN_PLACE, *SHARED)
