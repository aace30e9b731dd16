"""What cannot be read as an operation is one line: where, what was read, what was expected, the nearest thing."""

import time

import pytest
from few import few

from backproof_spec.language.parsing import Malformed
from backproof_spec.language.text import text
from backproof_spec.library import Unreadable, operation

HEAD = "operation f(X[s,i], t[s]: index(i); k = 2) -> Y\n"
GOOD = HEAD + "Y[s,i] = X[s,i]\n"

LONG = 20_000
MISTAKES = {
    "x = 1\n": "line 1, column 1: expected one line 'operation …', the first: a file holds one operation",
    HEAD: "line 1, column 1: the output Y is defined nowhere, where there are X, k, t",
    GOOD + "Y[s,i] = 1\n": "line 3, column 1: Y is defined twice",
    HEAD + "Y[s,i] = W[s,i]\n": "line 2, column 10: W is not defined, where there are X, k, t",
    HEAD + "Y[s,i] = Xs[s,i]\n": "line 2, column 10: Xs is not defined: did you mean X?",
    HEAD + "Y[s,i] = X[s]\n": "line 2, column 10: X has 1 index here, where it was X[s,i]",
    HEAD + "Y[s,i] = X[s,j]\n": "line 2, column 14: j is not defined, where there are X, i, k, s, t",
    HEAD + "Y[s] = sum_i sum_i X[s,i]\n": "line 2, column 14: index i is bound twice: give it another name in sum_i",
    HEAD + "Y[s,i] = sum_i X[s,i]\n": "line 2, column 10: index i is bound twice: give it another name in sum_i",
    HEAD + "Y[s] = X[s,i]\n": "line 2, column 12: index i is neither on the left nor summed over",
    HEAD + "Y[s,s] = X[s,s]\n": "line 2, column 1: Y[s,s]: an index stands twice",
    HEAD + "Y[s,i] = tahn(X[s,i])\n": "line 2, column 10: there is no function or operation tahn: did you mean tanh?",
    HEAD + "Y[s,i] = 1 + tahn(X[s,i])\n": "line 2, column 14: there is no function tahn: did you mean tanh?",
    HEAD + "Y[s,i] = max(X[s,i])\n": "line 2, column 10: max takes 2 arguments, got 1",
    HEAD + "Y[s,i] = X[s,i] +\n": "line 2, column 18: read the end of the line, where an expression was expected",
    HEAD + "Y[s,i] = X[s,i]**2\n": "line 2, column 17: read *2, where an expression was expected: a power is x^2",
    HEAD + "Y[s,i] = X[s,i]²\n": "line 2, column 16: ² is no digit here: write x^2 for the power x², and x2 for a name",
    GOOD + "gradient by t[s] = 1\n": "line 3, column 13: t is of kind index, which is not differentiated",
    GOOD + "gradient by W[s,i] = 1\n": "line 3, column 13: W is no argument",
    GOOD + "gradient by X[s] = 1\n": "line 3, column 1: X has 1 index here, where it was X[s,i]",
    GOOD + "gradient by X[s,i] = dZ[s,i]\n": "line 3, column 22: dZ is not defined, where there are X, Y, dY, k, t",
    HEAD + "gradient by X[s,i] = dY[s,i]\n": "line 2, column 1: the output Y is not defined before",
    HEAD + "a[s] = sum_i dY[s,i]\n": "line 2, column 14: dY is used before Y is defined",
    HEAD + "a[s] = sum_i Y[s,i]\n": "line 2, column 14: Y is used before it is defined",
    HEAD + "Y[s,j] = X[s,j+1]\n": "line 2, column 1: size(j) is not known, as no argument has this index: add a line",
    HEAD + "suppose sum_j [j = t[s]] > 0\nY[s,i] = 1\n": "line 2, column 1: size(j) is not known",
    GOOD + "gradient by X[s,i] = sum_j [j = t[s]]\n": "line 3, column 1: size(j) is not known",
    HEAD + "where size(q) = size(i) + m\nY[s,i] = 1\n": "line 2, column 27: m is no parameter, and sizes are tied by",
    HEAD + "Y = gelu(W)\n": "line 2, column 10: gelu takes whole tensors, by their names alone",
    HEAD + "Y = gelu(X, X)\n": "line 2, column 1: expected Y = gelu(X)",
    HEAD + "Y = gelu(t)\n": "line 2, column 10: t has 1 index, where gelu takes X[s,i]",
    HEAD + "Y = layer_norm(X, t, t; epsilon = 1)\n": "line 2, column 1: layer_norm has no parameter epsilon",
    HEAD + "Y[s,i] = f'[s](X)\n": "line 2, column 10: f'(Z) is for statements",
    HEAD + "Y[s,i] = size(q)*X[s,i]\n": "line 2, column 10: q is no index, where there are i, s",
    GOOD + "computed also r[s] = 1\n": "line 3, column 1: r is not defined before, so that there is no other way",
    "operation f(X[s]: logit) -> Y\nY[s] = 1\n": "line 1, column 19: there is no kind logit: did you mean logits?",
    "operation f(t[s]: index) -> Y\nY[s] = 1\n": "line 1, column 19: expected index(v) for whole numbers below size(v)",
    "operation f(X[s,i]) -> X\n": "line 1, column 1: X stands twice: an output has a name of its own",
    "operation f(X[s,i]) Y\n": "line 1, column 21: read Y, where -> was expected",
    "operation f(X[s], X[s]) -> Y\n": "line 1, column 19: X is defined twice",
    "operation f(X[s]; 2) -> Y\n": "line 1, column 19: expected a parameter, as in eps = 1e-5, before a number",
    "operation f(exp[s]) -> Y\n": "line 1, column 13: exp has a meaning already: give this another name",
}


