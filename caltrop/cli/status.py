"""`caltrop status`: the detections of an installed app, whether they run, and what they found."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from caltrop.cli.options import Login, installed_options

if TYPE_CHECKING:
    from caltrop.operate.installed import Installed


@click.command("status")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--story", "stories", multiple=True, metavar="STORY", help="Those that tell it; may be repeated.")
@click.option("--earliest", default="-24h@h", show_default=True, metavar="TIME", help="Runs and hits from then on.")
@click.option("--latest", default="now", show_default=True, metavar="TIME", help="Until then.")
@click.option(
    "--format", "form", type=click.Choice(["table", "vertical", "csv", "json", "jsonl", "markdown"]),
    help="How it is written; by the ending of -o, else a table.",
)  # fmt: skip
@click.option("-o", "--out", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write it there.")
@installed_options
def command(
    names: tuple[str, ...], stories: tuple[str, ...], earliest: str, latest: str, form: str | None, out: Path | None,
    target: str, login: Login, app: str | None,
) -> None:  # fmt: skip
    """List the detections of an installed app as its Overview does: type, story, technique, state, schedule, next and last run, hits.

    Runs and hits are those of the schedule in the range, as the target's scheduler.log tells (index=_internal): hits over the runs
    that ended well, skipped and failed runs beside them.

    \b
    caltrop status --target https://splunk:8089
    caltrop status --story "Active Directory Lateral Movement" --earliest=-7d --target https://splunk:8089 -o status.csv
    """
    from caltrop.cli import results
    from caltrop.cli.remote import as_table
    from caltrop.dialect.strftime import strftime
    from caltrop.operate.changes import check_range
    from caltrop.operate.installed import chosen, detections
    from caltrop.operate.runs import Runs, runs

    check_range(earliest, latest, time.time())
    connected = login.connect(target)
    found = detections(connected, app)
    seen = runs(connected, found[0].app, earliest, latest)
    meant = chosen(found, names, stories, everything=not names and not stories)
    nothing = Runs()
    rows: list[dict[str, object]] = []
    for one in meant:
        ran = seen.get(one.search, nothing)
        rows.append(
            {
                "detection": one.name,
                "type": one.type,
                "story": list(one.stories),
                "technique": list(one.techniques),
                "state": _state(one),
                "schedule": one.cron,
                "next run": one.next_run,
                "last run": "" if ran.last is None else strftime(ran.last, "%Y-%m-%dT%H:%M:%S%:z"),
                "hits": str(ran.hits),
                "skipped": str(ran.skipped),
                "failed": str(ran.failed),
            }
        )
    results.write(as_table(rows), results.format_of(form, out), out)
    on = sum(one.enabled for one in meant)
    click.echo(f"{on} of {len(meant)} enabled in {found[0].app} on {connected.url}", err=True)
    if on and not seen:
        click.echo(
            f"no run between {earliest} and {latest} is told of in index=_internal: none was due, or this user may not read it",
            err=True,
        )


def _state(one: Installed) -> str:
    if not one.enabled:
        return "disabled"
    return "enabled" if one.scheduled else "enabled, not scheduled"
