"""Proofs for Coq: what is written, what is on record, and, where there is Coq, that it accepts all of it."""

import hashlib
import json
import re
from functools import cache
from pathlib import Path

import pytest
from few import few

from backproof_spec.calculus.coq import check, record, theory
from backproof_spec.calculus.coq.check import STANDARD, Judgement, Unavailable
from backproof_spec.calculus.coq.export import export, exports
from backproof_spec.calculus.coq.gallina import TAKEN, Notation
from backproof_spec.calculus.coq.rules import DERIVATIVES, RULES
from backproof_spec.calculus.coq.theory import PRELUDE, THEORY, lemmas, source
from backproof_spec.calculus.derivation import proof_file, text
from backproof_spec.calculus.kernel import RULES as KERNEL_RULES
from backproof_spec.calculus.kernel import SCHEMES
from backproof_spec.calculus.replay import FORMAT, Rejected, Unreadable
from backproof_spec.calculus.statement import prove
from backproof_spec.calculus.theorems import THEOREMS, named
from backproof_spec.language.statements import read

every_theorem = pytest.mark.parametrize("stem", THEOREMS)


@cache
def written(stem):
    return text(proof_file(THEOREMS[stem]()))


def data(stem):
    return json.loads(written(stem))


def on_record(of):
    """Every theorem by hand; and one in so many of operations that are on record, as they lie in docs/proofs."""
    folder = Path(__file__).parents[2] / "docs" / "proofs"
    kept = json.loads((theory.theory_folder() / record.NAME).read_text(encoding="utf-8"))["accepted"]
    theirs = [stem for stem in kept if stem not in {*THEOREMS, *THEORY}]
    share = [stem for stem in theirs if hashlib.sha256(stem.encode()).digest()[0] % of == 0]
    return {
        **{stem: data(stem) for stem in THEOREMS},
        **{stem: json.loads((folder / f"{stem}.json").read_text(encoding="utf-8")) for stem in share},
    }


# --- what is written --------------------------------------------------------------------------------------------------


def test_a_theorem_reads_as_it_does_on_its_page():
    assert (
        "\n".join(export(data("linear.dW")).statement)
        == """\
Variables m p n : nat.
Variable f : tensor [m; p] -> R.
Variable f' : tensor [m; p] -> tensor [m; p].
Hypothesis f'' : Smooth [m; p] f f'.
Definition Z (W Y : nat -> nat -> R) (b : nat -> R) (i s : nat) : R := sum n (fun j1 => W i j1 * Y j1 s) + b i.
Definition dZ (W Y : nat -> nat -> R) (b : nat -> R) (i s : nat) : R := f' (fun j1 j2 => Z W Y b j1 j2) i s.
Theorem linear_dW : forall (W Y : nat -> nat -> R) (b : nat -> R), \
Grad [m; n] (fun W => f (fun j1 j2 => Z W Y b j1 j2)) W (fun a c => sum p (fun j1 => dZ W Y b a j1 * Y c j1))."""
    )


@pytest.mark.no_cover
@every_theorem
def test_every_step_is_a_lemma_and_every_line_has_its_place(stem):
    exported = export(data(stem))
    lines = exported.text.split("\n")
    assert len(lines) == len(exported.places)
    lemmas = [number for number, line in enumerate(lines) if re.match(r"Lemma s\d+ : ", line)]
    assert [exported.places[number] for number in lemmas] == [f"step {k}" for k in range(len(data(stem)["steps"]))]
    assert [line for line in lines if line.startswith("Theorem ")] == [exported.statement[-1]]
    assert exported.places[lines.index(exported.statement[-1])] == "statement"
    assert not re.search(r"\b(Axiom|Parameter|Conjecture|Admitted|admit|Abort)\b", exported.text)


@pytest.mark.no_cover
@pytest.mark.parametrize("stem", ["chain.rule", "relu.dZ", "layer_norm.dZ", "network.1.dX"])
def test_a_proof_is_written_alike_from_a_derivation_and_from_its_file(stem):
    assert export(proof_file(THEOREMS[stem]())).text == export(data(stem)).text


@pytest.mark.parametrize("stem", ["chain.rule", "cross_entropy.dS", "layer_norm.dZ", "relu.dZ"])
def test_names_are_those_of_the_file_and_never_two_things(stem):
    words = set(re.findall(r"(?:Variables?|Definition|Lemma|Theorem) ((?:\w+'* )+)", export(data(stem)).text))
    names = [name for each in words for name in each.split()]
    assert len(names) == len(set(names))


