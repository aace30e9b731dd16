"""from_update: a right step holds, and what is no gradient is named, refuted or declined."""

import ml_dtypes
import numpy as np
import pytest
from few import few

import backproof
from backproof_impl import reference as R
from backproof_impl.conventions import Conventions, Limits
from backproof_impl.wrapping.bias_shape import bias_shape
from backproof_impl.wrapping.per_sample import per_sample
from backproof_impl.wrapping.update import from_update

W = np.array([[1.0, 2.0], [3.0, -4.0], [0.5, 6.0]])
Y = np.array([[1.0, -1.0, 0.25, 3.0], [0.5, 2.0, -2.0, 1.0]])
B = np.array([1.0, -2.0, 3.0])
DZ = np.array([[1.0, 2.0, -1.0, 4.0], [0.5, -1.0, 3.0, 1.0], [4.0, 0.5, 1.0, -3.0]])
P = np.array([[1.0, 0.5, 0.0, 0.25], [0.0, 0.25, 1.0, 0.5], [0.0, 0.25, 0.0, 0.25]])
LAYER = {"W": W, "Y": Y, "b": B, "dZ": DZ}
ONE_HOT = {"weights": [W, W.T], "biases": [B, B[:2]], "X": Y, "P": np.array([[1.0, 0, 1, 0], [0, 1, 0, 1]])}
LINEAR = ("linear.forward", "linear.dY", "linear.dW", "linear.db")
NETWORK = ("network.forward", "network.dX", "network.dW", "network.db")


def _sgd(weights, biases, X, P, rate):
    found = R.network_gradients(weights, biases, X, P)
    return (
        [W - rate * dW for W, dW in zip(weights, found["dW"], strict=True)],
        [b - rate * db for b, db in zip(biases, found["db"], strict=True)],
    )


def _layer_sgd(W, Y, b, dZ, rate):
    dW, dY, db = R.linear_vjp(W, Y, b, dZ)
    W -= rate * dW
    b -= rate * db
    return W, dY, b


def _step_with(change):
    """Gradient descent with another gradient: ``change(dW, W)``."""

    def step(weights, biases, X, P, rate):
        found = R.network_gradients(weights, biases, X, P)
        dW = [change(dW, W, X.shape[1]) for W, dW in zip(weights, found["dW"], strict=True)]
        return [W - rate * g for W, g in zip(weights, dW, strict=True)], _sgd(weights, biases, X, P, rate)[1]

    return step


@pytest.mark.no_cover
@pytest.mark.parametrize("dtype", few(["float64", "float32"], "float32".__eq__))
def test_a_right_step_holds(dtype, verdicts):
    claims = ("network.dW", "network.db")
    options = {"dtype": dtype, "examples": 6}
    assert verdicts(from_update(_sgd), *claims, **options) == dict.fromkeys(claims, "holds")
    target = from_update(_layer_sgd, "linear_vjp")
    assert verdicts(target, *LINEAR[1:], **options) == dict.fromkeys(LINEAR[1:], "holds")
    assert backproof.check(target, operations=["linear.dW"], dtypes=[dtype], examples=10, seed=1).passed


def test_short_formats(verdicts, outcome):
    assert verdicts(from_update(_layer_sgd, "linear_vjp"), "linear.dW", dtype="float16") == {"linear.dW": "holds"}
    assert outcome(from_update(_sgd), "network.dW", dtype="float16").reason == (
        "the target declares dtypes bfloat16, float32, float64"
    )


def _range(dtype):
    """Exponents of weights and gradients over the range in which the reading is said to be exact."""
    smallest, largest, most = {"float64": (-960, 700, 1000), "float32": (-90, 60, 110), "bfloat16": (-90, 60, 110)}[
        dtype
    ]
    rng = np.random.default_rng(7)
    w = rng.integers(-20, largest, size=(40, 50))
    w[:20] = rng.integers(-20, 3, size=(20, 50))
    g = np.minimum(rng.integers(smallest, most, size=w.shape), most)
    signs = rng.choice([-1.0, 1.0], size=(2, *w.shape))
    significands = 1 + rng.random((2, *w.shape))
    g = np.maximum(g, w + smallest)
    form = {"bfloat16": ml_dtypes.bfloat16}.get(dtype, dtype)
    return (signs * significands * 2.0 ** np.stack([np.minimum(w, largest - 1), g])).astype(form)


