"""Any function that PyTorch or JAX differentiates is a target's function and its vjp, under one name."""

import inspect
import pickle
from functools import partial

import ml_dtypes
import numpy as np
import pytest

from backproof_impl.conventions import Conventions, Limits, Unloadable, UsageError
from backproof_impl.loading import as_target
from backproof_impl.target import Signature
from backproof_impl.wrapping import differentiable
from backproof_impl.wrapping.differentiable import every, from_jax, from_torch

RMS_NORM = {
    "f": Signature(("X", "g"), ("Y",), ("eps",), own=True),
    "f_vjp": Signature(("X", "g", "dY"), ("dX", "dg"), ("eps",), own=True),
}
ROTATED = {
    "f": Signature(("X", "Y"), ("A", "B"), own=True),
    "f_vjp": Signature(("X", "Y", "dA", "dB"), ("dX", "dY"), own=True),
}
LOOKED_UP = {
    "f": Signature(("E", "t"), ("Y",), own=True),
    "f_vjp": Signature(("E", "t", "dY"), ("dE",), own=True),
}
LOSS = {
    "f": Signature(("X",), ("L",), numbers=("L",), own=True),
    "f_vjp": Signature(("X", "dL"), ("dX",), optional=("dL",), own=True),
}
X = np.array([[1.0, -2.0, 0.5], [3.0, 0.25, -1.0]])
g = np.array([0.5, 2.0, -1.0])
dY = np.array([[1.0, 0.5, -2.0], [0.25, 3.0, 1.0]])


@pytest.fixture(params=["torch", "jax"])
def library(request):
    """The library's namespace of functions, and what makes a target's function of one."""
    if request.param == "torch":
        return pytest.importorskip("torch", reason="pip install 'backproof[pytorch]'"), from_torch
    pytest.importorskip("jax", reason="pip install 'backproof[jax]'")
    return pytest.importorskip("jax.numpy"), from_jax


@pytest.fixture
def torch():
    return pytest.importorskip("torch", reason="pip install 'backproof[pytorch]'")


def _target(function, table=RMS_NORM):
    return as_target({"f": function}, further=table)


def _rms_norm(lib, X, g, eps=1e-6):
    return g * X / lib.sqrt((X * X).mean(-1)[:, None] + eps)


def _expected(eps=1e-6):
    r = 1 / np.sqrt((X * X).mean(axis=1, keepdims=True) + eps)
    h = g * dY
    return r * (h - X * r * r * (h * X).mean(axis=1, keepdims=True)), (dY * X * r).sum(axis=0)


def test_a_request_that_cannot_be_run_says_what_is_expected(monkeypatch):
    monkeypatch.setattr(differentiable, "find_spec", lambda _: None)
    with pytest.raises(Unloadable, match=r"^from_torch needs torch: pip install 'backproof\[pytorch\]'$"):
        from_torch(abs)
    with pytest.raises(Unloadable, match=r"^from_jax needs jax: pip install 'backproof\[jax\]'$"):
        from_jax(abs)


# --- either library ---------------------------------------------------------------------------------------------------


@pytest.mark.pytorch
def test_one_name_offers_both_functions(library):
    lib, of = library
    call = _target(of(partial(_rms_norm, lib))).functions
    assert list(call) == ["f", "f_vjp"]
    np.testing.assert_allclose(call["f"](X, g), g * X / np.sqrt((X * X).mean(1, keepdims=True) + 1e-6), rtol=1e-14)
    for eps in (1e-6, 0.5):
        found = call["f_vjp"](X, g, dY, eps=eps)
        assert [type(each) for each in found] == [np.ndarray] * 2
        for got, wanted in zip(found, _expected(eps), strict=True):
            np.testing.assert_allclose(got, wanted, rtol=1e-13)


@pytest.mark.pytorch
@pytest.mark.parametrize("dtype", [np.float32, np.float16, ml_dtypes.bfloat16])
def test_the_format_is_kept(library, dtype):
    lib, of = library
    call = _target(of(lambda X, g: X * g)).functions
    given = [A.astype(dtype) for A in (X, g, dY)]
    assert call["f"](*given[:2]).dtype == dtype
    assert [each.dtype for each in call["f_vjp"](*given)] == [dtype] * 2
    assert call["f_vjp"](*given)[0].tolist() == (given[2] * given[1]).tolist()
    assert lib is not None


