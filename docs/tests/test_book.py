"""The book of proofs: what pages show, and that docs/proofs is what the program writes."""

import json
import re
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from few import few

from backproof_docs import book
from backproof_docs.document import Code, Items, Link, Listing, Math, Picture, Section, Steps, to_markdown
from backproof_docs.formulas import Notation
from backproof_docs.glossary import in_matrices
from backproof_docs.kronecker import network_form
from backproof_docs.proof_formats import DOCUMENTS, files
from backproof_docs.proofs import Checked, checked
from backproof_docs.report import theorem_of
from backproof_docs.titles import titled
from backproof_spec import library, proved
from backproof_spec.calculus.coq.record import recorded
from backproof_spec.calculus.derivation import Derivation
from backproof_spec.calculus.replay import Rejected, replay
from backproof_spec.calculus.theorems import THEOREMS, named
from backproof_spec.claims import CLAIM_IDS
from backproof_spec.language.numpy_source import source

pytestmark = pytest.mark.no_cover  # every proof is derived and written: see CONTRIBUTING

COMMITTED = Path(__file__).parents[1] / "proofs"
SCHEMA = COMMITTED / "proof.schema.json"
PROOFS = sorted(path for path in COMMITTED.glob("*.json") if path != SCHEMA)
SMALL = 30_000
"""Bytes of a file that is replayed at once."""
GOOD = Checked(steps=12, replay="", shapes=4, digits=60)
STALE = "run backproof prove --format md,json --out docs/proofs"


def _page(stem, served=(), notation=Notation.LATEX):
    return book.theorem(THEOREMS[stem](), GOOD, notation, served)


def _after(document, title):
    return document.blocks[document.blocks.index(Section(title)) + 1]


# --- what is committed ------------------------------------------------------------------------------------------------


def _committed():
    return {path.name: path.read_text(encoding="utf-8") for path in COMMITTED.iterdir() if path != SCHEMA}


@pytest.mark.slow
def test_what_is_committed_is_what_is_written_and_every_link_leads_somewhere():
    """Of operations in files, whose proofs are on record, the index, the definition, the source and the status."""
    derivations = [derive() for derive in THEOREMS.values()]
    found, committed = checked(derivations), _committed()
    assert all(each.passed for each in found.values())
    written = dict(files(derivations, found, ["md", "json"]))
    on_record = {stem: json.loads(committed[f"{stem}.json"]) for stem in proved.of_operations()}
    by_coq = recorded(on_record)
    for stem, data in on_record.items():
        found[stem] = Checked(len(data["steps"]), "", 4, 60, coq=by_coq.get(stem))
        derivations.append(Derivation(stem, data["title"]))
        operation, page = proved.operations()[stem.partition(".")[0]], committed[f"{stem}.md"]
        assert f"```text\n{library.built_in()[operation.name].read_text().rstrip()}\n```" in page, STALE
        assert f"```python\n{source(operation).rstrip()}\n```" in page, STALE
        assert f"*checked: kernel, {len(data['steps'])} steps; replayed in a fresh process;" in page, STALE
        written[f"{stem}.md"] = page
        written[f"{stem}.json"] = committed[f"{stem}.json"]
    index = book.index(derivations, found, Notation.LATEX, proved.operations())
    for page in (index, book.gallery(Notation.LATEX)):
        written[f"{page.name}.md"] = to_markdown(page, [*found, book.INDEX, book.GALLERY])
        written |= {f"{name}.svg": svg for name, svg in page.pictures.items()}
    assert sorted(committed) == sorted(written), STALE
    assert [name for name, text in committed.items() if text != written[name]] == [], STALE
    targets = {to for text in written.values() for to in re.findall(r"\]\(([^)]+)\)", text)}
    assert {"refused.md", "dependencies.svg", "layer_norm.dX.md"} <= targets <= set(written)


def test_a_committed_proof_is_what_is_derived():
    derivation = THEOREMS["linear.dW"]()
    name, written = next(iter(files([derivation], checked([derivation]), ["json"])))
    assert written == _committed()[name], STALE


@pytest.mark.book
def test_every_page_is_what_is_written_where_everything_is_derived_from_nothing():
    derivations = [derive() for derive in proved.every().values()]
    found = checked(derivations)
    assert [stem for stem, each in found.items() if not each.passed] == []
    assert dict(files(derivations, found, ["md", "json"])) == _committed(), STALE


