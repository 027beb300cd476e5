"""caltrop knowledge: add-ons against example logs."""

from __future__ import annotations

from pathlib import Path

import click

from caltrop.cli.options import addon_options, packages
from caltrop.errors import CaltropError


@click.group("knowledge")
def command() -> None:
    """Check add-ons against example logs."""


@command.command("check")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@addon_options
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", help="json: one object a data source."
)
def check(folder: Path, apps: tuple[Path, ...], addons: bool, form: str) -> None:
    """Index each example log of the data sources in FOLDER, extract its fields, compare them with those listed.

    FOLDER is a content repository (its data_sources/ is read) or a folder of data source files.
    """
    from caltrop import recall
    from caltrop.engine.instance import Instance
    from caltrop.knowledge import app_folders

    with app_folders(packages(apps), addons=addons) as folders:
        instance = Instance(None, folders)
        verdicts, problems = recall.examine(instance, list(recall.samples(folder)))
    for verdict in verdicts:
        click.echo(recall.as_json(verdict) if form == "json" else recall.as_text(verdict))
    for problem in problems:
        click.echo(f"warning: {problem}", err=True)
    if not verdicts:
        raise CaltropError(f"{folder}: no data source has both an example log and a list of fields")
    for line in recall.summary(verdicts):
        click.echo(line, err=form == "json")
