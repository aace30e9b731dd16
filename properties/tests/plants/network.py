"""network: masks, chain factors, layers and means of the whole backward recursion."""

from __future__ import annotations

from plants import (
    BACKWARD_LINEAR,
    BACKWARD_START,
    FORWARD_STEP,
    RESULT,
    SHAPES_SHOWN,
    Plant,
    lines,
)

_MASKED = "dZ = relu_vjp(Zs[layer - 1], dY)"


def _result(**changed: str) -> str:
    """The last line of ``network_gradients`` with other expressions for some outputs."""
    usual = {"loss": "softmax_cross_entropy(Zs[-1], P)", "dX": "dY", "dW": "dWs[::-1]", "db": "dbs[::-1]"}
    return "return {" + ", ".join(f'"{name}": {text}' for name, text in {**usual, **changed}.items()) + "}"


MISTAKES: tuple[Plant, ...] = (
    # --- forward ------------------------------------------------------------------------------------------------------
    Plant(
        "activation_forgotten",
        "the forward pass leaves ReLU out between the layers",
        ((FORWARD_STEP, FORWARD_STEP.replace("relu(Zs[-1])", "Zs[-1]")),),
        ("network.dW", "network.forward"),
        "activation-missing",
        largest=24,  # at its further claims networks of three layers
    ),
    Plant(
        "activation_of_the_logits",
        "ReLU follows the last layer too, forward and backward: consistent, so that finite differences agree",
        (
            (BACKWARD_START, "dZ = relu_vjp(Zs[-1], softmax_cross_entropy_vjp(relu(Zs[-1]), P))"),
            (RESULT, _result(loss="softmax_cross_entropy(relu(Zs[-1]), P)")),
        ),
        ("network.dW", "network.forward", "network.db", "network.dX"),
        "activation-extra",
        slow=True,
    ),
    Plant(
        "loss_averaged_gradient_summed",
        "the loss is the mean over the samples, its gradients are those of the sum",
        ((RESULT, _result(loss="softmax_cross_entropy(Zs[-1], P) / max(1, X.shape[1])")),),
        ("network.forward",),
        "mean-for-sum",
        slow=True,
    ),
    Plant(
        "loss_summed_gradient_averaged",
        "the gradients are those of the mean over the samples, the loss is the sum",
        ((BACKWARD_START, BACKWARD_START + " / max(1, X.shape[1])"),),
        ("network.dW", "network.db", "network.dX"),
        "mean-for-sum",
        slow=True,
    ),
    Plant(
        "softmax_without_shift_in_a_network",
        "networks of three layers, and nothing else, take softmax without subtracting the maximum",
        (
            (
                BACKWARD_START,
                BACKWARD_START
                + lines(
                    "",
                    "if len(weights) == 3:",
                    "    E = np.exp(Zs[-1])",
                    "    dZ = E / E.sum(axis=0) * P.sum(axis=0) - P",
                ),
            ),
        ),
        ("network.dW", "network.db", "network.dX"),
        "overflow",
        examples=100,
        largest=24,
    ),
    Plant(
        "log_sum_exp_without_shift_in_a_network",
        "networks of three layers, and nothing else, take log Σ exp Z without subtracting the maximum",
        (
            (
                RESULT,
                lines(
                    "loss = softmax_cross_entropy(Zs[-1], P)",
                    "if len(weights) == 3:",
                    "    log_S = Zs[-1] - np.log(np.exp(Zs[-1]).sum(axis=0))",
                    "    loss = -(P[P != 0] * log_S[P != 0]).sum()",
                    _result(loss="loss"),
                ),
            ),
        ),
        ("network.forward",),
        "overflow",
        examples=100,
        largest=24,
    ),
    # --- masks --------------------------------------------------------------------------------------------------------
    Plant(
        "mask_of_the_next_layer",
        "the backward pass takes the mask of another layer where the shapes admit it",
        ((_MASKED, "dZ = relu_vjp(Zs[layer] if Zs[layer].shape == dY.shape else Zs[layer - 1], dY)"),),
        ("network.dX", "network.dW", "network.db"),
        "mask-other-layer",
        examples=60,
        largest=24,  # at its further claims networks of three layers
    ),
    Plant(
        "activation_overwrites_preactivation",
        "hidden activations are kept in place of the pre-activations: never negative, they mask nothing",
        ((FORWARD_STEP, FORWARD_STEP + "\n        Zs[-1] = Zs[-1] if len(Zs) == len(weights) else Ys[-1]"),),
        ("network.dW", "network.db", "network.dX"),
        "mask-missing",
        slow=True,
    ),
    Plant(
        "last_hidden_mask_forgotten",
        "the mask of the last hidden layer is forgotten, the others are taken",
        ((_MASKED, "dZ = dY if layer == len(weights) - 1 else relu_vjp(Zs[layer - 1], dY)"),),
        ("network.db", "network.dW", "network.dX"),
        "mask-missing",
    ),
    Plant(
        "dx_without_the_first_mask",
        "dX is carried past the first hidden layer without its mask; dW and db are right",
        (
            (BACKWARD_START, BACKWARD_START + "\n    unmasked = dZ"),
            (_MASKED, "unmasked, " + _MASKED.replace("= ", "= dY, ")),
            (RESULT, _result(dX="linear_vjp(weights[0], X, biases[0], unmasked)[1]")),
        ),
        ("network.dX",),
        "mask-missing",
        examples=40,
        slow=True,
    ),
    Plant(
        "dx_masked_by_the_input",
        "dX is masked once more, by the sign of the input",
        ((RESULT, _result(dX="relu_vjp(X, dY)")),),
        ("network.dX",),
        "mask-extra",
    ),
    # --- chain factors ------------------------------------------------------------------------------------------------
    Plant(
        "chain_factor_forgotten",
        "Wᵀ is left out on the way back wherever the shapes admit it",
        ((BACKWARD_LINEAR, BACKWARD_LINEAR + "\n        dY = dZ if dZ.shape == dY.shape else dY"),),
        ("network.dX", "network.dW", "network.db"),
        "chain-factor-missing",
        largest=24,  # at its further claims networks of three layers
    ),
    Plant(
        "dx_stops_at_the_first_layer",
        "dX is the gradient with respect to the first pre-activation wherever the shapes admit it",
        ((RESULT, _result(dX="dZ if dZ.shape == X.shape else dY")),),
        ("network.dX",),
        "chain-factor-missing",
    ),
    Plant(
        "no_input_gradient_at_depth_one",
        "a network of one layer gives dX = 0: the loop over hidden layers never runs",
        ((RESULT, _result(dX="dY if len(weights) > 1 else 0 * dY")),),
        ("network.dX",),
        "zero",
        examples=60,
        slow=True,
    ),
    Plant(
        "three_layers_only",
        "only the last three layers receive gradients, as many as the exercise had",
        ((_MASKED, _MASKED + " * dY.dtype.type(len(weights) - layer < 3)"),),
        ("network.dW", "network.db", "network.dX"),
        "truncated",
        examples=60,
        largest=64,  # four layers at least
        slow=True,
    ),
    Plant(
        "weights_updated_too_soon",
        "Wᵀ is taken after the step of gradient descent instead of before it",
        (
            (
                BACKWARD_LINEAR,
                BACKWARD_LINEAR + "\n        dY = _product((weights[layer] - dW.dtype.type(0.1) * dW).T, dZ)",
            ),
        ),
        ("network.dX", "network.dW"),
        "updated-weights",
    ),
    # --- which layer --------------------------------------------------------------------------------------------------
    Plant(
        "gradients_in_backward_order",
        "dW and db are returned in the order of the backward pass, the last layer first",
        ((RESULT, _result(dW="dWs", db="dbs")),),
        ("network.dW", "network.db"),
        unnamed=SHAPES_SHOWN,
    ),
    Plant(
        "bias_gradients_in_backward_order",
        "db alone is returned in the order of the backward pass",
        ((RESULT, _result(db="dbs")),),
        ("network.db",),
        unnamed=SHAPES_SHOWN,
    ),
    Plant(
        "dw_of_preactivations",
        "dW is taken with what went into ReLU instead of what came out",
        ((BACKWARD_LINEAR, BACKWARD_LINEAR.replace("Ys[layer]", "Zs[layer - 1] if layer else X")),),
        ("network.dW",),
        "stale-activation",
    ),
    Plant(
        "last_bias_frozen",
        "db of the output layer is zero",
        ((RESULT, _result(db="[*dbs[:0:-1], 0 * dbs[0]]")),),
        ("network.db",),
        "zero",
        slow=True,
    ),
    Plant(
        "equal_layers_share_a_gradient",
        "gradients are kept in a table keyed by the weights: layers with equal weights get the same one",
        (
            (
                RESULT,
                lines(
                    "table = {(W.shape, W.tobytes()): dW for W, dW in zip(weights[::-1], dWs, strict=True)}",
                    _result(dW="[table[W.shape, W.tobytes()].copy() for W in weights]"),
                ),
            ),
        ),
        ("network.dW",),
        "tied",
        examples=100,
        slow=True,
    ),
    Plant(
        "gradients_kept_by_identity",
        "gradients are kept in a table by the identity of the weights: one array in two layers has one gradient",
        (
            (
                RESULT,
                lines(
                    "table = {id(W): dW for W, dW in zip(weights[::-1], dWs, strict=True)}",
                    _result(dW="[table[id(W)].copy() for W in weights]"),
                ),
            ),
        ),
        ("network.dW",),
        "memory-layout",
        examples=300,
        slow=True,
    ),
    Plant(
        "norm_clipped",
        "all dW are scaled down to a common norm of 1, undeclared",
        (
            (
                RESULT,
                lines(
                    "norm = np.sqrt(sum((dW**2).sum() for dW in dWs))",
                    "dWs = [dW / max(norm, dW.dtype.type(1)) for dW in dWs]",
                    _result(),
                ),
            ),
        ),
        ("network.dW",),
        "norm-clipped",
        slow=True,
    ),
)
