"""runner: reproducible from its seed, five verdicts, small counterexamples of mistakes that only large sizes show."""

import pickle
from dataclasses import replace

import numpy as np
import pytest
from few import few

from backproof_impl import reference as R
from backproof_impl.calling import Answer
from backproof_impl.conventions import Conventions, Limits, UsageError, declare
from backproof_impl.loading import as_target
from backproof_properties import choices, contract, decisive, processes, runner, search, sweep, tasks
from backproof_properties.drawing import drawn
from backproof_properties.judge import Refuted
from backproof_properties.property import Property
from backproof_properties.results import Finding, Link, Observation, Verdict
from backproof_properties.subject import Domain
from backproof_properties.suite import PROPERTIES, properties_of

IMPLEMENTATION = Link.IMPLEMENTATION


def _run(target, claim, link=IMPLEMENTATION, dtype="float64", examples=20, seed=0):
    """The outcome of one link of one claim."""
    planned = runner.tasks((claim,), (dtype,), examples, seed)
    return runner.run(next(task for task in planned if task.property.link is link), as_target(target))


def _strict(Z, dY):
    return dY * (Z > 0)


# --- what is planned ------------------------------------------------------------------------------------------------


def test_the_links_inside_the_spec_run_once_and_the_implementation_in_each_dtype():
    planned = runner.tasks(("relu.dZ",), ("float32", "float64"), 7, 3)
    assert [(task.property.link, task.dtype, task.examples, task.seed) for task in planned] == [
        (Link.JACOBIAN, None, 7, 3),
        (Link.FORMULA, None, 7, 3),
        (Link.PROOF, None, 1, 3),
        (IMPLEMENTATION, "float32", 7, 3),
        (IMPLEMENTATION, "float64", 7, 3),
    ]
    assert runner.tasks((), ("float64",), 7, 3) == []


def test_the_default_dtype_is_float64_or_the_first_declared():
    def chosen(requested, *declared):
        target = as_target({"relu": R.relu, "CONVENTIONS": Conventions(limits=Limits(dtypes=declared))})
        return choices.supported_dtypes(target, requested)

    assert chosen(None, "float32", "float64") == ("float64",)
    assert chosen(None, "float32", "float16") == ("float32",)
    assert chosen(("bfloat16",), "float32") == ("bfloat16",)


def test_properties_are_found_by_claim():
    assert [each.id for each in properties_of(("relu.forward",))] == ["relu.forward: formula → implementation"]
    assert [each.link for each in properties_of(("relu.dZ",))] == list(Link)


# --- reproducible ---------------------------------------------------------------------------------------------------


@pytest.mark.no_cover
@pytest.mark.parametrize("link", [link for link in Link if link is not Link.PROOF])
def test_the_same_seed_gives_the_same_outcome_and_another_seed_another(link):
    first, again, other = (_run(R, "linear.dW", link, seed=seed, examples=6) for seed in (5, 5, 6))
    assert first == again
    assert (first.verdict, first.observation.entries) != (other.verdict, other.observation.entries)


def test_a_proof_gives_the_same_whatever_the_seed():
    outcomes = [_run(R, "linear.dW", Link.PROOF, seed=seed) for seed in (5, 5, 6)]
    assert outcomes[0] == outcomes[1] == outcomes[2]
    assert (outcomes[0].verdict, outcomes[0].examples) == (Verdict.HOLDS, 1)


@pytest.mark.no_cover
def test_a_counterexample_is_found_again_from_the_seed():
    first, again = (_run({"relu_vjp": _strict}, "relu.dZ", seed=9) for _ in range(2))
    assert first.verdict is Verdict.REFUTED
    assert first == again


