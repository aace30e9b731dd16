"""Z = W·Y + b·1ᵀ, then any differentiable function L = f(Z) of all entries: the gradients, by the Kronecker product.

By ``kron.vec``, vec(W·Y) = (Yᵀ⊗I)·vec W = (I⊗W)·vec Y: Z is linear in each, and these are its Jacobians. Backwards,
vec δW = (Yᵀ⊗I)ᵀ·vec δZ = (Y⊗I)·vec δZ = vec(δZ·Yᵀ), and vec δY = (I⊗Wᵀ)·vec δZ = vec(Wᵀ·δZ), by ``kron.vec`` again.
Of b, and of a single sample z = W·y + b, of which the batch is p, the Jacobian is written down entry by entry.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from backproof_spec.calculus.derivation import Derivation
from backproof_spec.calculus.kernel import Theorem
from backproof_spec.calculus.matching import parts
from backproof_spec.calculus.normal import Normal
from backproof_spec.calculus.notation import Expression, Tensor, delta, indices, total
from backproof_spec.calculus.tactics import right_side
from backproof_spec.calculus.terms import Index
from backproof_spec.calculus.theorems import kron
from backproof_spec.calculus.theorems.kron import Matrix

# --- a product as a linear map ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Product:
    """A·X·B, of which A or B is I: K[s, i, k, j] := B[k, s]·A[i, j] is entry ((i, s), (j, k)) of Bᵀ⊗A."""

    A: Matrix
    X: Matrix
    B: Matrix
    names: tuple[str, str, str]

    @property
    def places(self) -> tuple[Index, ...]:
        """s, i, k, j."""
        return (self.B.indices[1], self.A.indices[0], *reversed(self.X.indices))

    @property
    def kron(self) -> Expression:
        """B[k, s]·A[i, j]."""
        return self.B.value * self.A.value

    def slope(self, d: Derivation, Z: Expression, K: Expression, name: str, by: tuple[Index, ...]) -> Theorem:
        """⊢ ∂Z/∂name[by] = what the rules give of Z = Σ_k Σ_j K·X[j, k] + b. That sum is shown as a line."""
        definition = d("unfold", *Z.term[1:])
        _, product, b = right_side(definition)
        as_vec = kron.times_vec(d, K, self.A, self.X, self.B)
        linear = d("trans", Normal(d).equal(product, right_side(as_vec)), d("sym", as_vec))
        A, X, B = self.names
        written = "·".join(each for each in self.names if each != "I")
        d.begin(linear, f"kron.vec with $A = {A}$, $X = {X}$, $B = {B}$: $vec({written}) = ({self.of_vec})·vec {X}$")
        whole = d("trans", definition, d("cong_add", linear, d("refl", b)))
        return d("d_function", d("sym", whole), d.derivative(right_side(whole), name, by))

    @property
    def of_vec(self) -> str:
        """Bᵀ⊗A in words."""
        A, _, B = self.names
        return f"{transposed(B)}⊗{A}"

    def back(self, d: Derivation, K: Expression, dZ: Tensor) -> Theorem:
        """⊢ Σ_s Σ_i K·δZ[i, s] = Σ_s (Σ_i A[i, j]·δZ[i, s])·B[k, s]: entry (j, k) of Aᵀ·δZ·Bᵀ."""
        at = (self.A.indices[0], self.B.indices[1])
        return kron.times_vec(d, K, self.A.transposed(), Matrix(at, dZ[at]), self.B.transposed())

    def back_in_words(self, dZ: str) -> str:
        """Why: (Bᵀ⊗A)ᵀ = B⊗Aᵀ."""
        A_, B, B_ = transposed(self.names[0]), self.names[2], transposed(self.names[2])
        return f"kron.vec again: $({self.of_vec})ᵀ·vec {dZ}$ $= ({B}⊗{A_})·vec {dZ}$ $= vec({A_}·{dZ}·{B_})$"


def transposed(name: str) -> str:
    """Bᵀ, but I."""
    return name if name == "I" else f"{name}ᵀ"


def shown(tensor: Tensor) -> str:
    """δZ⁽²⁾ for dZ2."""
    letters = tensor.name.rstrip("0123456789")
    layer = tensor.name[len(letters) :]
    return letters.replace("d", "δ") + (f"⁽{raised(layer)}⁾" if layer else "")


def raised(layer: object) -> str:
    """Its digits, as they are written above the line."""
    return str(layer).translate(str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹"))


def in_weights(W: Tensor, Y: Tensor, i: Index, a: Index, c: Index, s: Index) -> Product:
    """W·Y = I·W·Y."""
    weights, inputs = Matrix((a, c), W[a, c]), Matrix((c, s), Y[c, s])
    return Product(Matrix((i, a), delta(i, a)), weights, inputs, ("I", shown(W), shown(Y)))


def in_inputs(W: Tensor, Y: Tensor, i: Index, c: Index, r: Index, s: Index) -> Product:
    """W·Y = W·Y·I."""
    weights, inputs = Matrix((i, c), W[i, c]), Matrix((c, r), Y[c, r])
    return Product(weights, inputs, Matrix((r, s), delta(s, r)), (shown(W), shown(Y), "I"))


# --- a layer ----------------------------------------------------------------------------------------------------------

i, a, j, c, s, r = indices(i="m", a="m", j="n", c="n", s="p", r="p")
Batch = tuple[Index, ...]


@dataclass(frozen=True)
class _Layer:
    """The theory of one linear layer under a function of its outputs. ``s``, ``r``: the sample's index, or none."""

    d: Derivation
    W: Tensor
    Y: Tensor
    b: Tensor
    Z: Tensor
    dZ: Tensor
    L: Expression
    s: Batch
    r: Batch


