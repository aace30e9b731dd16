"""How functions are called: arguments changed, memory shared, state kept, memory layouts misread, shapes and dtypes."""

from __future__ import annotations

from backproof_properties.planted import (
    CLASS_NUMBERS,
    FUSED,
    FUSED_LOSS,
    IMPORT,
    LINEAR,
    LOG_SOFTMAX,
    LOSS,
    LOSS_VJP,
    RELU,
    RELU_VJP,
    RESULT,
    SOFTMAX,
    SOFTMAX_VJP,
    Plant,
    declared,
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
                "kept = _BUFFERS.setdefault((W.shape, W.dtype), np.empty(W.shape, W.dtype))",
                "kept[...] = _product(dZ, Y.T)",
                dW="kept",
            ),
        ),
        ("linear.dW", "network.dW"),
        "reused-buffer",
    ),
)

SHAPES_AND_DTYPES: tuple[Plant, ...] = (
    Plant(
        "mask_in_float64",
        "the mask is an array of float64, which makes a float32 gradient float64",
        ((RELU_VJP, "return dY * np.where(Z >= 0, 1.0, 0.0)"),),
        ("relu.dZ", "chain.rule"),
        "other-dtype",
        dtype="float32",
    ),
    Plant(
        "db_in_float32",
        "db is returned in float32, the default of frameworks",
        (linear_vjp(db="dZ.sum(axis=1).astype(np.float32)"),),
        ("linear.db",),
        "narrow-precision",
    ),
    Plant(
        "db_keeps_its_dimension",
        "db is a column (m, 1): keepdims",
        (linear_vjp(db="dZ.sum(axis=1, keepdims=True)"),),
        ("linear.db", "network.db"),
        # no cause: the message gives both shapes
    ),
    Plant(
        "db_of_every_sample",
        "db = dZ: the formula for one sample, without the sum over the batch",
        (linear_vjp(db="dZ.copy()"),),
        ("linear.db",),
        # no cause: the message gives both shapes
    ),
    Plant(
        "dw_squeezed",
        "dW loses its dimensions of size one: squeeze",
        (linear_vjp(dW="_product(dZ, Y.T).squeeze()"),),
        ("linear.dW",),
        # no cause: the message gives both shapes
    ),
    Plant(
        "dw_transposed",
        "dW = Y·dZᵀ",
        (linear_vjp(dW="_product(Y, dZ.T)"),),
        ("linear.dW",),
        "transposed",
    ),
    Plant(
        "loss_of_each_sample",
        "the losses of the samples are returned, not their sum",
        ((FUSED_LOSS, "return -np.where(P != 0, P * log_S, 0).sum(axis=0)"),),
        ("softmax_cross_entropy.forward", "network.forward"),
        # no cause: the message gives the shape
    ),
    Plant(
        "class_numbers_as_a_mask",
        "class numbers of uint8 are taken for a mask, as indexing with such tensors once did",
        (
            declared('labels="index"'),
            *CLASS_NUMBERS,
            (
                FUSED,
                lines(
                    "P = P.astype(bool).astype(int) if P.dtype == np.uint8 else P",
                    "return softmax(Z) - np.eye(len(Z), dtype=Z.dtype)[:, P]",
                ),
            ),
        ),
        ("softmax_cross_entropy.dZ",),
        # no cause: the usage shown tells
        examples=60,
    ),
    Plant(
        "class_numbers_from_one",
        "class numbers are taken to begin at one",
        (
            declared('labels="index"'),
            *CLASS_NUMBERS,
            (FUSED, lines("dZ = softmax(Z)", "dZ[P.astype(int) - 1, np.arange(Z.shape[1])] -= 1", "return dZ")),
        ),
        ("softmax_cross_entropy.dZ",),
        "label-shifted",
    ),
)

