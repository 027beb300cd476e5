"""Options that several commands share, so that they are spelled and explained once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

app_option = click.option(
    "--app",
    "apps",
    multiple=True,
    type=click.Path(exists=True, path_type=Path),
    metavar="PACKAGE",
    help="An app: a package or a folder (may be repeated).",
)
addons_option = click.option("--addons/--no-addons", default=True, help="Use the repository's add-ons (default).")
windows_option = click.option(
    "--windows", type=click.Choice(["xml", "classic"]), default="xml", help="How Windows events are rendered."
)


def credential_options(command: F) -> F:
    """--username, --password, --token and --insecure of commands that log in to a target."""
    for option in (
        click.option("--insecure", is_flag=True, help="Do not check the target's certificate."),
        click.option("--token", default="", envvar="CALTROP_TOKEN", help="A bearer token instead; or CALTROP_TOKEN."),
        click.option("--password", default="", envvar="CALTROP_PASSWORD", help="Or CALTROP_PASSWORD."),
        click.option("--username", default="admin", show_default=True, envvar="CALTROP_USERNAME"),
    ):
        command = option(command)
    return command


hec_option = click.option(
    "--hec-url", metavar="URL", help="The target's HTTP Event Collector, if its settings do not tell."
)