@pytest.mark.parametrize("path", few(PROOFS, lambda path: path.stat().st_size < SMALL), ids=lambda path: path.stem)
def test_a_committed_proof_file_satisfies_the_schema_replays_and_is_refused_when_corrupted(path):
    data = json.loads(path.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8"))).validate(data)
    assert json.loads(json.dumps(replay(data).conclusion)) == data["statement"]["conclusion"]
    place = sum(map(ord, path.stem)) % len(data["steps"])
    digest = data["steps"][place]["digest"]
    data["steps"][place]["digest"] = f"{int(digest[0], 16) ^ 1:x}{digest[1:]}"
    with pytest.raises(Rejected, match=rf"^step {place}: "):
        replay(data)


# --- a page -----------------------------------------------------------------------------------------------------------


def test_a_page_states_derives_implements_tests_and_computes():
    page = _page("linear.dW", ["network.1.dW1"])
    assert page.title == "The gradient of a linear layer by its weights"
    matrices, entries = page.blocks[0].formulas
    assert matrices == r"\delta W = \delta Z\,Y^{\mathsf T}"
    assert entries.startswith(r"\frac{\partial f(Z)}{\partial W_{ac}} = \sum")
    assert Math(r"Y^{\mathsf T} \otimes I") in page.blocks[0].idea
    assert Section("Assuming") not in page.blocks
    assert isinstance(_after(page, "Derivation"), Steps)
    assert _after(page, "Kronecker form").line[1] == ": block (s, k) is Y[k, s]·I_m."
    numpy = _after(page, "In NumPy").text
    assert numpy.index("def _product(") < numpy.index("def linear_vjp(") < numpy.index("return _product(dZ, Y.T)")
    assert "noqa" not in _after(page, "In NumPy").text
    tested = _after(page, "Tested by").line
    assert Code("properties/backproof_properties/checks.py") in tested
    assert (Path(__file__).parents[2] / "properties/backproof_properties/checks.py").is_file()
    assert _after(page, "Used by") == Items(((Link("network.1.dW1"),),))
    assert _after(page, "Uses") == Items(((Link("kron.vec"),),))


def test_a_page_of_an_operation_shows_its_file_its_source_and_the_command_that_runs_the_suite():
    (derive,) = proved.named("mlp_block.dg").values()
    page = book.theorem(derive(), GOOD, Notation.LATEX, (), proved.operations()["mlp_block"])
    assert page.title == "mlp_block: the gradient by g"
    assert page.blocks[0].formulas[0].startswith(r"\frac{\partial")
    assert page.blocks[0].idea[0].startswith("Two layers: a linear one, GELU")
    assert "\nG = gelu(Z)\n" in _after(page, "Definition").text
    assert "def mlp_block_vjp(" in _after(page, "In NumPy").text
    assert _after(page, "Tested by").line[0] == Code("backproof verify mlp_block.dg")


def test_theorems_by_hand_and_of_files_go_by_one_name():
    theirs = [f"layer_norm.{what}" for what in ("dZ", "dX", "dg", "db", "Y", "p", "r")]
    assert list(proved.named("layer_norm")) == theirs
    assert list(proved.named("layer_norm.dg")) == ["layer_norm.dg"]
    assert list(proved.named("linear.dW")) == ["linear.dW"]
    with pytest.raises(KeyError, match=r"theorem 'gelu.dY' is not known"):
        proved.named("gelu.dY")


def test_the_example_is_computed():
    *given, result = _after(_page("linear.dW", notation=Notation.TEXT), "For example").lines
    dZ, Y, dW = (
        np.array(json.loads(each.formula.rpartition("= ")[2])) for each in (given[0][0], given[1][0], result[1])
    )
    np.testing.assert_allclose(dW, dZ @ Y.T, atol=1e-3)
    assert result[2].endswith("the same, to 90 digits")


@pytest.mark.parametrize(
    ("stem", "names"),
    [("kron.vec", ["A", "X", "B"]), ("kron.mixed", ["A", "B", "C", "D"]), ("linear.dW", ["δZ", "Y"])],
)
def test_the_example_lists_what_it_uses(stem, names):
    lines = _after(_page(stem, notation=Notation.TEXT), "For example").lines
    assert [line[0].formula.partition(" = ")[0] for line in lines if len(line) == 1] == names


def test_the_example_says_what_the_maps_are():
    lines = _after(_page("chain.rule", notation=Notation.TEXT), "For example").lines
    assert (Math("f"), " and ", Math("g"), " are quadratic functions with random coefficients") in lines


def test_variables_have_a_shape_and_a_meaning():
    lines = {_said(line) for line in _after(_page("network.2.dX", notation=Notation.TEXT), "Variables").lines}
    assert "W⁽¹⁾ (n₁ × n₀), W⁽²⁾ (n₂ × n₁): the weights" in lines
    lines = {_said(line) for line in _after(_page("linear.dW", notation=Notation.TEXT), "Variables").lines}
    assert {"b (m): the bias", "f: any differentiable function of m × p numbers"} <= lines
    where = {_said(line) for line in _after(_page("softmax_cross_entropy.dZ", notation=Notation.TEXT), "Where").lines}
    assert "S·ΣP is each column of S times the sum of that column of P" in where


def _said(line):
    return "".join(part.formula if isinstance(part, Math) else part for part in line)


def test_the_first_line_tells_the_hypotheses_that_it_uses():
    (*_, why), *_ = _after(_page("relu.dZ", notation=Notation.TEXT), "Derivation").steps
    assert _said(why).endswith("\n[for all i, s: Z[i,s] ≠ 0]")


@pytest.mark.parametrize("stem", ["network.3.dW2", "network.4.dW2"])
def test_a_network_of_any_depth_has_a_kronecker_form_a_program_and_a_property(stem):
    (derive,) = named(stem).values()
    page = book.theorem(derive(), GOOD, Notation.TEXT, ())
    assert _after(page, "Kronecker form").formula == in_matrices(network_form(int(stem[8]), "dW2")[0], Notation.TEXT)
    assert "def network_gradients(" in _after(page, "In NumPy").text
    assert Code("backproof verify --claim network.dW") in _after(page, "Tested by").line


def test_coq_is_broken_between_its_binders():
    derivation = THEOREMS["network.3.db1"]()
    page = book.theorem(derivation, checked([derivation])[derivation.stem], Notation.TEXT, ())
    (listing,) = (each.text for each in page.blocks if isinstance(each, Listing) and each.language == "coq")
    assert max(map(len, listing.splitlines())) <= 100
    assert "\n    (i2 s : nat) : R :=\n" in listing


def test_a_derivation_says_of_what_each_line_is_where_that_changes():
    steps = _after(_page("network.2.db1", notation=Notation.TEXT), "Derivation").steps
    lefts = ["∂Z⁽¹⁾[i₁,s]/∂b⁽¹⁾[a₁]", "∂Z⁽²⁾[i₂,s]/∂b⁽¹⁾[a₁]", "∂L/∂b⁽¹⁾[a₁]"]
    assert [left for left, *_ in steps] == [*lefts, "", ""]
    assert [formula for _, formula, _ in steps][2:4] == [
        "Σ_{s=1..p} Σ_{i=1..n₂} J⁽²⁾[s,i,a₁]·δZ⁽²⁾[i,s]",
        "Σ_{s=1..p} Σ_{i=1..n₁} J⁽¹⁾[s,i,a₁]·δZ⁽¹⁾[i,s]",
    ]


def test_reasons_link_to_the_theorems_they_name():
    page = _page("softmax_cross_entropy.dZ")
    steps = _after(page, "Derivation").steps
    assert [part for *_, why in steps for part in why if isinstance(part, Link)] == [
        Link("cross_entropy.dS"), Link("softmax.dZ")
    ]  # fmt: skip
    assert _after(page, "Uses") == Items(((Link("cross_entropy.dS"),), (Link("softmax.dZ"),)))


def test_the_graphs_of_a_network_stand_with_what_they_show():
    """That of the gradients with the claim, that of the values with the definitions; both before the derivation."""
    assert [block.name for block in _page("network.2.dX").blocks if isinstance(block, Picture)] == [
        "backward-2", "forward-2"
    ]  # fmt: skip


@pytest.mark.parametrize("stem", [*THEOREMS, "network.4.db2"])
def test_every_theorem_has_a_title_in_words_and_an_idea_in_a_sentence(stem):
    (derive,) = named(stem).values()
    words, idea = titled(derive())
    assert words != derive().title
    assert idea.endswith(".")
    assert idea.count("$") % 2 == 0


def test_what_is_no_theorem_of_ours_has_its_own_title():
    assert titled(Derivation("mine", "softmax")) == ("softmax", "")


def test_what_no_claim_states_has_no_program_and_no_property():
    titles = {block.title for block in _page("residual.dX").blocks if isinstance(block, Section)}
    assert titles == {"Variables", "Where", "Derivation", "For example"}


@pytest.mark.parametrize("name", DOCUMENTS)
@pytest.mark.parametrize("stem", ["chain.rule", "kron.mixed", "layer_norm.dZ", "network.3.dX"])
def test_pages_can_be_written_in_every_format(stem, name):
    notation, write = DOCUMENTS[name]
    assert len(write(_page(stem, notation=notation), [stem])) > 1000


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_gallery_and_the_index_can_be_written_in_every_format(name):
    notation, write = DOCUMENTS[name]
    few = [THEOREMS[stem]() for stem in ("linear.dY", "relu.dZ", "network.step")]
    for document in (book.gallery(notation), book.index(few, {each.stem: GOOD for each in few}, notation)):
        assert len(write(document, [each.stem for each in few])) > 800


def test_the_index_does_not_pass_where_a_proof_does_not():
    one = THEOREMS["linear.db"]()
    said, passed = book.index([one], {"linear.db": Checked(3, "REJECTED", 4, 60)}, Notation.LATEX).status
    assert (said[:25], passed) == ("checked: 0 of 1 proofs by", False)


def test_the_gallery_shows_statement_reason_refusal_numbers_and_truth():
    text = to_markdown(book.gallery(Notation.LATEX), [])
    start = text.index("## A factor that depends on the index")
    entry = text[start : text.index("## ", start + 3)]
    assert "```math\n\\sum_{j=1}^{n} u_{j}\\,v_{j} = u_{i}\\,\\sum_{j=1}^{n} v_{j}\n```" in entry
    assert "Refused by the kernel: `factor: the factor depends on the index of the sum`" in entry
    assert re.search(r"False at n = 2, i = \d: the left side is \$`-?\d+`\$, the right side \$`-?\d+`\$\.", entry)
    assert "True is:\n\n```math\n" in entry


# --- formulas of whole matrices ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "latex", "typst"),
    [
        ("δW = δZ·Yᵀ", r"\delta W = \delta Z\,Y^{\mathsf T}", "δ W = δ Z thin Y^T"),
        ("δb_1 = δZ_1·1, k = 1", r"\delta b_{1} = \delta Z_{1}\,\mathbf{1},\ k = 1",
         'δ b_(1) = δ Z_(1) thin  bold("1"), k = 1'),
        ("W_1ᵀ", r"W_{1}^{\mathsf T}", "W_(1)^T"),
        ("W⁽¹²⁾ᵀ·δZ⁽¹⁾", r"W^{(12)\mathsf T}\,\delta Z^{(1)}", "W^((12) T)  thin δ Z^((1))"),
        ("D⁽ˡ⁾·(1⊗I)", r"D^{(l)}\,(\mathbf{1} \otimes I)", 'D^((l))  thin ( bold("1")⊗I)'),
        ("1[Z ≥ 0]", r"\mathbf{1}[Z  \ge  0]", 'bold("1")[Z ≥ 0]'),
        ("δS − 1·1ᵀ(S)", r"\delta S - \mathbf{1}\,\mathbf{1}^{\mathsf T}(S)",
         'δ S -  bold("1") thin  bold("1")^T (S)'),
        ("σ·(1 − σ)", r"\sigma \,(1 - \sigma )", "σ thin (1 - σ)"),
        ("vec(AXB)", r"\operatorname{vec}(AXB)", 'op("vec")(A X B)'),
        ("tanh′ = 1 − tanh²", r"\operatorname{tanh}' = 1 - \operatorname{tanh}^2", 'op("tanh")′ = 1 - op("tanh")^2'),
    ],
)  # fmt: skip
def test_in_matrices(text, latex, typst):
    assert in_matrices(text, Notation.TEXT) == text
    assert in_matrices(text, Notation.LATEX) == latex
    assert in_matrices(text, Notation.TYPST) == typst


def test_every_page_that_a_refutation_names_exists():
    named = {theorem_of(claim) for claim in CLAIM_IDS} - {None}
    assert {f"{stem}.md" for stem in named} <= {path.name for path in COMMITTED.iterdir()}
