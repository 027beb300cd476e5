"""caltrop knowledge: add-ons against example logs."""

from __future__ import annotations

from pathlib import Path

import click

from caltrop.cli.groups import Group
from caltrop.cli.options import addon_options, packages
from caltrop.errors import CaltropError


@click.group("knowledge", cls=Group)
def command() -> None:
    """Check add-ons against example logs.

    \b
    caltrop knowledge check data_sources
    caltrop knowledge check data_sources --app Splunk_TA_windows.tgz
    """


@command.command("check")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@addon_options
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", help="json: one object a data source."
)
def check(folder: Path, apps: tuple[Path, ...], addons: bool, form: str) -> int:
    """Index each example log of the data sources in FOLDER, extract its fields, compare them with those listed.

    FOLDER is a content repository (its data_sources/ is read) or a folder of data source files. Then every fault of the
    knowledge of all apps, with file and line; exit code 1 when one is of an app of --app.
    """
    from caltrop import recall
    from caltrop.engine.instance import Instance
    from caltrop.knowledge import app_folders

    chosen = packages(apps)
    with app_folders(chosen, addons=addons) as folders:
        instance = Instance(None, folders)
        verdicts, problems = recall.examine(instance, list(recall.samples(folder)))
        given = {path.name for path in folders[len(folders) - len(chosen) :]}
        faults = recall.faults(instance, sorted(given))
    for verdict in verdicts:
        click.echo(recall.as_json(verdict) if form == "json" else recall.as_text(verdict))
    told = set(map(str, faults))
    for problem in [text for text in problems if text not in told]:
        click.echo(f"warning: {problem}", err=True)
    if not verdicts:
        raise CaltropError(f"{folder}: no data source has both an example log and a list of fields")
    for fault in faults:
        click.echo(f"fault: {fault}", err=True)
    for line in recall.summary(verdicts):
        click.echo(line, err=form == "json")
    return 1 if any(fault.place.partition("/")[0] in given for fault in faults) else 0
