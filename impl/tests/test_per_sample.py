"""per_sample: right code for one sample holds over a batch, and what goes wrong stays visible."""

import ml_dtypes
import numpy as np
import pytest

import backproof
from backproof_impl import reference as R
from backproof_impl.conventions import Conventions
from backproof_impl.wrapping.per_sample import per_sample

W = np.array([[1.0, 2.0], [3.0, -4.0], [0.5, 6.0]])
Y = np.array([[1.0, -1.0, 0.25, 3.0], [0.5, 2.0, -2.0, 1.0]])
B = np.array([1.0, -2.0, 3.0])
DZ = np.array([[1.0, 2.0, -1.0, 4.0], [0.5, -1.0, 3.0, 1.0], [4.0, 0.5, 1.0, -3.0]])
Z = np.array([[1.0, 2.0, -1.0, 4.0], [0.5, -1.0, 3.0, 1.0], [4.0, 0.5, 1.0, -3.0]])
P = np.array([[1.0, 0.5, 0.0, 0.25], [0.0, 0.25, 1.0, 0.5], [0.0, 0.25, 0.0, 0.25]])
LINEAR = ("linear.forward", "linear.dY", "linear.dW", "linear.db")
NETWORK = ("network.forward", "network.dX", "network.dW", "network.db")


def linear(W, y, b):
    return (W @ y).astype(np.result_type(W, y)) + b  # NumPy's product of bfloat16 arrays is float32


@per_sample
def linear_vjp(W, y, b, dz):  # noqa: ARG001 - the contract
    return np.outer(dz, y), (W.T @ dz).astype(np.result_type(W, dz)), dz.copy()


def relu_vjp(z, dy):
    return np.where(z >= 0, dy, z.dtype.type(0))


def softmax(z):
    e = np.exp(z - z.max())
    return e / e.sum()


def softmax_vjp(z, ds):
    s = softmax(z)
    return s * (ds - s @ ds)


def cross_entropy(s, p):
    return sum((-p[i] * np.log(s[i]) for i in np.flatnonzero(p)), s.dtype.type(0))


def cross_entropy_vjp(s, p):
    return np.array([-p[i] / s[i] if p[i] else 0 for i in range(len(s))], dtype=s.dtype)


def network_gradients(weights, biases, x, p):
    found = R.network_gradients(weights, biases, x[:, None], p[:, None])
    return {**found, "dX": found["dX"][:, 0]}


ONE_SAMPLE = {
    "linear": linear,
    "relu": lambda z: np.maximum(z, 0),
    "relu_vjp": relu_vjp,
    "softmax": softmax,
    "softmax_vjp": softmax_vjp,
    "cross_entropy": cross_entropy,
    "cross_entropy_vjp": cross_entropy_vjp,
    "network_gradients": network_gradients,
}


@pytest.mark.no_cover
def test_code_for_one_sample_holds(verdicts):
    target = {**per_sample(ONE_SAMPLE), "linear_vjp": linear_vjp}
    claims = (*LINEAR, "relu.dZ", "softmax.dZ", "cross_entropy.forward", "cross_entropy.dS", "chain.rule", *NETWORK)
    assert verdicts(target, *claims, examples=4) == dict.fromkeys(claims, "holds")
    assert verdicts(target, *LINEAR, examples=8, dtype="bfloat16")["linear.dW"] == "holds"
    assert backproof.check(target, operations=["linear.dW"], dtypes=["float32"], examples=5, seed=1).passed


def test_samples_stand_side_by_side_and_gradients_of_parameters_are_summed():
    dW, dY, db = linear_vjp(W, Y, B, DZ)
    assert (dW.tolist(), dY.tolist(), db.tolist()) == tuple(A.tolist() for A in R.linear_vjp(W, Y, B, DZ))
    assert per_sample(linear)(W, Y, B).tolist() == R.linear(W, Y, B).tolist()
    assert linear_vjp.__name__ == "linear_vjp"