@pytest.mark.no_cover
def test_a_dtype_sees_its_own_examples():
    outcomes = [
        _run(R, "linear.dW", dtype=dtype, examples=8) for dtype in ("float16", "bfloat16", "float32", "float64")
    ]
    assert [(o.verdict, o.dtype) for o in outcomes] == [
        (Verdict.HOLDS, dtype) for dtype in ("float16", "bfloat16", "float32", "float64")
    ]
    thresholds = [o.observation.threshold for o in outcomes]
    assert thresholds[1] > thresholds[0] > 1e-4 > thresholds[2] > 1e-9 > thresholds[3] > 0


# --- verdicts -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("examples", few([20, 100], (20).__eq__))
def test_what_holds_tried_the_examples_asked_for_and_their_share_of_all_sizes(examples):
    assert {link: _run(R, "relu.dZ", link, examples=examples).examples for link in Link} == {
        Link.JACOBIAN: examples,
        Link.FORMULA: examples,
        Link.PROOF: 1,  # for all shapes: there is no example to try
        IMPLEMENTATION: examples + sweep.number(2) * examples // 100,
    }


def test_what_is_exact_is_off_by_nothing():
    outcome = _run(R, "relu.dZ")
    assert (outcome.verdict, outcome.reason, outcome.finding) == (Verdict.HOLDS, None, None)
    assert (outcome.observation.worst, outcome.observation.entries > 100) == (0.0, True)


def test_links_inside_the_spec_need_nothing_of_the_target():
    assert _run({"softmax": R.softmax}, "linear.dW", Link.FORMULA).verdict is Verdict.HOLDS


def test_a_missing_function_is_unsupported():
    outcome = _run({"relu": R.relu}, "relu.dZ")
    assert (outcome.verdict, outcome.reason) == (Verdict.UNSUPPORTED, "the target offers no relu_vjp")
    assert outcome.examples == 0
    assert _run({"relu": R.relu, "linear": R.linear}, "chain.rule").reason == "the target offers no softmax_vjp"


def test_a_dtype_that_is_not_declared_is_unsupported():
    declared = Conventions(limits=Limits(dtypes=("float32", "float16")))
    outcome = _run({"relu": R.relu, "CONVENTIONS": declared}, "relu.forward")
    assert (outcome.verdict, outcome.reason) == (Verdict.UNSUPPORTED, "the target declares dtypes float32, float16")


@pytest.mark.parametrize(("claim", "output"), [("network.forward", "loss"), ("network.dX", "dX")])
def test_an_optional_output_that_is_missing_is_unsupported(claim, output):
    def network(*arguments):
        found = R.network_gradients(*arguments)
        del found[output]
        return found

    outcome = _run({"network_gradients": network}, claim, examples=5)
    assert (outcome.verdict, outcome.reason) == (Verdict.UNSUPPORTED, f"network_gradients returns no {output}")


def test_a_target_that_raises_is_an_error_with_the_inputs():
    def relu(Z):
        if Z.size:
            msg = "no entries please"
            raise ValueError(msg)
        return Z

    outcome = _run({"relu": relu}, "relu.forward")
    assert (outcome.verdict, outcome.finding.message) == (Verdict.ERROR, "relu: raised ValueError: no entries please")
    assert outcome.finding.inputs["Z"] == {"dtype": "float64", "shape": [1, 1], "data": ["0.0"]}


@pytest.mark.no_cover
def test_the_smallest_counterexample_of_the_kink_is_one_entry_at_exactly_zero():
    outcome = _run({"relu_vjp": _strict}, "relu.dZ")
    assert (outcome.verdict, outcome.finding.index) == (Verdict.REFUTED, (0, 0))
    assert outcome.finding.inputs == {
        "Z": {"dtype": "float64", "shape": [1, 1], "data": ["0.0"]},
        "dY": {"dtype": "float64", "shape": [1, 1], "data": ["0.25"]},
    }
    assert outcome.examples > 20


@pytest.mark.slow
@pytest.mark.no_cover
def test_a_mistake_beyond_sixty_four_is_found_and_reported():
    def relu(Z):
        return np.maximum(Z, 0) + (max(Z.shape) > 64)

    outcome = _run({"relu": relu}, "relu.forward", examples=60)
    assert outcome.verdict is Verdict.REFUTED
    assert max(outcome.finding.inputs["Z"]["shape"]) > 64


