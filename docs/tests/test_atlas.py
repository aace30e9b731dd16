"""The atlas: a page says all there is to say, the index every operation, and formulas of matrices are what they say."""

import re
from pathlib import Path
from random import Random
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from mpmath import mp

import atlas_pages
from backproof_docs import atlas
from backproof_docs.document import Code, Picture, Section, Steps, Table
from backproof_docs.formulas import Notation
from backproof_docs.matrix_forms import in_whole
from backproof_docs.specimen import FORMATS, graph, specimen
from backproof_spec import library
from backproof_spec.language import proving
from backproof_spec.language.functions import real
from backproof_spec.language.reverse import derived

DOCS = Path(__file__).parents[1]
SVG = "{http://www.w3.org/2000/svg}"
SHOWN = ("linear", "layer_norm", "max_pool")
PARTS = [
    "Computation", "Definition", "Shapes", "Gradients", "Jacobian", "Accuracy by number format", "Who computes it",
    "In NumPy", "Proofs", "Test vectors",
]  # fmt: skip


@pytest.fixture(scope="module")
def pages():
    return dict(atlas_pages.pages(DOCS, SHOWN))


def _page(name):
    operation = library.operation(name)
    return atlas.page(operation, Notation.TEXT, dict.fromkeys(atlas.theorems(operation), ("checked: all", True)))


def _after(document, title):
    place = document.blocks.index(Section(title))
    return next(each for each in document.blocks[place:] if isinstance(each, Table | Steps))


# --- pages ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SHOWN)
def test_a_page_has_every_part(name):
    document = _page(name)
    titles = [each.title for each in document.blocks if isinstance(each, Section)]
    assert [each for each in titles if each in PARTS] == PARTS
    assert set(titles) - {*PARTS} <= {"Other spellings", "Kinks and conventions"}
    assert [block.name for block in document.blocks if isinstance(block, Picture)] == [
        f"{name}-graph",
        f"{name}-jacobian",
    ]
    assert document.status[1]


def test_a_page_says_gradients_by_the_entry_and_of_matrices():
    (left, formula, words), *_ = _after(_page("linear"), "Gradients").steps
    assert (left, formula) == ("δW[i,j]", "Σ_{s=1..p} δZ[i,s]·Y[j,s]")
    assert words[1].formula == "δW = δZ·Yᵀ"


def test_a_page_says_what_a_spelling_loses_where_it_has_kinks_and_who_has_it():
    *_, (way, _, loses) = _after(_page("layer_norm"), "Other spellings").rows
    assert way == (Code("r[s] = exp(-log(v[s] + eps)/2)"),)
    assert float(loses[0].removeprefix("× ")) > 1
    text = str(_page("max_pool").blocks)
    assert "no derivative where two entries tie" in text
    assert "entries that tie may share one in any way, and their sum is judged" in text
    assert {row[0][0] for row in _after(_page("linear"), "Who computes it").rows} >= {"reference", "pytorch", "sklearn"}


def test_a_theorem_that_fails_makes_the_page_fail():
    operation = library.operation("relu")
    assert atlas.page(operation, Notation.TEXT, {"relu.dZ": ("NOT replayed", False)}).status[1] is False


def test_the_index_lists_every_operation_once_by_name_and_once_by_family():
    by_name, *by_family = (block for block in atlas.index(library.built_in()).blocks if isinstance(block, Table))
    named = [part.to for _, row in by_name.rows for part in row if not isinstance(part, str)]
    assert named == sorted(library.built_in())
    assert sorted(row[0][0].to for table in by_family for row in table.rows) == named
    assert {name for of in atlas.families().values() for name in of} == {*named}


def test_every_link_leads_somewhere(pages):
    known = {f"atlas/{name}.md" for name in library.built_in()}
    for page, text in pages.items():
        targets = re.findall(r"\]\(([^)]+\.md)\)", text)
        assert targets
        for each in targets:
            path = (DOCS / page).parent.joinpath(each).resolve().relative_to(DOCS).as_posix()
            assert path in known or (DOCS / path).is_file(), (page, each)


def test_drawings_stand_in_the_text_and_the_status_is_that_of_the_theorems(pages):
    text = pages["atlas/linear.md"]
    assert len(re.findall(r'<div class="figure" style="--natural: [\d.]+px"><svg ', text)) == 2
    assert "![" not in text
    assert "accepted by Coq" in text
    assert text.endswith("*6 of 6 theorems about it check; the rest of this page is computed from the definition*\n")


# --- drawings and figures ---------------------------------------------------------------------------------------------