def test_the_prelude_has_a_lemma_for_every_rule():
    lemmas = set(re.findall(r"^Lemma (\w+)", source(PRELUDE), re.MULTILINE))
    assert SCHEMES.keys() - DERIVATIVES.keys() <= lemmas
    ends = (*DERIVATIVES.values(), "var", "cst", "sum", "max", "map", "comp", "function")
    assert {f"{kind}_{end}" for kind in "DP" for end in ends} <= lemmas
    assert {rule for rule in KERNEL_RULES if rule.startswith(("sum_", "max_", "pos_", "nonneg_", "delta_"))} <= lemmas


def test_the_theory_adds_no_axiom_and_asks_for_those_of_every_theorem():
    for name in (PRELUDE, *THEORY):
        code = re.sub(r"\(\*.*?\*\)", "", source(name), flags=re.DOTALL)
        assert not re.search(r"\b(Axiom|Parameter|Conjecture|Admitted|admit|Abort)\b", code), name
    for name in THEORY:
        code = source(name)
        (asked,) = re.findall(rf"^Definition {name.lower()}_theorems :=(.*?)\.$", code, re.MULTILINE | re.DOTALL)
        assert re.findall(r"@(\w+)", asked) == re.findall(r"^Theorem (\w+)", code, re.MULTILINE)
        assert code.rstrip().endswith(f"Print Assumptions {name.lower()}_theorems.")


def test_what_is_no_proof_file_is_said_so():
    with pytest.raises(Unreadable, match=f"format {FORMAT}"):
        export({"format": 1})


def test_a_step_of_which_nothing_can_be_made_is_named():
    torn = data("relu.dZ")
    torn["steps"][5]["arguments"] = []
    with pytest.raises(Rejected, match=r"^step 5: "):
        export(torn)
    (why,) = exports([torn]).values()
    assert why.startswith("it could not be written for Coq: step 5: ")


def test_a_title_is_a_comment_whatever_is_in_it():
    hostile = data("relu.dZ")
    hostile["title"] = 'y *) Axiom cheat : False. (* " (*) \ud800\n x'
    first, second, *_ = export(hostile).text.split("\n")
    assert (first, second) == (
        "(** relu.dZ: y * ) Axiom cheat : False. ( * '' ( * ) ? x *)",
        "From Backproof Require Import Prelude.",
    )


INJECTED = '1. Proof. lra. Qed. Notation "x = y" := (@eq R y y) : type_scope. Lemma s00 : 1 = 1'


@pytest.mark.parametrize(
    "row", [["num", 1, INJECTED], ["num", INJECTED, 2], ["num", 1, True]], ids=["denominator", "numerator", "bool"]
)
def test_what_is_no_number_is_not_written(row):
    """It would end the lemma that it stands in, and Coq would go on with what follows."""
    hostile = data("chain.scalar")
    place = next(k for k, step in enumerate(hostile["steps"]) if ["num", 1, 1] in step["terms"])
    terms = hostile["steps"][place]["terms"]
    terms[terms.index(["num", 1, 1])] = row
    with pytest.raises(Rejected, match=r"is no whole number$"):
        export(hostile)


def test_of_two_theorems_of_one_name_in_coq_the_first_has_it():
    first, second, third = data("relu.dZ"), data("relu.dZ"), data("relu.dZ")
    second["stem"], third["stem"] = "relu_dZ", "ReLU.dz"
    found = exports([first, second, third])
    assert found["relu.dZ"].theorem == "relu_dZ"
    assert found["relu_dZ"] == "it could not be written for Coq: its name there, relu_dZ, is that of relu.dZ"
    assert found["ReLU.dz"] == "it could not be written for Coq: its name there, ReLU_dz, is that of relu.dZ"


@pytest.mark.parametrize(
    "change",
    [
        lambda it: it.update(kernel=1),
        lambda it: it.pop("title"),
        lambda it: it.pop("declarations"),
        lambda it: it["declarations"].append(it["declarations"][0]),
        lambda it: it["declarations"].append(["magic", "x"]),
    ],
    ids=["kernel", "title", "declarations", "twice", "magic"],
)
def test_a_malformed_file_leaves_the_others_alone(change):
    malformed = data("relu.dZ")
    change(malformed)
    found = exports([malformed, data("linear.db")])
    assert found["relu.dZ"].startswith("it could not be written for Coq: ")
    assert found["linear.db"].theorem == "linear_db"


