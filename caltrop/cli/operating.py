"""What `caltrop enable`, `disable` and `schedule` have in common: who is meant, what changes, and the saying of it."""

from __future__ import annotations

import inspect
from collections.abc import Mapping

import click

from caltrop.cli.options import Login, chosen_options, installed_options


def change(
    target: str, login: Login, app: str | None, names: tuple[str, ...], stories: tuple[str, ...], wanted: Mapping[str, str],
    *, everything: bool, dry_run: bool,
) -> None:  # fmt: skip
    """Look at all that are meant, then change those whose settings differ; one line each."""
    if not names and not stories and not everything:
        raise click.UsageError("name a detection, or say --story STORY or --all")
    from caltrop.operate import changes, installed

    chosen = login.connect(target)
    meant = installed.chosen(installed.detections(chosen, app), names, stories, everything=everything)
    planned = changes.plan(meant, wanted)
    changes.check(chosen, planned)
    for one in planned:
        if one.settings and not dry_run:
            changes.apply(chosen, one)
        click.echo(str(one))
    changing = sum(1 for one in planned if one.settings)
    verb = "would change" if dry_run else "changed"
    click.echo(f"{verb} {changing} of {len(planned)}", err=True)
    off = [one.detection.name for one in planned if not one.detection.enabled]
    if off and "disabled" not in wanted:
        click.echo(f"not enabled, so the schedule waits: {', '.join(off)} (caltrop enable)", err=True)


def switch(name: str, text: str, *, on: bool) -> click.Command:
    """A command that turns detections on, or off."""

    @click.command(name, help=inspect.cleandoc(text))
    @chosen_options
    @installed_options
    def command(
        names: tuple[str, ...],
        stories: tuple[str, ...],
        everything: bool,
        dry_run: bool,
        target: str,
        login: Login,
        app: str | None,
    ) -> None:
        from caltrop.operate.changes import DISABLED, ENABLED

        wanted = ENABLED if on else DISABLED
        change(target, login, app, names, stories, wanted, everything=everything, dry_run=dry_run)

    return command
