"""from_forward_backward: layers with a cache as found elsewhere hold, and stale or shared caches stay visible."""

import numpy as np
import pytest

from backproof_impl import reference as R
from backproof_impl.conventions import Conventions
from backproof_impl.wrapping.bias_shape import bias_shape
from backproof_impl.wrapping.forward_backward import from_forward_backward

W = np.array([[1.0, 2.0], [3.0, -4.0], [0.5, 6.0]])
Y = np.array([[1.0, -1.0, 0.25, 3.0], [0.5, 2.0, -2.0, 1.0]])
B = np.array([1.0, -2.0, 3.0])
DZ = np.array([[1.0, 2.0, -1.0, 4.0], [0.5, -1.0, 3.0, 1.0], [4.0, 0.5, 1.0, -3.0]])
Z = np.array([[1.0, 2.0, -1.0, 4.0], [0.5, -1.0, 3.0, 1.0], [4.0, 0.5, 1.0, -3.0]])
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


@pytest.mark.no_cover
def test_functions_with_a_cache_hold(verdicts):
    claims = (*LINEAR, "relu.dZ", "softmax_cross_entropy.forward", "softmax_cross_entropy.dZ", *NETWORK)
    assert verdicts(_course(), *claims, examples=4) == dict.fromkeys(claims, "holds")


def test_functions_with_a_cache_that_forget_the_sum_are_refuted(refuted):
    def wrong(dout, cache):
        dx, dw, _ = affine_backward(dout, cache)
        return dx, dw, dout.mean(axis=0)

    assert refuted(_course(affine_backward=wrong), "linear.db", **LAYER).startswith(
        "linear_vjp.db[0]: got 1.5, expected 6"
    )
    assert refuted(_course(relu_backward=lambda dout, _: dout), "network.dX", **ONE_HOT)


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


@pytest.mark.no_cover
def test_a_library_of_layers_holds(verdicts):
    layers = {"linear": Dense, "relu": Rectifier, "softmax": SoftmaxActivation}
    target = bias_shape(
        from_forward_backward(**layers, cross_entropy=CrossEntropyOfProbabilities, **LIBRARY),
        "row",
    )
    claims = (*LINEAR, "relu.forward", "relu.dZ", "softmax.forward", "softmax.dZ", "chain.rule")
    claims += ("cross_entropy.forward", "cross_entropy.dS")
    assert verdicts(target, *claims, examples=6) == dict.fromkeys(claims, "holds")


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


@pytest.mark.no_cover
def test_layers_with_a_cache_hold_reused_or_fresh(verdicts):
    layers = {"linear": Linear, "relu": ReLU, "softmax_cross_entropy": Loss}
    claims = (*LINEAR, "relu.forward", "relu.dZ", "softmax_cross_entropy.forward", "softmax_cross_entropy.dZ", *NETWORK)
    for reuse, judged in ((True, claims), (False, LINEAR)):
        target = from_forward_backward(reuse=reuse, **layers)
        assert verdicts(target, *judged, examples=2) == dict.fromkeys(judged, "holds")


@pytest.mark.no_cover
def test_gradients_that_accumulate_across_calls_are_refuted_unless_each_call_has_an_object(verdicts):
    reused, fresh = (from_forward_backward(linear=Accumulating, reuse=reuse) for reuse in (True, False))
    assert verdicts(reused, *LINEAR) == {
        **dict.fromkeys(LINEAR, "holds"),
        "linear.dW": "refuted",
        "linear.db": "refuted",
    }
    assert verdicts(fresh, *LINEAR[2:]) == dict.fromkeys(LINEAR[2:], "holds")


@pytest.mark.no_cover
def test_a_stale_cache_is_refuted_unless_each_call_has_an_object(verdicts):
    reused, fresh = (from_forward_backward(relu=Stale, reuse=reuse) for reuse in (True, False))
    assert verdicts(reused, "relu.forward", "relu.dZ") == {"relu.forward": "holds", "relu.dZ": "refuted"}
    assert verdicts(fresh, "relu.dZ") == {"relu.dZ": "holds"}


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


def test_a_cache_that_belongs_to_the_class_is_refuted_in_a_network(verdicts, refuted):
    target = from_forward_backward(linear=Linear, relu=Shared, softmax_cross_entropy=Loss)
    assert verdicts(target, "relu.dZ") == {"relu.dZ": "holds"}
    deep = {**ONE_HOT, "weights": [W, W.T, W[:2]], "biases": [B, B[:2], B[:2]]}
    assert refuted(target, "network.dW", **deep).startswith("network_gradients.dW[0][")


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


