"""A call in this process and one in another are judged alike: what lies in memory counts, not what its class says."""

import numpy as np
import pytest

import backproof
from backproof_impl.isolation import Program, Session
from backproof_impl.loading import as_target
from backproof_properties import contract
from backproof_properties.contract import Declined, Raised
from backproof_properties.judge import Refuted

pytestmark = pytest.mark.no_cover  # see CONTRIBUTING

TARGET = """
import warnings
import numpy as np

np.seterr(all="raise")
warnings.simplefilter("error")


class Liar(np.ndarray):
    shape = property(lambda self: (2, 2))
    dtype = property(lambda self: np.dtype(float))
    T = property(lambda self: np.zeros((2, 2)))

    def tobytes(self, *_):
        return b""

    def astype(self, *_, **__):
        return np.zeros((2, 2))

    tolist = ravel = copy = view = __array__ = astype


class Chameleon:
    __class__ = np.ndarray
    shape, dtype = (2, 2), np.dtype(float)


class Silent(Exception):
    def __str__(self):
        raise self


def said(error):
    def function(_):
        raise error
    return function


def in_place(change):
    def function(Z):
        change(Z)
        return np.maximum(np.array(Z), 0)
    return function


def patched(name, Z):
    before = getattr(np, name)
    setattr(np, name, lambda *_, **__: False)
    try:
        return Z
    finally:
        setattr(np, name, before)


def retyped(Z):
    Z.dtype = np.int64


kept = np.zeros((2, 2))

def overwritten(Z):
    kept[...] = np.maximum(Z, 0)
    return kept


WAYS = [
    ("plain", lambda Z: np.maximum(Z, 0)),
    ("big-endian", lambda Z: np.maximum(Z, 0).astype(">f8")),
    ("strided", lambda Z: np.repeat(np.maximum(Z, 0), 2, axis=0)[::2]),
    ("backwards", lambda Z: np.maximum(Z, 0)[::-1].copy()[::-1]),
    ("stride 0", lambda Z: np.broadcast_to(np.float64(0.5), Z.shape)),
    ("matrix", lambda Z: np.matrix(np.maximum(Z, 0))),
    ("recarray", lambda Z: np.maximum(Z, 0).view(np.recarray)),
    ("nothing masked", lambda Z: np.ma.array(np.maximum(Z, 0))),
    ("masked", lambda Z: np.ma.array(np.maximum(Z, 0), mask=[[1, 0], [0, 0]])),
    ("a liar", lambda Z: np.maximum(Z, 0).view(Liar)),
    ("a wrong liar", lambda Z: (np.maximum(Z, 0)[:1]).view(Liar)),
    ("a chameleon", lambda Z: Chameleon()),
    ("a liar in the argument's memory", lambda Z: Z.view(Liar)),
    ("float32", lambda Z: Z.astype(np.float32)),
    ("longdouble", lambda Z: Z.astype(np.longdouble)),
    ("int16", lambda Z: Z.astype(np.int16)),
    ("complex", lambda Z: Z.astype(complex)),
    ("objects", lambda Z: Z.astype(object)),
    ("names", lambda Z: np.zeros(Z.shape, [("a", float)])),
    ("list", lambda Z: Z.tolist()),
    ("None", lambda Z: None),
    ("nine dimensions", lambda Z: np.zeros((1,) * 9)),
    ("terabytes", lambda Z: np.broadcast_to(np.float64(0), (10**6, 10**7))),
    ("not a number", lambda Z: np.full(Z.shape, np.nan)),
    ("silent", said(Silent())),
    ("several lines", said(ValueError("one\\n two\\tthree"))),
    ("nothing to say", said(AssertionError())),
    ("long-winded", said(ValueError("x" * 5000))),
    ("exits", said(SystemExit(3))),
    ("declines", said(NotImplementedError("only\\nsquare Z"))),
    ("seterr inside", lambda Z: (np.seterr(all="raise"), np.maximum(Z, 0))[1]),
    ("overflows", lambda Z: np.maximum(Z, 0) * 1e308 * 10),
    ("written to", in_place(lambda Z: Z.__setitem__(0, 7))),
    ("retyped", in_place(retyped)),
    ("reshaped", in_place(lambda Z: setattr(Z, "shape", (4, 1)))),
    ("overwritten", overwritten),
    *((f"np.{name} patched", lambda Z, name=name: patched(name, Z)) for name in
      ("may_share_memory", "shares_memory", "asarray", "array_equal", "errstate")),
]
NAMES = [name for name, _ in WAYS]


def relu(Z):
    return WAYS[int((Z[0, 0] + Z[1, 1]) / (Z[0, 1] + Z[1, 0]) / 2)][1](Z)  # the same for other(Z)
"""
JUDGED_RIGHT = {"plain", "big-endian", "strided", "backwards", "matrix", "recarray", "nothing masked", "a liar",
                "seterr inside"}  # fmt: skip


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """The target in this process and in another."""
    path = tmp_path_factory.mktemp("ways") / "target.py"
    path.write_text(TARGET, encoding="utf-8")
    before = np.geterr()
    session = Session(Program.of_python(path))
    yield as_target(str(path)), session.target()
    session.close()
    np.seterr(**before)


