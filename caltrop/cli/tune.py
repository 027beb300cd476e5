"""`caltrop tune`: what the filter macro of a detection holds, what another one would leave, and the other one saved."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from caltrop.cli.options import Login, installed_options

if TYPE_CHECKING:
    from caltrop.operate.installed import Installed
    from caltrop.operate.tuning import Preview
    from caltrop.replay.target import Row

SHOWN = 10  # hits that go


@click.command("tune")
@click.argument("name")
@click.option(
    "--filter", "candidate", metavar="SPL", help="What the macro is to hold, such as 'search NOT user=\"backup\"'."
)
@click.option("--preview", is_flag=True, help="Show which hits stay and which go, and save nothing.")
@click.option("--earliest", default="-24h@h", show_default=True, metavar="TIME", help="Preview hits from then on.")
@click.option("--latest", default="now", show_default=True, metavar="TIME", help="Until then.")
@click.option("--dry-run", is_flag=True, help="Say what would change, and change nothing.")
@installed_options
def command(
    name: str, candidate: str | None, preview: bool, earliest: str, latest: str, dry_run: bool, target: str, login: Login,
    app: str | None,
) -> None:  # fmt: skip
    """Tune a detection of an installed app in its filter macro. Without --filter: what the macro holds, and with --preview what it does.

    NAME is a detection's name, its saved search, its id or its file. SPL is checked before anything is saved. The preview runs the
    detection over the range: how many hits stay, which go, by field and newest first. 'search *' lets everything through again.
    It takes write access to the app.

    \b
    caltrop tune remote_process_instantiation --target https://splunk:8089
    caltrop tune remote_process_instantiation --filter 'search NOT user="backup"' --preview --target https://splunk:8089
    """
    from caltrop.operate import tuning
    from caltrop.operate.changes import check_range
    from caltrop.operate.installed import chosen, detections, may

    check_range(earliest, latest, time.time())
    connected = login.connect(target)
    (one,) = chosen(detections(connected, app), [name], [])
    tuning.place(one)
    known = tuning.macros(connected, one.app)
    today = connected.macro(one.filter_macro, one.app)
    if candidate is not None:
        for doubt in tuning.check(connected, one, candidate, known):
            click.echo(
                f"{doubt.location}: warning: {doubt.message}" + (f" ({doubt.hint})" if doubt.hint else ""), err=True
            )
    click.echo(f"{one.name}: `{one.filter_macro}` in {one.app}")
    click.echo(f"  today:     {today}")
    if candidate is not None:
        click.echo(f"  candidate: {candidate}")
    if preview:
        wanted = today if candidate is None else candidate
        _show(
            tuning.preview(connected, one, today, wanted, earliest, latest),
            one,
            f"between {earliest} and {latest}",
            candidate,
        )
    if candidate is None:
        return
    if candidate == today:
        click.echo("unchanged: the macro holds that already")
    elif preview or dry_run:
        click.echo("nothing was saved" if preview else "would be saved: nothing was changed")
    else:
        may(connected.who(), [one])
        tuning.save(connected, one, candidate)
        click.echo("saved")


def _show(found: Preview, one: Installed, when: str, candidate: str | None) -> None:
    from caltrop.operate.tuning import HIGH, high, score

    if not found.hits:
        click.echo(f"no hits {when}: a longer range says more (--earliest)")
        return
    if candidate is None:
        click.echo(f"{len(found.hits)} hits {when}: {len(found.today)} stay")
        _rows(found.now, found, one, "what stays")
        return
    click.echo(
        f"{len(found.hits)} hits {when}: today {len(found.today)} stay, with the candidate {len(found.candidate)}; "
        f"{len(found.gone)} go, {len(found.back)} come back"
    )
    _rows(found.gone, found, one, "what goes")
    _rows(found.back, found, one, "what comes back")
    if found.removes_everything:
        click.echo("warning: the candidate removes every hit of the range", err=True)
    scoring = high(found.gone, one)
    if scoring:
        most = max(score(row, one) for row in scoring)
        click.echo(
            f"warning: {len(scoring)} of the hits that go score high: {most:g} at most, high begins at {HIGH}", err=True
        )


def _rows(rows: Sequence[Row], found: Preview, one: Installed, what: str) -> None:
    from caltrop.cli import results
    from caltrop.cli.remote import as_table
    from caltrop.operate.tuning import arranged, by_field

    if not rows:
        return
    click.echo(f"{what}, by field:")
    for name, counts in by_field(rows, found.hits, one):
        click.echo(f"  {name}: " + ", ".join(f"{value} ({count})" for value, count in counts))
    click.echo(f"{what}, newest first" + (f", {SHOWN} of {len(rows)}:" if len(rows) > SHOWN else ":"))
    for line in results.lines_of(as_table([arranged(row, one) for row in rows[:SHOWN]]), "table"):
        click.echo(f"  {line}")
