"""Every theorem, by its stem: a derivation for all shapes, from definitions to the formula that is used."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from functools import partial

from backproof_spec.calculus.derivation import Derivation
from backproof_spec.calculus.stems import stem
from backproof_spec.calculus.theorems import chain, cross_entropy, further, kron, linear, network, relu, softmax

DEEPEST = 99
"""Networks of up to so many layers are derived on request."""

THEOREMS: dict[str, Callable[[], Derivation]] = {
    "kron.vec": kron.product,
    "kron.transpose": kron.transpose,
    "kron.mixed": kron.mixed,
    "chain.scalar": chain.scalar,
    "chain.rule": chain.rule,
    "linear.dW": linear.dW,
    "linear.dW.sample": linear.sample_dW,
    "linear.dY": linear.dY,
    "linear.dY.sample": linear.sample_dY,
    "linear.db": linear.db,
    "linear.db.sample": linear.sample_db,
    "relu.dZ": relu.dZ,
    "network.step": network.one_step,
    "softmax.dZ": softmax.dZ,
    "cross_entropy.dS": cross_entropy.dS,
    "softmax_cross_entropy.dZ": cross_entropy.dZ,
    "softmax_cross_entropy.dZ.normalised": cross_entropy.dZ_normalised,
    **{
        f"network.{k}.{output}": partial(network.gradient, k, output)
        for k in (1, 2, 3)
        for output in ("dX", *(f"d{name}{layer}" for layer in range(1, k + 1) for name in "Wb"))
    },
    "residual.dX": further.residual,
    "layer_norm.dZ": further.layer_norm,
}
"""The rows of the table of proofs: {stem: what derives it}."""


def of_claim(claim: str) -> dict[str, Callable[[], Derivation]]:
    """The theorems that prove a claim of the suite, or all claims of an operation; none for a forward value."""
    return {name: derive for name, derive in THEOREMS.items() if claim in stem(name).names}


def named(name: str, others: Iterable[str] = ()) -> dict[str, Callable[[], Derivation]]:
    """The theorems of a name: a stem, an operation, a claim of the suite, or a gradient of a network of k layers.

    Raises ``KeyError`` with a line that says what is close, among ``others`` that may have been meant, too.
    """
    if name in THEOREMS:
        return {name: THEOREMS[name]}
    asked, found, (operation, depth, *_) = stem(name), of_claim(name), (*name.split("."), "")
    if max(asked.layer, 1) <= asked.depth <= DEEPEST:
        return {name: partial(network.gradient, asked.depth, f"{asked.what}{asked.layer or ''}")}
    if operation == "network" and not found and depth.isascii() and depth.removeprefix("-").isdecimal():
        k, has = int(depth), f"networks of 1 to {DEEPEST} layers are derived here"
        if 1 <= k <= DEEPEST:
            last = f" … dW{k}, db1 … db{k}" if k > 1 else ", db1"
            has = f"a network of {k} layer{'s' if k > 1 else ''} has network.{k}.dX, dW1{last}"
        else:
            has += "; spec/coq/Network.v proves any depth by induction"
        msg = f"theorem {name!r} is not known: {has}"
        raise KeyError(msg)
    if not found:
        close = difflib.get_close_matches(name, [*THEOREMS, *others], n=3, cutoff=0.4)
        like = f": did you mean {', '.join(close)}?" if close else f"; expected some of {', '.join(THEOREMS)}"
        msg = f"theorem {name!r} is not known{like}"
        raise KeyError(msg)
    return found
