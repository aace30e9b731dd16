"""What each theorem says in words, and the idea of its proof in a sentence: what stands first on its page."""

from __future__ import annotations

from typing import NamedTuple

from backproof_spec.calculus.derivation import Derivation
from backproof_spec.calculus.stems import stem


class Title(NamedTuple):
    """A title in words, and the idea; "" where nothing is to be said."""

    words: str
    idea: str = ""


_LINEAR = "A layer $Z = W·Y + b·1ᵀ$ is linear in "
_SAMPLE = "The Jacobian of one sample is written down, transposed, and applied to $δz$."
_NETWORK = (
    "Forwards, each layer's Jacobian is made of that of the layer before; backwards, each step takes the gradient one "
    "layer down, until the layer's own Jacobian is left, "
)
TITLES = {
    "kron.vec": Title(
        "A product of three matrices as a linear map",
        "Each entry of $A·X·B$ is a sum of entries of $X$, and its coefficients are the entries of $Bᵀ⊗A$.",
    ),
    "kron.transpose": Title("The transpose of a Kronecker product", "The transpose of a block matrix, block by block."),
    "kron.mixed": Title(
        "The mixed product of Kronecker products", "A double sum of products comes apart into two sums."
    ),
    "chain.scalar": Title(
        "The chain rule for functions of a number", "The slope of $f$ at $g$, times the slope of $g$."
    ),
    "chain.rule": Title(
        "The chain rule for functions of many numbers", "The Jacobian of $f∘g$ is a product of Jacobians."
    ),
    "linear.dW": Title(
        "The gradient of a linear layer by its weights",
        f"{_LINEAR}$W$: $vec(W·Y) = (Yᵀ⊗I)·vec W$, so that its Jacobian is $Yᵀ⊗I$. Its transpose "
        "gives a product of matrices again.",
    ),
    "linear.dY": Title(
        "The gradient of a linear layer by its inputs",
        f"{_LINEAR}$Y$: $vec(W·Y) = (I⊗W)·vec Y$, so that its Jacobian is $I⊗W$. Its transpose "
        "gives a product of matrices again.",
    ),
    "linear.db": Title(
        "The gradient of a linear layer by its bias",
        "The bias is added to every column, so that every column of $δZ$ acts on it: their sum is its gradient.",
    ),
    "linear.dW.sample": Title("A linear layer of one sample: the gradient by its weights", _SAMPLE),
    "linear.dY.sample": Title("A linear layer of one sample: the gradient by its input", _SAMPLE),
    "linear.db.sample": Title("A linear layer of one sample: the gradient by its bias", _SAMPLE),
    "relu.dZ": Title(
        "The gradient of ReLU, off its kink",
        "Where no entry of $Z$ is 0, ReLU is linear around $Z$: it multiplies each entry by 0 or by 1.",
    ),
    "network.step": Title(
        "One step of backpropagation",
        "Through a linear layer and the ReLU before it: the transposed weights, then the mask.",
    ),
    "softmax.dZ": Title(
        "The gradient of the softmax",
        "The Jacobian of a column $s$ is $diag(s) − s·sᵀ$. It is symmetric, and is applied without being formed.",
    ),
    "cross_entropy.dS": Title(
        "The gradient of the cross-entropy",
        "Each entry of $S$ stands in one term of the loss, and the slope of $log$ is $1/S$.",
    ),
    "softmax_cross_entropy.dZ": Title(
        "The gradient of softmax and cross-entropy together",
        "The $1/S$ of the loss cancels against the $S$ of the softmax: nothing is divided by.",
    ),
    "softmax_cross_entropy.dZ.normalised": Title(
        "Softmax and cross-entropy: predictions minus labels",
        "The $1/S$ of the loss cancels against the $S$ of the softmax, and the labels of a sample sum to 1.",
    ),
    "residual.dX": Title(
        "The gradient of a residual connection", "$X$ acts on the output in two ways, and their gradients are added."
    ),
    "layer_norm.dZ": Title(
        "The gradient of layer normalisation",
        "Mean and variance depend on every entry: what they contribute is taken off as two means.",
    ),
}
_OF = {"X": "inputs", "W": "weights of layer {}", "b": "biases of layer {}"}
_LAST = {"X": "$I⊗W$: a product", "W": "$Yᵀ⊗I$: a product", "b": "$1⊗I$: a sum over the samples"}


def ranges(derivation: Derivation) -> list[str]:
    """How far the indices of a statement reach."""
    return [f"{', '.join(names)} = 1..{dim}" for dim, names in derivation.letters.items()]


def titled(derivation: Derivation) -> Title:
    """The title of a theorem; of a network of any depth, too, and of what is no theorem of ours, in its own words."""
    if derivation.own:
        return Title(derivation.title.removesuffix("".join(f"; {each}" for each in ranges(derivation))))
    of = stem(derivation.stem)
    if not of.depth:
        return TITLES.get(derivation.stem, Title(derivation.title))
    counted, kind = f"{of.depth} layer{'s' if of.depth > 1 else ''}", of.what[-1]
    return Title(f"The {_OF[kind].format(of.layer)} in a network of {counted}", f"{_NETWORK}{_LAST[kind]}.")
