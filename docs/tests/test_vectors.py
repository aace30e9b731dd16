"""docs/vectors is what ``backproof vectors`` writes, and its consumers tell what is right from what is not.

Each of the three programs passes on its own layers and fails on each of these with one thing wrong.
"""

import json
import re
import shutil
import subprocess
from decimal import Decimal
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from few import few

from backproof import __version__
from backproof.certifying import SEED
from backproof_docs.vectors import SCHEMA_PATH, to_json
from backproof_properties import telling, vectors
from backproof_properties.arrays import NUMPY_DTYPES

pytestmark = pytest.mark.no_cover  # see CONTRIBUTING

ROOT = Path(__file__).parents[1]
VECTORS, EXAMPLES = ROOT / "vectors", ROOT / "protocol" / "examples" / "vectors"
NAMES = ("cross_entropy", "linear", "network", "relu", "softmax", "softmax_cross_entropy")
FORMATS = ("float64", "float32", "bfloat16")
MOST_BYTES, MOST_LINES = 11 * 10**5, 60
SCHEMA = jsonschema.Draft202012Validator(json.loads(SCHEMA_PATH.read_text(encoding="utf-8")))


def _read(name):
    return json.loads((VECTORS / f"{name}.json").read_text(encoding="utf-8"))


# --- the files --------------------------------------------------------------------------------------------------------


def test_there_is_a_file_of_every_operation_of_the_notes_and_together_they_are_small():
    assert sorted(path.name for path in VECTORS.iterdir()) == [f"{name}.json" for name in NAMES]
    assert sum(path.stat().st_size for path in VECTORS.iterdir()) <= MOST_BYTES


@pytest.mark.parametrize("name", NAMES)
def test_a_file_satisfies_the_schema_and_its_arrays_are_as_long_as_their_shapes_say(name):
    file = _read(name)
    SCHEMA.validate(file)
    assert (file["operation"], file["seed"], file["backproof"]) == (name, SEED, __version__)
    caught = {number for case in file["cases"] for number in case["catches"]}
    assert caught == set(range(len(file["mistakes"])))
    for case in file["cases"]:
        for array in _each(case["arguments"]):
            assert np.prod(array["shape"]) == len(array["data"])
        for output in _each(case["outputs"]):
            assert next(iter(output["bounds"])) == case["dtype"]
            lists = [output["exact"], *(each for bounds in output["bounds"].values() for each in bounds.values())]
            assert {len(each) for each in lists} == {np.prod(output["shape"])}


def _each(values):
    return [each for value in values.values() for each in (value if isinstance(value, list) else [value])]


PARTS = [(name, dtype) for name in NAMES for dtype in FORMATS if name != "network" or dtype == "bfloat16"]
"""Every part of every file; of networks one: the others take minutes."""


@pytest.mark.parametrize(("name", "dtype"), few(PARTS, {("relu", "float32")}.__contains__))
def test_a_file_is_up_to_date(name, dtype):
    of, sized = vectors.functions_of(name), dtype == FORMATS[0]
    found = [each for function in of.properties for each in vectors.vectors(of, function, dtype, SEED, sized=sized)]
    anew = json.loads(to_json(of, found, SEED, __version__))
    again = f"run backproof vectors --dtype {','.join(FORMATS)} --out docs/vectors"
    assert _cases(anew, dtype) == _cases(_read(name), dtype), again
    assert {**anew, "mistakes": [], "cases": []} == {**_read(name), "mistakes": [], "cases": []}, again


def _cases(file, dtype):
    """Those in a format, with their mistakes."""
    found = [case for case in file["cases"] if case["dtype"] == dtype]
    return [{**case, "catches": sorted(str(file["mistakes"][k]) for k in case["catches"])} for case in found]


@pytest.mark.parametrize("name", NAMES)
def test_what_is_exact_is_within_its_bounds_and_these_are_numbers_of_the_format(name):
    for case in _read(name)["cases"]:
        form = NUMPY_DTYPES[case["dtype"]]
        for output in _each(case["outputs"]):
            for bounds in output["bounds"].values():
                for exact, *ends in zip(output["exact"], bounds["low"], bounds["high"], strict=True):
                    if ends == [None, None]:
                        continue
                    low, high = (float.fromhex(each) for each in ends)
                    assert [float(form.type(each)) for each in (low, high)] == [low, high]
                    if np.isfinite(low):
                        with np.errstate(over="ignore"):  # beyond the largest is infinity
                            least, largest = (
                                np.nextafter(form.type(y), form.type(to)) for y, to in ((low, -np.inf), (high, np.inf))
                            )
                        assert float(least) < Decimal(exact) < float(largest)


def test_the_schema_knows_every_flag():
    flags = SCHEMA.schema["$defs"]["flag"]["enum"]
    assert flags == [*telling.OF_ARRAYS, *telling.OF_ARGUMENTS, *telling.OF_VALUES]
    page = (ROOT / "guide" / "vectors.md").read_text(encoding="utf-8")
    assert all(f"`{flag}`" in page for flag in flags)


