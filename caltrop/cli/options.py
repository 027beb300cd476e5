"""Options that several commands share, so that they are spelled and explained once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


def addon_options(command: F) -> F:
    """--app and --no-addons, of every command that looks at events: `packages` says what they come to."""
    for option in (
        click.option(
            "--addons/--no-addons", default=True, help="Use Caltrop's own add-ons (default); those you install stay."
        ),
        click.option(
            "--app", "apps", multiple=True, type=click.Path(exists=True, path_type=Path), metavar="PACKAGE",
            help="An add-on or other app: a folder, .tar.gz, .spl or .zip; may be repeated. So is `addons` of app.yml.",
        ),
    ):  # fmt: skip
        command = option(command)
    return command


def packages(apps: Sequence[Path], root: Path = Path()) -> list[Path]:
    """What to install: the `addons` of the app.yml in this folder, if there is one, then what --app names."""
    if not (root / "app.yml").is_file():
        return list(apps)
    from caltrop.content.config import addon_packages

    return [*addon_packages(root), *apps]


windows_option = click.option(
    "--windows", type=click.Choice(["xml", "classic"]), default="xml", help="How Windows events are rendered."
)


attack_data_option = click.option(
    "--attack-data", multiple=True, type=click.Path(exists=True, file_okay=False, path_type=Path), metavar="DIR",
    help="A local clone of published data (attack_data), found by the path of its URLs; may be repeated. "
    "So is `data_cache` of app.yml.",
)  # fmt: skip


def data_options(command: F) -> F:
    """--data and what says how it is read, of commands that search over files (`loading.loaded`)."""
    for option in (
        windows_option,
        click.option(
            "--read-as", default="auto", metavar="FORMAT",
            help="What the files are, instead of finding out: a name of docs/importing.md.",
        ),
        click.option("--host", help="Give all events this host."),
        click.option("--source", help="Give all events this source."),
        click.option("--sourcetype", help="Give all events this source type."),
        click.option("--index", help="Put all events into this index."),
        click.option("--now", type=float, metavar="EPOCH", help="Pin the current time."),
        click.option(
            "--lookup", "lookups", multiple=True, metavar="FILE.csv",
            type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A lookup, by its name; may be repeated.",
        ),
        click.option(
            "--data", multiple=True, metavar="PATH",
            help="A file, folder, archive, archive!member, or - for standard input; may be repeated.",
        ),
    ):  # fmt: skip
        command = option(command)
    return command


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
