"""caltrop search: SPL over files, with no server."""

from __future__ import annotations

from pathlib import Path

import click

from caltrop.cli.options import addon_options, packages, windows_option


@click.command()
@click.argument("spl")
@click.option(
    "--data", "data", multiple=True, metavar="PATH", help="A file, folder, archive or archive!member (may be repeated)."
)
@addon_options
@click.option("--earliest", help="Start of the time range: -1h@h, epoch seconds, …")
@click.option("--latest", help="End of the time range.")
@click.option("--now", type=float, metavar="EPOCH", help="Pin the current time.")
@click.option("--index", help="Put all events into this index.")
@click.option("--sourcetype", help="Give all events this source type.")
@click.option("--source", help="Give all events this source.")
@click.option("--host", help="Give all events this host.")
@click.option(
    "--read-as",
    "form",
    default="auto",
    metavar="FORMAT",
    help="What the files are, instead of finding out: a name of docs/importing.md.",
)
@windows_option
@click.option(
    "--context", default="search", metavar="APP", help="The app whose knowledge objects the search sees first."
)
@click.option(
    "--format", "output", type=click.Choice(["table", "json", "csv"]), default="table", help="json: one object a line."
)
def command(
    spl: str, data: tuple[str, ...], apps: tuple[Path, ...], addons: bool, earliest: str | None, latest: str | None,
    now: float | None, index: str | None, sourcetype: str | None, source: str | None, host: str | None, form: str,
    windows: str, context: str, output: str,
) -> None:  # fmt: skip
    """Run SPL over files of any log format, with no server.

    What the search writes (outputlookup) is there for the search, and gone with it: no app is changed.
    """
    from caltrop.cli import results
    from caltrop.engine.context import Message
    from caltrop.engine.instance import Instance
    from caltrop.explained import explained
    from caltrop.knowledge import app_folders

    with app_folders(packages(apps), addons=addons) as folders:
        instance = Instance(None, folders, now=now)
        instance.store.create_index("main")
        options = instance.import_options(
            host=host, source=source, sourcetype=sourcetype, index=index, format=form,
            windows="classic" if windows == "classic" else "xml",
            on_problem=lambda problem: click.echo(str(problem), err=True),
        )  # fmt: skip
        for path in data:
            if not instance.add_file(path, options):
                click.echo(f"{path}: no events", err=True)
        said: list[Message] = []
        try:
            result = instance.search(spl, earliest=earliest, latest=latest, app=context, messages=said)
        finally:  # a search that fails may have said before what is wrong
            for message in said:
                click.echo(f"{message.severity}: {message.text}", err=True)
    if len(result.table):
        {"json": results.write_json, "csv": results.write_csv, "table": results.write_table}[output](result.table)
        return
    if output == "csv":
        results.write_csv(result.table)
    explanation = explained(instance, result, app=context)
    if not data and any(finding.subject == "data" for finding in explanation.findings):
        click.echo("0 rows: there is no data to search; name files with --data", err=True)
        return
    for line in explanation.lines():
        click.echo(line, err=True)
