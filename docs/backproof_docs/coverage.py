"""What was drawn, as a table: for each regime and operation how many examples of each claim held it, at the least."""

from __future__ import annotations

from rich.table import Table

from backproof_docs.report import Report
from backproof_properties.coverage import REGIMES

_HEADERS = {
    "linear": "linear",
    "relu": "relu",
    "softmax": "softmax",
    "cross_entropy": "loss",
    "softmax_cross_entropy": "fused",
    "network": "network",
    "chain": "chain",
}


def coverage_table(report: Report) -> Table:
    """One row for each regime that concerns a claim that was run; — where it concerns none of the operation."""
    ran = [each for each in report.of_target if each.examples]
    operations = [name for name in _HEADERS if any(each.claim.partition(".")[0] == name for each in ran)]
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="bold")
    table.add_column("examples that held", no_wrap=True)
    for name in operations:
        table.add_column(_HEADERS[name], justify="right", no_wrap=True)
    for regime in REGIMES:
        cells = []
        for name in operations:
            counts = [
                each.observation.drawn[regime.name]
                for each in ran
                if each.claim.partition(".")[0] == name and regime.concerns(each.claim)
            ]
            cells.append(str(min(counts)) if counts else "—")
        if any(cell != "—" for cell in cells):
            table.add_row(regime.name, *cells)
    return table
