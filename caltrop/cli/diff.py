"""`caltrop diff`: a changelog between two builds."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("diff")
@click.argument("old", type=click.Path(path_type=Path))
@click.argument("new", type=click.Path(path_type=Path))
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(old: Path, new: Path, format_: str) -> int:
    """What changed from build OLD to NEW (app folders or packages): new, changed with the search's diff, removed.

    Exit code 1 when a detection changed and its version did not.

    \b
    caltrop diff mine-1.0.0.tar.gz mine-1.1.0.tar.gz
    caltrop diff old/tree new/tree
    """
    import json
    from dataclasses import asdict

    from caltrop.render.changes import changes, report

    found = changes(old, new)
    if format_ == "json":
        click.echo(json.dumps(asdict(found), indent=2))
    else:
        for line in report(found):
            click.echo(line)
    return 1 if found.not_bumped else 0