def test_a_target_whose_answers_change_is_refuted_not_a_crash():
    calls = []

    def relu(Z):
        calls.append(1)
        return np.maximum(Z, 0) + (len(calls) % 3 == 0)

    assert _run({"relu": relu}, "relu.forward").verdict in {Verdict.REFUTED, Verdict.ERROR}


@pytest.mark.no_cover
@pytest.mark.parametrize(
    ("claim", "examples"),
    few([("network.dX", 100), ("network.dW", 100), ("network.db", 25)], lambda row: row[0] == "network.db"),
)
def test_where_half_of_the_entries_could_be_far_off_the_verdict_says_so(claim, examples):
    outcome = _run(R, claim, dtype="bfloat16", examples=examples, seed=3)
    assert (outcome.verdict, outcome.finding) == (Verdict.UNCERTIFIED, None)
    assert outcome.reason.startswith("half of the entries could be wrong by ")
    assert "declare accumulator=float32 if sums are kept in that" in outcome.reason


def test_a_declared_accumulator_lets_the_suite_see():
    def softmax_vjp(Z, dS):
        return R.softmax_vjp(Z.astype(np.float64), dS.astype(np.float64)).astype(Z.dtype)

    floats = Limits(integers=False)
    target = as_target({"softmax_vjp": softmax_vjp, "CONVENTIONS": Conventions(limits=floats)})
    assert _run(target, "softmax.dZ", dtype="bfloat16", examples=10, seed=1).verdict is Verdict.UNCERTIFIED
    declared = replace(target, conventions=Conventions(accumulator="float32", limits=floats))
    outcome = _run(declared, "softmax.dZ", dtype="bfloat16", examples=10, seed=1)
    assert (outcome.verdict, outcome.reason) == (Verdict.HOLDS, None)


def test_short_formats_see_the_chain_of_layers():
    outcome = _run(R, "chain.rule", dtype="float16")
    assert outcome.verdict is Verdict.HOLDS
    assert outcome.reason.endswith("limits of depth, width and logit within which float16 suffices")


# --- verdicts of properties made for the purpose --------------------------------------------------------------------


@pytest.fixture
def fake(monkeypatch):
    """Run a property with this check as if it were the suite."""

    def run_fake(check, link=IMPLEMENTATION, examples=20):
        cases = lambda source, _: {"k": source.whole(0, 9)}  # noqa: E731 - a property's field
        each = Property("kron.vec", link, cases, check, ("relu", "relu_vjp"))
        monkeypatch.setattr(tasks, "PROPERTIES", (each,))
        dtype = "float64" if link is IMPLEMENTATION else None
        return runner.run(runner.Task(0, dtype, examples, 1), as_target(R))

    return run_fake


def test_a_property_most_of_whose_examples_show_nothing_certain_is_uncertified(fake):
    outcome = fake(lambda case, _: Observation(entries=int(case["k"] == 0), uncertified=4), examples=40)
    assert outcome.verdict is Verdict.UNCERTIFIED
    blank, _, tried = outcome.reason.partition(" of ")
    assert tried == "40 examples show nothing certain"
    assert 30 < int(blank) < outcome.examples


def test_a_property_half_of_whose_examples_show_something_holds(fake):
    outcome = fake(lambda case, _: Observation(entries=int(case["k"] < 7), uncertified=1), examples=40)
    assert (outcome.verdict, outcome.reason) == (Verdict.HOLDS, None)
    assert outcome.observation.uncertified == outcome.examples


def test_examples_without_entries_are_not_held_against_a_property(fake):
    assert fake(lambda *_: Observation()).verdict is Verdict.HOLDS


