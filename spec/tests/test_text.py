"""What is written of an operation is read as the same operation."""

from dataclasses import replace

import pytest

from backproof_spec.language.reading import read
from backproof_spec.language.text import header, line, numeral, text, written
from backproof_spec.library import built_in, operation

WRITTEN = [
    "-X[i]^2",
    "(-X[i])^2",
    "-(X[i]*Y[i])",
    "-X[i]*Y[i]",
    "X[i]^-2",
    "(X[i]^2)^Y[i]",
    "X[i] - (Y[i] - 1)",
    "X[i] - Y[i] - 1",
    "X[i]/(Y[i]/X[i])",
    "X[i]/Y[i]*X[i]",
    "X[i]*-Y[i]",
    "X[i] - -Y[i]",
    "sum_j X[j]*Y[i] + 1",
    "sum_j (X[j] + Y[i])",
    "(sum_j X[j])*Y[i]",
    "Y[i]*sum_j X[j]*X[i]",
    "Y[i]/sum_j X[j]",
    "-sum_j X[j]",
    "Y[i]*-sum_j X[j]",
    "(-sum_j X[j])*Y[i]",
    "--X[i]",
    "(sum_j X[j])^2",
    "sum_{j,k} X[j]*X[k]",
    "exp(-sum_j X[j])*max(X[i], 0)",
    "[i <= 2*i - 1]*X[i]",
    "X[2*i + 1]",
    "X[i//2]*(i//2)//3",
    "(0.5 + 1e-5)*X[i]*pi/size(i)",
    "softmax_i X[i]*softmax_i Y[i]",
    "mean_j -X[j]",
]


@pytest.mark.parametrize("name", built_in())
def test_an_operation_is_read_as_it_is_written(name):
    """An index that only a gradient of a used operation has is not in what is written out."""
    op = operation(name)
    again = read(written(op))
    assert again == replace(op, dimension={i: op.dimension[i] for i in again.dimension})
    assert written(again) == written(op)


@pytest.mark.parametrize("body", WRITTEN)
def test_an_expression_is_written_with_the_brackets_that_it_needs(body):
    op = read(f"operation f(X[i], Y[i]) -> Z\nZ[i] = {body}")
    assert text(op.definitions[0].body) == body
    assert read(written(op)) == op


def test_the_lines():
    op = operation("conv2d")
    assert header(op) == (
        "operation conv2d(X[s,c,a,b], W[o,c,u,v], z[o]; stride in 1, 2, pad in 0, 1, dilation in 1, 2) -> Y"
    )
    assert line(op.gradients[2]) == "gradient by z[o] = sum_{s,y,x} dY[s,o,y,x]"
    assert line(operation("mlp_block").gradients[0]) == "gradient by X[s,i]"
    assert line(operation("rope").suppositions[0]) == "suppose base > 0"
    assert "w[v]: weights, keep[s]: mask; smooth = 0.1) -> L" in header(operation("weighted_cross_entropy"))


@pytest.mark.parametrize(
    "number", ["0", "12", "0.5", "1e-5", "1e-400", "1e22", "0.044715", "123456789.123456789123456789"]
)
def test_a_number_is_the_same(number):
    op = read(f"operation f(X[i]; p = {number}) -> Y\nY[i] = {number}*X[i] + p")
    again = read(written(op))
    assert again == op
    assert numeral(op.parameters[0].choices[0]) in written(op)


def test_a_supposition_stands_after_what_it_speaks_of():
    lines = (
        "operation f(X[i]; p = -1, q in 0.5, -2) -> Y\nsuppose size(i) > 0\n"
        "Z[i] = X[i]^2 + 1\nsuppose Z[i] > p\nY[i] = q/Z[i]\nsuppose Y[i] > 0\n"
        "computed also Y[i] = q*Z[i]^-1\ngradient by X[i]\n"
    )
    assert written(read(lines)) == lines