# --- the consumers ----------------------------------------------------------------------------------------------------


def _in_c(folder):
    compiler = next(filter(None, map(shutil.which, ("cc", "gcc", "clang"))), None)
    if compiler is None:
        pytest.skip("no C compiler is installed: cc, gcc or clang")
    flags = ["-std=c99", "-O2", "-Wall", "-Wextra", "-pedantic", "-Werror"]
    subprocess.run([compiler, *flags, "-o", "check", "check.c", "layers.c", "-lm"], cwd=folder, check=True)
    return [folder / "check"]


def _in_javascript(folder):
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    return [node, folder / "check.js"]


def _in_rust(folder):
    compiler = shutil.which("rustc")
    if compiler is None:
        pytest.skip("rustc is not installed")
    subprocess.run([compiler, "-D", "warnings", "check.rs"], cwd=folder, check=True)
    return [folder / "check"]


BUILT = {"c": _in_c, "js": _in_javascript, "rust": _in_rust}


def _checked(language, folder, planted=None):
    """What the consumer says of all files, with something else in its layers, and its exit status."""
    shutil.copytree(EXAMPLES / language, folder, dirs_exist_ok=True)
    if planted is not None:
        layers = next(folder.glob("layers.[!h]*"))
        text = layers.read_text(encoding="utf-8")
        assert text.count(planted[0]) == 1, planted
        layers.write_text(text.replace(*planted), encoding="utf-8")
    words = [*BUILT[language](folder), *sorted(VECTORS.iterdir())]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=120)
    assert done.stderr == ""
    return done.stdout, done.returncode


@pytest.mark.parametrize("language", BUILT)
def test_the_consumer_has_at_most_60_lines_and_passes_on_what_is_right(language, tmp_path):
    (consumer,) = (EXAMPLES / language).glob("check.*")
    assert len(consumer.read_text(encoding="utf-8").splitlines()) <= MOST_LINES
    said, status = _checked(language, tmp_path)
    assert (re.sub(r"of \d+", "of #", said), status) == ("0 of # cases are wrong\n", 0)