@pytest.mark.parametrize("text", MISTAKES)
def test_a_mistake_is_one_line_that_says_where_and_what_was_expected(text: str) -> None:
    with pytest.raises(Unreadable) as raised:
        operation(text if text.count("\n") > 1 else text + "\n")
    said = str(raised.value)
    assert said.startswith(f"the operation: {MISTAKES[text]}")
    assert "\n" not in said


@pytest.mark.parametrize(
    "text",
    few(
        [
            HEAD + "Y[s,i] = " + "exp(" * 3000 + "1" + ")" * 3000 + "\n",
            HEAD + "Y[s,i] = " + "+".join(["X[s,i]"] * 11_000) + "\n",
            HEAD + f"Y[s,i] = {'9' * 2000}*X[s,i]\n",
            HEAD + "Y[s,i] = 1e99999*X[s,i]\n",
            HEAD + "".join(f"a{k}[s] = {'+'.join(['1'] * 90)}\n" for k in range(150)) + "Y[s,i] = X[s,i]\n",
        ],
        lambda text: len(text) < LONG,
    ),
)
def test_what_is_too_large_is_refused_at_once(text: str) -> None:
    start = time.process_time()
    with pytest.raises(Unreadable):
        operation(text)
    assert time.process_time() - start < 20


def test_a_long_file_is_refused_before_it_is_read() -> None:
    start = time.process_time()
    with pytest.raises(Unreadable, match=r"140,0.. characters, where 100,000 are the most"):
        operation(HEAD + "Y[s,i] = " + "+".join(["X[s,i]"] * 20_000) + "\n")
    assert time.process_time() - start < 1


def test_an_operation_whose_name_reads_like_a_reduction_can_be_used(tmp_path) -> None:
    (tmp_path / "sum_pool.op").write_text("operation sum_pool(X[s,i]) -> Y\nY[s] = sum_i X[s,i]\n")
    (tmp_path / "two.op").write_text("operation two(X[s,i]) -> Z\nY[s] = sum_pool(X)\nZ[s] = sum_i(X[s,i])*Y[s]\n")
    used, own = operation(tmp_path / "two.op").definitions
    assert text(used.body) == "sum_i_Y X[s_Y,i_Y]"
    assert text(own.body) == "sum_i X[s,i]*Y[s]"


def test_a_function_of_a_whole_tensor_is_the_operation_of_that_name() -> None:
    of = operation("operation f(Z[i,s]) -> Y\nY = relu(Z)\n")
    assert [each.name for each in of.definitions] == ["Y"]
    assert len(of.shapes["Y"]) == 2


def test_letters_before_an_operation_are_its_places() -> None:
    head = "operation f(W[i,j], X[j,s], b[i]) -> Y\n"
    of = operation(head + "Z[i,s] = linear(W, X, b)\nY[i,s] = Z[i,s]^2\n")
    assert of.shapes["Z"] == ("i", "s")
    with pytest.raises(Unreadable, match=r"line 2, column 1: Z has 1 index here, where it was Z\["):
        operation(head + "Z[i] = linear(W, X, b)\nY[i,s] = Z[i,s]^2\n")


def test_operations_that_use_each_other_are_refused(tmp_path) -> None:
    for name, other in (("one", "two"), ("two", "one")):
        (tmp_path / f"{name}.op").write_text(f"operation {name}(X[s]) -> Y\nY = {other}(X)\n")
    with pytest.raises(Unreadable, match="an operation cannot use itself: one uses two uses one"):
        operation(tmp_path / "one.op")


@pytest.mark.slow
def test_operations_that_grow_by_using_others_are_counted(tmp_path) -> None:
    (tmp_path / "g0.op").write_text("operation g0(X[s]) -> Y\nY[s] = " + " + ".join(["X[s]"] * 50) + "\n")
    for k in range(1, 9):
        lines = "\n".join(f"A{j} = g{k - 1}({f'A{j - 1}' if j else 'X'})" for j in range(9))
        (tmp_path / f"g{k}.op").write_text(f"operation g{k}(X[s]) -> Y\n{lines}\nY[s] = A8[s]\n")
    with pytest.raises(Unreadable, match="operators and names: define names for what is repeated"):
        operation(tmp_path / "g8.op")


def test_a_mistake_knows_its_place() -> None:
    assert Malformed((2, 5), "no").at == (2, 5)
