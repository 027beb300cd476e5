"""caltrop spl check: the mistakes of searches, and lints, wherever they are kept."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from textwrap import indent

import click

from caltrop.analysis import RULES, UNREADABLE, Mistake, analyse
from caltrop.cli.groups import Group
from caltrop.searchfiles import Written, known_beside, searches
from caltrop.spl import LINTS, lint

_CODES = sorted({*LINTS, *RULES, *UNREADABLE})


@click.group(cls=Group)
def command() -> None:
    """Check SPL.

    \b
    caltrop spl check detections/
    echo 'index=main | stats count' > s.spl && caltrop spl check s.spl
    """


@command.command()
@click.argument("files", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option(
    "--jsonl",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="One JSON object a line.",
)
@click.option("--ignore", multiple=True, metavar="CODE", type=click.Choice(_CODES), help="Leave out a rule or lint.")
@click.option("--no-lint", is_flag=True, help="Parse only.")
@click.pass_context
def check(
    ctx: click.Context, files: tuple[Path, ...], jsonl: tuple[Path, ...], ignore: tuple[str, ...], no_lint: bool
) -> int:
    """Find the mistakes in every search of FILES, and lint it.

    A .conf file is read as savedsearches.conf (with the macros.conf beside it), a .yml or .yaml file as a detection or
    baseline (folders: all of these below), a .jsonl file as objects with a "search" (or "spl", "query"), anything else as
    the text of one search. Findings go to stderr as file:line:col: message; the last line of stdout is "parsed N of M".
    Exit code 1 when a search does not parse, or cannot work.

    \b
    caltrop spl check detections/
    caltrop spl check default/savedsearches.conf s.spl
    """
    if not files and not jsonl:
        raise click.UsageError("name at least one file, or --jsonl FILE")
    parsed = total = broken = 0
    for written in _all(files, jsonl):
        total += 1
        if written.broken:
            click.echo(f"{written.place(0)}: {written.broken}", err=True)
            continue
        found = analyse(written.text, known_beside(Path(written.file)), ignore=ignore)
        reading = found.reading
        readable = reading is not None or not any(one.code in UNREADABLE for one in found.mistakes)
        parsed += readable
        shown = [one for one in found.mistakes if not no_lint or (one.code in UNREADABLE and not readable)]
        broken += any(one.severity == "error" for one in shown)
        for one in shown:
            _show(written, one)
        if reading is not None and not no_lint:
            for advice in lint(reading.pipeline, reading.text, ignore=ignore):
                at = reading.expansion.original(advice.span).start
                click.echo(f"{written.place(at)}: {advice.code}: {advice.message}", err=True)
    click.echo(f"parsed {parsed} of {total}")
    return 0 if parsed == total and not broken else 1


def _show(written: Written, one: Mistake) -> None:
    severity = "" if one.severity == "error" else f"{one.severity}: "
    click.echo(f"{written.place(one.span.start)}: {severity}{one.message} [{one.code}]", err=True)
    click.echo(indent(written.excerpt(one.span.start, one.span.end), "  "), err=True)
    if one.hint:
        click.echo(f"  hint: {one.hint}", err=True)


def _all(files: tuple[Path, ...], jsonl: tuple[Path, ...]) -> Iterator[Written]:
    for path in jsonl:
        yield from searches(path, jsonl=True)
    for path in files:
        if path.is_dir():
            kinds = (".yml", ".yaml", ".conf", ".spl")
            for member in sorted(p for p in path.rglob("*") if p.suffix in kinds and p.is_file()):
                yield from searches(member)
        else:
            yield from searches(path)
