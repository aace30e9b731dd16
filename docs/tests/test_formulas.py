"""formulas: what is printed is what the term says, with the brackets it needs and no others, in every notation."""

import operator
import re
from collections import defaultdict
from fractions import Fraction

import pytest
from few import few
from hypothesis import assume, given
from hypothesis import strategies as st

from backproof_docs.formulas import Notation, Writer
from backproof_spec.calculus.notation import (
    Expression,
    Map,
    Tensor,
    always,
    cos,
    delta,
    derivative,
    equal,
    erf,
    exp,
    indices,
    log,
    maximum,
    nonzero,
    pi,
    positive,
    sigmoid,
    sin,
    size,
    softplus,
    sqrt,
    step,
    tanh,
    total,
)
from backproof_spec.calculus.terms import close

i, j, k, c, s, r = indices(i="m", j="n", k="n", c="n", s="p", r="p")
W, Y, Z, b, v, x, L = (Tensor(name, ()) for name in "WYZbvxL")
dZ, dZ2, eps, relu, Z1 = (Tensor(name, ()) for name in ("dZ", "dZ2", "eps", "relu", "Z1"))
f, g, h = Map("f", ("n",), ("n",)), Map("g", ("n", "p"), ()), Map("h", (), ())
X, half = x[()], Fraction(1, 2)
WRITERS = [Writer(n, {"dZ": "δZ", "dZ2": "δZ^{(2)}", "Wq": "W_{q}"}, {"p": "srt"}) for n in Notation]