C = {
    "dW is transposed": ("AT(dW, i, k) +=", "dW.data[k * dW.rows + i] +="),
    "db is summed over the features": ("db.data[i] += AT(dZ, i, j)", "db.data[j % db.rows] += AT(dZ, i, j)"),
    "W stands for Wᵀ": ("+= AT(W, i, k) * AT(dZ", "+= W.data[k * W.rows + i] * AT(dZ"),
    "the last sample is dropped where the batch mod 8 is 7": (
        "samples = dZ.columns;",
        "samples = dZ.columns - (dZ.columns % 8 == 7);",
    ),
    "the terms of the last incomplete block of 8 are dropped": (
        "k < W.columns; k++)\n                sum",
        "k < (W.columns > 8 ? W.columns / 8 * 8 : W.columns); k++)\n                sum",
    ),
    "float32 in a float64 function": (
        "double sum = 0;\n            for (size_t k",
        "float sum = 0;\n            for (size_t k",
    ),
    "the mask is strict": ("Z.data[k] >= 0 ? dY", "Z.data[k] > 0 ? dY"),
    "the mask is missing": ("Z.data[k] >= 0 ? dY.data[k] : 0", "dY.data[k]"),
    "softmax is not shifted": ("AT(S, i, j) = exp(AT(Z, i, j) - shift)", "AT(S, i, j) = exp(AT(Z, i, j) - 0 * shift)"),
    "the diagonal of the softmax Jacobian only": (
        "(AT(dS, i, j) - inner)",
        "(AT(dS, i, j) - inner * 0) * (1 - AT(S, i, j))",
    ),
    "log(S + eps)": ("log(S.data[k])", "log(S.data[k] + 1e-12)"),
    "P − S": ("AT(S, i, j) * mass - AT(P, i, j)", "AT(P, i, j) - AT(S, i, j) * mass"),
    "the mean stands for the sum": (
        "AT(S, i, j) * mass - AT(P, i, j);",
        "(AT(S, i, j) * mass - AT(P, i, j)) / P.columns;",
    ),
    "S − P whatever ΣP is": ("mass += AT(P, i, j);", "mass = 1;"),
}
JAVASCRIPT = {
    "dW is transposed": ("dW: matrix(m, n, (i, k) =>", "dW: matrix(n, m, (k, i) =>"),
    "db is summed over the features": ("db: vector(m, (i) => sum(samples, (j)", "db: vector(m, (j) => sum(m, (i)"),
    "W stands for Wᵀ": ("sum(m, (i) => at(W, i, k) *", "sum(m, (i) => at(W, k % m, i % n) *"),
    "the last sample is dropped where the batch mod 8 is 7": (
        "(i, k) => sum(samples, (j)",
        "(i, k) => sum(samples - (samples % 8 === 7), (j)",
    ),
    "the terms of the last incomplete block of 8 are dropped": (
        "sum(n, (k) => at(W, i, k)",
        "sum(n > 8 ? n - (n % 8) : n, (k) => at(W, i, k)",
    ),
    "float32 in a float64 function": ("+ b.data[i])", "+ Math.fround(b.data[i]))"),
    "the mask is strict": ("at(Z, i, j) >= 0 ?", "at(Z, i, j) > 0 ?"),
    "the mask is missing": ("(at(Z, i, j) >= 0 ? at(dY, i, j) : 0)", "at(dY, i, j)"),
    "softmax is not shifted": ("Math.exp(at(Z, i, j) - shifts[j])", "Math.exp(at(Z, i, j))"),
    "the diagonal of the softmax Jacobian only": ("(at(dS, i, j) - inner[j])", "(1 - at(S, i, j)) * at(dS, i, j)"),
    "log(S + eps)": ("Math.log(S.data[k])", "Math.log(S.data[k] + 1e-12)"),
    "P − S": ("at(S, i, j) * masses[j] - at(P, i, j)", "at(P, i, j) - at(S, i, j) * masses[j]"),
    "the mean stands for the sum": (
        "at(S, i, j) * masses[j] - at(P, i, j)",
        "(at(S, i, j) * masses[j] - at(P, i, j)) / p",
    ),
    "the masks of a network are of the layer behind": (
        "Z: Zs[k - 1], dY",
        "Z: Zs[k - 1].shape.join() === Zs[k].shape.join() ? Zs[k] : Zs[k - 1], dY",
    ),
}
RUST = {
    "dW is transposed": ("array(W.rows, W.columns, |i, k|", "array(W.columns, W.rows, |k, i|"),
    "db is summed over the features": (
        "sum(samples, |j| dZ.at(i, j))",
        "sum(samples, |j| dZ.at(j % W.rows, i % samples))",
    ),
    "W stands for Wᵀ": ("|i| W.at(i, k) *", "|i| W.at(k % W.rows, i % W.columns) *"),
    "the last sample is dropped where the batch mod 8 is 7": (
        "let samples = dZ.columns;",
        "let samples = dZ.columns - usize::from(dZ.columns % 8 == 7);",
    ),
    "the terms of the last incomplete block of 8 are dropped": (
        "sum(W.columns, |k|",
        "sum(if W.columns > 8 { W.columns / 8 * 8 } else { W.columns }, |k|",
    ),
    "float32 in a float64 function": ("+ b.data[i])", "+ f64::from(b.data[i] as f32))"),
    "the mask is strict": ("if Z.at(i, j) >= 0.0", "if Z.at(i, j) > 0.0"),
    "the mask is missing": ("if Z.at(i, j) >= 0.0 { dY.at(i, j) } else { 0.0 }", "dY.at(i, j)"),
    "softmax is not shifted": ("(Z.at(i, j) - shifts[j]).exp()", "(Z.at(i, j) - 0.0 * shifts[j]).exp()"),
    "the diagonal of the softmax Jacobian only": (
        "(dS.at(i, j) - inner[j])",
        "(dS.at(i, j) - 0.0 * inner[j]) * (1.0 - S.at(i, j))",
    ),
    "log(S + eps)": ("S.data[k].ln()", "(S.data[k] + 1e-12).ln()"),
    "P − S": ("S.at(i, j) * masses[j] - P.at(i, j)", "P.at(i, j) - S.at(i, j) * masses[j]"),
    "the mean stands for the sum": (
        "S.at(i, j) * masses[j] - P.at(i, j)",
        "(S.at(i, j) * masses[j] - P.at(i, j)) / P.columns as f64",
    ),
}
PLANTED = [
    (language, words, planted)
    for language, table in (("c", C), ("js", JAVASCRIPT), ("rust", RUST))
    for words, planted in table.items()
]


def _quick(row):
    """Rust takes longest to compile."""
    language, words, _ = row
    return language == "js" or words in {"the mask is strict", "float32 in a float64 function"}


@pytest.mark.parametrize(("language", "words", "planted"), few(PLANTED, _quick))
def test_the_consumer_fails_on_each_planted_mistake(language, words, planted, tmp_path):
    said, status = _checked(language, tmp_path, planted)
    assert status == 1, words
    assert re.search(r"^[1-9]\d* of \d+ cases are wrong$", said, re.MULTILINE), words


def test_ten_mistakes_and_more_are_planted_in_each_language():
    assert min(map(len, (C, JAVASCRIPT, RUST))) >= 10


def test_a_consumer_that_finds_no_case_fails(tmp_path):
    for language, built in BUILT.items():
        shutil.copytree(EXAMPLES / language, tmp_path / language)
        words = built(tmp_path / language)
        (tmp_path / "empty.json").write_text('{\n"cases": [\n\n]\n}\n', encoding="utf-8")
        assert subprocess.run([*words, tmp_path / "empty.json"], capture_output=True, check=False).returncode == 1
