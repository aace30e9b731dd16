"""Every theorem: proved, replayed from its file, true in numbers, and what the explicit Jacobians of the spec say."""

import graphlib
import json
import os
import re
import subprocess
import sys
from functools import cache
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mpmath import mp

from backproof_spec import network
from backproof_spec.calculus import evaluate
from backproof_spec.calculus.derivation import Line, proof_file, text
from backproof_spec.calculus.evaluate import AGREEMENT, DIGITS, worst_deviation
from backproof_spec.calculus.replay import Rejected, Unreadable, replay
from backproof_spec.calculus.terms import Theory, close, open_, parts
from backproof_spec.calculus.theorems import DEEPEST, THEOREMS, named
from backproof_spec.calculus.theorems.network import gradient
from backproof_spec.claims import CLAIM_IDS
from backproof_spec.matrices import from_entries, kron, ones, unvec
from backproof_spec.operations import cross_entropy, linear, relu, softmax, softmax_cross_entropy

SMALL = mp.mpf(10) ** -AGREEMENT
CALCULUS = Path(evaluate.__file__).parent
every_theorem = pytest.mark.parametrize("stem", THEOREMS)


@pytest.fixture(scope="module")
def derived():
    """Each derivation, made once."""
    return cache(lambda stem: THEOREMS[stem]())


@pytest.fixture(scope="module")
def files(derived):
    """Each proof file as data read back from its text."""
    return lambda stem: json.loads(text(proof_file(derived(stem))))


# --- proved -----------------------------------------------------------------------------------------------------------


def test_every_backward_claim_has_a_theorem():
    backward = {claim for claim in CLAIM_IDS if not claim.endswith(".forward")}
    missing = [claim for claim in backward if claim not in THEOREMS and not claim.startswith("network.")]
    assert missing == []
    for claim in (each for each in backward if each.startswith("network.")):
        output = claim.partition(".")[2]
        assert [stem for stem in THEOREMS if re.fullmatch(rf"network\.\d\.{output}\d*", stem)]


@every_theorem
def test_a_proof_file_replays_to_its_statement(stem, derived, files):
    theorem = replay(files(stem))
    assert theorem.conclusion == derived(stem).theorem.conclusion
    assert theorem.hypotheses == derived(stem).theorem.hypotheses


# --- what uses what ---------------------------------------------------------------------------------------------------


def _alike(pattern, term, same):
    """Is a term the pattern, but for the names of tensors, dimensions and indices? ``same``: which stands for which."""
    if isinstance(pattern, tuple) != isinstance(term, tuple):
        return False
    if not isinstance(pattern, tuple):
        if isinstance(pattern, int) or pattern in HEADS:
            return pattern == term
        return same.setdefault(pattern, term) == term
    return len(pattern) == len(term) and all(_alike(*pair, same) for pair in zip(pattern, term, strict=True))


def _rowwise(formula):
    """The formula with all tensors transposed: attention has its softmax along rows."""
    if not isinstance(formula, tuple):
        return formula
    if formula[:1] == ("entry",):
        return (*formula[:2], formula[2][::-1])
    return tuple(map(_rowwise, formula))


HEADS = {"num", "entry", "index", "bound", "dim", "delta", "add", "mul", "inv", "sum", "exp", "log", "ind", "slope"}
USES = [(stem, used) for stem, derive in THEOREMS.items() for used in derive().uses]


@pytest.mark.parametrize(("stem", "used"), USES)
def test_the_formula_of_a_theorem_that_is_used_occurs(stem, used, derived):
    formula = derived(used).theorem.conclusion[-1]
    derivation = derived(stem)
    shown = [line.theorem.conclusion[-1] for line in derivation.lines]
    for kind, name, *rest in derivation.declarations:
        if kind == "define":
            shown.append(open_(derivation.theory.rest(name), rest[0]))
    everywhere = [part for each in shown for part, _ in parts(each)]
    assert any(_alike(each, part, {}) for each in (formula, _rowwise(formula)) for part in everywhere)
    assert not any(_alike(("add", formula, formula), part, {}) for part in everywhere)


def test_theorems_use_no_others_than_there_are_and_never_in_a_circle():
    graph = {stem: set() for stem in THEOREMS}
    for stem, used in USES:
        graph[stem].add(used)
    order = list(graphlib.TopologicalSorter(graph).static_order())
    assert set(order) == set(THEOREMS)


# --- proved, again ----------------------------------------------------------------------------------------------------


