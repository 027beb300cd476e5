"""`caltrop disable`: detections of an installed app run no more."""

from __future__ import annotations

import click

from caltrop.cli.options import Login, chosen_options, installed_options


@click.command("disable")
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
    """Let detections of an installed app run no more; their schedules and filter macros stay.

    NAME is a detection's name, its saved search, its id or its file.

    \b
    caltrop disable remote_process_instantiation --target https://splunk:8089
    caltrop disable --all --target https://splunk:8089 --dry-run
    """
    from caltrop.cli.operating import change
    from caltrop.operate.changes import DISABLED

    change(target, login, app, names, stories, DISABLED, everything=everything, dry_run=dry_run)