@pytest.mark.pytorch
def test_only_what_the_function_takes_is_handed_over(library):
    lib, of = library
    without, with_ = (_target(of(each)).signatures for each in (lambda X, g: X * g, partial(_rms_norm, lib)))
    assert (without["f"].options, without["f_vjp"].options) == ((), ())
    assert (with_["f"].options, with_["f_vjp"].options) == (("eps",), ("eps",))


@pytest.mark.pytorch
def test_a_gradient_that_is_not_there_is_0(library):
    _, of = library
    unused, constant = (_target(of(each)).functions["f_vjp"] for each in (lambda X, _: X * 2, lambda _, g: g * 0 + 1))
    assert unused(X, g, dY)[1].tolist() == [0.0, 0.0, 0.0]
    assert constant(X, g, np.ones(3))[0].tolist() == np.zeros((2, 3)).tolist()


@pytest.mark.pytorch
def test_class_numbers_and_masks_are_not_differentiated(library):
    _, of = library
    call = _target(of(lambda E, t: E[t]), LOOKED_UP).functions
    E, t = np.arange(6.0).reshape(3, 2), np.array([2, 0, 2])
    assert call["f"](E, t).tolist() == E[t].tolist()
    assert call["f_vjp"](E, t, np.ones((3, 2))).tolist() == [[1.0, 1.0], [0.0, 0.0], [2.0, 2.0]]


@pytest.mark.pytorch
def test_several_outputs_have_a_cotangent_each(library):
    _, of = library
    call = _target(of(lambda X, Y: (X * Y, X + Y)), ROTATED).functions
    A, B = call["f"](X, dY)
    assert (A.tolist(), B.tolist()) == ((X * dY).tolist(), (X + dY).tolist())
    dX, other = call["f_vjp"](X, dY, X, dY)
    assert (dX.tolist(), other.tolist()) == ((X * dY + dY).tolist(), (X * X + dY).tolist())
    with pytest.raises(TypeError, match=r"^the function returned 3 values, expected 2 of them"):
        _target(of(lambda X, Y: [X, Y, X]), ROTATED).functions["f_vjp"](X, dY, X, dY)


@pytest.mark.pytorch
def test_the_cotangent_of_a_loss_may_be_left_out(library):
    _, of = library
    call = _target(of(lambda X: (X * X).sum()), LOSS).functions
    assert call["f_vjp"](X).tolist() == (2 * X).tolist()
    assert call["f_vjp"](X, np.float64(3)).tolist() == (6 * X).tolist()
    assert call["f"](X).shape == ()


@pytest.mark.pytorch
def test_what_is_no_tensor_is_no_output(library):
    lib, of = library
    call = _target(of(lambda *_: 3.0)).functions
    said = call["f"](X, g).against("")
    assert said.startswith("returned float, expected a ")
    assert said.endswith(("torch.Tensor", "jax.Array"))
    with pytest.raises(TypeError, match=r"^the function returned float, expected a (torch\.Tensor|jax\.Array)"):
        call["f_vjp"](X, g, dY)
    assert lib is not None


@pytest.mark.pytorch
def test_it_is_one_of_the_notes_functions_too(library):
    lib, of = library
    call = as_target({"linear": of(lambda W, Y, b: W @ Y + b[:, None])}).functions
    W, b = np.ones((2, 3)), np.zeros(2)
    dW, dX, db = call["linear_vjp"](W, X.T, b, dY[:, :2])
    assert (dW.tolist(), dX.tolist()) == ((dY[:, :2] @ X).tolist(), (W.T @ dY[:, :2]).tolist())
    assert db.tolist() == dY[:, :2].sum(axis=1).tolist()
    loss = as_target({"cross_entropy": of(lambda S, P: -(P * lib.log(S)).sum())}).functions["cross_entropy_vjp"]
    assert loss(np.array([[0.5], [0.25]]), np.array([[1.0], [0.0]])).tolist() == [[-2.0], [0.0]]


