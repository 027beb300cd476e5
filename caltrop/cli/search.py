"""caltrop search: SPL over files, with no server; or, with --target, on a Splunk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from caltrop.cli.options import Login, addon_options, credential_options, data_options, packages
from caltrop.errors import CaltropError


@click.command()
@click.argument("spl", required=False)
@click.option(
    "-f", "--file", "spl_file", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="FILE",
    help="Read the search from a file instead.",
)  # fmt: skip
@data_options
@addon_options
@click.option("--earliest", help="Start of the time range: -1h@h, epoch seconds, …")
@click.option("--latest", help="End of the time range.")
@click.option(
    "--tz", default="UTC", show_default=True, metavar="ZONE", help="Time zone of the search and of what it shows."
)
@click.option(
    "--context", default="search", metavar="APP", help="The app whose knowledge objects the search sees first."
)
@click.option("-i", "--interactive", is_flag=True, help="Go on asking at a prompt: caltrop shell.")
@click.option("--target", metavar="URL", help="Run the search on this Splunk instead (its management URL).")
@credential_options
@click.option(
    "--format", "form", type=click.Choice(["table", "vertical", "raw", "csv", "json", "jsonl", "markdown", "parquet"]),
    help="How results are written; by the ending of -o, else a table. json and jsonl: one object a line.",
)  # fmt: skip
@click.option("--wide", is_flag=True, help="Whole cells in tables, however long.")
@click.option(
    "-o", "--out", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write the results there."
)
def command(
    spl: str | None, spl_file: Path | None, data: tuple[str, ...], lookups: tuple[Path, ...], apps: tuple[Path, ...],
    addons: bool, earliest: str | None, latest: str | None, now: float | None, index: str | None, sourcetype: str | None,
    source: str | None, host: str | None, read_as: str, windows: str, tz: str, context: str, interactive: bool,
    target: str | None, login: Login, form: str | None, wide: bool,
    out: Path | None,
) -> None:  # fmt: skip
    """Run SPL over files of any log format, with no server.

    What the search writes (outputlookup) is there for the search, and gone with it: no app is changed.

    \b
    caltrop search --data sysmon.evtx 'EventCode=1 | stats count by Image'
    zcat access.log.gz | caltrop search --data - --sourcetype access_combined 'status=404 | top uri' -o top.csv
    caltrop search --data logs/ --lookup users.csv -f hunt.spl --format vertical
    caltrop search --target https://splunk:8089 'index=web | stats count by status'
    """
    from caltrop.cli import results
    from caltrop.dialect.zones import TimeError, checked

    try:
        checked(tz)
    except TimeError as error:
        raise CaltropError(f"--tz: {error.message}", hint=error.hint) from error
    where: dict[str, Any] = {
        "host": host,
        "source": source,
        "sourcetype": sourcetype,
        "index": index,
        "format": read_as,
    }
    if interactive:
        from caltrop.cli.shell import run

        run(data, packages(apps), lookups, addons=addons, now=now, windows=windows, tz=tz, app=context, overrides=where)
        return
    text = _text(spl, spl_file)
    written = results.format_of(form, out)
    if target is not None:
        if data or lookups or apps:
            raise CaltropError("--target searches what is there", hint="leave out --data, --lookup and --app")
        from caltrop.cli.remote import search

        table = search(login.connect(target), text, earliest, latest)
        results.write(table, written, out, tz=tz, wide=wide)
        return
    from caltrop.cli.loading import loaded
    from caltrop.engine.context import Message

    with loaded(data, packages(apps), lookups, addons=addons, now=now, windows=windows, **where) as instance:
        said: list[Message] = []
        try:
            result = instance.search(
                text, earliest=earliest, latest=latest, app=context, timezone=tz, messages=said, packs=True
            )
        finally:  # a search that fails may have said before what is wrong
            for message in said:
                click.echo(f"{message.severity}: {message.text}", err=True)
        if len(result.rows):
            results.write(result.rows, written, out, tz=tz, wide=wide)
            return
        if out is not None or written in ("csv", "parquet"):
            results.write(result.table, written, out, tz=tz)
        from caltrop.explained import explained  # which most searches need not pay for

        explanation = explained(instance, result, app=context)
    if not data and any(finding.subject == "data" for finding in explanation.findings):
        click.echo("0 rows: there is no data to search; name files with --data", err=True)
        return
    for line in explanation.lines():
        click.echo(line, err=True)


def _text(spl: str | None, file: Path | None) -> str:
    """The search, from the command line or a file."""
    if (spl is None) == (file is None):
        raise click.UsageError("give a search, or -f FILE" if spl is None else "give a search or -f FILE, not both")
    if file is None:
        return str(spl)
    try:
        return file.read_text(encoding="utf-8-sig").strip()
    except UnicodeError as error:
        raise CaltropError(f"{file} is not UTF-8 text: {error}", hint="save it as UTF-8") from error