@pytest.mark.parametrize(
    ("stem", "theorem"),
    [("Chain", "vChain"), ("2 layers", "i2_layers"), ("forall", "vforall"), ("L", "L_"), ("δ.x", "x"), ("s1", "vs1")],
)
def test_a_theorem_has_a_name_of_its_own(stem, theorem):
    named = data("softmax_cross_entropy.dZ")  # in which a loss L is defined
    named["stem"] = stem
    exported = export(named)
    assert exported.theorem == theorem
    assert f"Theorem {theorem} : " in exported.text


@pytest.mark.no_cover
def test_a_network_of_any_depth_is_exported():
    (deep,) = named("network.5.dW2").values()
    assert "Theorem network_5_dW2 : " in export(proof_file(deep())).text


WORDS = sorted(TAKEN | lemmas())


def in_words(words):
    """A proof about tensors with these names, each under a sum, defined, and as an index."""
    lines = [f"y{k} = sum_{word} {word}[{word}]^2" for k, word in enumerate(words)]
    total = " + ".join(f"y{k}" for k in range(len(words)))
    return "\n".join([*lines, f"L = {total}", f"gradient L by {words[0]}[i] = 2*{words[0]}[i]"])


def test_no_name_is_a_word_of_coq_or_of_the_prelude():
    write, words = Notation(), [*WORDS, "ring3", "s1", "h0", "j2", "D_x", "pos_x"]
    names = [name for word in words for name in (write.name(word), write.index(("index", word, "n")))]
    assert len(set(names)) == len(names)
    assert not set(names) & set(words)


# --- what is on record ------------------------------------------------------------------------------------------------


@pytest.mark.no_cover
@pytest.mark.parametrize("of", few([16, 1], {16}.__contains__))
def test_what_coq_said_of_every_theorem_is_on_record(of):
    texts = {stem: each.text for stem, each in exports(on_record(of).values()).items()}
    texts |= {name: source(name) for name in THEORY}
    digests = {name: hashlib.sha256(text.encode()).hexdigest() for name, text in texts.items()}
    kept = json.loads((theory.theory_folder() / record.NAME).read_text(encoding="utf-8"))
    stale = "with Coq installed, run: python -m backproof_spec.calculus.coq.record"
    assert {name: kept["accepted"][name]["coq"] for name in digests} == digests, stale
    assert of > 1 or kept["accepted"].keys() == digests.keys()
    judged = [Judgement(kept["coq"], tuple(entry["axioms"])) for entry in kept["accepted"].values()]
    assert all(each.passed and each.axioms for each in judged)


def test_a_proof_is_on_record_as_it_is():
    judged = record.recorded({stem: data(stem) for stem in ("linear.dW", "relu.dZ")})
    assert sorted(judged) == ["linear.dW", "relu.dZ"]
    assert all(each.passed and each.axioms for each in judged.values())


def test_another_proof_is_not_on_record():
    assert record.recorded({"linear.dW": data("relu.dZ")}) == {}
    assert record.recorded({"no.such": data("relu.dZ")}) == {}


@pytest.fixture
def kept(monkeypatch, tmp_path):
    """The record, and what writes it anew in a folder that is read instead."""
    found = json.loads((theory.theory_folder() / record.NAME).read_text(encoding="utf-8"))
    (tmp_path / f"{PRELUDE}.v").write_text(source(PRELUDE), encoding="utf-8")
    for module in (theory, record):
        monkeypatch.setattr(module, "theory_folder", lambda: tmp_path)

    def write():
        (tmp_path / record.NAME).write_text(json.dumps(found), encoding="utf-8")
        record._kept.cache_clear()

    yield found, write
    record._kept.cache_clear()


@pytest.mark.parametrize("what", ["Coq", "prelude", "text"])
def test_what_is_on_record_of_another_coq_prelude_or_text_is_not_shown(what, kept):
    found, write = kept
    write()
    assert record.recorded({"relu.dZ": data("relu.dZ")})["relu.dZ"].coq == found["coq"]
    if what == "text":
        found["accepted"]["relu.dZ"]["coq"] = "0"
    else:
        found.update({"Coq": {"coq": "9.1.0"}, "prelude": {"prelude": "0"}}[what])
    write()
    assert record.recorded({"relu.dZ": data("relu.dZ")}) == {}


