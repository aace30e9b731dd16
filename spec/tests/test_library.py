"""Every built-in operation: its claims hold in numbers, and what is claimed wrongly is refuted."""

from fractions import Fraction
from random import Random

import pytest
from few import few, telling
from mpmath import mp

from backproof_spec.calculus import limits
from backproof_spec.calculus.tactics import Unproved
from backproof_spec.language import deriving, exact
from backproof_spec.language.deriving import prove
from backproof_spec.language.evaluating import Evaluation
from backproof_spec.language.proving import drawn, refuted
from backproof_spec.language.reverse import derived
from backproof_spec.language.syntax import Gradient, Multiply, Negate, Number
from backproof_spec.library import built_in, operation

CLAIMS = [
    (name, gradient) for name in built_in() for gradient in operation(name).gradients if gradient.claimed is not None
]


@pytest.mark.parametrize("name", ["multi_head_attention", "conv2d", "linear"])
def test_no_size_is_called_as_an_index_is(name: str) -> None:
    """Sizes are letters, too: a sum from 1 to t whose terms depend on t would read wrongly."""
    of = operation(name)
    said = deriving.lowered(of, of.gradients[0])
    assert not {*said.derivation.letters} & {*of.dimension}


@pytest.mark.no_cover
@pytest.mark.parametrize(
    ("name", "gradient"),
    few(CLAIMS, telling),
    ids=lambda each: each if isinstance(each, str) else each.name,
)
def test_a_claim_holds_and_its_false_twins_do_not(name: str, gradient: Gradient) -> None:
    """−g, and 2·g, are refuted at values at which the gradient is not 0."""
    assert refuted(operation(name), gradient) is None
    for twin in (Negate(gradient.claimed), Multiply(Number(2), gradient.claimed)):
        found = refuted(operation(name), Gradient(gradient.name, gradient.indices, twin))
        assert found is not None
        assert found.right != found.claimed


@pytest.mark.parametrize(
    ("name", "gradient"),
    few(
        [(name, gradient) for name in built_in() for gradient in derived(operation(name)).gradients],
        telling,
    ),
    ids=lambda each: each if isinstance(each, str) else each.name,
)
def test_a_gradient_is_proved_for_all_shapes(name: str, gradient: Gradient) -> None:
    """Within the steps of the definitions."""
    with limits.within(60):
        derivation = prove(derived(operation(name)), gradient)
    assert derivation.theorem.conclusion[0] == "deriv"
    assert derivation.theorem.conclusion[1] == gradient.name


H = Fraction(1, 2**200)


@pytest.mark.no_cover
@pytest.mark.parametrize("name", few(built_in(), telling))
def test_the_explicit_jacobian_is_that_of_difference_quotients(name: str) -> None:
    """Every entry of every output by every entry of every argument, at 600 bits: J is off by h²·f‴/6 and no more."""
    of = operation(name)
    drawings = (drawn(of, Random(seed)) for seed in range(400))
    at = next(each for each in drawings if each is not None and all(each.values.values()) and _off_kinks(each))
    with mp.workprec(600):
        for output in of.outputs:
            jacobian = exact.jacobian(at, output)
            for argument in of.differentiated:
                for place in at.values[argument.name]:
                    ahead, behind = (_moved(at, argument.name, place, h).tensor(output) for h in (H, -H))
                    for entry, slopes in jacobian.items():
                        quotient = (exact.real(ahead[entry]) - exact.real(behind[entry])) / exact.real(2 * H)
                        slope = exact.real(slopes.get((argument.name, place), Fraction(0)))
                        assert abs(quotient - slope) <= mp.ldexp(max(abs(slope), 1), -380)


def _is_proved(of, gradient: Gradient) -> bool:
    try:
        prove(of, gradient)
    except Unproved:
        return False
    return True


def _off_kinks(at: Evaluation) -> bool:
    along = exact.jets(at, strict=True)
    try:
        return all(along.tensor(output) for output in at.operation.outputs)
    except exact.Kink:
        return False


def _moved(at: Evaluation, name: str, place: tuple[int, ...], by: Fraction) -> Evaluation:
    tensor = {**at.values[name], place: at.values[name][place] + by}
    return Evaluation(at.operation, at.sizes, at.parameters, {**at.values, name: tensor}, exact.Exact())


@pytest.mark.parametrize(
    ("forward", "gradient", "supposed"),
    [
        ("Y[i] = relu(X[i] - 1)", "dY[i]*[X[i] >= 1]", True),
        ("Y[i] = max(X[i], 0)", "dY[i]*step(X[i])", True),
        ("Y[i] = abs(X[i])*M[i]", "dY[i]*sign(X[i])*M[i]", True),
        ("Y[i] = relu(M[i])*X[i]", "dY[i]*relu(M[i])", False),
        ("A[i] = X[i]^2\nY[i] = relu(A[i] + 1)", "2*dY[i]*X[i]", False),
    ],
)
def test_a_gradient_is_proved_where_no_function_of_the_argument_is_at_a_kink(forward, gradient, supposed) -> None:
    of = operation(f"operation f(X[i], M[i]: constant) -> Y\n{forward}\ngradient by X[i] = {gradient}\n")
    (by_X,) = of.gradients
    assert bool(prove(of, by_X).theorem.hypotheses) is supposed