@pytest.mark.parametrize("dtype", ["float64", "float32", "bfloat16"])
def test_the_reading_is_exact_where_it_is_said_to_be(dtype):
    before, gradient = _range(dtype)

    def step(weights, biases, X, P, rate):  # noqa: ARG001 - the signature of a step
        moved = (gradient * np.asarray(rate, gradient.dtype)).astype(gradient.dtype)
        return [weights[0] - moved], biases

    with np.errstate(over="ignore", under="ignore"):
        found = from_update(step)["network_gradients"]([before], [before[0]], before, before)
    assert (found["dW"][0].tobytes(), found["dW"][0].dtype) == (gradient.tobytes(), gradient.dtype)
    assert not found["db"][0].any()


def test_an_overflowing_gradient_is_read_as_infinite():
    step = _step_with(lambda dW, *_: np.full_like(dW, -np.inf))
    [dW] = from_update(step)["network_gradients"]([W], [B], Y, P)["dW"]
    assert (dW == -np.inf).all()


def test_a_step_with_momentum_is_named(found):
    class Momentum:
        velocity = None

        def __call__(self, W, Y, b, dZ, rate):
            dW, dY, db = R.linear_vjp(W, Y, b, dZ)
            kept = 0 if self.velocity is None or self.velocity.shape != W.shape else 0.5 * self.velocity
            self.velocity = kept - rate * dW
            return W + self.velocity, dY, b - rate * db

    with pytest.raises(ValueError, match=r"^from_update: dW\[") as raised:
        from_update(Momentum(), "linear_vjp")["linear_vjp"](W, Y, B, DZ)
    assert str(raised.value) == (
        "from_update: dW[0, 0] depends on the rate: 10.75 at rate 1, 11.0859375 at rate 16; "
        "expected one gradient: momentum, weight decay, clipping, or an update after each sample?"
    )
    verdict, said = found(from_update(Momentum(), "linear_vjp"), "linear.dW")
    assert verdict == "error"
    assert said.startswith("linear_vjp: raised ValueError: from_update: dW[")


@pytest.mark.slow
def test_a_network_trained_with_momentum_is_named(found):
    class Momentum:
        velocity = ()

        def __call__(self, weights, biases, X, P, rate):
            dW = R.network_gradients(weights, biases, X, P)["dW"]
            if [v.shape for v in self.velocity] != [W.shape for W in weights]:
                self.velocity = [np.zeros_like(W) for W in weights]
            self.velocity = [0.5 * v - rate * g for v, g in zip(self.velocity, dW, strict=True)]
            return [W + v for W, v in zip(weights, self.velocity, strict=True)], biases

    _, said = found(from_update(Momentum()), "network.dW")
    assert "network_gradients: raised ValueError: from_update: dW[" in said
    assert said.endswith("momentum, weight decay, clipping, or an update after each sample?")


def test_a_gradient_that_vanishes_beside_a_huge_weight_is_declined():
    gradient = np.array([[2.0**-600, 0.0]])

    def step(weights, biases, X, P, rate):  # noqa: ARG001 - the signature of a step
        return [weights[0] - rate * gradient], biases

    def read(weight):
        [dW] = from_update(step)["network_gradients"]([np.array([[weight, 1.0]])], [B[:1]], Y, P)["dW"]
        return dW.tolist()

    assert read(2.0**300) == gradient.tolist()
    said = r"^from_update: dW\[0\]\[0, 0\]: the update rounds the gradient away beside so large a weight$"
    with pytest.raises(NotImplementedError, match=said):
        read(2.0**900)
    with pytest.raises(NotImplementedError, match=said):
        from_update(lambda weights, biases, *_: (weights, biases))["network_gradients"](
            [np.array([[2.0**900]])], [B[:1]], Y, P
        )