def test_the_inputs_are_added_to_what_was_refuted(fake):
    def refuse(case, _):
        raise Refuted(Finding(f"k = {case['k']}", "k", {}))

    outcome = fake(refuse)
    assert (outcome.finding.message, outcome.finding.inputs) == ("k = 0", {"k": "0"})
    assert fake(refuse, Link.FORMULA).verdict is Verdict.REFUTED


# --- what depends on earlier calls ----------------------------------------------------------------------------------


def _file(folder, text):
    path = folder / "kept.py"
    path.write_text("import numpy as np\nK = []\n\ndef relu(Z):\n    K.append(Z.sum())\n" + text, encoding="utf-8")
    return path


@pytest.mark.no_cover
@pytest.mark.parametrize("isolate", few([False, True], False.__eq__), ids=["here", "apart"])
def test_what_is_accumulated_in_a_global_is_reported_with_the_call_before(isolate, tmp_path):
    path = _file(tmp_path, "    return np.maximum(Z, 0) + len(K[:-1])\n")
    target, close = processes.Source(str(path), isolate=isolate).load()
    try:
        finding = _run(target, "relu.forward").finding
    finally:
        close()
    assert (finding.usage, len(finding.calls), finding.tries) == ("after 1 earlier call", 2, 1)
    assert finding.inputs["Z"]["data"] == ["0.0"]


def test_what_takes_many_calls_is_reported_with_as_many(tmp_path):
    target = as_target(_file(tmp_path, "    return np.maximum(Z, 0) + (len(K) > 9)\n"))
    finding = _run(target, "relu.forward").finding
    assert (finding.usage, len(finding.calls)) == ("after 9 earlier calls", 10)
    assert finding.diagnosis.cause == "history"


def test_what_is_right_on_its_own_for_all_earlier_calls_differs_by_chance(tmp_path):
    rng = "np.__dict__.setdefault('_of_this_test', np.random.default_rng(3))"  # no new start takes it back
    finding = _run(
        as_target(_file(tmp_path, f"    return np.maximum(Z, 0) + ({rng}.random() < 0.3)\n")), "relu.forward"
    ).finding
    del np.__dict__["_of_this_test"]
    assert (finding.tries, finding.message[:48]) == (50, "answers differ for the same inputs; once: relu.Y")


def test_what_is_wrong_on_its_own_is_reported_alone(tmp_path):
    finding = _run(as_target(_file(tmp_path, "    return np.maximum(Z, 0) + 1\n")), "relu.forward").finding
    assert (finding.usage, len(finding.calls), finding.tries) == (None, 1, 1)


# --- several processes ----------------------------------------------------------------------------------------------


@pytest.mark.no_cover
def test_two_workers_give_the_same_outcomes_in_the_same_order():
    planned = runner.tasks(("relu.dZ",), ("float32", "float64"), 5, 3)
    announced = []
    source = processes.Source("reference")
    target, _ = source.load()
    alone = processes.run_all(planned, target, 1, source, lambda *_: None)
    assert processes.run_all(planned, target, 2, source, lambda _, outcome: announced.append(outcome)) == alone
    assert sorted(map(repr, announced)) == sorted(map(repr, alone))


@pytest.mark.slow
@pytest.mark.no_cover
def test_workers_use_the_conventions_given():
    planned = runner.tasks(("relu.dZ",), ("float64",), 20, 3)
    source = processes.Source("reference", declarations=("relu_at_zero=0",))
    outcomes = processes.run_all(planned, source.load()[0], 2, source, lambda *_: None)
    assert [outcome.verdict for outcome in outcomes] == [*[Verdict.HOLDS] * 3, Verdict.REFUTED]


