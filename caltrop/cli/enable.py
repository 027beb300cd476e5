"""`caltrop enable`: let detections of an installed app run."""

from __future__ import annotations

import click

from caltrop.cli.options import Login, chosen_options, installed_options


@click.command("enable")
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
    """Let detections of an installed app run by their schedules.

    NAME is a detection's name, its saved search, its id or its file. What runs already stays as it is. It takes the capability
    schedule_search and write access to the app.

    \b
    caltrop enable remote_process_instantiation --target https://splunk:8089
    caltrop enable --story "Active Directory Lateral Movement" --target https://splunk:8089 --dry-run
    """
    from caltrop.cli.operating import change
    from caltrop.operate.changes import ENABLED

    change(target, login, app, names, stories, ENABLED, everything=everything, dry_run=dry_run)