def test_weight_decay_is_named_or_refuted(refuted):
    coupled = _step_with(lambda dW, W, _: dW + W.dtype.type(0.125) * W)
    assert refuted(from_update(coupled), "network.dW", **ONE_HOT)

    def of_a_layer(W, Y, b, dZ, rate):
        dW, dY, db = R.linear_vjp(W, Y, b, dZ)
        return W - rate * (dW + 0.125 * W), dY, b - rate * db

    said = r"dW\[0, 0\] depends on the weights: 10.875 at rate 1, 10.75 at W = 0, b = 0; .*: weight decay\?$"
    with pytest.raises(ValueError, match=said):
        from_update(of_a_layer, "linear_vjp")["linear_vjp"](W, Y, B, DZ)

    def decoupled(weights, biases, X, P, rate):
        new_weights, new_biases = _sgd(weights, biases, X, P, rate)
        return [new - W / 128 for new, W in zip(new_weights, weights, strict=True)], new_biases

    with pytest.raises(ValueError, match=r"dW\[0\]\[0, 0\] depends on the rate: .* at rate 1, .* at rate 16;"):
        from_update(decoupled)["network_gradients"]([W], [B], Y, P)


def test_clipping_is_named_or_refuted(refuted):
    clipped = _step_with(lambda dW, *_: np.clip(dW, -1, 1))
    assert refuted(from_update(clipped), "network.dW", **ONE_HOT)

    def clipped_update(weights, biases, X, P, rate):
        new_weights, new_biases = _sgd(weights, biases, X, P, rate)
        return [W + np.clip(new - W, -1, 1) for new, W in zip(new_weights, weights, strict=True)], new_biases

    with pytest.raises(ValueError, match=r"depends on the rate: "):
        from_update(clipped_update)["network_gradients"]([W], [B], Y, P)


@pytest.mark.no_cover
def test_a_mean_over_the_batch_is_refuted_unless_declared(verdicts, refuted):
    def mean(weights, biases, X, P, rate):
        return _sgd(weights, biases, X, P, rate / X.shape[1])

    assert refuted(from_update(mean), "network.dW", **ONE_HOT)
    declared = from_update(mean, conventions=Conventions(reduction="mean"))
    assert verdicts(declared, "network.dW", examples=8) == {"network.dW": "holds"}


def test_dY_is_taken_before_the_update(refuted):
    def late(W, Y, b, dZ, rate):
        dW, _, db = R.linear_vjp(W, Y, b, dZ)
        W -= rate * dW
        return W, W.T @ dZ, b - rate * db

    assert refuted(from_update(late, "linear_vjp"), "linear.dY", **LAYER)


def test_a_step_is_given_copies_in_the_memory_order_of_the_parameters():
    seen = []

    def step(W, Y, b, dZ, rate):
        seen.append(W.flags.f_contiguous)
        return _layer_sgd(W, Y, b, dZ, rate)

    weights = np.asfortranarray(W)
    from_update(step, "linear_vjp")["linear_vjp"](weights, Y, B, DZ)
    assert weights.tolist() == W.tolist()
    assert all(seen)


@pytest.mark.parametrize(
    ("step", "error", "said"),
    [
        (lambda W, *_: W, TypeError, "from_update: step: returned ndarray, expected W, dY, b"),
        (
            lambda W, Y, b, *_: (W[0], Y, b),
            ValueError,
            "from_update: updated parameter of dW: got float64 (2,), expected float64 (3, 2), as the parameter is",
        ),
        (
            lambda W, Y, b, *_: (W.astype(np.float32), Y, b),
            ValueError,
            "from_update: updated parameter of dW: got float32 (3, 2), expected float64 (3, 2), as the parameter is",
        ),
        (
            lambda W, Y, *_: (W, Y, 0.0),
            ValueError,
            "from_update: updated parameter of db: got float, expected float64 (3,), as the parameter is",
        ),
    ],
)
def test_updated_parameters_are_required_as_the_parameters_are(step, error, said):
    with pytest.raises(error) as raised:
        from_update(step, "linear_vjp")["linear_vjp"](W, Y, B, DZ)
    assert str(raised.value) == said


def test_updated_lists_are_required_layer_by_layer():
    with pytest.raises(TypeError, match=r"^from_update: step: biases: returned 1 values, expected layer 0, layer 1$"):
        from_update(lambda weights, biases, *_: (weights, biases[:1]))["network_gradients"]([W, W.T], [B, B[:2]], Y, P)