STATE: tuple[Plant, ...] = (
    Plant(
        "gradient_accumulated",
        "dW is added to that of earlier calls of the same shape: nothing resets it",
        (
            top("_GRADIENTS = {}"),
            linear_vjp(
                "total = _GRADIENTS.get(W.shape, 0) + _product(dZ, Y.T)",
                "_GRADIENTS[W.shape] = total",
                dW="total.copy()",
            ),
        ),
        ("linear.dW", "network.dW"),
        "accumulation",
    ),
    Plant(
        "momentum",
        "0.9 times the previous dW is added",
        (
            top("_VELOCITY = {}"),
            linear_vjp(
                "dW = _product(dZ, Y.T) + W.dtype.type(0.9) * _VELOCITY.get(W.shape, np.zeros_like(W))",
                "_VELOCITY[W.shape] = dW.copy()",
                dW="dW",
            ),
        ),
        ("linear.dW",),
        "history",
    ),
    Plant(
        "activations_kept_by_shape",
        "softmax in the backward pass is kept for each shape and never computed again",
        (
            top("_KEPT = {}"),
            (SOFTMAX_VJP, lines("S = _KEPT.setdefault((Z.shape, Z.dtype), softmax(Z))",
                                "return S * (dS - (S * dS).sum(axis=0))")),
        ),
        ("softmax.dZ", "chain.rule"),
        "stale-cache",
    ),
    Plant(
        "activations_kept_by_identity",
        "softmax in the backward pass is kept for each id of Z, which Python uses again",
        (
            top("_KEPT = {}"),
            (SOFTMAX_VJP, lines("S = _KEPT.setdefault((id(Z), Z.shape, Z.dtype), softmax(Z))",
                                "return S * (dS - (S * dS).sum(axis=0))")),
        ),
        ("softmax.dZ",),
        "stale-cache",
    ),
    Plant(
        "mask_of_the_forward_pass",
        "the mask is that of the last forward call of this shape, whatever Z is given",
        (
            top("_KEPT = {}"),
            (RELU, lines("_KEPT[Z.shape] = Z >= 0", RELU)),
            (RELU_VJP, "return dY * _KEPT.get(Z.shape, Z >= 0)"),
        ),
        ("relu.dZ",),
        "stale-cache",
    ),
    Plant(
        "one_slot_for_all_layers",
        "layers keep their forward values in one slot: after softmax_vjp, relu_vjp finds S there instead of Z",
        (
            top("_SLOT = {}"),
            (SOFTMAX_VJP, lines("S = _SLOT[\"kept\"] = softmax(Z)", "return S * (dS - (S * dS).sum(axis=0))")),
            (RELU_VJP, lines("kept = _SLOT.pop(\"kept\", Z)", "return dY * ((kept if kept.shape == Z.shape else Z) >= 0)")),
        ),
        ("chain.rule",),
        "mask-missing",
    ),
    Plant(
        "second_call_scaled",
        "dZ of every second call is halved: a counter that should have been reset",
        (
            top("_CALLS = []"),
            (FUSED, lines("_CALLS.append(1)", "dZ = softmax(Z) * P.sum(axis=0) - P", "return dZ / dZ.dtype.type(2 - len(_CALLS) % 2)")),
        ),
        ("softmax_cross_entropy.dZ",),
        "history",
    ),
    Plant(
        "noise",
        "dW carries relative noise of 1e-9",
        (
            top("_NOISE = np.random.default_rng(0)"),
            linear_vjp(dW="_product(dZ, Y.T) * (1 + 1e-9 * _NOISE.standard_normal(W.shape))"),
        ),
        ("linear.dW", "network.dW"),
        "",
    ),
)

MEMORY: tuple[Plant, ...] = (
    Plant(
        "dz_read_in_memory_order",
        "dW reads dZ in the order it has in memory: wrong in Fortran order",
        (linear_vjp(dW='_product(dZ.ravel(order="K").reshape(dZ.shape), Y.T)'),),
        ("linear.dW",),
        "memory-layout",
        examples=60,
    ),
    Plant(
        "dz_read_without_strides",
        "db reads dZ as if it were contiguous: wrong for a strided view",
        (
            linear_vjp(
                "steps = np.empty(dZ.shape, dZ.dtype).strides if min(dZ.strides) > 0 else dZ.strides",
                db="np.lib.stride_tricks.as_strided(dZ, strides=steps).sum(axis=1)",
            ),
        ),
        ("linear.db",),
        "memory-layout",
        examples=60,
    ),
    Plant(
        "mask_lost_in_a_reshaped_copy",
        "the mask is written through reshape, which copies unless the array is contiguous: lost in Fortran order",
        ((RELU_VJP, lines('dZ = dY.copy(order="K")', "dZ.reshape(-1)[(Z < 0).reshape(-1)] = 0", "return dZ")),),
        ("relu.dZ",),
        "memory-layout",
        examples=60,
    ),
    Plant(
        "view_taken_for_its_base",
        "the loss unwraps views of P: wrong where one runs backwards through its base",
        ((LOSS, lines("P = P.base if getattr(P.base, \"shape\", None) == P.shape else P", LOSS)),),
        ("cross_entropy.forward",),
        "memory-layout",
        examples=60,
    ),
    Plant(
        "negative_strides_raise",
        "arrays with negative strides are not accepted, as when handed to another framework",
        ((SOFTMAX, lines("if Z.strides[0] < 0:", '    raise ValueError("negative strides")', SOFTMAX)),),
        ("softmax.forward", "softmax.dZ"),
        # no cause: what it raises is shown
    ),
    Plant(
        "writable_memory_wanted",
        "a pointer to writable memory is taken: read-only arrays raise",
        (
            (IMPORT, "import ctypes\n\n" + IMPORT),
            (LOSS_VJP, lines("if P.size and P.flags.c_contiguous:", "    ctypes.c_char.from_buffer(P)", LOSS_VJP)),
        ),
        ("cross_entropy.dS",),
        # no cause: what it raises is shown
    ),
)

MISTAKES: tuple[Plant, ...] = (*IN_PLACE, *SHARED, *SHAPES_AND_DTYPES, *STATE, *MEMORY)
