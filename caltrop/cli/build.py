"""`caltrop build`: validate, render and package."""

from __future__ import annotations

from pathlib import Path

import click

from caltrop.errors import FindingsError


@click.command("build")
@click.option("--content", default=".", type=click.Path(path_type=Path), show_default=True, help="Content repository.")
@click.option("--out", type=click.Path(path_type=Path), help="Where to build; dist/ of the repository by default.")
@click.option("--unchecked", is_flag=True, help="Build without validation: content that is known to be sound.")
def command(content: Path, out: Path | None, unchecked: bool) -> None:
    """Validate, render and package the content; prints the package path last."""
    from caltrop.content import load
    from caltrop.render import build

    catalogue = load(content, checks=not unchecked)
    for problem in catalogue.blocking:
        click.echo(f"{problem}", err=True)
        if problem.hint:
            click.echo(f"  hint: {problem.hint}", err=True)
    if catalogue.blocking:
        raise FindingsError(f"{len(catalogue.errors)} error(s): nothing was built", hint="`caltrop validate` shows all")
    if catalogue.problems:
        count = len(catalogue.problems)
        click.echo(f"{count} problem(s) in the content; `caltrop validate` shows them", err=True)
    result = build(catalogue, out or content / "dist")
    click.echo(f"{len(catalogue.detections)} detections, {result.files} files, sha256 {result.sha256}", err=True)
    click.echo(str(result.package))