@pytest.mark.pytorch
def test_a_vjp_of_ones_own_comes_first(library):
    _, of = library
    own = as_target({"f": of(lambda X, g: X * g), "f_vjp": max}, further=RMS_NORM)
    assert own.functions["f_vjp"] is max


@pytest.mark.pytorch
def test_what_the_library_does_not_do_is_declared(library):
    lib, of = library
    target = as_target({"f": of(abs), "CONVENTIONS": Conventions(limits=Limits(batch=2))}, further=RMS_NORM)
    limits, torch = target.conventions.limits, of is from_torch
    assert limits.batch == 2
    assert ("reversed" in limits.memory) is not torch
    assert (target.conventions.arithmetic, limits.seconds) == (("ieee", None) if torch else ("flush-to-zero", 60))
    assert lib is not None


@pytest.mark.pytorch
@pytest.mark.parametrize("given", [3, int])
def test_what_is_no_function_is_refused(library, refusal, given):
    _, of = library
    package = "torch" if of is from_torch else "jax"
    what = "3 cannot be called" if given == 3 else "int is a class"
    assert refusal(of, given) == f"{of.__name__}: {what}, expected a function of {package}'s arrays"


@pytest.mark.pytorch
def test_it_can_be_sent_to_another_process(library):
    _, of = library
    call = _target(pickle.loads(pickle.dumps(of(abs)))).functions  # noqa: S301 - our own
    assert call["f"](X).tolist() == abs(X).tolist()
    assert pickle.loads(pickle.dumps(call["f_vjp"])) == call["f_vjp"]  # noqa: S301


# --- PyTorch ----------------------------------------------------------------------------------------------------------


