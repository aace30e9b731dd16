"""The command ``campaign``: what a campaign holds, and how it goes on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from backproof.campaigns import again, kept
from backproof.checking import check
from backproof.options import Outputs, Workers, cores
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
    more: Annotated[
        int | None,
        typer.Option("--more", metavar="N", help="Go on, with so many examples of each link more; 0: as asked."),
    ] = None,
    workers: Workers = None,
    options: Outputs,
) -> None:
    """Show what a campaign holds, or go on with it."""
    if more is not None and more < 0:
        msg = f"campaign --more {more}: expected a whole number of examples"
        raise UsageError(msg)
    require(options)
    if not file.is_file():
        msg = f"campaign {file}: no such file, expected one that --campaign has made"
        raise UsageError(msg)
    with opened(file) as campaign, Progress() as update:
        targets = campaign.targets if campaign is not None else ()
        if campaign is None or len(targets) != 1:
            several = f"it holds {len(targets)} targets, of a class: backproof grade … --campaign {file} goes on"
            nothing = f"it holds nothing yet, expected what a run with --campaign {file} has begun"
            msg = f"campaign {file}: {several if targets else nothing}"
            raise UsageError(msg)
        (target,) = targets
        report = kept(campaign, target)
        if more is not None or report is None:
            asked, again_with = again(campaign, target, more or 0)
            try:
                report = check(asked, **again_with, workers=workers or cores(), campaign=campaign, progress=update)
            except Interrupted as interrupted:
                report = interrupted.report
    conclude(report, options)