def test_a_worker_goes_on_with_what_it_is_about_and_helps_when_nothing_else_is_left():
    """What a library has compiled for one claim of an operation serves the others, whose examples are the same."""
    planned = runner.tasks(("linear.dY", "linear.dW", "relu.dZ"), ("float64",), 5, 3)
    planned = [task for task in planned if task.property.link is IMPLEMENTATION]
    waiting = processes._Waiting(planned)
    taken = [waiting.next(worker) for worker in ("a", "b", "a", "b")]
    assert [task.property.claim for _, task in taken[:3]] == ["linear.dY", "relu.dZ", "linear.dW"]
    assert [number for number, _ in taken[:3]] == [0, 2, 1]
    assert taken[3] is None
    waiting = processes._Waiting(planned[:2])
    assert [waiting.next(worker)[1].property.claim for worker in ("a", "b")] == ["linear.dY", "linear.dW"]
    domain = Domain("float64", Conventions())
    assert planned[0].draws(domain) == planned[1].draws(domain) != planned[2].draws(domain)


def test_of_one_operation_a_worker_goes_on_with_the_link_whose_examples_it_knows():
    planned = runner.tasks(("linear.dY", "linear.dW"), ("float64",), 5, 3)
    waiting = processes._Waiting([task for task in planned if task.property.link in {Link.JACOBIAN, Link.FORMULA}])
    taken = [waiting.next(worker)[1].key[:2] for worker in ("a", "b", "b", "a")]
    assert taken == [
        ("linear.dY", Link.JACOBIAN),
        ("linear.dY", Link.FORMULA),
        ("linear.dW", Link.FORMULA),
        ("linear.dW", Link.JACOBIAN),
    ]


def test_what_a_dying_worker_found_is_kept_and_the_rest_is_an_error(tmp_path):
    path = tmp_path / "dies.py"
    path.write_text("import os\n\ndef relu_vjp(Z, dY):\n    os._exit(3)\n", encoding="utf-8")
    source = processes.Source(str(path))
    planned = runner.tasks(("relu.dZ",), ("float64",), 5, 3)
    outcomes = processes.run_all(planned, source.load()[0], 2, source, lambda *_: None)
    assert [each.verdict for each in outcomes] == [*[Verdict.HOLDS] * 3, Verdict.ERROR]
    assert outcomes[-1].reason == (
        "a worker process died before this was judged: run again with -n 1 to see what the target does"
    )


def test_a_worker_that_died_is_started_again():
    source = processes.Source("reference")
    task = runner.tasks(("relu.forward",), ("float64",), 2, 3)[0]
    worker = processes.Worker(source)
    try:
        assert worker.run(task).verdict is Verdict.HOLDS
        worker._process.kill()
        assert worker.run(task).verdict is Verdict.ERROR
        assert worker.run(task).verdict is Verdict.HOLDS
    finally:
        worker.close()
    assert worker.run(task).verdict is Verdict.ERROR  # and is not started after it was closed
    assert worker._process is None


@pytest.mark.no_cover
@pytest.mark.parametrize(
    ("source", "change", "kind", "said"),
    [
        ("nowhere.py", {}, UsageError, r"^target nowhere\.py: no such file"),
        ("reference", {"examples": "many"}, RuntimeError, "TypeError: "),
    ],
)
def test_a_fault_of_ours_in_a_worker_is_raised_here(source, change, kind, said):
    target, _ = processes.Source("reference").load()
    planned = [replace(task, **change) for task in runner.tasks(("relu.forward",), ("float32", "float64"), 1, 3)]
    with pytest.raises(kind, match=said):
        processes.run_all(planned, target, 2, processes.Source(source), lambda *_: None)


# --- a process of its own -------------------------------------------------------------------------------------------

DYING = """
import os, time
import numpy as np

def relu(Z):
    return np.maximum(Z, 0)

def relu_vjp(Z, dY):
    os._exit(3)

def linear(W, Y, b):
    time.sleep(1e9)

def softmax(Z):
    kept = []
    while True:
        kept.append(np.ones(10**7))
"""