def _outcome(target, case):
    try:
        found = contract.call(target, "relu", case, "Y", contract.Usage(history=True))
    except (Refuted, Raised, Declined) as said:
        return type(said).__name__, str(said)
    return type(found), found.dtype.str, found.shape, found.tobytes()


def _case(number):
    return {"Z": np.array([[number + 0.25, -1.0], [2.0, number + 0.25]])}


def _names(both):
    return both[0].functions["relu"].__globals__["NAMES"]


@pytest.mark.filterwarnings("ignore")  # the target's own
def test_both_ways_to_call_agree_whatever_comes_back(both):
    for number, name in enumerate(_names(both)):
        case = _case(number)
        here, elsewhere = (_outcome(target, case) for target in both)
        assert (name, here) == (name, elsewhere)
        right = np.maximum(case["Z"], 0)
        assert (here == (np.ndarray, "<f8", (2, 2), right.tobytes())) == (name in JUDGED_RIGHT), (name, here)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("masked", "relu.Y: returned an array with masked entries, expected a NumPy array of float64, shape (2, 2)"),
        ("a wrong liar", "relu.Y: shape (1, 2), expected (2, 2)"),
        ("a chameleon", "relu.Y: returned Chameleon, expected a NumPy array of float64, shape (2, 2)"),
        ("a liar in the argument's memory", "relu.Y: shares memory with the argument Z: "),
        ("np.may_share_memory patched", "relu.Y: shares memory with the argument Z: "),
        ("written to", "relu: changed its argument Z in place; "),
        ("retyped", "relu: changed its argument Z in place; "),
        ("overwritten", "relu.Y: an earlier call's result changed when it was called again; "),
        ("silent", "relu: raised Silent: (what it says cannot be read)"),
        ("terabytes", "relu.Y: returned array of shape (1000000, 10000000), expected a NumPy array"),
        ("declines", "only square Z"),
    ],
)
def test_what_is_wrong_is_said(both, name, said):
    assert _outcome(both[0], _case(_names(both).index(name)))[1].startswith(said)


@pytest.mark.parametrize("isolate", [True, False])
def test_a_target_that_has_floating_point_errors_raised_is_judged(tmp_path, isolate):
    """Ours underflow, overflow and divide by zero on the way."""
    path = tmp_path / "raises.py"
    path.write_text(
        "import numpy as np\nfrom backproof_impl.reference import linear, linear_vjp\n\nnp.seterr(all='raise')\n",
        encoding="utf-8",
    )
    before = np.geterr()
    try:
        report = backproof.check(path, operations=["linear"], examples=5, seed=1, isolate=isolate)
    finally:
        np.seterr(**before)
    report.raise_if_refuted()
