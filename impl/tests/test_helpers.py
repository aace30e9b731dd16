"""helpers: code as it is found elsewhere becomes a target, right code holds, and wrong code stays visibly wrong."""

import ml_dtypes
import numpy as np
import pytest

import backproof
from backproof_impl import reference as R
from backproof_impl.conventions import Conventions, Limits, UsageError
from backproof_impl.helpers import bias_shape, from_forward_backward, from_update, per_sample
from backproof_impl.loading import as_target
from backproof_impl.target import FUNCTIONS
from backproof_properties import runner
from backproof_properties.judge import Refuted
from backproof_properties.results import Link
from backproof_properties.subject import Subject
from backproof_properties.suite import PROPERTIES

W = np.array([[1.0, 2.0], [3.0, -4.0], [0.5, 6.0]])
Y = np.array([[1.0, -1.0, 0.25, 3.0], [0.5, 2.0, -2.0, 1.0]])
B = np.array([1.0, -2.0, 3.0])
DZ = np.array([[1.0, 2.0, -1.0, 4.0], [0.5, -1.0, 3.0, 1.0], [4.0, 0.5, 1.0, -3.0]])
Z = np.array([[1.0, 2.0, -1.0, 4.0], [0.5, -1.0, 3.0, 1.0], [4.0, 0.5, 1.0, -3.0]])
P = np.array([[1.0, 0.5, 0.0, 0.25], [0.0, 0.25, 1.0, 0.5], [0.0, 0.25, 0.0, 0.25]])


def _outcome(target, claim, *, dtype="float64", examples=20):
    """What becomes of the last link of a claim, the only one that looks at the target."""
    planned = runner.tasks((claim,), (dtype,), examples, 1)
    [task] = [task for task in planned if task.property.link is Link.IMPLEMENTATION]
    return runner.run(task, as_target(target))


def _verdicts(target, *claims, **options):
    return {claim: str(_outcome(target, claim, **options).verdict) for claim in claims}


def _found(target, claim, **options):
    outcome = _outcome(target, claim, **options)
    return str(outcome.verdict), outcome.finding.message


def _refuted(target, claim, **case):
    """The message with which one example is refuted."""
    [judge] = [each.check for each in PROPERTIES if (each.claim, each.link) == (claim, Link.IMPLEMENTATION)]
    with pytest.raises(Refuted) as raised:
        judge(case, Subject(as_target(target), "float64"))
    return raised.value.finding.message


def _refusal(call, *arguments, **options):
    with pytest.raises(UsageError) as raised:
        call(*arguments, **options)
    assert "\n" not in str(raised.value)
    return str(raised.value)


LAYER = {"W": W, "Y": Y, "b": B, "dZ": DZ}
ONE_HOT = {"weights": [W, W.T], "biases": [B, B[:2]], "X": Y, "P": np.array([[1.0, 0, 1, 0], [0, 1, 0, 1]])}
LINEAR = ("linear.forward", "linear.dY", "linear.dW", "linear.db")
NETWORK = ("network.forward", "network.dX", "network.dW", "network.db")


# --- as it is found: batch-first functions that return a cache --------------------------------------------------------


def affine_forward(x, w, b):
    return x @ w + b, (x, w)


def affine_backward(dout, cache):
    x, w = cache
    return dout @ w.T, x.T @ dout, dout.sum(axis=0)


def relu_forward(x):
    return np.maximum(0, x), x


def relu_backward(dout, cache):
    return dout * (cache > 0)


def softmax_loss(scores, y):
    """The mean loss, and its gradient; y holds class numbers."""
    shifted = scores - scores.max(axis=1, keepdims=True)
    log_probs = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    rows = np.arange(len(y))
    dscores = np.exp(log_probs)
    dscores[rows, y] -= 1
    dscores /= len(y)
    return -log_probs[rows, y].mean(), dscores


