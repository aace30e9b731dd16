"""The pictures show what the commands print today, and the README's example is what it is said to be."""

import importlib.util
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from few import few

_SPEC = importlib.util.spec_from_file_location("pictures", Path(__file__).parents[1] / "pictures.py")
pictures = sys.modules.setdefault("pictures", importlib.util.module_from_spec(_SPEC))
_SPEC.loader.exec_module(pictures)

SOURCES = json.loads((pictures.FOLDER / "sources.json").read_text(encoding="utf-8"))


@pytest.mark.no_cover
@pytest.mark.parametrize(
    "picture", few(pictures.PICTURES, lambda picture: picture.file != "jacobian.png"), ids=lambda picture: picture.file
)
def test_a_picture_is_of_what_is_shown_today(picture):
    assert (pictures.FOLDER / picture.file).stat().st_size > 0
    assert pictures.digest(picture.source()) == SOURCES[picture.file], "run python docs/pictures.py"


def test_every_picture_is_shown_somewhere():
    pages = [pictures.README, *(pictures.FOLDER.parent / "guide").glob("*.md")]
    shown = "".join(page.read_text(encoding="utf-8") for page in pages)
    assert [picture.file for picture in pictures.PICTURES if f"pictures/{picture.file})" not in shown] == []


def test_numbers_make_no_other_picture():
    assert pictures.digest("got 1.5e-16") == pictures.digest("got -22.0") != pictures.digest("found 1.5e-16")


def test_difference_quotients_agree_with_the_mistake_that_the_readme_begins_with():
    names = {}
    exec(pictures.example(), names)  # noqa: S102 - our own page
    draws = np.random.default_rng(0)
    S, P, h = draws.dirichlet(np.ones(5), size=4).T, np.eye(5)[:, draws.integers(0, 5, 4)], 1e-6
    quotients = np.zeros_like(S)
    for place in np.ndindex(S.shape):
        E = np.zeros_like(S)
        E[place] = h
        quotients[place] = (names["cross_entropy"](S + E, P) - names["cross_entropy"](S - E, P)) / (2 * h)
    gradient = names["cross_entropy_vjp"](S, P)
    assert np.allclose(gradient, quotients, rtol=1e-3, atol=1e-5)  # as gradcheck has it
    assert np.abs(gradient - quotients).max() < 1e-8 * np.abs(gradient).max()
