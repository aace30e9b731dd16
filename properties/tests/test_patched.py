"""What a target patches in its own process hides nothing: what is sent and what comes back is compared by its judge."""

import numpy as np
import pytest
from few import few

from backproof_impl.isolation import Program, Session
from backproof_properties import contract
from backproof_properties.judge import Refuted

PATCH = """
def patch(module, names, by):
    for name in names:
        setattr(module, name, by)
"""
PATCHES = {
    "what compares": "patch(np, ('shares_memory', 'may_share_memory', 'array_equal'), lambda *_, **__: False)",
    "what copies": "patch(np, ('copy', 'array', 'asarray', 'asanyarray', 'full', 'empty'), lambda A, *_, **__: A)",
    "every function of NumPy": """
for module in (np, np.lib.stride_tricks, np.linalg, np.ma):
    found = {name: getattr(module, name) for name in dir(module) if not name.startswith('_')}
    patch(module, [n for n, f in found.items() if callable(f) and not isinstance(f, type)], lambda *_, **__: False)
np.errstate = lambda **_: None
""",
    "json": "patch(json, ('dumps', 'loads', 'JSONEncoder', 'JSONDecoder'), lambda *_, **__: None)",
    "any and all": "builtins.any, builtins.all = (lambda _: False), (lambda _: True)",
    "bytes, repr, hash and id": "patch(builtins, ('bytes', 'bytearray', 'repr', 'hash', 'id'), lambda *_: 0)",
    "digests": "patch(hashlib, ('sha256', 'md5', 'new', 'blake2b'), lambda *_: None)",
    "warnings": "patch(warnings, ('catch_warnings', 'simplefilter'), lambda *_, **__: None)",
    "what our own host compares by": """
for module in [m for name, m in sys.modules.items() if name.startswith('backproof_impl.')]:
    for name in ('may_share_memory', 'shares_memory', '_same', '_aliased', 'array_equal'):
        patch(module, [n for n in [name] if hasattr(module, n)], lambda *_, **__: False)
    patch(module, [n for n in ('_same',) if hasattr(module, n)], lambda *_, **__: True)
""",
}
DEEDS = {
    "right": "return maximum(Z, 0)",
    "returns its argument": "return Z",
    "returns a view of it": "return Z[::-1]",
    "changes its argument": "Y = maximum(Z, 0); Z[...] = 7; return Y",
    "changes a last bit": "Y = maximum(Z, 0); Z[0, 1] = nextafter(Z[0, 1], 0); return Y",
    "reshapes its argument": "Y = maximum(Z, 0); Z.shape = (4, 1); return Y",
    "overwrites what it returned": "kept[...] = maximum(Z, 0); return kept",
}
HEAD = """import builtins, hashlib, json, sys, warnings
import numpy as np

maximum, nextafter, kept = np.maximum, np.nextafter, np.zeros((2, 2))
"""


def _said(folder, patches):
    """What comes of each deed in one process, the deed being read off the first number."""
    path = folder / "target.py"
    deeds = "\n".join(f"def deed{k}(Z):\n    {deed}\n" for k, deed in enumerate(DEEDS.values()))
    called = ", ".join(f"deed{k}" for k in range(len(DEEDS)))
    same_of_other = "int((Z[0, 0] + Z[1, 1]) / (Z[0, 1] + Z[1, 0]) / 2)"
    relu = f"DEEDS = [{called}]\n\ndef relu(Z):\n    return DEEDS[{same_of_other}](Z)\n"
    body = f"{HEAD}{PATCH}{patches}\n\n{deeds}\n{relu}"
    path.write_text(body, encoding="utf-8")
    session = Session(Program.of_python(path))
    try:
        target = session.target()
        return {deed: _outcome(target, k) for k, deed in enumerate(DEEDS)}
    finally:
        session.close()


def _outcome(target, deed):
    case = {"Z": np.array([[deed + 0.25, -1.0], [2.0, deed + 0.25]])}
    try:
        return contract.call(target, "relu", case, "Y", contract.Usage(history=True, earlier=(1,))).tolist()
    except Refuted as refuted:
        return refuted.finding.message


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    return _said(tmp_path_factory.mktemp("plain"), "")


def test_the_deeds_are_seen(plain):
    assert {
        deed: said if isinstance(said, list) else said.partition(": ")[2].split(";")[0] for deed, said in plain.items()
    } == {
        "right": [[0.25, 0.0], [2.0, 0.25]],
        "returns its argument": "shares memory with the argument Z: who changes one changes the other",
        "returns a view of it": "shares memory with the argument Z: who changes one changes the other",
        "changes its argument": "changed its argument Z in place",
        "changes a last bit": "changed its argument Z in place",
        "reshapes its argument": "changed its argument Z in place",
        "overwrites what it returned": "an earlier call's result changed when it was called again",
    }


@pytest.mark.no_cover
@pytest.mark.parametrize("patches", few(PATCHES, ("every function of NumPy", "digests", "json").__contains__))
def test_a_patched_library_hides_nothing(patches, plain, tmp_path):
    assert _said(tmp_path, PATCHES[patches]) == plain
