"""`caltrop disable`: detections of an installed app run no more."""

from __future__ import annotations

from caltrop.cli.operating import switch

command = switch(
    "disable",
    """Let detections of an installed app run no more; their schedules and filter macros stay.

    NAME is a detection's name, its saved search, its id or its file.

    \b
    caltrop disable remote_process_instantiation --target https://splunk:8089
    caltrop disable --all --target https://splunk:8089 --dry-run
    """,
    on=False,
)