def test_the_jacobian_of_a_linear_layer_is_drawn_as_it_is():
    it = specimen(library.operation("linear"))
    (m, n), p = it.shape("W"), it.shape("Y")[1]
    W, Y = (np.array([float(it.given.values[name][at]) for at in np.ndindex(s)]).reshape(s)
            for name, s in (("W", (m, n)), ("Y", (n, p))))  # fmt: skip
    whole = np.hstack([np.kron(Y.T, np.eye(m)), np.kron(np.eye(p), W), np.kron(np.ones((p, 1)), np.eye(m))])
    root = ET.fromstring(it.jacobian())  # noqa: S314 - our own
    cells = [each for each in root.iter(f"{SVG}rect") if each.get("class") in {"plus", "minus"}]
    columns = [m * n, n * p, m]
    left = [float(box.get("x")) for box in root.findall(f"{SVG}rect[@class='box']")]
    size = float(cells[0].get("width")) + 1
    top = min(float(box.get("y")) for box in root.findall(f"{SVG}rect[@class='box']"))
    found = np.zeros_like(whole)
    for cell in cells:
        x, y = (float(cell.get(each)) for each in "xy")
        block = max(k for k, start in enumerate(left) if start <= x)
        place = round((y - 0.5 - top) / size), sum(columns[:block]) + round((x - 0.5 - left[block]) / size)
        found[place] = 1 if cell.get("class") == "plus" else -1
    assert np.array_equal(found, np.sign(whole))


def test_the_graph_leads_from_arguments_to_outputs():
    root = ET.fromstring(graph(library.operation("mlp_block")))  # noqa: S314 - our own
    arrows = {line.find(f"{SVG}title").text for line in root.findall(f"{SVG}path")}
    assert {"X[s,i] → Z[s,h]", "Z[s,h] → G[s,h]", "X[s,i] → R[s,i]", "Y_r[s] → Y[s,i]"} <= arrows


def test_the_accuracy_is_that_of_the_bounds():
    it = specimen(library.operation("exp"))
    rows = dict(it.accuracy())
    assert len(rows["Y"]) == len(FORMATS)
    assert 1e-16 < float(rows["Y"][0]) < 1e-14
    assert 1e-7 < float(rows["Y"][1]) < 1e-5
    assert dict(specimen(library.operation("relu")).accuracy())["Y"] == ("exact",) * 4


# --- formulas of matrices ---------------------------------------------------------------------------------------------


class _Of:
    """An array under the signs of these formulas: ∘ and / are entry by entry, · is a product of matrices."""

    def __init__(self, array):
        self.array = np.asarray(array, float)

    def __mul__(self, other):
        return _Of(self.array * other.array)

    def __truediv__(self, other):
        return _Of(self.array / other.array)

    def __matmul__(self, other):
        if other is ONES:
            return _Of(self.array.sum(axis=-1))
        product = np.multiply if 0 in {self.array.ndim, other.array.ndim} else np.matmul
        return _Of(product(self.array, other.array))

    def __add__(self, other):
        return _Of(self.array + other.array)

    def __sub__(self, other):
        return _Of(self.array - other.array)

    def __neg__(self):
        return _Of(-self.array)

    @property
    def T(self):
        return _Of(self.array.T)


ONES = _Of(1)
FUNCTIONS = {
    "sin": np.sin,
    "cos": np.cos,
    "exp": np.exp,
    "log": np.log,
    "diag": np.diag,
    "sign": lambda a: np.where(a >= 0, 1, -1),
    "step": lambda a: a >= 0,
    "sigmoid": lambda a: 1 / (1 + np.exp(-a)),
    "softplus": lambda a: np.log1p(np.exp(a)),
}


def _applied(of):
    return lambda a: _Of(of(a.array))


def _value(formula, arrays):
    text = re.sub(r"1\[(.*?) ≥ 0\]", r"step(\1)", formula.partition(" = ")[2])
    text = text.replace("ᵀ", ".T").replace("−", "-").replace("∘", "*")
    text = re.sub(r"·1(?![.\d])", "·ONES", text).replace("·", "@")
    text = re.sub(r"(?<![\w.])(\d+(\.\d+)?)", r"_Of(\1)", text)
    functions = {name: _applied(of) for name, of in FUNCTIONS.items()}
    return eval(text, {"_Of": _Of, "ONES": ONES, **functions, **arrays}).array  # noqa: S307 - our own


def _array(given, name, indices):
    shape = tuple(given.size(i) for i in indices)
    return np.array([float(real(given.tensor(name)[at])) for at in np.ndindex(*shape)]).reshape(shape)


def _examples(operation):
    found = (proving.drawn(operation, Random(seed)) for seed in range(40))
    return [each for each in found if each is not None][:3]


def _arrays(operation, given):
    """All tensors and parameters, by their names in these formulas."""
    tensors = {each.name: each.indices for each in (*operation.arguments, *operation.definitions) if each.name != "t"}
    tensors |= {name: operation.definition(of).indices for name, of in operation.cotangents.items()}
    own = {each.name for each in operation.arguments}
    found = {
        name if name in own else name.replace("d", "δ", 1): _array(given, name, at) for name, at in tensors.items()
    }
    return {name: _Of(A) for name, A in (*found.items(), *given.parameters.items())}


def test_formulas_of_matrices_are_the_formulas_of_entries():
    told = 0
    for name in library.built_in():
        operation = derived(library.operation(name))
        forms = {each: form for each in operation.gradients if (form := in_whole(operation, each))}
        for given in _examples(operation) if forms else ():
            with mp.workprec(200):
                arrays = _arrays(operation, given)
                for gradient, form in forms.items():
                    entries = given.entries(gradient.claimed, gradient.indices)
                    wanted = np.array([float(real(each)) for each in entries.values()])
                    assert np.allclose(_value(form, arrays).ravel(), wanted), (name, form)
                    told += 1
    assert told > 300
