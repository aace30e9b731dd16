"""The command ``campaign``: what a campaign holds, and how it goes on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from backproof.campaigns import again, kept
from backproof.checking import check
from backproof.options import Cluster, Outputs, Workers, processes
from backproof.progress import Progress
from backproof.shown import Interrupted
from backproof.written import conclude, require
from backproof_docs.files import require_writable
from backproof_impl.conventions import UsageError
from backproof_properties.campaign import Campaign


@contextmanager
def opened(path: Path | None) -> Iterator[Campaign | None]:
    """The campaign of this file, if one is named."""
    if path is None:
        yield None
        return
    require_writable("campaign", path)
    campaign = Campaign(path)
    try:
        yield campaign
    finally:
        campaign.close()


def resumed(
    *,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What --campaign has made.", show_default=False)],
    target: Annotated[
        str | None, typer.Argument(metavar="[TARGET]", help="Of a file that holds several.", show_default=False)
    ] = None,
    more: Annotated[
        int | None, typer.Option("--more", metavar="N", help="Go on, with so many examples of each link more, or 0.")
    ] = None,
    workers: Workers = None,
    cluster: Cluster = None,
    options: Outputs,
) -> None:
    """Show what a campaign holds, or go on with it."""
    if more is not None and more < 0:
        msg = f"campaign --more {more}: expected a whole number of examples"
        raise UsageError(msg)
    where = processes(workers, cluster)
    require(options, file)
    if not file.is_file():
        msg = f"campaign {file}: no such file, expected one that --campaign has made"
        raise UsageError(msg)
    with opened(file) as campaign, Progress() as update:
        if campaign is not None:  # it is named
            chosen = _chosen(campaign.targets, target, file)
            report = kept(campaign, chosen)
            if more is not None:
                asked, options_again = again(campaign, chosen, more)
                try:
                    report = check(asked, **options_again, **where, campaign=campaign, progress=update)
                except Interrupted as interrupted:
                    report = interrupted.report
    if report is None:
        msg = f"campaign {file}: nothing of {chosen} was judged yet: --more 0 goes on"
        raise UsageError(msg)
    conclude(report, options)


def _chosen(targets: Sequence[str], target: str | None, file: Path) -> str:
    """The one that there is, or that is named."""
    if target is not None:
        found = [each for each in targets if target in {each, Path(each).name} or str(Path(target).resolve()) == each]
    else:
        found = list(targets)
    if len(found) != 1:
        held = f"it holds {', '.join(targets)}: name one" if targets else "it holds nothing yet"
        msg = f"campaign {file}: {held}"
        raise UsageError(msg)
    return found[0]
