"""`caltrop schedule`: when detections of an installed app run, and over which time."""

from __future__ import annotations

import click

from caltrop.cli.options import Login, chosen_options, installed_options


@click.command("schedule")
@chosen_options
@click.option("--cron", metavar="CRON", help="When: minute hour day month weekday, such as '*/15 * * * *'.")
@click.option("--earliest", metavar="TIME", help="From when on a run looks, such as -70m@m.")
@click.option("--latest", metavar="TIME", help="Until when, such as -10m@m: late events are found by the next run.")
@click.option("--enable", is_flag=True, help="Let them run, too.")
@installed_options
def command(
    names: tuple[str, ...], stories: tuple[str, ...], everything: bool, dry_run: bool, cron: str | None, earliest: str | None,
    latest: str | None, enable: bool, target: str, login: Login, app: str | None,
) -> None:  # fmt: skip
    """Set when detections of an installed app run, and over which time.

    NAME is a detection's name, its saved search, its id or its file. What is not given stays as it is. Let each run look over at
    least as long as until the next one, or what lies between is never looked at.

    \b
    caltrop schedule remote_process_instantiation --cron '*/30 * * * *' --earliest=-40m@m --target https://splunk:8089
    caltrop schedule --story "Active Directory Lateral Movement" --cron '0 6 * * *' --enable --target https://splunk:8089
    """
    if cron is None and earliest is None and latest is None:
        raise click.UsageError("say what changes: --cron, --earliest, --latest")
    import time

    from caltrop.cli.operating import change
    from caltrop.operate.changes import ENABLED, schedule

    wanted = schedule(cron, earliest, latest, time.time()) | (ENABLED if enable else {})
    change(target, login, app, names, stories, wanted, everything=everything, dry_run=dry_run)
