"""`caltrop corpus run`: every detection of a content repository over data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from caltrop.cli.options import windows_option

if TYPE_CHECKING:
    from caltrop.corpus import Run

NAMES_SHOWN = 5


@click.group(short_help="Run every detection of a content repository over data.")
def command() -> None:
    """Work with a whole content repository."""


@command.command("run")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path), metavar="DIR")
@click.option("--data", multiple=True, metavar="PATH", help="File, folder, archive or archive!member; may be repeated.")
@click.option("--macro", "macros", multiple=True, metavar="NAME=DEF", help="Replace a macro; may be repeated.")
@windows_option
@click.option("--all", "everything", is_flag=True, help="Also detections that are not in production.")
@click.option("--format", "layout", type=click.Choice(["text", "jsonl"]), default="text", show_default=True)
@click.option("--rows", is_flag=True, help="With jsonl: add the result rows.")
def run_command(
    folder: Path,
    data: tuple[str, ...],
    macros: tuple[str, ...],
    windows: str,
    everything: bool,
    layout: str,
    rows: bool,
) -> int:
    """Render the repository into an app, index the data, and run each production detection over all time.

    One line a detection, errors grouped by cause, a summary last. Exit code 1 when a detection could not run.
    """
    import time

    from caltrop import corpus
    from caltrop.content import load

    catalogue = load(folder)
    runs: list[Run] = []
    with corpus.instance_of(catalogue, data, macros, windows=windows) as (instance, events):
        began = time.perf_counter()
        for detection in catalogue.detections:
            if not everything and detection.status != "production":
                continue
            one = corpus.run(instance, detection, catalogue.config.id, rows=rows)
            runs.append(one)
            if layout == "jsonl":
                click.echo(json.dumps(one.as_json(rows=rows), ensure_ascii=False))
            else:
                outcome = f"{one.hits:>7} hits" if one.error is None else f"{'error':>12}"
                click.echo(f"{outcome} {one.milliseconds:>9.1f} ms  {one.name}")
        seconds = time.perf_counter() - began
    failed = [one for one in runs if one.error is not None]
    for cause, group in corpus.errors_by_cause(runs):
        shown = ", ".join(one.name for one in group[:NAMES_SHOWN]) + (" …" if len(group) > NAMES_SHOWN else "")
        click.echo(f"{len(group)} x {cause}: {shown}", err=True)
    hit = sum(one.hits > 0 for one in runs)
    click.echo(
        f"{len(runs)} detections over {events:,} events in {seconds:.1f} s: {len(runs) - len(failed)} ran, "
        f"{hit} with hits, {len(failed)} with errors",
        err=layout == "jsonl",
    )
    return 1 if failed else 0
