"""How functions are called: shapes and dtypes, state kept between calls, memory layouts misread."""

from __future__ import annotations

from plants import (
    CLASS_NUMBERS,
    FUSED,
    FUSED_LOSS,
    IMPORT,
    LOSS,
    LOSS_VJP,
    RAISE_SHOWN,
    RELU,
    RELU_VJP,
    SHAPES_SHOWN,
    SOFTMAX,
    SOFTMAX_VJP,
    Plant,
    declared,
    linear_vjp,
    lines,
    top,
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
        unnamed=SHAPES_SHOWN,
    ),
    Plant(
        "db_of_every_sample",
        "db = dZ: the formula for one sample, without the sum over the batch",
        (linear_vjp(db="dZ.copy()"),),
        ("linear.db",),
        unnamed=SHAPES_SHOWN,
    ),
    Plant(
        "dw_squeezed",
        "dW loses its dimensions of size one: squeeze",
        (linear_vjp(dW="_product(dZ, Y.T).squeeze()"),),
        ("linear.dW",),
        unnamed=SHAPES_SHOWN,
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
        unnamed=SHAPES_SHOWN,
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
        "label-format",
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
                "dW = _product(dZ, Y.T) + dZ.dtype.type(0.9) * _VELOCITY.get(W.shape, np.zeros(W.shape, dZ.dtype))",
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
            (
                SOFTMAX_VJP,
                lines("S = _KEPT.setdefault((Z.shape, Z.dtype), softmax(Z))", "return S * (dS - (S * dS).sum(axis=0))"),
            ),
        ),
        ("softmax.dZ", "chain.rule"),
        "history",
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
        "history",
    ),
    Plant(
        "mask_used_up_by_the_backward_pass",
        "the mask is that of the last forward call of this shape, which the backward pass uses up",
        (
            top("_KEPT = {}"),
            (RELU, lines("_KEPT[Z.shape] = Z >= 0", RELU)),
            (RELU_VJP, "return dY * _KEPT.pop(Z.shape, Z >= 0)"),
        ),
        ("relu.dZ",),
        "history",
        examples=60,
    ),
    Plant(
        "one_slot_for_all_layers",
        "layers keep their forward values in one slot: after softmax_vjp, relu_vjp finds S there instead of Z",
        (
            top("_SLOT = {}"),
            (SOFTMAX_VJP, lines('S = _SLOT["kept"] = softmax(Z)', "return S * (dS - (S * dS).sum(axis=0))")),
            (
                RELU_VJP,
                lines('kept = _SLOT.pop("kept", Z)', "return dY * ((kept if kept.shape == Z.shape else Z) >= 0)"),
            ),
        ),
        ("chain.rule",),
        "mask-missing",
    ),
    Plant(
        "second_call_scaled",
        "dZ of every second call is halved: a counter that should have been reset",
        (
            top("_CALLS = []"),
            (
                FUSED,
                lines(
                    "_CALLS.append(1)",
                    "dZ = softmax(Z) * P.sum(axis=0) - P",
                    "return dZ / dZ.dtype.type(2 - len(_CALLS) % 2)",
                ),
            ),
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
        "nondeterministic",
    ),
)

MEMORY: tuple[Plant, ...] = (
    Plant(
        "dz_read_in_memory_order",
        "dW reads dZ in the order it has in memory: wrong in Fortran order",
        (linear_vjp(dW='_product(dZ.ravel(order="K").reshape(dZ.shape), Y.T)'),),
        ("linear.dW",),
        "memory-layout",
        examples=200,
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
        "stride_zero_read_as_one",
        "strides of dZ are read, but one of 0, as expanding gives, is taken for a step of one entry",
        (
            linear_vjp(
                "steps = [step or dZ.itemsize for step in dZ.strides]",
                "dZ = np.lib.stride_tricks.as_strided(dZ, dZ.shape, steps)",
            ),
        ),
        ("linear.dW", "linear.dY", "linear.db"),
        "memory-layout",
        examples=100,
    ),
    Plant(
        "mask_lost_in_a_reshaped_copy",
        "the mask is written through reshape, which copies unless the array is contiguous: lost in Fortran order",
        ((RELU_VJP, lines('dZ = dY.copy(order="K")', "dZ.reshape(-1)[(Z < 0).reshape(-1)] = 0", "return dZ")),),
        ("relu.dZ",),
        "memory-layout",
        examples=100,
    ),
    Plant(
        "view_taken_for_its_base",
        "the loss unwraps views of P: wrong where one runs backwards through its base",
        ((LOSS, lines('P = P.base if getattr(P.base, "shape", None) == P.shape else P', LOSS)),),
        ("cross_entropy.forward",),
        "memory-layout",
        examples=60,
    ),
    Plant(
        "negative_strides_raise",
        "arrays with negative strides are not accepted, as when handed to another framework",
        ((SOFTMAX, lines("if Z.strides[0] < 0:", '    raise ValueError("negative strides")', SOFTMAX)),),
        ("softmax.forward", "softmax.dZ"),
        "memory-layout",
        examples=60,
    ),
    Plant(
        "writable_memory_wanted",
        "a pointer to writable memory is taken: read-only arrays raise",
        (
            (IMPORT, "import ctypes\n\n" + IMPORT),
            (LOSS_VJP, lines("if P.size and P.flags.c_contiguous:", "    ctypes.c_char.from_buffer(P)", LOSS_VJP)),
        ),
        ("cross_entropy.dS",),
        unnamed=RAISE_SHOWN,
        examples=60,
    ),
)

INTEGERS: tuple[Plant, ...] = (
    Plant(
        "gradient_in_a_buffer_like_w",
        "dW is written into a buffer made like W: cut off to whole numbers where W holds integers",
        (linear_vjp("dW = np.zeros_like(W)", "dW[...] = _product(dZ, Y.T)", dW="dW.astype(dZ.dtype)"),),
        ("linear.dW",),
        "integers",
        examples=100,
    ),
    Plant(
        "gradient_in_a_buffer_like_p",
        "dZ is written into a buffer made like P: cut off to whole numbers where labels are integers",
        (
            (
                FUSED,
                lines("dZ = np.zeros_like(P)", "dZ[...] = softmax(Z) * P.sum(axis=0) - P", "return 1.0 * dZ"),
            ),
        ),
        ("softmax_cross_entropy.dZ",),
        "integers",
        examples=100,
    ),
)

MISTAKES: tuple[Plant, ...] = (*SHAPES_AND_DTYPES, *STATE, *MEMORY, *INTEGERS)
