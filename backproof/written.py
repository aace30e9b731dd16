"""How a run ends on the command line: its reports are written, it is printed, and the process exits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NoReturn

import typer
from rich.console import Console

from backproof.options import Outputs
from backproof.output import INTERRUPTED, complain
from backproof_docs.files import require_folder, require_writable, write
from backproof_docs.html import to_html
from backproof_docs.junit import to_junit
from backproof_docs.markdown import to_markdown
from backproof_docs.report import Report
from backproof_docs.reproducer import reproducers
from backproof_docs.terminal import print_report
from backproof_impl.conventions import UsageError

_RENDERERS: dict[str, Callable[[Report], str]] = {
    "json": Report.to_json,
    "junit": to_junit,
    "html": to_html,
    "markdown": to_markdown,
}


def _files(outputs: Outputs) -> dict[str, Path]:
    return {name: path for name in _RENDERERS if (path := getattr(outputs, name)) is not None}


def require(outputs: Outputs, campaign: Path | None = None) -> None:
    """Refuse, before any work, what could not be written after it, or would be written over the campaign."""
    files = _files(outputs)
    over = [name for name, path in files.items() if campaign is not None and path.resolve() == campaign.resolve()]
    if over:
        msg = f"--{over[0]} is {campaign}, the file of the campaign; expected two files"
        raise UsageError(msg)
    twice = [name for name, path in files.items() if list(files.values()).count(path) > 1]
    if twice:
        msg = f"--{twice[0]} and --{twice[1]} are both {files[twice[0]]}; expected two files"
        raise UsageError(msg)
    for path in files.values():
        require_writable("report", path)
    if outputs.reproducers is not None:
        require_folder("--reproducers", outputs.reproducers)


def conclude(report: Report, outputs: Outputs) -> NoReturn:
    """Write the reports, print one, and exit with its status."""
    lost = list(_unwritten(report, _files(outputs), outputs.reproducers))
    if report.unloadable:
        complain(report.unloadable)
    else:
        print_report(report, Console(highlight=False, soft_wrap=False), coverage=outputs.coverage)
    if lost:
        raise UsageError("; ".join(lost))
    raise typer.Exit(INTERRUPTED if report.interrupted else 0 if report.passed else 1)


def _unwritten(report: Report, files: Mapping[str, Path], folder: Path | None) -> Iterator[str]:
    """Write the reports and the reproducers: why one could not be written, of each."""
    texts = [("report", path, _RENDERERS[name](report)) for name, path in files.items()]
    if folder is not None:
        texts += [("reproducer", folder / name, script) for name, script in reproducers(report, folder).items()]
    for each in texts:
        try:
            write(*each)
        except UsageError as error:
            yield str(error)
