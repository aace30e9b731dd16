"""relu: the kink, the mask, zeros of both signs, subnormals."""

from __future__ import annotations

from plants import RELU, RELU_VJP, Plant

MISTAKES: tuple[Plant, ...] = (
    # --- forward ------------------------------------------------------------------------------------------------------
    Plant(
        "leaky_undeclared",
        "negative entries leak through times 0.01",
        ((RELU, "return np.where(Z > 0, Z, Z.dtype.type(0.01) * Z)"),),
        ("relu.forward", "network.forward"),
        "leaky",
        largest=24,  # at its further claims networks of three layers
    ),
    Plant(
        "relu6",
        "the output is capped at 6, as in networks for small devices",
        ((RELU, "return np.clip(Z, 0, 6)"),),
        ("relu.forward",),
        "clipped",
        examples=40,
    ),
    Plant(
        "relu_flushes_subnormals",
        "subnormal numbers become zero, undeclared",
        ((RELU, "return np.where(np.finfo(Z.dtype).smallest_normal <= Z, Z, 0).astype(Z.dtype)"),),
        ("relu.forward",),
        "subnormals",
        examples=60,
    ),
    # --- the mask -----------------------------------------------------------------------------------------------------
    Plant(
        "mask_strict",
        "the mask is Z > 0: ReLU′(0) = 0, undeclared",
        ((RELU_VJP, "return dY * (Z > 0)"),),
        ("relu.dZ",),
        "mask-strict",
    ),
    Plant(
        "half_at_zero",
        "ReLU′(0) = 1/2, undeclared",
        ((RELU_VJP, "return (dY * np.heaviside(Z, 0.5)).astype(dY.dtype)"),),
        ("relu.dZ",),
        "kink",
    ),
    Plant(
        "mask_from_the_sign_bit",
        "the mask is the sign bit, which calls −0 negative",
        ((RELU_VJP, "return dY * ~np.signbit(Z)"),),
        ("relu.dZ",),
        "mask-signbit",
    ),
    Plant(
        "mask_beyond_epsilon",
        "the mask is Z > 1e-8, to be on the safe side of zero",
        ((RELU_VJP, "return dY * (Z > 1e-8)"),),
        ("relu.dZ",),
        "mask-threshold",
    ),
    Plant(
        "mask_from_output",
        "the mask is taken from the output, which is never negative",
        ((RELU_VJP, "return dY * (relu(Z) >= 0)"),),
        ("relu.dZ", "chain.rule", "network.dW"),
        "mask-missing",
    ),
    Plant(
        "guided_backpropagation",
        "negative cotangents are masked too, as saliency maps do",
        ((RELU_VJP, "return dY * (Z >= 0) * (dY > 0)"),),
        ("relu.dZ", "chain.rule", "network.dW"),
        "mask-from-cotangent",
    ),
    Plant(
        "activation_for_mask",
        "dY is multiplied by the activation instead of its derivative",
        ((RELU_VJP, "return dY * relu(Z)"),),
        ("relu.dZ", "chain.rule"),
        "mask-value",
    ),
    Plant(
        "leaky_backward_only",
        "the backward pass leaks 0.01 through, the forward pass does not",
        ((RELU_VJP, "return np.where(Z >= 0, dY, dY.dtype.type(0.01) * dY)"),),
        ("relu.dZ", "chain.rule"),
        "leaky",
    ),
    Plant(
        "tail_unmasked",
        "entries beyond a whole number of blocks of 64 are not masked, only beyond 64",
        ((RELU_VJP, "mask = Z >= 0\n    mask.flat[max(64, Z.size // 64 * 64) :] = True\n    return dY * mask"),),
        ("relu.dZ",),
        "block-remainder",
        examples=60,
        largest=200,  # 65 entries of Z and of dY
    ),
    Plant(
        "subnormal_cotangents_flushed",
        "cotangents below the smallest normal number become zero, undeclared",
        ((RELU_VJP, "return np.where(np.abs(dY) < np.finfo(dY.dtype).smallest_normal, 0, dY * (Z >= 0))"),),
        ("relu.dZ",),
        "subnormals",
        examples=60,
    ),
)
