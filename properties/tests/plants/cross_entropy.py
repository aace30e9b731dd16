"""cross_entropy: zeros, guards, labels that are no one-hot columns."""

from __future__ import annotations

from plants import LOSS, LOSS_VJP, Plant, lines

MISTAKES: tuple[Plant, ...] = (
    # --- forward ------------------------------------------------------------------------------------------------------
    Plant(
        "loss_of_unlabelled_classes",
        "0·log 0 is evaluated instead of left out",
        ((LOSS, "return -(P * np.log(S)).sum()"),),
        ("cross_entropy.forward",),
        "log-of-zero",
        examples=40,
    ),
    Plant(
        "log_of_s_plus_epsilon",
        "the logarithm is taken of S + 1e-12",
        ((LOSS, "return -(P * np.log(S + S.dtype.type(1e-12))).sum()"),),
        ("cross_entropy.forward",),
        "log-guard",
    ),
    Plant(
        "probabilities_clipped",
        "S is clipped to [1e-7, 1 − 1e-7] before the logarithm, as some frameworks do",
        ((LOSS, "return -(P * np.log(np.clip(S, 1e-7, 1 - 1e-7))).sum()"),),
        ("cross_entropy.forward",),
        "log-guard",
    ),
    Plant(
        "log_base_2",
        "the loss is in bits: the logarithm to base 2",
        ((LOSS, LOSS.replace("np.log(", "np.log2(")),),
        ("cross_entropy.forward",),
        "log-base",
    ),
    Plant(
        "loss_of_hard_labels",
        "the loss is that of the likeliest class: right for one-hot labels",
        (
            (
                LOSS,
                lines(
                    'with np.errstate(divide="ignore"):',
                    "    return -np.log(S[P.argmax(axis=0), np.arange(P.shape[1])]).sum()",
                ),
            ),
        ),
        ("cross_entropy.forward",),
        "label-hardened",
    ),
    Plant(
        "loss_averaged_over_entries",
        "the mean over all entries instead of the sum: divided by the classes too",
        ((LOSS, LOSS + " / max(1, S.size)"),),
        ("cross_entropy.forward",),
        "mean-over-entries",
    ),
    Plant(
        "binary_cross_entropy",
        "the classes that are not the label count too: the binary cross-entropy",
        (
            (
                LOSS,
                lines(
                    'with np.errstate(all="ignore"):',
                    "    others = np.where(P != 1, (1 - P) * np.log1p(-S), 0)",
                    "    return -(np.where(P != 0, P * np.log(S), 0) + others).sum()",
                ),
            ),
        ),
        ("cross_entropy.forward",),
        "other-loss",
    ),
    # --- backward -----------------------------------------------------------------------------------------------------
    Plant(
        "zero_over_zero",
        "−P/S is evaluated where both are zero",
        ((LOSS_VJP, 'with np.errstate(all="ignore"):\n        return -P / S'),),
        ("cross_entropy.dS",),
        "log-of-zero",
    ),
    Plant(
        "quotient_guarded",
        "dS is −P/(S + 1e-8)",
        ((LOSS_VJP, "return -P / (S + S.dtype.type(1e-8))"),),
        ("cross_entropy.dS",),
        "log-guard",
    ),
    Plant(
        "no_gradient_at_zero_probability",
        "dS is 0 where S is 0, though the label has mass there: the worst prediction gets no gradient",
        ((LOSS_VJP, LOSS_VJP.replace("where=P != 0", "where=S != 0")),),
        ("cross_entropy.dS",),
        "zero-probability",
    ),
    Plant(
        "fused_gradient_unfused",
        "dS is S − P, the gradient with respect to the logits",
        ((LOSS_VJP, "return S - P"),),
        ("cross_entropy.dS",),
        "other-gradient",
    ),
    Plant(
        "quotient_sign",
        "dS is P/S",
        ((LOSS_VJP, LOSS_VJP.replace("-np.divide", "np.divide")),),
        ("cross_entropy.dS",),
        "sign",
    ),
)