@pytest.mark.pytorch
@pytest.mark.filterwarnings("ignore:The given NumPy array is not writable")  # as they are in every call of a target
@pytest.mark.usefixtures("torch")
def test_tensors_lie_where_the_arrays_do():
    seen = []
    call = _target(from_torch(lambda X, g: seen.append((X.stride(), X.data_ptr(), g.stride())) or X * g)).functions
    wide = np.broadcast_to(np.float64(2), (3,))
    for A in (X.T.copy().T, np.stack([X, X], -1)[..., 0], X.astype(ml_dtypes.bfloat16)[:, ::2]):
        call["f"](A, A[0] * 0 + 1 if A.dtype != X.dtype else wide)
        strides, place, other = seen.pop()
        assert strides == tuple(step // A.itemsize for step in A.strides)
        assert place == A.__array_interface__["data"][0]
        assert other == ((0,) if A.dtype == X.dtype else (1,))
    with pytest.raises(NotImplementedError, match="no tensors with negative strides"):
        call["f"](X[::-1], g)


@pytest.mark.pytorch
@pytest.mark.filterwarnings("ignore:The given NumPy array is not writable")
def test_a_cotangent_with_strides_of_0_arrives_as_it_is(torch):
    seen = []

    class Twice(torch.autograd.Function):
        @staticmethod
        def forward(_, X, __):
            return X * 2

        @staticmethod
        def backward(_, dY):
            seen.append(dY.stride())
            return dY * 2, None

    call = _target(from_torch(Twice)).functions
    dX, dg = call["f_vjp"](X, g, np.broadcast_to(np.float64(3), X.shape))
    assert (dX.tolist(), dg.tolist(), seen) == (np.full(X.shape, 6.0).tolist(), [0.0, 0.0, 0.0], [(0, 0)])


@pytest.mark.pytorch
def test_results_that_are_views_of_what_was_given_get_memory_of_their_own(torch):
    call = _target(from_torch(lambda X, g: X.view(X.shape) if g is None else X + 0 * g)).functions
    assert not np.shares_memory(call["f_vjp"](X, g, dY)[0], dY)
    same = _target(from_torch(lambda X, _: X.T)).functions["f"](X, g)
    assert same.tolist() == X.T.tolist()
    assert not np.shares_memory(same, X)
    kept = torch.zeros(2, 3, dtype=torch.float64)
    buffered = _target(from_torch(lambda X, g: torch.mul(X, g, out=kept))).functions["f"]
    assert np.shares_memory(buffered(X, g), buffered(X, g))


@pytest.mark.pytorch
@pytest.mark.parametrize("apart", [False, True])
@pytest.mark.parametrize("applied", [False, True])
def test_functions_with_a_backward_of_their_own(torch, apart, applied):
    class Norm(torch.autograd.Function):
        @staticmethod
        def forward(ctx, X, g, eps=1e-6):
            ctx.save_for_backward(X, g)
            ctx.eps = eps
            return _rms_norm(torch, X, g, eps)

        @staticmethod
        def backward(ctx, dY):
            X, g = ctx.saved_tensors
            r = 1 / torch.sqrt((X * X).mean(1, keepdim=True) + ctx.eps)
            h = g * dY
            return r * (h - X * r * r * (h * X).mean(1, keepdim=True)), (dY * X * r).sum(0), None

    class Apart(Norm):
        @staticmethod
        def forward(X, g, eps=1e-6):
            return _rms_norm(torch, X, g, eps)

        @staticmethod
        def setup_context(ctx, inputs, output):  # noqa: ARG004 - PyTorch names them
            X, g, ctx.eps = inputs
            ctx.save_for_backward(X, g)

    own = Apart if apart else Norm
    target = _target(from_torch(own.apply if applied else own))
    assert target.signatures["f_vjp"].options == ("eps",)
    for got, wanted in zip(target.functions["f_vjp"](X, g, dY, eps=0.5), _expected(0.5), strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-13)
    assert target.functions["f"](X, g, eps=0.5).shape == (2, 3)


@pytest.mark.pytorch
def test_functions_of_the_library_and_modules(torch):
    relu = _target(from_torch(torch.nn.functional.relu), LOSS | {"f": Signature(("X",), ("Y",), own=True)}).functions
    assert relu["f_vjp"](X, dY).tolist() == (dY * (X > 0)).tolist()
    module = torch.nn.Linear(3, 2, dtype=torch.float64)
    offered = from_torch(module)
    assert list(inspect.signature(offered).parameters) == ["input"]
    np.testing.assert_allclose(offered(X), module(torch.tensor(X)).detach().numpy())
    with pytest.raises(UsageError, match=r"^from_torch: ReLU is a class, expected a function of torch's arrays$"):
        from_torch(torch.nn.ReLU)


# --- JAX --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def functions():
    """What is known of JAX."""
    pytest.importorskip("jax", reason="pip install 'backproof[jax]'")
    return pytest.importorskip("backproof_impl.libraries.jax_functions")


def _counted(seen):
    """A function that notes each time that it is run or traced."""
    return lambda X, g, eps=1.0: seen.append(eps) or X * g * eps


@pytest.mark.pytorch
@pytest.mark.usefixtures("functions")
def test_an_adapters_own_function_is_traced_once_for_each_shape_format_and_option():
    seen = []
    call = _target(every("jax", {"f": _counted(seen)})["f"]).functions
    for A in (X, 2 * X):
        assert call["f"](A, g).tolist() == (A * g).tolist()
        assert call["f_vjp"](A, g, dY)[0].tolist() == (g * dY).tolist()
    assert seen == [1.0, 1.0]
    for given, options in (
        ((X[:1], g, dY[:1]), {}),
        ([A.astype("f") for A in (X, g, dY)], {}),
        ((X, g, dY), {"eps": 1}),
    ):
        call["f_vjp"](*given, **options)
        assert (len(seen), call["f_vjp"](*given, **options)[0].dtype) == (len(seen), given[0].dtype)
    assert seen == [1.0] * 4 + [1]


@pytest.mark.pytorch
@pytest.mark.usefixtures("functions")
def test_options_that_are_equal_and_not_the_same_are_told_apart():
    call = _target(every("jax", {"f": lambda X, g, eps=0.0: X[:, :1] * g**2 * eps})["f"]).functions["f"]
    assert [float(np.copysign(1, call(X, g, eps=eps)[0, 0])) for eps in (0.0, -0.0)] == [1.0, -1.0]


@pytest.mark.pytorch
@pytest.mark.usefixtures("functions")
def test_anyone_elses_function_is_run_anew_at_each_call_for_it_may_keep_state():
    seen = []
    call = _target(from_jax(lambda X, g: seen.append(0) or X * g * len(seen))).functions
    assert [call["f"](X, g)[0, 0] / (X * g)[0, 0] for _ in range(3)] == [1.0, 2.0, 3.0]
    assert [call["f_vjp"](X, g, dY)[0][0, 0] / (g * dY)[0, 0] for _ in range(3)] == [4.0, 5.0, 6.0]


@pytest.mark.pytorch
@pytest.mark.usefixtures("functions")
def test_what_asks_for_numbers_on_the_way_runs_step_by_step():
    call = _target(every("jax", {"f": lambda E, t: E[t] * float(t[0])})["f"], LOOKED_UP).functions
    for t in ([2, 0], [1, 1]):
        assert call["f"](X.T, np.array(t)).tolist() == (X.T[t] * t[0]).tolist()
        assert call["f_vjp"](X.T, np.array(t), np.ones((2, 2)))[t[0]].tolist() == [t[0] * t.count(t[0])] * 2


@pytest.mark.pytorch
def test_programs_are_let_go_when_the_process_has_grown(functions, monkeypatch):
    seen = []
    call = _target(every("jax", {"f": _counted(seen)})["f"]).functions["f"]
    for room, traced in ((2**30, 1), (2**30, 1), (-1, 2), (2**30, 2)):
        monkeypatch.setattr(functions.scope, "room", room)
        call(X, g)
        assert len(seen) == traced


@pytest.mark.pytorch
def test_the_gradients_of_norms_and_extremes_at_kinks(functions):
    A, dY = np.array([[0.0, -2.0, 0.0], [-2.0, -2.0, 3.0]]), np.array([1.0, 2.0])
    l1_norm, reduce_max = (every("jax", functions.DEFINED)[name] for name in ("l1_norm", "reduce_max"))
    assert l1_norm.vjp(("X",), ("dX",))(A, dY).tolist() == [[1.0, -1.0, 1.0], [-2.0, -2.0, 2.0]]
    assert reduce_max.vjp(("X",), ("dX",))(A, dY).tolist() == [[0.5, 0.0, 0.5], [0.0, 0.0, 2.0]]


@pytest.mark.pytorch
@pytest.mark.parametrize("name", ["conv2d", "depthwise_conv2d"])
def test_xla_does_not_end_the_process_over_the_gradient_of_a_convolution(functions, name):
    of, z = every("jax", functions.DEFINED)[name], np.zeros(1)
    A, W = np.arange(8.0).reshape(1, 1, 2, 4), np.ones((1, 1, 3, 2)[name != "conv2d" :])
    Y = of(A, W, z, stride=2, pad=1)
    assert Y.tolist() == [[[[4.0, 14.0, 10.0]]]]
    assert of.vjp(("X", "W", "z"), ("dX",))(A, W, z, Y, stride=2, pad=1).tolist() == [[[[4.0, 14.0, 14.0, 10.0]] * 2]]


@pytest.mark.pytorch
def test_functions_with_a_custom_vjp():
    jax = pytest.importorskip("jax", reason="pip install 'backproof[jax]'")

    @partial(jax.custom_vjp, nondiff_argnums=(2,))
    def norm(X, g, eps=1e-6):
        return _rms_norm(jax.numpy, X, g, eps)

    norm.defvjp(lambda X, g, eps: (norm(X, g, eps), (X, g)), lambda eps, kept, dY: (dY * eps, kept[1] * 0))
    target = _target(from_jax(norm))
    assert target.signatures["f_vjp"].options == ("eps",)
    dX, dg = target.functions["f_vjp"](X[::-1], g, dY, eps=0.5)
    assert (dX.tolist(), dg.tolist()) == ((dY * 0.5).tolist(), [0.0, 0.0, 0.0])
