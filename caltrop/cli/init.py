"""`caltrop init`: begin a content repository."""

from __future__ import annotations

import datetime
from pathlib import Path

import click


@click.command("init")
@click.argument("folder", default=".", type=click.Path(file_okay=False, path_type=Path), metavar="[DIR]")
@click.option("--author", default="Unknown", help="Who writes the content.")
@click.option("--date", help="Creation date; today by default.")
def command(folder: Path, author: str, date: str | None) -> None:
    """Begin a content repository in DIR: one detection with its data, and all that it needs to be proved.

    Prints the files. Nothing that exists is touched.

    \b
    caltrop init detections
    cd detections && caltrop test
    """
    from caltrop.content.begin import begin

    for path in begin(folder, date or datetime.date.today().isoformat(), author):
        click.echo(str(path))
    click.echo("try: " + ("" if folder == Path() else f"cd {folder} && ") + "caltrop test", err=True)
