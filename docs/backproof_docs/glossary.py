"""What stands at the top of a theorem's page: formulas of whole matrices, and what its variables and signs mean."""

from __future__ import annotations

import re
from collections.abc import Sequence
from string import ascii_uppercase

from backproof_docs.document import Line, Math
from backproof_docs.formulas import Notation, Writer
from backproof_spec.calculus.derivation import Derivation
from backproof_spec.calculus.matching import parts
from backproof_spec.calculus.notation import Expression, exp, log
from backproof_spec.calculus.theorems import DEEPEST

NAMES = {
    **{f"d{name}": f"δ{name}" for name in (*ascii_uppercase, "y", "z")},
    **{f"d{name}{layer}": f"δ{name}^{{({layer})}}" for name in "XZY" for layer in range(1, DEEPEST + 1)},
    **{f"{name}'": f"{name}^{{T}}" for name in "AB"},
}
"""What names of tensors look like."""

# --- formulas of whole matrices ---------------------------------------------------------------------------------------

_LATEX = {
    "δ": r"\delta ", "σ": r"\sigma ", "Σ": r"\Sigma ", "∂": r"\partial ", "·": r"\,", "∘": r" \circ ",
    "⊗": r" \otimes ", "−": "-", "≥": r" \ge ", "′": "'", "²": "^2", "ᵀ": r"^{\mathsf T}",
    "\2": r"\mathsf T",
}  # fmt: skip
_TYPST = {"ᵀ": "^T ", "²": "^2 ", "·": "\1", "−": "-", "/": " \\/ ", "\2": " T"}
_PLAIN = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹ˡᵀ", "0123456789l\2")
"""What is marked, as a letter of its own may not be: \\2 stands for a transpose within a superscript."""


def in_matrices(text: str, notation: Notation) -> str:
    """δW = δZ·Yᵀ in a notation: words upright, the 1 of δZ·1 and of 1[Z ≥ 0] bold, as they are no numbers."""
    if notation is Notation.TEXT:
        return text
    latex = notation is Notation.LATEX
    bold, upright = (r"\mathbf{1}", r"\operatorname{%s}") if latex else (' bold("1")', 'op("%s")')
    marked = re.sub(r"(?<![_\w])1(?=ᵀ|\[|·1ᵀ|(_\w)?⊗)|(?<=·)1(?![\w.])", "\0", text)
    marked = re.sub(r"_([a-z0-9]+)", r"_{\1}" if latex else r"_(\1)", marked)
    raised = "^{(%s)%s}" if latex else "^((%s)%s) "
    marked = re.sub(
        "⁽(.+?)⁾(ᵀ?)", lambda found: raised % tuple(part.translate(_PLAIN) for part in found.groups()), marked
    )
    pieces = re.split(r"([a-z]{2,})", marked)
    shown = []
    for k, piece in enumerate(pieces):
        if k % 2:
            shown.append(upright % piece)
        elif latex:
            shown.append("".join(_LATEX.get(mark, mark) for mark in piece).replace(", k =", r",\ k ="))
        else:
            shown.append(re.sub(r"(?<=\w)(?=[^\W\d_])", " ", "".join(_TYPST.get(mark, mark) for mark in piece)))
    return "".join(shown).replace("\0", bold).replace("\1", " thin ").strip()


def in_words(text: str, notation: Notation) -> Line:
    """Words in which $…$ is a formula of whole matrices."""
    pieces = enumerate(text.split("$"))
    return tuple(Math(in_matrices(each, notation)) if k % 2 else each for k, each in pieces if each)


def joined(formulas: Sequence[str], between: str = ", ") -> Line:
    """Formulas, and what stands between them."""
    return tuple(part for k, each in enumerate(formulas) for part in ((between,) if k else ()) + (Math(each),))


def as_text(line: Line) -> str:
    """A line of plain text, whose formulas are in that notation."""
    return "".join(part.formula if isinstance(part, Math) else str(part) for part in line)


# --- variables and signs ----------------------------------------------------------------------------------------------