def test_an_export_that_says_something_else_is_not_on_record(monkeypatch):
    monkeypatch.setitem(RULES, "ring", lambda *_: lambda _: "(eq_refl)")
    assert record.recorded({"relu.dZ": data("relu.dZ")}) == {}


def test_a_proof_in_other_words_is_the_same_proof():
    reworded = data("relu.dZ")
    reworded["lines"][0]["words"] = "as is well known"
    assert record.recorded({"relu.dZ": reworded})["relu.dZ"].passed


def test_a_judgement_passes_on_the_standard_axioms_alone():
    assert Judgement("8.16.1", tuple(STANDARD)).passed
    assert not Judgement("8.16.1", ("classic", "proof_irrelevance")).passed
    assert not Judgement("8.16.1", refusal="step 3: no").passed


def test_without_coq_it_is_said_how_to_install_it(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(
        Unavailable, match=r"coqc is not installed: apt-get install coq libcoq-coquelicot .*opam install"
    ):
        check.check({})


def test_a_coqc_that_is_none_is_said_so(monkeypatch, tmp_path):
    for name in ("coqc", "coqchk"):
        (tmp_path / name).write_text("#!/bin/sh\necho no licence >&2\nexit 3\n", encoding="utf-8")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Unavailable, match=r"which Coq it is \(it ended with status 3 no licence\): apt-get install"):
        check.installed()


def test_what_takes_too_long_to_be_written_for_coq_is_stopped_and_said_so():
    said = exports([data("linear.dW"), data("relu.dZ")], 1e-9)
    assert set(said.values()) == {"it could not be written for Coq: stopped after 1e-09 s: allow more --seconds"}


def test_a_coqc_that_takes_too_long_is_stopped_and_said_so(fake_coq):
    fake_coq(COQ_SLEEPS="relu_dZ.v")
    found = check.check(exports([data("relu.dZ"), data("linear.db")]), seconds=3.0)
    assert found.exported["relu.dZ"].refusal == "coqc: stopped after 3 s: allow more --seconds"
    assert found.exported["linear.db"].passed


def test_a_coqc_that_is_killed_is_said_so(fake_coq):
    fake_coq(COQ_KILLED="relu_dZ.v")
    assert check.check(exports([data("relu.dZ")])).exported["relu.dZ"].refusal == "coqc: it ended with status -9"


@pytest.mark.usefixtures("fake_coq")
def test_progress_counts_the_files():
    told = []
    check.check(exports([data("relu.dZ")]), lambda *said: told.append(said))
    files = len(THEORY) + 2  # the prelude and the proof
    assert sorted(told) == [(done, files) for done in range(1, files + 1)]


def test_a_coq_that_cannot_compile_the_prelude_is_said_so(fake_coq):
    """Without Coquelicot, say."""
    fake_coq(COQ_REFUSES="Prelude.v", COQ_LINE="25")
    said = (
        r"Coq 8\.16\.1 does not compile spec/coq/Prelude\.v, .*Coquelicot 3\.2: This is not so\. To install them: apt"
    )
    with pytest.raises(Unavailable, match=said):
        check.check({})


@pytest.mark.usefixtures("fake_coq")
def test_what_is_accepted_rests_on_the_axioms_that_coq_prints():
    found = check.check(exports([data("relu.dZ")]))
    assert found.passed
    assert found.exported == {"relu.dZ": Judgement("8.16.1", ("classic", "sig_forall_dec"))}
    assert set(found.by_hand) == set(THEORY)


def test_a_refusal_is_placed_at_the_step_in_the_proof_file(fake_coq):
    exported = exports([data("relu.dZ"), data("linear.db")])
    line = next(k for k, text in enumerate(exported["relu.dZ"].text.split("\n"), 1) if text.startswith("Lemma s7 : "))
    fake_coq(COQ_REFUSES="relu_dZ.v", COQ_LINE=str(line))
    found = check.check(exported)
    assert not found.passed
    assert found.exported["relu.dZ"].refusal == "step 7: This is not so."
    assert found.exported["linear.db"].passed