EXAMPLES = [
    # a − b, brackets
    (X - v[j], "x − v[j]", "x - v_{j}", "x - v_(j)"),
    (-X + v[j], "−x + v[j]", "-x + v_{j}", "-x + v_(j)"),
    (X - (v[j] - 1), "x − (v[j] − 1)", "x - (v_{j} - 1)", "x - (v_(j) - 1)"),
    (X + (v[j] + 1), "x + v[j] + 1", "x + v_{j} + 1", "x + v_(j) + 1"),
    ((X - 1) * v[j], "(x − 1)·v[j]", r"(x - 1)\,v_{j}", "(x - 1) thin v_(j)"),
    (X * -v[j], "−x·v[j]", r"-x\,v_{j}", "-x thin v_(j)"),
    (X * Expression(("num", -3, 1)), "−x·3", r"-x \cdot 3", "-x dot 3"),
    (-Expression(("num", -1, 1)), "−(−1)", "-(-1)", "-(-1)"),
    (X + Fraction(-3, 4), "x − 3/4", r"x - \frac{3}{4}", "x - (3)/(4)"),
    (X * X * (X - 1) * (X - 1), "x²·(x − 1)²", r"x^{2}\,(x - 1)^{2}", "x^(2) thin (x - 1)^(2)"),
    (exp(X) * exp(X), "exp(x)²", r"(e^{x})^{2}", "(e^(x))^(2)"),
    # fractions
    (X / v[j], "x/v[j]", r"\frac{x}{v_{j}}", "(x)/(v_(j))"),
    (1 / (X + 1), "1/(x + 1)", r"\frac{1}{x + 1}", "(1)/(x + 1)"),
    (half * X / (v[j] * size("n")), "x/(2·v[j]·n)", r"\frac{x}{2\,v_{j}\,n}", "(x)/(2 thin v_(j) thin n)"),
    (X / (1 / v[j]), "x/(1/v[j])", r"\frac{x}{\frac{1}{v_{j}}}", "(x)/((1)/(v_(j)))"),
    (-X / v[j] / v[j], "−x/v[j]²", r"-\frac{x}{v_{j}^{2}}", "-(x)/(v_(j)^(2))"),
    (half * X, "1/2·x", r"\frac{1}{2}\,x", "(1)/(2) thin x"),
    # sums
    (
        total(W[i, j] * Y[j, s], j) + b[i],
        "Σ_{j=1..n} W[i,j]·Y[j,s] + b[i]",
        r"\sum_{j=1}^{n} W_{ij}\,Y_{js} + b_{i}",
        "sum_(j=1)^(n) W_(i j) thin Y_(j s) + b_(i)",
    ),
    (
        total(v[j] + 1, j) * X,
        "(Σ_{i=1..n} (v[i] + 1))·x",
        r"\left(\sum_{i=1}^{n} (v_{i} + 1)\right)\,x",
        "(sum_(i=1)^(n) (v_(i) + 1)) thin x",
    ),
    (
        -total(W[i, j] * Y[j, c], i, j, c),
        "−Σ_{i=1..m} Σ_{j,k=1..n} W[i,j]·Y[j,k]",
        r"-\sum_{i=1}^{m} \sum_{j,k=1}^{n} W_{ij}\,Y_{jk}",
        "-sum_(i=1)^(m) sum_(j,k=1)^(n) W_(i j) thin Y_(j k)",
    ),
    (
        X * total(v[j], j) / size("n"),
        "(x·Σ_{i=1..n} v[i])/n",
        r"\frac{x\,\sum_{i=1}^{n} v_{i}}{n}",
        "(x thin sum_(i=1)^(n) v_(i))/(n)",
    ),
    (
        total(v[j], j) / size("n"),
        "(Σ_{i=1..n} v[i])/n",
        r"\frac{\sum_{i=1}^{n} v_{i}}{n}",
        "(sum_(i=1)^(n) v_(i))/(n)",
    ),
    (
        maximum(v[j] + 1, j) - maximum(maximum(W[i, j], j), i) * X,
        "max_{i=1..n} (v[i] + 1) − (max_{i=1..m} max_{j=1..n} W[i,j])·x",
        r"\max_{i=1}^{n} (v_{i} + 1) - (\max_{i=1}^{m} \max_{j=1}^{n} W_{ij})\,x",
        "max_(i=1)^(n) (v_(i) + 1) - (max_(i=1)^(m) max_(j=1)^(n) W_(i j)) thin x",
    ),
    # exp, log, 1[·], δ
    (
        exp(Z[j, s]) / total(exp(Z[k, s]), k),
        "exp(Z[j,s])/(Σ_{i=1..n} exp(Z[i,s]))",
        r"\frac{e^{Z_{js}}}{\sum_{i=1}^{n} e^{Z_{is}}}",
        "(e^(Z_(j s)))/(sum_(i=1)^(n) e^(Z_(i s)))",
    ),
    (exp(-X / v[j]), "exp(−x/v[j])", r"\exp\left(-\frac{x}{v_{j}}\right)", "exp(-(x)/(v_(j)))"),
    (exp(X - v[j] + Y[j, s]), "exp(x − v[j] + Y[j,s])", r"\exp(x - v_{j} + Y_{js})", "exp(x - v_(j) + Y_(j s))"),
    (log(X * v[j]), "log(x·v[j])", r"\log(x\,v_{j})", "log(x thin v_(j))"),
    (X * log(v[j]), "x·log v[j]", r"x\,\log v_{j}", "x thin log v_(j)"),
    (log(v[j]) * X, "(log v[j])·x", r"(\log v_{j})\,x", "(log v_(j)) thin x"),
    (log(X - 1) * X, "log(x − 1)·x", r"\log(x - 1)\,x", "log(x - 1) thin x"),
    (
        Y[j, s] * step(Z[j, s] - 1),
        "Y[j,s]·1[Z[j,s] − 1 ≥ 0]",
        r"Y_{js}\,\mathbf{1}[Z_{js} - 1 \ge 0]",
        "Y_(j s) thin bold(1)[Z_(j s) - 1 >= 0]",
    ),
    # other functions
    (
        1 / sqrt(X * X + 1) * sqrt(v[j]),
        "√v[j]/√(x² + 1)",
        r"\frac{\sqrt{v_{j}}}{\sqrt{x^{2} + 1}}",
        "(sqrt(v_(j)))/(sqrt(x^(2) + 1))",
    ),
    (sqrt(v[j]) * sqrt(v[j]), "(√v[j])²", r"(\sqrt{v_{j}})^{2}", "(sqrt(v_(j)))^(2)"),
    (sqrt(exp(X)) - sqrt(sqrt(X)), "√exp(x) − √(√x)", r"\sqrt{e^{x}} - \sqrt{\sqrt{x}}", "sqrt(e^(x)) - sqrt(sqrt(x))"),
    (1 - tanh(X) * tanh(X), "1 − tanh(x)²", r"1 - \tanh(x)^{2}", "1 - tanh(x)^(2)"),
    (
        softplus(X) * sigmoid(-v[j]),
        "softplus(x)·sigmoid(−v[j])",
        r"\operatorname{softplus}(x)\,\operatorname{sigmoid}(-v_{j})",
        'op("softplus")(x) thin op("sigmoid")(-v_(j))',
    ),
    (
        erf(X / sqrt(2 * pi)),
        "erf(x/√(2·π))",
        r"\operatorname{erf}\left(\frac{x}{\sqrt{2\,\pi}}\right)",
        'op("erf")((x)/(sqrt(2 thin pi)))',
    ),
    (sin(X) * cos(pi * X), "sin(x)·cos(π·x)", r"\sin(x)\,\cos(\pi\,x)", "sin(x) thin cos(pi thin x)"),
    (delta(j, k), "δ[j,k]", "δ_{jk}", "δ_(j k)"),
    # names
    (dZ[j, s] + dZ2[j, s], "δZ[j,s] + δZ⁽²⁾[j,s]", "δZ_{js} + δZ^{(2)}_{js}", "δ Z_(j s) + δ Z^(( 2 ))_(j s)"),
    (eps[j] * Z1[j], "eps[j]·Z⁽¹⁾[j]", r"{\varepsilon}_{j}\,Z^{(1)}_{j}", "epsilon.alt_(j) thin Z^(( 1 ))_(j)"),
    (relu[j] * Z1[j], "relu[j]·Z⁽¹⁾[j]", r"\mathrm{relu}_{j}\,Z^{(1)}_{j}", 'upright("relu")_(j) thin Z^(( 1 ))_(j)'),
    (Tensor("B'", ())[j], "B′[j]", r"B^{\prime }_{j}", "B^(′)_(j)"),
    (Z1[j] * Z1[j], "(Z⁽¹⁾[j])²", "(Z^{(1)}_{j})^{2}", "(Z^(( 1 ))_(j))^(2)"),
    (Tensor("Wq", ())[i, j], "W_q[i,j]", "W_{q,ij}", "W_(q,i j)"),
    (size("n1") * W[("index", "i1", "n1"), j], "n₁·W[i₁,j]", r"n_{1}\,W_{i_{1},j}", "n_(1) thin W_(i_(1),j)"),
    # maps and their slopes
    (f.at((k,), (j,), v[j]), "f[k](v)", "f_{k}(v)", "f_(k)(v)"),
    (f.at((k,), (j,), Z[j, s]), "f[k](Z[·,s])", r"f_{k}(Z_{\cdot,s})", "f_(k)(Z_(dot.c,s))"),
    (f.at((k,), (j,), v[j] + 1), "f[k](i ↦ v[i] + 1)", r"f_{k}(i \mapsto v_{i} + 1)", "f_(k)(i |-> v_(i) + 1)"),
    (g.at((), (j, s), Z[j, s]), "g(Z)", "g(Z)", "g(Z)"),
    (
        g.at((), (j, s), -Z[j, s]),
        "g((i,s) ↦ −Z[i,s])",
        r"g((i,s) \mapsto -Z_{is})",
        "g((i,s) |-> -Z_(i s))",
    ),
    (h.at((), (), X - 1), "h(x − 1)", "h(x - 1)", "h(x - 1)"),
    (h.slope((), (), X - 1), "∂ h(x − 1)", r"\partial h(x - 1)", "partial h(x - 1)"),
    (
        f.slope((k, c), (j,), v[j]),
        "(∂f[k]/∂v[c])(v)",
        r"\frac{\partial f_{k}}{\partial v_{c}}(v)",
        "(partial f_(k))/(partial v_(c))(v)",
    ),
    (
        f.slope((k, c), (j,), Z[j, s]),
        "(∂f[k]/∂Z[c,s])(Z[·,s])",
        r"\frac{\partial f_{k}}{\partial Z_{cs}}(Z_{\cdot,s})",
        "(partial f_(k))/(partial Z_(c s))(Z_(dot.c,s))",
    ),
    (
        f.slope((k, c), (j,), 2 * v[j]),
        "∂[c] f[k](i ↦ 2·v[i])",
        r"\partial_{c} f_{k}(i \mapsto 2\,v_{i})",
        "partial_(c) f_(k)(i |-> 2 thin v_(i))",
    ),
    # judgements and hypotheses
    (equal(X, 1), "x = 1", "x = 1", "x = 1"),
    (positive(size("n")), "n > 0", "n > 0", "n > 0"),
    (("nonneg", X.term), "x ≥ 0", r"x \ge 0", "x >= 0"),
    (
        derivative(L[()], W[i, c], 0),
        "∂L/∂W[i,c] = 0",
        r"\frac{\partial L}{\partial W_{ic}} = 0",
        "(partial L)/(partial W_(i c)) = 0",
    ),
    (
        derivative(X + 1, x[()], 1),
        "∂(x + 1)/∂x = 1",
        r"\frac{\partial (x + 1)}{\partial x} = 1",
        "(partial (x + 1))/(partial x) = 1",
    ),
    (
        always(equal(total(Z[j, s], j), 1), s),
        "for all s: Σ_{i=1..n} Z[i,s] = 1",
        r"\text{for all } s\colon\ \sum_{i=1}^{n} Z_{is} = 1",
        '"for all" s: sum_(i=1)^(n) Z_(i s) = 1',
    ),
    (always(nonzero(X)), "x ≠ 0", r"x \ne 0", "x != 0"),
]