class WithCache:
    """Two such functions as a layer."""

    def __init__(self, forward, backward, *parameters):
        self.functions, self.parameters = (forward, backward), parameters

    def forward(self, x):
        out, self.cache = self.functions[0](x, *self.parameters)
        return out

    def backward(self, dout):
        return self.functions[1](dout, self.cache)


class SoftmaxLoss:
    def forward(self, scores, y):
        loss, self.dscores = softmax_loss(scores, y)
        return loss

    def backward(self):
        return self.dscores


def _course(affine_backward=affine_backward, relu_backward=relu_backward):
    return from_forward_backward(
        linear=lambda W, b: WithCache(affine_forward, affine_backward, W, b),
        relu=lambda: WithCache(relu_forward, relu_backward),
        softmax_cross_entropy=SoftmaxLoss,
        where={"dY": 0, "dW": 1, "db": 2},
        conventions=Conventions(
            layout="batch-first", weights="in-out", reduction="mean", labels="index", relu_at_zero=0
        ),
    )


def test_functions_with_a_cache_hold():
    claims = (*LINEAR, "relu.dZ", "softmax_cross_entropy.forward", "softmax_cross_entropy.dZ", *NETWORK)
    assert _verdicts(_course(), *claims, examples=8) == dict.fromkeys(claims, "holds")


def test_functions_with_a_cache_that_forget_the_sum_are_refuted():
    def wrong(dout, cache):
        dx, dw, _ = affine_backward(dout, cache)
        return dx, dw, dout.mean(axis=0)

    assert _refuted(_course(affine_backward=wrong), "linear.db", **LAYER).startswith(
        "linear_vjp.db[0]: got 1.5, expected 6"
    )
    assert _refuted(_course(relu_backward=lambda dout, _: dout), "network.dX", **ONE_HOT)


# --- as it is found: a library of stateful layers ---------------------------------------------------------------------


class Dense:
    """Batch first; what it computes it leaves in attributes; biases are a row."""

    def __init__(self, weights, biases):
        self.weights, self.biases = weights, biases

    def forward(self, inputs):
        self.inputs = inputs
        self.output = inputs @ self.weights + self.biases

    def backward(self, dvalues):
        self.dweights = self.inputs.T @ dvalues
        self.dbiases = np.sum(dvalues, axis=0, keepdims=True)
        self.dinputs = dvalues @ self.weights.T


class Rectifier:
    def forward(self, inputs):
        self.inputs = inputs
        self.output = np.maximum(0, inputs)

    def backward(self, dvalues):
        self.dinputs = dvalues.copy()
        self.dinputs[self.inputs <= 0] = 0


class SoftmaxActivation:
    def forward(self, inputs):
        exp_values = np.exp(inputs - np.max(inputs, axis=1, keepdims=True))
        self.output = exp_values / np.sum(exp_values, axis=1, keepdims=True)

    def backward(self, dvalues):
        self.dinputs = np.empty_like(dvalues)
        for row, (s, ds) in enumerate(zip(self.output, dvalues, strict=True)):
            jacobian = np.diagflat(s) - np.outer(s, s)
            self.dinputs[row] = jacobian @ ds


class CrossEntropyOfProbabilities:
    def forward(self, probabilities, labels):
        self.probabilities, self.labels = probabilities, labels
        picked = labels != 0
        self.output = -np.sum(labels[picked] * np.log(probabilities[picked]))

    def backward(self):
        safe = np.where(self.labels == 0, 1, self.probabilities)
        self.dinputs = -self.labels / safe


LIBRARY = {
    "where": {
        **dict.fromkeys(("Z", "Y", "S", "L"), "output"),
        **dict.fromkeys(("dY", "dZ", "dS"), "dinputs"),
        "dW": "dweights",
        "db": lambda layer: layer.dbiases,
    },
    "conventions": Conventions(layout="batch-first", weights="in-out", relu_at_zero=0),
}