def test_a_proof_is_the_same_in_every_process():
    code = (
        "from backproof_spec.calculus.derivation import proof_file, text\n"
        "from backproof_spec.calculus.theorems import THEOREMS\n"
        "print(text(proof_file(THEOREMS['softmax_cross_entropy.dZ']())))"
    )
    files = {
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(files) == 1


ASSUMED = {
    "relu.dZ": {"nonzero"},
    "network.step": {"nonzero"},
    "cross_entropy.dS": {"pos"},
    "softmax.dZ": {"pos"},
    "softmax_cross_entropy.dZ": {"pos"},
    "softmax_cross_entropy.dZ.normalised": {"pos", "eq"},
    "layer_norm.dZ": {"pos"},
    "attention.dQ": {"pos"},
    "attention.dK": {"pos"},
}


@pytest.mark.parametrize("stem", [stem for stem in THEOREMS if not re.match(r"network\.\d", stem)])
def test_nothing_more_is_assumed_than_is_needed(stem, derived):
    assert {judgement[0] for _, _, judgement in derived(stem).theorem.hypotheses} == ASSUMED.get(stem, set())


@pytest.mark.no_cover
def test_a_network_assumes_no_zero_at_the_hidden_layers_it_passes():
    counts = {stem: len(THEOREMS[stem]().theorem.hypotheses) for stem in ("network.3.dW1", "network.3.dW3")}
    assert counts == {"network.3.dW1": 4, "network.3.dW3": 2}


# --- in numbers -------------------------------------------------------------------------------------------------------


@pytest.mark.no_cover
@every_theorem
def test_every_line_is_true_in_numbers(stem, derived):
    derivation = derived(stem)
    for model in evaluate.telling(derivation, derivation.theorem, 2):
        for line in derivation.lines:
            assert worst_deviation(line.theorem, model) < SMALL, line.words


@pytest.mark.no_cover
@every_theorem
@pytest.mark.parametrize("size", [0, 1])
def test_the_statement_holds_where_dimensions_are_0_or_1(stem, size, derived):
    derivation = derived(stem)
    theorem = derivation.theorem
    needed = {judgement[1][1] for _, _, judgement in theorem.hypotheses if judgement[1][0] == "dim"}
    dims = {dim for _, name, *_ in derivation.declarations for dim in derivation.theory.dims(name)}
    sizes = {dim: max(size, int(dim in needed)) for dim in dims}
    model = evaluate.model(derivation, theorem.hypotheses, Random(3), sizes)
    assert worst_deviation(theorem, model) < SMALL


def test_a_false_statement_shows_in_numbers(derived):
    derivation = derived("linear.dW")
    kind, name, by, e, d = derivation.theorem.conclusion
    wrong = derivation("d_value", derivation("ring", d, d), derivation.theorem)
    model = evaluate.model(derivation, frozenset(), Random(1), {"m": 2, "n": 2, "p": 2})
    with mp.workdps(DIGITS):
        free = {("index", "a", "m"): 0, ("index", "c", "n"): 1}
        assert model.deviation(wrong.conclusion, free) < SMALL
        assert model.deviation((kind, name, by, e, ("mul", ("num", -1, 1), d)), free) > SMALL


@every_theorem
def test_the_witness_in_the_file_satisfies_the_hypotheses(stem, derived, files):
    derivation, witness = derived(stem), files(stem)["witness"]

    def flat(values, place=()):
        return (
            {k: v for i, row in enumerate(values) for k, v in flat(row, (*place, i)).items()}
            if isinstance(values, list)
            else {place: mp.mpf(values)}
        )

    values = {name: flat(nested) for name, nested in witness["values"].items()}
    model = evaluate.Model(derivation.theory, witness["sizes"], values, {})
    with mp.workdps(DIGITS):
        assert all(model.satisfies(each) for each in derivation.theorem.hypotheses)


# --- against the explicit Jacobians -----------------------------------------------------------------------------------


class _Numbers:
    """A model of a derivation as mpmath matrices."""

    def __init__(self, derivation, sizes):
        self.derivation = derivation
        self.model = evaluate.model(derivation, derivation.theorem.hypotheses, Random(5), sizes)

    def __call__(self, name):
        dims = self.derivation.theory.dims(name)
        places = tuple(("index", f"i{k}", dim) for k, dim in enumerate(dims))
        return self._tabled(("entry", name, places), places)

    def gradient(self):
        """∂L/∂X as a matrix of the shape of X."""
        _, _, by, _, d = self.derivation.theorem.conclusion
        return self._tabled(d, by)

    def _tabled(self, term, indices):
        body, sizes = close(term, indices), self.model.sizes
        shape = [sizes[i[2]] for i in indices] + [1] * (2 - len(indices))
        entries = {}
        for place in self.model.places(tuple(i[2] for i in indices)):
            entries[(*place, *[0] * (2 - len(place)))] = self.model.value(body, {}, tuple(reversed(place)))
        return from_entries(*shape, entries)


JACOBIANS = {
    "linear.dW": lambda M: (linear.jacobian_W(M("W"), M("Y"), M("b")), M("dZ")),
    "linear.dY": lambda M: (linear.jacobian_Y(M("W"), M("Y"), M("b")), M("dZ")),
    "linear.db": lambda M: (linear.jacobian_b(M("W"), M("Y"), M("b")), M("dZ")),
    "relu.dZ": lambda M: (relu.jacobian(M("Z")), M("dY")),
    "softmax.dZ": lambda M: (softmax.jacobian(M("Z")), M("dS")),
    "cross_entropy.dS": lambda M: (cross_entropy.jacobian(M("S"), M("P")), ones(1, 1)),
    "softmax_cross_entropy.dZ": lambda M: (softmax_cross_entropy.jacobian(M("Z"), M("P")), ones(1, 1)),
    "softmax_cross_entropy.dZ.normalised": lambda M: (softmax_cross_entropy.jacobian(M("Z"), M("P")), ones(1, 1)),
}


def _agree(found, expected):
    assert (found.rows, found.cols) == (expected.rows, expected.cols)
    for i in range(found.rows):
        for j in range(found.cols):
            assert abs(found[i, j] - expected[i, j]) <= SMALL * max(1, abs(expected[i, j]))


@pytest.mark.parametrize(
    "sizes", [{"m": 2, "n": 3, "p": 2}, {"m": 3, "n": 3, "p": 3}, {"m": 1, "n": 1, "p": 4}], ids=str
)
@pytest.mark.parametrize("stem", JACOBIANS)
def test_a_theorem_is_the_transposed_explicit_jacobian(stem, sizes, derived):
    with mp.workdps(DIGITS):
        numbers = _Numbers(derived(stem), sizes)
        jacobian, cotangent = JACOBIANS[stem](numbers)
        found = numbers.gradient()
        _agree(found, jacobian.vjp(cotangent, (found.rows, found.cols)))


@pytest.mark.no_cover
@pytest.mark.parametrize("stem", [stem for stem in THEOREMS if re.match(r"network\.\d", stem)])
def test_a_network_theorem_is_the_explicit_jacobian_of_the_whole(stem, derived):
    _, k, output = stem.split(".")
    layers = range(1, int(k) + 1)
    with mp.workdps(DIGITS):
        numbers = _Numbers(derived(stem), {f"n{layer}": 2 + layer % 2 for layer in range(int(k) + 1)} | {"p": 2})
        W, b = [numbers(f"W{layer}") for layer in layers], [numbers(f"b{layer}") for layer in layers]
        JX, JW, Jb = network.jacobian(network.Network(W, b, numbers("X"), numbers("P")))
        found = numbers.gradient()
        J = {"X": JX, "W": JW[int(output[2:] or 1) - 1], "b": Jb[int(output[2:] or 1) - 1]}[output[1]]
        _agree(found, unvec(J.T, found.rows, found.cols))


def test_pairs_of_indices_are_places_in_the_kronecker_product(derived):
    """K[r, i, k, j] of kron.vec is entry (i + r·m, j + k·n) of B'⊗A."""
    with mp.workdps(DIGITS):
        numbers = _Numbers(derived("kron.vec"), {"m": 2, "n": 3, "p": 2, "q": 4})
        whole, m, n = kron(numbers("B'"), numbers("A")), 2, 3
        body = numbers.derivation.theory.rest("K")
        for r, i, k, j in numbers.model.places(("q", "m", "p", "n")):
            assert numbers.model.value(body, {}, (j, k, i, r)) == whole[i + r * m, j + k * n]
        assert len({(i + r * m) for r, i in numbers.model.places(("q", "m"))}) == 4 * m


# --- files ------------------------------------------------------------------------------------------------------------


def _places(value, path=()):
    """The path to every string and number in a proof file."""
    if isinstance(value, dict):
        return [found for key, child in value.items() for found in _places(child, (*path, key))]
    if isinstance(value, list):
        return [found for key, child in enumerate(value) for found in _places(child, (*path, key))]
    return [path]


@pytest.mark.no_cover
@pytest.mark.parametrize("stem", ["linear.dW", "relu.dZ", "softmax_cross_entropy.dZ.normalised"])
@given(data=st.data())
def test_a_file_with_anything_changed_is_rejected(stem, data, files):
    changed = files(stem)
    places = _places(changed)
    path = data.draw(st.sampled_from(places))
    inner = changed
    for key in path[:-1]:
        inner = inner[key]
    old = inner[path[-1]]
    others = st.sampled_from([0, 1, -1, 2, True, None, 1.5, "x", "", "eq", "mul", "sum", "n", "p", [], {}, {"step": 0}])
    inner[path[-1]] = data.draw(others.filter(lambda new: (type(new), new) != (type(old), old)))
    with pytest.raises((Rejected, Unreadable)) as rejected:
        replay(changed)
    where = str(rejected.value)
    if path[0] == "steps":
        assert where.startswith(f"step {path[1]}: ")
    assert where.startswith(("declaration ", "step ", "line ", "statement", "digest", "format", "kernel", "expected "))


def test_a_file_that_ends_before_its_statement_is_rejected(files):
    data = files("relu.dZ")
    data["lines"].pop()
    with pytest.raises(Rejected, match="statement: the last line proves something else"):
        replay(data)


def test_a_file_without_one_of_its_lines_is_rejected(files):
    data = files("relu.dZ")
    del data["lines"][0]
    with pytest.raises(Rejected, match=r"^digest: what the kernel does not read was changed"):
        replay(data)


def test_a_line_that_is_beside_the_point_is_rejected():
    derivation = THEOREMS["relu.dZ"]()
    derivation.lines.insert(0, Line(derivation("delta_same", ("index", "i", "n")), "true, and of no use here"))
    with pytest.raises(Rejected, match=r"^line 0: the last line does not rest on it"):
        replay(proof_file(derivation))


@pytest.mark.parametrize(
    "data",
    [
        [],
        {},
        {"format": 1, "kernel": 1},
        {"format": 2, "kernel": 2},
        {"format": True, "kernel": 1},
        {"format": 2, "kernel": 1},
        {"format": 2, "kernel": 1, "declarations": 3},
    ],
    ids=str,
)
def test_what_is_no_proof_file_is_said_so(data):
    with pytest.raises(Unreadable, match="expected a"):
        replay(data)


def test_the_replayer_runs_by_itself_and_names_what_is_wrong(tmp_path, files):
    good, bad, torn = (tmp_path / name for name in ("good.json", "bad.json", "torn.json"))
    data = files("linear.db")
    good.write_text(json.dumps(data), encoding="utf-8")
    data["steps"][3]["digest"] = "0" * 16
    bad.write_text(json.dumps(data), encoding="utf-8")
    torn.write_text('{"format": 2,\n "declarations": [', encoding="utf-8")
    names = [path.name for path in (good, bad, torn)]
    done = subprocess.run(
        [sys.executable, "-m", "backproof_spec.calculus.replay", *names],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stdout == f"good.json: proved in {len(data['steps'])} steps, under 0 hypotheses\n"
    first, second = done.stderr.splitlines()
    assert re.match(r"bad\.json: REJECTED at step 3: ", first)
    assert re.match(r"torn\.json: cannot be read: .*line 2 column", second)


# --- depth ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("output", ["dX", "dW1", "db1"])
def test_a_layer_more_is_as_many_steps_more_at_any_depth(output):
    """No proof grows faster than its network: a step forward and a step back for each layer."""
    lengths = [len(proof_file(gradient(k, output))["steps"]) for k in range(2, 7)]
    assert len({more - less for less, more in pairwise(lengths)}) == 1


@pytest.mark.no_cover
def test_a_network_of_forty_layers_is_proved_and_replayed(monkeypatch):
    """Its numbers are left out: of so many layers of ReLU hardly one network at random has a unit that stays active."""
    monkeypatch.setattr(evaluate, "example", lambda *_: evaluate.Model(Theory(), {}, {}, {}))
    (derive,) = named("network.40.dW1").values()
    theorem = replay(json.loads(text(proof_file(derive()))))
    assert len(theorem.hypotheses) == 39 + 2  # no zero at a hidden layer, ΣP = 1, a class
    assert theorem.conclusion[:2] == ("deriv", "W1")


@pytest.mark.no_cover
def test_a_value_of_the_deepest_network_is_computed():
    """Definitions of definitions, 99 layers of them, are not computed by recursion."""
    derivation = gradient(DEEPEST, f"db{DEEPEST}")
    (model,) = evaluate.telling(derivation, derivation.theorem, 1)
    assert evaluate.agrees(worst_deviation(derivation.theorem, model))


# --- what is trusted --------------------------------------------------------------------------------------------------


def test_the_trusted_modules_have_at_most_600_lines():
    trusted = [(CALCULUS / name).read_text(encoding="utf-8") for name in ("terms.py", "kernel.py")]
    assert sum(1 for source in trusted for line in source.splitlines() if line.strip()) <= 600


def test_replaying_loads_nothing_but_the_kernel_and_the_standard_library():
    code = "import sys; old = set(sys.modules); import backproof_spec.calculus.replay; print(*(set(sys.modules) - old))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    foreign = {name for name in done.stdout.split() if name.partition(".")[0] not in sys.stdlib_module_names}
    package = {"backproof_spec", "backproof_spec.calculus"}
    assert foreign == package | {f"backproof_spec.calculus.{name}" for name in ("terms", "kernel", "replay")}
