"""`caltrop hunt`: the detections of a repository over a folder of logs, as an incident responder reads them."""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from caltrop.cli.options import addon_options, packages, windows_option
from caltrop.cli.progress import shown, waiting

if TYPE_CHECKING:
    from caltrop.hunt.model import Outcome

_TYPES = click.Choice(["TTP", "Anomaly", "Hunting", "Correlation"], case_sensitive=False)


@click.command(short_help="Run a repository's detections over data; hits first, worst on top.")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path), metavar="DIR")
@click.option("--data", multiple=True, metavar="PATH", help="File, folder, archive or archive!member; may be repeated.")
@click.option("--detection", "names", multiple=True, metavar="NAME", help="Only this one: name, id or file; * allowed.")
@click.option("--story", "stories", multiple=True, metavar="NAME", help="Only detections of this story; * allowed.")
@click.option("--technique", "techniques", multiple=True, metavar="ID", help="Only this technique, and those below it.")
@click.option("--type", "types", multiple=True, type=_TYPES, help="Only detections of this type.")
@click.option("--min-risk", type=click.IntRange(0), default=0, help="Only detections with this risk score or more.")
@click.option(
    "--all", "everything", is_flag=True,
    help="Also what is not in production, whose data is not here, and what has no hit.",
)  # fmt: skip
@click.option(
    "-o", "--out", "outs", multiple=True, type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
    help="Write it down: FILE.csv, .jsonl, .html, .timesketch.csv (super-timeline) or .layer.json (ATT&CK Navigator); "
    "may be repeated.",
)  # fmt: skip
@click.option("--macro", "macros", multiple=True, metavar="NAME=DEF", help="Replace a macro; may be repeated.")
@windows_option
@addon_options
@click.option(
    "--format", "layout", type=click.Choice(["text", "jsonl"]), default="text", show_default=True,
    help="jsonl: one object for each detection, with or without hits.",
)  # fmt: skip
@click.option("--rows", is_flag=True, help="With jsonl: add the result rows.")
def command(
    folder: Path,
    data: tuple[str, ...],
    names: tuple[str, ...],
    stories: tuple[str, ...],
    techniques: tuple[str, ...],
    types: tuple[str, ...],
    min_risk: int,
    everything: bool,
    outs: tuple[Path, ...],
    macros: tuple[str, ...],
    windows: str,
    apps: tuple[Path, ...],
    addons: bool,
    layout: str,
    rows: bool,
) -> int:
    """Run the production detections of the repository DIR over data, each over all time, and show what they find.

    Hits come most severe first, with technique, risk, times, hosts and users; then what they add up to by tactic and by
    entity; errors last, by cause. A detection whose data is not here is counted and not run. Exit code 1 when one could
    not run.

    \b
    caltrop hunt security_content --data evidence.zip
    caltrop hunt . --data /cases/17/logs --technique T1003 --min-risk 50
    caltrop hunt . --data host1.evtx -o hits.html -o hits.timesketch.csv
    """
    from caltrop.content import load
    from caltrop.content.cache import home
    from caltrop.corpus.run import instance_of
    from caltrop.hunt import files, screen
    from caltrop.hunt.choice import chosen
    from caltrop.hunt.run import hunt
    from caltrop.knowledge import app_folders

    for path in outs:
        files.check(path)
    with waiting("reading the content"):
        catalogue = load(folder, checks=False, cache=home(folder))
    detections, left_out = chosen(
        catalogue, detections=names, stories=stories, techniques=techniques, types=types, min_risk=min_risk,
        everything=everything,
    )  # fmt: skip
    with ExitStack() as stack:
        with waiting("reading the data"):
            folders = stack.enter_context(app_folders(packages(apps, folder), addons=addons))
            given = instance_of(catalogue, data, folders, macros, windows=windows)
            instance, events = stack.enter_context(given)
        followed = shown("hunting", detections, len(detections))
        found = hunt(instance, catalogue, followed, events, everything=everything, left_out=left_out)
    for path in outs:
        for text in files.write(found, path):
            click.echo(f"{path}: {text}", err=True)
        click.echo(f"wrote {path}", err=True)
    if layout == "jsonl":
        for one in sorted(found.outcomes, key=lambda o: o.detection.file):
            click.echo(json.dumps(_as_json(one, rows=rows), ensure_ascii=False))
    else:
        for line in screen.lines(found, everything=everything):
            click.echo(line)
    for line in screen.errors(found):
        click.echo(line, err=True)
    click.echo(screen.summary(found), err=layout == "jsonl")
    return 1 if found.errors else 0


def _as_json(outcome: Outcome, *, rows: bool) -> dict[str, Any]:
    from caltrop.hunt.files import rows_of

    value = {
        "id": outcome.detection.id,
        "name": outcome.name,
        "hits": outcome.hits,
        "milliseconds": round(outcome.milliseconds, 3),
        "error": outcome.error or None,
    }
    return value | {"rows": rows_of(outcome) if outcome.found else []} if rows else value