def test_sums_are_formed_in_the_dtype_one_addition_at_a_time():
    dZ = np.array([[1.0, 2.0**-11, 2.0**-11, 2.0**-11]], dtype=np.float16)
    one = np.ones((1, 1), dtype=np.float16)
    _, _, db = linear_vjp(one, np.ones((1, 4), dtype=np.float16), one[0], dZ)
    assert db.tolist() == [1.0]  # 1 + 2⁻¹¹ rounds to 1 each time; the tail alone would not vanish
    assert db.dtype == np.float16


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", ml_dtypes.bfloat16])
def test_no_samples_give_zeros_of_the_right_shape_and_dtype(dtype):
    W_, b = W.astype(dtype), B.astype(dtype)
    none = {n: np.empty((n, 0), dtype=dtype) for n in (2, 3)}
    dW, dY, db = linear_vjp(W_, none[2], b, none[3])
    for found, shape in ((dW, (3, 2)), (dY, (2, 0)), (db, (3,)), (per_sample(linear)(W_, none[2], b), (3, 0))):
        assert (found.shape, found.dtype) == (shape, np.dtype(dtype))
        assert not found.astype(np.float64).any()
    assert per_sample(cross_entropy)(none[3], none[3]) == 0
    found = per_sample(network_gradients)([W_], [b], none[2], none[3])
    assert [A.shape for A in (*found["dW"], *found["db"], found["dX"])] == [(3, 2), (3,), (2, 0)]
    assert not any(A.astype(np.float64).any() for A in (*found["dW"], *found["db"], found["loss"]))


def test_what_a_network_does_not_return_it_never_returns():
    wrapped = per_sample(
        lambda *arguments: {"dW": network_gradients(*arguments)["dW"], "loss": None}, "network_gradients"
    )
    assert list(wrapped([W], [B], Y, P)) == list(wrapped([W], [B], Y[:, :0], P[:, :0])) == ["dW"]


def test_samples_may_be_columns_rows_and_class_numbers():
    seen = []

    def loss(z, p):
        seen.append((z.shape, np.shape(p)))
        return 1.5

    for sample in ("vector", "column", "row"):
        assert per_sample(loss, "softmax_cross_entropy", sample=sample)(Z, P) == 6.0
        assert per_sample(loss, "softmax_cross_entropy", sample=sample)(Z[:, :0], P[:, :0]) == 0.0
        assert per_sample(loss, "softmax_cross_entropy", sample=sample)(Z, P.argmax(axis=0)) == 6.0
    shapes = [((3,), (3,)), ((3,), (3,)), ((3,), ()), ((3, 1), (3, 1)), ((3, 1), (3, 1)), ((3, 1), (1,))]
    assert list(dict.fromkeys(seen)) == list(dict.fromkeys([*shapes, ((1, 3), (1, 3)), ((1, 3), (1,))]))
    for sample in ("vector", "column", "row"):
        assert per_sample(np.exp, "softmax", sample=sample)(Z).tolist() == np.exp(Z).tolist()


def test_a_made_up_sample_is_valid():
    seen = []
    per_sample(lambda z, p: seen.append((z.tolist(), p.tolist())) or z, "softmax_cross_entropy_vjp")(Z[:, :0], P[:, :0])
    per_sample(lambda z, p: seen.append((z.tolist(), p.tolist())) or z, "softmax_cross_entropy_vjp")(
        Z[:, :0], np.empty(0, dtype=np.int64)
    )
    assert seen == [([1.0, 1.0, 1.0], [1.0, 0.0, 0.0]), ([1.0, 1.0, 1.0], 0)]


def test_a_sample_changed_in_place_is_changed_for_the_caller(found):
    def in_place(z):
        z[z < 0] = 0
        return z

    given = Z.copy()
    per_sample(in_place, "relu")(given)
    assert given.min() == 0
    assert found({"relu": per_sample(in_place, "relu")}, "relu.forward") == (
        "refuted",
        "relu: changed its argument Z in place; expected inputs to stay as they were",
    )