def test_a_library_of_layers_holds():
    layers = {"linear": Dense, "relu": Rectifier, "softmax": SoftmaxActivation}
    target = bias_shape(
        from_forward_backward(**layers, cross_entropy=CrossEntropyOfProbabilities, **LIBRARY),
        "row",
    )
    claims = (*LINEAR, "relu.forward", "relu.dZ", "softmax.forward", "softmax.dZ", "chain.rule")
    claims += ("cross_entropy.forward", "cross_entropy.dS")
    assert _verdicts(target, *claims) == dict.fromkeys(claims, "holds")


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


def test_a_network_that_shows_only_its_weights_holds():
    claims = ("network.dW", "network.db")
    assert _verdicts(_online(), *claims) == dict.fromkeys(claims, "holds")
    assert _verdicts(_online(), *claims, dtype="float32") == dict.fromkeys(claims, "holds")
    assert _verdicts(_online(), "network.forward", "network.dX", examples=1) == {
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


# --- one sample -------------------------------------------------------------------------------------------------------


def linear(W, y, b):
    return (W @ y).astype(W.dtype) + b  # NumPy's product of bfloat16 arrays is float32


@per_sample
def linear_vjp(W, y, b, dz):  # noqa: ARG001 - the contract
    return np.outer(dz, y), (W.T @ dz).astype(W.dtype), dz.copy()


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


def test_code_for_one_sample_holds():
    target = {**per_sample(ONE_SAMPLE), "linear_vjp": linear_vjp}
    claims = (*LINEAR, "relu.dZ", "softmax.dZ", "cross_entropy.forward", "cross_entropy.dS", "chain.rule", *NETWORK)
    assert _verdicts(target, *claims, examples=8) == dict.fromkeys(claims, "holds")
    assert _verdicts(target, *LINEAR, examples=8, dtype="bfloat16")["linear.dW"] == "holds"
    assert backproof.check(target, operations=["linear.dW"], dtypes=["float32"], examples=20, seed=1).passed


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


def test_a_sample_changed_in_place_is_changed_for_the_caller():
    def in_place(z):
        z[z < 0] = 0
        return z

    given = Z.copy()
    per_sample(in_place, "relu")(given)
    assert given.min() == 0
    assert _found({"relu": per_sample(in_place, "relu")}, "relu.forward") == (
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


def test_wrong_use_of_per_sample_is_refused():
    assert _refusal(per_sample, lambda z: z).startswith("per_sample: '<lambda>' is not known: say which it is, as ")
    assert _refusal(per_sample, relu_vjp, "relu_grad").startswith("per_sample: 'relu_grad' is not known: ")
    assert _refusal(per_sample, 3, "relu") == "per_sample: int cannot be called, expected a function"
    expected = "per_sample: sample is 'matrix', expected one of vector, column, row"
    assert _refusal(per_sample, relu_vjp, sample="matrix") == expected
    batch_first = {"relu_vjp": relu_vjp, "CONVENTIONS": Conventions(layout="batch-first")}
    expected = "per_sample: layout=batch-first is declared, but one sample is no batch: expected features-first"
    assert _refusal(per_sample, batch_first) == expected
    mean = {"relu_vjp": relu_vjp, "CONVENTIONS": Conventions(reduction="mean")}
    assert _refusal(per_sample, mean).startswith("per_sample: reduction=mean is declared")
    assert _refusal(per_sample, {"gelu": relu_vjp}).startswith("target dict: none of its names is a function")


def test_a_target_of_one_sample_code_keeps_its_declaration():
    declared = Conventions(weights="in-out")
    assert per_sample({"relu_vjp": relu_vjp, "CONVENTIONS": declared})["CONVENTIONS"] is declared
    assert set(per_sample({"relu_vjp": relu_vjp})) == {"relu_vjp"}
    assert set(per_sample(type("Mine", (), {"relu_vjp": staticmethod(relu_vjp)}))) == {"relu_vjp"}


# --- stateful layers --------------------------------------------------------------------------------------------------


class Linear:
    """Features first, as the notes have it."""

    def __init__(self, W, b):
        self.W, self.b = W, b

    def forward(self, Y):
        self.Y = Y
        return R.linear(self.W, Y, self.b)

    def backward(self, dZ):
        self.dW, dY, self.db = R.linear_vjp(self.W, self.Y, self.b, dZ)
        return dY


class Accumulating(Linear):
    def __init__(self, W, b):
        super().__init__(W, b)
        self.dW, self.db = np.zeros_like(W), np.zeros_like(b)

    def backward(self, dZ):
        dW, dY, db = R.linear_vjp(self.W, self.Y, self.b, dZ)
        self.dW += dW
        self.db += db
        return dY


class ReLU:
    def forward(self, Z):
        self.mask = Z >= 0
        return np.maximum(Z, 0)

    def backward(self, dY):
        return dY * self.mask


class Stale(ReLU):
    """The mask is taken once, and kept."""

    mask = None

    def forward(self, Z):
        self.mask = Z >= 0 if self.mask is None or self.mask.shape != Z.shape else self.mask
        return np.maximum(Z, 0)


class Shared(ReLU):
    """The mask belongs to the class: layers overwrite each other's."""

    def forward(self, Z):
        Shared.mask = Z >= 0
        return np.maximum(Z, 0)

    def backward(self, dY):
        return dY * Shared.mask if dY.shape == Shared.mask.shape else dY


class Loss:
    def forward(self, Z, P):
        self.Z, self.P = Z, P
        return R.softmax_cross_entropy(Z, P)

    def backward(self, dL=1):
        return R.softmax_cross_entropy_vjp(self.Z, self.P) * dL


def test_layers_with_a_cache_hold_reused_or_fresh():
    layers = {"linear": Linear, "relu": ReLU, "softmax_cross_entropy": Loss}
    claims = (*LINEAR, "relu.forward", "relu.dZ", "softmax_cross_entropy.forward", "softmax_cross_entropy.dZ", *NETWORK)
    for reuse in (True, False):
        target = from_forward_backward(reuse=reuse, **layers)
        assert _verdicts(target, *claims, examples=8) == dict.fromkeys(claims, "holds")


def test_gradients_that_accumulate_across_calls_are_refuted_unless_each_call_has_an_object():
    reused, fresh = (from_forward_backward(linear=Accumulating, reuse=reuse) for reuse in (True, False))
    assert _verdicts(reused, *LINEAR) == {
        **dict.fromkeys(LINEAR, "holds"),
        "linear.dW": "refuted",
        "linear.db": "refuted",
    }
    assert _verdicts(fresh, *LINEAR) == dict.fromkeys(LINEAR, "holds")


def test_a_stale_cache_is_refuted_unless_each_call_has_an_object():
    reused, fresh = (from_forward_backward(relu=Stale, reuse=reuse) for reuse in (True, False))
    assert _verdicts(reused, "relu.forward", "relu.dZ") == {"relu.forward": "holds", "relu.dZ": "refuted"}
    assert _verdicts(fresh, "relu.dZ") == {"relu.dZ": "holds"}


def test_the_answer_does_not_depend_on_earlier_calls():
    once = from_forward_backward(linear=Accumulating)["linear_vjp"]
    first = [A.tolist() for A in once(W, Y, B, DZ)]
    assert first == [A.tolist() for A in once(W, Y, B, DZ)]
    assert first[0] == (2 * R.linear_vjp(W, Y, B, DZ)[0]).tolist()


def test_objects_without_parameters_live_on_with_reuse():
    made = []

    def make():
        made.append(ReLU())
        return made[-1]

    for reuse, expected in ((True, 1), (False, 3)):
        made.clear()
        target = from_forward_backward(relu=make, reuse=reuse)
        assert target["relu"](Z).tolist() == R.relu(Z).tolist()
        assert target["relu_vjp"](Z, DZ).tolist() == R.relu_vjp(Z, DZ).tolist()
        assert target["relu"](Z[:, :1]).tolist() == R.relu(Z[:, :1]).tolist()
        assert len(made) == expected


def test_a_cache_that_belongs_to_the_class_is_refuted_in_a_network():
    target = from_forward_backward(linear=Linear, relu=Shared, softmax_cross_entropy=Loss)
    assert _verdicts(target, "relu.dZ") == {"relu.dZ": "holds"}
    deep = {**ONE_HOT, "weights": [W, W.T, W[:2]], "biases": [B, B[:2], B[:2]]}
    assert _refuted(target, "network.dW", **deep).startswith("network_gradients.dW[0][")


def test_a_network_needs_all_its_layers():
    assert "network_gradients" in from_forward_backward(linear=Linear, relu=ReLU, softmax_cross_entropy=Loss)
    assert set(from_forward_backward(linear=Linear, relu=ReLU)) == {"linear", "linear_vjp", "relu", "relu_vjp"}


def test_methods_may_be_called_otherwise():
    class Callable(ReLU):
        __call__ = ReLU.forward
        grad = ReLU.backward

    target = from_forward_backward(relu=Callable, forward="__call__", backward="grad")
    assert target["relu_vjp"](Z, DZ).tolist() == R.relu_vjp(Z, DZ).tolist()


def test_where_outputs_are_found():
    class Nested(Linear):
        def backward(self, dZ):
            dY = super().backward(dZ)
            self.grads = type("Grads", (), {"W": self.dW})
            del self.dW
            return {"input": dY}, self.db

    where = {"dW": "grads.W", "dY": lambda layer: R.linear_vjp(layer.W, layer.Y, layer.b, DZ)[1], "db": 1}
    found = from_forward_backward(linear=Nested, where=where)["linear_vjp"](W, Y, B, DZ)
    assert [A.tolist() for A in found] == [A.tolist() for A in R.linear_vjp(W, Y, B, DZ)]


def test_what_a_layer_does_not_have_is_named():
    class Bare:
        def __init__(self, *_):
            pass

        def forward(self, Y):
            return Y

        def backward(self, dZ):
            return dZ

    said = r"^from_forward_backward: Bare has no attribute dW: say where it leaves dW, as where={'dW': 'grad_W'}$"
    with pytest.raises(AttributeError, match=said):
        from_forward_backward(linear=Bare)["linear_vjp"](W, Y, B, DZ)
    said = r"^from_forward_backward: Bare has no method __call__: say which it is, as forward='…'$"
    with pytest.raises(AttributeError, match=said):
        from_forward_backward(linear=Bare, forward="__call__")["linear"](W, Y, B)


def test_wrong_use_of_from_forward_backward_is_refused():
    kinds = "expected some of linear, relu, softmax, cross_entropy, softmax_cross_entropy"
    assert _refusal(from_forward_backward) == f"from_forward_backward: no layer is given, {kinds}"
    assert _refusal(from_forward_backward, gelu=ReLU) == f"from_forward_backward: 'gelu' is not known, {kinds}"
    expected = "from_forward_backward: relu is ReLU, expected what makes a layer, as a class"
    assert _refusal(from_forward_backward, relu=ReLU()) == expected
    expected = "from_forward_backward: where has 'grad_W', expected some of Z, dW, dY, db, Y, dZ, S, L, dS"
    assert _refusal(from_forward_backward, linear=Linear, where={"grad_W": "dW"}) == expected


# --- updated weights --------------------------------------------------------------------------------------------------


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


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_right_step_holds(dtype):
    claims = ("network.dW", "network.db")
    options = {"dtype": dtype, "examples": 30}  # and half as many that hunt for the worst
    assert _verdicts(from_update(_sgd), *claims, **options) == dict.fromkeys(claims, "holds")
    target = from_update(_layer_sgd, "linear_vjp")
    assert _verdicts(target, *LINEAR[1:], **options) == dict.fromkeys(LINEAR[1:], "holds")
    assert backproof.check(target, operations=["linear.dW"], dtypes=[dtype], examples=100, seed=1).passed


def test_short_formats():
    assert _verdicts(from_update(_layer_sgd, "linear_vjp"), "linear.dW", dtype="float16") == {"linear.dW": "holds"}
    assert _outcome(from_update(_sgd), "network.dW", dtype="float16").reason == (
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


def test_a_step_with_momentum_is_named():
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
    verdict, said = _found(from_update(Momentum(), "linear_vjp"), "linear.dW")
    assert verdict == "error"
    assert said.startswith("linear_vjp: raised ValueError: from_update: dW[")


def test_weight_decay_is_named_or_refuted():
    coupled = _step_with(lambda dW, W, _: dW + W.dtype.type(0.125) * W)
    assert _refuted(from_update(coupled), "network.dW", **ONE_HOT)

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


def test_clipping_is_named_or_refuted():
    clipped = _step_with(lambda dW, *_: np.clip(dW, -1, 1))
    assert _refuted(from_update(clipped), "network.dW", **ONE_HOT)

    def clipped_update(weights, biases, X, P, rate):
        new_weights, new_biases = _sgd(weights, biases, X, P, rate)
        return [W + np.clip(new - W, -1, 1) for new, W in zip(new_weights, weights, strict=True)], new_biases

    with pytest.raises(ValueError, match=r"depends on the rate: "):
        from_update(clipped_update)["network_gradients"]([W], [B], Y, P)


def test_a_mean_over_the_batch_is_refuted_unless_declared():
    def mean(weights, biases, X, P, rate):
        return _sgd(weights, biases, X, P, rate / X.shape[1])

    assert _refuted(from_update(mean), "network.dW", **ONE_HOT)
    declared = from_update(mean, conventions=Conventions(reduction="mean"))
    assert _verdicts(declared, "network.dW") == {"network.dW": "holds"}


def test_dY_is_taken_before_the_update():
    def late(W, Y, b, dZ, rate):
        dW, _, db = R.linear_vjp(W, Y, b, dZ)
        W -= rate * dW
        return W, W.T @ dZ, b - rate * db

    assert _refuted(from_update(late, "linear_vjp"), "linear.dY", **LAYER)


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
    limits = Limits(dtypes=("bfloat16", "float32", "float64"), width=5)
    assert declared == Conventions(layout="batch-first", arithmetic="flush-to-zero", limits=limits)
    assert "CONVENTIONS" not in from_update(_layer_sgd, "linear_vjp")
    mean = Conventions(reduction="mean")
    assert from_update(_layer_sgd, "linear_vjp", conventions=mean)["CONVENTIONS"] == mean


def test_wrong_use_of_from_update_is_refused():
    assert _refusal(from_update, 3) == "from_update: int cannot be called, expected a function"
    expected = "from_update: 'relu_vjp' has no weights, expected linear_vjp or network_gradients"
    assert _refusal(from_update, _sgd, "relu_vjp") == expected
    for rates, got in (
        ((1.0, 3.0), "3.0"),
        ((0.5, 1.0), "0.5"),
        ((1.0, -2.0), "-2.0"),
        ((1.0, True), "True"),
        ((1.0, float("inf")), "inf"),
        ((1.0, 1), "1 of them"),
        ((), "0 of them"),
    ):
        expected = f"from_update: rates: {got}, expected at least two powers of two, none below 1, as 1.0, 16.0"
        assert _refusal(from_update, _sgd, rates=rates) == expected
    float16 = Conventions(limits=Limits(dtypes=("float16",)))
    assert _refusal(from_update, _sgd, conventions=float16).startswith("from_update: float16 alone is declared")


# --- biases -----------------------------------------------------------------------------------------------------------


def _with_matrix_biases(axis):
    """The reference, for biases of another shape."""

    def linear(W, Y, b):
        return R.linear(W, Y, b.reshape(-1))

    def linear_vjp(W, Y, b, dZ):
        dW, dY, db = R.linear_vjp(W, Y, b.reshape(-1), dZ)
        return dW, dY, np.expand_dims(db, axis)

    def network_gradients(weights, biases, X, P):
        found = R.network_gradients(weights, [b.reshape(-1) for b in biases], X, P)
        return {**found, "db": [np.expand_dims(db, axis) for db in found["db"]]}

    return {"linear": linear, "linear_vjp": linear_vjp, "network_gradients": network_gradients, "relu": R.relu}


@pytest.mark.parametrize(("shape", "axis"), [("column", 1), ("row", 0)])
def test_biases_as_matrices_hold(shape, axis):
    target = bias_shape(_with_matrix_biases(axis), shape)
    assert set(target) == {"linear", "linear_vjp", "network_gradients", "relu"}
    assert _verdicts(target, *LINEAR, *NETWORK, examples=8) == dict.fromkeys((*LINEAR, *NETWORK), "holds")


def test_a_bias_gradient_of_another_shape_is_refused_not_broadcast():
    target = bias_shape(_with_matrix_biases(0), "column")
    said = r"^bias_shape: linear_vjp.db: got float64 \(1, 3\), expected an array \(3, 1\), a column as b is$"
    with pytest.raises(ValueError, match=said):
        target["linear_vjp"](W, Y, B, DZ)
    with pytest.raises(ValueError, match=r"^bias_shape: network_gradients.db\[0\]: got float64 \(1, 3\), expected"):
        target["network_gradients"]([W], [B], Y, P)
    vector = bias_shape({"linear_vjp": lambda W, Y, b, dZ: R.linear_vjp(W, Y, b[:, 0], dZ)}, "column")
    with pytest.raises(ValueError, match=r"got float64 \(3,\), expected an array \(3, 1\)"):
        vector["linear_vjp"](W, Y, B, DZ)
    assert _found(vector, "linear.db")[0] == "error"


def test_a_bias_is_passed_as_a_view():
    def linear(W, Y, b):
        b += 1
        return W @ Y + b

    given = B.copy()
    bias_shape({"linear": linear}, "column")["linear"](W, Y, given)
    assert given.tolist() == (B + 1).tolist()


def test_what_is_no_bias_gradient_is_left_to_the_contract():
    target = bias_shape({"network_gradients": lambda *_: {"dW": []}}, "row")
    assert target["network_gradients"]([W], [B], Y, P) == {"dW": []}


def test_wrong_use_of_bias_shape_is_refused():
    assert _refusal(bias_shape, R, "flat") == "bias_shape: shape is 'flat', expected column or row"
    expected = "bias_shape: linear is one function, expected a target, as {'linear': linear}"
    assert _refusal(bias_shape, linear, "row") == expected.replace("{'linear':", "{'linear_vjp':")
    expected = "bias_shape: no function of the target has biases, expected one of linear, linear_vjp, network_gradients"
    assert _refusal(bias_shape, {"relu": R.relu}, "row") == expected


# --- all of them ------------------------------------------------------------------------------------------------------


def test_helpers_compose():
    declared = Conventions(weights="in-out")
    steps = from_update(lambda W, y, b, dz, rate: (W - rate * np.outer(dz, y), W.T @ dz, b - rate * dz), "linear_vjp")
    layers = from_forward_backward(relu=ReLU, conventions=declared)
    assert set(bias_shape(R, "column")) == set(FUNCTIONS)
    assert _verdicts({**per_sample(steps), **from_forward_backward(relu=ReLU)}, "linear.dW", "relu.dZ") == {
        "linear.dW": "holds",
        "relu.dZ": "holds",
    }
    assert bias_shape({**layers, "linear": R.linear}, "column")["CONVENTIONS"] is declared
