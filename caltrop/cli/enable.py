"""`caltrop enable`: let detections of an installed app run."""

from __future__ import annotations

from caltrop.cli.operating import switch

command = switch(
    "enable",
    """Let detections of an installed app run by their schedules.

    NAME is a detection's name, its saved search, its id or its file. What runs already stays as it is. It takes the capability
    schedule_search and write access to the app.

    \b
    caltrop enable remote_process_instantiation --target https://splunk:8089
    caltrop enable --story "Active Directory Lateral Movement" --target https://splunk:8089 --dry-run
    """,
    on=True,
)