def test_an_exit_a_hang_and_an_endless_allocation_are_verdicts_and_the_rest_is_judged(tmp_path):
    path = tmp_path / "dying.py"
    path.write_text(DYING, encoding="utf-8")
    source = processes.Source(str(path), declarations=("limits=seconds=0.5",), isolate=True)
    target, close = source.load()
    target.elsewhere.__self__.memory = 2**28
    claims = ("linear.forward", "relu.forward", "relu.dZ", "softmax.forward")
    planned = [t for t in runner.tasks(claims, ("float64",), 5, 3) if t.property.link is IMPLEMENTATION]
    try:
        found = {outcome.claim: outcome for outcome in processes.run_all(planned, target, 1, source, lambda *_: None)}
    finally:
        close()
    said = {claim: outcome.finding and outcome.finding.message for claim, outcome in found.items()}
    assert said["linear.forward"] == "linear: no answer within 0.5 s: stopped (limits.seconds declares more)"
    assert said["relu.dZ"] == "relu_vjp: the process ended with exit status 3"
    assert said["softmax.forward"] in {
        "softmax: it took more than 0.2 GiB of memory: stopped",
        "softmax: no answer within 0.5 s: stopped (limits.seconds declares more)",
    }
    assert (said["relu.forward"], found["relu.forward"].verdict) == (None, Verdict.HOLDS)
    assert found["relu.dZ"].finding.inputs["Z"]["shape"] == [1, 1]


def test_a_target_that_declines_everything_is_unsupported_and_half_of_it_uncertified(monkeypatch):
    def declining(share):
        def perform(target, calls):
            seen.append(1)
            declined = len(seen) % 10 < share
            return calls[-1], Answer(declined="no") if declined else real(target, calls)[1]

        seen, real = [], contract.perform
        monkeypatch.setattr(contract, "perform", perform)
        outcome = _run("reference", "relu.forward")
        monkeypatch.setattr(contract, "perform", real)
        return outcome.verdict, outcome.reason

    assert declining(10) == (Verdict.UNSUPPORTED, "the target declines: no")
    verdict, reason = declining(8)
    assert verdict is Verdict.UNCERTIFIED
    assert reason.startswith("the target declines 16 of 20 inputs drawn (80.0%): no; ")


# --- what a target declines -----------------------------------------------------------------------------------------


def _declining(function, where, message="no"):
    """``function`` of the reference, but that it declines what ``where`` holds of."""

    def declines(*arguments):
        if where(*arguments):
            raise NotImplementedError(message)
        return getattr(R, function)(*arguments)

    return {function: declines}


def _array(data):
    return np.array([float(x) for x in data["data"]]).reshape(data["shape"])


def _tied(Z, *_):
    return Z.size > 0 and ((Z.max(axis=0) == Z).sum(axis=0) > 1).any()


@pytest.mark.no_cover
@pytest.mark.parametrize(
    ("claim", "function", "where", "undecided"),
    few(
        [
            ("relu.dZ", "relu_vjp", lambda Z, _: (Z == 0).any(), "an entry of Z that is exactly 0"),
            ("relu.forward", "relu", lambda Z, *_: (Z == 0).any(), "an entry of Z that is exactly 0"),
            ("softmax.dZ", "softmax_vjp", _tied, "a tie for the largest logit"),
            ("softmax_cross_entropy.dZ", "softmax_cross_entropy_vjp", _tied, "a tie for the largest logit"),
            ("linear.dW", "linear_vjp", lambda W, *_: 1 < len(W) == W.shape[1], "a square W of 2 rows or more"),
            ("linear.dY", "linear_vjp", lambda W, *_: len(W) != W.shape[1], "a W that is not square"),
            ("cross_entropy.dS", "cross_entropy_vjp", lambda S, P: ((S == 0) & (P == 0)).any(), "of probability 0 and"),
            (
                "softmax_cross_entropy.dZ",
                "softmax_cross_entropy_vjp",
                lambda _, P: (abs(P.sum(axis=0) - 1) > 1e-9).any(),
                "labels whose sum is not 1",
            ),
        ],
        lambda row: row[0] in {"relu.dZ", "linear.dW", "cross_entropy.dS"},
    ),
)
def test_what_decides_a_claim_must_have_been_judged(claim, function, where, undecided):
    outcome = _run(_declining(function, where, "not that"), claim)
    assert outcome.verdict is Verdict.UNCERTIFIED
    assert undecided in outcome.reason.partition("never judged, though the claim is decided there: ")[2]
    assert outcome.declined.reason == "not that"
    assert where(*(_array(each) for each in outcome.declined.inputs.values()))
    assert _run(R, claim).verdict is Verdict.HOLDS