def test_a_buffer_that_the_next_sample_overwrites_shows():
    buffer = np.empty(3)
    assert per_sample(lambda z: np.exp(z, out=buffer), "softmax")(Z).tolist() != np.exp(Z).tolist()


@pytest.mark.parametrize(
    ("returned", "said"),
    [
        (lambda z: z[:, None], r"^relu.Y: got float64 \(3, 1\), expected float64 \(3,\), what belongs to one sample"),
        (lambda z: z.tolist(), r"^relu.Y: got list, expected an array \(3,\), what belongs to one sample"),
        (lambda z: z if z[0] > 0 else z[:2], r"^relu.Y: got float64 \(2,\), expected float64 \(3,\)"),
        (lambda z: z if z[0] > 0 else z.astype(int), r"^relu.Y: got int64 \(3,\), expected float64 \(3,\)"),
    ],
)
def test_a_sample_of_another_shape_or_dtype_is_not_stacked(returned, said):
    with pytest.raises(ValueError, match=said):
        per_sample(returned, "relu")(Z)


def test_gradients_of_another_shape_or_structure_are_not_summed():
    def wrapped(dW):
        return per_sample(lambda _, y, __, dz: (dW(y), y, dz), "linear_vjp")

    with pytest.raises(
        ValueError, match=r"^linear_vjp.dW: got float64 \(1,\), expected float64 \(2,\), as of the first"
    ):
        wrapped(lambda y: y if y[0] > 0 else y[:1])(W, Y, B, DZ)
    with pytest.raises(TypeError, match=r"^linear_vjp: returned ndarray, expected dW, dY, db$"):
        per_sample(lambda *given: given[1], "linear_vjp")(W, Y, B, DZ)
    with pytest.raises(TypeError, match=r"^linear_vjp: returned 2 values, expected dW, dY, db$"):
        per_sample(lambda *given: given[:2], "linear_vjp")(W, Y, B, DZ)
    with pytest.raises(TypeError, match=r"^network_gradients: returned tuple, expected a dict with dW, db"):
        per_sample(lambda *given: given, "network_gradients")([W], [B], Y, P)


def test_wrong_use_of_per_sample_is_refused(refusal):
    assert refusal(per_sample, lambda z: z).startswith("per_sample: '<lambda>' is not known: say which it is, as ")
    assert refusal(per_sample, relu_vjp, "relu_grad").startswith("per_sample: 'relu_grad' is not known: ")
    assert refusal(per_sample, 3, "relu") == "per_sample: int cannot be called, expected a function"
    expected = "per_sample: sample is 'matrix', expected one of vector, column, row"
    assert refusal(per_sample, relu_vjp, sample="matrix") == expected
    batch_first = {"relu_vjp": relu_vjp, "CONVENTIONS": Conventions(layout="batch-first")}
    expected = "per_sample: layout=batch-first is declared, but one sample is no batch: expected features-first"
    assert refusal(per_sample, batch_first) == expected
    mean = {"relu_vjp": relu_vjp, "CONVENTIONS": Conventions(reduction="mean")}
    assert refusal(per_sample, mean).startswith("per_sample: reduction=mean is declared")
    assert refusal(per_sample, {"gelu": relu_vjp}).startswith("target dict: none of its names is a function")


def test_a_target_of_one_sample_code_keeps_its_declaration():
    declared = Conventions(weights="in-out")
    assert per_sample({"relu_vjp": relu_vjp, "CONVENTIONS": declared})["CONVENTIONS"] is declared
    assert set(per_sample({"relu_vjp": relu_vjp})) == {"relu_vjp"}
    assert set(per_sample(type("Mine", (), {"relu_vjp": staticmethod(relu_vjp)}))) == {"relu_vjp"}