@pytest.mark.usefixtures("fake_coq")
def test_what_cannot_be_written_for_coq_is_not_accepted():
    malformed = data("relu.dZ")
    malformed["steps"][3]["rule"] = "magic"
    found = check.check(exports([malformed]))
    assert not found.passed
    assert found.exported["relu.dZ"].refusal == "it could not be written for Coq: step 3: KeyError: 'magic'"


def test_a_refusal_in_the_theory_is_one(fake_coq):
    fake_coq(COQ_REFUSES="Relu.v", COQ_LINE="9")
    found = check.check({})
    assert not found.passed
    assert found.by_hand["Relu"].refusal == "line 9: This is not so."


@pytest.mark.parametrize(
    ("asked", "refusal"),
    [
        ({"COQCHK_AXIOM": "\n    Backproof.relu_dZ.classic"}, "coqchk: rests on Backproof.relu_dZ.classic"),
        ({"COQCHK_AXIOM": "\n    Coq.Logic.Choice.choice"}, "coqchk: rests on Coq.Logic.Choice.choice"),
        ({"COQCHK_ODD": "Backproof.relu_dZ.s7"}, "coqchk: rests on Backproof.relu_dZ.s7"),
        ({"COQCHK_STATUS": "129"}, "coqchk: CONTEXT SUMMARY"),
    ],
    ids=str,
)
def test_what_coqchk_does_not_accept_is_refused(fake_coq, asked, refusal):
    fake_coq(**asked)
    found = check.check(exports([data("relu.dZ")]))
    assert not found.passed
    assert found.exported["relu.dZ"].refusal.startswith(refusal)


def test_an_axiom_of_ones_own_is_refused(fake_coq):
    fake_coq(COQ_AXIOM="magic : False\n")
    found = check.check(exports([data("relu.dZ")]))
    assert not found.passed
    assert "magic" in found.exported["relu.dZ"].axioms


def test_the_record_is_written_where_everything_is_accepted_and_only_there(fake_coq, monkeypatch, tmp_path, capsys):
    for name in (PRELUDE, *THEORY):
        (tmp_path / f"{name}.v").write_text(source(name), encoding="utf-8")
    monkeypatch.setattr(theory, "theory_folder", lambda: tmp_path)
    monkeypatch.setattr(record, "theory_folder", lambda: tmp_path)
    monkeypatch.setattr(record, "every", lambda: {stem: THEOREMS[stem] for stem in ("relu.dZ", "linear.db")})
    monkeypatch.setattr(record, "_kept", lambda: written[-1])
    written = [{"accepted": {}}]
    fake_coq(COQ_REFUSES="relu_dZ.v", COQ_LINE="1")
    assert record.main(()) == 1
    assert capsys.readouterr().err == "relu.dZ: the file: This is not so.\n"
    assert not (tmp_path / record.NAME).exists()
    fake_coq(COQ_REFUSES="")
    assert record.main(()) == 0
    kept = json.loads((tmp_path / record.NAME).read_text(encoding="utf-8"))
    assert set(kept["accepted"]) == {*THEORY, "relu.dZ", "linear.db"}
    written.append(kept)
    fake_coq(COQ_REFUSES="relu_dZ.v", COQ_LINE="1")  # of what is on record it is not asked again
    assert record.main(()) == 0
    assert json.loads((tmp_path / record.NAME).read_text(encoding="utf-8")) == kept
    monkeypatch.setenv("PATH", str(tmp_path))
    assert record.main(()) == 2


# --- what Coq says ----------------------------------------------------------------------------------------------------


@pytest.mark.coq
def test_coq_and_coqchk_accept_every_proof_by_hand_and_a_share_of_the_others_and_the_record_says_so():
    files = on_record(8)  # of the others the digests are on record
    found = check.check(exports(files.values()))
    said = {**found.exported, **found.by_hand}
    assert {name: each.refusal for name, each in said.items() if not each.passed} == {}
    kept = json.loads((theory.theory_folder() / record.NAME).read_text(encoding="utf-8"))
    now = record.record(found, files)
    assert now["accepted"].items() <= kept["accepted"].items()
    assert now["prelude"] == kept["prelude"]


@pytest.mark.coq
def test_coq_accepts_a_proof_whose_names_are_its_own_words():
    words = [word for word in WORDS if "_" not in word and word not in {"by", "delta", "exp"}]
    proof = proof_file(prove(read(in_words(words))))
    assert check.check(exports([proof])).exported["statement"].refusal == ""
