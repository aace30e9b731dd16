"""softmax_cross_entropy: logarithms of zero, ties, labels that are no one-hot columns, means."""

from __future__ import annotations

from plants import CANCELLED, FUSED, FUSED_LOSS, LOG_SOFTMAX, Plant, lines

MISTAKES: tuple[Plant, ...] = (
    # --- forward ------------------------------------------------------------------------------------------------------
    Plant(
        "loss_of_zero_probability",
        "the loss is −Σ P·log softmax(Z): log 0 where softmax underflows",
        ((LOG_SOFTMAX, "log_S = np.log(softmax(Z))"),),
        ("softmax_cross_entropy.forward",),
        "log-of-zero",
    ),
    Plant(
        "log_of_softmax_plus_epsilon",
        "the loss is −Σ P·log(softmax(Z) + 1e-9)",
        ((LOG_SOFTMAX, "log_S = np.log(softmax(Z) + Z.dtype.type(1e-9))"),),
        ("softmax_cross_entropy.forward", "network.forward"),
        "log-guard",
    ),
    Plant(
        "ties_counted_once",
        "log1p of the exponentials below the maximum: equal largest logits are counted once",
        (
            (
                LOG_SOFTMAX,
                lines(
                    "shifted = Z - Z.max(axis=0)",
                    "log_S = shifted - np.log1p(np.where(shifted < 0, np.exp(shifted), 0).sum(axis=0))",
                ),
            ),
        ),
        ("softmax_cross_entropy.forward", "network.forward"),
        "ties",
        examples=60,
    ),
    Plant(
        "log_sum_exp_without_shift",
        "log Σ exp Z of the logits themselves: overflows from 710 on",
        ((LOG_SOFTMAX, "log_S = Z - np.log(np.exp(Z).sum(axis=0))"),),
        ("softmax_cross_entropy.forward",),
        "overflow",
    ),
    Plant(
        "log_sum_exp_minus_the_logit",
        "the loss is log Σ exp Z − Z, the maximum added back first: at logits of 10⁶ ten digits are gone",
        ((LOG_SOFTMAX, lines("top = Z.max(axis=0)", "log_S = Z - (top + np.log(np.exp(Z - top).sum(axis=0)))")),),
        ("softmax_cross_entropy.forward",),
        unnamed=CANCELLED,
        examples=100,
    ),
    Plant(
        "loss_from_the_mean",
        "the loss is the mean over the samples times their number: nan for an empty batch",
        ((FUSED_LOSS, "return -np.where(P != 0, P * log_S, 0).sum(axis=0).mean() * P.shape[1]"),),
        ("softmax_cross_entropy.forward", "network.forward"),
        "empty",
        examples=60,
    ),
    Plant(
        "labels_smoothed",
        "labels are smoothed by 0.1, undeclared",
        ((LOG_SOFTMAX, "P = Z.dtype.type(0.9) * P + Z.dtype.type(0.1 / len(P))\n    " + LOG_SOFTMAX),),
        ("softmax_cross_entropy.forward", "network.forward"),
        "label-smoothing",
    ),
    # --- backward -----------------------------------------------------------------------------------------------------
    Plant(
        "labels_taken_as_normalised",
        "dZ = S − P whatever ΣP is, undeclared",
        ((FUSED, "return softmax(Z) - P"),),
        ("softmax_cross_entropy.dZ", "network.dX"),
        "unnormalised-labels",
    ),
    Plant(
        "label_minus_softmax",
        "dZ = P − S·ΣP: the sign",
        ((FUSED, "return P - softmax(Z) * P.sum(axis=0)"),),
        ("softmax_cross_entropy.dZ", "network.dX", "network.dW", "network.db"),
        "sign",
    ),
    Plant(
        "labels_hardened",
        "one is subtracted at the likeliest class: right for one-hot labels",
        ((FUSED, lines("dZ = softmax(Z)", "dZ[P.argmax(axis=0), np.arange(P.shape[1])] -= 1", "return dZ")),),
        ("softmax_cross_entropy.dZ", "network.dW"),
        "label-hardened",
    ),
    Plant(
        "labels_normalised",
        "labels are divided by their sum: right where they sum to one, 0/0 where there are none",
        ((FUSED, "return softmax(Z) - P / P.sum(axis=0)"),),
        ("softmax_cross_entropy.dZ", "network.dW"),
        "label-normalised",
    ),
    Plant(
        "gradient_averaged_twice",
        "dZ is divided by the number of samples twice: once for the mean, once against large batches",
        ((FUSED, "return (softmax(Z) * P.sum(axis=0) - P) / max(1, Z.shape[1]) / max(1, Z.shape[1])"),),
        ("softmax_cross_entropy.dZ", "network.dW"),
        "mean-twice",
    ),
    Plant(
        "gradient_averaged_over_entries",
        "dZ is divided by the number of entries, classes included",
        ((FUSED, "return (softmax(Z) * P.sum(axis=0) - P) / max(1, Z.size)"),),
        ("softmax_cross_entropy.dZ", "network.db"),
        "mean-over-entries",
    ),
    Plant(
        "gradient_through_logs",
        "dZ goes through −P/S: nan where softmax underflows",
        ((FUSED, "return softmax_vjp(Z, cross_entropy_vjp(softmax(Z), P))"),),
        ("softmax_cross_entropy.dZ",),
        "overflow",
    ),
)