def _term(formula):
    return formula.term if isinstance(formula, Expression) else formula


@pytest.mark.parametrize("row", EXAMPLES, ids=lambda row: row[1])
def test_examples(row):
    assert [write(_term(row[0])) for write in WRITERS] == list(row[1:])


def test_a_definition_has_its_indices_on_the_left():
    text, latex, typst = (write.definition("Z", (i, s), (total(W[i, j] * Y[j, s], j)).term) for write in WRITERS)
    assert text == "Z[i,s] := Σ_{j=1..n} W[i,j]·Y[j,s]"
    assert latex == r"Z_{is} := \sum_{j=1}^{n} W_{ij}\,Y_{js}"
    assert typst == "Z_(i s) := sum_(j=1)^(n) W_(i j) thin Y_(j s)"


# --- names of indices ---


def test_a_bound_index_takes_no_letter_of_a_free_index_a_tensor_or_a_dimension():
    bound = ("index", "_7", "j")  # a dimension called j
    formula = total(Tensor("k", ())[bound] * v[("index", "i", "n")], bound)
    assert Writer()(formula.term) == "Σ_{l=1..j} k[l]·v[i]"


def test_a_bound_index_is_named_by_its_dimension_and_never_like_one_around_it():
    three = indices(a="p", b="p", c="p")
    assert Writer(letters={"p": "srt"})(total(v[s] * W[three], *three).term) == "Σ_{r,t,i=1..p} v[s]·W[r,t,i]"
    assert Writer(letters={"p": "i"})(total(v[j], j).term) == "Σ_{j=1..n} v[j]"  # i is kept for p