@pytest.mark.slow
def test_a_rest_beyond_64_terms_is_judged_where_no_example_drawn_at_random_has_one():
    def vjp(W, Y, _, dZ):
        kept = len(W) if len(W) <= 64 else len(W) // 64 * 64
        return dZ @ Y.T, W[:kept].T @ dZ[:kept], dZ.sum(axis=1)

    outcome = _run({"linear_vjp": vjp}, "linear.dY", examples=100, seed=6)
    assert (outcome.verdict, outcome.finding.diagnosis.cause) == (Verdict.REFUTED, "block-remainder")


@pytest.mark.no_cover
@pytest.mark.parametrize(
    "claim",
    few([claim for claim, kinds in decisive.DECISIVE.items() if any(k.long for k in kinds)], "linear.dW".__eq__),
)
def test_sizes_of_a_block_and_a_rest_are_asked_for_and_found_for_every_claim(claim):
    kinds = decisive.of_claim(claim, Conventions(), decisive.BY_DEFAULT)
    assert [each for each in kinds if not each.long] == [*decisive.of_claim(claim, Conventions(), 20)]
    (each,) = [one for one in PROPERTIES if (one.claim, one.link) == (claim, IMPLEMENTATION)]
    task = runner.Task(PROPERTIES.index(each), "float64", 60, 1)
    found = [case for case, _ in drawn(each, Domain("float64", Conventions(), long=True), task)]
    assert [kind.name for kind in kinds if kind.long and not any(map(kind.holds, found))] == []


@pytest.mark.parametrize(
    ("line", "asked"), [("width=..64", 1), ("batch=..64", 2), ("batch=128..", 2), ("width=..65", 3)]
)
def test_no_size_beyond_the_limits_is_asked_for(line, asked):
    kinds = decisive.of_claim("linear.dW", declare(Conventions(), [f"limits={line}"]), decisive.BY_DEFAULT)
    assert sum(each.long for each in kinds) == asked


def test_declined_inputs_are_counted_apart_and_the_smallest_is_shown():
    outcome = _run(_declining("relu", lambda Z: Z.size == 6, "six entries"), "relu.forward", examples=40)
    assert outcome.verdict is Verdict.UNCERTIFIED
    found = outcome.declined
    assert (found.drawn, found.reason) == (40, "six entries")
    assert outcome.reason.startswith(f"the target declines {found.count} of 40 inputs drawn ")
    swept = sweep.number(2) * 40 // 100
    assert 40 - found.count <= outcome.examples <= 60 + swept - found.count
    rows, columns = found.inputs["Z"]["shape"]
    assert rows * columns == 6


@pytest.mark.no_cover
def test_one_declined_input_of_a_hundred_is_shown_and_does_not_matter():
    seen = []
    outcome = _run(_declining("relu", lambda _: seen.append(1) or len(seen) == 50), "relu.forward", examples=100)
    assert (outcome.verdict, outcome.declined.count, outcome.declined.drawn) == (Verdict.HOLDS, 1, 100)