_SAMPLES, _CLASSES = "one column for each sample", "one row for each class, one column for each sample"
_MEANING = {
    "linear": {"W": "the weights", "Y": f"the inputs, {_SAMPLES}", "y": "the input", "b": "the bias"},
    "relu": {"Z": f"the inputs, {_SAMPLES}"},
    "softmax": {"Z": f"the logits, {_CLASSES}"},
    "cross_entropy": {"S": f"the predicted probabilities, {_CLASSES}", "P": "the labels, likewise"},
    "softmax_cross_entropy": {"Z": f"the logits, {_CLASSES}", "P": "the labels, likewise"},
    "network": {
        "X": f"the inputs, {_SAMPLES}",
        "W": "the weights",
        "b": "the biases",
        "P": f"the labels, {_CLASSES}",
        "Z": f"the inputs of ReLU, {_SAMPLES}",
    },
    "residual": {"X": "the input"},
    "layer_norm": {"z": "the input", "ε": "what keeps the variance from 0"},
}
"""What the variables are, by the operation and their names without layers."""


def variables(derivation: Derivation, notation: Notation) -> tuple[Line, ...]:
    """What is given, of which shape, and what it is: tensors, those of all layers together, and functions of them."""
    write, lines = Writer(notation, NAMES), dict[str, Line]()
    known = {} if derivation.own else _MEANING.get(derivation.stem.partition(".")[0], {})
    meaning = {**known, **derivation.meanings}

    def numbers(dims: Sequence[str]) -> Line:
        return (*joined([write(("dim", dim)) for dim in dims], " × "), " numbers") if dims else ("a number",)

    for kind, name, *rest in derivation.declarations:
        named = Math(write(("entry", name, ())))
        if kind == "variable" and not name.endswith("°"):
            shape: Line = (" (", *numbers(rest[0])[:-1], ")") if rest[0] else (", a number",)
            key = name if name in derivation.meanings else name.rstrip("0123456789")
            lines[key] = (*lines[key], ", ", named, *shape) if key in lines else (named, *shape)
        elif kind == "map":
            value: Line = (", whose value is ", *numbers(rest[1])) if rest[1] else ()
            lines[name] = (named, ": any differentiable function of ", *numbers(rest[0]), *value)
    return tuple((*line, f": {meaning[key]}") if key in meaning else line for key, line in lines.items())


_x = Expression(("entry", "x", ()))
_SHORT = {"sigmoid": 1 / (1 + exp(-_x)), "softplus": log(1 + exp(_x))}
"""Functions that are short for others."""


def signs(derivation: Derivation, notation: Notation) -> tuple[Line, ...]:
    """What the signs mean that occur in a derivation."""
    write, i, j, x = Writer(notation, NAMES), ("index", "i", "n"), ("index", "j", "n"), ("entry", "x", ())
    formulas = [line.theorem.conclusion for line in derivation.lines]
    for kind, _, *rest in derivation.declarations:
        formulas += rest[1:] if kind == "define" else []
    title = "" if derivation.own else derivation.title
    heads = {part[0] for formula in formulas for part, _ in parts(formula)}
    dX, X, kron = (Math(write(("entry", name, ()))) for name in ("dX", "X", "B"))
    entry, product = Math(write(("entry", "A", (i, j)))), Math(in_matrices("A⊗B", notation))
    scaled, S, P = Math(in_matrices("S·ΣP", notation)), Math("S"), Math("P")
    gradient = (dX, " is the gradient of the loss by ", X, ": its derivative by each entry, in the shape of ", X)
    lines: list[tuple[bool, Line]] = [
        (", k =" in title, (Math("k"), " is the number of layers")),
        ("δ" in title, gradient),
        ("delta" in heads, (Math(write(("delta", "n", (i, j)))), " is 1 where ", Math("i = j"), ", else 0")),
        ("ind" in heads, (Math(write(("ind", x))), " is 1 where ", Math(write(("nonneg", x))), ", else 0")),
        *((f in heads, (Math(write((f, x))), " is ", Math(write(meaning.term)))) for f, meaning in _SHORT.items()),
        ("ΣP" in title, (scaled, " is each column of ", S, " times the sum of that column of ", P)),
        ("vec" in title, (Math(in_matrices("vec X", notation)), " stacks the columns of ", X)),
        ("⊗" in title, ("block ", Math("(i, j)"), " of ", product, " is ", entry, " times ", kron)),
    ]
    return tuple(line for occurs, line in lines if occurs)