def test_a_bound_index_takes_no_letter_that_is_shown_as_something_else():
    assert Writer(names={"i": "X"})(total(v[j], j).term) == "Σ_{j=1..n} v[j]"
    assert Writer(names={"v": "i"})(total(v[j], j).term) == "Σ_{j=1..n} i[j]"


def test_letters_do_not_run_out():
    many = tuple(("index", f"_{number}", "n") for number in range(25))
    shown = Writer().free(W[many].term)
    assert len(set(shown.values())) == len(many)
    assert "W[i,j,k" in Writer()(W[many].term)
    assert "i₁" in Writer()(W[many].term)


def test_indices_made_by_tactics_and_indices_of_one_name_get_letters_of_their_own():
    made, same, other = ("index", "_12", "p"), ("index", "i", "m"), ("index", "i", "n")
    assert Writer(letters={"p": "srt"})(W[made, same, other].term) == "W[s,i,j]"


def test_free_indices_are_named_alike_in_several_formulas():
    one, two = ("index", "_3", "n"), ("index", "_4", "n")
    write = Writer()
    names = write.free(v[two].term, W[one, two].term)
    assert [write(v[two].term, names), write(W[one, two].term, names)] == ["v[j]", "W[i,j]"]


def test_a_name_that_no_notation_can_show_is_refused_until_it_has_a_display_name():
    for name in ("a-b", "", "#", "x$y", '"', "\\alpha", "Z^{(1)_}"):
        with pytest.raises(ValueError, match="display name"):
            Writer()(Tensor(name, ())[j].term)
    assert Writer(names={"a-b": "β"})(Tensor("a-b", ())[j].term) == "β[j]"