def _layer(stem: str, title: str, uses: tuple[str, ...], *, sample: bool) -> _Layer:
    d = Derivation(stem, title, uses)
    batch: tuple[str, ...] = () if sample else ("p",)
    at, other = ((), ()) if sample else ((s,), (r,))
    Y_, Z_, dZ_ = ("y", "z", "dz") if sample else ("Y", "Z", "dZ")
    W, Y, b, f = d.variable("W", "m", "n"), d.variable(Y_, "n", *batch), d.variable("b", "m"), d.map("f", ("m", *batch))
    Z = d.define(Z_, (i, *at), total(W[i, j] * Y[(j, *at)], j) + b[i])
    dZ = d.define(dZ_, (i, *at), f.slope((i, *at), (a, *other), Z[(a, *other)]))
    return _Layer(d, W, Y, b, Z, dZ, f.at((), (i, *at), Z[(i, *at)]), at, other)


@dataclass(frozen=True)
class _Gradient:
    """What is differentiated by, ∂Z[i, s] by it as K over these indices, and the gradient.

    ``product``: that of which K is the Kronecker form; None where ``words`` say what it is.
    """

    by: Expression
    places: tuple[Index, ...]
    kron: Expression
    result: Expression
    product: Product | None = None
    words: str = ""


def _dW(at: _Layer) -> _Gradient:
    """∂vec Z/∂vec W = Yᵀ⊗I."""
    below = at.Y[(c, *at.s)]
    result = total(at.dZ[(a, *at.s)] * below, *at.s)
    if not at.s:
        return _Gradient(at.W[a, c], (i, c, a), below * delta(i, a), result, words="the Jacobian is $yᵀ⊗I$")
    product = in_weights(at.W, at.Y, i, a, c, s)
    return _Gradient(at.W[a, c], product.places, product.kron, result, product)


def _dY(at: _Layer) -> _Gradient:
    """∂vec Z/∂vec Y = I⊗W."""
    by, result = at.Y[(c, *at.r)], total(at.W[i, c] * at.dZ[(i, *at.r)], i)
    if not at.s:
        return _Gradient(by, (i, c), at.W[i, c], result, words="the Jacobian is $W$")
    product = in_inputs(at.W, at.Y, i, c, r, s)
    return _Gradient(by, product.places, product.kron, result, product)


def _db(at: _Layer) -> _Gradient:
    """∂vec Z/∂b = 1⊗I."""
    result, form = total(at.dZ[(a, *at.s)], *at.s), "1⊗I" if at.s else "I"
    return _Gradient(at.b[a], (*at.s, i, a), delta(i, a), result, words=f"the Jacobian is ${form}$")


def _derive(
    stem: str, title: str, gradient: Callable[[_Layer], _Gradient], uses: tuple[str, ...] = (), *, sample: bool = False
) -> Derivation:
    """∂L/∂X = Σ K·dZ, where K = ∂Z/∂X is the Kronecker form."""
    layer = _layer(stem, title, uses, sample=sample)
    d, wanted = layer.d, gradient(layer)
    _, name, by = wanted.by.term
    K = d.define("K", wanted.places, wanted.kron)[wanted.places]
    Z, dZ = layer.Z[(i, *layer.s)], layer.dZ[(i, *layer.s)]
    if wanted.product:
        d.begin(wanted.product.slope(d, Z, K, name, by))
        d.then(K, f"$Z$ is linear in ${name}$: its Jacobian is $K = {wanted.product.of_vec}$")
    else:
        d.begin(d.derivative(Z.term, name, by))
        d.then(K, f"the rules for sums and products; {wanted.words}", unfolding=["K"])
    d.learn(d.last)
    d.begin(d.derivative(layer.L.term, name, by))
    through = f"the chain rule: $L$ depends on ${name}$ through all entries of ${shown(layer.Z)}$"
    d.then(total(K * dZ, *layer.s, i), f"{through}; the definition of ${shown(layer.dZ)}$", unfolding=[layer.dZ.name])
    if wanted.product:
        d.follows(wanted.product.back(d, K, layer.dZ), wanted.product.back_in_words(shown(layer.dZ)))
        d.then(wanted.result, "a product with $I$")
    else:
        sparse = any(part[0] == "delta" for part, _ in parts(wanted.kron.term))
        words = "the definition of $K$: $δ$ is contracted" if sparse else "the definition of $K$"
        d.then(wanted.result, words, unfolding=["K"])
    return d


_VEC = ("kron.vec",)
dW = partial(_derive, "linear.dW", "δW = δZ·Yᵀ", _dW, _VEC)
dY = partial(_derive, "linear.dY", "δY = Wᵀ·δZ", _dY, _VEC)
db = partial(_derive, "linear.db", "δb = δZ·1", _db)
sample_dW = partial(_derive, "linear.dW.sample", "δW = δz·yᵀ", _dW, sample=True)
sample_dY = partial(_derive, "linear.dY.sample", "δy = Wᵀ·δz", _dY, sample=True)
sample_db = partial(_derive, "linear.db.sample", "δb = δz", _db, sample=True)
