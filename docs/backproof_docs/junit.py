"""JUnit XML: one test case for each link of each claim, for continuous integration services."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

from backproof_docs.report import Report
from backproof_properties.results import Outcome, Verdict

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 admits nowhere, not even escaped; a target's messages may hold anything."""


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text)


def to_junit(report: Report) -> str:
    """The report as JUnit XML text."""
    kinds = [outcome.verdict for outcome in report.results]
    suite = ET.Element(
        "testsuite",
        name=_clean(f"backproof {report.target}"),
        tests=str(len(kinds)),
        failures=str(kinds.count(Verdict.REFUTED) + kinds.count(Verdict.UNCERTIFIED)),
        errors=str(kinds.count(Verdict.ERROR)),
        skipped=str(kinds.count(Verdict.UNSUPPORTED)),
        time=f"{report.seconds:.3f}",
    )
    properties = ET.SubElement(suite, "properties")
    for name, value in (("seed", report.seed), ("examples", report.examples), ("conventions", report.conventions)):
        ET.SubElement(properties, "property", name=name, value=_clean(str(value)))
    for outcome in report.results:
        _case(suite, outcome)
    return ET.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


_ELEMENTS = {
    Verdict.REFUTED: "failure",
    Verdict.UNCERTIFIED: "failure",
    Verdict.ERROR: "error",
    Verdict.UNSUPPORTED: "skipped",
}


def _case(suite: ET.Element, outcome: Outcome) -> None:
    name = f"{outcome.link}" + (f" [{outcome.dtype}]" if outcome.dtype else "")
    case = ET.SubElement(suite, "testcase", classname=outcome.claim, name=name)
    if outcome.verdict in _ELEMENTS:
        message = outcome.finding.message if outcome.finding else outcome.reason or ""
        element = ET.SubElement(case, _ELEMENTS[outcome.verdict], message=_clean(message), type=str(outcome.verdict))
        if outcome.finding:
            element.text = _clean("\n".join(f"{name} = {value}" for name, value in outcome.finding.inputs.items()))
