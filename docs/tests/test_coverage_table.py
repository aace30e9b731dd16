"""The table of what was drawn: the least count over an operation's claims, in 80 columns; all counts in the JSON."""

import pytest

from backproof import check
from backproof_docs.terminal import text_of


@pytest.fixture(scope="module")
def report():
    return check("reference", operations=["relu", "cross_entropy"], examples=8, seed=1)


def _rows(report):
    text = text_of(report, 80, coverage=True)
    table = text.partition("examples that held")[2].split("\n\n")[0].split("\n")[1:]
    return text, {row[:22].strip(): row[22:].split() for row in table}


def test_the_table_shows_the_least_count_over_the_claims_of_an_operation(report):
    text, rows = _rows(report)
    assert max(map(len, text.split("\n"))) <= 80
    of_relu = [each.observation.drawn["one sample"] for each in report.of_target if each.claim.startswith("relu")]
    assert len(of_relu) == 2
    assert rows["one sample"][0] == str(min(of_relu))
    assert rows["one-hot"][0] == "—"
    assert int(rows["one-hot"][1]) > 0
    assert "3 layers" not in rows


def test_it_is_shown_only_where_asked_for(report):
    assert "examples that held" not in text_of(report, 80)


def test_the_counts_are_in_the_json(report):
    links = {(row["id"], link["link"]): link for row in report.to_dict()["claims"] for link in row["links"]}
    assert links["relu.dZ", "formula → implementation"]["drawn"]["one sample"] > 0
    assert links["relu.dZ", "Jacobian → formula"]["drawn"] == {}