@pytest.mark.parametrize(
    ("claim", "function", "where", "limit"),
    few(
        [
            ("linear.db", "linear_vjp", lambda W, *_: max(W.shape) > 4, "limits=width=..4"),
            ("linear.db", "linear_vjp", lambda *each: each[1].shape[1] < 2, "limits=batch=2.."),
            ("relu.forward", "relu", lambda Z: Z.size == 0, "limits=empty=no"),
            (
                "relu.forward",
                "relu",
                lambda Z: not Z.flags.c_contiguous or not Z.flags.writeable,
                "limits=memory=contiguous,shared",
            ),
            ("network.db", "network_gradients", lambda weights, *_: len(weights) != 2, "limits=depth=2..2"),
            ("relu.forward", "relu", lambda Z: (Z < -1).any(), None),
        ],
        lambda row: row[0] == "relu.forward",
    ),
)
def test_a_limit_that_would_have_said_so_is_named_and_saying_so_helps(claim, function, where, limit):
    target = as_target(_declining(function, where))
    outcome = _run(target, claim, examples=40)
    assert (outcome.verdict, outcome.declined.limit) == (Verdict.UNCERTIFIED, limit)
    if limit is not None:
        declared = replace(target, conventions=declare(target.conventions, [limit]))
        outcome = _run(declared, claim)
        assert (outcome.verdict, outcome.declined) == (Verdict.HOLDS, None)


def test_a_task_finds_its_property_by_place():
    task = runner.Task(0, None, 1, 0)
    assert task.property is PROPERTIES[0]
    assert replace(task, place=1).property is PROPERTIES[1]


# --- declared limits --------------------------------------------------------------------------------------------------


def test_a_target_that_declares_no_biases_is_not_asked_for_their_gradient():
    def without(weights, biases, X, P):
        found = R.network_gradients(weights, [np.zeros_like(b) for b in biases], X, P)
        return {name: found[name] for name in ("loss", "dX", "dW")}

    declared = Conventions(limits=Limits(biases=False))
    target = {"network_gradients": without, "CONVENTIONS": declared}
    assert _run(target, "network.dW", examples=5).verdict is Verdict.HOLDS
    outcome = _run(target, "network.db", examples=5)
    assert (outcome.verdict, outcome.reason) == (Verdict.UNSUPPORTED, "the target declares that it has no biases")


@pytest.mark.no_cover
@pytest.mark.parametrize(
    "formula", [lambda S, P: S - P, pytest.param(lambda S, P: S * P.sum(axis=0) - P, marks=pytest.mark.slow)]
)
def test_labels_normalised_up_to_rounding_admit_either_formula(formula):
    declared = Conventions(unnormalised_labels="rounding")
    target = {"softmax_cross_entropy_vjp": lambda Z, P: formula(R.softmax(Z), P), "CONVENTIONS": declared}
    assert _run(target, "softmax_cross_entropy.dZ").verdict is Verdict.HOLDS
    wrong = {**target, "softmax_cross_entropy_vjp": lambda Z, P: R.softmax(Z) - P * (1 - 1e-9)}
    assert _run(wrong, "softmax_cross_entropy.dZ").verdict is Verdict.REFUTED


def test_a_task_that_cannot_be_sent_ends_the_run_with_what_is_wrong():
    source = processes.Source("reference")
    planned = runner.tasks(("relu.dZ",), ("float64",), 2, 3)
    own = Property("own.forward", IMPLEMENTATION, lambda *_: {}, lambda *_: None, ("relu",))
    planned = [*planned, runner.Task(0, "float64", 2, 3, own)]
    with pytest.raises((pickle.PicklingError, AttributeError), match="lambda"):
        processes.run_all(planned, source.load()[0], 2, source, lambda *_: None)


def test_a_fault_of_ours_in_looking_for_a_cause_loses_no_verdict(monkeypatch):
    def fault(*_):
        msg = "no such axis"
        raise RuntimeError(msg)

    monkeypatch.setattr(search, "diagnose", fault)
    found = _run({"relu": R.relu, "relu_vjp": lambda Z, dY: 2 * dY * (Z >= 0)}, "relu.dZ")
    assert found.verdict is Verdict.REFUTED
    assert found.finding.got
    assert found.finding.diagnosis.sentence == (
        "none: looking for a cause ended in RuntimeError: no such axis; the verdict stands"
    )
