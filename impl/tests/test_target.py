"""target: everything a target can be loaded from, every refusal's message, and inputs arranged as it declares."""

import importlib.util
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from backproof_impl import adapters, reference
from backproof_impl.adapters import ADAPTERS, Adapter
from backproof_impl.conventions import Conventions, UsageError
from backproof_impl.loading import as_target
from backproof_impl.target import FUNCTIONS, Target

RELU = "def relu(Z):\n    return Z * (Z > 0)\n"
DECLARED = 'from backproof_impl.conventions import Conventions\n\nCONVENTIONS = Conventions(layout="batch-first")\n'


@pytest.fixture
def packages(tmp_path, monkeypatch):
    """Write a module by its file name, importable; returns its path."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)

    def write(name, text):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        importlib.invalidate_caches()
        return path

    return write


# --- loading --------------------------------------------------------------------------------------------------------


def test_a_file(packages):
    path = packages("my_layers.py", DECLARED + RELU)
    for source in (path, str(path), "my_layers.py", "./my_layers.py"):
        target = as_target(source)
        assert (target.name, set(target.functions)) == (str(source), {"relu"})
        assert target.conventions == Conventions(layout="batch-first")
        assert target.functions["relu"](np.array([-1.0, 2.0])).tolist() == [0.0, 2.0]


def test_a_file_may_define_dataclasses(packages):
    text = "from __future__ import annotations\nimport dataclasses\n\n@dataclasses.dataclass\nclass A:\n    x: int\n\n"
    assert set(as_target(packages("with_dataclass.py", text + RELU)).functions) == {"relu"}


def test_a_module_and_an_object_in_it(packages):
    packages("package_of_layers/__init__.py", "")
    packages("package_of_layers/inner.py", RELU + "class Holder:\n    deep = {'relu': relu, 'softmax': relu}\n")
    assert set(as_target("package_of_layers.inner").functions) == {"relu"}
    target = as_target("package_of_layers.inner:Holder.deep")
    assert (target.name, set(target.functions)) == ("package_of_layers.inner:Holder.deep", {"relu", "softmax"})


def test_a_module_object_a_dict_and_an_instance():
    target = as_target(reference)
    assert (target.name, set(target.functions)) == ("backproof_impl.reference", set(FUNCTIONS))
    declared = Conventions(weights="in-out")
    target = as_target({"relu": abs, "linear": 3, "other": abs, "CONVENTIONS": declared})
    assert target == Target("dict", {"relu": abs}, declared)
    assert as_target(SimpleNamespace(softmax=abs)) == Target("SimpleNamespace", {"softmax": abs}, Conventions())


def test_a_target_stays_itself_and_conventions_replace_its_own(packages):
    target = Target("mine", {"relu": abs}, Conventions())
    assert as_target(target) is target
    declared = Conventions(relu_at_zero=0)
    assert as_target(target, declared) == Target("mine", {"relu": abs}, declared)
    packages("holds_target.py", "from backproof_impl.loading import as_target\nT = as_target({'relu': abs})\n")
    assert as_target("holds_target:T") == Target("holds_target:T", {"relu": abs}, Conventions())


def test_an_adapter_by_name():
    target = as_target("reference")
    assert (target.name, set(target.functions), target.conventions) == ("reference", set(FUNCTIONS), Conventions())


# --- refusals -------------------------------------------------------------------------------------------------------


def _refusal(source):
    with pytest.raises(UsageError) as raised:
        as_target(source)
    return str(raised.value)


_EXPECTED = f"expected a Python file, package.module[:object] or one of {', '.join(ADAPTERS)}"


def test_a_missing_file():
    assert _refusal("nowhere/my_layers.py") == f"target nowhere/my_layers.py: no such file; {_EXPECTED}"


def test_a_folder(tmp_path):
    assert _refusal(tmp_path).startswith(f"target {tmp_path}: is a folder")
    named = tmp_path / "layers.py"
    named.mkdir()
    assert _refusal(named).startswith(f"target {named}: is a folder")


def test_a_file_that_is_not_python(packages):
    path = packages("layers.txt", RELU)
    assert _refusal(path) == f"target {path}: not a Python file; expected one whose name ends in .py"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1 / 0\n", "ZeroDivisionError: division by zero"),
        ("import nowhere_to_be_found\n", "ModuleNotFoundError: No module named 'nowhere_to_be_found'"),
        ("def relu(Z:\n", "SyntaxError: "),
        ("import sys\nsys.exit(0)\n", "SystemExit: 0"),
        ("raise ValueError('one\\ntwo')\n", "ValueError: one"),
    ],
)
def test_an_import_that_raises_is_one_line(packages, text, said):
    packages("raises_at_import.py", text)
    for source in ("raises_at_import.py", "raises_at_import"):
        message = _refusal(source)
        assert message.startswith(f"target {source}: importing it raised {said}")
        assert "\n" not in message


@pytest.mark.parametrize(
    ("text", "advised"),
    [
        ("1 / 0\n", {"fails.py": "python fails.py shows where", "fails": "python -c 'import fails' shows where"}),
        ("import nowhere_to_be_found\n", "install what provides nowhere_to_be_found, or name its folder in PYTHONPATH"),
        ("raise ModuleNotFoundError\n", {"fails.py": "python fails.py shows where"}),
        ("raise SystemExit(0)\n", "what only a script does belongs under if __name__ == '__main__':"),
        ("raise EOFError\n", "what only a script does belongs under if __name__ == '__main__':"),
    ],
)
def test_an_import_that_raises_says_what_to_do_next(packages, text, advised):
    packages("fails.py", text)
    for source in advised if isinstance(advised, dict) else ("fails.py", "fails"):
        expected = advised[source] if isinstance(advised, dict) else advised
        assert _refusal(source).endswith(f"; {expected}")


def test_a_refusal_of_the_file_itself_is_passed_on(packages):
    packages("declares_wrong.py", DECLARED.replace("batch-first", "rows") + RELU)
    expected = "conventions: layout is 'rows', expected one of features-first, batch-first"
    assert _refusal("declares_wrong.py").endswith(expected)
    assert _refusal("declares_wrong").endswith(expected)


@pytest.mark.parametrize("source", ["no_such_module", "no_such_package.layers", "xml.no_such_module"])
def test_a_missing_module(source):
    assert _refusal(source) == f"target {source}: no module named {source!r}; {_EXPECTED}"


@pytest.mark.parametrize("missing", ["nowhere_to_be_found", "needs", "needs_it"])
def test_a_missing_dependency_of_a_module_is_not_the_module_itself(packages, missing):
    packages("needs_it_but.py", f"import {missing}\n")
    expected = (
        f"target needs_it_but: importing it raised ModuleNotFoundError: No module named '{missing}'; install what"
    )
    assert _refusal("needs_it_but").startswith(expected)


@pytest.mark.parametrize("source", ["", ".layers"])
def test_what_is_neither_a_path_nor_a_name(source):
    expected = f"target {source!r} is not a path or a module's name; expected my_layers.py or package.module[:object]"
    assert _refusal(source) == expected


def test_a_name_too_long_for_a_path_is_refused():
    assert _refusal("a" * 300).startswith("target aaa")


NAMED = "import numpy as np\n\nTARGET = {'relu': lambda Z: np.maximum(Z, 0)}\n"


@pytest.mark.parametrize("source", ["named_target.py", "named_target"])
def test_a_file_with_a_target_is_used_without_its_name(packages, source):
    packages("named_target.py", NAMED + "linear = print\n")
    target = as_target(source)
    assert (target.name, [*target.functions], target.conventions) == (f"{source}:TARGET", ["relu"], Conventions())


def test_a_target_in_a_file_has_its_own_declaration_or_that_of_the_file(packages):
    packages("rows.py", DECLARED + NAMED)
    assert as_target("rows.py").conventions == Conventions(layout="batch-first")
    packages("columns.py", DECLARED + NAMED + "TARGET['CONVENTIONS'] = Conventions(weights='in-out')\n")
    assert as_target("columns.py").conventions == Conventions(weights="in-out")


def test_a_target_in_a_file_that_offers_nothing_is_no_target(packages):
    packages("aim.py", "TARGET = 0.5\n" + RELU)
    assert as_target("aim.py").name == "aim.py"


def test_a_missing_attribute():
    message = _refusal("backproof_impl.target:Target.nothing")
    assert message.startswith("target backproof_impl.target:Target.nothing: ")
    assert message.endswith("has no attribute 'nothing'")


def test_a_missing_attribute_of_a_module_shows_no_path():
    message = _refusal("backproof_impl.reference:nothing")
    assert str(Path(reference.__file__).parent) not in message


def test_nothing_known_lists_the_names():
    assert _refusal({"gelu": abs, "relu": None}) == (
        "target dict: none of its names is a function that can be checked; looked for linear, linear_vjp, relu, "
        "relu_vjp, softmax, softmax_vjp, cross_entropy, cross_entropy_vjp, softmax_cross_entropy, "
        "softmax_cross_entropy_vjp, network_gradients"
    )


@pytest.mark.parametrize("declared", [{"layout": "batch-first"}, {}, "", Conventions], ids=str)
def test_conventions_of_another_type_are_refused(declared):
    expected = f"target dict: CONVENTIONS is {type(declared).__name__}, expected backproof.Conventions(...)"
    assert _refusal({"relu": abs, "CONVENTIONS": declared}) == expected


def test_an_adapter_whose_package_is_missing_names_the_pip_line(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    assert _refusal("pytorch") == "target pytorch needs torch: pip install 'backproof[pytorch]'"
    assert _refusal("jax:where") == "target jax:where needs jax: pip install 'backproof[jax]'"


def test_every_adapter_has_a_row():
    modules = {path.stem for path in Path(adapters.__file__).parent.glob("*.py")} - {"__init__", "autodiff"}
    assert {row.source for row in ADAPTERS.values()} == {
        "backproof_impl.reference",
        *(f"backproof_impl.adapters.{name}:TARGET" for name in modules),
    }
    variants = ("maximum", "clamp", "where", "index", "unfused")
    assert ADAPTERS["pytorch"] == Adapter("backproof_impl.adapters.pytorch:TARGET", "torch", "pytorch", variants)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("pytorch:frob", "pytorch has no variant 'frob'; expected one of maximum, clamp, where, index, unfused"),
        ("pytorch:", "pytorch has no variant ''; expected one of maximum, clamp, where, index, unfused"),
        ("reference:frob", "reference has no variant 'frob'; it has none"),
    ],
)
def test_an_unknown_variant_is_refused_before_the_library_is_imported(monkeypatch, source, said):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    assert _refusal(source) == f"target {source}: {said}"


# --- inputs as the target wants them --------------------------------------------------------------------------------

W, Z = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
P = np.array([[0.0, 1.0, 0.0, 0.0], [1.0, 0.0, 0.0, 1.0], [0.0, 0.0, 1.0, 0.0]])


def _arranged(name, value, **declared):
    return Target("t", {}, Conventions(**declared)).arranged(name, value)


def test_by_default_an_argument_is_an_equal_contiguous_copy():
    for name, value in (("W", W), ("Z", Z), ("b", W[0]), ("P", P), ("Y", Z.T)):
        found = _arranged(name, value)
        assert found.tolist() == value.tolist()
        assert found.flags.c_contiguous
        assert not np.shares_memory(found, value)


def test_batch_first_transposes_samples_only():
    for name in ("Y", "Z", "dZ", "S", "dS", "dY", "X", "P"):
        assert _arranged(name, Z, layout="batch-first").tolist() == [[1.0, 3.0, 5.0], [2.0, 4.0, 6.0]]
    assert _arranged("W", W, layout="batch-first").tolist() == W.tolist()
    assert _arranged("b", W[0], layout="batch-first").tolist() == [1.0, 2.0, 3.0]


def test_in_out_transposes_weights_only():
    assert _arranged("W", W, weights="in-out").tolist() == [[1.0, 4.0], [2.0, 5.0], [3.0, 6.0]]
    assert _arranged("Z", Z, weights="in-out").tolist() == Z.tolist()
    assert _arranged("weights", [W, Z], weights="in-out")[1].tolist() == [[1.0, 3.0, 5.0], [2.0, 4.0, 6.0]]
    assert [b.tolist() for b in _arranged("biases", [W[0], W[1]], weights="in-out")] == W.tolist()


@pytest.mark.parametrize("layout", ["features-first", "batch-first"])
def test_labels_by_index_are_class_numbers_in_either_layout(layout):
    found = _arranged("P", P, labels="index", layout=layout)
    assert (found.tolist(), found.dtype) == ([1, 0, 2, 1], np.dtype(np.int64))
    assert _arranged("P", P[:, :0], labels="index", layout=layout).shape == (0,)


def test_outputs_stand_transposed_where_the_declaration_says_so():
    target = Target("t", {}, Conventions(layout="batch-first", weights="in-out"))
    assert [n for n in ("dW", "db", "dX", "dZ", "L", "loss", "b", "S") if target.transposes(n)] == [
        "dW",
        "dX",
        "dZ",
        "S",
    ]
    assert not any(Target("t", {}, Conventions()).transposes(n) for n in ("dW", "dX", "dZ", "S"))