# --- brackets: the text, read as Python, is what the term says ---

SIZES = {"m": 2, "n": 3}
UNDEFINED = "a denominator is 0"


class At:
    """A function of what stands in square brackets after it."""

    def __init__(self, function):
        self.function = function

    def __getitem__(self, inside):
        return Fraction(self.function(*inside) if isinstance(inside, tuple) else self.function(inside))


class Prefix:
    """Any function; ``log x²`` is log(x²), and takes in no further factor: as Python, log**x**2."""

    def __init__(self, slope):
        self.slope = slope

    def __pow__(self, a):
        return self.slope * a + 7

    __call__ = __pow__


VALUES = {
    **{name: Fraction(size) for name, size in SIZES.items()},
    "i": 0,
    "j": 1,
    "k": 2,
    "x": Fraction(-2, 5),
    "v": At(lambda a: Fraction(2 * a - 1, 3)),
    "W": At(lambda a, b: Fraction(5 * a - 3 * b + 1, 4)),
    "δ": At(lambda a, b: a == b),
    "ind": At(lambda a: a >= 0),
    "exp": lambda a: a * a + a + 1,  # exact, and as good as any other function here
    "log": Prefix(3),
    "sqrt": Prefix(5),
    "tanh": lambda a: a * a - 3 * a + 2,
    "π": Fraction(22, 7),
    "F": Fraction,
}
AS_PYTHON = [
    (r"(?<!\d)1\[", "ind["),
    (r" ≥ 0\]", "]"),
    (r"[⁰¹²³⁴-⁹]+", lambda power: "**" + "".join(str("⁰¹²³⁴⁵⁶⁷⁸⁹".index(digit)) for digit in power[0])),
    (r"\d+", r"F(\g<0>)"),
    ("log ", "log**"),
    ("√", "sqrt**"),
    ("−", "-"),
    ("·", "*"),
]


def _read(text):
    for pattern, by in AS_PYTHON:
        text = re.sub(pattern, by, text)
    try:
        return eval(text, {"__builtins__": {}}, VALUES)  # noqa: S307 - the text is our own
    except ZeroDivisionError:
        return UNDEFINED


def _meaning(term):
    try:
        return _value(term, ())
    except ZeroDivisionError:
        return UNDEFINED


def _value(term, bound):
    match term:
        case ("num", p, q):
            value = Fraction(p, q)
        case ("dim", name) | ("entry", name, ()):
            value = VALUES[name]
        case ("entry" | "delta" as op, name, places):
            numbers = tuple(VALUES[p[1]] if p[0] == "index" else bound[-1 - p[1]] for p in places)
            value = VALUES["δ" if op == "delta" else name][numbers]
        case ("sum", dim, body):
            value = sum((_value(body, (*bound, number)) for number in range(SIZES[dim])), Fraction(0))
        case ("add" | "mul" as op, a, b):
            value = {"add": operator.add, "mul": operator.mul}[op](_value(a, bound), _value(b, bound))
        case ("inv", a):
            value = 1 / _value(a, bound)
        case ("pi",):
            value = VALUES["π"]
        case ("ind", a):
            value = VALUES["ind"][_value(a, bound)]
        case (op, a):
            value = VALUES[op](_value(a, bound))
    return value


