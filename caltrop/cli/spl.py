"""caltrop spl check: parse and lint searches wherever they are kept."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from caltrop.searchfiles import Written, searches
from caltrop.spl import LINTS, SplError, Vocabulary, lint, parse


@click.group()
def command() -> None:
    """Parse and lint SPL."""


@command.command()
@click.argument("files", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option(
    "--jsonl",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="One JSON object a line.",
)
@click.option("--ignore", multiple=True, metavar="CODE", type=click.Choice(list(LINTS)), help="Leave out a lint.")
@click.option("--no-lint", is_flag=True, help="Parse only.")
@click.pass_context
def check(
    ctx: click.Context, files: tuple[Path, ...], jsonl: tuple[Path, ...], ignore: tuple[str, ...], no_lint: bool
) -> int:
    """Parse and lint every search of FILES.

    A .conf file is read as savedsearches.conf, a .yml or .yaml file as a detection or baseline (folders: all of these
    below), a .jsonl file as objects with a "search" (or "spl", "query"), anything else as the text of one search.
    Errors and lints go to stderr as file:line:col: message; the last line of stdout is "parsed N of M".
    Exit code 1 when a search does not parse.
    """
    if not files and not jsonl:
        raise click.UsageError("name at least one file, or --jsonl FILE")
    known = None if no_lint or "unknown-function" in ignore else _vocabulary()
    parsed = total = 0
    for written in _all(files, jsonl):
        total += 1
        if written.broken:
            click.echo(f"{written.place(0)}: {written.broken}", err=True)
            continue
        try:
            pipeline = parse(written.text)
        except SplError as error:
            click.echo(f"{written.place(error.span.start)}: {error.message}", err=True)
            if error.hint:
                click.echo(f"  hint: {error.hint}", err=True)
            continue
        parsed += 1
        if not no_lint:
            for found in lint(pipeline, written.text, ignore=ignore, vocabulary=known):
                click.echo(f"{written.place(found.span.start)}: {found.code}: {found.message}", err=True)
    click.echo(f"parsed {parsed} of {total}")
    return 0 if parsed == total else 1


def _vocabulary() -> Vocabulary:
    from caltrop.engine.vocabulary import vocabulary  # the engine is loaded only where it is asked

    return vocabulary()


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
