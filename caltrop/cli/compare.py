"""`caltrop compare`: two app trees, stanza by stanza."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("compare")
@click.argument("a", type=click.Path(path_type=Path))
@click.argument("b", type=click.Path(path_type=Path))
@click.option("--examples", default=3, show_default=True, help="Stanzas shown of each group.")
def command(a: Path, b: Path, examples: int) -> int:
    """Compare the app folders A and B; the last line is the share of equal keys. Exit code 1 when they differ.

    \b
    caltrop compare build/mine dist/tree/mine
    caltrop compare old/app new/app
    """
    from caltrop.render.compare import compare, report

    result = compare(a, b)
    for line in report(result, examples=examples):
        click.echo(line)
    return 1 if result.differences else 0