FRACTIONS = st.builds(Fraction, st.integers(-3, 3), st.integers(1, 3))
LEAVES = FRACTIONS.map(lambda q: ("num", q.numerator, q.denominator)) | st.sampled_from(
    [_term(leaf) for leaf in (X, v[j], v[k], W[i, j], size("m"), delta(j, k), delta(j, j), X * -1, pi)]
)
TERMS = st.recursive(
    LEAVES,
    lambda inner: (
        st.tuples(st.sampled_from(["add", "mul"]), inner, inner)
        | st.tuples(st.sampled_from(["inv", "exp", "log", "ind", "sqrt", "tanh"]), inner)
    ),
    max_leaves=8,
)


@given(TERMS)
def test_the_text_read_as_python_is_the_value_of_the_term(term):
    value = _meaning(term)
    assume(value != UNDEFINED)
    assert _read(Writer()(term)) == value


@given(TERMS)
def test_brackets_and_braces_close_in_the_order_in_which_they_open(term):
    bare = re.compile(r"[^][(){}]")
    for write in WRITERS:
        left = bare.sub("", write(("sum", "n", ("mul", close(term, (j,)), term))))
        while left != (left := re.sub(r"\(\)|\[\]|\{\}", "", left)):
            pass
        assert not left


@given(TERMS)
def test_latex_has_no_second_script_where_one_stands(term):
    latex = WRITERS[1](term)
    while "{" in latex:
        latex = re.sub(r"\{[^{}]*\}", "", latex)  # the innermost
        assert not re.search(r"\^_?\^|_\^?_", latex)
    assert latex.count(r"\left") == latex.count(r"\right")


def _joined(some):
    return [(op, a, b) for op in ("add", "mul") for a in some for b in some]


def _inside(some):
    functions = [(op, a) for op in ("inv", "exp", "log", "ind", "sqrt", "tanh") for a in some]
    return functions + [("sum", "n", close(a, (j,))) for a in some]


@pytest.mark.no_cover
@pytest.mark.parametrize("write", few(WRITERS, WRITERS[0].__eq__), ids=[n.name for n in Notation])
def test_terms_that_print_alike_are_alike(write):
    leaves = [("num", -1, 1), ("num", 1, 2), v[j].term]
    small = leaves + _joined(leaves) + _inside(leaves)
    middle = _joined(small) + _inside(small)
    meanings = defaultdict(set)
    for term in (*small, *middle, *_inside(middle[::3])):
        meanings[write(term)].add(_meaning(term))
    assert len(meanings) > 1000
    assert {text: values for text, values in meanings.items() if len(values) > 1} == {}


def test_typst_compiles_every_example():
    typst = pytest.importorskip("typst")
    formulas = [WRITERS[2](_term(row[0])) for row in EXAMPLES]
    html, warnings = typst.compile_with_warnings("\n".join(f"$ {f} $" for f in formulas).encode(), format="html")
    assert html.count(b"<math") == len(formulas)
    assert [w.message for w in warnings] == ["html export is under active development and incomplete"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (half, "0.5"),
        (Fraction(8943, 200000), "0.044715"),
        (Fraction(-7, 4), "−1.75"),
        (Fraction(1, 3), "1/3"),
        (Fraction(1, 2**60), "1/1152921504606846976"),
        (2, "2"),
    ],
)
def test_decimals_stay_decimals_where_numbers_were_written_so(value, text):
    write = Writer(decimals=True)
    assert write(("num", *Fraction(value).as_integer_ratio())) == text
    assert write((half * X / v[j]).term) == "0.5·x/v[j]"
    assert Writer()((half * X / v[j]).term) == "x/(2·v[j])"