def test_wrong_use_of_from_forward_backward_is_refused(refusal):
    kinds = "expected some of linear, relu, softmax, cross_entropy, softmax_cross_entropy"
    assert refusal(from_forward_backward) == f"from_forward_backward: no layer is given, {kinds}"
    assert refusal(from_forward_backward, gelu=ReLU) == f"from_forward_backward: 'gelu' is not known, {kinds}"
    expected = "from_forward_backward: relu is ReLU, expected what makes a layer, as a class"
    assert refusal(from_forward_backward, relu=ReLU()) == expected
    expected = "from_forward_backward: where has 'grad_W', expected some of Z, dW, dY, db, Y, dZ, S, L, dS, W, b"
    assert refusal(from_forward_backward, linear=Linear, where={"grad_W": "dW"}) == expected


# --- what backward is given, and what a layer is made of ------------------------------------------------------------


class SizedLinear:
    """A layer made from sizes, whose backward pass takes the learning rate and updates the weights itself."""

    def __init__(self, inputs, outputs):
        self.weights, self.bias = np.zeros((inputs, outputs)), np.zeros(outputs)

    def forward(self, x):
        self.x = x
        return x @ self.weights + self.bias

    def backward(self, error, learning_rate):
        back = error @ self.weights.T
        self.weights = self.weights - learning_rate * self.x.T @ error
        self.bias = self.bias - learning_rate * error.sum(axis=0)
        return back


class LateLinear(SizedLinear):
    """The error goes back through weights that are already new."""

    def backward(self, error, learning_rate):
        super().backward(error, learning_rate)
        return error @ self.weights.T


class GivenLoss:
    """A loss whose backward pass wants the softmax, the labels and the gradient of what follows."""

    def forward(self, scores, P):
        E = np.exp(scores - scores.max(axis=1, keepdims=True))
        self.output = E / E.sum(axis=1, keepdims=True)
        return -(P * (scores - scores.max(axis=1, keepdims=True) - np.log(E.sum(axis=1, keepdims=True)))).sum()

    def backward(self, S, P, upstream):
        return upstream * (S * P.sum(axis=1, keepdims=True) - P)


ROWS = Conventions(layout="batch-first", weights="in-out")


def _sized(make, **options):
    where = {"W": "weights", "b": "bias"}
    return from_forward_backward(
        linear=make, sizes=True, where=where, takes={"linear": ("dZ", "rate")}, conventions=ROWS, **options
    )


@pytest.mark.no_cover
def test_layers_made_from_sizes_that_take_the_rate_hold(verdicts):
    target = _sized(SizedLinear)
    assert set(target) == {"linear", "linear_vjp", "CONVENTIONS"}
    assert verdicts(target, *LINEAR, examples=10) == dict.fromkeys(LINEAR, "holds")


def test_an_error_that_goes_back_through_new_weights_is_refuted(verdicts):
    assert verdicts(_sized(LateLinear), "linear.dY") == {"linear.dY": "refuted"}


def test_a_loss_whose_backward_wants_arguments_holds_and_stands_in_a_network(verdicts):
    takes = {"softmax_cross_entropy": (lambda loss: loss.output, "P", "dL")}
    target = from_forward_backward(softmax_cross_entropy=GivenLoss, takes=takes, conventions=ROWS)
    claims = ("softmax_cross_entropy.forward", "softmax_cross_entropy.dZ")
    assert verdicts(target, *claims, examples=5) == dict.fromkeys(claims, "holds")


@pytest.mark.no_cover
def test_a_network_gives_each_layer_what_it_takes(verdicts):
    class Relu:
        def forward(self, Z):
            return np.maximum(Z, 0)

        def backward(self, Z, dY):
            return dY * (Z > 0)

    takes = {"softmax_cross_entropy": (lambda loss: loss.output, "P", "dL"), "relu": ("Z", "dY")}
    target = from_forward_backward(
        linear=lambda W, b: WithCache(affine_forward, affine_backward, W, b),
        where={"dY": 0, "dW": 1, "db": 2},
        relu=Relu,
        softmax_cross_entropy=GivenLoss,
        takes=takes,
        conventions=Conventions(layout="batch-first", weights="in-out", relu_at_zero=0),
    )
    assert verdicts(target, *NETWORK, "relu.dZ", examples=4) == dict.fromkeys((*NETWORK, "relu.dZ"), "holds")


def test_what_backward_is_given_must_exist(refusal):
    said = "from_forward_backward: takes of relu has 'dZ', expected some of Z, dY, dL, rate, or a function of the layer"
    assert refusal(from_forward_backward, relu=SoftmaxLoss, takes={"relu": ("dZ",)}) == said
    said = "from_forward_backward: takes has 'linear', expected some of the layers given: relu"
    assert refusal(from_forward_backward, relu=SoftmaxLoss, takes={"linear": ("dZ",)}) == said


def test_weights_of_another_shape_than_the_layer_has_are_named():
    target = from_forward_backward(linear=SizedLinear, sizes=True, where={"W": "weights", "b": "bias"})
    said = r"SizedLinear.weights has shape \(2, 3\), expected \(3, 2\): declare weights=in-out, or out-in"
    with pytest.raises(ValueError, match=said):
        target["linear"](W, Y, B)