@pytest.mark.parametrize(
    ("below", "supposed", "proved"),
    [("v", "", True), ("v", "suppose sum_v [v = t[s]] = 1\n", True), ("w", "", False)],
)
def test_a_class_number_is_one_of_the_classes_that_it_is_declared_to_be_of(below, supposed, proved) -> None:
    """Nothing is known of a number of which it is not said that it is below the size of v."""
    loss = "L[s] = -sum_v [v = t[s]]*log(S[s,v])\ngradient by Z[s,v] = dL[s]*(S[s,v] - [v = t[s]])\n"
    head = f"operation f(Z[s,v]: logits, X[w], t[s]: index({below})) -> L, Y\nsuppose size(v) > 0\n"
    of = operation(f"{head}{supposed}S[s,v] = softmax_v Z[s,v]\nY[w] = X[w]\n{loss}")
    by_Z = of.gradients[0]
    if proved:
        assert any(judgement[0] == "eq" for _, _, judgement in prove(of, by_Z).theorem.hypotheses)
    else:
        with pytest.raises(Unproved):
            prove(of, by_Z)


@pytest.mark.parametrize(("relation", "proved"), [("=", True), ("<=", False), (">=", False), ("!=", False)])
def test_other_comparisons_with_a_class_number_hold_as_often_as_they_do(relation, proved) -> None:
    text = f"operation f(X[s], Z[v], t[s]: index(v)) -> Y\nY[s] = X[s]*sum_v [v {relation} t[s]] + 0*sum_v Z[v]\n"
    of = operation(f"{text}gradient by X[s] = dY[s]\n")
    assert (refuted(of, of.gradients[0]) is None) is proved
    assert _is_proved(of, of.gradients[0]) is proved


@pytest.mark.parametrize(
    ("place", "arguments"),
    [
        ("t[s//8]", "t[w]: index(v), Z[v]"),
        ("t[s+1]", "t[s]: index(v), Z[v]"),
        ("t[k[s]]", "t[w]: index(v), k[s]: index(u), Z[v], Q[u]"),
        ("t[v]", "t[v]: index(v)"),
    ],
)
def test_a_number_that_may_not_be_there_is_none_of_the_classes(place, arguments) -> None:
    rest = " + 0*sum_v Z[v]" if "Z" in arguments else ""
    rest += " + 0*sum_u Q[u]" if "Q" in arguments else ""
    of = operation(
        f"operation f(X[s], {arguments}) -> Y\nY[s] = X[s]*sum_v [v = {place}]{rest}\ngradient by X[s] = dY[s]\n"
    )
    assert not _is_proved(of, of.gradients[0])


def test_what_is_looked_up_by_what_is_looked_up_is_there() -> None:
    text = (
        "operation f(X[s], t[w]: index(v), k[s]: index(w), Z[v]) -> Y\nY[s] = X[s]*sum_v [v = t[k[s]]] + 0*sum_v Z[v]\n"
    )
    of = operation(f"{text}gradient by X[s] = dY[s]\n")
    assert prove(of, of.gradients[0])


@pytest.mark.parametrize(("place", "proved"), [("t[s]", True), ("t[s+1]", False)])
def test_a_function_of_what_may_not_be_there_is_one_of_0(place, proved) -> None:
    """exp(X[t[s+1]]) is 1 where there is no t[s+1]."""
    text = f"operation f(W[s], X[v], t[s]: index(v)) -> Y\nY[s] = W[s]*exp(X[{place}])\n"
    of = operation(f"{text}gradient by W[s] = dY[s]*sum_v [v = {place}]*exp(X[v])\n")
    assert _is_proved(of, of.gradients[0]) is proved


LOOKED_UP = (
    "operation f(X[a], W[u], t[u]: index(a)) -> Y\nsuppose size(u) > 0\nsuppose size(a) > 0\nY[u] = {} + 0*W[u]\n"
)


@pytest.mark.parametrize(
    ("value", "by_W", "proved"),
    [
        ("W[u]*exp(softmax_u X[t[u]])", "dY[u]*exp(1/size(u))", False),
        ("W[u]*log(sum_u1 exp(X[t[u1]]))", "dY[u]*log(sum_u1 exp(X[t[u1]]))", True),
        ("W[u]*sqrt(sum_u1 X[t[u1]]^2 + 1)", "dY[u]*sqrt(sum_u1 X[t[u1]]^2 + 1)", True),
        ("W[u]*exp(X[t[u]])", "dY[u]*sum_a [a = t[u]]*exp(X[a])", True),
    ],
)
def test_a_lookup_by_what_is_bound_within_a_function_stays_within(value, by_W, proved) -> None:
    of = operation(f"{LOOKED_UP.format(value)}gradient by W[u] = {by_W}\n")
    assert _is_proved(of, next(each for each in of.gradients if each.name == "W")) is proved


def test_what_is_looked_up_in_another_dimension_is_no_lookup_of_a_function() -> None:
    text = "operation f(X[a], Z[v], W[s], t[s]: index(v)) -> Y\nY[s] = W[s]*exp(X[t[s]]) + 0*sum_v Z[v]\n"
    of = operation(f"{text}gradient by W[s] = dY[s]*exp(X[t[s]])\n")
    assert prove(of, next(each for each in of.gradients if each.name == "W"))