def test_an_update_declares_what_it_cannot_show():
    declared = from_update(_sgd, conventions=Conventions(layout="batch-first", limits=Limits(width=5)))["CONVENTIONS"]
    limits = Limits(dtypes=("bfloat16", "float32", "float64"), width=5, magnitude=(5e-324, 256.0))
    assert declared == Conventions(layout="batch-first", arithmetic="flush-to-zero", limits=limits)
    assert "CONVENTIONS" not in from_update(_layer_sgd, "linear_vjp")
    mean = Conventions(reduction="mean")
    assert from_update(_layer_sgd, "linear_vjp", conventions=mean)["CONVENTIONS"] == mean


def test_wrong_use_of_from_update_is_refused(refusal):
    assert refusal(from_update, 3) == "from_update: int cannot be called, expected a function"
    expected = "from_update: 'relu_vjp' has no weights, expected linear_vjp or network_gradients"
    assert refusal(from_update, _sgd, "relu_vjp") == expected
    float16 = Conventions(limits=Limits(dtypes=("float16",)))
    assert refusal(from_update, _sgd, conventions=float16).startswith("from_update: float16 alone is declared")


# --- as it is found: a network trained on one sample at a time, which shows only its weights --------------------------


class OnlineMLP:
    """Columns throughout: x (n, 1), biases (m, 1). ``train`` takes one step of stochastic gradient descent."""

    def __init__(self, weights, biases):
        self.weights, self.biases = weights, biases

    def _gradients(self, x, y):
        activations, zs = [x], []
        for w, b in zip(self.weights, self.biases, strict=True):
            zs.append(np.dot(w, activations[-1]) + b)
            activations.append(np.maximum(zs[-1], 0))
        exp = np.exp(zs[-1] - zs[-1].max())
        delta = exp / exp.sum() * y.sum() - y
        nabla_w, nabla_b = [], []
        for k in range(len(self.weights) - 1, -1, -1):
            nabla_w.insert(0, np.dot(delta, activations[k].T))
            nabla_b.insert(0, delta)
            if k > 0:
                delta = np.dot(self.weights[k].T, delta) * (zs[k - 1] > 0)
        return nabla_w, nabla_b

    def train(self, x, y, eta):
        nabla_w, nabla_b = self._gradients(x, y)
        for k in range(len(self.weights)):
            self.weights[k] -= eta * nabla_w[k]
            self.biases[k] -= eta * nabla_b[k]


def _trained(weights, biases, x, y, eta):
    mlp = OnlineMLP(weights, biases)
    mlp.train(x, y, eta)
    return mlp.weights, mlp.biases


def _online(step=_trained):
    target = from_update(step, conventions=Conventions(relu_at_zero=0))
    return bias_shape(per_sample(target, sample="column"), "column")


@pytest.mark.slow
def test_a_network_that_shows_only_its_weights_holds(verdicts):
    claims = ("network.dW", "network.db")
    assert verdicts(_online(), *claims) == dict.fromkeys(claims, "holds")
    assert verdicts(_online(), *claims, dtype="float32") == dict.fromkeys(claims, "holds")
    assert verdicts(_online(), "network.forward", "network.dX", examples=1) == {
        "network.forward": "unsupported",
        "network.dX": "unsupported",
    }


def test_a_network_that_steps_through_the_batch_has_no_gradient():
    def epoch(weights, biases, X, P, eta):
        for x, y in zip(X.T, P.T, strict=True):
            weights, biases = _trained(weights, biases, x[:, None], y[:, None], eta)
        return weights, biases

    weights, biases = [np.full((2, 2), 0.5)], [np.zeros((2, 1))]
    X, labels = np.array([[1.0, 2.0], [3.0, 1.0]]), np.eye(2)
    [dW] = from_update(_trained)["network_gradients"](weights, biases, X[:, :1], labels[:, :1])["dW"]
    assert dW.tolist() == [[-0.5, -1.5], [0.5, 1.5]]
    with pytest.raises(ValueError, match=r"^from_update: dW\[0\]\[0, 0\] depends on the rate: .* after each sample\?$"):
        from_update(epoch)["network_gradients"](weights, biases, X, labels)
